// test-deployment: everything there is to test, the likeliest cause first, and what changed lately.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/deployment_health.h"
#include "lib/app/records.h"
#include "lib/app/registration.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::array<std::string_view, 6> kProperties = {"Result",   "Verdict", "Cause",
                                                         "Findings", "Changes", "Tests"};
constexpr RecordType kDeploymentTestType{"DeploymentTest", kProperties};
constexpr std::array<std::string_view, 2> kChangeProperties = {"Time", "Change"};
constexpr RecordType kChangeType{"DeploymentChange", kChangeProperties};

constexpr Duration kSince = std::chrono::days(3);
constexpr Duration kWarning = std::chrono::days(60);
constexpr Duration kCritical = std::chrono::days(14);

struct Options : FetchOptions {
  std::optional<std::string> partner;
  std::optional<Duration> since;
  bool nagios = false;
  bool ignore_warning = false;
};

// Everybody, or the one partner with the OAuth servers that may issue its tokens.
Result<std::vector<PartyFacts>> parties_of(Environment& env, const OurSide& ours, const Options& options) {
  if (options.partner) {
    TRY_ASSIGN(auto* store, env.read());
    TRY(stored_partner(*store, *options.partner));
  }
  std::vector<PartyFacts> parties;
  bool needs_servers = !options.partner;
  for (const auto& one : ours.partners) {
    if (options.partner && !equals_ignoring_case(one.identity, *options.partner)) continue;
    needs_servers = needs_servers || one.source == TrustSource::oauth_server;
    parties.push_back({.partner = one});
  }
  for (const auto& one : ours.servers) {
    if (needs_servers) parties.push_back({.server = one});
  }
  return parties;
}

Result<DeploymentFacts> gather_deployment(Environment& env, const Options& options) {
  DeploymentFacts facts{.now = env.now(), .since = options.since.value_or(kSince)};
  TRY_ASSIGN(const auto certificates, gather(env, kWarning, kCritical));
  TRY_ASSIGN(auto ours, gather_our_side(env));
  facts.events = events_of(certificates, ours);
  facts.ours = judge_our_side(ours, options.partner.value_or(""), nullptr);
  TRY_ASSIGN(auto parties, parties_of(env, ours, options));
  TRY_ASSIGN(facts.tests, test_parties(env, ours, std::move(parties), options));
  return facts;
}

Record to_record(const DeploymentFacts& facts, const DeploymentHealth& health) {
  std::vector<Record> findings;
  for (const auto& one : health.findings) findings.push_back(to_record(one));
  std::vector<Record> changes;
  for (const auto& one : health.changes)
    changes.push_back(Record(kChangeType).add("Time", one.at).add("Change", one.what));
  std::vector<Record> tests;
  for (const auto& one : facts.tests) tests.push_back(to_record(one));
  return Record(kDeploymentTestType)
      .add("Result", health.verdict == HealthVerdict::critical ? "Failure" : "Success")
      .add("Verdict", std::string(enum_name(health.verdict)))
      .add("Cause", health.cause)
      .add("Findings", std::move(findings))
      .add("Changes", std::move(changes))
      .add("Tests", std::move(tests));
}

std::string_view short_verdict(const ConnectionTest& test) {
  if (test.failed()) return "Failure";
  return test.warned() ? "Warning" : "Success";
}

std::string as_text(const DeploymentFacts& facts, const DeploymentHealth& health) {
  auto text = fmt::format("{}: {}.\n", enum_name(health.verdict), escape_for_terminal(health.cause));
  if (!health.findings.empty())
    text += "\nFindings, the likeliest cause first\n" + findings_text(health.findings);
  text += fmt::format("\nChanged in the last {}\n", format_duration(facts.since));
  if (health.changes.empty()) text += "  nothing that the store knows of\n";
  for (const auto& one : health.changes)
    text += fmt::format("  {}  {}\n", format_instant(one.at), escape_for_terminal(one.what));
  if (!facts.tests.empty()) text += "\nTested\n";
  for (const auto& one : facts.tests)
    text += fmt::format("  {}: {}\n", escape_for_terminal(one.target), short_verdict(one));
  return text;
}

// One line as monitoring plugins print it.
std::string as_nagios(const DeploymentFacts& facts, const DeploymentHealth& health, HealthVerdict verdict) {
  auto text =
      fmt::format("DEPLOYMENT {} - {}", to_upper(enum_name(verdict)), escape_for_terminal(health.cause));
  std::ranges::replace(text, '|', '/');
  const auto failed = std::ranges::count_if(facts.tests, &ConnectionTest::failed);
  return fmt::format("{}|tested={} failed={}\n", text, facts.tests.size(), failed);
}

ExitCode code_of(HealthVerdict verdict) {
  if (verdict == HealthVerdict::critical) return ExitCode::negative;
  return verdict == HealthVerdict::warning ? ExitCode::warning : ExitCode::success;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto facts, gather_deployment(env, options));
  const auto health = judge(facts);
  const bool is_ignored = options.ignore_warning && health.verdict == HealthVerdict::warning;
  const auto verdict = is_ignored ? HealthVerdict::ok : health.verdict;
  if (options.nagios) {
    env.emit_text(as_nagios(facts, health, verdict));
  } else if (asks_for_records(env.common())) {
    env.emit(to_record(facts, health));
  } else {
    env.emit_text(as_text(facts, health));
  }
  return code_of(verdict);
}

Verb declare() {
  return define<Options>({
      .summary = "Test everything: store, clock, certificates, partners and OAuth servers",
      .description = "The one to run when integration is down. Reads every document, compares it with what "
                     "is registered, "
                     "looks at our own side, and names the likeliest cause first; then what changed lately, "
                     "as far as the "
                     "store knows. Nothing is changed. Exit code 0: all is well; 6: warnings; 5: something "
                     "is wrong. With "
                     "--nagios 0, 1 and 2, and 3 for everything else.",
      .parameters = with(
          {
              own(parameter("Partner", &Options::partner,
                            {.help = "This partner application alone, with the OAuth servers that it needs.",
                             .completion = "get-partner-application --property Identity"})),
              own(parameter("Since", &Options::since,
                            {.help = "How far back changes are told.", .default_text = "3d"})),
              own(parameter("Nagios", &Options::nagios,
                            {.help = "Print one line and end as monitoring plugins do."})),
              own(parameter("IgnoreWarning", &Options::ignore_warning, {.help = "Warnings end in 0."})),
          },
          fetch_parameters<Options>()),
      .examples = {{"test-deployment", "On a bad morning."},
                   {"test-deployment --partner exchange --since 1w",
                    "One partner, and what changed in a week."},
                   {"test-deployment --nagios", "For a monitoring system."}},
      .output = &kDeploymentTestType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-deployment", declare);

}  // namespace
}  // namespace accord
