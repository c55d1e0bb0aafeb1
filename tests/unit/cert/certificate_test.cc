#include "lib/cert/certificate.h"

#include <doctest/doctest.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <string>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/file.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::data;
using test::error_id;
using test::must;

Certificate certificate(const std::string& name) {
  return must(read_certificate(data("cert-" + name + ".pem")));
}

Instant at(std::string_view text) {
  return must(parse_instant(text, Instant{}));
}

bool any_contains(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

// The certificate with NULL as the parameters of its key's algorithm.
std::string with_null_parameters(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  X509* x509 = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, X509_get_X509_PUBKEY(x509));
  X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ED25519), V_ASN1_NULL, nullptr);
  unsigned char* bytes = nullptr;
  i2d_re_X509_tbs(x509, nullptr);
  const int size = i2d_X509(x509, &bytes);
  std::string made(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  X509_free(x509);
  return made;
}

TEST_CASE("an Ed25519 key has no parameters") {
  const auto good = certificate("ed25519");
  CHECK(error_id(parse_certificate(with_null_parameters(good.der))) == "Certificate.Invalid");
}

TEST_CASE("every field of a certificate is read") {
  const auto read = certificate("rsa");
  CHECK(read.thumbprint == "6054F68093BB8AE3A43979ED1FD57C649A850586");
  CHECK(read.sha256 == "4A41AC5CE3AC6E14978195ECCE5170CBE1BF5B276D14F44D924163C337C5A98D");
  CHECK(read.subject == "CN=lync.litwareinc.com,O=Litware\\, Inc.,C=US");
  CHECK(read.issuer == read.subject);
  CHECK(read.serial_number == "024AEC466A69616E4DF18F4F2B9B652E411D7BA2");
  CHECK(read.not_before == at("2026-11-24T06:32:04Z"));
  CHECK(read.not_after == at("2056-11-16T06:32:04Z"));
  CHECK(read.alternative_names == std::vector<std::string>{"lync.litwareinc.com", "litwareinc.com",
                                                           "192.0.2.7", "2001:db8::7", "admin@litwareinc.com",
                                                           "https://litwareinc.com/"});
  CHECK(read.public_key.algorithm == KeyAlgorithm::rsa);
  CHECK(read.key_size == 2048);
  // SEQUENCE of a modulus of 257 bytes (with its leading zero) and of the exponent 65537.
  CHECK(read.public_key.bytes.size() == 270);
  CHECK(read.public_key.bytes.starts_with("\x30\x82\x01\x0A\x02\x82\x01\x01"));
  CHECK(read.public_key.bytes.ends_with(std::string("\x02\x03\x01\x00\x01", 5)));
}

TEST_CASE("the key of every kind we name is read in its compact form") {
  struct Case {
    std::string name;
    KeyAlgorithm algorithm;
    std::size_t size;
    std::int64_t bits;
  };
  const std::array<Case, 5> cases = {{{"p256", KeyAlgorithm::p256, 65, 256},
                                      {"p256-compressed", KeyAlgorithm::p256, 65, 256},
                                      {"p384", KeyAlgorithm::p384, 97, 384},
                                      {"p521", KeyAlgorithm::p521, 133, 521},
                                      {"ed25519", KeyAlgorithm::ed25519, 32, 256}}};
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto read = certificate(one.name);
    CHECK(read.public_key.algorithm == one.algorithm);
    CHECK(read.public_key.bytes.size() == one.size);
    CHECK(read.key_size == one.bits);
    if (one.algorithm != KeyAlgorithm::ed25519) CHECK(read.public_key.bytes.front() == '\x04');
  }
  CHECK(certificate("p256").public_key.bytes == certificate("p256-compressed").public_key.bytes);
}

TEST_CASE("a key that has no name here is refused with its kind") {
  const std::array<std::pair<std::string, std::string>, 4> cases = {{{"p224", "secp224r1"},
                                                                     {"secp256k1", "secp256k1"},
                                                                     {"pss", "rsassaPss"},
                                                                     {"explicit", "explicit parameters"}}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& kind = one.second;
    CAPTURE(name);
    const auto result = read_certificate(data("cert-" + name + ".pem"));
    CHECK(error_id(result) == "Certificate.Invalid");
    CHECK(message(result).find(kind) != std::string::npos);
  }
}

TEST_CASE("years beyond 32 bits are read as they are") {
  CHECK(certificate("2185").not_after == at("2185-11-10T06:32:05Z"));
  CHECK(certificate("roca").not_after == kLatestInstant);
}

TEST_CASE("a negative serial number keeps its sign") {
  CHECK(certificate("other").serial_number == "-012345");
}

TEST_CASE("names are UTF-8 with control characters escaped") {
  const auto subject = certificate("name").subject;
  CHECK(subject == "CN=a\\+b\\09c,O=Müller \\\"und\\\" Söhne");
  CHECK(is_utf8(subject));
}

TEST_CASE("a certificate is read from DER, PEM, base64, and base64 of PEM") {
  const auto pem = data("cert-rsa.pem");
  const auto expected = certificate("rsa");
  const auto base64 = base64_encode(expected.der);
  const std::array<std::string, 8> forms = {
      expected.der,
      pem,
      "\xEF\xBB\xBF" + pem,
      "some words before\n" + pem + "and after\n",
      base64,
      " \r\n" + base64.substr(0, 70) + "\r\n\t" + base64.substr(70) + "\n",
      base64_encode(pem),
      pem + data("cert-other.pem")};
  for (const auto& form : forms) {
    CAPTURE(form);
    CHECK(must(read_certificate(form)).thumbprint == expected.thumbprint);
  }
}

