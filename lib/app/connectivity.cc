#include "lib/app/connectivity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/app/diagnosis.h"
#include "lib/app/minting.h"
#include "lib/app/registration.h"
#include "lib/app/token_request.h"
#include "lib/core/encoding.h"
#include "lib/token/sign.h"

namespace accord {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;

constexpr std::array<std::string_view, 12> kSteps = {
    "URL",   "Name",    "Connect", "TLS",   "Anonymous call",     "Challenge",
    "Clock", "Partner", "Issuer",  "Token", "Authenticated call", "Verdict"};

// What is left of the path after a step that failed.
void skip_rest(ConnectionTest& test) {
  const auto is_there = [&](std::string_view name) {
    return std::ranges::find(test.steps, name, &TestStep::name) != test.steps.end();
  };
  for (const auto name : kSteps) {
    if (!is_there(name)) test.skip(std::string(name), "the path ended before");
  }
}

FetchRules rules_of(const LiveCall& call, const std::optional<std::string>& ca_pem) {
  return {.ca_pem = ca_pem,
          .trust_any_certificate = call.trust_any_certificate,
          .allow_private_addresses = true,  // the admin wrote the URL
          .follow_redirects = false};
}

// --- Names in a challenge

// "principal@realm", "principal@*", or a URL in which * stands for the tenant.
bool names_server(const std::string& issuer, const OAuthServer& server) {
  if (is_url_issuer(issuer)) {
    const auto star = issuer.find('*');
    const auto filled =
        star == std::string::npos ? issuer : issuer.substr(0, star) + server.realm + issuer.substr(star + 1);
    return equals_ignoring_case(filled, server.issuer_identifier);
  }
  const auto name = parse_issuer_name(issuer);
  return name && equals_ignoring_case(name->principal, server.issuer_identifier) &&
         (name->realm == "*" || equals_ignoring_case(name->realm, server.realm));
}

bool names_us(const std::string& issuer, const IssuerName& own) {
  const auto name = parse_issuer_name(issuer);
  return name && equals_ignoring_case(name->principal, own.principal) &&
         (name->realm == "*" || equals_ignoring_case(name->realm, own.realm));
}

bool any_names_us(const std::vector<std::string>& issuers, const IssuerName& own) {
  return std::ranges::any_of(issuers, [&](const auto& one) { return names_us(one, own); });
}

const OAuthServer* named_server(const OurSide& ours, const std::vector<std::string>& issuers) {
  for (const auto& server : ours.servers) {
    const auto names = [&](const auto& issuer) { return names_server(issuer, server); };
    if (server.enabled && std::ranges::any_of(issuers, names)) return &server;
  }
  return nullptr;
}

// Whether the server says that it trusts the kind of token that this partner is registered for.
bool takes_our_kind(const OurSide& ours, const BearerChallenge& challenge,
                    const PartnerApplication& partner) {
  if (!challenge.trusted_issuers) return false;
  if (partner.source == TrustSource::oauth_server)
    return named_server(ours, *challenge.trusted_issuers) != nullptr;
  const auto own = ours.deployment.issuer();
  return own && any_names_us(*challenge.trusted_issuers, *own);
}

// Where the server does not say whom it trusts, what is registered decides.
const OAuthServer* registered_server(const OurSide& ours, const PartnerApplication& partner) {
  const auto serves = [&](const OAuthServer& one) {
    return one.enabled && (!partner.realm || one.realm == *partner.realm);
  };
  const auto found = std::ranges::find_if(ours.servers, serves);
  return found == ours.servers.end() ? nullptr : &*found;
}

std::string shown(const std::vector<std::string>& issuers) {
  return issuers.empty() ? "nobody" : fmt::format("{}", fmt::join(issuers, ", "));
}

std::string shown(const BearerChallenge& challenge) {
  std::vector<std::string> parts;
  if (challenge.client_id) parts.push_back(fmt::format("client_id {}", *challenge.client_id));
  if (challenge.realm) parts.push_back(fmt::format("realm {}", *challenge.realm));
  if (challenge.trusted_issuers) parts.push_back(fmt::format("trusts {}", shown(*challenge.trusted_issuers)));
  return parts.empty() ? "Bearer, without a word of whom it trusts"
                       : fmt::format("{}", fmt::join(parts, "; "));
}

// --- Partners

bool is_called_at(const PartnerApplication& partner, std::string_view host) {
  const auto own = partner.metadata_url ? host_of_url(*partner.metadata_url) : std::nullopt;
  return own && *own == host;
}

std::string without_port(const std::string& host) {
  return host.substr(0, host.rfind(':'));
}

// On whatever port: what is trusted for the name is trusted.
bool is_of_host(const PartnerApplication& partner, const std::string& host) {
  const auto own = partner.metadata_url ? host_of_url(*partner.metadata_url) : std::nullopt;
  return own && without_port(*own) == without_port(host);
}

bool has_realm(const PartnerApplication& partner, const BearerChallenge& challenge) {
  return !challenge.realm || !partner.realm || equals_ignoring_case(*challenge.realm, *partner.realm);
}

Finding no_partner(const OurSide& ours, const BearerChallenge& challenge, const LiveCall& call) {
  const auto& id = *challenge.client_id;
  const auto is_same = [&](const auto& one) { return one.application_identifier == id; };
  const auto known = std::ranges::find_if(ours.partners, is_same);
  if (known == ours.partners.end()) {
    return {
        "PARTNER-ID", Severity::error, call.url,
        fmt::format("the server calls itself '{}', and no partner application has that ApplicationIdentifier",
                    id),
        "new-partner-application NAME --metadata-url URL, if that is the server that is meant"};
  }
  const auto is_enabled = [&](const auto& one) { return is_same(one) && one.enabled; };
  const auto enabled = std::ranges::find_if(ours.partners, is_enabled);
  if (enabled == ours.partners.end()) {
    return {"PARTNER-DISABLED", Severity::error, known->identity, "Enabled is false: it is not called",
            fmt::format("set-partner-application {} --enabled true", shell_quoted(known->identity))};
  }
  return {
      "REALM-CHANGED", Severity::error, enabled->identity,
      fmt::format("the server's realm is '{}', registered is '{}'", challenge.realm.value_or(""),
                  enabled->realm.value_or("")),
      fmt::format("if that is the server that is meant: remove-partner-application {}, and register it again",
                  shell_quoted(enabled->identity))};
}

std::variant<PartnerApplication, Finding> named_partner(const OurSide& ours, const BearerChallenge& challenge,
                                                        const LiveCall& call) {
  const auto is_it = [&](const auto& one) { return equals_ignoring_case(one.identity, *call.partner); };
  const auto found = std::ranges::find_if(ours.partners, is_it);
  if (found == ours.partners.end() || !found->enabled || !has_realm(*found, challenge) ||
      challenge.client_id.value_or(found->application_identifier) != found->application_identifier) {
    OurSide alone;
    if (found != ours.partners.end()) alone.partners = {*found};
    auto seen = challenge;
    if (!seen.client_id && found != ours.partners.end()) seen.client_id = found->application_identifier;
    return no_partner(alone, seen, call);
  }
  return *found;
}

// --- The walk

class Walk {
 public:
  Walk(Environment& env, const LiveCall& call, OurSide ours)
      : env_(env), call_(call), ours_(std::move(ours)) {
    test_.target = call.url;
  }

