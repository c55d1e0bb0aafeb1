// A store in a folder of its own that goes with the test, and made-up things to keep in it.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "lib/core/certificate.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/store/connection.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"
#include "lib/store/store.h"
#include "tests/support.h"

namespace accord::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/accord-store-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

struct FreshStore {
  TemporaryFolder folder = {};
  std::string location = folder.path("store.db");
  std::unique_ptr<Connection> store = create();

  std::unique_ptr<Connection> create() const {
    must(create_store({.location = location}));
    return open();
  }
  [[nodiscard]] std::unique_ptr<Connection> open(OpenFor mode = OpenFor::writing) const {
    return must(open_store(location, mode));
  }
  // Runs `change` in a transaction of its own.
  template <class F>
  auto changing(F change) {
    auto transaction = must(Transaction::begin_writing(*store));
    auto result = change();
    if (result) must(transaction.commit());
    return result;
  }
};

inline std::size_t files_in(const std::string& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline void spew(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  REQUIRE(file.good());
}

inline void flip_bit(const std::string& path, std::size_t offset, int bit = 0) {
  auto content = slurp(path);
  REQUIRE(offset < content.size());
  content[offset] = static_cast<char>(content[offset] ^ (1 << bit));
  spew(path, content);
}

// The store never looks into a certificate, so any bytes do.
inline Certificate make_certificate(const std::string& name) {
  Certificate certificate;
  certificate.der = "der of " + name + std::string("\0\xff\n", 3);
  certificate.thumbprint = hex_encode(sha1(certificate.der));
  certificate.sha256 = hex_encode(sha256(certificate.der));
  certificate.subject = "CN=" + name;
  certificate.issuer = "CN=issuer of " + name;
  certificate.serial_number = "-0A";
  certificate.not_before = Instant(Duration(1'000'000'000));
  certificate.not_after = kLatestInstant;
  certificate.alternative_names = {name + ".example", "odd\\name\nwith" + std::string(1, '\0') + "bytes", ""};
  certificate.public_key = {KeyAlgorithm::p384, "point of " + name + std::string("\0\x80", 2)};
  certificate.key_size = 384;
  return certificate;
}

inline void check_same(const Certificate& a, const Certificate& b) {
  CHECK(a.der == b.der);
  CHECK(a.thumbprint == b.thumbprint);
  CHECK(a.sha256 == b.sha256);
  CHECK(a.subject == b.subject);
  CHECK(a.issuer == b.issuer);
  CHECK(a.serial_number == b.serial_number);
  CHECK(a.not_before == b.not_before);
  CHECK(a.not_after == b.not_after);
  CHECK(a.alternative_names == b.alternative_names);
  CHECK(a.public_key.algorithm == b.public_key.algorithm);
  CHECK(a.public_key.bytes == b.public_key.bytes);
  CHECK(a.key_size == b.key_size);
}

// Another certificate that (by forgery) has the same SHA-1.
inline Certificate forge_like(const Certificate& original) {
  auto forged = make_certificate("forged");
  forged.thumbprint = original.thumbprint;
  return forged;
}

inline KeyRelation make_relation(std::vector<Certificate> keys) {
  return {.keys = std::move(keys),
          .learns_our_keys_by = LearnsOurKeysBy::file,
          .told_thumbprints = {"AA", "BB"},
          .told_at = Instant(Duration(1'700'000'000)),
          .allowed_hosts = {"a.example", "b.example:8443"},
          .ca_pem = "-----BEGIN CERTIFICATE-----\n",
          .last_refresh = Instant(Duration(1'700'000'001)),
          .last_refresh_result = "Success"};
}

inline void check_same(const KeyRelation& a, const KeyRelation& b) {
  REQUIRE(a.keys.size() == b.keys.size());
  for (std::size_t i = 0; i < a.keys.size(); ++i) check_same(a.keys[i], b.keys[i]);
  CHECK(a.learns_our_keys_by == b.learns_our_keys_by);
  CHECK(a.told_thumbprints == b.told_thumbprints);
  CHECK(a.told_at == b.told_at);
  CHECK(a.allowed_hosts == b.allowed_hosts);
  CHECK(a.ca_pem == b.ca_pem);
  CHECK(a.last_refresh == b.last_refresh);
  CHECK(a.last_refresh_result == b.last_refresh_result);
}

inline PartnerApplication make_partner(const std::string& identity) {
  return {.identity = identity,
          .application_identifier = "app-" + identity,
          .realm = "contoso.example",
          .source = TrustSource::certificate,
          .relation = {.keys = {make_certificate(identity)}}};
}

inline OAuthServer make_server(const std::string& identity) {
  return {.identity = identity,
          .issuer_identifier = "sts-" + identity,
          .realm = "contoso.example",
          .relation = {.keys = {make_certificate(identity)}}};
}

}  // namespace accord::test
