#include "lib/store/key_vault.h"

#include <openssl/evp.h>

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

}  // namespace
}  // namespace accord::test