  Result<ConnectionTest> walk() {
    TRY_ASSIGN(const bool is_done, go());
    if (!is_done) skip_rest(test_);
    test_.sort();
    return std::move(test_);
  }

 private:
  // Whether the path was walked to its end. A step that fails adds itself.
  Result<bool> go() {
    TRY_ASSIGN(ca_pem_, read_ca_file(env_, call_.ca_file));
    if (!ca_pem_) ca_pem_ = stored_authority();
    env_.let_go();
    const auto outcome = send({{"Authorization", "Bearer"}});
    if (outcome.error && outcome.error->id == ErrorId("Module.Unusable"))
      return tl::unexpected(*outcome.error);
    if (!add_call_steps(test_, outcome, call_.url, call_.url, "--ca-file FILE")) return false;
    const auto challenge = read_challenge(outcome.response);
    if (!challenge) return false;
    add_clock_step(test_, outcome.response, now());
    const auto partner = find_partner(*challenge);
    if (!partner) return false;
    const auto issuer = find_issuer(*challenge, *partner);
    if (!issuer) return false;
    if (call_.trust_any_certificate) {
      test_.fail("Token", "not sent: --trust-any-certificate leaves open who would get it");
      return false;
    }
    const auto token = get_token(*partner, *issuer);
    if (!token) return false;
    return call_with(*token);
  }

