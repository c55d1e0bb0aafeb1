#include "lib/token/verify.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/token/claims.h"
#include "lib/token/jws.h"
#include "lib/token/rules.h"

namespace accord {
namespace {

using namespace rules;

constexpr std::string_view kSipScheme = "sip:";

// ---- Hosts ----

bool has_empty_label(std::string_view host) {
  return host.empty() || host.front() == '.' || host.back() == '.' ||
         host.find("..") != std::string_view::npos;
}

bool is_at_or_below(std::string_view host, std::string_view domain) {
  if (domain.empty() || has_empty_label(host) || host.size() < domain.size()) return false;
  const auto below = host.size() - domain.size();
  return equals_ignoring_case(host.substr(below), domain) && (below == 0 || host[below - 1] == '.');
}

// ---- Users ----

enum class NameIdMeaning { sid, upn, nothing };

// Name identifier issuers of protocol.md 1.5; a SharePoint provider and every other stand for users we cannot
// know.
struct NameIdRule {
  NameIdMeaning meaning = NameIdMeaning::nothing;
  bool upn_counts = false;
};

NameIdRule name_id_rule(std::optional<std::string_view> issuer) {
  if (!issuer) return {NameIdMeaning::upn, true};
  if (equals_ignoring_case(*issuer, kActiveDirectoryNii)) return {NameIdMeaning::sid, true};
  constexpr std::array<std::string_view, 2> kOrganisationIds = {"urn:federation:microsoftonline",
                                                                "urn:office:idp:orgid"};
  const bool has_puid =
      std::ranges::any_of(kOrganisationIds, [&](auto one) { return equals_ignoring_case(*issuer, one); });
  return {NameIdMeaning::nothing, has_puid};
}

bool is_sid(std::string_view text) {
  constexpr std::string_view kPrefix = "s-1-";
  if (!starts_with_ignoring_case(text, kPrefix)) return false;
  const auto rest = text.substr(kPrefix.size());
  return !rest.empty() && rest.front() != '-' && rest.back() != '-' &&
         rest.find("--") == std::string_view::npos &&
         std::ranges::all_of(rest, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

// local@domain, without blanks and controls.
bool is_address(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c <= ' ') || c == '\x7F'; });
}

std::string_view without_sip_scheme(std::string_view text) {
  if (starts_with_ignoring_case(text, kSipScheme)) text.remove_prefix(kSipScheme.size());
  return text;
}

struct NamedUser {
  std::string_view kind;  // as AcceptedToken::user_kind
  std::string value = {};
};

// The users that a token names, best first, and what is to be said about them.
struct UserFindings {
  std::vector<NamedUser> users = {};
  std::vector<std::string> notes = {};
  std::vector<std::string> warnings = {};
  std::optional<std::string> problem = {};
};

}  // namespace

// ---- The rules of protocol.md 1.10 ----

class Verification {
 public:
  Verification(std::string_view token, const VerifyPolicy& policy, Instant now)
      : token_(token),
        policy_(policy),
        now_(std::clamp(now.time_since_epoch().count(), std::int64_t{0}, kLatestSecond)) {}

  Result<TokenReport> run();

  Result<Verdict> token_form();
  Result<Verdict> token_header();
  Result<Verdict> token_profile();
  Result<Verdict> actor_form();
  Result<Verdict> required_claims();
  Result<Verdict> outer_claims();
  Result<Verdict> audience();
  Result<Verdict> issuer();
  Result<Verdict> audience_realm();
  Result<Verdict> key();
  Result<Verdict> signature();
  Result<Verdict> time();
  Result<Verdict> outer_time();
  Result<Verdict> application();
  Result<Verdict> trust_level();
  Result<Verdict> outer_issuer();
  Result<Verdict> outer_audience();
  Result<Verdict> delegation();
  Result<Verdict> user();

 private:
  [[nodiscard]] const Part& signed_part() const { return has_outer() ? actor_ : given_; }
  [[nodiscard]] bool has_outer() const { return profile_ == TokenProfile::user_context; }
  [[nodiscard]] Verdict host_of_audience(const Audience& audience) const;
  [[nodiscard]] bool same_name(std::string_view a, std::string_view b) const {
    return policy_.audience_ignores_case ? equals_ignoring_case(a, b) : a == b;
  }
  [[nodiscard]] std::optional<std::string> time_problem(const Lifetime& lifetime) const {
    return rules::time_problem(lifetime, now_, {policy_.clock_skew, policy_.maximum_lifetime});
  }
  [[nodiscard]] Verdict outer_profile(const json::Value& actor_token) const;
  [[nodiscard]] Verdict direct_application(std::string_view name);
  [[nodiscard]] Result<Verdict> application_of_oauth_server(std::string_view name);
  [[nodiscard]] std::optional<std::string> identity_provider_problem() const;
  [[nodiscard]] Verdict narrowed_to_partner() const;
  [[nodiscard]] UserFindings find_users() const;
  void add_name_id(const NameIdRule& rule, UserFindings& findings) const;
  void add_address(std::string_view claim, std::string_view kind, UserFindings& findings) const;
  void accept(TokenReport& report) const;

