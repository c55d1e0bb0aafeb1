// get-partner-application: list servers whose tokens are accepted.
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
    TRY_ASSIGN(const auto partner, stored_partner(*store, *name));
    env.emit(to_record(partner));
    return ExitCode::success;
  }
  TRY_ASSIGN(const auto all, list_partner_applications(*store));
  emit_matching(env, kPartnerApplicationType, all, &PartnerApplication::identity,
                pattern_of(options.identity, options.filter));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsPartnerApplication",
      .summary = "List servers whose tokens are accepted",
      .sets = {"Identity", "Filter"},
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "One partner, or a pattern with * and ?.",
                         .sets = {"Identity"},
                         .first = true,
                         .completion = "get-partner-application --property Identity"}),
              parameter("Filter", &Options::filter, {.help = "A pattern with * and ?.", .sets = {"Filter"}}),
              parameter("Tenant", &Options::tenant, {.help = kTenantIgnored, .type = "Guid"}),
          },
      .examples = {{"get-partner-application", "All of them."},
                   {"get-partner-application exchange --property Thumbprints --output value",
                    "The keys of one."}},
      .output = &kPartnerApplicationType,
      .run = run,
  });
}

const Registration registration("get-partner-application", declare);

}  // namespace
}  // namespace accord
