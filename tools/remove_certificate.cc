// remove-certificate: take a use away from a certificate.
#include "lib/app/checks.h"
#include "lib/app/records.h"
#include "lib/app/rolling.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::vector<std::string> type;
  bool previous = false;
  bool staged = false;
  std::optional<std::string> thumbprint;
};

Result<Slot> slot_of(const Options& options) {
  if (options.previous && options.staged) {
    return fail("Parameter.Clash", "--previous and --staged name two certificates", "--staged",
                "take one away after the other");
  }
  return options.previous ? Slot::previous : options.staged ? Slot::staged : Slot::current;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto slot, slot_of(options));
  TRY_ASSIGN(auto* store, env.write());
  for (const auto& use : options.type) TRY(unassign(env, *store, use, slot, options.thumbprint));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Remove-CsCertificate",
      .summary = "Take a use away from a certificate",
      .description = "The certificate and its key stay in the store. The current token issuer cannot be "
                     "taken away while "
                     "there are partners, unless --force is given.",
      .effect = Effect::destroys,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "Only global, the whole deployment; may be left out.",
                         .default_text = "global",
                         .first = true,
                         .check = check_certificate_scope}),
              parameter("Type", &Options::type,
                        {.help = "The use.",
                         .type = "CertType[]",
                         .mandatory = true,
                         .check = check_certificate_type,
                         .values = certificate_types()}),
              parameter("Previous", &Options::previous, {.help = "The previous one, not the current one."}),
              own(parameter("Staged", &Options::staged, {.help = "The staged one: it does not take over."})),
              parameter("Thumbprint", &Options::thumbprint,
                        {.help = "Only if this certificate is the one that stands there.",
                         .origin = Origin::accord,
                         .check = parse_thumbprint,
                         .completion = "get-certificate --property Thumbprint"}),
              refused_parameter("NetportId", "device certificates are not managed here"),
              refused_parameter("Report", "warnings go to standard error; there is no further report"),
          },
      .examples = {{"remove-certificate --type OAuthTokenIssuer --previous --confirm=false",
                    "Stops accepting what the old key signed."},
                   {"remove-certificate --type OAuthTokenIssuer --staged --confirm=false",
                    "Calls a roll off before its date."},
                   {"remove-certificate --type Default --what-if", "Says what would be taken away."}},
      .input = {.type = &kCertificateType,
                .take = {{.property = "Use", .parameter = "Type"},
                         {.property = "Thumbprint", .parameter = "Thumbprint"},
                         {.property = "State", .parameter = "Previous", .when = "Previous"},
                         {.property = "State", .parameter = "Staged", .when = "Staged"}}},
      .run = run,
  });
}

const Registration registration("remove-certificate", declare);

}  // namespace
}  // namespace accord
