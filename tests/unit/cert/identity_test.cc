#include <doctest/doctest.h>
#include <openssl/err.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "lib/cert/certificate.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::data;
using test::error_id;
using test::must;

const std::string kPassword = "Pa55word";

Result<Identity> read(const std::string& name, std::string_view password = kPassword) {
  return read_identity(data("cert-" + name), SecretBytes(password));
}

bool any_contains(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

std::string thumbprint(const std::string& name) {
  return must(read_certificate(data("cert-" + name))).thumbprint;
}

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

TEST_CASE("certificate and key come out of every kind of file") {
  struct Case {
    std::string name, password, certificate;
    KeyAlgorithm algorithm;
  };
  const std::array<Case, 13> cases = {{
      {"modern.pfx", kPassword, "rsa.pem", KeyAlgorithm::rsa},
      {"rc2.pfx", kPassword, "rsa.pem", KeyAlgorithm::rsa},
      {"3des.pfx", kPassword, "rsa.pem", KeyAlgorithm::rsa},
      {"chain.pfx", kPassword, "ed25519.pem", KeyAlgorithm::ed25519},
      {"empty-password.pfx", "", "p256.pem", KeyAlgorithm::p256},
      {"null-password.pfx", "", "p256.pem", KeyAlgorithm::p256},
      {"open.pfx", "", "p256.pem", KeyAlgorithm::p256},
      {"encrypted.pem", kPassword, "rsa.pem", KeyAlgorithm::rsa},
      {"encrypted-traditional.pem", kPassword, "rsa.pem", KeyAlgorithm::rsa},
      {"encrypted-scrypt.pem", kPassword, "p256.pem", KeyAlgorithm::p256},
      {"p384-pair.pem", "", "p384.pem", KeyAlgorithm::p384},
      {"p521-pair.pem", "", "p521.pem", KeyAlgorithm::p521},
      {"ed25519-pair.pem", "", "ed25519.pem", KeyAlgorithm::ed25519},
  }};
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto identity = must(read(one.name, one.password));
    CHECK(identity.certificate.thumbprint == thumbprint(one.certificate));
    CHECK(identity.key.algorithm == one.algorithm);
    CHECK_FALSE(identity.key.bytes.empty());
    CHECK(ERR_peek_error() == 0);
  }
}

TEST_CASE("the same key comes out in the same compact form whatever the file") {
  const auto from_pfx = must(read("modern.pfx"));
  const auto from_pem = must(read("encrypted.pem"));
  const auto from_old = must(read("encrypted-traditional.pem"));
  CHECK(from_pfx.key.bytes.view() == from_pem.key.bytes.view());
  CHECK(from_pfx.key.bytes.view() == from_old.key.bytes.view());
  CHECK(must(read("ed25519-pair.pem")).key.bytes.size() == 32);
}

TEST_CASE("an EC key without its public half is completed") {
  const auto completed = must(read("p256-short-key.pem", ""));
  const auto full = must(read("open.pfx", ""));
  CHECK(completed.key.bytes.view() == full.key.bytes.view());
  // SEC 1: a key of 32 bytes, the curve's name and the point.
  CHECK(full.key.bytes.size() == 121);
  CHECK(full.key.bytes.view().ends_with(full.certificate.public_key.bytes));
}

TEST_CASE("old encryption is read with a warning, and new encryption without") {
  CHECK(any_contains(must(read("rc2.pfx")).warnings, "old encryption (RC2)"));
  CHECK(any_contains(must(read("rc2.pfx")).warnings, "old encryption (3DES)"));
  CHECK(any_contains(must(read("3des.pfx")).warnings, "old encryption (3DES)"));
  CHECK(must(read("3des.pfx")).warnings.size() == 1);
  CHECK(any_contains(must(read("encrypted-traditional.pem")).warnings, "traditional PEM"));
  CHECK(must(read("modern.pfx")).warnings.empty());
  CHECK(must(read("encrypted-scrypt.pem")).warnings.empty());
}

TEST_CASE("the environment does not choose the folder of OpenSSL's modules") {
  REQUIRE(setenv("OPENSSL_MODULES", "/nonexistent", 1) == 0);
  CHECK(error_id(read("rc2.pfx")) == "");
  unsetenv("OPENSSL_MODULES");
}

TEST_CASE("after an old file new ones are read as before") {
  REQUIRE(read("rc2.pfx").has_value());
  CHECK(error_id(read("modern.pfx")) == "");
  CHECK(error_id(read("rc2.pfx")) == "");
}

TEST_CASE("a wrong password is called one") {
  for (const std::string name :
       {"modern.pfx", "rc2.pfx", "3des.pfx", "chain.pfx", "empty-password.pfx", "null-password.pfx",
        "encrypted.pem", "encrypted-traditional.pem", "encrypted-scrypt.pem"}) {
    CAPTURE(name);
    const auto result = read(name, "wrong");
    CHECK(error_id(result) == "Certificate.WrongPassword");
    CHECK(message(result).find("wrong") == std::string::npos);
  }
  for (const std::string name : {"modern.pfx", "encrypted.pem", "encrypted-traditional.pem"}) {
    CAPTURE(name);
    const auto result = read(name, "");
    CHECK(error_id(result) == "Certificate.WrongPassword");
    CHECK(message(result).find("none was given") != std::string::npos);
  }
}