  // The authority that is registered for a partner at that host, where there is one.
  [[nodiscard]] std::optional<std::string> stored_authority() const {
    const auto host = host_of_url(call_.url);
    for (const auto& one : ours_.partners) {
      const bool is_named = call_.partner && equals_ignoring_case(one.identity, *call_.partner);
      if (one.relation.ca_pem && (is_named || (!call_.partner && is_of_host(one, *host))))
        return one.relation.ca_pem;
    }
    return std::nullopt;
  }

  FetchOutcome send(HttpHeaders headers) {
    auto outcome = fetch({.url = call_.url, .headers = std::move(headers)}, rules_of(call_, ca_pem_));
    elapsed_ += outcome.took;
    return outcome;
  }
  [[nodiscard]] Instant now() const {
    return env_.now() + std::chrono::duration_cast<std::chrono::seconds>(elapsed_);
  }

  void find_off(std::string detection, std::string action) {
    test_.find({"OAUTH-OFF", Severity::error, call_.url, std::move(detection), std::move(action)});
  }

  std::optional<BearerChallenge> read_challenge(const HttpResponse& response) {
    const auto status = fmt::format("HTTP status {}", response.status);
    if (response.status != kUnauthorized) {
      test_.fail("Anonymous call", fmt::format("{} instead of 401", status));
      find_off(fmt::format("an anonymous call is answered with {}, not with a challenge", status),
               response.status < 300 ? "check the URL: what is there asks for no token"
                                     : "check the URL with the other admin, or what proxy answers there");
      return std::nullopt;
    }
    test_.pass("Anonymous call", status);
    const auto before = test_.findings.size();
    auto bearer = parse_challenges(response.all("WWW-Authenticate")).and_then([](const auto& all) {
      return bearer_challenge(all);
    });
    if (!bearer) {
      find_off(fmt::format("its challenge cannot be read: {}", bearer.error().message),
               bearer.error().advice);
    } else if (!*bearer) {
      find_off("401 without a Bearer challenge",
               "have the other admin enable OAuth on that virtual directory; or a "
               "proxy answers in the server's place");
    }
    const bool is_read = bearer && *bearer;
    test_.conclude("Challenge", before, is_read ? shown(**bearer) : std::string());
    return is_read ? *bearer : std::nullopt;
  }

  std::optional<PartnerApplication> find_partner(const BearerChallenge& challenge) {
    const auto before = test_.findings.size();
    auto chosen = choose_partner(ours_, challenge, call_);
    if (auto* finding = std::get_if<Finding>(&chosen)) test_.find(std::move(*finding));
    auto* partner = std::get_if<PartnerApplication>(&chosen);
    test_.conclude("Partner", before, partner == nullptr ? std::string() : partner->identity);
    return partner == nullptr ? std::nullopt : std::optional(std::move(*partner));
  }

  std::optional<IssuerChoice> find_issuer(const BearerChallenge& challenge,
                                          const PartnerApplication& partner) {
    const auto before = test_.findings.size();
    auto chosen = choose_issuer(ours_, challenge, partner, call_.url);
    if (auto* finding = std::get_if<Finding>(&chosen)) test_.find(std::move(*finding));
    auto* choice = std::get_if<IssuerChoice>(&chosen);
    test_.conclude("Issuer", before, choice == nullptr ? std::string() : choice->why);
    return choice == nullptr ? std::nullopt : std::optional(std::move(*choice));
  }

