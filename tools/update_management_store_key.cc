// update-management-store-key: encrypt every private key again, under a new store key.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "lib/app/environment.h"
#include "lib/store/certificate.h"

namespace accord {
namespace {

constexpr std::array<std::string_view, 5> kProperties = {"Store", "KeyFile", "KeyId", "PreviousKeyId",
                                                         "ReencryptedKeys"};
constexpr RecordType kStoreKeyType{"ManagementStoreKey", kProperties};

struct Options {};

Record to_record(const StoreLocation& where, const KeyIds& ids, std::int64_t count) {
  const auto id = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  return Record(kStoreKeyType)
      .add("Store", where.store)
      .add("KeyFile", where.key_file)
      .add("KeyId", id(ids.after))
      .add("PreviousKeyId", id(ids.before))
      .add("ReencryptedKeys", count);
}

// From here on nothing is undone: the commit is a step between two others, which the key files take.
Result<void> change_files(Environment& env, KeyVault& vault, const KeyVault& fresh) {
  TRY_ASSIGN(auto change, KeyChange::begin(vault));
  TRY(change.put_beside(fresh));
  TRY(env.context().session.commit());
  if (const auto placed = change.put_in_place(); !placed) {
    env.warn(
        fmt::format("{}; the store key was changed all the same, and is read from where it is until a "
                    "later call can rename it",
                    placed.error().message));
  }
  return {};
}

Result<ExitCode> run(Environment& env, const Options&) {
  TRY_ASSIGN(const auto where, env.location());
  TRY(env.read());  // a store that would only be made now has no key to change
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(auto* vault, env.vault());
  TRY_ASSIGN(const auto count, count_sealed_keys(*store));
  if (count == 0 && !vault->exists()) {
    env.notice(fmt::format(
        "Nothing to do: there is no store key '{}' yet, and no private key that needs one.", where.key_file));
    env.emit(to_record(where, {}, 0));
    return ExitCode::success;
  }
  TRY(KeyChange::check(*vault));
  TRY(env.approve(
      "Re-encrypt private keys", where.store,
      {fmt::format("{} under a new store key in {}",
                   count == 1 ? "1 private key" : fmt::format("{} private keys", count), where.key_file)}));
  const auto fresh = std::make_shared<KeyVault>(vault->with_fresh_key());
  TRY_ASSIGN(const auto ids, seal_all_again(*store, *vault, *fresh));
  if (count > 0) {
    env.warn(fmt::format("backups of this store from before need the store key {}: keep it with them",
                         ids.before));
  }
  // What comes after this in a rehearsed batch finds its keys sealed again.
  if (env.what_if()) *vault = std::move(*fresh);
  env.do_last([&env, vault, fresh] { return change_files(env, *vault, *fresh); });
  env.emit(to_record(where, ids, count));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Encrypt all private keys again, under a new store key",
      .description =
          "Makes a new store key, seals every private key of the store with it, and puts it in the place of "
          "the old one, which opens nothing any more. Signing goes on meanwhile. A call that was "
          "interrupted, "
          "even by a power cut, leaves a store and a key that fit each other; the new key may then lie "
          "beside "
          "the old one, with .new behind its name, until the next call that uses it. A backup of the store "
          "opens only with the key file of its time. Where several stores share one key file, give each "
          "its own first: the others would lose theirs.",
      .effect = Effect::writes,
      .examples = {{"update-management-store-key",
                    "Changes the key of the store in force, for example because a copy of the key file got "
                    "into wrong "
                    "hands."},
                   {"update-management-store-key --what-if",
                    "Says how many keys would be encrypted again, and opens each of them to see that it can "
                    "be done."},
                   {"update-management-store-key --property PreviousKeyId,KeyId --output csv",
                    "Changes the key and prints what identifies the old one and the new one."}},
      .output = &kStoreKeyType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("update-management-store-key", declare);

}  // namespace
}  // namespace accord
