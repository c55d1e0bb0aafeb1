// On a bad morning: what is named first, and what changed.
#include "lib/app/deployment_health.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

namespace accord {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const Instant kNow{seconds(1'795'521'600)};  // 2026-11-24T12:00:00Z

Finding finding(const std::string& id, Severity severity, const std::string& target) {
  return {id, severity, target, "seen", "do"};
}

ConnectionTest tested(const std::string& target, std::vector<Finding> findings = {}) {
  ConnectionTest made{.target = target, .findings = std::move(findings)};
  made.pass("URL", "https://x");
  return made;
}

std::string ids(const DeploymentHealth& health) {
  std::vector<std::string> all;
  for (const auto& one : health.findings) all.push_back(fmt::format("{} {}", one.id, one.target));
  return fmt::format("{}", fmt::join(all, "; "));
}

TEST_CASE("where nothing is found nothing is wrong, and a word is no warning") {
  DeploymentFacts facts{.now = kNow, .tests = {tested("exchange")}};
  CHECK(judge(facts).verdict == HealthVerdict::ok);
  CHECK(judge(facts).cause == "nothing is wrong");
  facts.ours = {finding("AUDIENCE-OPEN", Severity::information, "Global")};
  CHECK(judge(facts).verdict == HealthVerdict::ok);
  CHECK(judge(facts).cause == "nothing is wrong");
  facts.ours.push_back(finding("SERVICE-NAME", Severity::warning, "Global"));
  CHECK(judge(facts).verdict == HealthVerdict::warning);
  CHECK(judge(facts).cause == "SERVICE-NAME (Global): seen");
}

TEST_CASE("the likeliest cause comes first, and what concerns everybody is said once") {
  const auto expired = finding("CERT-EXPIRY", Severity::error, "OLD");
  DeploymentFacts facts{
      .now = kNow,
      .ours = {expired, finding("AUDIENCE-OPEN", Severity::information, "Global")},
      .tests = {tested("exchange", {finding("META-STALE", Severity::error, "exchange"), expired}),
                tested("farm", {finding("PARTNER-TRUST", Severity::warning, "farm"), expired})}};
  const auto health = judge(facts);
  CHECK(ids(health) == "CERT-EXPIRY OLD; META-STALE exchange; PARTNER-TRUST farm; AUDIENCE-OPEN Global");
  CHECK(health.verdict == HealthVerdict::critical);
  CHECK(health.cause == "CERT-EXPIRY (OLD): seen");
}

TEST_CASE("a step that failed is a failure without any finding") {
  DeploymentFacts facts{.now = kNow, .tests = {tested("exchange")}};
  facts.tests.front().fail("Document", "none");
  CHECK(judge(facts).verdict == HealthVerdict::critical);
}

TEST_CASE("where nobody answers our own network is named first, and not where one does") {
  const auto down = [](const std::string& name) {
    return tested(name, {finding("META-UNREACHABLE", Severity::error, name)});
  };
  DeploymentFacts facts{.now = kNow, .tests = {down("exchange"), down("farm")}};
  CHECK(judge(facts).cause.starts_with("no partner can be reached"));
  facts.tests.push_back(tested("lync"));
  CHECK(judge(facts).cause == "META-UNREACHABLE of exchange, farm: seen");
  facts.tests.back().steps.front().result = StepResult::skip;  // it has no document
  CHECK(judge(facts).cause.starts_with("no partner can be reached"));
  facts.tests = {down("exchange")};
  CHECK(judge(facts).cause == "META-UNREACHABLE (exchange): seen");
}

TEST_CASE("changes are those since then, up to now, the latest first") {
  DeploymentFacts facts{.now = kNow,
                        .since = days(3),
                        .events = {{kNow - days(3), "at the border"},
                                   {kNow - days(3) + seconds(1), "just within"},
                                   {kNow, "now"},
                                   {kNow + seconds(1), "to come"},
                                   {kNow - hours(1), "an hour ago"}}};
  std::vector<std::string> changes;
  for (const auto& one : judge(facts).changes) changes.push_back(one.what);
  CHECK(changes == std::vector<std::string>{"now", "an hour ago", "just within"});
}

TEST_CASE("the store knows of certificates and of what partners were asked and told") {
  HealthFacts certificates{.now = kNow};
  certificates.current.emplace();
  certificates.current->certificate.thumbprint = "OLD";
  certificates.current->certificate.not_after = kNow - hours(2);
  certificates.current->row = {.updated = kNow - days(2), .published = kNow};
  certificates.current->row.effective = kNow - days(1);
  OurSide ours{.now = kNow};
  ours.partners = {{.identity = "exchange"}};
  ours.partners.front().relation.last_refresh = kNow - hours(1);
  ours.partners.front().relation.last_refresh_result = "it could not be reached";
  ours.partners.front().relation.told_at = kNow - hours(3);
  const DeploymentFacts facts{.now = kNow, .events = events_of(certificates, ours)};
  std::vector<std::string> changes;
  for (const auto& one : judge(facts).changes) changes.push_back(one.what);
  CHECK(changes == std::vector<std::string>{"the document of 'exchange' was read: it could not be reached",
                                            "our current certificate OLD ended",
                                            "'exchange' was told of our keys",
                                            "our current certificate OLD took over",
                                            "the assignment of our current certificate OLD was changed"});
}

}  // namespace
}  // namespace accord
