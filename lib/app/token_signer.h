// The key that signs this deployment's tokens now.
#pragma once

#include "lib/app/key_in_token.h"
#include "lib/store/key_vault.h"

namespace accord {

struct TokenSigner {
  Certificate certificate = {};
  Key key;
  Algorithm algorithm = Algorithm::rs256;
};

// A certificate of ours with its private key. Fails with StoreKey.*, Key.Invalid, KeyToken.Unreachable.
[[nodiscard]] Result<TokenSigner> open_signer(Connection& store, KeyVault& vault, Certificate certificate);

// The current token issuer, valid now. Fails with Certificate.NotAssigned, Token.CannotMint, and as open_signer
// does.
[[nodiscard]] Result<TokenSigner> current_signer(Connection& store, KeyVault& vault, Instant now);

}  // namespace accord
