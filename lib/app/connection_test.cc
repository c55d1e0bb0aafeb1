#include "lib/app/connection_test.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "lib/app/records.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::array<std::pair<FetchStep, std::string_view>, 4> kCallSteps = {
    {{FetchStep::url, "URL"},
     {FetchStep::name, "Name"},
     {FetchStep::connect, "Connect"},
     {FetchStep::tls, "TLS"}}};

std::string evidence_of(FetchStep step, const FetchOutcome& outcome, const std::string& url) {
  switch (step) {
    case FetchStep::url:
      return url;
    case FetchStep::name:
      return outcome.addresses.empty() ? "resolved" : fmt::format("{}", fmt::join(outcome.addresses, ", "));
    case FetchStep::connect:
      return outcome.addresses.empty() ? "connected"
                                       : fmt::format("connected to {}", outcome.addresses.back());
    case FetchStep::tls:
      return fmt::format("{}{}", outcome.tls_version.value_or("TLS"),
                         outcome.certificate ? fmt::format(", {}", *outcome.certificate) : "");
    case FetchStep::answer:
      break;
  }
  return {};
}

std::string tls_action(TlsFault fault, const std::string& ca_option) {
  switch (fault) {
    case TlsFault::untrusted:
      return fmt::format("if the authority is right: {}", ca_option);
    case TlsFault::wrong_name:
      return "call the server by a name that its certificate has, or have the other admin add this one";
    case TlsFault::expired:
      return "have the other admin renew the certificate of the web server";
    case TlsFault::old_protocol:
      return "have the other admin enable TLS 1.2";
    case TlsFault::no_tls:
      return "check the port: what listens there does not speak TLS";
    case TlsFault::none:
    case TlsFault::other:
      break;
  }
  return fmt::format("see what the server's log says; an authority is named with {}", ca_option);
}

std::string step_text(FetchStep step) {
  switch (step) {
    case FetchStep::name:
      return "its name could not be resolved";
    case FetchStep::connect:
      return "no connection was made";
    default:
      return "there was no whole answer";
  }
}

Finding call_finding(const FetchOutcome& outcome, const std::string& target, const std::string& ca_option) {
  const auto& error = *outcome.error;
  if (outcome.failed_at == FetchStep::tls) {
    return {"META-TLS", Severity::error, target, error.message, tls_action(outcome.tls_fault, ca_option)};
  }
  const auto action = error.advice.empty()
                          ? std::string("check name, port and firewall between here and there")
                          : error.advice;
  if (error.id == ErrorId("Network.Redirected"))
    return {"META-STATUS", Severity::error, target, error.message, action};
  if (error.id == ErrorId("Network.TooLarge"))
    return {"META-SHAPE", Severity::error, target, error.message, action};
  return {"META-UNREACHABLE", Severity::error, target,
          fmt::format("{}: {}", step_text(*outcome.failed_at), error.message), action};
}

}  // namespace

// --- Building one

bool ConnectionTest::failed() const {
  return std::ranges::any_of(steps, [](const auto& one) { return one.result == StepResult::fail; }) ||
         std::ranges::any_of(findings, [](const auto& one) { return one.severity == Severity::error; });
}

bool ConnectionTest::warned() const {
  return std::ranges::any_of(findings, [](const auto& one) { return one.severity == Severity::warning; });
}

void ConnectionTest::pass(std::string name, std::string detail) {
  steps.push_back({std::move(name), StepResult::pass, std::move(detail)});
}

void ConnectionTest::fail(std::string name, std::string detail) {
  steps.push_back({std::move(name), StepResult::fail, std::move(detail)});
}

void ConnectionTest::skip(std::string name, std::string why) {
  steps.push_back({std::move(name), StepResult::skip, std::move(why)});
}

void ConnectionTest::conclude(std::string name, std::size_t before, std::string detail) {
  bool is_failed = false;
  std::vector<std::string> found;
  for (auto i = before; i < findings.size(); ++i) {
    is_failed = is_failed || findings[i].severity == Severity::error;
    found.push_back(fmt::format("{}: {}", findings[i].id, findings[i].detection));
  }
  if (!found.empty()) detail = fmt::format("{}", fmt::join(found, "; "));
  steps.push_back({std::move(name), is_failed ? StepResult::fail : StepResult::pass, std::move(detail)});
}

