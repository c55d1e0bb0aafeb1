// Certificates of our own, and certificates in the forms that others read.
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include "lib/cert/certificate.h"
#include "lib/cert/key.h"
#include "lib/cert/openssl.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"

namespace accord {

namespace {

using openssl::KeyHandle;
using openssl::X509Handle;

constexpr std::size_t kSerialSize = 16;
constexpr std::size_t kPemLine = 64;
// PBKDF2 and the older derivation of the MAC cost about 40 ms each at this count, and .NET, which adds them
// all up, still reads the file (it stops at 300 000 each).
constexpr int kModernRounds = 100'000;
constexpr int kLegacyRounds = 2'000;

tl::unexpected<Error> invalid_request(std::string message, std::string target, std::string advice = {}) {
  return fail("Parameter.Invalid", std::move(message), std::move(target), std::move(advice));
}

tl::unexpected<Error> cannot_make() {
  return fail("Internal.Unexpected", "OpenSSL could not make the certificate");
}

Result<KeyHandle> generate_key(const SelfSignedRequest& request) {
  EVP_PKEY* key = nullptr;
  switch (request.algorithm) {
    case KeyAlgorithm::rsa:
      if (request.key_size != 2048 && request.key_size != 3072 && request.key_size != 4096) {
        return invalid_request(fmt::format("an RSA key of '{}' bits is not offered", request.key_size), {},
                               "use 2048, 3072 or 4096");
      }
      key = EVP_RSA_gen(static_cast<unsigned>(request.key_size));
      break;
    case KeyAlgorithm::p256:
    case KeyAlgorithm::p384:
      key = EVP_EC_gen(request.algorithm == KeyAlgorithm::p256 ? "P-256" : "P-384");
      break;
    case KeyAlgorithm::ed25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyAlgorithm::p521:
      return invalid_request("a key on 'P-521' is not offered, because no partner verifies it", {},
                             "use RSA, P-256, P-384 or Ed25519");
  }
  if (key == nullptr) return cannot_make();
  return KeyHandle(key);
}

// From the most general part to the name, so that the readable form (RFC 2253, reversed) begins with CN.
Result<void> add_subject(X509* certificate, const SelfSignedRequest& request) {
  struct Part {
    std::string_view parameter;
    int nid;
    const std::string& value;
  };
  const std::array<Part, 6> parts = {
      {{"country", NID_countryName, request.country},
       {"state", NID_stateOrProvinceName, request.state},
       {"city", NID_localityName, request.city},
       {"organization", NID_organizationName, request.organization},
       {"organizational unit", NID_organizationalUnitName, request.organizational_unit},
       {"common name", NID_commonName, request.common_name}}};
  auto* name = X509_get_subject_name(certificate);
  for (const auto& part : parts) {
    if (part.value.empty()) continue;
    // OpenSSL knows the bounds of X.520 (64 characters, two letters for a country …).
    if (!is_utf8(part.value) ||
        X509_NAME_add_entry_by_NID(name, part.nid, MBSTRING_UTF8, openssl::bytes_of(part.value),
                                   static_cast<int>(part.value.size()), -1, 0) != 1) {
      return invalid_request(
          fmt::format("the {} '{}' does not fit into a certificate", part.parameter, part.value), part.value,
          "a country has two letters, the other parts at most 64 characters");
    }
  }
  return X509_set_issuer_name(certificate, name) == 1 ? Result<void>() : cannot_make();
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialSize> bytes = {};
  fill_random(bytes.data(), bytes.size());
  // The first bit would make it negative, and the second keeps it from being shorter than the rest.
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);
  const openssl::BignumHandle number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* time, Instant at) {
  return ASN1_TIME_set(time, static_cast<std::time_t>(at.time_since_epoch().count())) != nullptr;
}

Result<void> set_validity(X509* certificate, const SelfSignedRequest& request) {
  if (request.not_after < request.not_before) {
    return invalid_request(
        fmt::format("the validity ends at '{}', before it begins", format_instant(request.not_after)),
        format_instant(request.not_after));
  }
  const bool in_range = request.not_before >= Instant{} && request.not_after <= kLatestInstant;
  if (!in_range || !set_time(X509_getm_notBefore(certificate), request.not_before) ||
      !set_time(X509_getm_notAfter(certificate), request.not_after)) {
    return invalid_request("the validity lies outside the years 1970 to 9999", {});
  }
  return {};
}

bool is_dns_text(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '*';
  });
}

