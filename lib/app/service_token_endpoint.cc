#include "lib/app/service_token_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/app/service_form.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/token/assertion.h"
#include "lib/token/claims.h"
#include "lib/token/sign.h"

namespace accord {
namespace {

constexpr std::string_view kAcsGrant = "http://oauth.net/grant_type/jwt/1.0/bearer";
constexpr std::string_view kJwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
// Clock skew is 10 min at most: what is remembered so long after its end is refused without being remembered.
constexpr Duration kRememberedAfterEnd = std::chrono::minutes(10);

// The same words for a client that is not known and for a signature that is not its own.
constexpr std::string_view kNotAuthentic =
    "The client is not known here, or the assertion is not signed with a key that is registered for it.";

// ---- Answers

using Answer = TokenEndpointResult;

ServerResponse json_response(int status, const json::Value& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"Pragma", "no-cache"}},
          .body = json::dump(body) + '\n'};
}

Answer refused(std::string_view error, std::string_view description, LogNotes notes = {}) {
  auto body = json::Value::object();
  body.add("error", error);
  body.add("error_description", description);
  notes.emplace_back("error", std::string(error));
  return {.response = json_response(400, body), .notes = std::move(notes)};
}

// ---- What is asked for

struct Grant {
  std::string assertion = {};
  std::string resource = {};
  std::optional<std::string> client_id = {};
  // Of an assertion that authenticates a client rather than being the grant itself (RFC 7523 s.3.2).
  bool authenticates = false;
};

tl::expected<Grant, Answer> grant_of(const Form& form) {
  const auto bad = [](std::string_view error, std::string_view why) {
    return tl::unexpected(refused(error, why));
  };
  const auto type = form.find("grant_type");
  if (!type) return bad("invalid_request", "The parameter grant_type is missing.");
  Grant grant;
  grant.authenticates = *type == "client_credentials";
  if (!grant.authenticates && *type != kAcsGrant && *type != kJwtGrant)
    return bad("unsupported_grant_type", "This server takes signed assertions alone.");
  if (grant.authenticates && form.find("client_assertion_type") != kAssertionType)
    return bad("invalid_client", "client_credentials need a client_assertion of the type jwt-bearer.");
  const auto* name = grant.authenticates ? "client_assertion" : "assertion";
  const auto assertion = form.find(name);
  if (!assertion || assertion->empty())
    return bad("invalid_request", fmt::format("The parameter {} is missing.", name));
  const auto resource = form.find("resource");
  if (!resource || resource->empty()) return bad("invalid_request", "The parameter resource is missing.");
  grant.assertion = *assertion;
  grant.resource = *resource;
  if (const auto id = form.find("client_id")) grant.client_id = std::string(*id);
  return grant;
}

tl::expected<Form, Answer> form_of(const ServerRequest& request) {
  const auto types = request.all("Content-Type");
  if (types.size() != 1 || !is_form_type(types.front())) {
    return tl::unexpected(
        refused("invalid_request", "The request must be application/x-www-form-urlencoded."));
  }
  auto form = Form::parse(request.body);
  if (!form) return tl::unexpected(refused("invalid_request", form.error()));
  return *std::move(form);
}

// ---- Who asks

Trust trust_of(TrustLevel level) {
  if (level == TrustLevel::full) return Trust::full;
  return level == TrustLevel::application ? Trust::application : Trust::user;
}

AssertionPolicy assertion_policy(const ServiceSnapshot& state) {
  const auto& configuration = state.deployment.configuration;
  return {.own = state.own,
          .hosts = configuration.hosts,
          .clock_skew = configuration.clock_skew,
          .clients = [&state](const IssuerName& name) -> Result<std::vector<AssertionClient>> {
            std::vector<AssertionClient> found;
            for (const auto* one : applications_named(state.partners, state.own, name))
              found.push_back({.identity = one->identity,
                               .trust = trust_of(one->trust_level),
                               .keys = one->relation.keys});
            return found;
          }};
}

