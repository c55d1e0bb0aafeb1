// What every layer knows of a certificate and a key: plain data. Reading X.509 is lib/cert's work, storing it
// lib/store's, signing with it lib/token's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/parse.h"
#include "lib/core/secret.h"
#include "lib/core/time.h"

namespace accord {

enum class KeyAlgorithm { rsa, p256, p384, p521, ed25519 };

template <>
struct EnumNames<KeyAlgorithm> {
  static constexpr std::array<std::pair<KeyAlgorithm, std::string_view>, 5> table = {{
      {KeyAlgorithm::rsa, "RSA"},
      {KeyAlgorithm::p256, "P-256"},
      {KeyAlgorithm::p384, "P-384"},
      {KeyAlgorithm::p521, "P-521"},
      {KeyAlgorithm::ed25519, "Ed25519"},
  }};
};

// In the form that is quickest to load: RSA: PKCS#1 RSAPublicKey, DER (RFC 8017 A.1.1); P-*: the uncompressed
// point (SEC 1, 2.3.3); Ed25519: the 32 bytes of RFC 8032.
struct PublicKeyBytes {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;
  std::string bytes = {};
};

// RSA: PKCS#1 RSAPrivateKey, DER; P-*: SEC 1 ECPrivateKey with parameters and public key, DER; Ed25519: the
// 32-byte seed.
struct PrivateKeyBytes {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;
  SecretBytes bytes = {};
  // Where the key lies that never leaves its token ("pkcs11:…", RFC 7512, without a PIN); `bytes` is empty
  // then.
  std::string uri = {};
};

struct Certificate {
  std::string der = {};
  std::string thumbprint = {};  // SHA-1 of the DER, 40 upper-case hex digits
  std::string sha256 = {};      // SHA-256 of the DER, 64 upper-case hex digits; this one pins
  std::string subject = {};     // RFC 2253 order, "CN=…,O=…"
  std::string issuer = {};
  std::string serial_number = {};  // upper-case hex, a leading "-" if negative
  Instant not_before = {};
  Instant not_after = {};  // the last second in which it is valid
  std::vector<std::string> alternative_names = {};
  PublicKeyBytes public_key = {};
  std::int64_t key_size = 0;  // bits: modulus of RSA, order of the curve otherwise
  // `kid` of the JWK that it came in, of a trusted key alone: a token may name the key by it.
  std::optional<std::string> kid = {};

  // base64url of the 20-byte SHA-1, 27 characters (RFC 7515 s.4.1.7).
  [[nodiscard]] std::string x5t() const;
  [[nodiscard]] bool valid_at(Instant at) const { return not_before <= at && at <= not_after; }
};

// One use of a certificate of ours ("OAuthTokenIssuer"), from its effective date on until a later one takes
// over.
struct CertificateAssignment {
  std::string use = {};
  std::string thumbprint = {};
  Instant effective = {};
  Instant updated = {};    // when the row was last written
  Instant published = {};  // since when partners can have read it in our metadata
  // The last second in which it may have signed, as was known when the row was written; nullopt: never.
  std::optional<Instant> signed_until = {};
};

// From `from` on, tokens that this key of ours signed are refused, though the last of them may live until
// `until`.
struct RefusedSigner {
  std::string thumbprint = {};
  Instant from = {};
  Instant until = {};
  friend bool operator==(const RefusedSigner&, const RefusedSigner&) = default;
};

}  // namespace accord