  std::string_view token_;
  const VerifyPolicy& policy_;
  std::int64_t now_;

  // Each is filled by the rule that finds it out, and read by later ones.
  Part given_ = {};
  std::string actor_text_ = {};
  Part actor_ = {};
  TokenProfile profile_ = TokenProfile::app_only;
  std::optional<Lifetime> lifetime_ = {};
  std::optional<Lifetime> outer_lifetime_ = {};
  std::optional<Audience> audience_ = {};
  std::optional<TrustedIssuer> issuer_ = {};
  std::string issuer_realm_ = {};
  std::optional<Key> key_ = {};
  Algorithm algorithm_ = Algorithm::rs256;
  std::optional<TrustedApplication> application_ = {};
  std::optional<NamedUser> user_ = {};
  std::optional<std::string> unknown_key_of_ = {};
};

namespace {

// A gate is a rule without which nothing later can be said: when it fails, the rest is skipped.
enum class Gate { no, yes };

struct Rule {
  std::string_view name;
  std::string_view citation;
  Gate gate = Gate::no;
  Result<Verdict> (Verification::*judge)() = nullptr;
};

constexpr std::array<Rule, 19> kRules = {{
    {"token.form", "protocol.md 1.10 (1), RFC 7515 s.7.1", Gate::yes, &Verification::token_form},
    {"token.header", "protocol.md 1.10 (2), RFC 8725 s.3.10 and s.3.11", Gate::yes,
     &Verification::token_header},
    {"token.profile", "protocol.md 1.10 (3), RFC 8725 s.3.1 and s.3.12", Gate::yes,
     &Verification::token_profile},
    {"actor.form", "protocol.md 1.10 (4), RFC 8725 s.3.3", Gate::yes, &Verification::actor_form},
    {"claims.required", "protocol.md 1.10 (5), RFC 7519 s.4.1", Gate::no, &Verification::required_claims},
    {"outer.claims", "protocol.md 1.10 (5), MS-XOAUTH 3.2.5.6", Gate::no, &Verification::outer_claims},
    {"audience", "protocol.md 1.10 (6), RFC 8725 s.3.9", Gate::no, &Verification::audience},
    {"issuer", "protocol.md 1.10 (7), RFC 8725 s.3.8", Gate::yes, &Verification::issuer},
    {"audience.realm", "protocol.md 1.10 (7b), MS-XOAUTH 3.2.5.6", Gate::no, &Verification::audience_realm},
    {"key", "protocol.md 1.10 (8), RFC 8725 s.3.1 and s.3.8", Gate::yes, &Verification::key},
    {"signature", "protocol.md 1.10 (9), RFC 7515 s.5.2", Gate::yes, &Verification::signature},
    {"time", "protocol.md 1.10 (10), RFC 7519 s.4.1.4 and s.4.1.5", Gate::no, &Verification::time},
    {"outer.time", "protocol.md 1.10 (10 and 12)", Gate::no, &Verification::outer_time},
    {"application", "protocol.md 1.10 (11)", Gate::no, &Verification::application},
    {"trust.level", "protocol.md 1.10 (12)", Gate::no, &Verification::trust_level},
    {"outer.issuer", "protocol.md 1.10 (12), MS-XOAUTH 3.2.5.6", Gate::no, &Verification::outer_issuer},
    {"outer.audience", "protocol.md 1.10 (12)", Gate::no, &Verification::outer_audience},
    {"delegation", "protocol.md 1.10 (12)", Gate::no, &Verification::delegation},
    {"user", "protocol.md 1.10 (13)", Gate::no, &Verification::user},
}};

constexpr std::string_view kSignatureCheck = "signature";
constexpr std::string_view kNoOuter = "no outer token";

}  // namespace

Result<TokenReport> Verification::run() {
  TokenReport report;
  std::string_view blocker;
  bool all_decided = true;
  for (const auto& rule : kRules) {
    if (!blocker.empty()) {
      report.checks_.push_back(
          to_check(rule.name, undecided("not decided, because " + std::string(blocker) + " failed")));
      continue;
    }
    TRY_ASSIGN(auto verdict, (this->*rule.judge)());
    const bool good = verdict.decided && verdict.outcome != Outcome::fail;
    all_decided = all_decided && good;
    if (!good && rule.gate == Gate::yes) blocker = rule.name;
    report.checks_.push_back(to_check(rule.name, std::move(verdict)));
  }
  report.accepted_ = all_decided;
  report.unknown_key_of_ = std::move(unknown_key_of_);
  if (report.accepted_) accept(report);
  settle_marks(report.checks_, report.accepted_);
  return report;
}

