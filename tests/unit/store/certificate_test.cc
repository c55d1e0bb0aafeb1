#include "lib/store/certificate.h"

#include <algorithm>

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

// --- Sealing all keys again

struct WithKeys : WithCertificate {
  Certificate other = stored(make_certificate("other"));
  Certificate in_token = stored(make_certificate("in a token"));
  std::string old_key = {};
  std::string old_id = {};
  std::vector<std::string> old_sealed = {};

  WithKeys() {
    must(store_key(ours));
    must(store_key(other, make_key("another secret")));
    must(store_key(in_token, {.algorithm = KeyAlgorithm::p384, .bytes = {}, .uri = "pkcs11:token=a"}));
    store_request("request one");
    old_key = slurp(key_path);
    old_id = must(KeyVault(key_path).key_id());
    old_sealed = all_sealed();
  }

  [[nodiscard]] std::string request_binding(const std::string& der) {
    return must(store_id(*store)) + "|request|" + hex_encode(sha256(der)) + "|P-256";
  }
  void store_request(const std::string& der) {
    const auto sealed = must(KeyVault(key_path).seal("key of " + der, request_binding(der)));
    auto insertion = must(
        store->prepare("INSERT INTO certificate_request (created, uses, subject, alternative_names, der, "
                       "public_key_algorithm, public_key, key_size, wrapped_data_key, ciphertext) "
                       "VALUES (0, '', 'CN=a', '', ?, 'P-256', x'04', 256, ?, ?)"));
    insertion->bind_blob(der).bind_blob(sealed.wrapped_data_key).bind_blob(sealed.ciphertext);
    must(changing([&] { return finish(*insertion); }));
  }
  [[nodiscard]] std::string request_key(const std::string& der) {
    auto query = must(store->prepare("SELECT wrapped_data_key, ciphertext FROM certificate_request"));
    REQUIRE(must(query->step()));
    KeyVault vault(key_path);
    const auto opened = must(vault.open({query->text(0), query->text(1)}, request_binding(der)));
    return std::string(opened.view());
  }
  [[nodiscard]] std::vector<std::string> all_sealed() {
    auto query = must(
        store->prepare("SELECT wrapped_data_key, ciphertext FROM private_key WHERE uri IS NULL UNION ALL "
                       "SELECT wrapped_data_key, ciphertext FROM certificate_request"));
    std::vector<std::string> sealed;
    while (must(query->step())) {
      sealed.push_back(query->text(0));
      sealed.push_back(query->text(1));
    }
    return sealed;
  }

  enum class Until { sealed, beside, committed, done };
  // What the verb does, ended at a point of it.
  Result<KeyIds> change_key(Until end) {
    KeyVault vault(key_path);
    auto fresh = vault.with_fresh_key();
    auto transaction = must(Transaction::begin_writing(*store));
    auto ids = seal_all_again(*store, vault, fresh);
    if (!ids || end == Until::sealed) return ids;
    auto change = must(KeyChange::begin(vault));
    must(change.put_beside(fresh));
    if (end == Until::beside) return ids;
    must(transaction.commit());
    if (end == Until::done) must(change.put_in_place());
    return ids;
  }
  void check_all_load() {
    check_loads(ours);
    check_loads(other, "another secret");
    CHECK(must(load(in_token)).uri == "pkcs11:token=a");
  }
};

TEST_CASE_FIXTURE(WithKeys, "every sealed key opens with the new store key, and none with the old one") {
  CHECK(must(count_sealed_keys(*store)) == 3);
  const auto ids = must(change_key(Until::done));
  CHECK(ids.before == old_id);
  CHECK(ids.after == must(KeyVault(key_path).key_id()));
  CHECK(ids.after != old_id);
  check_all_load();
  CHECK(request_key("request one") == "key of request one");
  CHECK(must(count_sealed_keys(*store)) == 3);

  spew(key_path, old_key);
  CHECK(error_id(load(ours)) == "StoreKey.Wrong");
  // Not even one who knows to go round the record of the key's id.
  must(store->execute("UPDATE management_store SET key_id = '" + old_id + "'"));
  CHECK(error_id(load(ours)) == "StoreKey.Wrong");
}