bool is_same_client(const std::optional<std::string>& client_id, const IssuerName& client) {
  return !client_id || *client_id == client.text() || *client_id == client.principal;
}

std::vector<std::string> replay_keys(const AcceptedAssertion& assertion) {
  std::vector<std::string> keys = {assertion.digest};
  if (assertion.jti) {
    const auto name = assertion.client.text() + '\0' + *assertion.jti;
    keys.push_back(sha256("jti" + std::string(1, '\0') + name));
  }
  return keys;
}

// ---- Whom it is for

bool is_host_of(const PartnerApplication& partner, std::string_view host) {
  const auto same = [&](std::string_view one) {
    return equals_ignoring_case(host, one) || equals_ignoring_case(host, std::string(one) + ":443");
  };
  const auto own = partner.metadata_url ? host_of_url(*partner.metadata_url) : std::nullopt;
  return (own && same(*own)) || std::ranges::any_of(partner.relation.allowed_hosts, same);
}

// ---- The token

struct Issued {
  std::string token = {};
  Instant not_before = {};
  Instant expires = {};
};

Result<Issued> issue(const ServiceSnapshot& state, const TokenSigner& signer,
                     const AcceptedAssertion& assertion, const std::string& resource, Instant now) {
  const auto& configuration = state.deployment.configuration;
  const auto lifetime = std::min(configuration.token_lifetime, configuration.maximum_token_lifetime);
  Issued made{.not_before = now, .expires = std::min(now + lifetime, signer.certificate.not_after)};
  const auto claims = issued_claims({.request = {.issuer = state.own,
                                                 .audience = resource,
                                                 .not_before = made.not_before,
                                                 .expires = made.expires},
                                     .application = assertion.client,
                                     .trusted_for_delegation = assertion.trust == Trust::full});
  TRY_ASSIGN(made.token, sign_token(claims, signer.key, signer.algorithm, signer.certificate.x5t()));
  return made;
}

// Numbers are strings, as clients of these servers expect them (protocol.md 3.4).
ServerResponse success(const Issued& issued, const std::string& resource) {
  const auto seconds = [](auto time) { return std::to_string(time.count()); };
  auto body = json::Value::object();
  body.add("token_type", "Bearer");
  body.add("expires_in", seconds(issued.expires - issued.not_before));
  body.add("not_before", seconds(issued.not_before.time_since_epoch()));
  body.add("expires_on", seconds(issued.expires.time_since_epoch()));
  body.add("resource", resource);
  body.add("access_token", issued.token);
  return json_response(200, body);
}

// ---- One request

class Exchange {
 public:
  Exchange(ServiceState& state, const ServiceSnapshot& snapshot, ReplayCache& replays,
           const TokenEndpointRequest& asked)
      : state_(state), snapshot_(snapshot), replays_(replays), asked_(asked) {}

  Result<Answer> run() {
    if (!equals_ignoring_case(asked_.realm, snapshot_.own.realm))
      return refused("invalid_request", "This server issues no tokens for that realm.");
    if (!asked_.request.all("Authorization").empty()) return refuse_header();
    const auto form = form_of(asked_.request);
    if (!form) return form.error();
    const auto grant = grant_of(*form);
    if (!grant) return grant.error();
    return exchange(*grant);
  }

