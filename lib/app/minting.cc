#include "lib/app/minting.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/app/deployment.h"
#include "lib/app/our_certificates.h"
#include "lib/app/registration.h"
#include "lib/app/token_signer.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/parse.h"
#include "lib/token/sign.h"

namespace accord {
namespace {

constexpr Duration kFarthestStart = std::chrono::minutes(5);
constexpr Duration kAssertionLifetime = std::chrono::minutes(5);
// How long a token of a real key may live that was asked to be wrong.
constexpr Duration kInvalidLifetime = std::chrono::minutes(5);

bool is_assertion(const MintRequest& request) {
  return request.profile == MintProfile::assertion;
}

bool carries_user(const MintRequest& request) {
  return request.profile == MintProfile::outer || (!request.profile && !request.user.empty());
}

// What the profile itself writes: replacing it makes another token. In another case it is a claim of its own
// to us, and the same one to a reader of JSON that ignores case.
bool is_own_claim(std::string_view name) {
  constexpr std::array<std::string_view, 13> kOwn = {"aud",  "iss",    "nbf",        "exp",
                                                     "iat",  "nameid", "nii",        "upn",
                                                     "smtp", "sip",    "actortoken", "trustedfordelegation",
                                                     "actor"};
  return std::ranges::any_of(kOwn, [&](auto own) { return equals_ignoring_case(name, own); });
}

Result<std::pair<std::string, std::string>> split_claim(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail("Parameter.Invalid",
                fmt::format("'{}' is no claim of the form name=value", escape_for_terminal(text)), "--claim");
  }
  if (!is_utf8(text)) return fail("Parameter.Invalid", "a claim is not UTF-8", "--claim");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

// Whether the request asks for something that only a negative test wants.
bool wants_invalid(const MintRequest& request) {
  return request.issuer || request.audience || request.sign_with ||
         std::ranges::any_of(request.claims, [](const auto& claim) {
           return is_own_claim(claim.substr(0, claim.find('=')));
         });
}

Result<void> check_request(const MintRequest& request) {
  if (wants_invalid(request) && !request.allow_invalid) {
    return fail("Parameter.Clash",
                "--issuer, --audience, --sign-with and a --claim that replaces one of the profile's own make "
                "a token that "
                "the partner is to refuse",
                "--allow-invalid", "add --allow-invalid for a negative test");
  }
  if (request.profile == MintProfile::outer && request.user.empty()) {
    return fail("Parameter.Missing", "--profile outer needs a user", "--user-sip",
                "add --user-sid, --user-upn, --user-smtp or --user-sip");
  }
  if (!request.user.empty() && request.profile && request.profile != MintProfile::outer) {
    return fail("Parameter.Clash", "a user goes into an outer token only", "--profile",
                "leave --profile out");
  }
  if (is_assertion(request) && !request.oauth_server && !request.audience) {
    return fail("Parameter.Missing", "--profile assertion needs --oauth-server", "--oauth-server");
  }
  if (!is_assertion(request) && !request.partner && !request.audience) {
    return fail("Parameter.Missing", "--partner must be given", "--partner",
                "get-partner-application lists the partners");
  }
  if (request.count < 1 || request.count > 1'000'000) {
    return fail("Parameter.Invalid",
                fmt::format("--count is {}, and must be from 1 to 1000000", request.count), "--count");
  }
  return {};
}

Result<std::string> audience_at_partner(const Environment& env, Connection& store, const MintRequest& request,
                                        const IssuerName& own) {
  TRY_ASSIGN(const auto partner, stored_partner(store, *request.partner));
  if (partner.source == TrustSource::oauth_server) {
    return fail("Token.CannotMint",
                fmt::format("'{}' takes tokens of an authorization server only, not those that we sign",
                            partner.identity),
                partner.identity, "get its token from the authorization server of its realm");
  }
  if (!partner.enabled) env.warn(fmt::format("partner application '{}' is disabled here", partner.identity));
  auto host = request.host;
  if (!host && partner.metadata_url) host = host_of_url(*partner.metadata_url);
  if (!host) {
    return fail("Parameter.Missing",
                fmt::format("'{}' has no MetadataUrl to take a host from", partner.identity), "--host",
                "add --host, the name under which the partner is called");
  }
  return Audience{partner.application_identifier, *host, partner.realm.value_or(own.realm)}.text();
}

// A server whose issuer is a URL knows itself by that, and us by our application identifier alone.
bool takes_client_assertion(const std::optional<OAuthServer>& server) {
  return server && is_url_issuer(server->issuer_identifier);
}

Result<std::string> audience_at_server(const OAuthServer& server) {
  if (is_url_issuer(server.issuer_identifier)) return server.issuer_identifier;
  const auto host = server.token_endpoint ? host_of_url(*server.token_endpoint) : std::nullopt;
  if (!host) {
    return fail("Token.CannotMint", fmt::format("OAuth server '{}' has no token endpoint", server.identity),
                server.identity, "register it again with a document that names one");
  }
  return Audience{server.issuer_identifier, *host, server.realm}.text();
}

// Our name as the receiver knows it: at an authorization server our principal is in its realm
// (protocol.md 3.4).
IssuerName issuer_for(const std::optional<OAuthServer>& server, const MintRequest& request,
                      const IssuerName& own) {
  if (request.issuer) {
    const auto given = parse_issuer_name(*request.issuer);
    // Not even a name is asked of a negative test: what cannot be split stands whole before the "@".
    return given ? *given : IssuerName{*request.issuer, ""};
  }
  return server ? IssuerName{own.principal, server->realm} : own;
}

// A token that outlived its certificate would be refused before its end.
Result<Instant> end_within(Instant start, Instant end, const Environment& env, const MintRequest& request,
                           const Certificate& certificate) {
  if (end <= certificate.not_after || request.allow_invalid) return end;
  if (start >= certificate.not_after) {
    return fail("Parameter.Invalid",
                fmt::format("the token would start at {}, when the certificate that signs it has ended",
                            format_instant(start)),
                "--not-before", "mint it when it is needed");
  }
  if (request.lifetime) {
    return fail(
        "Parameter.Invalid",
        fmt::format(
            "--lifetime: the token would end at {}, after the certificate that signs it, which ends at {}",
            format_instant(end), format_instant(certificate.not_after)),
        "--lifetime", "ask for less, or roll the certificate: test-certificate-configuration says how");
  }
  env.warn(fmt::format("the token ends with the certificate that signs it, at {}",
                       format_instant(certificate.not_after)));
  return certificate.not_after;
}

Result<void> check_times(const TokenRequest& token, const MintRequest& request,
                         const OAuthConfiguration& configuration, Instant now) {
  const auto lifetime = token.expires - token.not_before;
  if (lifetime > configuration.maximum_token_lifetime) {
    return fail("Parameter.Invalid",
                fmt::format("a lifetime of {} is over MaximumTokenLifetime, {}", format_duration(lifetime),
                            format_duration(configuration.maximum_token_lifetime)),
                "--lifetime", "ask for less, or set-oauth-configuration --maximum-token-lifetime");
  }
  if (token.not_before > now + kFarthestStart) {
    return fail(
        "Parameter.Invalid",
        fmt::format("the token would start at {}, more than 5 min ahead", format_instant(token.not_before)),
        "--not-before", "mint it when it is needed");
  }
  // What a key has signed ends this long after it stopped signing, and not later: rolls count on it.
  if (token.expires > now + configuration.maximum_token_lifetime && !request.allow_invalid) {
    return fail(
        "Parameter.Invalid",
        fmt::format("the token would end at {}, more than MaximumTokenLifetime ({}) from now",
                    format_instant(token.expires), format_duration(configuration.maximum_token_lifetime)),
        "--not-before", "ask for an earlier start or a shorter lifetime");
  }
  if (token.expires <= now && !request.allow_invalid) {
    return fail("Parameter.Invalid",
                fmt::format("the token would be over already, at {}", format_instant(token.expires)),
                "--not-before", "ask for a later start or a longer lifetime");
  }
  if (token.expires > kLatestInstant || token.not_before < Instant{}) {
    return fail("Parameter.Invalid", "the token's times are out of range", "--not-before");
  }
  return {};
}

// When a token that was asked to be wrong must end: partners trust the key that signs it. Not set where the
// token is an ordinary one, or the key is of no use to anyone.
std::optional<Instant> latest_end(const MintRequest& request, Instant now) {
  if (!request.allow_invalid || request.sign_with) return std::nullopt;
  return now + kInvalidLifetime;
}

tl::unexpected<Error> ends_too_late(std::string_view parameter) {
  return fail("Parameter.Invalid", "with --allow-invalid, a token of an assigned key ends within 5 min",
              std::string(parameter), "let it end earlier, or sign with a certificate that is not assigned");
}

Result<Instant> end_of(const MintRequest& request, const OAuthConfiguration& configuration,
                       Instant not_before, std::optional<Instant> latest) {
  const auto usual = is_assertion(request) ? kAssertionLifetime : configuration.token_lifetime;
  if (!latest) return not_before + request.lifetime.value_or(usual);
  const auto lifetime = request.lifetime.value_or(std::min(usual, kInvalidLifetime));
  if (lifetime > kInvalidLifetime) return ends_too_late("--lifetime");
  return std::min(not_before + lifetime, *latest);
}

// The same of what --claim says. What is no plain number of seconds has no end that anybody could be sure of.
Result<void> check_end(const json::Value& claims, Instant latest) {
  for (const auto& [name, value] : claims.members()) {
    if (!equals_ignoring_case(name, "exp")) continue;
    const auto second = parse_integer(value.text(), 0, latest.time_since_epoch().count());
    if (!second) return ends_too_late("--claim");
  }
  return {};
}

struct Signer {
  TokenSigner with;
  std::optional<Instant> latest_end = {};  // of what it signs
};

// A certificate that --sign-with names: one that no partner trusts.
Result<TokenSigner> unassigned_signer(Connection& store, KeyVault& vault, const std::string& thumbprint) {
  TRY_ASSIGN(auto certificate, stored_certificate(store, thumbprint));
  TRY_ASSIGN(const bool assigned, is_assigned(store, certificate.thumbprint));
  if (assigned) {
    return fail("Token.CannotMint",
                fmt::format("certificate '{}' is assigned: --sign-with takes one that is not",
                            certificate.thumbprint),
                certificate.thumbprint, "leave --sign-with out to sign with the current token issuer");
  }
  return open_signer(store, vault, std::move(certificate));
}

Result<Signer> signer_for(Environment& env, Connection& store, const MintRequest& request) {
  TRY_ASSIGN(auto* vault, env.vault());
  TRY_ASSIGN(auto with, request.sign_with ? unassigned_signer(store, *vault, *request.sign_with)
                                          : current_signer(store, *vault, env.now()));
  return Signer{std::move(with), latest_end(request, env.now())};
}

// The claims with those of --claim: a new one is added, one of the same name replaced.
Result<json::Value> with_claims(const json::Value& claims, const std::vector<std::string>& wanted) {
  auto members = claims.members();
  for (const auto& text : wanted) {
    TRY_ASSIGN(auto claim, split_claim(text));
    const auto same = std::ranges::find(members, claim.first, &json::Member::first);
    if (same == members.end()) {
      members.emplace_back(claim.first, json::Value(claim.second));
    } else {
      same->second = json::Value(claim.second);
    }
  }
  return json::Value::object(std::move(members));
}

std::string fresh_jti() {
  constexpr std::size_t kJtiSize = 16;
  return base64url_encode(random_bytes(kJtiSize));
}

Result<std::string> sign_one(const TokenRequest& token, const MintRequest& request,
                             const std::optional<OAuthServer>& server, const Signer& signer) {
  const auto sign = [&](const json::Value& claims) -> Result<std::string> {
    if (signer.latest_end) TRY(check_end(claims, *signer.latest_end));
    return sign_token(claims, signer.with.key, signer.with.algorithm, signer.with.certificate.x5t());
  };
  if (is_assertion(request)) {
    const auto own = takes_client_assertion(server) ? client_assertion_claims(token, fresh_jti())
                                                    : assertion_claims(token, fresh_jti());
    TRY_ASSIGN(const auto claims, with_claims(own, request.claims));
    return sign(claims);
  }
  if (!carries_user(request)) {
    TRY_ASSIGN(const auto claims,
               with_claims(actor_claims(token, request.profile == MintProfile::actor), request.claims));
    return sign(claims);
  }
  TRY_ASSIGN(const auto actor, sign(actor_claims(token, true)));
  TRY_ASSIGN(const auto claims, with_claims(outer_claims(token, request.user, actor), request.claims));
  return unsigned_token(claims);
}

std::string_view profile_name(const MintRequest& request) {
  if (is_assertion(request)) return "Assertion";
  if (carries_user(request)) return "UserContext";
  return request.profile == MintProfile::actor ? "Actor" : "AppOnly";
}

std::optional<std::string> name_id(const TokenRequest& token, const MintRequest& request) {
  if (is_assertion(request)) return std::nullopt;
  if (!carries_user(request)) return token.issuer.text();
  return request.user.sid ? request.user.sid : request.user.upn;
}

}  // namespace

Result<std::vector<MintedToken>> mint_tokens(Environment& env, const MintRequest& request) {
  TRY(check_request(request));
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto deployment, read_deployment(*store));
  TRY_ASSIGN(const auto own, require_issuer(deployment));

