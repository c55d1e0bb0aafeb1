#include "lib/store/key_vault.h"

#include <openssl/evp.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "lib/core/file.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

struct WithKey {
  TemporaryFolder folder = {};
  std::string path = folder.path("store.key");
  WithKey() { must(KeyVault(path).create()); }
  std::string read_error() const { return error_id(KeyVault(path).key_id()); }
};

TEST_CASE_FIXTURE(WithKey, "a new store key is one private line that is never the same twice") {
  const auto content = slurp(path);
  CHECK(content.starts_with("accord-store-key-1 "));
  CHECK(content.size() == std::string("accord-store-key-1 ").size() + 45);
  CHECK(content.find('\n') == content.size() - 1);
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);

  must(KeyVault(folder.path("other.key")).create());
  CHECK(slurp(folder.path("other.key")) != content);
  CHECK(must(KeyVault(folder.path("other.key")).key_id()) != must(KeyVault(path).key_id()));
}

TEST_CASE_FIXTURE(WithKey, "a store key is never overwritten") {
  const auto before = slurp(path);
  CHECK(error_id(KeyVault(path).create()) == "File.Exists");
  CHECK(slurp(path) == before);
}

TEST_CASE_FIXTURE(WithKey, "a store key is made with the folder that is missing") {
  must(KeyVault(folder.path("keys/store.key")).create());
  CHECK(must(KeyVault(folder.path("keys/store.key")).key_id()).size() == 16);
}

TEST_CASE_FIXTURE(WithKey, "a store key that is kept off the disk works and leaves nothing behind") {
  const auto other = folder.path("keys/other.key");
  KeyVault vault(other);
  vault.keep_off_disk();
  CHECK_FALSE(vault.exists());
  must(vault.create());
  CHECK(vault.exists());
  CHECK(must(vault.open(must(vault.seal("secret", "row")), "row")).view() == "secret");
  CHECK_FALSE(file_exists(other));
  CHECK_FALSE(file_exists(folder.path("keys")));

  KeyVault present(path);
  present.keep_off_disk();
  CHECK(present.exists());
  CHECK(must(present.key_id()) == must(KeyVault(path).key_id()));
}

TEST_CASE("the id of a known store key is the published function of it") {
  const TemporaryFolder folder;
  const auto path = folder.path("store.key");
  spew(path, "accord-store-key-1 " + base64_encode(std::string(32, 'k')) + "\n");
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  CHECK(must(KeyVault(path).key_id()) ==
        to_lower(hex_encode(sha256("accord store key" + std::string(32, 'k'))).substr(0, 16)));
}

TEST_CASE_FIXTURE(WithKey, "a store key that is not there is missing") {
  CHECK(KeyVault(path).exists());
  KeyVault vault(folder.path("none"));
  CHECK_FALSE(vault.exists());
  CHECK(error_id(vault.key_id()) == "StoreKey.Missing");
  CHECK(error_id(vault.seal("x", "y")) == "StoreKey.Missing");
  CHECK(error_id(vault.open({}, "y")) == "StoreKey.Missing");
}

TEST_CASE_FIXTURE(WithKey,
                  "a store key that others may read or write is refused, and the error says what to type") {
  for (const mode_t mode : {0640, 0620, 0610, 0604, 0602, 0601}) {
    CAPTURE(mode);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    const auto id = KeyVault(path).key_id();
    CHECK(error_id(id) == "StoreKey.Invalid");
    CHECK(id.error().advice == "chmod 600 " + path);
  }
  REQUIRE(chmod(path.c_str(), 0400) == 0);
  CHECK(read_error() == "");
}

TEST_CASE_FIXTURE(WithKey, "a store key of another user is refused") {
  if (geteuid() != 0) {
    MESSAGE("needs root, to have a file of another user");
    return;
  }
  REQUIRE(chown(path.c_str(), 12345, static_cast<gid_t>(-1)) == 0);
  CHECK(read_error() == "StoreKey.Invalid");
}

