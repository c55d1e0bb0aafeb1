#include "lib/cert/password_based.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/provider.h>

#include <array>
#include <optional>
#include <string_view>

#include "lib/cert/openssl.h"

namespace accord {

namespace {

enum class Age { current, old, old_and_in_module };

struct Cipher {
  int nid;
  std::string_view name;
  Age age;
};

// The schemes of PKCS#12 (RFC 7292 B) and PKCS#5 v1 (RFC 8018 A.3): each names cipher and digest in one.
constexpr std::array<Cipher, 12> kSchemes = {{
    {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "3DES", Age::old},
    {NID_pbe_WithSHA1And2_Key_TripleDES_CBC, "3DES", Age::old},
    {NID_pbe_WithSHA1And40BitRC2_CBC, "RC2", Age::old_and_in_module},
    {NID_pbe_WithSHA1And128BitRC2_CBC, "RC2", Age::old_and_in_module},
    {NID_pbe_WithSHA1And40BitRC4, "RC4", Age::old_and_in_module},
    {NID_pbe_WithSHA1And128BitRC4, "RC4", Age::old_and_in_module},
    {NID_pbeWithMD5AndDES_CBC, "DES", Age::old_and_in_module},
    {NID_pbeWithSHA1AndDES_CBC, "DES", Age::old_and_in_module},
    {NID_pbeWithMD2AndDES_CBC, "DES", Age::old_and_in_module},
    {NID_pbeWithMD5AndRC2_CBC, "RC2", Age::old_and_in_module},
    {NID_pbeWithSHA1AndRC2_CBC, "RC2", Age::old_and_in_module},
    {NID_pbeWithMD2AndRC2_CBC, "RC2", Age::old_and_in_module},
}};

// The ciphers of PBES2 (RFC 8018 6.2).
constexpr std::array<Cipher, 6> kCiphers = {{
    {NID_aes_128_cbc, "AES", Age::current},
    {NID_aes_192_cbc, "AES", Age::current},
    {NID_aes_256_cbc, "AES", Age::current},
    {NID_des_ede3_cbc, "3DES", Age::old},
    {NID_des_cbc, "DES", Age::old_and_in_module},
    {NID_rc2_cbc, "RC2", Age::old_and_in_module},
}};

template <class Table>
const Cipher* find_cipher(const Table& table, int nid) {
  for (const auto& cipher : table) {
    if (cipher.nid == nid) return &cipher;
  }
  return nullptr;
}

struct Stated {
  int nid = NID_undef;
  std::string name = {};
  std::string_view parameters = {};  // DER of a SEQUENCE; empty when there is none
};

Stated stated(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  std::array<char, 128> name = {};
  OBJ_obj2txt(name.data(), static_cast<int>(name.size()), object, 0);
  Stated result{.nid = OBJ_obj2nid(object), .name = name.data(), .parameters = {}};
  if (type == V_ASN1_SEQUENCE && value != nullptr) {
    const auto* text = static_cast<const ASN1_STRING*>(value);
    result.parameters = {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                         static_cast<std::size_t>(ASN1_STRING_length(text))};
  }
  return result;
}

tl::unexpected<Error> unsupported(std::string_view name) {
  return fail("Certificate.Invalid",
              fmt::format("the file is encrypted with '{}', which is not supported", name), {},
              "export it again with AES-256 and SHA-256");
}

tl::unexpected<Error> unreadable() {
  return fail("Certificate.Invalid", "the encryption parameters of the file cannot be read", {},
              "copy or export the file again");
}

// A count that lies in [1, kMostRounds]; nullopt for any other.
std::optional<std::int64_t> count_of(const ASN1_INTEGER* number) {
  std::int64_t value = 0;
  if (number == nullptr || ASN1_INTEGER_get_int64(&value, number) != 1) return std::nullopt;
  if (value < 1 || value > kMostRounds) return std::nullopt;
  return value;
}

std::optional<std::int64_t> product(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b || *a > kMostRounds / *b) return std::nullopt;
  return *a * *b;
}

std::optional<std::int64_t> derivation_rounds(const Stated& derivation) {
  if (derivation.nid == NID_id_pbkdf2) {
    using Parameters = openssl::Handle<PBKDF2PARAM, PBKDF2PARAM_free>;
    const auto read = openssl::decode_whole<Parameters>(d2i_PBKDF2PARAM, derivation.parameters);
    return read ? count_of(read->iter) : std::nullopt;
  }
  if (derivation.nid == NID_id_scrypt) {
    using Parameters = openssl::Handle<SCRYPT_PARAMS, SCRYPT_PARAMS_free>;
    const auto read = openssl::decode_whole<Parameters>(d2i_SCRYPT_PARAMS, derivation.parameters);
    if (!read) return std::nullopt;
    return product(product(count_of(read->costParameter), count_of(read->blockSize)),
                   count_of(read->parallelizationParameter));
  }
  return std::nullopt;
}

tl::unexpected<Error> too_many_rounds() {
  return fail(
      "Certificate.Invalid",
      fmt::format("the key derivation of the file is damaged or asks for more than {} rounds", kMostRounds),
      {}, "export the file again with fewer rounds");
}

PasswordBasedEncryption described(const Cipher& cipher, std::int64_t rounds) {
  return {.old_cipher = cipher.age == Age::current ? std::string() : std::string(cipher.name),
          .needs_legacy_module = cipher.age == Age::old_and_in_module,
          .rounds = rounds};
}

Result<PasswordBasedEncryption> examine_pbes2(const Stated& scheme) {
  using Parameters = openssl::Handle<PBE2PARAM, PBE2PARAM_free>;
  const auto read = openssl::decode_whole<Parameters>(d2i_PBE2PARAM, scheme.parameters);
  if (!read) return unreadable();
  const auto derivation = stated(read->keyfunc);
  if (derivation.nid != NID_id_pbkdf2 && derivation.nid != NID_id_scrypt) return unsupported(derivation.name);
  const auto cipher_stated = stated(read->encryption);
  const auto* cipher = find_cipher(kCiphers, cipher_stated.nid);
  if (cipher == nullptr) return unsupported(cipher_stated.name);
  const auto rounds = derivation_rounds(derivation);
  if (!rounds) return too_many_rounds();
  return described(*cipher, *rounds);
}

}  // namespace

