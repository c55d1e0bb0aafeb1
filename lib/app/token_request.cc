#include "lib/app/token_request.h"

#include <fmt/format.h>

#include "lib/app/deployment.h"
#include "lib/app/minting.h"
#include "lib/app/registration.h"
#include "lib/core/encoding.h"
#include "lib/token/jws.h"
#include "lib/token/verify.h"

namespace accord {
namespace {

constexpr std::string_view kAcsGrant = "http://oauth.net/grant_type/jwt/1.0/bearer";
constexpr std::string_view kJwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// --- The request

// application/x-www-form-urlencoded, all but unreserved characters escaped (RFC 3986 s.2.3).
std::string form_encoded(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '-' || c == '.' || c == '_' || c == '~';
    made += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

std::string form(const std::vector<std::pair<std::string_view, std::string_view>>& members) {
  std::string made;
  for (const auto& [name, value] : members) {
    if (!made.empty()) made += '&';
    made += fmt::format("{}={}", name, form_encoded(value));
  }
  return made;
}

std::string body_of(GrantForm grant, std::string_view assertion, std::string_view client_id,
                    std::string_view resource) {
  if (grant == GrantForm::client_credentials) {
    return form({{"grant_type", "client_credentials"},
                 {"client_id", client_id},
                 {"client_assertion_type", kAssertionType},
                 {"client_assertion", assertion},
                 {"resource", resource}});
  }
  return form({{"grant_type", grant == GrantForm::acs ? kAcsGrant : kJwtBearerGrant},
               {"assertion", assertion},
               {"resource", resource}});
}

GrantForm grant_for(const OAuthServer& server, const TokenQuery& query) {
  if (query.grant) return *query.grant;
  return server.type == OAuthServerType::acs ? GrantForm::acs : GrantForm::client_credentials;
}

// The endpoint was judged when the document was taken; where the document came as a file, the admin gave it.
Result<FetchRules> rules_for(const OAuthServer& server, const TokenQuery& query) {
  FetchRules rules;
  rules.ca_pem = server.relation.ca_pem;
  rules.trust_any_certificate = query.trust_any_certificate;
  rules.allow_private_addresses = true;
  if (server.metadata_url) {
    TRY_ASSIGN(const auto named, check_named_url("issuance endpoint", *server.token_endpoint,
                                                 *server.metadata_url, server.relation.allowed_hosts));
    rules.allow_private_addresses = named.allow_private_addresses;
  }
  return rules;
}

// --- The answer

tl::unexpected<Error> wrong_answer(const OAuthServer& server, std::string_view what) {
  return fail("OAuthServer.WrongAnswer",
              fmt::format("the answer of OAuth server '{}' is not accepted: {}", server.identity, what),
              server.identity, fmt::format("test-oauth-server {} looks at the server", server.identity));
}

tl::unexpected<Error> refused(const OAuthServer& server, const TokenEndpointError& error) {
  const auto text = error.description ? fmt::format("{} ({})", error.error, *error.description) : error.error;
  const auto codes = error.codes.empty() ? error.error : error.codes.front();
  return fail("OAuthServer.Refused",
              fmt::format("no token from OAuth server '{}': {}", server.identity, escape_for_terminal(text)),
              server.identity, fmt::format("show-oauth-diagnostic '{}' explains it", codes));
}

// As our own server would judge it, but for us as the application and the resource as the audience.
VerifyPolicy policy_for(const OAuthServer& server, const TokenQuery& query, const Deployment& deployment,
                        const IssuerName& own) {
  VerifyPolicy policy;
  policy.service_name = own.principal;
  policy.effective_realm = own.realm;
  policy.audience = query.resource;
  policy.clock_skew = deployment.configuration.clock_skew;
  policy.maximum_lifetime = deployment.configuration.maximum_token_lifetime;
  policy.trust.issuers = [server](const IssuerName& name) -> Result<std::vector<TrustedIssuer>> {
    if (!server.is_named(name)) return std::vector<TrustedIssuer>{};
    return std::vector{TrustedIssuer{.identity = server.identity,
                                     .is_oauth_server = true,
                                     .realm = server.realm,
                                     .keys = server.relation.keys}};
  };
  policy.trust.applications = [own](std::string_view id) -> Result<std::vector<TrustedApplication>> {
    if (id != own.principal) return std::vector<TrustedApplication>{};
    return std::vector{TrustedApplication{.identity = "our own application", .trust = Trust::full}};
  };
  return policy;
}

std::optional<Instant> time_of(const json::Value& claims, std::string_view name) {
  const auto* value = claims.find(name);
  if (value == nullptr) return std::nullopt;
  const auto text = value->is_integer() ? std::to_string(value->integer()) : value->text();
  const auto second = parse_integer(text, 0, kLatestInstant.time_since_epoch().count());
  return second ? std::optional(Instant(Duration(*second))) : std::nullopt;
}

Result<ReceivedToken> read_claims(const OAuthServer& server, const std::string& text) {
  auto jws = parse_compact(text);
  if (!jws) return wrong_answer(server, "it holds no token");
  const auto claims = parse_claims(*jws);
  if (!claims) return wrong_answer(server, "its token cannot be read");
  ReceivedToken token{.text = text};
  token.issuer = claims->find_string("iss").value_or("");
  token.audience = claims->find_string("aud").value_or("");
  token.name_id = claims->find_string("nameid");
  token.x5t = jws->header.find_string("x5t").value_or("");
  const auto starts = time_of(*claims, "nbf");
  const auto ends = time_of(*claims, "exp");
  if (!starts || !ends) return wrong_answer(server, "its token does not say how long it lives");
  token.not_before = *starts;
  token.expires = *ends;
  return token;
}

// A server whose issuer is a URL issues tokens of another form, of which that much can be told: who signed it
// and for whom.
Result<void> check_signature(const OAuthServer& server, const TokenQuery& query, const ReceivedToken& token,
                             Instant now) {
  std::vector<Key> keys;
  for (const auto& one : server.relation.keys) {
    TRY_ASSIGN(auto key, Key::from_public(one.public_key));
    keys.push_back(std::move(key));
  }
  const auto report = verify_jws(token.text, keys);
  if (!report.accepted()) return wrong_answer(server, report.first_failure()->detail);
  if (token.issuer != server.issuer_identifier)
    return wrong_answer(server, fmt::format("its token is of another issuer, '{}'", token.issuer));
  if (token.audience != query.resource)
    return wrong_answer(server, fmt::format("its token is for another audience, '{}'", token.audience));
  if (token.expires <= now) return wrong_answer(server, "its token has ended");
  return {};
}

Result<ReceivedToken> read_token(const Environment& env, const OAuthServer& server, const TokenQuery& query,
                                 const VerifyPolicy& policy, const std::string& body) {
  const auto answer = parse_token_answer(body);
  if (!answer) return wrong_answer(server, answer.error().message);
  if (!equals_ignoring_case(answer->token_type, "Bearer"))
    return wrong_answer(server, fmt::format("its token is of type '{}', not Bearer", answer->token_type));
  TRY_ASSIGN(auto token, read_claims(server, answer->access_token));
  if (is_url_issuer(server.issuer_identifier)) {
    TRY(check_signature(server, query, token, env.now()));
    return token;
  }
  TRY_ASSIGN(const auto report, verify_token(token.text, policy, env.now()));
  if (!report.accepted()) return wrong_answer(server, report.first_failure()->detail);
  return token;
}

}  // namespace

Result<std::string> check_resource(std::string_view text) {
  if (parse_audience(text)) return std::string(text);
  if (is_url_issuer(text)) return parse_https_url(text);
  return fail("Parameter.Invalid",
              fmt::format("'{}' is not of the form PRINCIPAL/HOST@REALM", escape_for_terminal(text)),
              "--resource", "for example 00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com");
}

Result<TokenExchange> exchange_assertion(Environment& env, const TokenQuery& query) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto server, stored_oauth_server(*store, query.oauth_server));
  TRY_ASSIGN(const auto deployment, read_deployment(*store));
  TRY_ASSIGN(const auto own, require_issuer(deployment));
  if (!server.token_endpoint) {
    return fail("OAuthServer.NoTokenEndpoint",
                fmt::format("the OAuth server '{}' has no token endpoint", server.identity), server.identity,
                fmt::format("update-oauth-server {} reads its document again", server.identity));
  }
  if (!server.enabled) env.warn(fmt::format("OAuth server '{}' is disabled here", server.identity));
  TRY_ASSIGN(const auto rules, rules_for(server, query));
  TRY_ASSIGN(const auto assertion,
             mint_tokens(env, {.oauth_server = server.identity, .profile = MintProfile::assertion}));
  const auto policy = policy_for(server, query, deployment, own);
  env.let_go();

  TokenExchange exchange;
  const HttpRequest request{
      .url = *server.token_endpoint,
      .method = "POST",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .body = body_of(grant_for(server, query), assertion.front().text, own.principal, query.resource)};
  exchange.fetched = fetch(request, rules);
  const auto response = response_of(exchange.fetched);
  if (!response) {
    exchange.token = tl::unexpected(response.error());
  } else if (response->status == 200) {
    exchange.token = read_token(env, server, query, policy, response->body);
  } else if (auto refusal = parse_token_error(response->body)) {
    exchange.token = refused(server, *refusal);
    exchange.refusal = *std::move(refusal);
  } else {
    exchange.token = fail("Network.Status",
                          fmt::format("'{}' answered with HTTP status {} and without an OAuth error",
                                      *server.token_endpoint, response->status),
                          *server.token_endpoint, "check the token endpoint: get-oauth-server shows it");
  }
  return exchange;
}

}  // namespace accord