bool add_name(GENERAL_NAMES* names, std::string_view text) {
  openssl::Handle<ASN1_IA5STRING, ASN1_IA5STRING_free> value(ASN1_IA5STRING_new());
  openssl::Handle<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
  if (!value || !name || ASN1_STRING_set(value.get(), text.data(), static_cast<int>(text.size())) != 1)
    return false;
  GENERAL_NAME_set0_value(name.get(), GEN_DNS, value.release());
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return false;
  static_cast<void>(name.release());
  return true;
}

constexpr unsigned long kAppend = X509V3_ADD_DEFAULT;
enum class Critical : int { no = 0, yes = 1 };

bool add_extension(X509* certificate, int nid, void* value, Critical critical) {
  return X509_add1_ext_i2d(certificate, nid, value, static_cast<int>(critical), kAppend) == 1;
}

Result<void> add_alternative_names(X509* certificate, const std::vector<std::string>& dns_names) {
  if (dns_names.empty()) return {};
  const openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(GENERAL_NAMES_new());
  for (const auto& name : dns_names) {
    if (!is_dns_text(name)) return invalid_request(fmt::format("'{}' is not a domain name", name), name);
    if (!names || !add_name(names.get(), name)) return cannot_make();
  }
  if (!add_extension(certificate, NID_subject_alt_name, names.get(), Critical::no)) return cannot_make();
  return {};
}

bool add_key_usage(X509* certificate, KeyAlgorithm algorithm) {
  constexpr int kDigitalSignature = 0;
  constexpr int kKeyEncipherment = 2;
  const openssl::Handle<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage(ASN1_BIT_STRING_new());
  if (!usage || ASN1_BIT_STRING_set_bit(usage.get(), kDigitalSignature, 1) != 1) return false;
  // Only RSA can encipher keys.
  const bool enciphers = algorithm == KeyAlgorithm::rsa;
  if (enciphers && ASN1_BIT_STRING_set_bit(usage.get(), kKeyEncipherment, 1) != 1) return false;
  return add_extension(certificate, NID_key_usage, usage.get(), Critical::yes);
}

bool add_server_purpose(X509* certificate) {
  const openssl::Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> purposes(EXTENDED_KEY_USAGE_new());
  if (!purposes || sk_ASN1_OBJECT_push(purposes.get(), OBJ_nid2obj(NID_server_auth)) <= 0) return false;
  return add_extension(certificate, NID_ext_key_usage, purposes.get(), Critical::no);
}

bool say_no_authority(X509* certificate) {
  const openssl::Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(BASIC_CONSTRAINTS_new());
  return constraints && add_extension(certificate, NID_basic_constraints, constraints.get(), Critical::yes);
}

Result<std::string> der_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return cannot_make();
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

// OpenSSL wants a NUL behind it.
SecretBytes as_c_string(const SecretBytes& password) {
  SecretBytes text(password.size() + 1);
  std::copy(password.view().begin(), password.view().end(), text.data());
  return text;
}

// The bytes of an RSA public number, without leading zeros as RFC 7518 6.3.1 wants them.
std::string number_bytes(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
  const openssl::BignumHandle owner(number);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

struct JwkNames {
  KeyAlgorithm algorithm;
  std::string_view kind, signature, curve;
};
constexpr std::array<JwkNames, 5> kJwkNames = {{{KeyAlgorithm::rsa, "RSA", "RS256", ""},
                                                {KeyAlgorithm::p256, "EC", "ES256", "P-256"},
                                                {KeyAlgorithm::p384, "EC", "ES384", "P-384"},
                                                {KeyAlgorithm::p521, "EC", "ES512", "P-521"},
                                                {KeyAlgorithm::ed25519, "OKP", "EdDSA", "Ed25519"}}};

const JwkNames& jwk_names(KeyAlgorithm algorithm) {
  return *std::find_if(kJwkNames.begin(), kJwkNames.end(),
                       [&](const JwkNames& names) { return names.algorithm == algorithm; });
}

void add_public_numbers(json::Value& jwk, const PublicKeyBytes& key, const JwkNames& names) {
  if (key.algorithm == KeyAlgorithm::rsa) {
    const auto opened = open_key(key);
    if (!opened) return;
    jwk.add("n", base64url_encode(number_bytes(opened.get(), OSSL_PKEY_PARAM_RSA_N)));
    jwk.add("e", base64url_encode(number_bytes(opened.get(), OSSL_PKEY_PARAM_RSA_E)));
    return;
  }
  jwk.add("crv", names.curve);
  const std::string_view bytes = key.bytes;
  if (key.algorithm == KeyAlgorithm::ed25519) {
    jwk.add("x", base64url_encode(bytes));
    return;
  }
  // Behind the byte 04 of an uncompressed point stand two coordinates of one length.
  const auto size = (bytes.size() - 1) / 2;
  jwk.add("x", base64url_encode(bytes.substr(1, size)));
  jwk.add("y", base64url_encode(bytes.substr(1 + size)));
}

}  // namespace

