#include "lib/app/token_signer.h"

#include <fmt/format.h>

#include <utility>

#include "lib/app/our_certificates.h"

namespace accord {

Result<TokenSigner> open_signer(Connection& store, KeyVault& vault, Certificate certificate) {
  TRY_ASSIGN(const auto bytes, load_private_key(store, vault, certificate));
  TRY_ASSIGN(auto key, open_signing_key(bytes, certificate));
  const auto algorithm = s2s_algorithm(certificate.public_key.algorithm);
  if (!algorithm) return fail("Key.Invalid", "this kind of key signs no tokens", certificate.thumbprint);
  return TokenSigner{std::move(certificate), std::move(key), *algorithm};
}

Result<TokenSigner> current_signer(Connection& store, KeyVault& vault, Instant now) {
  TRY_ASSIGN(auto certificate, current_token_issuer(store, now));
  if (!certificate.valid_at(now)) {
    return fail(
        "Token.CannotMint",
        fmt::format("the token-issuer certificate '{}' is valid from {} to {} only", certificate.thumbprint,
                    format_instant(certificate.not_before), format_instant(certificate.not_after)),
        certificate.thumbprint, "assign a valid one with set-certificate");
  }
  return open_signer(store, vault, std::move(certificate));
}

}  // namespace accord