  [[nodiscard]] std::string audience_of(const PartnerApplication& partner, const OAuthServer* server) const {
    const auto own = server != nullptr ? server->realm : ours_.deployment.effective_realm.value_or("");
    return Audience{partner.application_identifier, *host_of_url(call_.url), partner.realm.value_or(own)}
        .text();
  }

  std::optional<std::string> get_token(const PartnerApplication& partner, const IssuerChoice& issuer) {
    const auto token = issuer.server ? issued_token(partner, *issuer.server) : own_token(partner);
    if (token) return *token;
    // What the authorization server said has been told already.
    const bool is_told = !test_.steps.empty() && test_.steps.back().name == "Token";
    if (!is_told) test_.fail("Token", token.error().message);
    if (!is_told && !token.error().advice.empty()) test_.steps.back().detail += "; " + token.error().advice;
    return std::nullopt;
  }

  Result<std::string> own_token(const PartnerApplication& partner) {
    TRY_ASSIGN(
        const auto minted,
        mint_tokens(env_, {.partner = partner.identity, .host = host_of_url(call_.url), .user = call_.user}));
    env_.let_go();
    const auto& token = minted.front();
    test_.pass("Token", fmt::format("{} token for {}, until {}", token.profile, token.audience,
                                    format_instant(token.expires)));
    return token.text;
  }

  Result<std::string> issued_token(const PartnerApplication& partner, const OAuthServer& server) {
    const auto audience = audience_of(partner, &server);
    TRY_ASSIGN(auto exchange,
               exchange_assertion(env_, {.oauth_server = server.identity, .resource = audience}));
    elapsed_ += exchange.fetched.took;
    if (exchange.refusal) tell_refusal(*exchange.refusal, server);
    TRY_ASSIGN(const auto token, std::move(exchange.token));
    TRY_ASSIGN(auto text, with_user(token));
    test_.pass("Token", fmt::format("issued by '{}' for {}, until {}", server.identity, token.audience,
                                    format_instant(token.expires)));
    return text;
  }

  void tell_refusal(const TokenEndpointError& refusal, const OAuthServer& server) {
    const auto diagnosis = diagnose(refusal);
    if (!diagnosis.rows.empty()) {
      test_.find(
          {diagnosis.rows.front(), severity_of(diagnosis.rows.front()), server.identity,
           fmt::format("{}: {}", diagnosis.code.value_or(diagnosis.category.value_or("")), diagnosis.meaning),
           diagnosis.next});
    }
    test_.fail("Token",
               fmt::format("'{}' refused it: {}: {}", server.identity,
                           diagnosis.code.value_or(diagnosis.category.value_or("")), diagnosis.meaning));
  }

  // What an authorization server signs is the actor token; the user goes around it.
  Result<std::string> with_user(const ReceivedToken& token) {
    if (call_.user.empty()) return token.text;
    const auto actor = parse_issuer_name(token.name_id.value_or(""));
    if (!actor) {
      return fail("OAuthServer.WrongAnswer",
                  "the token that was issued does not say whose it is: it cannot carry a user", {},
                  "add --app-only");
    }
    return unsigned_token(outer_claims({.issuer = *actor,
                                        .audience = token.audience,
                                        .not_before = token.not_before,
                                        .expires = token.expires},
                                       call_.user, token.text));
  }

  bool call_with(const std::string& token) {
    const auto outcome = send({{"Authorization", "Bearer " + token}});
    if (!outcome.ok()) {
      test_.fail("Authenticated call", outcome.error->message);
      test_.find(
          {"META-UNREACHABLE", Severity::error, call_.url, outcome.error->message, outcome.error->advice});
      return false;
    }
    judge_answer(test_, outcome.response, !call_.user.empty());
    return true;
  }

