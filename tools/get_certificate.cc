// get-certificate: list our certificates and what they are used for.
#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"

namespace accord {
namespace {

struct Options {
  std::vector<std::string> type;
  std::optional<std::string> identity;
  std::optional<std::string> thumbprint;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.read());
  if (options.thumbprint) TRY(stored_certificate(*store, *options.thumbprint));
  TRY_ASSIGN(auto records, certificate_records(*store, env.now(), options.type, options.thumbprint));
  env.emit(kCertificateType, std::move(records));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsCertificate",
      .summary = "List our certificates and what they are used for",
      .description =
          "One record for each use of each certificate: current first, then staged and previous. A "
          "certificate without a use is Unassigned.",
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "Only global, the whole deployment; may be left out.",
                         .default_text = "global",
                         .first = true,
                         .check = check_certificate_scope}),
              parameter("Type", &Options::type,
                        {.help = "These uses only.",
                         .type = "CertType[]",
                         .check = check_certificate_type,
                         .values = certificate_types()}),
              parameter("Thumbprint", &Options::thumbprint,
                        {.help = "This certificate only.",
                         .origin = Origin::accord,
                         .check = parse_thumbprint,
                         .completion = "get-certificate --property Thumbprint"}),
              refused_parameter("NetportId", "device certificates are not managed here"),
              refused_parameter("Report", "the records are the report; choose a form with --output"),
          },
      .examples = {{"get-certificate --output table", "What is in use, and for how long."},
                   {"get-certificate --type OAuthTokenIssuer --where 'State -eq \"Current\"' --property "
                    "Thumbprint --output value",
                    "The token issuer's thumbprint, for a script."}},
      .output = &kCertificateType,
      .run = run,
  });
}

const Registration registration("get-certificate", declare);

}  // namespace
}  // namespace accord