TEST_CASE("what is given in place of a certificate is called by its name") {
  const std::array<std::pair<std::string, std::string>, 6> cases = {
      {{"cert-rsa.key", "private key"},
       {"cert-modern.pfx", "PFX"},
       {"cert-rc2.pfx", "PFX"},
       {"cert-request.pem", "certificate request"},
       {"cert-rsa.p7b", "PKCS7"},
       {"README.md", "neither DER nor PEM"}}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& expected = one.second;
    CAPTURE(name);
    const auto result = read_certificate(data(name));
    CHECK(error_id(result) == "Certificate.Invalid");
    CHECK(message(result).find(expected) != std::string::npos);
  }
  CHECK(error_id(read_certificate("")) == "Certificate.Invalid");
  CHECK(error_id(read_certificate("-----BEGIN CERTIFICATE-----\nMIIB\n")) == "Certificate.Invalid");
}

TEST_CASE("a byte behind the certificate, or one less, is refused") {
  const auto der = certificate("p256").der;
  CHECK(error_id(parse_certificate(der + '\0')) == "Certificate.Invalid");
  CHECK(error_id(parse_certificate(der.substr(0, der.size() - 1))) == "Certificate.Invalid");
  CHECK(error_id(parse_certificate("")) == "Certificate.Invalid");
}

TEST_CASE("Exchange's own authentication certificates are good although they have no alternative name") {
  ACCORD_NEEDS_VECTORS();
  const auto read = must(read_certificate(
      test::slurp(test::vectors_folder() + "/exchange-auth-cert/auth-4b35rljJPHXnbJ3YghOPuP8Pp4Y.der")));
  CHECK(read.thumbprint == "E1BDF9AE58C93C75E76C9DD882138FB8FF0FA786");
  CHECK(read.x5t() == "4b35rljJPHXnbJ3YghOPuP8Pp4Y");
  CHECK(read.subject == "CN=Microsoft Exchange Server Auth Certificate");
  CHECK(read.serial_number == "5A384D3A84FCD19F4926684747BAD093");
  CHECK(read.not_after == at("2027-12-30T16:55:13Z"));
  CHECK(read.alternative_names.empty());
  CHECK(check_key(read).has_value());
  CHECK(oddities(read, at("2026-01-01T00:00:00Z")).empty());
  const auto next = must(read_certificate(
      test::slurp(test::vectors_folder() + "/exchange-auth-cert/auth-vGv5JNbvBG5k-NGYfcHX0vTABCo.der")));
  CHECK(next.thumbprint == "BC6BF924D6EF046E64F8D1987DC1D7D2F4C0042A");
  CHECK(check_key(next).has_value());
}

TEST_CASE("keys are judged by kind, size, exponent, origin and usage") {
  const std::array<std::pair<std::string, std::string>, 13> cases = {{{"rsa", ""},
                                                                      {"p256", ""},
                                                                      {"p384", ""},
                                                                      {"ed25519", ""},
                                                                      {"sha1", ""},
                                                                      {"other", ""},
                                                                      {"2185", ""},
                                                                      {"rsa1024", "Certificate.Weak"},
                                                                      {"rsa8200", "Certificate.Weak"},
                                                                      {"e3", "Certificate.Weak"},
                                                                      {"roca", "Certificate.Weak"},
                                                                      {"p521", "Certificate.Weak"},
                                                                      {"nosign", "Certificate.Invalid"}}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& expected = one.second;
    CAPTURE(name);
    CHECK(error_id(check_key(certificate(name))) == expected);
  }
  CHECK(message(check_key(certificate("roca"))).find("ROCA") != std::string::npos);
  CHECK(message(check_key(certificate("e3"))).find("exponent") != std::string::npos);
  CHECK(message(check_key(certificate("rsa1024"))).find("1024") != std::string::npos);
}

TEST_CASE("oddities are a sentence each, and a good certificate has none") {
  const auto good = certificate("rsa");
  CHECK(oddities(good, good.not_before).empty());
  CHECK(oddities(good, good.not_after).empty());
  CHECK(any_contains(oddities(good, good.not_after + Duration(1)), "expired at 2056-11-16T06:32:04Z"));
  CHECK(any_contains(oddities(good, good.not_before - Duration(1)), "not valid before 2026-11-24T06:32:04Z"));
  CHECK(any_contains(oddities(certificate("other"), good.not_after), "negative serial"));
  CHECK(any_contains(oddities(certificate("sha1"), good.not_after), "SHA-1"));
}

TEST_CASE("damage never makes reading a certificate fail in another way than with an error") {
  const auto der = certificate("rsa").der;
  CHECK(rc::check([&](std::uint16_t where, std::uint8_t value, std::uint16_t where2, std::uint8_t value2) {
    auto damaged = der;
    damaged[where % damaged.size()] = static_cast<char>(value);
    damaged[where2 % damaged.size()] = static_cast<char>(value2);
    const auto read = read_certificate(damaged);
    if (!read) return;
    RC_ASSERT(read->thumbprint == hex_encode(sha1(damaged)));
    RC_ASSERT(is_utf8(read->subject));
    RC_ASSERT(is_utf8(read->issuer));
    static_cast<void>(check_key(*read));
    static_cast<void>(oddities(*read, Instant{}));
  }));
}

TEST_CASE("a certificate cut off anywhere is refused") {
  const auto der = certificate("p256").der;
  const auto pem = data("cert-p256.pem");
  for (std::size_t size = 0; size < der.size(); ++size) {
    CAPTURE(size);
    CHECK(error_id(read_certificate(der.substr(0, size))) == "Certificate.Invalid");
  }
  for (std::size_t size = 0; size + 2 < pem.size(); size += 7) {
    CAPTURE(size);
    CHECK(error_id(read_certificate(pem.substr(0, size))) == "Certificate.Invalid");
  }
}

}  // namespace
}  // namespace accord
