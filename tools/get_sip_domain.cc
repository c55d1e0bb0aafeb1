// get-sip-domain: list SIP domains.
#include <fmt/format.h>

#include "lib/app/listing.h"
#include "lib/app/records.h"
#include "lib/app/sip_domains.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::optional<std::string> filter;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.read());
  if (const auto* name = exact(options.identity)) {
    TRY_ASSIGN(const auto domain, stored_sip_domain(*store, *name));
    env.emit(to_record(domain));
    return ExitCode::success;
  }
  TRY_ASSIGN(const auto all, list_sip_domains(*store));
  emit_matching(env, kSipDomainType, all, &SipDomain::name, pattern_of(options.identity, options.filter));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsSipDomain",
      .summary = "List SIP domains",
      .sets = {"Identity", "Filter"},
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "One domain, or a pattern with * and ?.",
                         .sets = {"Identity"},
                         .first = true,
                         .completion = "get-sip-domain --property Identity"}),
              parameter("Filter", &Options::filter, {.help = "A pattern with * and ?.", .sets = {"Filter"}}),
          },
      .examples = {{"get-sip-domain", "All of them."},
                   {"get-sip-domain --filter '*.com' --property Name --output value",
                    "Their names, one a line."}},
      .output = &kSipDomainType,
      .run = run,
  });
}

const Registration registration("get-sip-domain", declare);

}  // namespace
}  // namespace accord
