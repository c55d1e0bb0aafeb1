#include "lib/cert/key.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include <array>
#include <optional>
#include <string_view>

namespace accord {

namespace {

using openssl::BignumHandle;
using openssl::KeyHandle;

constexpr std::size_t kEd25519Size = 32;

constexpr std::string_view kUsableKeys = "use a certificate with an RSA, P-256, P-384 or Ed25519 key";

struct Curve {
  KeyAlgorithm algorithm;
  int nid;
  std::size_t field_size;
};
constexpr std::array<Curve, 3> kCurves = {{{KeyAlgorithm::p256, NID_X9_62_prime256v1, 32},
                                           {KeyAlgorithm::p384, NID_secp384r1, 48},
                                           {KeyAlgorithm::p521, NID_secp521r1, 66}}};

const Curve* curve_of(KeyAlgorithm algorithm) {
  for (const auto& curve : kCurves) {
    if (curve.algorithm == algorithm) return &curve;
  }
  return nullptr;
}

std::optional<KeyAlgorithm> algorithm_of_curve(int nid) {
  for (const auto& curve : kCurves) {
    if (curve.nid == nid) return curve.algorithm;
  }
  return std::nullopt;
}

std::string name_of(const ASN1_OBJECT* object) {
  std::array<char, 128> text = {};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 0);
  return text.data();
}

tl::unexpected<Error> unnamed_key(std::string_view kind) {
  return fail("Certificate.Invalid", fmt::format("keys of the kind '{}' are not supported", kind), {},
              std::string(kUsableKeys));
}

// The kind of key that a certificate states. A curve must be named: parameters spelled out can describe a
// curve that only looks like the real one (CVE-2020-0601).
Result<KeyAlgorithm> stated_algorithm(const ASN1_OBJECT* object, const X509_ALGOR* stated) {
  int parameter_type = V_ASN1_UNDEF;
  const void* parameter = nullptr;
  X509_ALGOR_get0(nullptr, &parameter_type, &parameter, stated);
  switch (OBJ_obj2nid(object)) {
    case NID_rsaEncryption:
      return KeyAlgorithm::rsa;
    case NID_ED25519:
      // RFC 8410, 3: the parameters must be absent.
      if (parameter_type != V_ASN1_UNDEF) return unnamed_key("Ed25519 with parameters");
      return KeyAlgorithm::ed25519;
    case NID_X9_62_id_ecPublicKey: {
      if (parameter_type != V_ASN1_OBJECT) return unnamed_key("EC with explicit parameters");
      const auto* curve = static_cast<const ASN1_OBJECT*>(parameter);
      if (const auto algorithm = algorithm_of_curve(OBJ_obj2nid(curve))) return *algorithm;
      return unnamed_key("EC on the curve " + name_of(curve));
    }
    default:
      return unnamed_key(name_of(object));
  }
}

Result<KeyAlgorithm> private_algorithm(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return KeyAlgorithm::rsa;
    case EVP_PKEY_ED25519:
      return KeyAlgorithm::ed25519;
    case EVP_PKEY_EC: {
      std::array<char, 64> name = {};
      std::size_t size = 0;
      if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) {
        return unnamed_key("EC with explicit parameters");
      }
      if (const auto algorithm = algorithm_of_curve(OBJ_sn2nid(name.data()))) return *algorithm;
      return unnamed_key(fmt::format("EC on the curve {}", name.data()));
    }
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return unnamed_key(name != nullptr ? name : "unknown");
    }
  }
}

tl::unexpected<Error> broken_key() {
  return fail("Certificate.Invalid", "the public key of the certificate is not a valid key", {},
              "ask for the certificate again; the file may be damaged");
}

bool append_coordinate(const EVP_PKEY* key, const char* name, std::size_t size, std::string& point) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return false;
  const BignumHandle owner(number);
  std::string bytes(size, '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) < 0) {
    return false;
  }
  point += bytes;
  return true;
}

// Uncompressed whatever the certificate says: compressed points are legal and rare.
std::optional<std::string> point_of(const EVP_PKEY* key, std::size_t field_size) {
  std::string point(1, '\x04');
  if (!append_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, field_size, point)) return std::nullopt;
  if (!append_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, field_size, point)) return std::nullopt;
  return point;
}