TEST_CASE_FIXTURE(WithKey, "what is not a store key file is refused without waiting for it") {
  const auto content = slurp(path);
  SUBCASE("empty") {
    spew(path, "");
  }
  SUBCASE("cut short") {
    spew(path, content.substr(0, content.size() - 1));
  }
  SUBCASE("too long") {
    spew(path, content + "\n");
  }
  SUBCASE("very long") {
    spew(path, content + std::string(1'000'000, 'x'));
  }
  SUBCASE("another version") {
    spew(path, "accord-store-key-2" + content.substr(18));
  }
  SUBCASE("not base64") {
    spew(path, content.substr(0, 30) + "*" + content.substr(31));
  }
  SUBCASE("CRLF") {
    spew(path, content.substr(0, content.size() - 2) + "\r\n");
  }
  SUBCASE("a link") {
    REQUIRE(rename(path.c_str(), folder.path("real").c_str()) == 0);
    REQUIRE(symlink(folder.path("real").c_str(), path.c_str()) == 0);
  }
  SUBCASE("a folder") {
    REQUIRE(unlink(path.c_str()) == 0);
    REQUIRE(mkdir(path.c_str(), 0700) == 0);
  }
  SUBCASE("a pipe") {
    REQUIRE(unlink(path.c_str()) == 0);
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  }
  const auto id = KeyVault(path).key_id();
  CHECK(error_id(id) == "StoreKey.Invalid");
  CHECK(id.error().message.find(path) != std::string::npos);
  CHECK(id.error().message.find(content.substr(19, 20)) == std::string::npos);
}

TEST_CASE_FIXTURE(WithKey, "what was sealed opens with the same key and binding, and only so") {
  KeyVault vault(path);
  for (const auto& plain : {std::string(), std::string("x"), std::string(5000, '\0')}) {
    const auto sealed = must(vault.seal(plain, "here"));
    CHECK(sealed.wrapped_data_key.size() == 12 + 32 + 16);
    CHECK(sealed.ciphertext.size() == 12 + plain.size() + 16);
    CHECK(must(KeyVault(path).open(sealed, "here")).view() == plain);
    CHECK(error_id(vault.open(sealed, "there")) == "StoreKey.Wrong");
    CHECK(error_id(vault.open(sealed, "")) == "StoreKey.Wrong");
    KeyVault other(folder.path("other.key"));
    if (!other.exists()) must(other.create());
    CHECK(error_id(other.open(sealed, "here")) == "StoreKey.Wrong");
  }
}

TEST_CASE_FIXTURE(WithKey, "nothing that is sealed twice looks the same") {
  KeyVault vault(path);
  const auto one = must(vault.seal("plain", "here"));
  const auto two = must(vault.seal("plain", "here"));
  CHECK(one.wrapped_data_key != two.wrapped_data_key);
  CHECK(one.ciphertext != two.ciphertext);
  // The parts of two do not mix: each data key opens its own.
  CHECK(error_id(vault.open({one.wrapped_data_key, two.ciphertext}, "here")) == "StoreKey.Wrong");
}

// AES-256-GCM by EVP, another way than that of the vault; empty when it does not open.
std::string opened_by_evp(std::string_view key, std::string_view sealed, std::string_view binding) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  const auto body = sealed.substr(12, sealed.size() - 12 - 16);
  std::string tag(sealed.substr(sealed.size() - 16));
  std::string plain(body.size() + 16, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int size = 0;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                EVP_CIPHER_CTX_free);
  EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(sealed));
  EVP_DecryptUpdate(context.get(), nullptr, &size, bytes(binding), static_cast<int>(binding.size()));
  EVP_DecryptUpdate(context.get(), out, &size, bytes(body), static_cast<int>(body.size()));
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, 16, tag.data());
  if (EVP_DecryptFinal_ex(context.get(), out + size, &size) != 1) return {};
  return plain.substr(0, body.size());
}

