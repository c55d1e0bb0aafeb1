// invoke-batch: many verbs in one process, one a line.
#include "lib/app/batch.h"

namespace accord {
namespace {

constexpr std::size_t kLimit = std::size_t{64} * 1024 * 1024;

struct Options {
  std::string file;
  bool atomic = false;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto text, env.read_file_or_input(options.file, kLimit));
  return run_batch(env, options.file, text, options.atomic ? Atomic::yes : Atomic::no);
}

Verb declare() {
  return define<Options>({
      .summary = "Run many verbs, one a line, in one process",
      .description =
          "Words are quoted as in a shell, # begins a comment, and $ is not special. A line is a change of "
          "its own; with "
          "--atomic the file is one: all or nothing. The first line that does not end in 0 stops the batch "
          "and gives it its "
          "exit code; --error-action continue goes on, for all lines or on one of them. --what-if, "
          "--confirm, --force, "
          "--verbose, --quiet, --output and --error-action hold for every line that does not say otherwise.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter("File", &Options::file,
                        {.help = "The lines, or - for standard input.",
                         .type = "Path",
                         .mandatory = true,
                         .first = true,
                         .origin = Origin::accord}),
              parameter(
                  "Atomic", &Options::atomic,
                  {.help =
                       "All lines are one change. Verbs that write files are refused before the first line "
                       "runs.",
                   .origin = Origin::accord}),
          },
      .examples = {{"invoke-batch partners.batch --atomic", "Makes all the changes of a file, or none."},
                   {"get-partner-application --property Identity --output value | sed "
                    "'s/.*/set-partner-application \"&\" "
                    "--enabled true/' | invoke-batch - --what-if",
                    "Says what a generated batch would change."}},
      .in_batch = InBatch::never,
      .run = run,
  });
}

const Registration registration("invoke-batch", declare);

}  // namespace
}  // namespace accord