std::optional<std::string> rsa_public_key(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PublicKey(key, &der);
  if (size <= 0) return std::nullopt;
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::optional<std::string> ed25519_public_key(const EVP_PKEY* key) {
  std::string bytes(kEd25519Size, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::string> public_bytes(const EVP_PKEY* key, KeyAlgorithm algorithm) {
  if (const auto* curve = curve_of(algorithm)) return point_of(key, curve->field_size);
  return algorithm == KeyAlgorithm::rsa ? rsa_public_key(key) : ed25519_public_key(key);
}

std::optional<SecretBytes> ed25519_seed(const EVP_PKEY* key) {
  SecretBytes seed(kEd25519Size);
  std::size_t size = seed.size();
  if (EVP_PKEY_get_raw_private_key(key, seed.data(), &size) != 1) return std::nullopt;
  return seed;
}

// A PKCS#8 file may lack the public half; our form always has it.
bool write_ec_keys_in_full(EVP_PKEY* key) {
  return EVP_PKEY_set_int_param(key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 1) == 1 &&
         EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                        OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1 &&
         EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) == 1;
}

std::optional<SecretBytes> traditional_form(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(key, &der);
  if (size <= 0) return std::nullopt;
  SecretBytes bytes(std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

KeyHandle open_point(const Curve& curve, std::string_view point) {
  openssl::Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  // OSSL_PARAM has no const, and does not write through these either.
  std::string group(OBJ_nid2sn(curve.nid));
  std::string bytes(point);
  std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) return nullptr;
  return KeyHandle(key);
}

// Nothing can be fetched from it, and so nothing is searched for. Made once; it lives as long as the process.
OSSL_LIB_CTX* context_without_providers() {
  static OSSL_LIB_CTX* const context = [] {
    auto* made = OSSL_LIB_CTX_new();
    // Without a provider of its own it would load the default one.
    if (made != nullptr) OSSL_PROVIDER_load(made, "null");
    return made;
  }();
  return context;
}

template <class Decode>
KeyHandle decode_key(Decode decode, int type, std::string_view der) {
  return openssl::decode_whole<KeyHandle>(
      [&](EVP_PKEY** key, const unsigned char** at, long size) { return decode(type, key, at, size); }, der);
}

}  // namespace

openssl::X509Handle decode_certificate(std::string_view der) {
  auto* const previous = OSSL_LIB_CTX_set0_default(context_without_providers());
  auto certificate = openssl::decode_whole<openssl::X509Handle>(d2i_X509, der);
  OSSL_LIB_CTX_set0_default(previous);
  return certificate;
}

Result<CertificateKey> compact_public_key(const X509* certificate) {
  const openssl::CleanErrors clean;
  ASN1_OBJECT* object = nullptr;
  X509_ALGOR* stated = nullptr;
  const unsigned char* content = nullptr;
  int size = 0;
  if (X509_PUBKEY_get0_param(&object, &content, &size, &stated, X509_get_X509_PUBKEY(certificate)) != 1) {
    return fail("Certificate.Invalid", "the certificate has no public key");
  }
  TRY_ASSIGN(const auto algorithm, stated_algorithm(object, stated));
  const std::string_view text(reinterpret_cast<const char*>(content), static_cast<std::size_t>(size));
  const auto key = open_key(PublicKeyBytes{.algorithm = algorithm, .bytes = std::string(text)});
  // Written anew: a compressed point and loose DER are legal, and each key shall have one form here.
  auto bytes = key ? public_bytes(key.get(), algorithm) : std::nullopt;
  if (!bytes) return broken_key();
  return CertificateKey{.bytes = {.algorithm = algorithm, .bytes = *std::move(bytes)},
                        .size = key_bits(key.get())};
}

Result<PublicKeyBytes> public_half_of(const EVP_PKEY* private_key) {
  const openssl::CleanErrors clean;
  TRY_ASSIGN(const auto algorithm, private_algorithm(private_key));
  auto bytes = public_bytes(private_key, algorithm);
  if (!bytes) return fail("Certificate.Invalid", "the private key is not a valid key");
  return PublicKeyBytes{.algorithm = algorithm, .bytes = *std::move(bytes)};
}

Result<PrivateKeyBytes> compact_private_key(EVP_PKEY* key) {
  const openssl::CleanErrors clean;
  TRY_ASSIGN(const auto algorithm, private_algorithm(key));
  const bool on_curve = curve_of(algorithm) != nullptr;
  std::optional<SecretBytes> bytes;
  if (algorithm == KeyAlgorithm::ed25519) {
    bytes = ed25519_seed(key);
  } else if (!on_curve || write_ec_keys_in_full(key)) {
    bytes = traditional_form(key);
  }
  if (!bytes) return fail("Certificate.Invalid", "the private key is not a valid key");
  return PrivateKeyBytes{.algorithm = algorithm, .bytes = *std::move(bytes)};
}

KeyHandle open_key(const PublicKeyBytes& key) {
  const openssl::CleanErrors clean;
  if (const auto* curve = curve_of(key.algorithm)) return open_point(*curve, key.bytes);
  if (key.algorithm == KeyAlgorithm::rsa) return decode_key(d2i_PublicKey, EVP_PKEY_RSA, key.bytes);
  return KeyHandle(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, openssl::bytes_of(key.bytes), key.bytes.size()));
}

KeyHandle open_key(const PrivateKeyBytes& key) {
  const openssl::CleanErrors clean;
  if (key.algorithm == KeyAlgorithm::ed25519) {
    return KeyHandle(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
  }
  const int type = key.algorithm == KeyAlgorithm::rsa ? EVP_PKEY_RSA : EVP_PKEY_EC;
  return decode_key(d2i_PrivateKey, type, key.bytes.view());
}

std::int64_t key_bits(const EVP_PKEY* key) {
  // OpenSSL counts the bits of Ed25519 as 253 (its order) and of P-521 as 521.
  return EVP_PKEY_get_bits(key);
}

const EVP_MD* digest_of(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::rsa:
    case KeyAlgorithm::p256:
      return EVP_sha256();
    case KeyAlgorithm::p384:
      return EVP_sha384();
    case KeyAlgorithm::p521:
      return EVP_sha512();
    case KeyAlgorithm::ed25519:
      return nullptr;
  }
  return nullptr;
}

}  // namespace accord
