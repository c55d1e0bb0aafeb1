// test-certificate-configuration: how the token-issuer certificate stands, and what to do.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/certificate_health.h"
#include "lib/app/certificate_report.h"
#include "lib/app/records.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

struct Options {
  std::optional<Duration> warning;
  std::optional<Duration> critical;
  std::optional<std::string> report;
  bool nagios = false;
  bool ignore_warning = false;
};

constexpr Duration kWarning = std::chrono::days(60);
constexpr Duration kCritical = std::chrono::days(14);

Result<void> check_thresholds(Duration warning, Duration critical) {
  if (critical <= warning) return {};
  return fail("Parameter.Invalid",
              fmt::format("--critical: {} is more than --warning, {}", format_duration(critical),
                          format_duration(warning)),
              "--critical", "critical is the shorter of the two");
}

// --- As records

Record to_record(const LearnerState& state) {
  return Record(kKeyLearnerType)
      .add("Identity", state.learner.identity)
      .add("LearnsOurKeysBy", std::string(enum_name(state.learner.learns_by)))
      .add("ToldThumbprints", state.learner.told_thumbprints)
      .add("LastRefresh", value_or_null(state.learner.last_refresh))
      .add("KnowsCurrent", state.knows_current)
      .add("KnowsStagedInTime", value_or_null(state.knows_staged_in_time))
      .add("Detail", state.text);
}

Record to_record(const CertificateHealth& health) {
  std::vector<Record> partners;
  for (const auto& one : health.learners) partners.push_back(to_record(one));
  std::vector<Record> findings;
  for (const auto& one : health.findings) findings.push_back(to_record(one));
  return Record(kCertificateTestType)
      .add("Result", health.verdict == HealthVerdict::critical ? "Failure" : "Success")
      .add("Verdict", std::string(enum_name(health.verdict)))
      .add("Decision", std::string(enum_name(health.decision)))
      .add("Summary", health.summary)
      .add("Evidence", health.evidence)
      .add("Commands", health.commands)
      .add("Partners", std::move(partners))
      .add("Findings", std::move(findings));
}

// --- As text for people

std::string as_text(const CertificateHealth& health) {
  std::string text = fmt::format("{}: {}.\n", enum_name(health.verdict), health.summary);
  const auto line = [&](std::string_view one) { text += fmt::format("{}\n", escape_for_terminal(one)); };
  text += "\nEvidence\n";
  for (const auto& one : health.evidence) line("  " + one);
  if (!health.learners.empty()) text += "\nPartners\n";
  for (const auto& one : health.learners) line(fmt::format("  {}: {}", one.learner.identity, one.text));
  if (!health.findings.empty()) text += "\nFindings\n";
  for (const auto& one : health.findings) {
    line(fmt::format("  {} {} ({}): {}", one.id, enum_name(one.severity), one.target, one.detection));
    line(fmt::format("    {}", one.action));
  }
  if (!health.commands.empty()) text += "\nTo run\n";
  for (const auto& one : health.commands) line("  " + one);
  return text;
}

// One line as monitoring plugins print it: status, text, performance data. A range "61:" is left at
// 60 days, where it warns.
std::string as_nagios(const HealthFacts& facts, const CertificateHealth& health, HealthVerdict verdict) {
  auto text =
      fmt::format("CERTIFICATE {} - {}", to_upper(enum_name(verdict)), escape_for_terminal(health.summary));
  for (const auto& one : health.findings) {
    if (one.severity != Severity::information)
      text += fmt::format("; {} {}", one.id, escape_for_terminal(one.target));
  }
  std::ranges::replace(text, '|', '/');
  if (facts.current) {
    text += fmt::format("|days_left={};{}:;{}:", days_left(facts.current->certificate.not_after, facts.now),
                        std::chrono::floor<std::chrono::days>(facts.warning).count() + 1,
                        std::chrono::floor<std::chrono::days>(facts.critical).count() + 1);
  }
  return text + "\n";
}

ExitCode code_of(HealthVerdict verdict, bool ignore_warning) {
  switch (verdict) {
    case HealthVerdict::ok:
      return ExitCode::success;
    case HealthVerdict::warning:
      return ignore_warning ? ExitCode::success : ExitCode::warning;
    case HealthVerdict::critical:
      return ExitCode::negative;
  }
  return ExitCode::failure;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  const auto warning = options.warning.value_or(kWarning);
  const auto critical = options.critical.value_or(std::min(kCritical, warning));
  TRY(check_thresholds(warning, critical));
  TRY_ASSIGN(const auto facts, gather(env, warning, critical));
  const auto health = judge(facts);
  if (options.report) TRY(env.write_file(*options.report, certificate_report(facts, health)));
  if (options.nagios) {
    const bool is_ignored = options.ignore_warning && health.verdict == HealthVerdict::warning;
    env.emit_text(as_nagios(facts, health, is_ignored ? HealthVerdict::ok : health.verdict));
  } else if (asks_for_records(env.common())) {
    env.emit(to_record(health));
  } else {
    env.emit_text(as_text(health));
  }
  return code_of(health.verdict, options.ignore_warning);
}

Verb declare() {
  return define<Options>({
      .original = "Test-CsCertificateConfiguration",
      .summary = "Say how the token-issuer certificate stands, and what to do",
      .description = "Looks at the current, staged and previous token issuer, its key, names and uses, and "
                     "at which partners know "
                     "it; decides what is to be done and prints the commands. Exit code 0: nothing to do; 6: "
                     "warnings; 5: the "
                     "token issuer cannot be relied on. With --nagios 0, 1 and 2, and 3 for everything else.",
      .parameters =
          {
              own(parameter("Warning", &Options::warning,
                            {.help = "Days left at which it warns.", .default_text = "60d"})),
              own(parameter("Critical", &Options::critical,
                            {.help = "Days left at which the verdict is negative.", .default_text = "14d"})),
              parameter("Report", &Options::report,
                        {.help = "Write a page with time line and trust map, HTML.",
                         .type = "Path",
                         .writes_file = true}),
              own(parameter("Nagios", &Options::nagios,
                            {.help = "Print one line and end as monitoring plugins do."})),
              own(parameter("IgnoreWarning", &Options::ignore_warning, {.help = "Warnings end in 0."})),
          },
      .examples = {{"test-certificate-configuration", "What an admin wants to know."},
                   {"test-certificate-configuration --nagios --warning 45d", "For a monitoring system."},
                   {"test-certificate-configuration --report certificates.html --quiet",
                    "A page to read, print or send."}},
      .output = &kCertificateTestType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-certificate-configuration", declare);

}  // namespace
}  // namespace accord
