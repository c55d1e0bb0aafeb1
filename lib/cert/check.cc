// Whether a certificate's key is fit to be trusted or signed with, and what is odd about a certificate.
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>

#include <array>
#include <cstdint>

#include "lib/cert/certificate.h"
#include "lib/cert/key.h"
#include "lib/cert/openssl.h"
#include "lib/core/digest.h"

namespace accord {

namespace {

constexpr std::int64_t kSmallestModulus = 2048;
constexpr std::int64_t kLargestModulus = 8192;
constexpr BN_ULONG kSmallestExponent = 65537;

constexpr std::string_view kStrongKeys =
    "use a certificate with an RSA key of 2048 to 8192 bits, or a P-256, P-384 or Ed25519 key";

tl::unexpected<Error> weak(const Certificate& certificate, std::string_view why) {
  return fail("Certificate.Weak", fmt::format("the key of certificate '{}' {}", certificate.subject, why),
              certificate.thumbprint, std::string(kStrongKeys));
}

// The faulty library of CVE-2017-15361 made primes that are powers of 65537 modulo every small prime; so is
// their product. For each small prime p, bit r of the mask says whether r is such a power.
struct ResidueMask {
  unsigned prime = 0;
  std::array<bool, 168> is_power = {};
};

constexpr ResidueMask powers_of_65537(unsigned prime) {
  ResidueMask mask{.prime = prime, .is_power = {}};
  unsigned power = 1;
  do {
    mask.is_power[power] = true;
    power = power * (65537 % prime) % prime;
  } while (power != 1);
  return mask;
}

constexpr std::array<unsigned, 38> kSmallPrimes = {
    3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

bool has_roca_fingerprint(const BIGNUM* modulus) {
  for (const auto prime : kSmallPrimes) {
    const auto mask = powers_of_65537(prime);
    if (!mask.is_power[BN_mod_word(modulus, prime)]) return false;
  }
  return true;
}

openssl::BignumHandle number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return nullptr;
  return openssl::BignumHandle(number);
}

bool is_odd_and_large_enough(const BIGNUM* exponent) {
  const openssl::BignumHandle smallest(BN_new());
  if (!smallest || BN_set_word(smallest.get(), kSmallestExponent) != 1) return false;
  return BN_is_odd(exponent) != 0 && BN_cmp(exponent, smallest.get()) >= 0;
}

Result<void> check_rsa(const Certificate& certificate) {
  const auto bits = certificate.key_size;
  if (bits < kSmallestModulus) return weak(certificate, fmt::format("has {} bits; 2048 are the least", bits));
  if (bits > kLargestModulus) return weak(certificate, fmt::format("has {} bits; 8192 are the most", bits));
  const auto key = open_key(certificate.public_key);
  const auto modulus = key ? number_of(key.get(), OSSL_PKEY_PARAM_RSA_N) : nullptr;
  const auto exponent = key ? number_of(key.get(), OSSL_PKEY_PARAM_RSA_E) : nullptr;
  if (!modulus || !exponent) {
    return fail("Certificate.Invalid",
                fmt::format("the key of certificate '{}' cannot be read", certificate.subject),
                certificate.thumbprint);
  }
  if (!is_odd_and_large_enough(exponent.get())) {
    return weak(certificate, "has a public exponent that is even or below 65537");
  }
  if (has_roca_fingerprint(modulus.get())) {
    return weak(certificate, "was made by a faulty key generator (ROCA, CVE-2017-15361)");
  }
  return {};
}

// Absent is no restriction; present without digitalSignature is one.
Result<void> check_usage(const Certificate& certificate) {
  const auto x509 = decode_certificate(certificate.der);
  int critical = 0;
  const openssl::Handle<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage(static_cast<ASN1_BIT_STRING*>(
      x509 ? X509_get_ext_d2i(x509.get(), NID_key_usage, &critical, nullptr) : nullptr));
  constexpr int kAbsent = -1;
  if (x509 && !usage && critical == kAbsent) return {};
  if (!usage) {
    return fail("Certificate.Invalid",
                fmt::format("the key usage of certificate '{}' cannot be read", certificate.subject),
                certificate.thumbprint);
  }
  constexpr int kDigitalSignature = 0;
  if (ASN1_BIT_STRING_get_bit(usage.get(), kDigitalSignature) == 1) return {};
  return fail(
      "Certificate.Invalid",
      fmt::format("the key usage of certificate '{}' does not allow digital signatures", certificate.subject),
      certificate.thumbprint, "use a certificate whose KeyUsage includes digitalSignature, or has none");
}

bool is_signed_with_sha1(const Certificate& certificate) {
  const auto x509 = decode_certificate(certificate.der);
  int digest = NID_undef;
  if (!x509 || OBJ_find_sigid_algs(X509_get_signature_nid(x509.get()), &digest, nullptr) != 1) return false;
  return digest == NID_sha1;
}

}  // namespace

Result<void> check_key(const Certificate& certificate) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  switch (certificate.public_key.algorithm) {
    case KeyAlgorithm::rsa:
      TRY(check_rsa(certificate));
      break;
    case KeyAlgorithm::p521:
      return weak(certificate, "is on P-521, which no partner verifies");
    case KeyAlgorithm::p256:
    case KeyAlgorithm::p384:
    case KeyAlgorithm::ed25519:
      break;
  }
  return check_usage(certificate);
}

std::vector<std::string> oddities(const Certificate& certificate, Instant now) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  std::vector<std::string> found;
  const auto add = [&](std::string_view what) {
    found.push_back(
        fmt::format("certificate '{}' ({}) {}", certificate.subject, certificate.thumbprint, what));
  };
  if (certificate.serial_number.starts_with('-')) add("has a negative serial number");
  if (is_signed_with_sha1(certificate)) add("is signed with SHA-1");
  if (now > certificate.not_after) {
    add(fmt::format("expired at {}", format_instant(certificate.not_after)));
  }
  if (now < certificate.not_before) {
    add(fmt::format("is not valid before {}", format_instant(certificate.not_before)));
  }
  return found;
}

}  // namespace accord
