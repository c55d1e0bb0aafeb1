#include "lib/cert/make.h"

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
#include "lib/cert/pem.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"

namespace accord {

namespace {

using openssl::ExtensionsHandle;
using openssl::KeyHandle;
using openssl::X509Handle;

constexpr std::size_t kSerialSize = 16;
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

Result<void> set_validity(X509* certificate, const NewCertificate& wanted) {
  if (wanted.not_after < wanted.not_before) {
    return invalid_request(
        fmt::format("the validity ends at '{}', before it begins", format_instant(wanted.not_after)),
        format_instant(wanted.not_after));
  }
  const bool in_range = wanted.not_before >= Instant{} && wanted.not_after <= kLatestInstant;
  if (!in_range || !set_time(X509_getm_notBefore(certificate), wanted.not_before) ||
      !set_time(X509_getm_notAfter(certificate), wanted.not_after)) {
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

enum class Critical : int { no = 0, yes = 1 };

bool add_extension(ExtensionsHandle& extensions, int nid, void* value, Critical critical) {
  auto* stack = extensions.release();  // which the call may replace
  const int added = X509V3_add1_i2d(&stack, nid, value, static_cast<int>(critical), X509V3_ADD_DEFAULT);
  extensions.reset(stack);
  return added == 1;
}

Result<void> add_alternative_names(ExtensionsHandle& extensions, const std::vector<std::string>& dns_names) {
  if (dns_names.empty()) return {};
  const openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(GENERAL_NAMES_new());
  for (const auto& name : dns_names) {
    if (!is_dns_text(name)) return invalid_request(fmt::format("'{}' is not a domain name", name), name);
    if (!names || !add_name(names.get(), name)) return cannot_make();
  }
  if (!add_extension(extensions, NID_subject_alt_name, names.get(), Critical::no)) return cannot_make();
  return {};
}

bool add_key_usage(ExtensionsHandle& extensions, KeyAlgorithm algorithm) {
  constexpr int kDigitalSignature = 0;
  constexpr int kKeyEncipherment = 2;
  const openssl::Handle<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage(ASN1_BIT_STRING_new());
  if (!usage || ASN1_BIT_STRING_set_bit(usage.get(), kDigitalSignature, 1) != 1) return false;
  // Only RSA can encipher keys.
  const bool enciphers = algorithm == KeyAlgorithm::rsa;
  if (enciphers && ASN1_BIT_STRING_set_bit(usage.get(), kKeyEncipherment, 1) != 1) return false;
  return add_extension(extensions, NID_key_usage, usage.get(), Critical::yes);
}

bool add_server_purpose(ExtensionsHandle& extensions) {
  const openssl::Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> purposes(EXTENDED_KEY_USAGE_new());
  if (!purposes || sk_ASN1_OBJECT_push(purposes.get(), OBJ_nid2obj(NID_server_auth)) <= 0) return false;
  return add_extension(extensions, NID_ext_key_usage, purposes.get(), Critical::no);
}

bool say_no_authority(X509* certificate) {
  const openssl::Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(BASIC_CONSTRAINTS_new());
  return constraints && X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints.get(),
                                          static_cast<int>(Critical::yes), X509V3_ADD_DEFAULT) == 1;
}

Result<void> add_extensions(X509* certificate, const NewCertificate& wanted) {
  if (!say_no_authority(certificate)) return cannot_make();
  TRY_ASSIGN(const auto extensions, extensions_of(wanted));
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions.get()); ++i) {
    if (X509_add_ext(certificate, sk_X509_EXTENSION_value(extensions.get(), i), -1) != 1)
      return cannot_make();
  }
  return {};
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

Result<KeyHandle> generate_key(const NewCertificate& wanted) {
  EVP_PKEY* key = nullptr;
  switch (wanted.algorithm) {
    case KeyAlgorithm::rsa:
      if (wanted.key_size != 2048 && wanted.key_size != 3072 && wanted.key_size != 4096) {
        return invalid_request(fmt::format("an RSA key of '{}' bits is not offered", wanted.key_size), {},
                               "use 2048, 3072 or 4096");
      }
      key = EVP_RSA_gen(static_cast<unsigned>(wanted.key_size));
      break;
    case KeyAlgorithm::p256:
    case KeyAlgorithm::p384:
      key = EVP_EC_gen(wanted.algorithm == KeyAlgorithm::p256 ? "P-256" : "P-384");
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
Result<void> add_subject(X509_NAME* name, const NewCertificate& wanted) {
  struct Part {
    std::string_view parameter;
    int nid;
    const std::string& value;
  };
  const std::array<Part, 6> parts = {
      {{"country", NID_countryName, wanted.country},
       {"state", NID_stateOrProvinceName, wanted.state},
       {"city", NID_localityName, wanted.city},
       {"organization", NID_organizationName, wanted.organization},
       {"organizational unit", NID_organizationalUnitName, wanted.organizational_unit},
       {"common name", NID_commonName, wanted.common_name}}};
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
  if (X509_NAME_entry_count(name) == 0) return invalid_request("a certificate needs a common name", {});
  return {};
}

Result<ExtensionsHandle> extensions_of(const NewCertificate& wanted) {
  ExtensionsHandle extensions;
  if (!add_key_usage(extensions, wanted.algorithm) || !add_server_purpose(extensions)) return cannot_make();
  TRY(add_alternative_names(extensions, wanted.dns_names));
  return extensions;
}

Result<Identity> make_self_signed(const NewCertificate& wanted) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  constexpr long kVersion3 = 2;
  const X509Handle x509(X509_new());
  if (!x509 || X509_set_version(x509.get(), kVersion3) != 1 || !set_serial(x509.get())) return cannot_make();
  // What was asked for may be wrong; that comes before the key, which can take half a second.
  TRY(set_validity(x509.get(), wanted));
  auto* subject = X509_get_subject_name(x509.get());
  TRY(add_subject(subject, wanted));
  if (X509_set_issuer_name(x509.get(), subject) != 1) return cannot_make();
  TRY(add_extensions(x509.get(), wanted));
  TRY_ASSIGN(const auto key, generate_key(wanted));
  if (X509_set_pubkey(x509.get(), key.get()) != 1 ||
      X509_sign(x509.get(), key.get(), digest_of(wanted.algorithm)) <= 0) {
    return cannot_make();
  }
  const auto der = openssl::encode_whole(i2d_X509, x509.get());
  if (der.empty()) return cannot_make();
  TRY_ASSIGN(auto certificate, parse_certificate(der));
  TRY_ASSIGN(auto compact, compact_private_key(key.get()));
  return Identity{.certificate = std::move(certificate), .key = std::move(compact), .warnings = {}};
}

Result<SecretBytes> write_pfx(const Certificate& certificate, const PrivateKeyBytes& key,
                              const SecretBytes& password, std::string_view friendly_name,
                              PfxEncryption encryption) {
  if (!key.uri.empty()) {
    return fail(
        "Certificate.NoKey",
        fmt::format("the private key of '{}' stays in its token, {}", certificate.thumbprint, key.uri),
        certificate.thumbprint,
        "leave --include-private-key out; a token is copied with its own tools, if it allows that at all");
  }
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
  return pem_text("CERTIFICATE", certificate.der);
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
