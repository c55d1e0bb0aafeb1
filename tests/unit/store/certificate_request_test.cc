#include "lib/store/certificate_request.h"

#include <fmt/format.h>

#include "lib/store/certificate.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

constexpr std::string_view kSecret("secret\0bytes", 12);

CertificateRequest make_request(const std::string& name) {
  return {.id = 0,
          .created = Instant(Duration(1'800'000'000)),
          .uses = {"OAuthTokenIssuer", "Default"},
          .subject = "CN=" + name,
          .alternative_names = {name, "a\\b\nc"},
          .der = "der of " + name + std::string("\0\xff\n", 3),
          .public_key = {KeyAlgorithm::p384, std::string("key\0of ", 7) + name},
          .key_size = 384};
}

void check_same(const CertificateRequest& one, const CertificateRequest& other) {
  CHECK(one.id == other.id);
  CHECK(one.created == other.created);
  CHECK(one.uses == other.uses);
  CHECK(one.subject == other.subject);
  CHECK(one.alternative_names == other.alternative_names);
  CHECK(one.der == other.der);
  CHECK(one.public_key.algorithm == other.public_key.algorithm);
  CHECK(one.public_key.bytes == other.public_key.bytes);
  CHECK(one.key_size == other.key_size);
}

struct WithRequest : FreshStore {
  std::string key_path = folder.path("store.key");
  CertificateRequest first = stored("first");

  CertificateRequest stored(const std::string& name) { return must(try_to_store(name)); }
  Result<CertificateRequest> try_to_store(const std::string& name) {
    KeyVault vault(key_path);
    return changing([&] {
      return insert_certificate_request(*store, vault, make_request(name),
                                        {KeyAlgorithm::p384, SecretBytes(kSecret)});
    });
  }
  Result<PrivateKeyBytes> load(const CertificateRequest& request) {
    KeyVault vault(key_path);
    return load_request_key(*store, vault, request);
  }
  Result<PrivateKeyBytes> load_again(std::int64_t id) {
    return load(must(find_certificate_request(*store, id)).value());
  }
  void remove(std::int64_t id) {
    must(changing([&] { return remove_certificate_request(*store, id); }));
  }
};

TEST_CASE_FIXTURE(WithRequest,
                  "a request comes back whole, with its key, and its bytes are not in the store") {
  auto expected = make_request("first");
  expected.id = first.id;
  check_same(must(find_certificate_request(*store, first.id)).value(), expected);
  const auto key = must(load_again(first.id));
  CHECK(key.algorithm == KeyAlgorithm::p384);
  CHECK(key.bytes.view() == kSecret);
  CHECK(slurp(location).find(kSecret) == std::string::npos);
  CHECK_FALSE(must(find_certificate_request(*store, first.id + 1)).has_value());
}

TEST_CASE_FIXTURE(WithRequest,
                  "requests are listed by age, and the number of one that is gone is not used again") {
  const auto second = stored("second");
  CHECK(second.id == first.id + 1);
  auto all = must(list_certificate_requests(*store));
  REQUIRE(all.size() == 2);
  check_same(all[0], first);
  check_same(all[1], second);

  remove(second.id);
  CHECK(stored("third").id == second.id + 1);
  remove(first.id);
  remove(first.id);  // is not there any more
  all = must(list_certificate_requests(*store));
  REQUIRE(all.size() == 1);
  CHECK(all[0].subject == "CN=third");
}

TEST_CASE_FIXTURE(WithRequest, "a pending request needs the store key as a certificate's key does") {
  CHECK(must(has_any_sealed_key(*store)));
  REQUIRE(rename(key_path.c_str(), folder.path("backup").c_str()) == 0);
  CHECK(error_id(load(first)) == "StoreKey.Missing");
  CHECK(error_id(try_to_store("second")) == "StoreKey.Missing");
  CHECK_FALSE(std::filesystem::exists(key_path));
  must(KeyVault(key_path).create());
  CHECK(error_id(load(first)) == "StoreKey.Wrong");
  CHECK(error_id(try_to_store("second")) == "StoreKey.Wrong");

  // Once it is gone, the new key takes over.
  remove(first.id);
  CHECK_FALSE(must(has_any_sealed_key(*store)));
  const auto second = stored("second");
  CHECK(must(load(second)).bytes.view() == kSecret);
}

TEST_CASE_FIXTURE(WithRequest, "the key of a request that was moved to another place does not open") {
  SUBCASE("to another request") {
    const auto second = stored("second");
    must(store->execute(fmt::format(
        "UPDATE certificate_request SET (wrapped_data_key, ciphertext) = (SELECT wrapped_data_key, "
        "ciphertext FROM certificate_request WHERE id = {}) WHERE id = {}",
        first.id, second.id)));
    CHECK(error_id(load_again(second.id)) == "StoreKey.Wrong");
  }
  SUBCASE("under another request's bytes") {
    must(store->execute("UPDATE certificate_request SET der = x'00'"));
    CHECK(error_id(load_again(first.id)) == "StoreKey.Wrong");
  }
  SUBCASE("to another kind of key") {
    must(store->execute("UPDATE certificate_request SET public_key_algorithm = 'RSA'"));
    CHECK(error_id(load_again(first.id)) == "StoreKey.Wrong");
  }
  SUBCASE("to another store") {
    must(store->execute("UPDATE management_store SET store_id = 'another'"));
    CHECK(error_id(load_again(first.id)) == "StoreKey.Wrong");
  }
}

// What re-seals every key relies on this text.
TEST_CASE_FIXTURE(WithRequest, "a key is bound to store, request and kind of key") {
  auto query = must(store->prepare("SELECT wrapped_data_key, ciphertext FROM certificate_request"));
  REQUIRE(must(query->step()));
  const auto binding =
      fmt::format("{}|request|{}|P-384", must(store_id(*store)), hex_encode(sha256(first.der)));
  KeyVault vault(key_path);
  const auto plain =
      must(vault.open({.wrapped_data_key = query->text(0), .ciphertext = query->text(1)}, binding));
  CHECK(plain.view() == kSecret);
}

TEST_CASE_FIXTURE(WithRequest, "a kind of key that is never written is damage") {
  must(store->execute("PRAGMA ignore_check_constraints = 1"));
  must(store->execute("UPDATE certificate_request SET public_key_algorithm = 'DSA'"));
  CHECK(error_id(list_certificate_requests(*store)) == "Store.Damaged");
}

TEST_CASE_FIXTURE(WithRequest, "a request whose transaction is given up is not there") {
  {
    KeyVault vault(key_path);
    const auto transaction = must(Transaction::begin_writing(*store));
    must(insert_certificate_request(*store, vault, make_request("second"),
                                    {KeyAlgorithm::p384, SecretBytes(kSecret)}));
  }
  CHECK(must(list_certificate_requests(*store)).size() == 1);
  CHECK(must(load(first)).bytes.view() == kSecret);
}

}  // namespace
}  // namespace accord::test