void ConnectionTest::sort() {
  std::ranges::stable_sort(findings, std::greater<>(), &Finding::severity);
}

// --- Calls

bool add_call_steps(ConnectionTest& test, const FetchOutcome& outcome, const std::string& url,
                    const std::string& target, const std::string& ca_option) {
  for (const auto& [step, name] : kCallSteps) {
    if (outcome.failed_at && *outcome.failed_at < step) {
      test.skip(std::string(name), "the call did not get so far");
    } else if (outcome.failed_at == step) {
      test.fail(std::string(name), outcome.error->message);
    } else {
      test.pass(std::string(name), evidence_of(step, outcome, url));
    }
  }
  if (outcome.ok()) return true;
  test.find(call_finding(outcome, target, ca_option));
  return false;
}

void skip_call_steps(ConnectionTest& test, const std::string& why) {
  for (const auto& [step, name] : kCallSteps) test.skip(std::string(name), why);
}

void add_clock_step(ConnectionTest& test, const HttpResponse& response, Instant now) {
  const auto before = test.findings.size();
  const auto theirs = response.date();
  if (!theirs) return test.skip("Clock", "the answer has no Date");
  const auto difference = std::chrono::abs(now - *theirs);
  if (difference > kSkewWarning) {
    test.find({"CLOCK-SKEW", difference >= kSkewError ? Severity::error : Severity::warning, test.target,
               fmt::format("the server's clock says {}, ours {}: {} s {}", format_instant(*theirs),
                           format_instant(now), difference.count(), *theirs > now ? "ahead" : "behind"),
               "set both clocks by the same source: timedatectl status says how ours stands"});
  }
  test.conclude(
      "Clock", before,
      fmt::format("the server's clock says {}, ours {}", format_instant(*theirs), format_instant(now)));
}

// --- As output

Record to_record(const ConnectionTest& test) {
  std::vector<Record> steps;
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    const auto& one = test.steps[i];
    steps.push_back(Record(kTestStepType)
                        .add("Number", static_cast<std::int64_t>(i + 1))
                        .add("Name", one.name)
                        .add("Result", std::string(enum_name(one.result)))
                        .add("Detail", one.detail));
  }
  std::vector<Record> findings;
  for (const auto& one : test.findings) findings.push_back(to_record(one));
  return Record(kConnectionTestType)
      .add("Result", test.failed() ? "Failure" : "Success")
      .add("Target", test.target)
      .add("Steps", std::move(steps))
      .add("Findings", std::move(findings));
}

namespace {

std::string as_text(const ConnectionTest& test) {
  const auto verdict = test.failed() ? "Failure" : test.warned() ? "Success, with warnings" : "Success";
  auto text = fmt::format("{}: {}\n", escape_for_terminal(test.target), verdict);
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    const auto& one = test.steps[i];
    text += fmt::format("  {:>2}  {:<4}  {:<20}  {}\n", i + 1, enum_name(one.result), one.name,
                        escape_for_terminal(one.detail));
  }
  if (!test.findings.empty()) text += "\nFindings\n" + findings_text(test.findings);
  return text;
}

}  // namespace

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& one : findings) {
    text += escape_for_terminal(
                fmt::format("  {} {} ({}): {}", one.id, enum_name(one.severity), one.target, one.detection)) +
            "\n";
    text += escape_for_terminal(fmt::format("    {}", one.action)) + "\n";
  }
  return text;
}

ExitCode exit_code(const std::vector<ConnectionTest>& tests, bool ignore_warning) {
  if (std::ranges::any_of(tests, &ConnectionTest::failed)) return ExitCode::negative;
  const bool warned = std::ranges::any_of(tests, &ConnectionTest::warned);
  return warned && !ignore_warning ? ExitCode::warning : ExitCode::success;
}

void emit_tests(Environment& env, const std::vector<ConnectionTest>& tests, bool single) {
  if (!asks_for_records(env.common())) {
    std::vector<std::string> parts;
    for (const auto& one : tests) parts.push_back(as_text(one));
    return env.emit_text(fmt::format("{}", fmt::join(parts, "\n")));
  }
  std::vector<Record> records;
  for (const auto& one : tests) records.push_back(to_record(one));
  if (single && records.size() == 1) return env.emit(std::move(records.front()));
  env.emit(kConnectionTestType, std::move(records));
}

}  // namespace accord
