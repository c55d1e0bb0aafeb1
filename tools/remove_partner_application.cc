// remove-partner-application: stop accepting a server's tokens.
#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options {
  std::string identity;
  bool pass_thru = false;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto partner, stored_partner(*store, options.identity));
  TRY(env.approve("Remove partner application", partner.identity));
  TRY(remove_partner_application(*store, partner.id));
  if (options.pass_thru) env.emit(to_record(partner));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Remove-CsPartnerApplication",
      .summary = "Remove a partner application",
      .effect = Effect::destroys,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "The partner application.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-partner-application --property Identity"}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print what was removed.", .origin = Origin::accord}),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
          },
      .examples = {{"remove-partner-application exchange", "Its tokens are refused from now on."},
                   {"remove-partner-application exchange --what-if", "Says whether that could be done."}},
      .output = &kPartnerApplicationType,
      .input = {.type = &kPartnerApplicationType,
                .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("remove-partner-application", declare);

}  // namespace
}  // namespace accord