TEST_CASE("certificates that are not the key's are named and ignored") {
  const auto other = thumbprint("other.pem");
  const auto from_pfx = must(read("chain.pfx"));
  REQUIRE(from_pfx.warnings.size() == 1);
  CHECK(any_contains(from_pfx.warnings, other));
  const auto from_pem = must(read("encrypted.pem"));
  REQUIRE(from_pem.warnings.size() == 1);
  CHECK(any_contains(from_pem.warnings, other));
}

TEST_CASE("the certificate is found before and behind the key, and one of an unknown kind is no obstacle") {
  const auto key = data("cert-rsa.key");
  const auto own = data("cert-rsa.pem");
  const auto unknown = data("cert-p224.pem");
  const std::array<std::string, 4> files = {key + own, own + key, unknown + key + own, key + own + unknown};
  for (const auto& text : files) {
    const auto identity = must(read_identity(text, SecretBytes()));
    CHECK(identity.certificate.thumbprint == thumbprint("rsa.pem"));
  }
  const auto only_unknown = read_identity(key + unknown, SecretBytes());
  CHECK(message(only_unknown).find("secp224r1") != std::string::npos);
}

TEST_CASE("a file without a key, or with a key of another certificate, has no key") {
  CHECK(error_id(read("nokey.pfx")) == "Certificate.NoKey");
  CHECK(error_id(read("nocert.pfx")) == "Certificate.NoKey");
  CHECK(error_id(read("rsa.pem")) == "Certificate.NoKey");
  CHECK(error_id(read("rsa.key")) == "Certificate.NoKey");
  CHECK(error_id(read_identity(must(read_certificate(data("cert-rsa.pem"))).der, SecretBytes())) ==
        "Certificate.NoKey");
  CHECK(error_id(read_identity(data("cert-rsa.key") + data("cert-other.pem"), SecretBytes())) ==
        "Certificate.NoKey");
}

TEST_CASE("several keys leave open which is meant, and are counted") {
  const auto pem = read("two-keys.pem", "");
  CHECK(error_id(pem) == "Certificate.Invalid");
  CHECK(message(pem).find("2 private keys") != std::string::npos);
  const auto pfx = read("two-keys.pfx");
  CHECK(error_id(pfx) == "Certificate.Invalid");
  CHECK(message(pfx).find("2 private keys") != std::string::npos);
}

TEST_CASE("what is neither form is refused") {
  for (const std::string content : {"", "hello", "\x30", "\x30\x82\x01", "-----BEGIN NONSENSE-----\n"}) {
    CAPTURE(content);
    CHECK(error_id(read_identity(content, SecretBytes())) == "Certificate.Invalid");
  }
}

TEST_CASE("a file that asks for too many rounds is refused at once") {
  CHECK(error_id(read("rounds.pfx")) == "Certificate.Invalid");
  CHECK(message(read("rounds.pfx")).find("rounds") != std::string::npos);
}

TEST_CASE("a PFX cut off anywhere, or with bytes behind it, is an error") {
  for (const std::string name : {"modern.pfx", "rc2.pfx", "open.pfx"}) {
    const auto whole = data("cert-" + name);
    const SecretBytes password(name == "open.pfx" ? std::string() : kPassword);
    for (std::size_t size = 0; size < whole.size(); size += 16) {
      CAPTURE(size);
      CHECK(error_id(read_identity(whole.substr(0, size), password)) == "Certificate.Invalid");
    }
    CHECK(error_id(read_identity(whole.substr(0, whole.size() - 1), password)) == "Certificate.Invalid");
    CHECK(error_id(read_identity(whole + '\0', password)) == "Certificate.Invalid");
  }
}

TEST_CASE("a PEM file cut off anywhere is an error") {
  const auto whole = data("cert-p384-pair.pem");
  for (std::size_t size = 0; size + 2 < whole.size(); size += 16) {
    CAPTURE(size);
    CHECK_FALSE(read_identity(whole.substr(0, size), SecretBytes()).has_value());
  }
}

TEST_CASE("a damaged file is an error, or still holds a key that signs for its certificate") {
  // The file without encryption lets damage reach every parser behind it.
  for (const std::string name : {"open.pfx", "chain.pfx"}) {
    const auto whole = data("cert-" + name);
    const SecretBytes password(name == "open.pfx" ? std::string() : kPassword);
    CHECK(rc::check([&](std::uint16_t where, std::uint8_t value) {
      auto damaged = whole;
      damaged[where % damaged.size()] = static_cast<char>(value);
      const auto identity = read_identity(damaged, password);
      if (identity) RC_ASSERT_FALSE(identity->certificate.thumbprint.empty());
    }));
  }
}

}  // namespace
}  // namespace accord
