// get-oauth-server: list authorization servers.
#include "lib/app/listing.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::optional<std::string> filter;
  std::optional<std::string> tenant;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  if (options.tenant) env.verbose(kTenantIgnored);
  TRY_ASSIGN(auto* store, env.read());
  if (const auto* name = exact(options.identity)) {
    TRY_ASSIGN(const auto server, stored_oauth_server(*store, *name));
    env.emit(to_record(server));
    return ExitCode::success;
  }
  TRY_ASSIGN(const auto all, list_oauth_servers(*store));
  emit_matching(env, kOAuthServerType, all, &OAuthServer::identity,
                pattern_of(options.identity, options.filter));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsOAuthServer",
      .summary = "List authorization servers",
      .sets = {"Identity", "Filter"},
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "One server, or a pattern with * and ?.",
                         .sets = {"Identity"},
                         .first = true,
                         .completion = "get-oauth-server --property Identity"}),
              parameter("Filter", &Options::filter, {.help = "A pattern with * and ?.", .sets = {"Filter"}}),
              parameter("Tenant", &Options::tenant, {.help = kTenantIgnored, .type = "Guid"}),
          },
      .examples = {{"get-oauth-server", "All of them."},
                   {"get-oauth-server sts --property Thumbprints --output value", "The keys of one."}},
      .output = &kOAuthServerType,
      .run = run,
  });
}

const Registration registration("get-oauth-server", declare);

}  // namespace
}  // namespace accord
