// The result of a test of a live trust: numbered steps with what was seen, and findings (spec/commands.md 6).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/app/environment.h"
#include "lib/app/finding.h"
#include "lib/core/parse.h"
#include "lib/net/fetch.h"

namespace accord {

enum class StepResult { pass, fail, skip };
template <>
struct EnumNames<StepResult> {
  static constexpr std::array<std::pair<StepResult, std::string_view>, 3> table = {
      {{StepResult::pass, "Pass"}, {StepResult::fail, "Fail"}, {StepResult::skip, "Skip"}}};
};

struct TestStep {
  std::string name = {};
  StepResult result = StepResult::pass;
  std::string detail = {};  // what was seen, or why it was skipped
};

struct ConnectionTest {
  std::string target = {};
  std::vector<TestStep> steps = {};
  std::vector<Finding> findings = {};

  // A step failed, or a finding is an Error.
  [[nodiscard]] bool failed() const;
  [[nodiscard]] bool warned() const;

  void pass(std::string name, std::string detail);
  void fail(std::string name, std::string detail);
  void skip(std::string name, std::string why);
  void find(Finding finding) { findings.push_back(std::move(finding)); }
  // Ends a step that has looked for faults since there were `before` findings: it fails where one of them is
  // an Error, and says what was found; else `detail`.
  void conclude(std::string name, std::size_t before, std::string detail);
  // The worst finding first.
  void sort();
};

// The steps URL, Name, Connect and TLS of a call, as far as it got. false: it failed, and the finding is
// added; `ca_option` is the command that names an authority for this server.
[[nodiscard]] bool add_call_steps(ConnectionTest& test, const FetchOutcome& outcome, const std::string& url,
                                  const std::string& target, const std::string& ca_option);
// The rest of the steps of a call that was not made.
void skip_call_steps(ConnectionTest& test, const std::string& why);

// From this on a difference between two clocks is a fault, and what is not worth a word.
inline constexpr Duration kSkewError = std::chrono::seconds(300);
inline constexpr Duration kSkewWarning = std::chrono::seconds(30);
// The Date of an answer, which came at `now`, against our clock: CLOCK-SKEW.
void add_clock_step(ConnectionTest& test, const HttpResponse& response, Instant now);

[[nodiscard]] Record to_record(const ConnectionTest& test);
// 5 where one failed, 6 where one warned (0 with `ignore_warning`).
[[nodiscard]] ExitCode exit_code(const std::vector<ConnectionTest>& tests, bool ignore_warning);
// Prints them as records or as text for people; as one thing where `single`.
void emit_tests(Environment& env, const std::vector<ConnectionTest>& tests, bool single);

// Two lines a finding, indented; what came from outside is escaped.
[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);

}  // namespace accord
