// A token from an authorization server: a signed assertion goes to its token endpoint, and what comes back is
// checked (protocol.md 3.4).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "lib/app/environment.h"
#include "lib/core/parse.h"
#include "lib/net/challenge.h"
#include "lib/net/fetch.h"
#include "lib/store/oauth_server.h"

namespace accord {

// How the assertion is handed over.
enum class GrantForm { acs, jwt_bearer, client_credentials };
template <>
struct EnumNames<GrantForm> {
  static constexpr std::array<std::pair<GrantForm, std::string_view>, 3> table = {
      {{GrantForm::acs, "Acs"},                                 // http://oauth.net/grant_type/jwt/1.0/bearer
       {GrantForm::jwt_bearer, "JwtBearer"},                    // RFC 7523 s.2.1
       {GrantForm::client_credentials, "ClientCredentials"}}};  // RFC 7523 s.2.2
};

struct TokenQuery {
  std::string oauth_server = {};  // its identity
  std::string resource = {};      // principal/host@realm; of a server whose issuer is a URL also a URL
  // Acs for the type Acs, ClientCredentials for the others, if not set.
  std::optional<GrantForm> grant = {};
  bool trust_any_certificate = false;
};

struct ReceivedToken {
  std::string text = {};  // a credential: never in a message
  std::string issuer = {};
  std::string audience = {};
  std::optional<std::string> name_id = {};
  Instant not_before = {};
  Instant expires = {};
  std::string x5t = {};
};

// What happened, for verbs that tell of each step.
struct TokenExchange {
  FetchOutcome fetched = {};
  std::optional<TokenEndpointError> refusal = {};  // where the server said one
  Result<ReceivedToken> token = {};
};

// `--resource`. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::string> check_resource(std::string_view text);

// Nothing of the store is held while the server is waited for (Environment::let_go). Fails before anything is
// sent: OAuthServer.NotFound, OAuthServer.NoTokenEndpoint, and as mint_tokens does. What fails later is in
// `token`: Network.*, OAuthServer.Refused with the server's own code, OAuthServer.WrongAnswer where the
// answer or the token in it is not what was asked for.
[[nodiscard]] Result<TokenExchange> exchange_assertion(Environment& env, const TokenQuery& query);

}  // namespace accord
