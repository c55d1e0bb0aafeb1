#include "lib/store/certificate.h"

#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

PrivateKeyBytes make_key(std::string_view bytes = std::string_view("secret\0bytes", 12)) {
  return {KeyAlgorithm::p384, SecretBytes(bytes)};
}

struct WithCertificate : FreshStore {
  std::string key_path = folder.path("store.key");
  Certificate ours = stored(make_certificate("ours"));

  Certificate stored(const Certificate& certificate) {
    must(changing([&] { return insert_certificate(*store, certificate); }));
    return certificate;
  }
  Result<void> store_key(const Certificate& certificate, const PrivateKeyBytes& key = make_key()) {
    KeyVault vault(key_path);
    return changing([&] { return store_private_key(*store, vault, certificate, key); });
  }
  Result<PrivateKeyBytes> load(const Certificate& certificate) {
    KeyVault vault(key_path);
    return load_private_key(*store, vault, certificate);
  }
  void check_loads(const Certificate& certificate,
                   std::string_view bytes = std::string_view("secret\0bytes", 12)) {
    const auto key = must(load(certificate));
    CHECK(key.algorithm == KeyAlgorithm::p384);
    CHECK(key.bytes.view() == bytes);
  }
  // Flips one bit of a sealed column.
  void damage(const std::string& column, std::size_t byte) {
    auto query = must(store->prepare("SELECT " + column + " FROM private_key"));
    REQUIRE(must(query->step()));
    auto bytes = query->text(0);
    query.reset();
    REQUIRE(byte < bytes.size());
    bytes[byte] = static_cast<char>(bytes[byte] ^ 1);
    set(column, bytes);
  }
  void set(const std::string& column, const std::string& bytes) {
    auto update = must(store->prepare("UPDATE private_key SET " + column + " = ?"));
    update->bind_blob(bytes);
    must(finish(*update));
  }
  std::string get(const std::string& column) {
    auto query = must(store->prepare("SELECT " + column + " FROM private_key"));
    REQUIRE(must(query->step()));
    return query->text(0);
  }
};

TEST_CASE_FIXTURE(WithCertificate,
                  "a certificate comes back whole, whatever the case of the thumbprint asked for") {
  check_same(must(find_certificate(*store, ours.thumbprint)).value(), ours);
  check_same(must(find_certificate(*store, to_lower(ours.thumbprint))).value(), ours);
  CHECK_FALSE(must(find_certificate(*store, make_certificate("other").thumbprint)).has_value());
}

TEST_CASE_FIXTURE(WithCertificate,
                  "certificates are listed by thumbprint, and storing one again changes nothing") {
  stored(make_certificate("a"));
  stored(make_certificate("b"));
  stored(ours);
  const auto all = must(list_certificates(*store));
  REQUIRE(all.size() == 3);
  CHECK(all[0].thumbprint < all[1].thumbprint);
  CHECK(all[1].thumbprint < all[2].thumbprint);
}

TEST_CASE_FIXTURE(WithCertificate, "a certificate with the SHA-1 of another is refused") {
  CHECK(error_id(changing([&] { return insert_certificate(*store, forge_like(ours)); })) ==
        "Certificate.Sha1Collision");
  must(changing([&] { return insert_partner_application(*store, make_partner("Exchange")); }));
  const auto forged = forge_like(make_certificate("Exchange"));
  CHECK(error_id(changing([&] { return insert_certificate(*store, forged); })) ==
        "Certificate.Sha1Collision");
  // The very certificate of a partner may be ours as well.
  stored(make_certificate("Exchange"));
}

TEST_CASE_FIXTURE(WithCertificate, "key and assignments go with a certificate") {
  must(store_key(ours));
  must(changing(
      [&] { return replace_assignments(*store, "OAuthTokenIssuer", {{.thumbprint = ours.thumbprint}}); }));
  must(changing([&] { return remove_certificate(*store, ours.thumbprint); }));
  CHECK_FALSE(must(find_certificate(*store, ours.thumbprint)).has_value());
  CHECK_FALSE(must(has_any_sealed_key(*store)));
  CHECK(must(list_assignments(*store)).empty());
}

