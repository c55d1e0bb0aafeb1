#include "tests/cli/transcript.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "lib/app/run.h"
#include "lib/app/verb.h"
#include "lib/core/encoding.h"
#include "lib/core/time.h"

namespace accord::test {
namespace {

constexpr std::string_view kStart = "2026-11-24T12:00:00Z";
constexpr std::string_view kWildcards[] = {"...", "…", "{*}"};
// Ends a line of output that has no line break.
constexpr std::string_view kNoBreak = "\\c";
// Never to be seen on standard error, whatever a verb does: our test password, and keys.
constexpr std::string_view kSecrets[] = {"Pa55word", "PRIVATE KEY", "\"d\":"};

bool is_wildcard(std::string_view line) {
  return std::ranges::find(kWildcards, line) != std::end(kWildcards);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
      lines.push_back(std::string(text) + std::string(kNoBreak));
      break;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(fmt::format("cannot read {}", path));
  return {std::istreambuf_iterator<char>(file), {}};
}

void spill(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  if (!file.flush()) throw std::runtime_error(fmt::format("cannot write {}", path));
}

// "X..." after "> ", "! " …: the rest of the line; a line of the mark alone is an empty one.
std::optional<std::string> after_mark(std::string_view line, char mark) {
  if (line.empty() || line.front() != mark) return std::nullopt;
  if (line.size() == 1) return std::string();
  if (line[1] != ' ') return std::nullopt;
  return std::string(line.substr(2));
}

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// "NAME := command" and "NAME=value command".
void recognise_capture(Step& step) {
  const auto sign = step.text.find(" := ");
  if (sign == std::string::npos || !is_name(std::string_view(step.text).substr(0, sign))) return;
  step.kind = Step::Kind::capture;
  step.name = step.text.substr(0, sign);
  step.text.erase(0, sign + 4);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lines_(lines_of(text)) {}

  Transcript run() {
    while (at_ < lines_.size()) take_line();
    return std::move(transcript_);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw std::runtime_error(fmt::format("line {}: {}", at_ + 1, why));
  }

  void take_line() {
    const auto& line = lines_[at_];
    if (line.starts_with("## ")) return start_scenario();
    if (const auto text = after_mark(line, '$')) return start_command(*text);
    if (const auto text = after_mark(line, '@')) return arrange(Step::Kind::clock, *text);
    if (const auto text = after_mark(line, '%')) return arrange(Step::Kind::setting, *text);
    if (const auto text = after_mark(line, '&')) return arrange(Step::Kind::setup, *text);
    if (line.starts_with("needs ")) return arrange(Step::Kind::needs, line.substr(6));
    if (line.starts_with("<< ")) return take_document();
    if (const auto text = after_mark(line, '>'))
      return expect([&](Step& step) { step.out.push_back(*text); });
    if (const auto text = after_mark(line, '!'))
      return expect([&](Step& step) { step.error.push_back(*text); });
    if (const auto text = after_mark(line, '?'))
      return expect([&](Step& step) { step.exit_code = std::stoi(*text); });
    if (!line.empty() && line.front() != '#') refuse("this is no line of a transcript");
    remark();
  }

  void start_scenario() {
    transcript_.scenarios.push_back({.title = lines_[at_].substr(3), .line = static_cast<int>(at_) + 1});
    ++at_;
  }

  Step& add(Step::Kind kind) {
    if (transcript_.scenarios.empty()) refuse("there is no '## title' before this");
    auto& steps = transcript_.scenarios.back().steps;
    steps.push_back({.kind = kind, .line = static_cast<int>(at_) + 1});
    return steps.back();
  }

  void start_command(std::string text) {
    auto& step = add(Step::Kind::command);
    step.source.push_back(lines_[at_++]);
    while (text.ends_with('\\') && at_ < lines_.size()) {
      text.pop_back();
      step.source.push_back(lines_[at_]);
      const auto& more = lines_[at_++];
      text += more.substr(std::min(more.find_first_not_of(' '), more.size()));
    }
    step.text = text;
    recognise_capture(step);
  }

  void arrange(Step::Kind kind, std::string text) {
    auto& step = add(kind);
    step.text = std::move(text);
    step.source.push_back(lines_[at_++]);
  }

  void take_document() {
    auto& step = add(Step::Kind::heredoc);
    step.text = lines_[at_].substr(3);
    step.source.push_back(lines_[at_++]);
    while (at_ < lines_.size() && lines_[at_] != ">>") {
      step.source.push_back(lines_[at_]);
      step.content.push_back(lines_[at_++]);
    }
    if (at_ == lines_.size()) refuse("the document ends in no '>>'");
    step.source.push_back(lines_[at_++]);
  }

  template <class Change>
  void expect(const Change& change) {
    if (transcript_.scenarios.empty() || transcript_.scenarios.back().steps.empty())
      refuse("there is no command before this");
    auto& step = transcript_.scenarios.back().steps.back();
    if (step.kind != Step::Kind::command && step.kind != Step::Kind::capture)
      refuse("only a command has output");
    change(step);
    step.expected.push_back(lines_[at_++]);
  }

  void remark() {
    if (transcript_.scenarios.empty()) {
      transcript_.preamble.push_back(lines_[at_++]);
      return;
    }
    auto& scenario = transcript_.scenarios.back();
    auto& remarks = scenario.steps.empty() ? scenario.remarks : scenario.steps.back().trailing;
    remarks.push_back(lines_[at_++]);
  }

  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  Transcript transcript_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Running

class TestConsole final : public Console {
 public:
  explicit TestConsole(std::string input) : input_(std::move(input)) {}

  Result<void> write_out(std::string_view text) override {
    out += text;
    return {};
  }
  void write_error(std::string_view text) override { error += text; }
  Result<std::string> read_input(std::size_t limit) override {
    if (input_.size() > limit)
      return fail("File.TooLarge", fmt::format("standard input has more than {} bytes", limit));
    return std::exchange(input_, {});
  }
  [[nodiscard]] bool can_ask() const override { return answers.has_value(); }
  void progress(std::size_t, std::size_t, std::string_view) override {}
  std::optional<std::string> ask(std::string_view question) override {
    error += question;
    if (!answers || answers->empty()) return std::nullopt;
    auto answer = answers->front();
    answers->erase(answers->begin());
    error += answer + "\n";
    return answer;
  }

  std::string out = {};
  std::string error = {};
  std::optional<std::vector<std::string>> answers = {};

 private:
  std::string input_;
};

struct Outcome {
  std::string out = {};
  std::string error = {};
  int exit_code = 0;
};

// Runs a program of the system with its streams in files of the folder above, so that the scratch folder
// stays clean.
Outcome run_program(const std::vector<std::string>& words, const std::string& input) {
  spill("../stdin", input);
  const auto child = fork();
  if (child == 0) {
    const auto redirect = [](const char* path, int flags, int descriptor) {
      const int opened = open(path, flags, 0600);
      if (opened < 0 || dup2(opened, descriptor) < 0) _exit(126);
    };
    redirect("../stdin", O_RDONLY, 0);
    redirect("../stdout", O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect("../stderr", O_WRONLY | O_CREAT | O_TRUNC, 2);
    std::vector<char*> values;
    values.reserve(words.size() + 1);
    for (const auto& word : words) values.push_back(const_cast<char*>(word.c_str()));
    values.push_back(nullptr);
    execvp(values[0], values.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {slurp("../stdout"), slurp("../stderr"),
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

class Runner {
 public:
  Runner(const Folders& folders, bool rewrite)
      : folders_(folders), rewrite_(rewrite), clock_(at(kStart, Instant{})) {
    variables_["data"] = folders.source + "/tests/data";
    if (!folders.vectors.empty()) variables_["vectors"] = folders.vectors;
    settings_["HOME"] = "home";
  }

  Report run(Scenario& scenario) {
    for (auto& step : scenario.steps) run_step(step);
    return std::move(report_);
  }

 private:
  static Instant at(std::string_view text, Instant now) {
    const auto parsed = parse_instant(text, now);
    if (!parsed) throw std::runtime_error(fmt::format("'{}' is no time", text));
    return *parsed;
  }

  void run_step(Step& step) {
    switch (step.kind) {
      case Step::Kind::clock:
        clock_.set(at(step.text, clock_.now()));
        return;
      case Step::Kind::heredoc:
        return write_document(step);
      case Step::Kind::setting:
        return set(step.text);
      case Step::Kind::setup:
        return run_setup(step);
      case Step::Kind::needs:
        if (step.text == "vectors" && folders_.vectors.empty())
          throw Skipped{"no vectors; set ACCORD_VECTORS to their folder"};
        return;
      case Step::Kind::command:
      case Step::Kind::capture:
        return judge(step, run_command(step.text));
    }
  }

  void write_document(const Step& step) {
    std::string content;
    for (const auto& line : step.content) content += substituted(line) + "\n";
    if (content.ends_with("\\c\n")) content.erase(content.size() - 3);
    spill(step.text, content);
  }

  void set(const std::string& text) {
    const auto sign = text.find('=');
    if (sign == std::string::npos) {
      settings_.erase(text);
    } else {
      settings_[text.substr(0, sign)] = substituted(text.substr(sign + 1));
    }
  }

  void run_setup(const Step& step) {
    auto setup = parse_transcript(slurp(fmt::format("{}/{}.setup", folders_.setup, step.text)));
    for (auto& scenario : setup.scenarios) {
      for (auto& each : scenario.steps) run_step(each);
    }
  }

  // --- commands ---

  Outcome run_command(const std::string& text) {
    auto words = split_words(text);
    Outcome outcome;
    std::string error;
    std::string input;
    while (!words.empty()) {
      const auto pipe =
          std::ranges::find_if(words, [](const Word& word) { return word.is_operator && word.text == "|"; });
      const std::vector<Word> stage(words.begin(), pipe);
      words.erase(words.begin(), pipe == words.end() ? pipe : std::next(pipe));
      outcome = run_stage(stage, std::move(input));
      error += outcome.error;
      input = outcome.out;
    }
    outcome.error = error;
    return outcome;
  }

  Outcome run_stage(const std::vector<Word>& stage, std::string input) {
    std::vector<std::string> words;
    std::string output_file;
    auto settings = settings_;
    for (std::size_t i = 0; i < stage.size(); ++i) {
      if (stage[i].is_operator) {
        if (i + 1 == stage.size()) throw std::runtime_error("a file is missing behind < or >");
        const auto file = substituted(stage[++i].text);
        if (stage[i - 1].text == "<")
          input = slurp(file);
        else
          output_file = file;
      } else if (const auto sign = stage[i].text.find('='); words.empty() && sign != std::string::npos) {
        settings[stage[i].text.substr(0, sign)] = substituted(stage[i].text.substr(sign + 1));
      } else {
        words.push_back(substituted(stage[i].text));
      }
    }
    if (words.empty()) throw std::runtime_error("there is no command");
    auto outcome =
        is_ours(words.front()) ? run_ours(words, std::move(input), settings) : run_program(words, input);
    if (!output_file.empty()) {
      spill(output_file, outcome.out);
      outcome.out.clear();
    }
    return outcome;
  }

  static bool is_ours(const std::string& word) { return word == "accord" || find_verb(word) != nullptr; }

  Outcome run_ours(const std::vector<std::string>& words, std::string input,
                   const std::map<std::string, std::string>& variables) {
    const auto value = [&](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    Settings settings{.accord_store = value("ACCORD_STORE"),
                      .accord_key_file = value("ACCORD_KEY_FILE"),
                      .home = value("HOME"),
                      .xdg_data_home = value("XDG_DATA_HOME"),
                      .no_color = value("NO_COLOR"),
                      .term = value("TERM"),
                      .columns = value("COLUMNS")};
    TestConsole console(std::move(input));
    if (const auto answers = value("ANSWERS")) {
      std::istringstream each(*answers);
      console.answers.emplace(std::istream_iterator<std::string>(each), std::istream_iterator<std::string>());
    }
    const int code = accord::run(words.front(), {words.begin() + 1, words.end()}, console, settings, clock_);
    check_promises(words, console, code);
    return {console.out, console.error, code};
  }

  // What holds for every call, so that no transcript has to say it.
  void check_promises(const std::vector<std::string>& words, const TestConsole& console, int code) {
    const auto call = fmt::format("{}", fmt::join(words, " "));
    // The lines of a batch that were done before one failed have printed what they made.
    const bool is_batch = words.front() == "invoke-batch";
    // A monitoring system reads one line of standard output, whatever came of the call.
    const bool is_monitored = std::ranges::any_of(words, [](const std::string& word) {
      return equals_ignoring_case(word, "--nagios") || equals_ignoring_case(word, "-nagios");
    });
    if (is_monitored && std::ranges::count(console.out, '\n') != 1) {
      blame(fmt::format("'{}' did not print one line:\n{}", call, console.out));
    }
    if (code != 0 && code != 5 && code != 6 && !is_batch && !is_monitored && !console.out.empty()) {
      blame(fmt::format("'{}' failed and yet wrote to standard output:\n{}", call, console.out));
    }
    for (const auto secret : kSecrets) {
      if (console.error.find(secret) != std::string::npos)
        blame(fmt::format("'{}' wrote a secret to standard error", call));
    }
  }

  // --- verdicts ---

  void judge(Step& step, Outcome outcome) {
    std::vector<std::string> out;
    if (step.kind == Step::Kind::capture) {
      while (outcome.out.ends_with('\n')) outcome.out.pop_back();
      variables_[step.name] = outcome.out;
    } else {
      out = lines_of(outcome.out);
    }
    const auto error = lines_of(outcome.error);
    const bool as_expected = lines_match(substituted(step.out), out) &&
                             lines_match(substituted(step.error), error) &&
                             step.exit_code == outcome.exit_code;
    if (as_expected) return;
    auto actual = as_lines(out, error, outcome.exit_code);
    if (!rewrite_) {
      blame(fmt::format("line {}: $ {}\n--- expected\n{}\n--- was\n{}\n", step.line, step.text,
                        fmt::join(step.expected, "\n"), fmt::join(actual, "\n")));
      return;
    }
    step.expected = std::move(actual);
  }

  [[nodiscard]] std::vector<std::string> as_lines(const std::vector<std::string>& out,
                                                  const std::vector<std::string>& error,
                                                  int exit_code) const {
    std::vector<std::string> lines;
    const auto add = [&](char mark, const std::string& line) {
      lines.push_back(line.empty() ? std::string(1, mark) : fmt::format("{} {}", mark, generalised(line)));
    };
    for (const auto& line : out) add('>', line);
    for (const auto& line : error) add('!', line);
    if (exit_code != 0) lines.push_back(fmt::format("? {}", exit_code));
    return lines;
  }

  void blame(const std::string& what) {
    ++report_.failures;
    report_.text += what + "\n";
  }

  // --- variables ---

  [[nodiscard]] std::string substituted(std::string text) const {
    for (const auto& [name, value] : variables_) replace_all(text, "{" + name + "}", value);
    return text;
  }

  [[nodiscard]] std::vector<std::string> substituted(std::vector<std::string> lines) const {
    for (auto& line : lines) line = substituted(line);
    return lines;
  }

  // The other way round, for a rewritten file. Short values would be found by accident.
  [[nodiscard]] std::string generalised(std::string text) const {
    for (const auto& [name, value] : variables_) {
      if (value.size() >= 12) replace_all(text, value, "{" + name + "}");
    }
    return text;
  }

  static void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto found = text.find(from); found != std::string::npos;
         found = text.find(from, found + to.size())) {
      text.replace(found, from.size(), to);
    }
  }

  const Folders& folders_;
  bool rewrite_;
  FixedClock clock_;
  std::map<std::string, std::string> variables_;
  std::map<std::string, std::string> settings_;
  Report report_;
};

}  // namespace

Transcript parse_transcript(std::string_view text) {
  return Parser(text).run();
}

std::string print_transcript(const Transcript& transcript) {
  std::string text;
  const auto print = [&](const std::vector<std::string>& lines) {
    for (const auto& line : lines) text += line + "\n";
  };
  print(transcript.preamble);
  for (const auto& scenario : transcript.scenarios) {
    text += fmt::format("## {}\n", scenario.title);
    print(scenario.remarks);
    for (const auto& step : scenario.steps) {
      print(step.source);
      print(step.expected);
      print(step.trailing);
    }
  }
  return text;
}

bool line_matches(std::string_view pattern, std::string_view text) {
  std::size_t first = std::string_view::npos;
  std::size_t length = 0;
  for (const auto wildcard : kWildcards) {
    const auto found = pattern.find(wildcard);
    if (found < first) {
      first = found;
      length = wildcard.size();
    }
  }
  if (first == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, first))) return false;
  text.remove_prefix(first);
  pattern.remove_prefix(first + length);
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (line_matches(pattern, text.substr(skip))) return true;
  }
  return false;
}

bool lines_match(const std::vector<std::string>& pattern, const std::vector<std::string>& text) {
  const auto from = [&](const auto& self, std::size_t p, std::size_t t) -> bool {
    if (p == pattern.size()) return t == text.size();
    if (is_wildcard(pattern[p])) return self(self, p + 1, t) || (t < text.size() && self(self, p, t + 1));
    return t < text.size() && line_matches(pattern[p], text[t]) && self(self, p + 1, t + 1);
  };
  return from(from, 0, 0);
}

std::vector<Word> split_words(std::string_view command) {
  std::vector<Word> words;
  std::optional<std::string> word;
  const auto end_word = [&] {
    if (word) words.push_back({.text = *word});
    word.reset();
  };
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < command.size();
    if (escapes) {
      word = word.value_or("") + command[++i];
    } else if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        *word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      word = word.value_or("");
    } else if (c == ' ') {
      end_word();
    } else if (c == '|' || c == '<' || c == '>') {
      end_word();
      words.push_back({.text = std::string(1, c), .is_operator = true});
    } else {
      word = word.value_or("") + c;
    }
  }
  if (quote != 0) throw std::runtime_error(fmt::format("a quote is not closed: {}", command));
  end_word();
  return words;
}

Report run_scenario(Scenario& scenario, const Folders& folders, bool rewrite) {
  return Runner(folders, rewrite).run(scenario);
}

}  // namespace accord::test
