// The claims of the tokens that we make (protocol.md 1.4, 1.5, 3.4), and what users are called in them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/json.h"
#include "lib/core/names.h"
#include "lib/core/time.h"

namespace accord {

inline constexpr std::string_view kActiveDirectoryNii = "urn:office:idp:activedirectory";

// How the calling user is named; at least one of them in a token with user context. SID and addresses are
// written in lower case.
struct TokenUser {
  std::optional<std::string> sid = {};
  std::optional<std::string> upn = {};
  std::optional<std::string> smtp = {};
  std::optional<std::string> sip = {};
  [[nodiscard]] bool empty() const { return !sid && !upn && !smtp && !sip; }
};

struct TokenRequest {
  IssuerName issuer = {};     // ours
  std::string audience = {};  // principal/host@realm, or what --audience says
  Instant not_before = {};
  Instant expires = {};
};

// aud, iss, nbf, exp, nameid, all strings; trustedfordelegation "true" only where the token is to carry a
// user.
[[nodiscard]] json::Value actor_claims(const TokenRequest& request, bool trusted_for_delegation);
// aud, iss, nbf, exp, [nameid, nii,] [upn, smtp, sip,] actortoken.
[[nodiscard]] json::Value outer_claims(const TokenRequest& request, const TokenUser& user,
                                       std::string_view actor_token);
// iss, aud, iat, nbf, exp, jti; no nameid (protocol.md 3.4). `jti` makes two of one second differ, where each
// may serve once.
[[nodiscard]] json::Value assertion_claims(const TokenRequest& request, std::string_view jti);
// The same for a server whose issuer is a URL: iss and sub are our application identifier alone, all times
// are numbers (RFC 7523 s.3).
[[nodiscard]] json::Value client_assertion_claims(const TokenRequest& request, std::string_view jti);

// What an authorization server issues to an application: aud, iss, nbf, exp, nameid, trustedfordelegation,
// identityprovider; times are numbers there (protocol.md 1.6).
struct IssuedToken {
  TokenRequest request = {};
  IssuerName application = {};
  bool trusted_for_delegation = false;
};
[[nodiscard]] json::Value issued_claims(const IssuedToken& token);

}  // namespace accord
