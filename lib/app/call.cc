#include "lib/app/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/app/pipeline.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::size_t kPipelineLimit = std::size_t{64} * 1024 * 1024;

// Whether the admin said No to this one alone, so that the others go on.
bool was_declined(const Error& error, const CallContext& context) {
  return error.id == ErrorId("Answer.No") && !context.answers.pending;
}

Result<ExitCode> run_on(const PipedRecord& record, const Call& call, Environment& env) {
  TRY_ASSIGN(const auto bound, bind_call(*call.verb, call.arguments, env.now(), &record.values));
  return call.verb->run(env, bound.options.get());
}

// One call for all of them.
Result<ExitCode> run_on_all(const std::vector<PipedRecord>& records, const Call& call, Environment& env) {
  RecordValues all;
  for (const auto& record : records) {
    for (const auto& given : record.values.given) {
      const auto known = std::ranges::find(all.given, given.parameter, &RecordValues::Given::parameter);
      if (known == all.given.end()) {
        all.given.push_back(given);
      } else {
        known->values.insert(known->values.end(), given.values.begin(), given.values.end());
      }
    }
  }
  TRY_ASSIGN(const auto bound, bind_call(*call.verb, call.arguments, env.now(), &all));
  return call.verb->run(env, bound.options.get());
}

// One call a record, all in the one transaction; a record that the admin says No to is left as it is.
Result<ExitCode> run_on_records(const Call& call, Environment& env) {
  TRY_ASSIGN(const auto input, env.read_input(kPipelineLimit));
  TRY_ASSIGN(const auto records, read_records(input, call.verb->input));
  env.verbose(fmt::format("{} records came in", records.size()));
  const bool prints = std::ranges::find(call.bound.given, "PassThru") != call.bound.given.end();
  if (records.empty() && prints) env.emit(*call.verb->output, {});
  if (records.empty() && call.verb->name.starts_with("test-")) {
    return fail("Test.NothingTested", "nothing was tested: no record came in", "-",
                "the get verb before the pipe printed none");
  }
  if (records.empty()) return ExitCode::success;
  if (call.verb->input.all_at_once) return run_on_all(records, call, env);
  env.emits_many();
  if (call.verb->effect == Effect::destroys && records.size() > 1) env.ask_before_each();
  TRY_ASSIGN(auto* store, call.verb->changes() ? env.write() : env.read());
  ExitCode first = ExitCode::success;  // that is not success
  std::size_t declined = 0;
  for (const auto& record : records) {
    TRY_ASSIGN(auto place, Savepoint::set(*store));
    auto code = run_on(record, call, env);
    if (code) {
      TRY(place.keep());
      if (first == ExitCode::success) first = *code;
      continue;
    }
    if (!was_declined(code.error(), env.context())) {
      code.error().line = record.line;
      return code;
    }
    TRY(place.undo());
    ++declined;
  }
  if (declined == records.size()) return fail("Answer.No", "the answer was no; nothing was changed");
  if (declined > 0)
    env.notice(fmt::format("{} of {} left as {}.", declined, records.size(),
                           declined == 1 ? "it was" : "they were"));
  return first;
}

// A verb that runs again after a question says what it said before; that is not printed twice.
class OnceConsole final : public Console {
 public:
  OnceConsole(Console& console, Answers& answers) : console_(console), answers_(answers) {}
  Result<void> write_out(std::string_view text) override { return console_.write_out(text); }
  void write_error(std::string_view text) override {
    if (answers_.is_news(std::string(text))) console_.write_error(text);
  }
  Result<std::string> read_input(std::size_t limit) override { return console_.read_input(limit); }
  [[nodiscard]] bool can_ask() const override { return console_.can_ask(); }
  std::optional<std::string> ask(std::string_view question) override { return console_.ask(question); }
  void progress(std::size_t done, std::size_t total, std::string_view unit) override {
    console_.progress(done, total, unit);
  }

 private:
  Console& console_;
  Answers& answers_;
};

struct Reply {
  Answer answer = Answer::no;
  bool to_all = false;
};

// PowerShell's question. Yes is the default; the end of input is a No to all.
Reply ask(Console& console, const Question& question) {
  constexpr std::string_view kChoices =
      "[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [?] Help (default is \"Y\"): ";
  constexpr std::string_view kHelp =
      "Y - do this.  A - do this and everything after it.  N - do not do this.  L - do nothing more.\n";
  for (;;) {
    const auto said =
        console.ask(fmt::format("Confirm\nAre you sure you want to perform this action?\n"
                                "Performing the operation \"{}\" on target \"{}\".\n{}",
                                question.operation, escape_for_terminal(question.target), kChoices));
    if (!said) return {.answer = Answer::no, .to_all = true};
    const auto word = to_lower(trim(*said));
    if (word.empty() || word == "y" || word == "yes") return {.answer = Answer::yes};
    if (word == "a") return {.answer = Answer::yes, .to_all = true};
    if (word == "n" || word == "no") return {.answer = Answer::no};
    if (word == "l") return {.answer = Answer::no, .to_all = true};
    console.write_error(kHelp);
  }
}

Result<Performed> perform_asking(const Call& call, const CallContext& context) {
  // What only reads asks nothing and runs once.
  if (!call.verb->changes()) return perform(call, context);
  OnceConsole once(context.console, context.answers);
  const auto again = context.with(once);
  for (;;) {
    context.answers.start_over();
    auto performed = perform(call, again);
    if (!context.answers.pending) return performed;
    const auto reply = ask(context.console, *context.answers.pending);
    context.answers.take(reply.answer, reply.to_all);
  }
}

}  // namespace

Result<Performed> perform(const Call& call, const CallContext& context) {
  Environment env(context, *call.verb, call.bound.common, call.bound.set);
  TRY(env.begin());
  TRY(env.check_output());
  Performed performed;
  TRY_ASSIGN(performed.code, call.bound.takes_records ? run_on_records(call, env)
                                                      : call.verb->run(env, call.bound.options.get()));
  TRY_ASSIGN(performed.output, env.finish());
  performed.is_stored = env.is_stored();
  return performed;
}

Result<ExitCode> perform_and_print(const Call& call, const CallContext& context) {
  TRY_ASSIGN(const auto performed, perform_asking(call, context));
  if (performed.output.empty()) return performed.code;
  auto written = context.console.write_out(performed.output);
  if (!written && performed.is_stored)
    written.error().advice = "the change was made all the same: read it back with the get verb";
  TRY(std::move(written));
  return performed.code;
}

}  // namespace accord
