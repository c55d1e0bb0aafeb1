// test-oauth-server: whether an authorization server can be relied on, step by step, and what to do where
// not.
#include "lib/app/checks.h"
#include "lib/app/partner_health.h"
#include "lib/app/records.h"

namespace accord {
namespace {

using Options = PartyTestOptions;

Result<ExitCode> run(Environment& env, const Options& options) {
  return run_party_test(env, options, PartyKind::oauth_server);
}

Verb declare() {
  return define<Options>({
      .summary = "Test an OAuth server: its document, names and keys, and our own side",
      .description = "Reads the server's document from its MetadataUrl and compares it with what is "
                     "registered; numbered "
                     "steps with what was seen, findings with what to do. Nothing is changed. Exit code 0: "
                     "all is well; 6: "
                     "warnings; 5: something is wrong, the server being out of reach included.",
      .parameters = with(
          {
              own(parameter("Identity", &Options::identity,
                            {.help = "OAuth servers, or patterns with * and ?, or - for records.",
                             .first = true,
                             .completion = "get-oauth-server --property Identity"})),
              own(parameter("All", &Options::all, {.help = "Test every OAuth server."})),
              own(parameter("IgnoreWarning", &Options::ignore_warning, {.help = "Warnings end in 0."})),
          },
          fetch_parameters<Options>()),
      .examples = {{"test-oauth-server sts", "One server, for people."},
                   {"test-oauth-server --all --output json", "All of them, for a program."}},
      .output = &kConnectionTestType,
      .input = {.type = &kOAuthServerType,
                .all_at_once = true,
                .take = {{.property = "Identity", .parameter = "Identity"}}},
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-oauth-server", declare);

}  // namespace
}  // namespace accord
