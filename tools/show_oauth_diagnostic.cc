// show-oauth-diagnostic: what a server's refusal means, and what to do about it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/app/diagnosis.h"
#include "lib/app/environment.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::size_t kInputLimit = std::size_t{256} * 1024;

struct Options {
  std::string line;
};

std::string as_text(const Diagnosis& diagnosis) {
  std::vector<std::string> head;
  for (const auto& one : {diagnosis.code, diagnosis.category}) {
    if (one) head.push_back(*one);
  }
  auto text = escape_for_terminal(fmt::format(
      "{}: {}.", head.empty() ? std::string("challenge") : fmt::format("{}", fmt::join(head, " ")),
      diagnosis.meaning));
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("\n  {:<5}  {}", name, escape_for_terminal(value));
  };
  if (diagnosis.reason) line("Says", *diagnosis.reason);
  line("Cause", diagnosis.cause);
  if (!diagnosis.rows.empty()) line("Rows", fmt::format("{}", fmt::join(diagnosis.rows, ", ")));
  for (const auto& one : diagnosis.evidence) line("Seen", one);
  line("Next", diagnosis.next);
  return text + '\n';
}

Result<ExitCode> run(Environment& env, const Options& options) {
  std::string text = options.line;
  if (text == "-") {
    TRY_ASSIGN(text, env.read_input(kInputLimit));
  }
  TRY_ASSIGN(const auto all, diagnose_text(text));
  if (!asks_for_records(env.common())) {
    std::vector<std::string> parts;
    for (const auto& one : all) parts.push_back(as_text(one));
    env.emit_text(fmt::format("{}", fmt::join(parts, "\n")));
    return ExitCode::success;
  }
  std::vector<Record> records;
  for (const auto& one : all) records.push_back(to_record(one));
  if (records.size() == 1) {
    env.emit(std::move(records.front()));
  } else {
    env.emit(kOAuthDiagnosticType, std::move(records));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Explain what a server answered when it refused a token",
      .description =
          "Takes the value of an x-ms-diagnostics header, a WWW-Authenticate challenge, the error of a token "
          "endpoint, or a whole answer pasted as it is; says what it means, the likeliest cause, the rows of "
          "the test verbs that it points to, and what to run next. A token in the text is not shown, and no "
          "store is opened. Exit code 2 where nothing in the text is any of these.",
      .parameters =
          {
              own(parameter(
                  "Line", &Options::line,
                  {.help = "The text, or - for standard input.", .mandatory = true, .first = true})),
          },
      .examples = {{"show-oauth-diagnostic '2000003;reason=\"The audience claim value is invalid "
                    "'\\''aud'\\''.\";error_category=\"invalid_resource\"'",
                    "What a line of a log means."},
                   {"show-oauth-diagnostic - --output json < answer.txt",
                    "The same of a whole answer, for a program."}},
      .output = &kOAuthDiagnosticType,
      .run = run,
  });
}

const Registration registration("show-oauth-diagnostic", declare);

}  // namespace
}  // namespace accord