TEST_CASE_FIXTURE(WithCertificate, "assignments of one use are replaced as a whole, those of another stay") {
  const auto other = stored(make_certificate("other"));
  const auto at = [](std::int64_t seconds) { return Instant(Duration(seconds)); };
  const auto replace = [&](std::string_view use, const std::vector<CertificateAssignment>& rows) {
    must(changing([&] { return replace_assignments(*store, use, rows); }));
  };
  replace("WebServicesInternal", {{.thumbprint = ours.thumbprint, .effective = at(1), .updated = at(2)}});
  replace("OAuthTokenIssuer", {{.thumbprint = ours.thumbprint, .effective = at(30), .updated = at(31)},
                               {.thumbprint = other.thumbprint, .effective = at(10), .updated = at(11)}});
  replace("OAuthTokenIssuer", {{.thumbprint = other.thumbprint, .effective = at(20), .updated = at(21)},
                               {.thumbprint = ours.thumbprint, .effective = at(10), .updated = at(12)},
                               {.thumbprint = other.thumbprint, .effective = at(10), .updated = at(13)}});

  const auto issuers = must(list_assignments(*store, "OAuthTokenIssuer"));
  REQUIRE(issuers.size() == 3);
  CHECK(issuers[0].thumbprint == ours.thumbprint);
  CHECK(issuers[0].use == "OAuthTokenIssuer");
  CHECK(issuers[0].updated == at(12));
  CHECK(issuers[1].updated == at(13));
  CHECK(issuers[2].effective == at(20));
  const auto all = must(list_assignments(*store));
  REQUIRE(all.size() == 4);
  CHECK(all[3].use == "WebServicesInternal");
  replace("OAuthTokenIssuer", {});
  CHECK(must(list_assignments(*store)).size() == 1);
}

TEST_CASE_FIXTURE(WithCertificate, "a certificate that is not stored cannot be assigned or given a key") {
  const auto other = make_certificate("other");
  CHECK(error_id(changing([&] {
          return replace_assignments(*store, "Default", {{.thumbprint = other.thumbprint}});
        })) == "Certificate.NotFound");
  CHECK(error_id(store_key(other)) == "Certificate.NotFound");
  CHECK_FALSE(std::filesystem::exists(key_path));
}

// --- Private keys

TEST_CASE_FIXTURE(WithCertificate,
                  "a private key comes back as it went in, and its bytes are not in the store") {
  CHECK_FALSE(must(has_private_key(*store, ours.thumbprint)));
  must(store_key(ours));
  CHECK(must(has_private_key(*store, ours.thumbprint)));
  CHECK(must(has_private_key(*store, to_lower(ours.thumbprint))));
  check_loads(ours);
  CHECK(slurp(location).find(std::string_view("secret\0bytes", 12)) == std::string::npos);
}

TEST_CASE_FIXTURE(WithCertificate, "storing a key again replaces it under fresh nonces") {
  must(store_key(ours));
  const auto before = get("ciphertext");
  const auto wrapped_before = get("wrapped_data_key");
  must(store_key(ours));
  CHECK(get("ciphertext") != before);
  CHECK(get("wrapped_data_key") != wrapped_before);
  check_loads(ours);
  must(store_key(ours, make_key("another")));
  check_loads(ours, "another");
}

TEST_CASE_FIXTURE(WithCertificate, "without a private key there is none to load, whatever the key file") {
  CHECK(error_id(load(ours)) == "Certificate.NoKey");
  must(store_key(ours));
  CHECK(error_id(load(stored(make_certificate("other")))) == "Certificate.NoKey");
}