TEST_CASE_FIXTURE(WithKey, "what is sealed is AES-256-GCM as others know it") {
  const auto sealed = must(KeyVault(path).seal("a private key", "here"));
  const auto store_key =
      base64_decode(slurp(path).substr(std::string("accord-store-key-1 ").size(), 44)).value();
  const auto data_key = opened_by_evp(store_key, sealed.wrapped_data_key, "data key|here");
  REQUIRE(data_key.size() == 32);
  CHECK(opened_by_evp(data_key, sealed.ciphertext, "private key|here") == "a private key");
  CHECK(opened_by_evp(data_key, sealed.ciphertext, "private key|there").empty());
}

// --- Changing the key

// A change of the store key, step by step.
struct WithChange : WithKey {
  KeyVault vault = KeyVault(path);
  std::string old_id = must(vault.key_id());
  KeyVault fresh = vault.with_fresh_key();
  std::string new_id = must(fresh.key_id());
  std::string beside = path + ".new";

  // As a process does that is killed between the two steps.
  void put_beside() {
    auto change = must(KeyChange::begin(vault));
    must(change.put_beside(fresh));
  }
  [[nodiscard]] std::string id_in(const std::string& file) const {
    return file_exists(file) ? must(KeyVault(file).key_id()) : std::string();
  }
  void check_files(const std::string& in_place, const std::string& in_waiting) const {
    CHECK(id_in(path) == in_place);
    CHECK(id_in(beside) == in_waiting);
  }
  [[nodiscard]] bool finds(const std::string& id) const { return must(KeyVault(path).use(id)); }
};

TEST_CASE_FIXTURE(WithChange, "a fresh key is another one, and in memory alone") {
  CHECK(new_id != old_id);
  CHECK(must(vault.with_fresh_key().key_id()) != new_id);
  CHECK(files_in(folder.path()) == 1);
  const auto sealed = must(fresh.seal("secret", "row"));
  CHECK(must(fresh.open(sealed, "row")).view() == "secret");
  CHECK(error_id(vault.open(sealed, "row")) == "StoreKey.Wrong");
}

