// Certificates whose private key stays in a PKCS#11 token.
#pragma once

#include <string>
#include <string_view>

#include "lib/app/environment.h"
#include "lib/cert/certificate.h"
#include "lib/store/connection.h"
#include "lib/token/key.h"

namespace accord {

// The certificate in `content` (DER, PEM, base64) with its key at `uri`, which has signed for it once. Fails
// with KeyToken.Unreachable, Key.Invalid (another's key), Certificate.Invalid.
[[nodiscard]] Result<Identity> read_identity_in_token(std::string_view content, const std::string& uri);

// The certificate's key, ready to sign, wherever it is kept; one in a token is compared with the certificate,
// because meanwhile another may lie there by the same name. Fails with Key.Invalid, KeyToken.Unreachable.
[[nodiscard]] Result<Key> open_signing_key(const PrivateKeyBytes& bytes, const Certificate& certificate);

// Follows a key whose URI has changed since it was stored. Warns where the store has the key itself: then the
// token is not used.
[[nodiscard]] Result<void> follow_key(Environment& env, Connection& store, const Identity& identity);

}  // namespace accord
