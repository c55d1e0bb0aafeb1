#include "lib/app/key_in_token.h"

#include <fmt/format.h>

#include "lib/store/certificate.h"

namespace accord {
namespace {

tl::unexpected<Error> another_key(const std::string& uri, const Certificate& certificate) {
  return fail("Key.Invalid",
              fmt::format("the key at '{}' is not that of certificate '{}'", uri, certificate.thumbprint),
              uri,
              "name the certificate's own key: pkcs11-tool --login --list-objects shows those of a token");
}

}  // namespace

Result<Identity> read_identity_in_token(std::string_view content, const std::string& uri) {
  if (content.find("PRIVATE KEY-----") != std::string_view::npos) {
    return fail("Certificate.Invalid", "the file holds a private key, and the key is said to be in a token",
                {}, "give a file with the certificate alone, or leave --key-uri out");
  }
  TRY_ASSIGN(auto certificate, read_certificate(content));
  PrivateKeyBytes bytes{.algorithm = certificate.public_key.algorithm, .bytes = {}, .uri = uri};
  const auto algorithm = s2s_algorithm(bytes.algorithm);
  if (!algorithm) {
    return fail("Key.Invalid", "this kind of key signs no tokens", certificate.thumbprint,
                "use a certificate with an RSA, P-256 or P-384 key");
  }
  TRY_ASSIGN(const auto key, open_signing_key(bytes, certificate));
  // That the token tells the right public key does not mean that it lets us sign.
  TRY(key.sign(*algorithm, "probe"));
  return Identity{.certificate = std::move(certificate), .key = std::move(bytes), .warnings = {}};
}

Result<Key> open_signing_key(const PrivateKeyBytes& bytes, const Certificate& certificate) {
  TRY_ASSIGN(auto key, Key::from_private(bytes));
  if (!bytes.uri.empty() && !key.belongs_to(certificate.public_key))
    return another_key(bytes.uri, certificate);
  return key;
}

Result<void> follow_key(Environment& env, Connection& store, const Identity& identity) {
  TRY_ASSIGN(auto* vault, env.vault());
  const auto stored = load_private_key(store, *vault, identity.certificate);
  if (!stored || stored->uri.empty()) {
    env.warn(
        fmt::format("the store has the private key of '{}' itself and goes on signing with that; the key in "
                    "the token is not used",
                    identity.certificate.thumbprint));
    return {};
  }
  env.verbose(fmt::format("the private key lies at {}", identity.key.uri));
  if (stored->uri == identity.key.uri) return {};
  return store_private_key(store, *vault, identity.certificate, identity.key);
}

}  // namespace accord
