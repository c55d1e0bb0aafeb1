#include "lib/app/deployment_health.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace accord {
namespace {

// What explains most of what else is seen comes first: without a certificate no partner works, with a wrong
// clock none does reliably; a partner's own faults concern that partner.
constexpr std::array<std::string_view, 28> kLikeliest = {
    "CERT-MISSING",  "CERT-KEY",         "CERT-EXPIRY",   "CLOCK-SKEW",          "OUR-NAME-CHANGED",
    "CERT-WEAK",     "SERVICE-NAME",     "CERT-PREVIOUS", "OAUTHSERVER-MISSING", "PARTNER-DISABLED",
    "META-STALE",    "REALM-CHANGED",    "REALM-TENANT",  "REALM-MISMATCH",      "PARTNER-ID",
    "META-TLS",      "META-UNREACHABLE", "META-STATUS",   "META-HTTP",           "META-PATH",
    "META-SHAPE",    "CERT-ROLL-LATE",   "CERT-NOTIFY",   "AUTODISCOVER",        "PARTNER-DUPLICATE",
    "PARTNER-TRUST", "CERT-NAMES",       "CERT-SHARED"};

std::size_t rank_of(const Finding& finding) {
  return static_cast<std::size_t>(std::ranges::find(kLikeliest, finding.id) - kLikeliest.begin());
}

bool is_same(const Finding& a, const Finding& b) {
  return a.id == b.id && a.target == b.target && a.detection == b.detection;
}

// What concerns our own side was found again with each partner.
std::vector<Finding> each_once(const DeploymentFacts& facts) {
  std::vector<Finding> all = facts.ours;
  for (const auto& test : facts.tests) all.insert(all.end(), test.findings.begin(), test.findings.end());
  std::vector<Finding> once;
  for (auto& one : all) {
    if (std::ranges::none_of(once, [&](const auto& other) { return is_same(one, other); }))
      once.push_back(std::move(one));
  }
  std::ranges::stable_sort(once, [](const Finding& a, const Finding& b) {
    return a.severity != b.severity ? a.severity > b.severity : rank_of(a) < rank_of(b);
  });
  return once;
}

std::vector<std::string> targets_with(const std::vector<Finding>& findings, std::string_view id) {
  std::vector<std::string> targets;
  for (const auto& one : findings) {
    if (one.id == id) targets.push_back(one.target);
  }
  return targets;
}

// Whether documents were asked for at all, and nobody answered.
bool is_cut_off(const DeploymentFacts& facts, const std::vector<Finding>& findings) {
  const auto was_called = [](const ConnectionTest& one) {
    return !one.steps.empty() && one.steps.front().result != StepResult::skip;
  };
  const auto called = std::ranges::count_if(facts.tests, was_called);
  return called > 1 && std::ssize(targets_with(findings, "META-UNREACHABLE")) == called;
}

std::string cause_of(const DeploymentFacts& facts, const std::vector<Finding>& findings) {
  if (findings.empty() || findings.front().severity == Severity::information) return "nothing is wrong";
  if (is_cut_off(facts, findings) && rank_of(findings.front()) >= rank_of({.id = "META-UNREACHABLE"}))
    return "no partner can be reached: look at this host's own network, name resolution and firewall first";
  const auto& first = findings.front();
  const auto targets = targets_with(findings, first.id);
  if (targets.size() == 1) return fmt::format("{} ({}): {}", first.id, first.target, first.detection);
  return fmt::format("{} of {}: {}", first.id, fmt::join(targets, ", "), first.detection);
}

HealthVerdict verdict_of(const DeploymentFacts& facts, const std::vector<Finding>& findings) {
  const auto has = [&](Severity severity) {
    return std::ranges::find(findings, severity, &Finding::severity) != findings.end();
  };
  if (has(Severity::error) || std::ranges::any_of(facts.tests, &ConnectionTest::failed))
    return HealthVerdict::critical;
  return has(Severity::warning) ? HealthVerdict::warning : HealthVerdict::ok;
}

// --- Events

void add_certificate(const HeldCertificate& held, std::string_view which,
                     std::vector<DeploymentChange>& events) {
  const auto& thumbprint = held.certificate.thumbprint;
  events.push_back({held.row.updated,
                    fmt::format("the assignment of our {} certificate {} was changed", which, thumbprint)});
  events.push_back({held.row.effective, fmt::format("our {} certificate {} took over", which, thumbprint)});
  events.push_back(
      {held.certificate.not_after, fmt::format("our {} certificate {} ended", which, thumbprint)});
}

void add_relation(const std::string& who, const KeyRelation& relation,
                  std::vector<DeploymentChange>& events) {
  if (relation.last_refresh) {
    events.push_back({*relation.last_refresh, fmt::format("the document of '{}' was read: {}", who,
                                                          relation.last_refresh_result.value_or("done"))});
  }
  if (relation.told_at) events.push_back({*relation.told_at, fmt::format("'{}' was told of our keys", who)});
  for (const auto& key : relation.keys) {
    events.push_back({key.not_before, fmt::format("the key {} of '{}' became valid", key.thumbprint, who)});
    events.push_back({key.not_after, fmt::format("the key {} of '{}' ended", key.thumbprint, who)});
  }
}

}  // namespace

DeploymentHealth judge(const DeploymentFacts& facts) {
  DeploymentHealth health;
  health.findings = each_once(facts);
  health.cause = cause_of(facts, health.findings);
  health.verdict = verdict_of(facts, health.findings);
  for (const auto& one : facts.events) {
    if (one.at <= facts.now && one.at > facts.now - facts.since) health.changes.push_back(one);
  }
  std::ranges::stable_sort(health.changes, std::greater<>(), &DeploymentChange::at);
  return health;
}

std::vector<DeploymentChange> events_of(const HealthFacts& certificates, const OurSide& ours) {
  std::vector<DeploymentChange> events;
  if (certificates.current) add_certificate(*certificates.current, "current", events);
  if (certificates.previous) add_certificate(*certificates.previous, "previous", events);
  for (const auto& one : certificates.staged) add_certificate(one, "staged", events);
  for (const auto& one : ours.partners) add_relation(one.identity, one.relation, events);
  for (const auto& one : ours.servers) add_relation(one.identity, one.relation, events);
  return events;
}

}  // namespace accord
