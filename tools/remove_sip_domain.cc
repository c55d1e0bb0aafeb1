// remove-sip-domain: remove one that is not the default.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"
#include "lib/app/sip_domains.h"

namespace accord {
namespace {

struct Options {
  std::string identity;
  bool pass_thru = false;
};

bool is_name_in(const std::vector<std::string>& hosts, const std::string& domain) {
  for (const auto& host : hosts) {
    const auto name = host.substr(0, host.find(':'));
    if (name == domain || name.ends_with("." + domain)) return true;
  }
  return false;
}

// Whether a certificate in use or a host of ours carries the domain.
Result<bool> is_in_use(Connection& store, const std::string& domain) {
  TRY_ASSIGN(const auto configuration, read_oauth_configuration(store));
  if (is_name_in(configuration.hosts, domain)) return true;
  TRY_ASSIGN(const auto rows, list_assignments(store));
  for (const auto& row : rows) {
    TRY_ASSIGN(const auto certificate, stored_certificate(store, row.thumbprint));
    if (is_name_in(certificate.alternative_names, domain)) return true;
  }
  return false;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto domain, stored_sip_domain(*store, options.identity));
  TRY_ASSIGN(const bool in_use, is_in_use(*store, domain.name));
  TRY(remove_sip_domain(*store, domain));
  if (in_use) env.warn(fmt::format("'{}' is a name of an assigned certificate or of Hosts", domain.name));
  TRY(env.approve("Remove SIP domain", domain.name, {}, in_use ? Ask::always : Ask::if_confirm));
  if (options.pass_thru) env.emit(to_record(domain));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Remove-CsSipDomain",
      .summary = "Remove a SIP domain",
      .description = "The default one cannot be removed, and so neither can the last.",
      .effect = Effect::destroys,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "The domain.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-sip-domain --property Identity"}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print what was removed.", .origin = Origin::accord}),
          },
      .examples = {{"remove-sip-domain na.litwareinc.com", "Removes one."},
                   {"remove-sip-domain na.litwareinc.com --what-if", "Says whether that could be done."}},
      .output = &kSipDomainType,
      .input = {.type = &kSipDomainType, .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("remove-sip-domain", declare);

}  // namespace
}  // namespace accord