void Verification::accept(TokenReport& report) const {
  AcceptedToken token{.profile = profile_,
                      .partner = application_->identity,
                      .issuer = signed_part().claims.find("iss")->text()};
  if (user_) {
    token.user = user_->value;
    token.user_kind = std::string(user_->kind);
  }
  report.token_ = std::move(token);
}

// ---- 1 to 4: what kind of token it is ----

Result<Verdict> Verification::token_form() {
  auto jws = parse_compact(token_);
  if (!jws) return refuse(kInvalidToken, jws.error().message);
  given_.jws = *std::move(jws);
  auto claims = parse_claims(given_.jws);
  if (!claims) return refuse(kInvalidToken, claims.error().message);
  given_.claims = *std::move(claims);
  return pass(std::to_string(token_.size()) + " bytes in three segments");
}

Result<Verdict> Verification::token_header() {
  if (const auto problem = header_problem(given_.jws.header)) return refuse(kInvalidToken, *problem);
  return pass("algorithm " + claimed(given_.algorithm()));
}

Result<Verdict> Verification::token_profile() {
  const auto& claims = given_.claims;
  if (const auto* actor_token = claims.find("actortoken"); actor_token != nullptr) {
    auto verdict = outer_profile(*actor_token);
    if (verdict.outcome == Outcome::pass) {
      profile_ = TokenProfile::user_context;
      actor_text_ = actor_token->text();
    }
    return verdict;
  }
  if (const auto problem = signed_algorithm_problem(given_)) return refuse(kInvalidToken, *problem);
  if (claims.find("actor") == nullptr) return pass("a signed token for an application alone");
  if (const auto actor = text_claim(claims, "actor"); !actor) return refuse(kInvalidToken, actor.error());
  profile_ = TokenProfile::delegated;
  return pass("a signed token of an OAuth server for a user and an application");
}

Verdict Verification::outer_profile(const json::Value& actor_token) const {
  const auto& header = given_.jws.header;
  if (!actor_token.is_string() || actor_token.text().empty()) {
    return refuse(kInvalidToken, "the claim 'actortoken' must be one token in a string");
  }
  if (given_.algorithm() != "none") {
    return refuse(kInvalidToken, "a token with an actor token must have the algorithm 'none', not " +
                                     quoted(given_.algorithm()));
  }
  if (!given_.jws.signature.empty()) {
    return refuse(kInvalidToken, "the outer token has the algorithm 'none' and yet a signature");
  }
  if (header.find("x5t") != nullptr || header.find("kid") != nullptr) {
    return refuse(kInvalidToken, "the header of the outer token names a key, and nobody signed it");
  }
  return pass("an outer token with a user, around an actor token");
}

Result<Verdict> Verification::actor_form() {
  if (!has_outer()) return does_not_apply("no actor token in this token");
  const auto bad = [](const std::string& problem) {
    return refuse(kInvalidToken, "in the actor token " + problem);
  };
  auto jws = parse_compact(actor_text_);
  if (!jws) return bad(jws.error().message);
  actor_.jws = *std::move(jws);
  auto claims = parse_claims(actor_.jws);
  if (!claims) return bad(claims.error().message);
  actor_.claims = *std::move(claims);
  if (const auto problem = header_problem(actor_.jws.header)) return bad(*problem);
  if (actor_.claims.find("actortoken") != nullptr)
    return bad("there is another actor token, which is never read");
  if (actor_.claims.find("actor") != nullptr) {
    return bad("there is a claim 'actor': a token that already stands for a user cannot carry another");
  }
  if (const auto problem = signed_algorithm_problem(actor_)) return bad(*problem);
  return pass("signed with algorithm " + claimed(actor_.algorithm()));
}

// ---- 5 and 6: what it says ----

Result<Verdict> Verification::required_claims() {
  const auto& claims = signed_part().claims;
  std::vector<std::string> problems;
  require_text(claims, "aud", problems);
  require_text(claims, "iss", problems);
  lifetime_ = lifetime_of(claims, problems);
  require_text(claims, "nameid", problems);
  if (!problems.empty()) return refuse(kInvalidToken, joined(problems, "; "));
  return pass("aud, iss, nbf, exp and nameid are there");
}

Result<Verdict> Verification::outer_claims() {
  if (!has_outer()) return does_not_apply(std::string(kNoOuter));
  const auto& claims = given_.claims;
  std::vector<std::string> problems;
  require_text(claims, "aud", problems);
  require_text(claims, "iss", problems);
  outer_lifetime_ = lifetime_of(claims, problems);
  const bool named_otherwise =
      text_claim(claims, "smtp") || text_claim(claims, "sip") || text_claim(claims, "upn");
  if (claims.find("nameid") != nullptr || !named_otherwise) require_text(claims, "nameid", problems);
  if (!problems.empty()) return refuse(kInvalidToken, "in the outer token " + joined(problems, "; "));
  return pass("aud, iss, nbf, exp and a user are there");
}

