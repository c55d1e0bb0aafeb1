#include "lib/app/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "lib/app/binder.h"
#include "lib/app/manual.h"
#include "lib/app/unsupported.h"
#include "lib/core/file.h"

namespace accord {
namespace {

// An object that is not there, and a store that cannot be used, are told with the store they were looked for
// in.
std::string store_of(const Error& error, const std::optional<std::string>& named, const Settings& settings) {
  const auto code = error.id.exit_code();
  const bool about_store = code == ExitCode::not_found || code == ExitCode::store;
  if (!about_store || error.id.text().starts_with("File.")) return {};
  const auto where = locate_store(named, settings);
  return where && where->store != error.target ? where->store : std::string();
}

std::string error_as_json(const Error& error, std::string_view store) {
  json::Value inner = json::Value::object();
  inner.add("id", error.id.text());
  inner.add("category", category_of(error.id.exit_code()));
  inner.add("target", error.target.empty() ? json::Value() : json::Value(error.target));
  inner.add("message", error.message);
  if (error.column > 0) inner.add("column", static_cast<std::int64_t>(error.column));
  inner.add("try", error.advice.empty() ? json::Value() : json::Value(error.advice));
  if (!store.empty()) inner.add("store", store);
  json::Value outer = json::Value::object();
  outer.add("error", std::move(inner));
  outer.add("exitCode", static_cast<std::int64_t>(error.id.exit_code()));
  return json::dump(outer) + '\n';
}

std::string error_as_text(std::string_view verb, const Error& error, std::string_view store) {
  std::string text = fmt::format("{}: {}{}\n", verb, escape_for_terminal(error.message),
                                 error.message.ends_with('.') ? "" : ".");
  if (!error.target.empty()) text += fmt::format("  Target : {}\n", escape_for_terminal(error.target));
  if (error.column > 0) text += fmt::format("           {}^\n", std::string(error.column - 1, ' '));
  if (!store.empty()) text += fmt::format("  Store  : {}\n", escape_for_terminal(store));
  if (!error.advice.empty()) text += fmt::format("  Try    : {}\n", escape_for_terminal(error.advice));
  return text;
}

// A token that was given in the wrong place stands in the complaint about it, and is a credential all the
// same.
std::string without_tokens(std::string_view text) {
  constexpr std::string_view kStart = "eyJ";  // {" in base64url
  constexpr std::size_t kShortest = 32;
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  std::string result;
  for (auto at = text.find(kStart); at != std::string_view::npos; at = text.find(kStart)) {
    const auto end = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), belongs) - text.begin());
    const auto run = text.substr(at, end - at);
    const bool is_token = run.size() >= kShortest && run.find('.') != std::string_view::npos;
    result += text.substr(0, at);
    result += is_token ? std::string_view("(a token)") : run;
    text.remove_prefix(end);
  }
  return result.append(text);
}

int report(Console& console, std::string_view verb, Error error, std::optional<Format> format, bool silent,
           std::string_view store = {}) {
  if (!silent) {
    for (auto* text : {&error.message, &error.target, &error.advice}) *text = without_tokens(*text);
    const bool json = format == Format::json || format == Format::jsonl;
    console.write_error(json ? error_as_json(error, store) : error_as_text(verb, error, store));
  }
  return static_cast<int>(error.id.exit_code());
}

int print(Console& console, std::string_view verb, std::string_view text) {
  const auto written = console.write_out(text);
  return written ? 0 : report(console, verb, written.error(), {}, false);
}