TEST_CASE_FIXTURE(WithCertificate, "the first private key makes the store key, closed to others") {
  must(store_key(ours));
  struct stat status {};
  REQUIRE(stat(key_path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE_FIXTURE(WithCertificate, "the first private key adopts a store key that is there") {
  must(KeyVault(key_path).create());
  const auto before = slurp(key_path);
  must(store_key(ours));
  CHECK(slurp(key_path) == before);
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithCertificate, "once the last private key is gone, another store key may take over") {
  must(store_key(ours));
  must(changing([&] { return remove_certificate(*store, ours.thumbprint); }));
  REQUIRE(unlink(key_path.c_str()) == 0);
  stored(ours);
  must(store_key(ours));
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithCertificate, "a store key that is lost is an error that names it, never a new key") {
  must(store_key(ours));
  REQUIRE(rename(key_path.c_str(), folder.path("backup").c_str()) == 0);
  const auto loaded = load(ours);
  CHECK(error_id(loaded) == "StoreKey.Missing");
  CHECK(loaded.error().message.find(key_path) != std::string::npos);
  CHECK(error_id(store_key(ours)) == "StoreKey.Missing");
  CHECK_FALSE(std::filesystem::exists(key_path));
  // Everything else goes on.
  CHECK(must(list_certificates(*store)).size() == 1);
  REQUIRE(rename(folder.path("backup").c_str(), key_path.c_str()) == 0);
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithCertificate,
                  "the store key of another store is refused, naming both keys and the file") {
  must(store_key(ours));
  const auto right = must(KeyVault(key_path).key_id());
  REQUIRE(unlink(key_path.c_str()) == 0);
  must(KeyVault(key_path).create());
  const auto wrong = must(KeyVault(key_path).key_id());
  const auto loaded = load(ours);
  CHECK(error_id(loaded) == "StoreKey.Wrong");
  CHECK(loaded.error().message.find(right) != std::string::npos);
  CHECK(loaded.error().message.find(wrong) != std::string::npos);
  CHECK(loaded.error().message.find(key_path) != std::string::npos);
  CHECK(error_id(store_key(ours)) == "StoreKey.Wrong");
}

TEST_CASE_FIXTURE(WithCertificate, "every flipped bit of the store key file is noticed") {
  must(store_key(ours));
  const auto content = slurp(key_path);
  for (std::size_t byte = 0; byte < content.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      flip_bit(key_path, byte, bit);
      const auto id = error_id(load(ours));
      CAPTURE(byte);
      CAPTURE(bit);
      CHECK((id == "StoreKey.Wrong" || id == "StoreKey.Invalid"));
      spew(key_path, content);
    }
  }
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithCertificate, "every flipped byte of a sealed key is noticed") {
  must(store_key(ours));
  for (const std::string column : {"wrapped_data_key", "ciphertext"}) {
    const auto bytes = get(column);
    for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
      damage(column, byte);
      CAPTURE(column);
      CAPTURE(byte);
      CHECK(error_id(load(ours)) == "StoreKey.Wrong");
      set(column, bytes);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      set(column, bytes.substr(0, size));
      CHECK(error_id(load(ours)) == "StoreKey.Wrong");
    }
    set(column, bytes);
  }
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithCertificate, "a sealed key that was moved to another place does not open") {
  must(store_key(ours));
  const auto other = stored(make_certificate("other"));
  SUBCASE("to another certificate") {
    must(store->execute("UPDATE private_key SET thumbprint = '" + other.thumbprint + "'"));
    CHECK(error_id(load(other)) == "StoreKey.Wrong");
  }
  SUBCASE("to another kind of key") {
    must(store->execute("UPDATE private_key SET algorithm = 'RSA'"));
    CHECK(error_id(load(ours)) == "StoreKey.Wrong");
  }
  SUBCASE("to another store") {
    must(store->execute("UPDATE management_store SET store_id = 'another'"));
    CHECK(error_id(load(ours)) == "StoreKey.Wrong");
  }
  SUBCASE("the wrapped key to the place of the payload") {
    const auto wrapped = get("wrapped_data_key");
    set("wrapped_data_key", get("ciphertext"));
    set("ciphertext", wrapped);
    CHECK(error_id(load(ours)) == "StoreKey.Wrong");
  }
}

TEST_CASE_FIXTURE(WithCertificate, "a key whose transaction is given up is not stored, and the next one is") {
  {
    KeyVault vault(key_path);
    const auto transaction = must(Transaction::begin_writing(*store));
    must(store_private_key(*store, vault, ours, make_key()));
  }
  CHECK_FALSE(must(has_any_sealed_key(*store)));
  must(store_key(ours));
  check_loads(ours);
}

}  // namespace
}  // namespace accord::test
