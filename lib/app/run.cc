#include "lib/app/run.h"

#include <exception>
#include <new>

#include "lib/app/call.h"
#include "lib/app/dispatch.h"
#include "lib/app/manual.h"
#include "lib/app/report.h"

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

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

ExitCode run_bound(const Call& call, const Process& process, Instant now) {
  const auto& common = call.bound.common;
  StoreSession session(process.settings, common.store);
  Answers answers;
  const auto code = perform_and_print(call, {.console = process.console,
                                             .settings = process.settings,
                                             .now = now,
                                             .session = session,
                                             .answers = answers});
  if (code) return *code;
  return report(process.console, call.verb->name, code.error(),
                {.format = common.output,
                 .silent = common.error_action == ErrorAction::silently_continue,
                 .store = store_of(code.error(), common.store, process.settings)});
}

ExitCode run_verb(const Verb& verb, const std::vector<std::string>& arguments, const Process& process) {
  const Instant now = process.clock.now();
  auto bound = bind_call(verb, arguments, now);
  if (!bound) {
    return report(process.console, verb.name, bound.error(),
                  {.format = requested_format(verb, arguments), .silent = requested_silence(arguments)});
  }
  if (bound->common.version) return print(process, verb.name, version_text());
  if (bound->common.help) return print(process, verb.name, help_page(verb));
  return run_bound({.verb = &verb, .arguments = arguments, .bound = *std::move(bound)}, process, now);
}

ExitCode run_named(std::string_view name, const std::vector<std::string>& arguments, const Process& process) {
  const auto verb = declared_verb(name);
  if (verb) return run_verb(*verb, arguments, process);
  return report(process.console, "accord", verb.error(),
                {.format = requested_format(Verb{}, arguments), .silent = requested_silence(arguments)});
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

}  // namespace

int run(std::string_view program, const std::vector<std::string>& arguments, Console& console,
        const Settings& settings, const Clock& clock) {
  try {
    return static_cast<int>(run_program(program, arguments, {console, settings, clock}));
  } catch (const std::bad_alloc&) {
    console.write_error("accord: out of memory; nothing was changed.\n");
  } catch (const std::exception&) {
    // What a library threw may quote its input, which may be a secret: it is not shown.
    console.write_error("accord: internal error; nothing was changed.\n");
  }
  return static_cast<int>(ExitCode::failure);
}

}  // namespace accord
