// Keys that sign and verify: OpenSSL's handles stay behind this.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/error.h"
#include "lib/core/json.h"

namespace accord {

// JWS algorithms (RFC 7518 s.3.1, RFC 8037). `none` is no algorithm of a key.
enum class Algorithm {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,
  hs256,
  hs384,
  hs512
};

template <>
struct EnumNames<Algorithm> {
  static constexpr std::array<std::pair<Algorithm, std::string_view>, 13> table = {
      {{Algorithm::rs256, "RS256"},
       {Algorithm::rs384, "RS384"},
       {Algorithm::rs512, "RS512"},
       {Algorithm::ps256, "PS256"},
       {Algorithm::ps384, "PS384"},
       {Algorithm::ps512, "PS512"},
       {Algorithm::es256, "ES256"},
       {Algorithm::es384, "ES384"},
       {Algorithm::es512, "ES512"},
       {Algorithm::eddsa, "EdDSA"},
       {Algorithm::hs256, "HS256"},
       {Algorithm::hs384, "HS384"},
       {Algorithm::hs512, "HS512"}}};
};

// Exact spelling: "rs256" is nullopt (RFC 7515 s.4.1.1).
[[nodiscard]] std::optional<Algorithm> parse_algorithm(std::string_view name);

// What a self-issued token signed by this kind of key says: RS256, ES256, ES384, EdDSA. P-521 has none.
[[nodiscard]] std::optional<Algorithm> s2s_algorithm(KeyAlgorithm key);

class Key {
 public:
  // Quick: no decoder chain. Fails with Key.Invalid (RSA under 2048 bits or with e < 65537 or even, a point
  // off its curve).
  [[nodiscard]] static Result<Key> from_public(const PublicKeyBytes& bytes);
  // With a `uri`, the key in the token: RSA or ECDSA, opened once a process. Then it fails with
  // KeyToken.Unreachable too.
  [[nodiscard]] static Result<Key> from_private(const PrivateKeyBytes& bytes);
  // RFC 7517, public part only; `oct` for HMAC, at least as long as the digest. A key whose `use` is not sig
  // or whose key_ops lack verify is Key.Invalid, and so is an `alg` that its type cannot do.
  [[nodiscard]] static Result<Key> from_jwk(const json::Value& jwk);

  [[nodiscard]] const std::optional<std::string>& id() const;  // kid of a JWK
  // The algorithms it may be used with: the JWK's `alg`, or all that its type and curve can do.
  [[nodiscard]] bool allows(Algorithm algorithm) const;

  // Exact lengths are enforced: RSA the modulus, ECDSA r||s, EdDSA 64. False is the answer to every fault.
  [[nodiscard]] bool verify(Algorithm algorithm, std::string_view message, std::string_view signature) const;
  // Only of a private or oct key. Fails with Key.Invalid when the algorithm does not fit. What a token has
  // signed is verified before it is given out; PSS it does not sign.
  [[nodiscard]] Result<std::string> sign(Algorithm algorithm, std::string_view message) const;

  // Whether this is its public half.
  [[nodiscard]] bool belongs_to(const PublicKeyBytes& bytes) const;

  Key(Key&&) noexcept;
  Key& operator=(Key&&) noexcept;
  ~Key();

 private:
  struct Parts;
  explicit Key(std::unique_ptr<Parts> parts);
  [[nodiscard]] static Result<Key> from_token(const PrivateKeyBytes& bytes);
  [[nodiscard]] Result<std::string> sign_in_token(Algorithm algorithm, std::string_view message) const;
  std::unique_ptr<Parts> parts_;
};

// A file with one public key: a JWK, or PEM or DER of a SubjectPublicKeyInfo or a certificate. An HMAC secret
// comes from an oct JWK only. Fails with Key.Invalid, Json.Invalid.
[[nodiscard]] Result<Key> read_key(std::string_view content);

// A JWK set (RFC 7517 s.5). Keys that cannot be used to verify are left out; none left is Key.Invalid.
[[nodiscard]] Result<std::vector<Key>> read_key_set(std::string_view content);

}  // namespace accord
