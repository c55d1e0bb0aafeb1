#include "lib/app/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>

#include "lib/app/call.h"
#include "lib/app/dispatch.h"
#include "lib/app/manual.h"
#include "lib/app/report.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

struct Process {
  Console& console;
  const Settings& settings;
  const Clock& clock;
};

ExitCode print(const Process& process, std::string_view verb, std::string_view text) {
  const auto written = process.console.write_out(text);
  return written ? ExitCode::success : report(process.console, verb, written.error(), {});
}

// What a monitoring line begins with.
std::string_view plugin_name(std::string_view verb) {
  return verb == "test-deployment" ? "DEPLOYMENT" : "CERTIFICATE";
}

// A monitoring system shows the first line of standard output alone.
ExitCode tell(const Process& process, std::string_view verb, const Error& error, const ReportStyle& style,
              bool is_monitored) {
  if (is_monitored) {
    static_cast<void>(process.console.write_out(
        fmt::format("{} UNKNOWN - {}\n", plugin_name(verb), escape_for_terminal(error.message))));
  }
  return report(process.console, verb, error, style);
}

// What could not even be bound.
ExitCode refuse(const Process& process, std::string_view verb, const Error& error, const Requested& asked) {
  return tell(process, verb, error,
              {.format = asked.format,
               .silent = asked.silence,
               .store = store_of(error, asked.store, process.settings)},
              asked.nagios);
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

ExitCode run_bound(const Call& call, const Process& process, Instant now, bool is_monitored) {
  const auto& common = call.bound.common;
  StoreSession session(process.settings, common.store);
  Answers answers;
  const auto code = perform_and_print(call, {.console = process.console,
                                             .settings = process.settings,
                                             .now = now,
                                             .session = session,
                                             .answers = answers});
  if (code) return *code;
  return tell(process, call.verb->name, code.error(),
              {.format = common.output,
               .silent = common.error_action == ErrorAction::silently_continue,
               .store = store_of(code.error(), common.store, process.settings)},
              is_monitored);
}

// The exit codes of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 everything else (spec/commands.md 6).
ExitCode monitoring_code(ExitCode code) {
  if (code == ExitCode::success) return code;
  if (code == ExitCode::warning) return static_cast<ExitCode>(1);
  return static_cast<ExitCode>(code == ExitCode::negative ? 2 : 3);
}

bool is_monitored(const Verb& verb, const std::vector<std::string>& arguments) {
  return std::ranges::find(verb.parameters, "Nagios", &Parameter::name) != verb.parameters.end() &&
         requested(verb, arguments).nagios;
}

ExitCode run_verb(const Verb& verb, const std::vector<std::string>& arguments, const Process& process) {
  const Instant now = process.clock.now();
  auto bound = bind_call(verb, arguments, now);
  if (!bound) return refuse(process, verb.name, bound.error(), requested(verb, arguments));
  if (bound->common.version) return print(process, verb.name, version_text());
  if (bound->common.help) return print(process, verb.name, help_page(verb));
  return run_bound({.verb = &verb, .arguments = arguments, .bound = *std::move(bound)}, process, now,
                   is_monitored(verb, arguments));
}

ExitCode run_named(std::string_view name, const std::vector<std::string>& arguments, const Process& process) {
  const auto verb = declared_verb(name);
  if (verb) {
    const auto code = run_verb(*verb, arguments, process);
    return is_monitored(*verb, arguments) ? monitoring_code(code) : code;
  }
  return refuse(process, "accord", verb.error(), requested(Verb{}, arguments));
}

ExitCode run_program(std::string_view program, const std::vector<std::string>& arguments,
                     const Process& process) {
  const auto own_name = base_name(program);
  if (own_name != "accord") return run_named(own_name, arguments, process);
  const std::string first = arguments.empty() ? "--help" : arguments.front();
  if (first == "--version") return print(process, "accord", version_text());
  if (first == "--help" || first == "-h" || first == "-?") return print(process, "accord", help_overview());
  return run_named(first, {arguments.begin() + 1, arguments.end()}, process);
}

bool names_nagios(const std::vector<std::string>& arguments) {
  return std::ranges::any_of(arguments, [](const auto& one) {
    return equals_ignoring_case(one, "--nagios") || equals_ignoring_case(one, "-nagios");
  });
}

// Nothing of what a library threw is shown: it may quote its input, which may be a secret.
int give_up(const Process& process, const std::vector<std::string>& arguments, ErrorId id,
            std::string_view what) {
  // A monitoring system must not take it for a verdict.
  const bool is_monitored = names_nagios(arguments);
  try {
    const auto error = fail(id, fmt::format("{}; nothing was changed", what)).value();
    auto asked = requested(Verb{}, arguments);
    asked.nagios = is_monitored;
    const auto code = refuse(process, "accord", error, asked);
    return static_cast<int>(is_monitored ? monitoring_code(code) : code);
  } catch (const std::exception&) {
    process.console.write_error("accord: out of memory; nothing was changed.\n");
  }
  return static_cast<int>(is_monitored ? monitoring_code(id.exit_code()) : id.exit_code());
}

}  // namespace

int run(std::string_view program, const std::vector<std::string>& arguments, Console& console,
        const Settings& settings, const Clock& clock) {
  const Process process{console, settings, clock};
  try {
    return static_cast<int>(run_program(program, arguments, process));
  } catch (const std::bad_alloc&) {
    return give_up(process, arguments, "Memory.Exhausted", "out of memory");
  } catch (const std::exception&) {
    return give_up(process, arguments, "Internal.Unexpected", "internal error");
  }
}

}  // namespace accord