tl::unexpected<Error> unknown_verb(std::string_view name) {
  if (const auto why = why_unsupported(name); !why.empty()) {
    return fail("Verb.NotSupported", fmt::format("'{}' is not supported: {}", escape_for_terminal(name), why),
                std::string(name));
  }
  std::vector<std::string_view> names;
  for (const auto* verb : all_verbs()) names.push_back(verb->name());
  const auto close = nearest(name, names);
  return fail("Verb.Unknown", fmt::format("there is no verb '{}'", escape_for_terminal(name)),
              std::string(name),
              close.empty() ? "accord help lists them all"
                            : fmt::format("did you mean '{}'?   accord help lists them all", close));
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<ExitCode> call(const Verb& verb, const BoundCall& bound, Environment& env) {
  for (const auto& warning : bound.warnings) env.warn(warning);
  TRY_ASSIGN(const auto code, verb.run(env, bound.options.get()));
  TRY(env.finish());
  return code;
}

// PowerShell's question. Yes is the default; the end of input is a No.
bool answered_yes(Console& console, std::string_view what) {
  constexpr std::string_view kChoices =
      "[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [?] Help (default is \"Y\"): ";
  constexpr std::string_view kHelp =
      "Y - do this.  A - do this and everything after it.  N - do not do this.  L - do nothing more.\n";
  for (;;) {
    const auto answer = console.ask(
        fmt::format("Confirm\nAre you sure you want to perform this action?\n{}\n{}", what, kChoices));
    if (!answer) return false;
    const auto word = to_lower(trim(*answer));
    if (word.empty() || word == "y" || word == "yes" || word == "a") return true;
    if (word == "n" || word == "no" || word == "l") return false;
    console.write_error(kHelp);
  }
}

// Runs the verb, and runs it again after each question that was answered with Yes.
Result<ExitCode> call_asking(const Verb& verb, const BoundCall& bound, Console& console,
                             const Settings& settings, Instant now) {
  Answers answers;
  for (;;) {
    auto code = [&] {
      Environment env(console, settings, now, verb.name, bound.common, bound.set, answers);
      return call(verb, bound, env);
    }();
    if (!answers.pending || code) return code;
    if (!answered_yes(console, *std::exchange(answers.pending, std::nullopt))) return code;
    answers.approved.push_back(answers.pending_operation);
  }
}

int run_verb(const Verb& verb, const std::vector<std::string>& arguments, Console& console,
             const Settings& settings, const Clock& clock) {
  const Instant now = clock.now();
  auto bound = bind(verb, arguments, now);
  if (!bound) {
    return report(console, verb.name, bound.error(), requested_format(verb, arguments),
                  requested_silence(arguments));
  }
  if (bound->common.version || bound->common.help) {
    return print(console, verb.name, bound->common.version ? version_text() : help_page(verb));
  }
  const auto code = call_asking(verb, *bound, console, settings, now);
  if (code) return static_cast<int>(*code);
  return report(console, verb.name, code.error(), bound->common.output,
                bound->common.error_action == ErrorAction::silently_continue,
                store_of(code.error(), bound->common.store, settings));
}

int run_named(std::string_view name, const std::vector<std::string>& arguments, Console& console,
              const Settings& settings, const Clock& clock) {
  const auto* found = find_verb(name);
  if (found == nullptr) {
    const auto error = Result<void>(unknown_verb(name)).error();
    return report(console, "accord", error, requested_format(Verb{}, arguments),
                  requested_silence(arguments));
  }
  return run_verb(found->declare(), arguments, console, settings, clock);
}

int run_program(std::string_view program, const std::vector<std::string>& arguments, Console& console,
                const Settings& settings, const Clock& clock) {
  const auto own_name = base_name(program);
  if (own_name != "accord") return run_named(own_name, arguments, console, settings, clock);
  const std::string first = arguments.empty() ? "--help" : arguments.front();
  if (first == "--version") return print(console, "accord", version_text());
  if (first == "--help" || first == "-h" || first == "-?") return print(console, "accord", help_overview());
  return run_named(first, {arguments.begin() + 1, arguments.end()}, console, settings, clock);
}

}  // namespace

int run(std::string_view program, const std::vector<std::string>& arguments, Console& console,
        const Settings& settings, const Clock& clock) {
  try {
    return run_program(program, arguments, console, settings, clock);
  } catch (const std::bad_alloc&) {
    console.write_error("accord: out of memory; nothing was changed.\n");
  } catch (const std::exception&) {
    // What a library threw may quote its input, which may be a secret: it is not shown.
    console.write_error("accord: internal error; nothing was changed.\n");
  }
  return static_cast<int>(ExitCode::failure);
}

Result<void> ProcessConsole::write_out(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return fail("Output.CannotWrite", fmt::format("standard output cannot be written: {}",
                                                    std::generic_category().message(errno)));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

void ProcessConsole::write_error(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // there is nobody left to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Result<std::string> ProcessConsole::read_input(std::size_t limit) {
  return read_descriptor(STDIN_FILENO, limit, "standard input");
}

bool ProcessConsole::can_ask() const {
  return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

std::optional<std::string> ProcessConsole::ask(std::string_view question) {
  write_error(question);
  std::string answer;
  char c = 0;
  while (true) {
    const auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return answer.empty() ? std::nullopt : std::optional(answer);
    if (c == '\n') return answer;
    answer += c;
  }
}

}  // namespace accord
