#include "lib/token/assertion.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/token/rules.h"

namespace accord {

using namespace rules;

class AssertionVerification {
 public:
  AssertionVerification(std::string_view text, const AssertionPolicy& policy, Instant now)
      : text_(text),
        policy_(policy),
        now_(std::clamp(now.time_since_epoch().count(), std::int64_t{0}, kLatestSecond)) {}

  Result<AssertionReport> run();

 private:
  Result<Verdict> form();
  Result<Verdict> header();
  Result<Verdict> issuer();
  Result<Verdict> key();
  Result<Verdict> signature();
  Result<Verdict> audience();
  Result<Verdict> time();
  Result<Verdict> identifier();
  [[nodiscard]] bool is_for_us(std::string_view audience) const;

  std::string_view text_;
  const AssertionPolicy& policy_;
  std::int64_t now_;
  Part part_ = {};
  IssuerName name_ = {};
  AssertionClient client_ = {};
  KeyChoice choice_ = {};
  std::optional<Lifetime> lifetime_ = {};
  std::optional<std::string> jti_ = {};
};

// The first five are gates: nothing is told of what somebody has written who is not known.
Result<AssertionReport> AssertionVerification::run() {
  struct Step {
    std::string_view name;
    Result<Verdict> (AssertionVerification::*judge)();
    bool is_gate;
  };
  constexpr std::array<Step, 8> kSteps = {
      {{"assertion.form", &AssertionVerification::form, true},
       {"assertion.header", &AssertionVerification::header, true},
       {"assertion.issuer", &AssertionVerification::issuer, true},
       {"assertion.key", &AssertionVerification::key, true},
       {"assertion.signature", &AssertionVerification::signature, true},
       {"assertion.audience", &AssertionVerification::audience, false},
       {"assertion.time", &AssertionVerification::time, false},
       {"assertion.jti", &AssertionVerification::identifier, false}}};
  AssertionReport report;
  std::string_view blocker;
  bool all_good = true;
  for (const auto& step : kSteps) {
    if (!blocker.empty()) {
      report.checks_.push_back(
          to_check(step.name, undecided("not decided, because " + std::string(blocker) + " failed")));
      continue;
    }
    TRY_ASSIGN(auto verdict, (this->*step.judge)());
    const bool good = verdict.decided && verdict.outcome != Outcome::fail;
    all_good = all_good && good;
    if (!good && step.is_gate) blocker = step.name;
    report.checks_.push_back(to_check(step.name, std::move(verdict)));
  }
  report.is_authentic_ = blocker.empty();
  if (all_good) {
    report.assertion_ = AcceptedAssertion{.identity = client_.identity,
                                          .trust = client_.trust,
                                          .client = name_,
                                          .expires = Instant(std::chrono::seconds(lifetime_->expires)),
                                          .digest = sha256(part_.jws.signing_input),
                                          .jti = jti_};
  }
  settle_marks(report.checks_, all_good);
  return report;
}

Result<Verdict> AssertionVerification::form() {
  auto jws = parse_compact(text_);
  if (!jws) return refuse(kInvalidToken, jws.error().message);
  part_.jws = *std::move(jws);
  auto claims = parse_claims(part_.jws);
  if (!claims) return refuse(kInvalidToken, claims.error().message);
  part_.claims = *std::move(claims);
  return pass(std::to_string(text_.size()) + " bytes in three segments");
}

// Nothing that stands for a user, or carries another token, is taken for an application's own word.
Result<Verdict> AssertionVerification::header() {
  if (const auto problem = header_problem(part_.jws.header)) return refuse(kInvalidToken, *problem);
  if (const auto problem = signed_algorithm_problem(part_)) return refuse(kInvalidToken, *problem);
  for (const auto* claim : {"actortoken", "actor"}) {
    if (part_.claims.find(claim) != nullptr) {
      return refuse(kInvalidToken,
                    "the claim '" + std::string(claim) + "' belongs into a token, not into an assertion");
    }
  }
  return pass("signed with algorithm " + claimed(part_.algorithm()));
}

Result<Verdict> AssertionVerification::issuer() {
  const auto text = text_claim(part_.claims, "iss");
  if (!text) return refuse(kInvalidClient, text.error());
  const auto name = parse_issuer_name(*text);
  if (!name || name->realm.empty() || name->realm == "*") {
    return refuse(kInvalidClient, "the issuer " + claimed(*text) + " is not of the form principal@realm");
  }
  std::vector<AssertionClient> found;
  if (policy_.clients) {
    TRY_ASSIGN(found, policy_.clients(*name));
  }
  if (found.empty()) {
    return refuse(kInvalidClient, "no enabled partner application with keys of its own has the issuer " +
                                      claimed(*text));
  }
  if (found.size() > 1) {
    return refuse(kInvalidClient, "more than one partner application may be the issuer " + claimed(*text) +
                                      ": " + quoted(found[0].identity) + " and " + quoted(found[1].identity));
  }
  // RFC 7523 s.3 wants a subject, which these clients do not write; one that is there is the client itself.
  if (part_.claims.find("sub") != nullptr) {
    const auto subject = text_claim(part_.claims, "sub");
    if (!subject) return refuse(kInvalidClient, subject.error());
    if (*subject != *text && *subject != name->principal)
      return refuse(kInvalidClient, "the subject " + claimed(*subject) + " is not the issuer");
  }
  name_ = *name;
  client_ = std::move(found.front());
  return pass("issuer " + claimed(*text) + " is the partner application " + quoted(client_.identity));
}

Result<Verdict> AssertionVerification::key() {
  choice_ = choose_key(part_, client_.identity, client_.keys, now_);
  return choice_.verdict;
}

Result<Verdict> AssertionVerification::signature() {
  const auto& jws = part_.jws;
  if (!choice_.key || !choice_.key->verify(choice_.algorithm, jws.signing_input, jws.signature))
    return refuse(kInvalidSignature, "the signature is not that of the key");
  return pass("made with the key of " + quoted(client_.identity));
}

bool AssertionVerification::is_for_us(std::string_view audience) const {
  if (audience == policy_.own.text()) return true;
  const auto parts = parse_audience(audience);
  if (!parts || parts->principal != policy_.own.principal || parts->realm != policy_.own.realm) return false;
  const auto host = split_port(parts->host);
  return host && std::ranges::any_of(policy_.hosts, [&](const auto& one) { return fits_entry(*host, one); });
}

Result<Verdict> AssertionVerification::audience() {
  const auto text = text_claim(part_.claims, "aud");
  if (!text) return refuse(kInvalidResource, text.error());
  if (is_for_us(*text)) return pass("for us, " + claimed(*text));
  return refuse(kInvalidResource, "expected the audience " + quoted(policy_.own.text()) + " or that of " +
                                      (policy_.hosts.empty() ? std::string("a host, of which none is set")
                                                             : "one of the hosts " +
                                                                   quoted(joined(policy_.hosts, ", "))) +
                                      ", found " + claimed(*text));
}

Result<Verdict> AssertionVerification::time() {
  std::vector<std::string> problems;
  lifetime_ = lifetime_of(part_.claims, problems);
  if (part_.claims.find("iat") != nullptr) {
    if (const auto issued = time_claim(part_.claims, "iat"); !issued) problems.push_back(issued.error());
  }
  if (!problems.empty()) return refuse(kInvalidToken, joined(problems, "; "));
  const auto problem = time_problem(*lifetime_, now_, {policy_.clock_skew, kMaximumAssertionLifetime});
  if (problem) return refuse(kTokenExpired, *problem);
  return pass("valid from " + shown_second(lifetime_->not_before) + " to " + shown_second(lifetime_->expires));
}

Result<Verdict> AssertionVerification::identifier() {
  if (part_.claims.find("jti") == nullptr) return does_not_apply("no jti");
  const auto text = text_claim(part_.claims, "jti");
  if (!text) return refuse(kInvalidToken, text.error());
  jti_ = std::string(*text);
  return pass("jti " + claimed(*text));
}

const Check* AssertionReport::first_failure() const {
  const auto found = std::ranges::find(checks_, Outcome::fail, &Check::outcome);
  return found == checks_.end() ? nullptr : &*found;
}

Result<AssertionReport> verify_assertion(std::string_view assertion, const AssertionPolicy& policy,
                                         Instant now) {
  return AssertionVerification(assertion, policy, now).run();
}

}  // namespace accord
