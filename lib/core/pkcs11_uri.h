// Where a private key lies that never leaves its token: the URIs of RFC 7512, as far as OpenSSL's engine for
// PKCS#11 heeds them.
//
// Such a URI is stored and shown, so it holds no secret: a PIN is named by its file. No error repeats a
// value.
#pragma once

#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

struct Pkcs11Uri {
  // The URI of the key alone, written anew: token, manufacturer, serial, model, object, id.
  std::string key = {};
  std::string token = {};        // what of it says which token
  std::string pin_file = {};     // an absolute path; empty: none is named
  std::string module_path = {};  // of the token's library, absolute; empty: what p11-kit knows
};

// Attributes of the query (pin-source, module-path) may stand in the path too, as many write them. What the
// engine does not heed (slot-id, library-version …) is refused, because another key could answer; an object
// or an id is required, because without one any key would do. Fails with Parameter.Invalid.
[[nodiscard]] Result<Pkcs11Uri> parse_pkcs11_uri(std::string_view text);

// The text itself, if it is such a URI: a check of a parameter.
[[nodiscard]] Result<std::string> check_pkcs11_uri(std::string_view text);

}  // namespace accord
