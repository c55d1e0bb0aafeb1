// Checks of parameter values that several verbs share; each returns the value as it is stored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"

namespace accord {

// Identity of a new object: valid UTF-8, at most 256 bytes, no control character, no "/", no wildcard, no
// blank at either end (spec/commands.md 6).
[[nodiscard]] Result<std::string> check_identity(std::string_view text);
// Identity that names one object: no wildcard.
[[nodiscard]] Result<std::string> check_exact_identity(std::string_view text);
// The OAuth configuration's: global.
[[nodiscard]] Result<std::string> check_global(std::string_view text);
// -Identity of the certificate verbs: global.
[[nodiscard]] Result<std::string> check_certificate_scope(std::string_view text);
// A certificate type, as the originals spell it; and all of them.
[[nodiscard]] std::vector<std::string_view> certificate_types();
[[nodiscard]] Result<std::string> check_certificate_type(std::string_view text);
// sip:user@domain, or user@domain; the scheme is dropped and the rest in lower case.
[[nodiscard]] Result<std::string> check_sip_address(std::string_view text);
[[nodiscard]] Result<std::string> check_address(std::string_view text);  // user@domain
[[nodiscard]] Result<std::string> check_sid(std::string_view text);      // S-1-5-21-…

inline constexpr std::string_view kTokenIssuerUse = "OAuthTokenIssuer";

}  // namespace accord