Result<PasswordBasedEncryption> examine_encryption(const X509_ALGOR* algorithm) {
  const openssl::CleanErrors clean;
  if (algorithm == nullptr) return unreadable();
  const auto scheme = stated(algorithm);
  if (scheme.nid == NID_pbes2) return examine_pbes2(scheme);
  const auto* cipher = find_cipher(kSchemes, scheme.nid);
  if (cipher == nullptr) return unsupported(scheme.name);
  using Parameters = openssl::Handle<PBEPARAM, PBEPARAM_free>;
  const auto read = openssl::decode_whole<Parameters>(d2i_PBEPARAM, scheme.parameters);
  if (!read) return unreadable();
  const auto rounds = count_of(read->iter);
  if (!rounds) return too_many_rounds();
  return described(*cipher, *rounds);
}

LegacyModule::~LegacyModule() {
  if (provider_ != nullptr) OSSL_PROVIDER_unload(provider_);
}

Result<void> LegacyModule::load() {
  if (provider_ != nullptr) return {};
  const openssl::CleanErrors clean;
  const char* folder = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
  // Keeping the fallbacks leaves the default provider as it is, loaded or to be loaded on first use.
  constexpr int kKeepFallbacks = 1;
  if (folder != nullptr && OSSL_PROVIDER_set_default_search_path(nullptr, folder) == 1) {
    provider_ = OSSL_PROVIDER_try_load(nullptr, "legacy", kKeepFallbacks);
  }
  if (provider_ != nullptr) return {};
  return fail(
      "Certificate.Invalid",
      fmt::format("the file is encrypted with an old cipher, which needs OpenSSL's module '{}/legacy.so'",
                  folder != nullptr ? folder : "ossl-modules"),
      {}, "install the package libssl3, or export the file again with AES-256 and SHA-256");
}

}  // namespace accord