Result<Verdict> Verification::audience() {
  const auto text = text_claim(signed_part().claims, "aud");
  if (!text) return undecided("no audience to judge");
  if (policy_.audience) {
    if (*text == *policy_.audience) return pass("it is the audience that was asked for, " + claimed(*text));
    return refuse(kInvalidResource,
                  "expected the audience " + quoted(*policy_.audience) + ", found " + claimed(*text));
  }
  const auto audience = parse_audience(*text);
  if (!audience) {
    return refuse(kInvalidResource,
                  "the audience " + claimed(*text) + " is not of the form principal/host@realm");
  }
  if (!same_name(audience->principal, policy_.service_name)) {
    return refuse(kInvalidResource, "the audience is for the principal " + claimed(audience->principal) +
                                        "; ours is " + quoted(policy_.service_name));
  }
  if (audience->realm.empty() || audience->realm == "*") {
    return refuse(kInvalidResource, "the audience names no realm: found " + claimed(audience->realm));
  }
  auto verdict = host_of_audience(*audience);
  // Its realm is judged when the issuer is known, even where the host is wrong.
  audience_ = audience;
  return verdict;
}

Verdict Verification::host_of_audience(const Audience& audience) const {
  const auto host = split_port(audience.host);
  const bool any_host = policy_.hosts.empty();
  const auto& accepted = any_host ? policy_.sip_domains : policy_.hosts;
  const bool fits = host && std::ranges::any_of(accepted, [&](const std::string& one) {
                      return any_host ? is_at_or_below(host->host, one) : fits_entry(*host, one);
                    });
  const std::string rule = any_host
                               ? "no Hosts are set, so any host equal to or below a SIP domain is accepted"
                               : "one of our Hosts";
  if (fits) return pass("the audience " + claimed(audience.text()) + " is for us; " + rule);
  const auto expected = joined(accepted, ", ");
  return refuse(kInvalidResource,
                "expected the host " + quoted(expected) + " (" + rule + "), found " + claimed(audience.host),
                "The hostname component of the audience claim value is invalid. Expected " +
                    quoted(expected) + ". Actual " + quoted(audience.host) + ".");
}

// ---- 7 to 9: whose token it is ----

Result<Verdict> Verification::issuer() {
  const auto text = text_claim(signed_part().claims, "iss");
  if (!text) return undecided("no issuer to judge");
  const bool is_url = is_url_issuer(*text);
  const auto name = is_url ? IssuerName{.principal = std::string(*text)} : parse_issuer_name(*text);
  if (!name) {
    return refuse(kInvalidToken, "the issuer " + claimed(*text) + " is not of the form principal@realm");
  }
  // Wildcards are a matter of configuration, never of a token (attack 28).
  if (!is_url && (name->realm.empty() || name->realm == "*")) {
    return refuse(kInvalidToken, "the issuer " + claimed(*text) + " names no realm");
  }
  if (!policy_.trust.issuers) return refuse(kInvalidToken, "no issuer is trusted; found " + claimed(*text));
  TRY_ASSIGN(auto found, policy_.trust.issuers(*name));
  if (found.empty()) {
    return refuse(kInvalidToken,
                  "no enabled partner application with keys of its own and no OAuth server has the issuer " +
                      claimed(*text));
  }
  if (found.size() > 1) {
    return refuse(kInvalidToken, "more than one registration has the issuer " + claimed(*text) + ": " +
                                     quoted(found[0].identity) + " and " + quoted(found[1].identity));
  }
  issuer_ = std::move(found.front());
  issuer_realm_ = is_url ? issuer_->realm : name->realm;
  return pass("issuer " + claimed(*text) + " is the " +
              (issuer_->is_oauth_server ? "OAuth server " : "partner application ") +
              quoted(issuer_->identity));
}

Result<Verdict> Verification::audience_realm() {
  if (policy_.audience) return does_not_apply("the audience is compared as a whole");
  if (!audience_) return undecided("no audience of ours to judge");
  const bool ours = same_name(audience_->realm, policy_.effective_realm);
  // An authorization server issues for the tenant that it knows us by.
  const bool of_server =
      issuer_->is_oauth_server && !issuer_->realm.empty() && same_name(audience_->realm, issuer_->realm);
  if (ours || of_server)
    return pass("realm " + claimed(audience_->realm) + (ours ? " is ours" : " is the OAuth server's"));
  auto expected = quoted(policy_.effective_realm);
  if (issuer_->is_oauth_server) expected += " or " + quoted(issuer_->realm);
  return refuse(kInvalidTenant,
                "expected the realm " + expected + " in the audience, found " + claimed(audience_->realm),
                "The realm component of the audience claim value is invalid. Expected " + expected +
                    ". Actual " + quoted(audience_->realm) + ".");
}