  std::optional<OAuthServer> server;
  if (is_assertion(request) && request.oauth_server) {
    TRY_ASSIGN(server, stored_oauth_server(*store, *request.oauth_server));
  }
  TokenRequest token;
  token.issuer = issuer_for(server, request, own);
  if (request.audience) {
    token.audience = *request.audience;
  } else if (server) {
    TRY_ASSIGN(token.audience, audience_at_server(*server));
  } else {
    TRY_ASSIGN(token.audience, audience_at_partner(env, *store, request, own));
  }
  token.not_before = request.not_before.value_or(env.now());
  TRY_ASSIGN(token.expires,
             end_of(request, deployment.configuration, token.not_before, latest_end(request, env.now())));
  TRY(check_times(token, request, deployment.configuration, env.now()));

  TRY_ASSIGN(const auto signer, signer_for(env, *store, request));
  TRY_ASSIGN(token.expires,
             end_within(token.not_before, token.expires, env, request, signer.with.certificate));
  if (request.allow_invalid)
    env.warn("--allow-invalid: this token is made to be refused; do not use it for anything but a test");

  std::vector<MintedToken> minted;
  for (std::int64_t i = 0; i < request.count; ++i) {
    TRY_ASSIGN(auto text, sign_one(token, request, server, signer));
    minted.push_back({.text = std::move(text),
                      .profile = std::string(profile_name(request)),
                      .issuer = takes_client_assertion(server) ? token.issuer.principal : token.issuer.text(),
                      .audience = token.audience,
                      .name_id = name_id(token, request),
                      .not_before = token.not_before,
                      .expires = token.expires,
                      .x5t = signer.with.certificate.x5t()});
  }
  return minted;
}

}  // namespace accord
