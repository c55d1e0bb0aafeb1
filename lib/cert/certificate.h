// X.509: reading certificates and keys that others made, making our own, writing both.
//
// Trust is by pinning, so nothing here builds a chain (protocol.md 4.5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/error.h"

namespace accord {

// One DER certificate, no byte behind it. Accepts any key that can be named; check_key() judges it. Fails
// with Certificate.Invalid.
[[nodiscard]] Result<Certificate> parse_certificate(std::string_view der);

// A file with one certificate: DER, PEM, or base64 of DER (as -CertificateRawData and metadata documents
// carry it). A PEM file with several gives the first.
[[nodiscard]] Result<Certificate> read_certificate(std::string_view content);

// A file of authorities: every certificate of a PEM file, or the one of another form; at least one.
[[nodiscard]] Result<std::vector<Certificate>> read_certificates(std::string_view content);

// RSA 2048..8192 bits with an odd exponent >= 65537 and no ROCA modulus, P-256, P-384, Ed25519;
// digitalSignature if KeyUsage exists. Fails with Certificate.Weak, Certificate.Invalid (protocol.md 4.5).
[[nodiscard]] Result<void> check_key(const Certificate& certificate);

// What is odd and yet accepted, a sentence each: negative serial, SHA-1 signature, expired or not yet valid
// at `now`.
[[nodiscard]] std::vector<std::string> oddities(const Certificate& certificate, Instant now);

struct Identity {
  Certificate certificate = {};
  PrivateKeyBytes key = {};
  std::vector<std::string> warnings = {};  // old encryption, further certificates ignored …
};

// PKCS#12 (Windows' RC2/3DES too, through OpenSSL's legacy provider), or PEM with one private key (encrypted
// or not) and the certificate that matches it. Fails with Certificate.WrongPassword, Certificate.NoKey (none,
// or no certificate matches it), Certificate.Invalid (neither form, cut off, several keys).
[[nodiscard]] Result<Identity> read_identity(std::string_view content, const SecretBytes& password);

// What is asked of a new certificate of our own, whoever signs it.
struct NewCertificate {
  std::string common_name = {};
  std::vector<std::string> dns_names = {};
  std::string organization = {}, organizational_unit = {}, city = {}, state = {},
              country = {};  // may be empty
  // Of a self-signed one; a certification authority decides by itself.
  Instant not_before = {};
  Instant not_after = {};
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;
  int key_size = 2048;  // RSA only: 2048, 3072, 4096
};
// KeyUsage digitalSignature and keyEncipherment (critical; RSA only the second), EKU serverAuth, CA false,
// SHA-256 or what the key implies, random positive serial of 16 bytes.
[[nodiscard]] Result<Identity> make_self_signed(const NewCertificate& wanted);

enum class PfxEncryption { modern, legacy };
// AES-256-CBC with PBKDF2 and SHA-256, or 3DES with SHA-1 for old Windows. Fails with Certificate.NoKey for a
// key in a token, Key.Invalid for one of another certificate.
[[nodiscard]] Result<SecretBytes> write_pfx(const Certificate& certificate, const PrivateKeyBytes& key,
                                            const SecretBytes& password, std::string_view friendly_name,
                                            PfxEncryption encryption = PfxEncryption::modern);
[[nodiscard]] std::string to_pem(const Certificate& certificate);
// The public key as a JWK with x5t, x5c, use and alg (RFC 7517), as JSON text in one line.
[[nodiscard]] std::string to_jwk(const Certificate& certificate);
// A JWK set of them, in their order.
[[nodiscard]] std::string to_jwks(const std::vector<Certificate>& certificates);

}  // namespace accord