Result<Verdict> Verification::key() {
  auto choice = choose_key(signed_part(), issuer_->identity, issuer_->keys, now_);
  key_ = std::move(choice.key);
  algorithm_ = choice.algorithm;
  if (choice.is_unknown && issuer_->is_oauth_server) unknown_key_of_ = issuer_->identity;
  return std::move(choice.verdict);
}

Result<Verdict> Verification::signature() {
  const auto& jws = signed_part().jws;
  if (!key_ || !key_->verify(algorithm_, jws.signing_input, jws.signature)) {
    return refuse(kInvalidSignature,
                  jws.signature.empty() ? "the signature is missing" : "the signature is not that of the key",
                  "The token has an invalid signature.");
  }
  return pass("made with the key of " + quoted(issuer_->identity));
}

// ---- 10: when ----

Result<Verdict> Verification::time() {
  if (!lifetime_) return undecided("no times to judge");
  if (const auto problem = time_problem(*lifetime_)) return refuse(kTokenExpired, *problem);
  return pass("valid from " + shown_second(lifetime_->not_before) + " to " +
              shown_second(lifetime_->expires));
}

Result<Verdict> Verification::outer_time() {
  if (!has_outer()) return does_not_apply(std::string(kNoOuter));
  if (!outer_lifetime_) return undecided("no times of the outer token to judge");
  if (const auto problem = time_problem(*outer_lifetime_)) {
    return refuse(kTokenExpired, "of the outer token: " + *problem);
  }
  if (!lifetime_) return undecided("no times of the actor token to compare with");
  const auto skew = std::clamp(policy_.clock_skew.count(), std::int64_t{0}, kLatestSecond);
  if (outer_lifetime_->expires > lifetime_->expires + skew) {
    return refuse(kInvalidToken, "the outer token ends at " + shown_second(outer_lifetime_->expires) +
                                     ", after its actor token at " + shown_second(lifetime_->expires));
  }
  return pass("valid from " + shown_second(outer_lifetime_->not_before) + " to " +
              shown_second(outer_lifetime_->expires));
}

// ---- 11: which application ----

Result<Verdict> Verification::application() {
  const bool delegated = profile_ == TokenProfile::delegated;
  const auto name = text_claim(signed_part().claims, delegated ? "actor" : "nameid");
  if (!name) return undecided("no application to judge");
  if (delegated && !issuer_->is_oauth_server) {
    return refuse(kInvalidClient, "a token with the claim 'actor' " + claimed(*name) +
                                      " must be signed by an OAuth server, and " + quoted(issuer_->identity) +
                                      " is a partner application");
  }
  if (const auto problem = identity_provider_problem()) return refuse(kInvalidClient, *problem);
  auto found = issuer_->is_oauth_server ? application_of_oauth_server(*name) : direct_application(*name);
  TRY_ASSIGN(auto verdict, std::move(found));
  if (verdict.outcome != Outcome::pass) return verdict;
  if (auto narrowed = narrowed_to_partner(); narrowed.outcome == Outcome::fail) return narrowed;
  return verdict;
}

std::optional<std::string> Verification::identity_provider_problem() const {
  const auto& claims = signed_part().claims;
  const auto* provider = claims.find("identityprovider");
  const bool delegated = profile_ == TokenProfile::delegated;
  if (provider == nullptr && !delegated) return std::nullopt;
  const auto text = text_claim(claims, "identityprovider");
  if (!text) return text.error();
  const bool is_issuer = *text == claims.find_string("iss").value_or("");
  if (delegated && is_issuer) {
    return "the claim 'identityprovider' is the issuer, so the token is of an application, and yet it has "
           "the claim 'actor'";
  }
  if (!delegated && !is_issuer) {
    return "the claim 'identityprovider' is " + claimed(*text) +
           " and not the issuer, so the token is of a user, and no application is named as 'actor'";
  }
  return std::nullopt;
}

// A server that signs for itself speaks for itself alone.
Verdict Verification::direct_application(std::string_view name) {
  const auto issuer = signed_part().claims.find_string("iss").value_or("");
  if (!parse_issuer_name(name)) {
    return refuse(kInvalidToken, "the application " + claimed(name) + " is not of the form principal@realm");
  }
  if (name != issuer) {
    return refuse(kInvalidClient, "expected the application to be the issuer " + claimed(issuer) +
                                      ", found " + claimed(name));
  }
  application_ = issuer_->application;
  if (application_->identity.empty()) application_->identity = issuer_->identity;
  return pass("application " + claimed(name) + " is the partner application " +
              quoted(application_->identity));
}

