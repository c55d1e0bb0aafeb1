#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string>

#include "lib/cert/certificate.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::data;
using test::error_id;
using test::must;

const Instant kStart{std::chrono::seconds(1'800'000'000)};

NewCertificate request(KeyAlgorithm algorithm) {
  return {.common_name = "litwareinc.com",
          .dns_names = {"litwareinc.com", "*.litwareinc.com"},
          .organization = "Litware, Inc.",
          .organizational_unit = "IT",
          .city = "München",
          .state = "Bayern",
          .country = "DE",
          .not_before = kStart,
          .not_after = kStart + Duration(5 * 365 * 86400),
          .algorithm = algorithm,
          .key_size = 2048};
}

using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;
X509Pointer opened(const Certificate& certificate) {
  const auto* at = reinterpret_cast<const unsigned char*>(certificate.der.data());
  return {d2i_X509(nullptr, &at, static_cast<long>(certificate.der.size())), X509_free};
}

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

TEST_CASE("a certificate of our own says what was asked for, in every algorithm") {
  for (const auto algorithm :
       {KeyAlgorithm::rsa, KeyAlgorithm::p256, KeyAlgorithm::p384, KeyAlgorithm::ed25519}) {
    CAPTURE(enum_name(algorithm));
    const auto made = must(make_self_signed(request(algorithm)));
    const auto& certificate = made.certificate;
    CHECK(certificate.subject == "CN=litwareinc.com,OU=IT,O=Litware\\, Inc.,L=München,ST=Bayern,C=DE");
    CHECK(certificate.issuer == certificate.subject);
    CHECK(certificate.not_before == kStart);
    CHECK(certificate.not_after == kStart + Duration(5 * 365 * 86400));
    CHECK(certificate.alternative_names == std::vector<std::string>{"litwareinc.com", "*.litwareinc.com"});
    CHECK(certificate.public_key.algorithm == algorithm);
    CHECK(made.key.algorithm == algorithm);
    CHECK(certificate.serial_number.size() == 32);
    CHECK(check_key(certificate).has_value());
    CHECK(oddities(certificate, kStart).empty());

    const auto x509 = opened(certificate);
    REQUIRE(x509);
    CHECK(X509_verify(x509.get(), X509_get0_pubkey(x509.get())) == 1);
    const auto usage =
        algorithm == KeyAlgorithm::rsa ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT : KU_DIGITAL_SIGNATURE;
    CHECK(X509_get_key_usage(x509.get()) == static_cast<std::uint32_t>(usage));
    CHECK(X509_get_extended_key_usage(x509.get()) == XKU_SSL_SERVER);
    CHECK(X509_check_ca(x509.get()) == 0);
    CHECK(X509_get_version(x509.get()) == 2);
  }
}

TEST_CASE("two certificates of one request differ in key and serial number") {
  const auto one = must(make_self_signed(request(KeyAlgorithm::p256)));
  const auto two = must(make_self_signed(request(KeyAlgorithm::p256)));
  CHECK(one.certificate.serial_number != two.certificate.serial_number);
  CHECK(one.certificate.public_key.bytes != two.certificate.public_key.bytes);
}

TEST_CASE("validity reaches to the last second that can be written, and not further") {
  auto wanted = request(KeyAlgorithm::p256);
  wanted.not_after = kLatestInstant;
  CHECK(must(make_self_signed(wanted)).certificate.not_after == kLatestInstant);
  wanted.not_after = kLatestInstant + Duration(1);
  CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
  wanted.not_after = kStart - Duration(1);
  CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
  wanted.not_after = kStart;
  CHECK(error_id(make_self_signed(wanted)) == "");
}

TEST_CASE("what cannot stand in a certificate is refused by name") {
  auto wanted = request(KeyAlgorithm::p256);
  SUBCASE("country of three letters") {
    wanted.country = "DEU";
    CHECK(message(make_self_signed(wanted)).find("country 'DEU'") != std::string::npos);
  }
  SUBCASE("name of 65 characters") {
    wanted.common_name = std::string(64, 'a');
    CHECK(error_id(make_self_signed(wanted)) == "");
    wanted.common_name += 'a';
    CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
  }
  SUBCASE("alternative name that would be two") {
    wanted.dns_names = {"a.example,DNS:b.example"};
    CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
  }
  SUBCASE("key sizes and curves that are not offered") {
    wanted.algorithm = KeyAlgorithm::p521;
    CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
    wanted.algorithm = KeyAlgorithm::rsa;
    for (const int size : {1024, 2047, 8192, -1}) {
      wanted.key_size = size;
      CHECK(error_id(make_self_signed(wanted)) == "Parameter.Invalid");
    }
  }
  SUBCASE("no subject at all") {
    CHECK(error_id(make_self_signed(
              {.not_before = kStart, .not_after = kStart, .algorithm = KeyAlgorithm::p256})) ==
          "Parameter.Invalid");
  }
}

TEST_CASE("a PFX that we write is one that we read, with the same key") {
  const auto made = must(make_self_signed(request(KeyAlgorithm::p256)));
  const auto rsa = must(read_identity(data("cert-modern.pfx"), SecretBytes(std::string_view("Pa55word"))));
  for (const auto* identity : {&made, &rsa}) {
    for (const std::string_view password : {"", "Pa55word", "grüße 密码"}) {
      for (const auto encryption : {PfxEncryption::modern, PfxEncryption::legacy}) {
        CAPTURE(password);
        const SecretBytes secret(password);
        const auto pfx =
            must(write_pfx(identity->certificate, identity->key, secret, "Litware ÖAuth", encryption));
        const auto read = must(read_identity(pfx.view(), secret));
        CHECK(read.certificate.thumbprint == identity->certificate.thumbprint);
        CHECK(read.key.bytes.view() == identity->key.bytes.view());
        CHECK(read.warnings.empty() == (encryption == PfxEncryption::modern));
        CHECK(error_id(read_identity(pfx.view(), SecretBytes(std::string_view("other")))) ==
              "Certificate.WrongPassword");
      }
    }
  }
}

TEST_CASE("a PFX is not written for a key of another certificate, nor with a password it cannot express") {
  const auto one = must(make_self_signed(request(KeyAlgorithm::p256)));
  const auto two = must(make_self_signed(request(KeyAlgorithm::p256)));
  CHECK(error_id(write_pfx(one.certificate, two.key, SecretBytes(), "")) == "Key.Invalid");
  CHECK(error_id(write_pfx(one.certificate, one.key, SecretBytes(std::string_view("a\0b", 3)), "")) ==
        "Parameter.Invalid");
}

TEST_CASE("a PFX is not written of a key that stays in a token") {
  const auto one = must(make_self_signed(request(KeyAlgorithm::p256)));
  const auto pfx =
      write_pfx(one.certificate, {.algorithm = KeyAlgorithm::p256, .bytes = {}, .uri = "pkcs11:object=k"},
                SecretBytes(), "");
  CHECK(error_id(pfx) == "Certificate.NoKey");
  CHECK(pfx.error().message.find("pkcs11:object=k") != std::string::npos);
}

TEST_CASE("PEM is the text that OpenSSL writes") {
  for (const std::string name : {"rsa", "p256", "ed25519", "other"}) {
    const auto text = data("cert-" + name + ".pem");
    CHECK(to_pem(must(read_certificate(text))) == text);
  }
}

TEST_CASE("the JWK carries the public key of every kind, its name and the certificate") {
  struct Case {
    std::string name, kind, algorithm, curve;
  };
  const std::array<Case, 5> cases = {{{"rsa", "RSA", "RS256", ""},
                                      {"p256", "EC", "ES256", "P-256"},
                                      {"p384", "EC", "ES384", "P-384"},
                                      {"p521", "EC", "ES512", "P-521"},
                                      {"ed25519", "OKP", "EdDSA", "Ed25519"}}};
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto certificate = must(read_certificate(data("cert-" + one.name + ".pem")));
    const auto text = to_jwk(certificate);
    CHECK(text.find('\n') == std::string::npos);
    const auto jwk = must(json::parse(text));
    CHECK(jwk.find_string("kty") == one.kind);
    CHECK(jwk.find_string("alg") == one.algorithm);
    CHECK(jwk.find_string("use") == "sig");
    CHECK(jwk.find_string("kid") == certificate.x5t());
    CHECK(jwk.find_string("x5t") == certificate.x5t());
    REQUIRE(jwk.find("x5c") != nullptr);
    REQUIRE(jwk.find("x5c")->items().size() == 1);
    CHECK(base64_decode(jwk.find("x5c")->items()[0].text()) == certificate.der);
    const auto number = [&](std::string_view name) {
      return base64url_decode(jwk.find_string(name).value_or("")).value_or("");
    };
    if (one.kind == "RSA") {
      CHECK(jwk.find_string("e") == "AQAB");
      CHECK(number("n").size() == 256);
      CHECK(certificate.public_key.bytes.find(number("n")) != std::string::npos);
    } else if (one.kind == "EC") {
      CHECK('\x04' + number("x") + number("y") == certificate.public_key.bytes);
      CHECK(number("x").size() == number("y").size());
      CHECK(jwk.find_string("crv") == one.curve);
    } else {
      CHECK(number("x") == certificate.public_key.bytes);
      CHECK(jwk.find_string("crv") == one.curve);
    }
  }
}

}  // namespace
}  // namespace accord
