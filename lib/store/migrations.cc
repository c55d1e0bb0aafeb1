#include "lib/store/migrations.h"

#include <fmt/format.h>

#include "lib/store/store.h"

namespace accord {
namespace {

std::int64_t last_version(std::span<const Migration> steps) {
  return steps.empty() ? 0 : steps.back().version;
}

Result<void> refuse_newer(const Connection& store, std::int64_t version, std::int64_t latest) {
  if (version <= latest) return {};
  return fail("Store.Newer",
              fmt::format("the store '{}' has schema version {}, and this program knows versions up to {}",
                          store.location(), version, latest),
              store.location(), "use the version of Accord that wrote it, or a later one");
}

}  // namespace

std::int64_t latest_schema_version() {
  return last_version(migrations());
}

Result<void> run_migrations(Connection& store, std::span<const Migration> steps) {
  // Read again under the write lock: another process may have migrated meanwhile.
  TRY_ASSIGN(const auto version, store.schema_version());
  TRY(refuse_newer(store, version, last_version(steps)));
  for (const auto& step : steps) {
    if (step.version <= version) continue;
    TRY(store.execute(step.sql));
    TRY(store.set_schema_version(step.version));
  }
  return {};
}

Result<void> migrate(Connection& store, std::span<const Migration> steps) {
  TRY_ASSIGN(const auto version, store.schema_version());
  TRY(refuse_newer(store, version, last_version(steps)));
  if (version == last_version(steps)) return {};

  TRY_ASSIGN(auto transaction, Transaction::begin_writing(store));
  TRY(run_migrations(store, steps));
  return transaction.commit();
}

}  // namespace accord