Result<Verdict> Verification::application_of_oauth_server(std::string_view name) {
  const auto parsed = parse_issuer_name(name);
  if (!parsed || parsed->realm.empty() || parsed->realm == "*") {
    return refuse(kInvalidToken, "the application " + claimed(name) + " is not of the form principal@realm");
  }
  if (parsed->realm != issuer_realm_) {
    return refuse(kInvalidClient, "expected an application of the issuer's realm " + quoted(issuer_realm_) +
                                      ", found " + claimed(name));
  }
  std::vector<TrustedApplication> found;
  if (policy_.trust.applications) {
    TRY_ASSIGN(found, policy_.trust.applications(parsed->principal));
  }
  std::erase_if(found,
                [&](const TrustedApplication& one) { return one.realm && *one.realm != parsed->realm; });
  if (found.empty()) {
    return refuse(
        kInvalidClient,
        "no enabled partner application that uses an OAuth server is the application " + claimed(name));
  }
  if (found.size() > 1) {
    return refuse(kInvalidClient, "more than one partner application is the application " + claimed(name) +
                                      ": " + quoted(found[0].identity) + " and " + quoted(found[1].identity));
  }
  application_ = std::move(found.front());
  return pass("application " + claimed(name) + " is the partner application " +
              quoted(application_->identity));
}

Verdict Verification::narrowed_to_partner() const {
  if (!policy_.only_partner || equals_ignoring_case(*policy_.only_partner, application_->identity))
    return pass("");
  return refuse(kInvalidClient, "expected a token of the partner application " +
                                    quoted(*policy_.only_partner) + ", found one of " +
                                    quoted(application_->identity));
}

// ---- 12: what it may do ----

Result<Verdict> Verification::trust_level() {
  if (!application_) return undecided("the application is not known");
  const auto trust = application_->trust;
  const bool allowed = trust == Trust::full || profile_ == TokenProfile::delegated ||
                       (trust == Trust::application && profile_ == TokenProfile::app_only);
  constexpr std::array<std::string_view, 3> kLevels = {"Full", "Application", "User"};
  const auto level = quoted(kLevels[static_cast<std::size_t>(trust)]);
  const auto kind = quoted(enum_name(profile_));
  if (allowed) return pass("the ApplicationTrustLevel " + level + " allows a token of the kind " + kind);
  return refuse(kInvalidToken, "the ApplicationTrustLevel " + level + " of " +
                                   quoted(application_->identity) + " does not allow a token of the kind " +
                                   kind);
}

Result<Verdict> Verification::outer_issuer() {
  if (!has_outer()) return does_not_apply(std::string(kNoOuter));
  const auto outer = text_claim(given_.claims, "iss");
  const auto actor = text_claim(actor_.claims, "nameid");
  if (!outer || !actor) return undecided("no two names to compare");
  if (*outer == *actor) return pass("the issuer of the outer token is the application of its actor token");
  return refuse(kInvalidToken, "expected the issuer of the outer token to be the application " +
                                   claimed(*actor) + " of its actor token, found " + claimed(*outer));
}

Result<Verdict> Verification::outer_audience() {
  if (!has_outer()) return does_not_apply(std::string(kNoOuter));
  const auto outer = text_claim(given_.claims, "aud");
  const auto actor = text_claim(actor_.claims, "aud");
  if (!outer || !actor) return undecided("no two audiences to compare");
  if (*outer == *actor) return pass("the same as that of the actor token");
  return refuse(kInvalidToken, "expected the audience " + claimed(*actor) +
                                   " of the actor token in the outer token, found " + claimed(*outer));
}

Result<Verdict> Verification::delegation() {
  if (!has_outer()) return does_not_apply(std::string(kNoOuter));
  if (!application_) return undecided("the application is not known");
  const auto* claim = actor_.claims.find("trustedfordelegation");
  if (claim != nullptr && claim->is_string() && claim->text() == "true")
    return pass("the actor token is trusted for delegation");
  // An authorization server always says so when it means it; the switch is for partners that never do.
  if (application_->require_trusted_for_delegation || issuer_->is_oauth_server) {
    return refuse(kInvalidToken, "expected 'trustedfordelegation' \"true\" in the actor token of " +
                                     quoted(application_->identity) + ", which does not have it");
  }
  const auto exempt = "RequireTrustedForDelegation is off for " + quoted(application_->identity);
  if (claim == nullptr) return pass(exempt);
  return warn("the actor token says that it is not trusted for delegation; " + exempt);
}

// ---- 13: for whom ----

Result<Verdict> Verification::user() {
  if (profile_ == TokenProfile::app_only) return does_not_apply("no user in this token");
  if (!application_) return undecided("the application is not known");
  auto findings = find_users();
  if (findings.problem) return refuse(kInvalidUser, *findings.problem);
  if (findings.users.empty()) {
    auto detail = std::string("no claim names a user that counts here");
    if (!findings.notes.empty()) detail += ": " + joined(findings.notes, "; ");
    return refuse(kInvalidUser, detail);
  }
  user_ = findings.users.front();
  std::vector<std::string> parts;
  for (const auto& one : findings.users) parts.push_back(std::string(one.kind) + ' ' + claimed(one.value));
  auto detail = "user by " + joined(parts, ", also ");
  for (const auto& note : findings.notes) detail += "; " + note;
  for (const auto& warning : findings.warnings) detail += "; " + warning;
  return findings.warnings.empty() ? pass(detail) : warn(detail);
}

