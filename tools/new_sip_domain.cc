// new-sip-domain: add a SIP domain; the first becomes the default.
#include "lib/app/deployment.h"
#include "lib/app/environment.h"

namespace accord {
namespace {

struct Options {
  std::string identity;
  std::optional<bool> is_default;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto before, read_deployment(*store));
  TRY_ASSIGN(const auto stored,
             insert_sip_domain(*store,
                               {.name = options.identity, .is_default = options.is_default.value_or(false)}));
  TRY_ASSIGN(const auto after, read_deployment(*store));
  TRY(approve_change(env, *store, before, after, "Create SIP domain", stored.name, {}));
  env.emit(to_record(stored));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "New-CsSipDomain",
      .summary = "Add a SIP domain",
      .description =
          "The first SIP domain becomes the default one, and with it the realm of this deployment unless a "
          "Realm is set.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter(
                  "Identity", &Options::identity,
                  {.help = "The domain name.", .mandatory = true, .first = true, .check = parse_domain_name}),
              parameter("IsDefault", &Options::is_default,
                        {.help = "Whether it becomes the default.",
                         .default_text = "false, but true for the first"}),
          },
      .examples = {{"new-sip-domain litwareinc.com", "Adds a domain."},
                   {"new-sip-domain --identity na.litwareinc.com --is-default true --confirm=false",
                    "Adds one and makes it the default, whoever knows us by the old realm."}},
      .output = &kSipDomainType,
      .run = run,
  });
}

const Registration registration("new-sip-domain", declare);

}  // namespace
}  // namespace accord
