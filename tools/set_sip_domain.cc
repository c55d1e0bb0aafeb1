// set-sip-domain: move the default.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/sip_domains.h"

namespace accord {
namespace {

struct Options {
  std::string identity;
  std::optional<bool> is_default;
  bool keep_realm = false;
  bool pass_thru = false;
};

// The realm that we had goes into Realm, so that the move of the default renames nobody.
Result<void> keep_realm(Connection& store, const Deployment& before) {
  if (before.configuration.realm || !before.effective_realm) return {};
  auto configuration = before.configuration;
  configuration.realm = before.effective_realm;
  return update_oauth_configuration(store, configuration);
}

// "Property: old -> new" for each property of each object that the call changes.
std::vector<std::string> changes_by(const std::optional<SipDomain>& old_default, const SipDomain& domain,
                                    const Deployment& before, const Deployment& after) {
  std::vector<std::string> changes;
  if (old_default && old_default->name != domain.name && domain.is_default) {
    changes.emplace_back("IsDefault: False -> True");
    changes.push_back(fmt::format("IsDefault of {}: True -> False", old_default->name));
  }
  const auto shown = [](const std::optional<std::string>& text) { return text.value_or("(empty)"); };
  if (before.configuration.realm != after.configuration.realm)
    changes.push_back(
        fmt::format("Realm: {} -> {}", shown(before.configuration.realm), shown(after.configuration.realm)));
  if (before.effective_realm != after.effective_realm)
    changes.push_back(
        fmt::format("EffectiveRealm: {} -> {}", shown(before.effective_realm), shown(after.effective_realm)));
  return changes;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(auto domain, stored_sip_domain(*store, options.identity));
  if (options.is_default && !*options.is_default && domain.is_default) {
    return fail("SipDomain.IsDefault",
                fmt::format("'{}' is the default SIP domain, and there must be one", domain.name),
                domain.name, "set-sip-domain OTHER --is-default true moves the default");
  }
  TRY_ASSIGN(const auto before, read_deployment(*store));
  if (options.keep_realm) TRY(keep_realm(*store, before));
  TRY_ASSIGN(const auto old_default, default_sip_domain(*store));
  if (options.is_default.value_or(false)) {
    TRY(make_default_sip_domain(*store, domain.id));
    domain.is_default = true;
  }
  TRY_ASSIGN(const auto after, read_deployment(*store));
  TRY(approve_change(env, *store, before, after, "Set SIP domain", domain.name,
                     changes_by(old_default, domain, before, after)));
  if (options.pass_thru) env.emit(to_record(domain));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Set-CsSipDomain",
      .summary = "Make a SIP domain the default",
      .description =
          "Without a Realm the default SIP domain is our realm: moving it renames this deployment for every "
          "partner, which is said and asked first.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "The domain.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-sip-domain --property Identity"}),
              parameter("IsDefault", &Options::is_default, {.help = "true makes it the default."}),
              parameter(
                  "KeepRealm", &Options::keep_realm,
                  {.help = "Write the realm that we had into Realm first, so that no partner has to be told.",
                   .origin = Origin::accord}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print the changed record.", .origin = Origin::accord}),
          },
      .examples = {{"set-sip-domain na.litwareinc.com --is-default true --keep-realm",
                    "Moves the default and keeps our name."},
                   {"set-sip-domain na.litwareinc.com --is-default true --what-if",
                    "Says what would change."}},
      .output = &kSipDomainType,
      .input = {.type = &kSipDomainType, .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("set-sip-domain", declare);

}  // namespace
}  // namespace accord