UserFindings Verification::find_users() const {
  UserFindings findings;
  const auto& claims = given_.claims;
  std::optional<std::string_view> name_id_issuer;
  if (claims.find("nii") != nullptr) {
    const auto text = text_claim(claims, "nii");
    if (!text) {
      findings.problem = text.error();
      return findings;
    }
    name_id_issuer = *text;
  } else if (profile_ == TokenProfile::delegated) {
    // There the identity provider of the user says whose name it is (protocol.md 1.6).
    name_id_issuer = claims.find_string("identityprovider");
  }
  const auto rule = name_id_rule(name_id_issuer);
  if (rule.meaning == NameIdMeaning::sid) add_name_id(rule, findings);
  if (rule.upn_counts) {
    add_address("upn", "Upn", findings);
  } else if (claims.find("upn") != nullptr) {
    findings.notes.push_back("upn is ignored with the nii " + claimed(name_id_issuer.value_or("")));
  }
  if (rule.meaning != NameIdMeaning::sid) add_name_id(rule, findings);
  add_address("smtp", "Smtp", findings);
  add_address("sip", "Sip", findings);
  return findings;
}

void Verification::add_name_id(const NameIdRule& rule, UserFindings& findings) const {
  const auto text = text_claim(given_.claims, "nameid");
  if (!text) return;  // outer.claims says whether it may be absent
  if (rule.meaning == NameIdMeaning::nothing) {
    findings.notes.push_back("nameid is not a name that is known here");
    return;
  }
  if (rule.meaning == NameIdMeaning::upn) {
    add_address("nameid", "Upn", findings);
    return;
  }
  if (!application_->accept_sid) {
    findings.notes.push_back("nameid (a SID) is ignored: AcceptSecurityIdentifierInformation is off for " +
                             quoted(application_->identity));
  } else if (!is_sid(*text)) {
    findings.notes.push_back("nameid " + claimed(*text) + " is no SID");
  } else {
    findings.users.push_back({"Sid", std::string(*text)});
  }
}

void Verification::add_address(std::string_view claim, std::string_view kind, UserFindings& findings) const {
  if (given_.claims.find(claim) == nullptr) return;
  const auto text = text_claim(given_.claims, claim);
  if (!text) {
    if (!findings.problem) findings.problem = text.error();
    return;
  }
  const auto address = claim == "sip" ? without_sip_scheme(*text) : *text;
  if (address.empty()) {
    if (!findings.problem) findings.problem = "the claim '" + std::string(claim) + "' is empty";
    return;
  }
  if (!is_address(address)) {
    findings.notes.push_back(std::string(claim) + ' ' + claimed(*text) + " is no address");
    return;
  }
  const auto domain = address.substr(address.find('@') + 1);
  const bool ours = std::ranges::any_of(policy_.sip_domains,
                                        [&](const auto& one) { return equals_ignoring_case(domain, one); });
  if (!ours) findings.warnings.push_back(claimed(domain) + " is no SIP domain of ours");
  const auto same_kind = std::ranges::find(findings.users, kind, &NamedUser::kind);
  if (same_kind == findings.users.end()) {
    findings.users.push_back({kind, std::string(address)});
  } else if (!equals_ignoring_case(same_kind->value, address)) {
    findings.warnings.push_back(std::string(claim) + " names another user, " + claimed(address));
  }
}

// ---- --profile jws ----

class JwsVerification {
 public:
  JwsVerification(std::string_view token, const std::vector<Key>& keys) : token_(token), keys_(keys) {}
  TokenReport run();

 private:
  Verdict form();
  Verdict header();
  Verdict key();
  Verdict signature();

  std::string_view token_;
  const std::vector<Key>& keys_;
  CompactJws jws_ = {};
  Algorithm algorithm_ = Algorithm::rs256;
  std::vector<const Key*> fitting_ = {};
};

TokenReport JwsVerification::run() {
  constexpr std::array<std::pair<std::string_view, Verdict (JwsVerification::*)()>, 4> kSteps = {
      {{"token.form", &JwsVerification::form},
       {"token.header", &JwsVerification::header},
       {"key", &JwsVerification::key},
       {kSignatureCheck, &JwsVerification::signature}}};
  TokenReport report;
  std::string_view blocker;
  for (const auto& [name, judge] : kSteps) {
    auto verdict = blocker.empty() ? (this->*judge)()
                                   : undecided("not decided, because " + std::string(blocker) + " failed");
    if (blocker.empty() && verdict.outcome != Outcome::pass) blocker = name;
    report.checks_.push_back(to_check(name, std::move(verdict)));
  }
  report.accepted_ = blocker.empty();
  settle_marks(report.checks_, report.accepted_);
  return report;
}

