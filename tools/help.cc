// help: verbs by noun, a verb's page, a topic; and what is generated from the declarations.
#include <fmt/format.h>

#include "lib/app/completion.h"
#include "lib/app/dispatch.h"
#include "lib/app/environment.h"
#include "lib/app/manual.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> subject;
  bool manual = false;
  std::optional<Shell> completion;
};

bool is_json(const Environment& env) {
  return env.common().output == Format::json || env.common().output == Format::jsonl;
}

ExitCode emit_json(Environment& env, const json::Value& value) {
  env.emit_text(json::dump(value, env.common().output == Format::json ? 2 : -1) + '\n');
  return ExitCode::success;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  if (options.completion) {
    env.emit_text(completion(*options.completion));
    return ExitCode::success;
  }
  if (!options.subject) {
    if (is_json(env)) return emit_json(env, surface());
    env.emit_text(help_overview());
    return ExitCode::success;
  }
  const auto verb = declared_verb(*options.subject);
  if (verb && is_json(env)) return emit_json(env, surface_of(*verb));
  if (verb) {
    env.emit_text(options.manual ? manual_page(*verb) : help_page(*verb));
    return ExitCode::success;
  }
  // A cmdlet that is not carried over has a reason, which is its page.
  if (verb.error().id == ErrorId("Verb.NotSupported")) return tl::unexpected(verb.error());
  TRY_ASSIGN(const auto text, help_topic(*options.subject));
  env.emit_text(text);
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "List the verbs, or show the page of one, or a topic",
      .description =
          "With --output json: the declared surface of all verbs, or of the one, for other programs.",
      .parameters =
          {
              parameter("Subject", &Options::subject,
                        {.help = "A verb or a topic.", .first = true, .origin = Origin::accord}),
              parameter("Manual", &Options::manual,
                        {.help = "The verb's manual page as mdoc source.", .origin = Origin::accord}),
              parameter(
                  "Completion", &Options::completion,
                  {.help = "The completion script of a shell.", .type = "Shell", .origin = Origin::accord}),
          },
      .examples = {{"accord help new-partner-application", "The page of one verb."},
                   {"accord help --output json", "Every verb, parameter, default, exit code and error id."}},
      .run = run,
  });
}

const Registration registration("help", declare);

}  // namespace
}  // namespace accord
