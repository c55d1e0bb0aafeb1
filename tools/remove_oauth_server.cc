// remove-oauth-server: stop accepting an authorization server's tokens.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options {
  std::string identity;
  bool pass_thru = false;
};

// A configuration must not name a server that is gone.
Result<void> refuse_if_named(Connection& store, const OAuthServer& server) {
  TRY_ASSIGN(const auto configuration, read_oauth_configuration(store));
  const auto named = configuration.client_authorization_oauth_server_identity;
  if (!named || !equals_ignoring_case(*named, server.identity)) return {};
  return fail(
      "OAuthServer.InUse", fmt::format("'{}' is the ClientAuthorizationOAuthServerIdentity", server.identity),
      server.identity, "set-oauth-configuration --client-authorization-oauth-server-identity \"\" first");
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto server, stored_oauth_server(*store, options.identity));
  TRY(refuse_if_named(*store, server));
  TRY(env.approve("Remove OAuth server", server.identity));
  TRY(remove_oauth_server(*store, server.id));
  if (options.pass_thru) env.emit(to_record(server));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Remove-CsOAuthServer",
      .summary = "Remove an authorization server",
      .effect = Effect::destroys,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "The OAuth server.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-oauth-server --property Identity"}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print what was removed.", .origin = Origin::accord}),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
          },
      .examples = {{"remove-oauth-server sts", "Its tokens are refused from now on."},
                   {"remove-oauth-server sts --what-if", "Says whether that could be done."}},
      .output = &kOAuthServerType,
      .input = {.type = &kOAuthServerType, .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("remove-oauth-server", declare);

}  // namespace
}  // namespace accord