  Environment& env_;
  const LiveCall& call_;
  OurSide ours_;
  std::optional<std::string> ca_pem_;
  std::chrono::milliseconds elapsed_ = {};
  ConnectionTest test_;
};

// This test is what the table of diagnoses would have run.
std::string next_after(const Diagnosis& diagnosis) {
  constexpr std::string_view kThis = "test-oauth-connectivity";
  if (diagnosis.next.starts_with(kThis)) return fmt::format("likeliest: {}", diagnosis.cause);
  return fmt::format("{}; likeliest: {}", diagnosis.next, diagnosis.cause);
}

// A refusal with its own words.
void judge_refusal(ConnectionTest& test, const HttpResponse& response, bool has_user) {
  const auto text = response.header("x-ms-diagnostics");
  const auto line = text ? parse_diagnostics(*text) : fail("Challenge.Invalid", "there is none");
  if (!line) {
    return test.fail("Verdict",
                     "the token was refused, and the answer has no x-ms-diagnostics that can be read: the "
                     "server's log says why");
  }
  const auto diagnosis = diagnose(*line);
  std::string_view reason = diagnosis.reason ? std::string_view(*diagnosis.reason) : "(no reason)";
  if (reason.ends_with('.')) reason.remove_suffix(1);
  test.fail("Verdict", fmt::format("{} {}: {}. {}", diagnosis.code.value_or(""),
                                   diagnosis.category.value_or(""), reason, diagnosis.meaning));
  if (diagnosis.rows.empty()) return;
  const auto& row = diagnosis.rows.front();
  if (row == "USER-MAPPING" && !has_user) return;
  test.find({row, severity_of(row), test.target,
             fmt::format("{} {}: {}", diagnosis.code.value_or(""), diagnosis.category.value_or(""),
                         diagnosis.meaning),
             next_after(diagnosis)});
}

}  // namespace

// --- Decisions

std::variant<PartnerApplication, Finding> choose_partner(const OurSide& ours,
                                                         const BearerChallenge& challenge,
                                                         const LiveCall& call) {
  if (call.partner) return named_partner(ours, challenge, call);
  if (!challenge.client_id) {
    return Finding{"OAUTH-OFF", Severity::error, call.url,
                   "its challenge has no client_id, which says whose it is",
                   "name the partner with --partner"};
  }
  std::vector<PartnerApplication> fitting;
  for (const auto& one : ours.partners) {
    if (one.enabled && one.application_identifier == *challenge.client_id && has_realm(one, challenge))
      fitting.push_back(one);
  }
  const auto host = host_of_url(call.url).value_or("");
  const auto at_host =
      std::ranges::find_if(fitting, [&](const auto& one) { return is_called_at(one, host); });
  if (at_host != fitting.end()) return *at_host;
  if (fitting.empty()) return no_partner(ours, challenge, call);
  if (fitting.size() == 1) return fitting.front();
  // On premises and hosted it is the same application; whom the server trusts tells which of them answered.
  const auto is_meant = [&](const PartnerApplication& one) { return takes_our_kind(ours, challenge, one); };
  if (std::ranges::count_if(fitting, is_meant) == 1) return *std::ranges::find_if(fitting, is_meant);
  std::vector<std::string> names;
  for (const auto& one : fitting) names.push_back(one.identity);
  return Finding{
      "PARTNER-DUPLICATE", Severity::error, call.url,
      fmt::format("{} have its ApplicationIdentifier, and none of them this host", fmt::join(names, ", ")),
      "say which with --partner"};
}

