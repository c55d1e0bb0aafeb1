#include "lib/token/claims.h"

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::string_view kSipScheme = "sip:";

// Times are digit strings in what these servers issue for themselves (protocol.md 1.3).
std::string seconds(Instant at) {
  return std::to_string(at.time_since_epoch().count());
}

json::Value common_claims(const TokenRequest& request) {
  auto claims = json::Value::object();
  claims.add("aud", request.audience);
  claims.add("iss", request.issuer.text());
  claims.add("nbf", seconds(request.not_before));
  claims.add("exp", seconds(request.expires));
  return claims;
}

void add_address(json::Value& claims, std::string name, const std::optional<std::string>& address) {
  if (address) claims.add(std::move(name), to_lower(*address));
}

}  // namespace

json::Value actor_claims(const TokenRequest& request, bool trusted_for_delegation) {
  auto claims = common_claims(request);
  claims.add("nameid", request.issuer.text());
  // Left out, never "false", where no user comes along (protocol.md 1.4).
  if (trusted_for_delegation) claims.add("trustedfordelegation", "true");
  return claims;
}

json::Value outer_claims(const TokenRequest& request, const TokenUser& user, std::string_view actor_token) {
  auto claims = common_claims(request);
  if (user.sid) {
    claims.add("nameid", to_lower(*user.sid));
    claims.add("nii", kActiveDirectoryNii);
  } else {
    add_address(claims, "nameid", user.upn);
  }
  add_address(claims, "upn", user.upn);
  add_address(claims, "smtp", user.smtp);
  // Real tokens carry the address without its scheme (protocol.md 1.6, the form of 2025).
  if (user.sip) {
    const std::string_view sip = *user.sip;
    claims.add("sip",
               to_lower(starts_with_ignoring_case(sip, kSipScheme) ? sip.substr(kSipScheme.size()) : sip));
  }
  claims.add("actortoken", actor_token);
  return claims;
}

json::Value assertion_claims(const TokenRequest& request, std::string_view jti) {
  auto claims = json::Value::object();
  claims.add("iss", request.issuer.text());
  claims.add("aud", request.audience);
  claims.add("iat", seconds(request.not_before));
  claims.add("nbf", seconds(request.not_before));
  claims.add("exp", seconds(request.expires));
  claims.add("jti", jti);
  return claims;
}

json::Value client_assertion_claims(const TokenRequest& request, std::string_view jti) {
  auto claims = json::Value::object();
  claims.add("iss", request.issuer.principal);
  claims.add("sub", request.issuer.principal);
  claims.add("aud", request.audience);
  claims.add("iat", request.not_before.time_since_epoch().count());
  claims.add("nbf", request.not_before.time_since_epoch().count());
  claims.add("exp", request.expires.time_since_epoch().count());
  claims.add("jti", jti);
  return claims;
}

json::Value issued_claims(const IssuedToken& token) {
  const auto number = [](Instant at) { return static_cast<std::int64_t>(at.time_since_epoch().count()); };
  auto claims = json::Value::object();
  claims.add("aud", token.request.audience);
  claims.add("iss", token.request.issuer.text());
  claims.add("nbf", number(token.request.not_before));
  claims.add("exp", number(token.request.expires));
  claims.add("nameid", token.application.text());
  claims.add("trustedfordelegation", token.trusted_for_delegation ? "true" : "false");
  claims.add("identityprovider", token.request.issuer.text());
  return claims;
}

}  // namespace accord