TEST_CASE_FIXTURE(WithKeys, "no old sealed key or data key is left in the store's file") {
  REQUIRE(old_sealed.size() == 6);
  for (const auto& sealed : old_sealed) REQUIRE(slurp(location).find(sealed) != std::string::npos);
  must(change_key(Until::done));
  const auto file = slurp(location);
  for (const auto& sealed : old_sealed) CHECK(file.find(sealed) == std::string::npos);
  const auto fresh = all_sealed();
  REQUIRE(fresh.size() == 6);
  for (const auto& sealed : fresh) CHECK(file.find(sealed) != std::string::npos);
}

TEST_CASE_FIXTURE(WithKeys, "a sealed key that was removed is not left in the store's file") {
  must(changing([&] { return remove_certificate(*store, other.thumbprint); }));
  const auto left = all_sealed();
  REQUIRE(left.size() == 4);
  const auto file = slurp(location);
  for (const auto& sealed : old_sealed) {
    const bool stays = std::find(left.begin(), left.end(), sealed) != left.end();
    CHECK((file.find(sealed) != std::string::npos) == stays);
  }
}

TEST_CASE_FIXTURE(WithKeys, "every key opens after a change of the store key that ended at any point") {
  for (const auto end : {Until::sealed, Until::beside, Until::committed, Until::done}) {
    CAPTURE(static_cast<int>(end));
    const auto before = must(KeyVault(key_path).key_id());
    must(change_key(end));
    check_all_load();
    const bool changed = end == Until::committed || end == Until::done;
    // Loading has also finished what was left to do.
    CHECK((must(KeyVault(key_path).key_id()) != before) == changed);
    if (changed) CHECK_FALSE(std::filesystem::exists(key_path + ".new"));
    CHECK(request_key("request one") == "key of request one");
    must(store_key(ours));
    check_all_load();
  }
}

TEST_CASE_FIXTURE(WithKeys,
                  "a first key after a change that waits for its rename is sealed under the new store key") {
  must(change_key(Until::committed));
  for (const auto& one : {ours, other, in_token})
    must(changing([&] { return remove_certificate(*store, one.thumbprint); }));
  must(store->execute("DELETE FROM certificate_request"));
  // Without a look at what the store records, this one would adopt the old key, which is about to go.
  stored(ours);
  must(store_key(ours));
  check_loads(ours);
  CHECK(must(KeyVault(key_path).key_id()) != old_id);
}

TEST_CASE_FIXTURE(WithKeys, "a key that does not open is named, and then nothing is sealed again") {
  std::string named;
  SUBCASE("of a certificate") {
    must(store->execute("UPDATE private_key SET algorithm = 'P-256' WHERE thumbprint = '" + other.thumbprint +
                        "'"));
    named = "certificate '" + other.thumbprint + "'";
  }
  SUBCASE("of a request") {
    must(store->execute("UPDATE certificate_request SET der = x'00'"));
    named = "certificate request '1'";
  }
  const auto ids = change_key(Until::done);
  CHECK(error_id(ids) == "StoreKey.Wrong");
  CHECK(ids.error().message.find(named) != std::string::npos);
  CHECK(all_sealed() == old_sealed);
  CHECK(slurp(key_path) == old_key);
  check_loads(ours);
}

TEST_CASE_FIXTURE(WithKeys, "without its store key nothing is sealed again") {
  REQUIRE(unlink(key_path.c_str()) == 0);
  SUBCASE("missing") {
    CHECK(error_id(change_key(Until::done)) == "StoreKey.Missing");
    CHECK_FALSE(std::filesystem::exists(key_path));
  }
  SUBCASE("another") {
    must(KeyVault(key_path).create());
    CHECK(error_id(change_key(Until::done)) == "StoreKey.Wrong");
  }
  CHECK(all_sealed() == old_sealed);
}

TEST_CASE_FIXTURE(WithCertificate, "a store without private keys gets a new store key all the same") {
  must(KeyVault(key_path).create());
  KeyVault vault(key_path);
  auto fresh = vault.with_fresh_key();
  const auto ids = must(changing([&] { return seal_all_again(*store, vault, fresh); }));
  CHECK(ids.before == must(KeyVault(key_path).key_id()));
  auto change = must(KeyChange::begin(vault));
  must(change.put_beside(fresh));
  // The first private key finds the new one where it waits.
  must(store_key(ours));
  check_loads(ours);
  must(change.put_in_place());
  check_loads(ours);
}

}  // namespace
}  // namespace accord::test