Verdict JwsVerification::form() {
  auto jws = parse_compact(token_);
  if (!jws) return refuse(kInvalidToken, jws.error().message);
  jws_ = *std::move(jws);
  return pass(std::to_string(token_.size()) + " bytes in three segments");
}

Verdict JwsVerification::header() {
  const auto& header = jws_.header;
  if (const auto problem = refused_member(header)) return refuse(kInvalidToken, *problem);
  if (const auto* kid = header.find("kid"); kid != nullptr) {
    if (!kid->is_string() || kid->text().size() > kMostKeyIdBytes) {
      return refuse(kInvalidToken, "the header's 'kid' is not a string of at most 256 bytes");
    }
  }
  const auto name = header.find_string("alg");
  if (!name) return refuse(kInvalidToken, "the header names no algorithm: 'alg' must be a string");
  if (equals_ignoring_case(*name, "none"))
    return refuse(kInvalidToken, "the token is not signed: its 'alg' is " + quoted(*name));
  const auto algorithm = parse_algorithm(*name);
  if (!algorithm) return refuse(kInvalidToken, "the algorithm " + quoted(*name) + " is not known");
  algorithm_ = *algorithm;
  return pass("algorithm " + claimed(*name));
}

// A kid selects the keys of that id. Where none has it, keys without any id are still tried: a PEM file
// cannot carry one, and a key that says nothing does not contradict. A key with another id is never tried.
Verdict JwsVerification::key() {
  const auto kid = jws_.header.find_string("kid");
  const bool known = kid && std::ranges::any_of(keys_, [&](const Key& one) { return one.id() == *kid; });
  for (const auto& one : keys_) {
    const bool named = !kid || (known ? one.id() == *kid : !one.id());
    if (named && one.allows(algorithm_)) fitting_.push_back(&one);
  }
  const auto wanted =
      "for " + claimed(enum_name(algorithm_)) + (kid ? " with the kid " + claimed(*kid) : std::string());
  if (fitting_.empty()) {
    return refuse(kInvalidCertificate,
                  "none of the " + std::to_string(keys_.size()) + " given keys is " + wanted);
  }
  return pass(std::to_string(fitting_.size()) + " of " + std::to_string(keys_.size()) + " given keys " +
              (fitting_.size() == 1 ? "is " : "are ") + wanted);
}

Verdict JwsVerification::signature() {
  const bool valid = std::ranges::any_of(
      fitting_, [&](const Key* one) { return one->verify(algorithm_, jws_.signing_input, jws_.signature); });
  if (valid) return pass("made with a given key");
  return refuse(kInvalidSignature, "the signature is not that of a given key",
                "The token has an invalid signature.");
}

// ---- Reports ----

bool TokenReport::accepted() const {
  return accepted_;
}

const Check* TokenReport::first_failure() const {
  const auto found = std::ranges::find(checks_, Outcome::fail, &Check::outcome);
  return found == checks_.end() ? nullptr : &*found;
}

const AcceptedToken* TokenReport::token() const {
  return accepted_ && token_ ? &*token_ : nullptr;
}

std::vector<TokenRule> token_rules() {
  std::vector<TokenRule> rules;
  rules.reserve(kRules.size());
  for (const auto& rule : kRules) rules.push_back({rule.name, rule.citation});
  return rules;
}

Result<TokenReport> verify_token(std::string_view token, const VerifyPolicy& policy, Instant now) {
  return Verification(token, policy, now).run();
}

TokenReport verify_jws(std::string_view token, const std::vector<Key>& keys) {
  return JwsVerification(token, keys).run();
}

namespace {

// The inside of a quoted-string of a header line (RFC 9110 s.5.6.4): printable ASCII, nothing that could end
// it.
std::string header_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c < ' ' || c > '~') {
      result += "%" + hex_encode(std::string_view(&c, 1));
    } else {
      result += c;
    }
  }
  return result;
}

bool signature_passed_before(const std::vector<Check>& checks, const Check* failure) {
  const auto signature = std::ranges::find(checks, kSignatureCheck, &Check::name);
  return signature != checks.end() && signature->outcome == Outcome::pass && &*signature < failure;
}

}  // namespace

std::string diagnostics_line(const TokenReport& report, bool minimal) {
  const auto* failure = report.first_failure();
  if (failure == nullptr) return {};
  auto diagnostic = failure->diagnostic;
  std::string_view reason = failure->reason;
  if (minimal && !signature_passed_before(report.checks(), failure)) {
    diagnostic = kInvalidToken;
    reason = "The token was not accepted.";
  }
  return std::to_string(diagnostic.code) + ";reason=\"" + header_text(reason) + "\";error_category=\"" +
         std::string(diagnostic.category) + '"';
}

}  // namespace accord