TEST_CASE_FIXTURE(WithChange, "a changed key is one private file in the place of the old one") {
  auto change = must(KeyChange::begin(vault));
  check_files(old_id, "");
  must(change.put_beside(fresh));
  check_files(old_id, new_id);
  must(change.put_in_place());
  check_files(new_id, "");
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE_FIXTURE(WithChange, "the key that the store names is found at every point of a change") {
  SUBCASE("ended before anything") {
    CHECK(finds(old_id));
    check_files(old_id, "");
  }
  SUBCASE("ended before the commit") {
    put_beside();
    CHECK(finds(old_id));
    // It may be that of a change under way.
    check_files(old_id, new_id);
  }
  SUBCASE("ended after the commit: what was left is done") {
    put_beside();
    CHECK(finds(new_id));
    check_files(new_id, "");
    CHECK(finds(new_id));
  }
  SUBCASE("under way after the commit: the rename is left to who is at it") {
    auto change = must(KeyChange::begin(vault));
    must(change.put_beside(fresh));
    CHECK(finds(new_id));
    check_files(old_id, new_id);
    must(change.put_in_place());
    CHECK(finds(new_id));
    check_files(new_id, "");
  }
  SUBCASE("rehearsed after the commit: nothing is moved") {
    put_beside();
    KeyVault rehearsed(path);
    rehearsed.keep_off_disk();
    CHECK(must(rehearsed.use(new_id)));
    check_files(old_id, new_id);
  }
  SUBCASE("the old key was removed by hand after the commit") {
    put_beside();
    REQUIRE(unlink(path.c_str()) == 0);
    CHECK(finds(new_id));
    check_files(new_id, "");
  }
}

TEST_CASE_FIXTURE(WithChange, "a key that is in neither file is not used, and that of the file is") {
  CHECK_FALSE(finds(new_id));
  CHECK_FALSE(finds(""));
  put_beside();
  KeyVault third(path);
  CHECK_FALSE(must(third.use("0123456789abcdef")));
  CHECK(must(third.key_id()) == old_id);
  check_files(old_id, new_id);
}

TEST_CASE_FIXTURE(WithChange, "a vault that has a key in memory notices that another one is in force") {
  put_beside();
  CHECK(must(vault.key_id()) == old_id);
  CHECK(must(vault.use(new_id)));
  CHECK(must(vault.key_id()) == new_id);
  CHECK_FALSE(must(vault.use(old_id)));
}

TEST_CASE_FIXTURE(WithChange, "a key that a change left before its commit is replaced by the next change") {
  put_beside();
  auto other = vault.with_fresh_key();
  auto change = must(KeyChange::begin(vault));
  must(change.put_beside(other));
  check_files(old_id, must(other.key_id()));
}

TEST_CASE_FIXTURE(WithChange,
                  "a change that follows an unfinished one finishes it, and never loses its key") {
  put_beside();
  KeyVault next(path);
  // As a reader that may not move the files, or meets them locked.
  next.keep_off_disk();
  REQUIRE(must(next.use(new_id)));
  auto change = must(KeyChange::begin(next));
  check_files(new_id, "");
  auto other = next.with_fresh_key();
  must(change.put_beside(other));
  check_files(new_id, must(other.key_id()));
  // Whoever still has the first change to finish finds that it is done.
  CHECK(finds(new_id));
  check_files(new_id, must(other.key_id()));
}

TEST_CASE_FIXTURE(WithChange, "a change does not begin when the key in memory is in no file any more") {
  REQUIRE(unlink(path.c_str()) == 0);
  CHECK(error_id(KeyChange::begin(vault)) == "StoreKey.Missing");
  must(KeyVault(path).create());
  CHECK(error_id(KeyChange::begin(vault)) == "StoreKey.Wrong");
}

TEST_CASE_FIXTURE(WithChange, "a key in waiting must be a private file as the key itself") {
  put_beside();
  std::string expected = "StoreKey.Invalid";
  SUBCASE("others may read it") {
    REQUIRE(chmod(beside.c_str(), 0644) == 0);
  }
  SUBCASE("a link") {
    REQUIRE(rename(beside.c_str(), folder.path("real").c_str()) == 0);
    REQUIRE(symlink(folder.path("real").c_str(), beside.c_str()) == 0);
  }
  SUBCASE("cut short") {
    spew(beside, slurp(beside).substr(0, 40));
  }
  SUBCASE("a pipe") {
    REQUIRE(unlink(beside.c_str()) == 0);
    REQUIRE(mkfifo(beside.c_str(), 0600) == 0);
  }
  const auto used = KeyVault(path).use(new_id);
  CHECK(error_id(used) == expected);
  CHECK(used.error().message.find(beside) != std::string::npos);
  // To whom it is not the key it is in nobody's way.
  CHECK(finds(old_id));
  CHECK(error_id(KeyChange::begin(vault)) == "File.Exists");
  CHECK(error_id(KeyChange::check(vault)) == "File.Exists");
}

TEST_CASE_FIXTURE(WithChange, "what lies in the place of a key in waiting and is none is never removed") {
  spew(beside, "somebody's file");
  CHECK(error_id(KeyChange::check(vault)) == "File.Exists");
  CHECK(error_id(KeyChange::begin(vault)) == "File.Exists");
  CHECK(slurp(beside) == "somebody's file");
}

TEST_CASE_FIXTURE(WithChange, "two changes do not touch the files at once") {
  std::atomic<bool> first_is_done = false;
  auto first = std::make_unique<KeyChange>(must(KeyChange::begin(vault)));
  std::thread second([&] {
    KeyVault waiting(path);
    const auto change = must(KeyChange::begin(waiting));
    CHECK(first_is_done);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  first_is_done = true;
  first.reset();
  second.join();
}

}  // namespace
}  // namespace accord::test
