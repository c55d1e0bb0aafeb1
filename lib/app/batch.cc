#include "lib/app/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <new>
#include <utility>

#include "lib/app/call.h"
#include "lib/app/dispatch.h"
#include "lib/app/report.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

// ---------------------------------------------------------------------------------------------------------------------
// Reading

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  Result<std::vector<BatchLine>> read() {
    while (at_ < text_.size()) TRY(read_character(text_[at_++]));
    end_word();
    end_line();
    return std::move(lines_);
  }

 private:
  Result<void> read_character(char c) {
    switch (c) {
      case '\n':
        end_word();
        end_line();
        ++line_;
        return {};
      case ' ':
      case '\t':
      case '\r':
        end_word();
        return {};
      case '#':
        if (in_word_) break;
        at_ = std::min(text_.find('\n', at_), text_.size());
        return {};
      case '\'':
      case '"':
        return read_quoted(c);
      case '\\':
        return read_escaped();
      default:
        break;
    }
    if (operator_.empty() && kShellOperators.find(c) != std::string_view::npos) operator_ = c;
    add(c);
    return {};
  }

  Result<void> read_quoted(char quote) {
    start_word();
    while (at_ < text_.size() && text_[at_] != '\n') {
      char c = text_[at_++];
      if (c == quote) return {};
      const bool escapes =
          quote == '"' && c == '\\' && at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\');
      if (escapes) c = text_[at_++];
      add(c);
    }
    auto refused = fail("Batch.Invalid", "a quote is not closed on its line", std::string(1, quote),
                        "close it, or write \\ before it where it is meant as itself");
    refused.value().line = line_;
    return refused;
  }

  Result<void> read_escaped() {
    if (text_.substr(at_).starts_with("\r\n")) ++at_;
    if (at_ >= text_.size()) return {};
    const char c = text_[at_++];
    if (c != '\n') {
      add(c);
    } else {
      ++line_;
    }
    return {};
  }

  void start_word() {
    if (!in_word_ && words_.empty()) begun_ = line_;
    in_word_ = true;
  }

  void add(char c) {
    start_word();
    word_ += c;
  }

  void end_word() {
    if (!in_word_) return;
    words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  void end_line() {
    if (words_.empty()) return;
    lines_.push_back({.number = begun_,
                      .words = std::exchange(words_, {}),
                      .shell_operator = std::exchange(operator_, {})});
  }

  // What a shell would take for itself; in quotes it is text.
  static constexpr std::string_view kShellOperators = "|&;<>()`";

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t begun_ = 1;
  bool in_word_ = false;
  std::string word_;
  std::string operator_;
  std::vector<std::string> words_;
  std::vector<BatchLine> lines_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Running

// Standard input is the batch's own or nobody's.
class LineConsole final : public Console {
 public:
  explicit LineConsole(Console& console) : console_(console) {}
  Result<void> write_out(std::string_view text) override { return console_.write_out(text); }
  void write_error(std::string_view text) override { console_.write_error(text); }
  Result<std::string> read_input(std::size_t) override {
    return fail("Batch.NotAllowed", "a line of a batch cannot read standard input", "-",
                "give a file instead of -");
  }
  [[nodiscard]] bool can_ask() const override { return console_.can_ask(); }
  std::optional<std::string> ask(std::string_view question) override { return console_.ask(question); }
  void progress(std::size_t, std::size_t, std::string_view) override {}

 private:
  Console& console_;
};

tl::unexpected<Error> not_allowed(std::string message, std::string target, std::string advice) {
  return fail("Batch.NotAllowed", std::move(message), std::move(target), std::move(advice));
}

// What the batch was called with holds for each line that does not say otherwise.
void inherit(CommonOptions& line, const CommonOptions& batch) {
  line.what_if = line.what_if || batch.what_if;
  line.force = line.force || batch.force;
  line.verbose = line.verbose || batch.verbose;
  line.quiet = line.quiet || batch.quiet;
  if (!line.confirm.value) line.confirm = batch.confirm;
  if (!line.error_action) line.error_action = batch.error_action;
  if (!line.output) line.output = batch.output;
}

class Batch {
 public:
  Batch(Environment& env, const std::string& file, Atomic atomic)
      : env_(env),
        file_(file == "-" ? "standard input" : file),
        is_atomic_(atomic == Atomic::yes),
        console_(env.context().console) {}

  Result<ExitCode> run(std::string_view text) {
    const auto lines = read_batch(text);
    if (lines) return is_one_transaction() ? run_together(*lines) : run_each(*lines);
    const auto code = lines.error().id.exit_code();
    const BatchLine line{.number = lines.error().line};
    tell(line, env_.verb(), lines.error(), asked_by(line));
    conclude("Nothing was changed.");
    return code;
  }

 private:
  // --- what both ways share

  // A rehearsed batch is one too, so that each line sees what those before it would have changed.
  [[nodiscard]] bool is_one_transaction() const { return is_atomic_ || env_.what_if(); }

  Result<const Verb*> verb_of(const std::string& name) {
    const auto known = verbs_.find(name);
    if (known != verbs_.end()) return &known->second;
    TRY_ASSIGN(auto verb, declared_verb(name));
    return &verbs_.emplace(name, std::move(verb)).first->second;
  }

  static tl::unexpected<Error> shell_operator(const std::string& character) {
    if (character == "`")
      return fail("Batch.Invalid", "'`' is PowerShell's: a line goes on in the next after \\", character,
                  "put it in quotes where it is meant as text");
    return fail("Batch.Invalid", fmt::format("'{}' is the shell's: a line of a batch is one verb", character),
                character,
                character == "|"
                    ? "write the pipeline in the shell, outside of the batch; in quotes it is text"
                    : "put it in quotes where it is meant as text");
  }

  // "accord VERB …" and "VERB …" are the same.
  static bool names_program(const BatchLine& line) {
    return line.words.front() == "accord" && line.words.size() > 1;
  }
  static const std::string& name_of(const BatchLine& line) { return line.words[names_program(line) ? 1 : 0]; }
  static std::vector<std::string> arguments_of(const BatchLine& line) {
    return {line.words.begin() + (names_program(line) ? 2 : 1), line.words.end()};
  }

  Result<Call> call_of(const BatchLine& line) {
    if (!line.shell_operator.empty()) return shell_operator(line.shell_operator);
    Call call;
    TRY_ASSIGN(call.verb, verb_of(name_of(line)));
    call.arguments = arguments_of(line);
    TRY_ASSIGN(call.bound, bind_call(*call.verb, call.arguments, env_.now()));
    TRY(check_allowed(call));
    inherit(call.bound.common, env_.common());
    return call;
  }

  [[nodiscard]] static bool is_fetched(const Parameter& one, const std::vector<std::string_view>& given) {
    const auto is_given = [&](std::string_view name) {
      return std::ranges::find(given, name) != given.end();
    };
    return !one.details.fetched_unless.empty() && is_given(one.name) && !is_given(one.details.fetched_unless);
  }

  [[nodiscard]] Result<void> check_allowed(const Call& call) const {
    const auto& verb = *call.verb;
    if (verb.in_batch == InBatch::never) {
      return not_allowed(fmt::format("{} cannot stand in a batch", verb.name), std::string(verb.name),
                         "run it by itself");
    }
    if (call.bound.common.store) {
      return not_allowed("all lines use the store of the batch", "--store", "give --store to invoke-batch");
    }
    if (call.bound.takes_records) {
      return not_allowed("a line of a batch cannot read records", "-", "name what it is about");
    }
    if (call.bound.common.help || call.bound.common.version) {
      return not_allowed("a line of a batch does something: help is for people", "--help",
                         fmt::format("{} --help", verb.name));
    }
    if (!is_atomic_) return {};
    if (verb.in_batch == InBatch::not_atomic) {
      return not_allowed(fmt::format("{} cannot be undone, so it cannot stand in an atomic batch", verb.name),
                         std::string(verb.name), "run it before the batch, or leave out --atomic");
    }
    for (const auto& one : verb.parameters) {
      if (is_fetched(one, call.bound.given)) {
        return not_allowed(
            fmt::format("{} is read over the network, and an atomic batch does not wait for others",
                        flag_of(one.name)),
            flag_of(one.name), "add --metadata-file FILE, or leave out --atomic");
      }
      if (!one.details.writes_file || std::ranges::find(call.bound.given, one.name) == call.bound.given.end())
        continue;
      const auto flag = flag_of(one.name);
      return not_allowed(
          fmt::format("{} writes a file, which cannot be undone with the rest of an atomic batch", flag),
          flag, "write the file after the batch, or leave out --atomic");
    }
    return {};
  }

  void tell(const BatchLine& line, std::string_view verb, Error error, const Requested& asked) {
    error.line = line.number;
    const auto store = store_of(error, env_.common().store, env_.context().settings);
    static_cast<void>(
        report(console_, verb, std::move(error),
               {.format = asked.format, .silent = asked.silence, .store = store, .file = file_}));
  }

  // How the errors of a line are told: as the line says, or else as the batch does.
  [[nodiscard]] Requested asked_by(const BatchLine& line) const {
    const auto known = line.words.empty() ? verbs_.end() : verbs_.find(name_of(line));
    auto asked = line.words.empty()
                     ? Requested{}
                     : requested(known != verbs_.end() ? known->second : Verb{}, arguments_of(line));
    const auto& common = env_.common();
    if (!asked.format) asked.format = common.output;
    if (common.error_action == ErrorAction::silently_continue) asked.silence = true;
    return asked;
  }

  // Whether to go on after a line that ended so.
  bool goes_on(const BatchLine& line, ExitCode code) {
    if (code == ExitCode::success) return true;
    if (first_ == ExitCode::success) first_ = code;
    return goes_on_after_errors() || asked_by(line).goes_on;
  }

  [[nodiscard]] bool goes_on_after_errors() const {
    return env_.common().error_action.value_or(ErrorAction::stop) != ErrorAction::stop;
  }

  ExitCode refuse(const BatchLine& line, Error error) {
    const auto code = error.id.exit_code();
    const auto known = verbs_.find(name_of(line));
    tell(line, known != verbs_.end() ? known->second.name : name_of(line), std::move(error), asked_by(line));
    return code;
  }

  [[nodiscard]] CallContext context(Answers& answers) {
    auto made = env_.context();
    return {.console = console_,
            .settings = made.settings,
            .now = made.now,
            .session = made.session,
            .answers = answers,
            .in_batch = true,
            .is_part = is_one_transaction(),
            .whole_is_rehearsed = env_.what_if()};
  }

  // For people; a program reads the errors.
  void conclude(std::string_view text) const {
    const auto format = env_.common().output;
    const bool silent = env_.common().error_action == ErrorAction::silently_continue;
    if (format != Format::json && format != Format::jsonl && !silent) env_.notice(text);
  }

  // --- each line by itself

  // Memory that ends in one line ends that line: those before it are done.
  ExitCode run_line_safely(const BatchLine& line) {
    try {
      return run_line(line);
    } catch (const std::bad_alloc&) {
      return refuse(line, fail("Memory.Exhausted", "out of memory").value());
    }
  }

  ExitCode run_line(const BatchLine& line) {
    const auto call = call_of(line);
    if (!call) return refuse(line, call.error());
    Answers answers;
    answers.rest = rest_;
    const auto code = perform_and_print(*call, context(answers));
    rest_ = answers.rest;
    return code ? *code : refuse(line, code.error());
  }

  Result<ExitCode> run_each(const std::vector<BatchLine>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      env_.context().console.progress(i, lines.size(), "lines");
      if (goes_on(lines[i], run_line_safely(lines[i]))) continue;
      conclude(i == 0 ? fmt::format("Nothing was changed: line {} was the first.", lines[i].number)
                      : fmt::format("What stands before line {} is done; that line and what follows are not.",
                                    lines[i].number));
      break;
    }
    return first_;
  }

  // --- all lines in one transaction

  Result<ExitCode> run_together(const std::vector<BatchLine>& lines) {
    auto calls = is_atomic_ ? all_calls(lines) : std::vector<std::optional<Call>>();
    const bool runs = first_ == ExitCode::success || goes_on_after_errors();
    if (runs && take_lock(lines, calls)) TRY(run_calls(lines, std::move(calls)));
    if (first_ == ExitCode::success) return first_;
    env_.give_up(verdicts_);
    conclude("Nothing was changed.");
    return first_;
  }

  // Of an atomic batch: nothing runs before every line is understood.
  std::vector<std::optional<Call>> all_calls(const std::vector<BatchLine>& lines) {
    std::vector<std::optional<Call>> calls;
    calls.reserve(lines.size());
    for (const auto& line : lines) {
      auto call = call_of(line);
      calls.push_back(call ? std::optional(*std::move(call)) : std::nullopt);
      if (!call && !goes_on(line, refuse(line, call.error()))) break;
    }
    return calls;
  }

  // A negative verdict is printed although the batch comes to nothing because of it.
  void keep_output(const Performed& performed) {
    env_.emit_text(performed.output);
    if (performed.code != ExitCode::success) verdicts_ += performed.output;
  }

  // The write lock comes first: nobody may change what the first lines have read.
  bool take_lock(const std::vector<BatchLine>& lines, const std::vector<std::optional<Call>>& calls) {
    const auto changing = std::ranges::find_if(
        calls, [](const auto& call) { return call && call->verb->changes() && !call->bound.common.what_if; });
    if (changing == calls.end()) return true;
    const auto store = env_.write();
    if (!store) {
      const auto& line = lines[static_cast<std::size_t>(changing - calls.begin())];
      goes_on(line, refuse(line, store.error()));
    }
    return store.has_value();
  }

  // `calls`: empty where each line is read when it comes to it.
  Result<void> run_calls(const std::vector<BatchLine>& lines, std::vector<std::optional<Call>> calls) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      env_.context().console.progress(i, lines.size(), "lines");
      auto call = is_atomic_ ? std::exchange(calls[i], std::nullopt) : read_now(lines[i]);
      const auto code = call ? perform_part(*call, lines[i]) : Result<ExitCode>(first_);
      if (!code) return tl::unexpected(code.error());
      if (!goes_on(lines[i], *code) || env_.context().session.is_lost()) break;
    }
    return {};
  }

  // None: the line was refused, which is told.
  std::optional<Call> read_now(const BatchLine& line) {
    auto call = call_of(line);
    if (call) return *std::move(call);
    goes_on(line, refuse(line, call.error()));
    return std::nullopt;
  }

  // Fails only where a question has to be asked: then the whole batch is given up, and runs again with the
  // answer.
  Result<ExitCode> perform_part(const Call& call, const BatchLine& line) {
    auto& answers = env_.context().answers;
    const auto performed = perform(call, context(answers));
    if (performed) {
      keep_output(*performed);
      return performed->code;
    }
    if (answers.pending) return tl::unexpected(performed.error());
    return refuse(line, performed.error());
  }

  Environment& env_;
  std::string file_;
  bool is_atomic_;
  LineConsole console_;
  std::map<std::string, Verb> verbs_;
  std::optional<Answer> rest_;  // "Yes to All", "No to All": for the lines that follow, too
  std::string verdicts_;
  ExitCode first_ = ExitCode::success;
};

}  // namespace

Result<std::vector<BatchLine>> read_batch(std::string_view text) {
  return Tokenizer(without_byte_order_mark(text)).read();
}

Result<ExitCode> run_batch(Environment& env, const std::string& file, std::string_view text, Atomic atomic) {
  return Batch(env, file, atomic).run(text);
}

}  // namespace accord