 private:
  // RFC 6749 s.2.3: one way to authenticate a request, and this is not ours.
  static Answer refuse_header() {
    auto answer = refused("invalid_client", "Clients authenticate with an assertion, not with a header.");
    answer.response.status = 401;
    answer.response.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_request\"");
    return answer;
  }

  Result<Answer> exchange(const Grant& grant) {
    LogNotes notes = {{"assertion", token_mark(grant.assertion)}};
    TRY_ASSIGN(const auto report,
               verify_assertion(grant.assertion, assertion_policy(snapshot_), asked_.now));
    const auto* assertion = report.assertion();
    if (assertion == nullptr) return refuse_assertion(report, grant, std::move(notes));
    notes.emplace_back("partner", assertion->identity);
    notes.emplace_back("issuer", assertion->client.text());
    if (!is_same_client(grant.client_id, assertion->client))
      return refused("invalid_client", "The client_id is not the issuer of the assertion.", std::move(notes));
    const auto use =
        replays_.use(replay_keys(*assertion), assertion->expires + kRememberedAfterEnd, asked_.now);
    if (use == ReplayCache::Use::no_room) return too_many(std::move(notes));
    if (use == ReplayCache::Use::again) {
      return refused(failed_grant(grant), "The assertion has been used before: each serves once.",
                     std::move(notes));
    }
    const auto* application = application_of_resource(snapshot_.partners, snapshot_.own, grant.resource);
    if (application == nullptr) {
      return refused("invalid_request",
                     "The resource is not principal/host@realm of an application that is registered and "
                     "enabled here.",
                     std::move(notes));
    }
    TRY_ASSIGN(const auto* signer, state_.signer(asked_.now));
    TRY_ASSIGN(const auto issued, issue(snapshot_, *signer, *assertion, grant.resource, asked_.now));
    notes.emplace_back("for", application->identity);
    notes.emplace_back("token", token_mark(issued.token));
    return Answer{.response = success(issued, grant.resource), .notes = std::move(notes)};
  }

  static std::string_view failed_grant(const Grant& grant) {
    return grant.authenticates ? "invalid_client" : "invalid_grant";
  }

  // What is wrong with it is told to whoever owns a key that is registered here, and to nobody else.
  Answer refuse_assertion(const AssertionReport& report, const Grant& grant, LogNotes notes) const {
    const auto* failure = report.first_failure();
    if (failure != nullptr) notes.emplace_back("failed", failure->name);
    if (!report.is_authentic() || failure == nullptr)
      return refused("invalid_client", kNotAuthentic, std::move(notes));
    const bool is_minimal = asked_.detail == Detail::minimal || snapshot_.judge.minimal_detail;
    return refused(failed_grant(grant), is_minimal ? "The assertion is not accepted." : failure->reason,
                   std::move(notes));
  }

  static Answer too_many(LogNotes notes) {
    auto answer = refused("temporarily_unavailable", "Too many assertions are in use; try again later.",
                          std::move(notes));
    answer.response.status = 503;
    return answer;
  }

  ServiceState& state_;
  const ServiceSnapshot& snapshot_;
  ReplayCache& replays_;
  const TokenEndpointRequest& asked_;
};

}  // namespace

const PartnerApplication* application_of_resource(const std::vector<PartnerApplication>& partners,
                                                  const IssuerName& own, std::string_view resource) {
  const auto wanted = parse_audience(resource);
  if (!wanted || wanted->realm.empty() || wanted->realm == "*") return nullptr;
  for (const auto& one : partners) {
    const bool is_realm = wanted->realm == own.realm || wanted->realm == one.realm.value_or(own.realm);
    const bool fits = one.enabled && one.application_identifier == wanted->principal && is_realm &&
                      is_host_of(one, wanted->host);
    if (fits) return &one;
  }
  return nullptr;
}

std::vector<const PartnerApplication*> applications_named(const std::vector<PartnerApplication>& partners,
                                                          const IssuerName& own, const IssuerName& name) {
  std::vector<const PartnerApplication*> exact;
  std::vector<const PartnerApplication*> in_our_realm;
  for (const auto& one : partners) {
    const bool counts = one.enabled && one.source != TrustSource::oauth_server &&
                        one.application_identifier == name.principal;
    if (!counts) continue;
    if (one.realm.value_or(own.realm) == name.realm) {
      exact.push_back(&one);
    } else if (name.realm == own.realm) {
      in_our_realm.push_back(&one);
    }
  }
  return exact.empty() ? in_our_realm : exact;
}

Result<TokenEndpointResult> answer_token_request(ServiceState& state, const ServiceSnapshot& snapshot,
                                                 ReplayCache& replays, const TokenEndpointRequest& asked) {
  return Exchange(state, snapshot, replays, asked).run();
}

}  // namespace accord
