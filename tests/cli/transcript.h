// Transcripts: what an admin types, what comes back. A file is a test; README.md beside this tells the
// notation.
//
// Verbs run in process, through accord::run, with a fixed clock, an environment of their own and a scratch
// folder a scenario; anything else that a line names (sed, cp, test …) is run as a program.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace accord::test {

// One command with what it should print; or a line that arranges something for those that follow.
struct Step {
  enum class Kind { command, capture, heredoc, clock, setting, setup, needs };
  Kind kind = Kind::command;
  int line = 0;
  std::vector<std::string> source = {};    // the lines as they stand, without what is expected
  std::vector<std::string> trailing = {};  // blank lines and remarks before the next step
  std::string text = {};                   // the command; NAME of a here-document; TIME; NAME=VALUE
  std::string name = {};                   // the variable of a capture
  std::vector<std::string> content = {};   // of a here-document
  std::vector<std::string> out = {};
  std::vector<std::string> error = {};
  std::vector<std::string> expected = {};  // `out`, `error` and the exit code, as they stand
  int exit_code = 0;
};

struct Scenario {
  std::string title = {};
  int line = 0;
  std::vector<std::string> remarks = {};
  std::vector<Step> steps = {};
};

struct Transcript {
  std::vector<std::string> preamble = {};
  std::vector<Scenario> scenarios = {};
};

// Throws std::runtime_error with the number of a line that makes no sense.
[[nodiscard]] Transcript parse_transcript(std::string_view text);
[[nodiscard]] std::string print_transcript(const Transcript& transcript);

// Whether `text` is `pattern`, in which "...", "…" and "{*}" stand for anything.
[[nodiscard]] bool line_matches(std::string_view pattern, std::string_view text);
// The same for lines, where a line that is a wildcard alone stands for any number of them.
[[nodiscard]] bool lines_match(const std::vector<std::string>& pattern, const std::vector<std::string>& text);

// The words of a command line, quoted as for a shell: '…', "…" and \. An operator (| < >) is a word of its
// own.
struct Word {
  std::string text = {};
  bool is_operator = false;
};
[[nodiscard]] std::vector<Word> split_words(std::string_view command);

// A scenario could not be run here, e.g. for want of the public vectors.
struct Skipped {
  std::string why;
};

struct Report {
  int failures = 0;
  std::string text = {};
};

struct Folders {
  std::string source;   // of the project
  std::string vectors;  // public test material; empty: absent
  std::string setup;    // of the files that "& NAME" names
};

// Runs the scenario in the current folder, which is empty. With `rewrite`, what came out replaces what was
// expected where the two differ. Throws Skipped.
[[nodiscard]] Report run_scenario(Scenario& scenario, const Folders& folders, bool rewrite);

}  // namespace accord::test
