// Keys between OpenSSL's form and the compact one of lib/core/certificate.h, for the sources of lib/cert
// alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/cert/openssl.h"
#include "lib/core/certificate.h"
#include "lib/core/error.h"

namespace accord {

// The certificate, whole, without its public key opened: OpenSSL would search all its providers for a
// decoder, which is most of the time that a certificate takes. X509_get0_pubkey gives nothing here;
// compact_public_key reads the key.
[[nodiscard]] openssl::X509Handle decode_certificate(std::string_view der);

struct CertificateKey {
  PublicKeyBytes bytes = {};
  std::int64_t size = 0;  // key_bits
};
// Fails with Certificate.Invalid, naming the kind of key: one that KeyAlgorithm has no name for, or one that
// is broken.
[[nodiscard]] Result<CertificateKey> compact_public_key(const X509* certificate);
[[nodiscard]] Result<PublicKeyBytes> public_half_of(const EVP_PKEY* private_key);
[[nodiscard]] Result<PrivateKeyBytes> compact_private_key(EVP_PKEY* key);

// The way back. Null when the bytes are no such key.
[[nodiscard]] openssl::KeyHandle open_key(const PublicKeyBytes& key);
[[nodiscard]] openssl::KeyHandle open_key(const PrivateKeyBytes& key);

// Bits: the modulus of RSA, the order of the curve otherwise.
[[nodiscard]] std::int64_t key_bits(const EVP_PKEY* key);

// SHA-256, or what the curve implies; null for Ed25519, which digests by itself.
[[nodiscard]] const EVP_MD* digest_of(KeyAlgorithm algorithm);

}  // namespace accord