std::variant<IssuerChoice, Finding> choose_issuer(const OurSide& ours, const BearerChallenge& challenge,
                                                  const PartnerApplication& partner,
                                                  const std::string& target) {
  const bool wants_server = partner.source == TrustSource::oauth_server;
  const auto own = ours.deployment.issuer();
  const auto& issuers = challenge.trusted_issuers;
  const auto* server = issuers ? named_server(ours, *issuers) : registered_server(ours, partner);
  const bool trusts_us = own && (!issuers || any_names_us(*issuers, *own));
  // What is registered comes first, the rest after it: an authorization server, then ourselves.
  if (!wants_server && trusts_us) {
    return IssuerChoice{.why =
                            fmt::format("we sign as '{}'{}", own->text(),
                                        issuers ? ", which it trusts" : "; it does not say whom it trusts")};
  }
  if (server != nullptr && (wants_server || issuers)) {
    return IssuerChoice{.server = *server,
                        .why = fmt::format("OAuth server '{}', which it trusts", server->identity)};
  }
  if (wants_server) {
    return Finding{
        "OAUTHSERVER-MISSING", Severity::error, partner.identity,
        fmt::format("its tokens come from an authorization server; none of those it trusts is registered and "
                    "enabled: {}",
                    issuers ? shown(*issuers) : "it names none"),
        "new-oauth-server NAME --metadata-url URL, with the document of the authorization server"};
  }
  if (!own) {
    return Finding{"SERVICE-NAME", Severity::error, "Global",
                   "we have no issuer name: ServiceName or Realm is not set",
                   "set-oauth-configuration --service-name exchange|sharepoint|lync"};
  }
  return Finding{
      "REALM-MISMATCH", Severity::error, target,
      fmt::format("it trusts {}; we are '{}'", shown(issuers.value_or(std::vector<std::string>())),
                  own->text()),
      "have the other admin register this deployment under its name now: export-auth-metadata writes what "
      "they need"};
}

void judge_answer(ConnectionTest& test, const HttpResponse& response, bool has_user) {
  const auto status = fmt::format("HTTP status {}", response.status);
  if (response.status == kUnauthorized || response.status == kForbidden) {
    test.fail("Authenticated call", status);
    return judge_refusal(test, response, has_user);
  }
  if (response.status >= 500 || (response.status >= 300 && response.status < 400)) {
    test.fail("Authenticated call", status);
    return test.fail("Verdict",
                     response.status >= 500
                         ? "the server failed by itself: whether it took the token is not known"
                         : "it points elsewhere, where the token is not sent; call that URL instead");
  }
  test.pass("Authenticated call", status);
  test.pass(
      "Verdict",
      response.status < 300
          ? "the token was accepted"
          : "the token was accepted; that the call itself is not what the server expects does not matter "
            "here");
}

Severity severity_of(std::string_view row) {
  constexpr std::array<std::string_view, 6> kWarnings = {"CERT-NOTIFY",   "CERT-ROLL-LATE", "PARTNER-TRUST",
                                                         "CERT-PREVIOUS", "AUTODISCOVER",   "SERVICE-NAME"};
  if (row == "USER-MAPPING" || row == "AUDIENCE-OPEN") return Severity::information;
  return std::ranges::find(kWarnings, row) != kWarnings.end() ? Severity::warning : Severity::error;
}

// --- Verbs

Result<ConnectionTest> test_live_path(Environment& env, const LiveCall& call) {
  TRY_ASSIGN(const auto url, parse_https_url(call.url));
  TRY_ASSIGN(auto* store, env.read());
  if (call.partner) TRY(stored_partner(*store, *call.partner));
  TRY_ASSIGN(auto ours, gather_our_side(env));
  if (call.trust_any_certificate)
    env.warn("--trust-any-certificate: whoever answered may be somebody else; no token is sent");
  return Walk(env, call, std::move(ours)).walk();
}

ExitCode live_exit_code(const ConnectionTest& test) {
  return test.failed() ? ExitCode::negative : ExitCode::success;
}

Result<ConnectionTest> test_path_to_exchange(Environment& env, LiveCall call,
                                             const std::optional<std::string>& target_uri) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto deployment, read_deployment(*store));
  const auto& url = target_uri ? target_uri : deployment.configuration.exchange_autodiscover_url;
  if (url) {
    call.url = *url;
    return test_live_path(env, call);
  }
  ConnectionTest test{.target = "ExchangeAutodiscoverUrl"};
  test.fail("URL", "ExchangeAutodiscoverUrl is not set, which says where Exchange is");
  skip_rest(test);
  test.find({"AUTODISCOVER", severity_of("AUTODISCOVER"), "Global", "ExchangeAutodiscoverUrl is empty",
             "set-oauth-configuration --exchange-autodiscover-url "
             "https://HOST/autodiscover/autodiscover.svc, or give "
             "--target-uri"});
  return test;
}

}  // namespace accord
