#include "lib/cert/request.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::data;
using test::error_id;
using test::must;

template <auto release>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    release(thing);
  }
};
template <class T, auto release>
using Handle = std::unique_ptr<T, Free<release>>;

NewCertificate wanted(KeyAlgorithm algorithm) {
  NewCertificate made;
  made.common_name = "litwareinc.com";
  made.dns_names = {"litwareinc.com", "*.fabrikam.com"};
  made.organization = "Litware, Inc.";
  made.organizational_unit = "IT";
  made.city = "München";
  made.state = "Bayern";
  made.country = "DE";
  made.algorithm = algorithm;
  return made;
}

Handle<X509_REQ, X509_REQ_free> opened(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  Handle<X509_REQ, X509_REQ_free> request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  CHECK(at == end);
  return request;
}

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

std::string shown(const X509_EXTENSION* extension) {
  const Handle<BIO, BIO_free_all> text(BIO_new(BIO_s_mem()));
  X509V3_EXT_print(text.get(), const_cast<X509_EXTENSION*>(extension), 0, 0);  // NOLINT: it only reads
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string der_of_pem(const std::string& name) {
  return must(read_certificate(data(name))).der;
}

// A certs-only PKCS#7 of these.
std::string bundle(const std::vector<std::string>& certificates) {
  const Handle<PKCS7, PKCS7_free> made(PKCS7_new());
  REQUIRE(PKCS7_set_type(made.get(), NID_pkcs7_signed) == 1);
  REQUIRE(PKCS7_content_new(made.get(), NID_pkcs7_data) == 1);
  PKCS7_set_detached(made.get(), 1);
  for (const auto& der : certificates) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const Handle<X509, X509_free> x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    REQUIRE(PKCS7_add_certificate(made.get(), x509.get()) == 1);
  }
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS7(made.get(), &bytes);
  REQUIRE(size > 0);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string pem(std::string_view label, std::string_view der) {
  return "-----BEGIN " + std::string(label) + "-----\n" + base64_encode(der) + "\n-----END " +
         std::string(label) + "-----\n";
}

std::vector<std::string> thumbprints_of(const AuthorityAnswer& answer) {
  std::vector<std::string> made;
  for (const auto& one : answer.certificates) made.push_back(one.thumbprint);
  return made;
}

TEST_CASE("a request says what was asked for and is signed by its own key, in every algorithm") {
  struct Case {
    KeyAlgorithm algorithm;
    int size;
    std::int64_t bits;
  };
  const std::array<Case, 5> cases = {{{KeyAlgorithm::rsa, 2048, 2048},
                                      {KeyAlgorithm::rsa, 3072, 3072},
                                      {KeyAlgorithm::p256, 2048, 256},
                                      {KeyAlgorithm::p384, 2048, 384},
                                      {KeyAlgorithm::ed25519, 2048, 256}}};
  for (const auto& one : cases) {
    CAPTURE(enum_name(one.algorithm));
    auto asked = wanted(one.algorithm);
    asked.key_size = one.size;
    const auto made = must(make_request(asked));
    CHECK(made.subject == "CN=litwareinc.com,OU=IT,O=Litware\\, Inc.,L=München,ST=Bayern,C=DE");
    CHECK(made.alternative_names == asked.dns_names);
    CHECK(made.public_key.algorithm == one.algorithm);
    CHECK(made.key.algorithm == one.algorithm);
    CHECK(made.key_size == one.bits);

    const auto request = opened(made.der);
    REQUIRE(request);
    CHECK(X509_REQ_get_version(request.get()) == 0);
    CHECK(X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1);
    auto* extensions = X509_REQ_get_extensions(request.get());
    REQUIRE(sk_X509_EXTENSION_num(extensions) == 3);
    const auto* usage = sk_X509_EXTENSION_value(extensions, 0);
    CHECK(X509_EXTENSION_get_critical(usage) == 1);
    CHECK(shown(usage) ==
          (one.algorithm == KeyAlgorithm::rsa ? "Digital Signature, Key Encipherment" : "Digital Signature"));
    CHECK(shown(sk_X509_EXTENSION_value(extensions, 1)) == "TLS Web Server Authentication");
    CHECK(shown(sk_X509_EXTENSION_value(extensions, 2)) == "DNS:litwareinc.com, DNS:*.fabrikam.com");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
}

TEST_CASE("a request and a self-signed certificate ask the same of a certificate") {
  auto asked = wanted(KeyAlgorithm::p256);
  asked.not_after = Instant(Duration(1'800'000'000));
  const auto request = must(make_request(asked));
  const auto certificate = must(make_self_signed(asked)).certificate;
  CHECK(request.subject == certificate.subject);
  CHECK(request.alternative_names == certificate.alternative_names);
  CHECK(request.key_size == certificate.key_size);
}

TEST_CASE("the key of a request is the one that its certificate will have, and no other") {
  for (const auto algorithm : {KeyAlgorithm::p256, KeyAlgorithm::ed25519}) {
    const auto ours = must(make_self_signed(wanted(algorithm)));
    auto other = must(make_request(wanted(algorithm)));
    CHECK(error_id(pair_with_key(ours.certificate, std::move(other.key))) == "Key.Invalid");
    PrivateKeyBytes own{ours.key.algorithm, SecretBytes(ours.key.bytes.view()), {}};
    CHECK(must(pair_with_key(ours.certificate, std::move(own))).certificate.der == ours.certificate.der);
    PrivateKeyBytes nonsense{algorithm, SecretBytes("x"), {}};
    CHECK(error_id(pair_with_key(ours.certificate, std::move(nonsense))) == "Key.Invalid");
  }
}

TEST_CASE("what cannot stand in a certificate cannot stand in a request") {
  auto asked = wanted(KeyAlgorithm::p256);
  SUBCASE("country of three letters") {
    asked.country = "DEU";
  }
  SUBCASE("alternative name that would be two") {
    asked.dns_names = {"a.example,DNS:b.example"};
  }
  SUBCASE("curve that no partner verifies") {
    asked.algorithm = KeyAlgorithm::p521;
  }
  SUBCASE("RSA key that is too small") {
    asked.algorithm = KeyAlgorithm::rsa;
    asked.key_size = 1024;
  }
  SUBCASE("no subject at all") {
    asked = NewCertificate{.algorithm = KeyAlgorithm::p256};
  }
  CHECK(error_id(make_request(asked)) == "Parameter.Invalid");
}

TEST_CASE("a request without alternative names has none") {
  auto asked = wanted(KeyAlgorithm::p256);
  asked.dns_names.clear();
  const auto request = opened(must(make_request(asked)).der);
  auto* extensions = X509_REQ_get_extensions(request.get());
  CHECK(sk_X509_EXTENSION_num(extensions) == 2);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

TEST_CASE("a request as PEM is what OpenSSL reads") {
  const auto made = must(make_request(wanted(KeyAlgorithm::ed25519)));
  const auto text = request_pem(made.der);
  CHECK(text.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
  const Handle<BIO, BIO_free_all> source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const Handle<X509_REQ, X509_REQ_free> read(PEM_read_bio_X509_REQ(source.get(), nullptr, nullptr, nullptr));
  REQUIRE(read);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(read.get(), &der);
  CHECK(std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)) == made.der);
  OPENSSL_free(der);
}

struct Answers {
  std::string rsa = der_of_pem("cert-rsa.pem");
  std::string p256 = der_of_pem("cert-p256.pem");
  std::string both = bundle({rsa, p256});
  std::vector<std::string> expected = {must(parse_certificate(rsa)).thumbprint,
                                       must(parse_certificate(p256)).thumbprint};
};

TEST_CASE_FIXTURE(Answers, "an answer is read in every form, its certificates in the order of the file") {
  const auto rsa_pem = pem("CERTIFICATE", rsa);
  const auto p256_pem = pem("CERTIFICATE", p256);
  struct Case {
    const char* name;
    std::string content;
    std::size_t count;
  };
  const std::vector<Case> cases = {
      {"DER", rsa, 1},
      {"PEM", rsa_pem, 1},
      {"PEM with another label", pem("X509 CERTIFICATE", rsa), 1},
      {"PEM, two blocks", rsa_pem + p256_pem, 2},
      {"PEM, one block twice", rsa_pem + p256_pem + rsa_pem, 2},
      {"PEM with text around it", "subject\n" + rsa_pem + "issuer\n" + p256_pem, 2},
      {"PEM beside blocks of other kinds", pem("X509 CRL", "0") + rsa_pem + p256_pem, 2},
      {"PEM behind a byte order mark", "\xef\xbb\xbf" + rsa_pem, 1},
      {"base64", base64_encode(rsa), 1},
      {"base64 behind a byte order mark", "\xef\xbb\xbf" + base64_encode(rsa) + "\r\n", 1},
      {"base64 of PEM", base64_encode(rsa_pem + p256_pem), 2},
      {"PKCS#7", both, 2},
      {"PKCS#7 in base64", base64_encode(both), 2},
      {"PKCS#7 as PEM", pem("PKCS7", both), 2},
      {"PKCS#7 of an older label", pem("PKCS #7 SIGNED DATA", both), 2},
      {"CMS", pem("CMS", both), 2},
      {"a chain", pem("CERTIFICATE CHAIN", both), 2},
      {"PKCS#7 that is called a certificate", pem("CERTIFICATE", both), 2},
      {"PKCS#7 and PEM", pem("PKCS7", bundle({rsa})) + p256_pem, 2},
      {"the file of openssl crl2pkcs7", data("cert-rsa.p7b"), 1},
  };
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto answer = read_answer(one.content);
    REQUIRE_MESSAGE(answer, message(answer));
    CHECK(thumbprints_of(*answer) ==
          std::vector<std::string>(expected.begin(), expected.begin() + static_cast<long>(one.count)));
    CHECK_FALSE(answer->first_unreadable);
  }
}

TEST_CASE_FIXTURE(Answers, "a certificate that cannot be read is in nobody's way beside one that can") {
  const auto strange = data("cert-secp256k1.pem");
  const auto answer = must(read_answer(strange + pem("CERTIFICATE", rsa)));
  CHECK(answer.certificates.size() == 1);
  REQUIRE(answer.first_unreadable);
  CHECK(answer.first_unreadable->message.find("secp256k1") != std::string::npos);
  CHECK(error_id(read_answer(strange)) == "Certificate.Invalid");
  CHECK(message(read_answer(strange)).find("secp256k1") != std::string::npos);
}

TEST_CASE_FIXTURE(Answers, "what is no answer is refused and called by its name") {
  struct Case {
    const char* name;
    std::string content;
    const char* says;
  };
  const auto request = must(make_request(wanted(KeyAlgorithm::p256)));
  const std::vector<Case> cases = {
      {"nothing", "", "neither DER nor PEM nor base64"},
      {"blanks", " \n", "neither DER nor PEM nor base64"},
      {"text", "access denied", "neither DER nor PEM nor base64"},
      {"the request", request.der, "certificate request"},
      {"the request as PEM", request_pem(request.der), "certificate request"},
      {"a request of Windows", pem("NEW CERTIFICATE REQUEST", request.der), "certificate request"},
      {"the request called a certificate", pem("CERTIFICATE", request.der), "no X.509 certificate"},
      {"a key", data("cert-p256.key"), "private key"},
      {"a PFX", data("cert-modern.pfx"), "PFX"},
      {"a PFX in base64", base64_encode(data("cert-modern.pfx")), "PFX"},
      {"a list of revocations", pem("X509 CRL", "0"), "X509 CRL"},
      {"an empty PKCS#7", bundle({}), "holds no certificate"},
      {"an empty PKCS#7 as PEM", pem("PKCS7", bundle({})), "holds no certificate"},
      {"a byte behind DER", rsa + "x", "1 bytes follow"},
      {"a byte behind PKCS#7", both + "x", "1 bytes follow"},
      {"a byte behind PKCS#7 in PEM", pem("PKCS7", both + "x"), "1 bytes follow"},
      {"two certificates as DER", rsa + p256, "bytes follow"},
      {"an open block", pem("CERTIFICATE", rsa).substr(0, 200), "damaged or cut off"},
      {"base64 with rubbish behind it", base64_encode(rsa) + "!", "neither DER nor PEM nor base64"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto answer = read_answer(one.content);
    CHECK(error_id(answer) == "Certificate.Invalid");
    CHECK_MESSAGE(message(answer).find(one.says) != std::string::npos, message(answer));
  }
}

TEST_CASE_FIXTURE(Answers, "an answer that is cut off anywhere is refused") {
  for (const auto* whole : {&both, &rsa}) {
    for (std::size_t size = 0; size < whole->size(); ++size) {
      CAPTURE(size);
      CHECK(error_id(read_answer(std::string_view(*whole).substr(0, size))) == "Certificate.Invalid");
    }
  }
}

TEST_CASE_FIXTURE(Answers,
                  "a flipped bit anywhere in PKCS#7 ends in an answer or an error, never in a crash") {
  for (std::size_t byte = 0; byte < both.size(); ++byte) {
    auto flipped = both;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << (byte % 8)));
    const auto answer = read_answer(flipped);
    CHECK((!answer || !answer->certificates.empty()));
  }
}

TEST_CASE_FIXTURE(Answers, "a PKCS#7 that is signed and one that is not are told apart") {
  const Handle<PKCS7, PKCS7_free> plain(PKCS7_new());
  REQUIRE(PKCS7_set_type(plain.get(), NID_pkcs7_data) == 1);
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS7(plain.get(), &bytes);
  REQUIRE(size > 0);
  const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  CHECK(message(read_answer(der)).find("carries no certificates") != std::string::npos);
}

TEST_CASE("an answer of more certificates than a chain can have is refused") {
  std::string many;
  for (int i = 0; i < 65; ++i) {
    auto asked = wanted(KeyAlgorithm::ed25519);
    many += to_pem(must(make_self_signed(asked)).certificate);
    if (i == 63) CHECK(must(read_answer(many)).certificates.size() == 64);
  }
  CHECK(message(read_answer(many)).find("more than 64") != std::string::npos);
}

}  // namespace
}  // namespace accord