Result<Identity> make_self_signed(const SelfSignedRequest& request) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  constexpr long kVersion3 = 2;
  const X509Handle x509(X509_new());
  if (!x509 || X509_set_version(x509.get(), kVersion3) != 1 || !set_serial(x509.get())) return cannot_make();
  // What the request may have wrong comes before the key, which can take half a second.
  TRY(set_validity(x509.get(), request));
  TRY(add_subject(x509.get(), request));
  if (X509_NAME_entry_count(X509_get_subject_name(x509.get())) == 0) {
    return invalid_request("a certificate needs a common name", {});
  }
  if (!say_no_authority(x509.get()) || !add_key_usage(x509.get(), request.algorithm) ||
      !add_server_purpose(x509.get())) {
    return cannot_make();
  }
  TRY(add_alternative_names(x509.get(), request.dns_names));
  TRY_ASSIGN(const auto key, generate_key(request));
  if (X509_set_pubkey(x509.get(), key.get()) != 1 ||
      X509_sign(x509.get(), key.get(), digest_of(request.algorithm)) <= 0) {
    return cannot_make();
  }
  TRY_ASSIGN(const auto der, der_of(x509.get()));
  TRY_ASSIGN(auto certificate, parse_certificate(der));
  TRY_ASSIGN(auto compact, compact_private_key(key.get()));
  return Identity{.certificate = std::move(certificate), .key = std::move(compact), .warnings = {}};
}

Result<SecretBytes> write_pfx(const Certificate& certificate, const PrivateKeyBytes& key,
                              const SecretBytes& password, std::string_view friendly_name,
                              PfxEncryption encryption) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  if (password.view().find('\0') != std::string_view::npos) {
    return invalid_request("the password holds a NUL byte, which a PFX file cannot express", {},
                           "use a password of printable characters");
  }
  const auto x509 = openssl::decode_whole<X509Handle>(d2i_X509, certificate.der);
  const auto private_key = open_key(key);
  if (!x509 || !private_key || X509_check_private_key(x509.get(), private_key.get()) != 1) {
    return fail("Key.Invalid",
                fmt::format("the private key does not belong to certificate '{}'", certificate.subject),
                certificate.thumbprint);
  }

  const bool modern = encryption == PfxEncryption::modern;
  const int cipher = modern ? NID_aes_256_cbc : NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
  const int rounds = modern ? kModernRounds : kLegacyRounds;
  constexpr int kNoMacYet = -1;
  const auto text = as_c_string(password);
  const auto* c_string = reinterpret_cast<const char*>(text.data());
  const std::string name(friendly_name);
  const openssl::Pkcs12Handle file(PKCS12_create(c_string, name.empty() ? nullptr : name.c_str(),
                                                 private_key.get(), x509.get(), nullptr, cipher, cipher,
                                                 rounds, kNoMacYet, 0));
  if (!file ||
      PKCS12_set_mac(file.get(), c_string, -1, nullptr, 0, rounds, modern ? EVP_sha256() : EVP_sha1()) != 1) {
    return fail("Internal.Unexpected", "OpenSSL could not write the PFX file");
  }
  unsigned char* der = nullptr;
  const int size = i2d_PKCS12(file.get(), &der);
  if (size <= 0) return fail("Internal.Unexpected", "OpenSSL could not write the PFX file");
  SecretBytes bytes(std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

std::string to_pem(const Certificate& certificate) {
  const auto body = base64_encode(certificate.der);
  std::string text = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < body.size(); at += kPemLine) {
    text += body.substr(at, kPemLine);
    text += '\n';
  }
  return text + "-----END CERTIFICATE-----\n";
}

std::string to_jwk(const Certificate& certificate) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  const auto& names = jwk_names(certificate.public_key.algorithm);
  auto jwk = json::Value::object();
  jwk.add("kty", names.kind);
  jwk.add("use", "sig");
  jwk.add("alg", names.signature);
  jwk.add("kid", certificate.x5t());
  jwk.add("x5t", certificate.x5t());
  add_public_numbers(jwk, certificate.public_key, names);
  jwk.add("x5c", json::Value::array({json::Value(base64_encode(certificate.der))}));
  return json::dump(jwk);
}

std::string to_jwks(const std::vector<Certificate>& certificates) {
  std::vector<std::string> keys;
  std::ranges::transform(certificates, std::back_inserter(keys), to_jwk);
  return fmt::format("{{\"keys\":[{}]}}", fmt::join(keys, ","));
}

}  // namespace accord
