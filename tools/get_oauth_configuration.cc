// get-oauth-configuration: what this deployment is called and how it judges tokens.
#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/listing.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::optional<std::string> filter;
  std::optional<std::string> tenant;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  if (options.tenant) env.verbose(kTenantIgnored);
  if (const auto* name = exact(options.identity)) TRY(check_global(*name));
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto deployment, read_deployment(*store));
  TRY_ASSIGN(auto record, configuration_record(*store, deployment));
  const auto pattern = pattern_of(options.identity, options.filter);
  if (!pattern || exact(options.identity) != nullptr) {
    env.emit(std::move(record));
    return ExitCode::success;
  }
  std::vector<Record> found;
  if (matches_wildcard("Global", *pattern)) found.push_back(std::move(record));
  env.emit(kOAuthConfigurationType, std::move(found));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsOAuthConfiguration",
      .summary = "Show the OAuth configuration",
      .description =
          "There is one, global. EffectiveRealm is Realm, or the default SIP domain where Realm is empty.",
      .sets = {"Identity", "Filter"},
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "global.", .sets = {"Identity"}, .first = true}),
              parameter("Filter", &Options::filter, {.help = "A pattern with * and ?.", .sets = {"Filter"}}),
              parameter("Tenant", &Options::tenant, {.help = kTenantIgnored, .type = "Guid"}),
          },
      .examples = {{"get-oauth-configuration", "Everything."},
                   {"get-oauth-configuration --property ServiceName,EffectiveRealm",
                    "The two parts of our issuer name."}},
      .output = &kOAuthConfigurationType,
      .run = run,
  });
}

const Registration registration("get-oauth-configuration", declare);

}  // namespace
}  // namespace accord
