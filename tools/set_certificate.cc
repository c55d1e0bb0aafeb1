// set-certificate: assign a certificate at once, or stage it for a later date.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"
#include "lib/app/rolling.h"

namespace accord {
namespace {

struct Options : PasswordOptions, RollOptions {
  std::optional<std::string> identity;
  std::vector<std::string> type;
  std::optional<std::string> thumbprint;
  std::optional<std::string> path;
  bool no_previous = false;
  bool pass_thru = false;
};

Result<Certificate> certificate_for(Environment& env, Connection& store, const Options& options) {
  if (options.thumbprint) return stored_certificate(store, *options.thumbprint);
  TRY_ASSIGN(const auto content, env.read_file_or_input(*options.path));
  TRY_ASSIGN(const auto password, read_password(env, options));
  TRY_ASSIGN(auto identity, about(*options.path, read_identity(content, password)));
  TRY(take_in(env, store, identity));
  return std::move(identity.certificate);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY(check_roll(options, env.now()));
  if (options.no_previous && options.roll) {
    return fail("Parameter.Clash", "--no-previous is for a key that is replaced at once", "--no-previous",
                "leave out --roll and --effective-date");
  }
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto certificate, certificate_for(env, *store, options));
  const auto previous = options.no_previous ? Previous::drop : Previous::keep;
  TRY(assign(env, *store, options.type, certificate, options, previous));
  if (options.pass_thru) {
    TRY_ASSIGN(auto records, certificate_records(*store, env.now(), options.type, certificate.thumbprint));
    env.emit(kCertificateType, std::move(records));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Set-CsCertificate",
      .summary = "Assign a certificate, at once or from a date on",
      .description = "With --roll it is staged: it is published from now on, so that partners that read our "
                     "metadata know "
                     "it by then, and takes over at --effective-date. The same one again moves the date. "
                     "Without --roll it "
                     "takes over at once, which is asked about. The old token issuer becomes Previous and is "
                     "accepted until "
                     "it expires; naming the Previous one swaps the two back. Partners that do not know the "
                     "new key in time "
                     "are listed, each with the command that exports it.",
      .effect = Effect::writes,
      .sets = {"Thumbprint", "Path"},
      .parameters = with(
          with(
              {
                  parameter("Identity", &Options::identity,
                            {.help = "Only global, the whole deployment; may be left out.",
                             .default_text = "global",
                             .mandatory_in = {"Path"},
                             .check = check_certificate_scope}),
                  parameter("Type", &Options::type,
                            {.help = "What it is for.",
                             .type = "CertType[]",
                             .mandatory = true,
                             .check = check_certificate_type,
                             .values = certificate_types()}),
                  parameter("Thumbprint", &Options::thumbprint,
                            {.help = "A certificate of the store.",
                             .sets = {"Thumbprint"},
                             .mandatory = true,
                             .check = parse_thumbprint,
                             .completion = "get-certificate --property Thumbprint"}),
                  parameter("Path", &Options::path,
                            {.help = "A PFX or PEM file to take in first.",
                             .type = "Path",
                             .sets = {"Path"},
                             .mandatory = true}),
                  parameter("NoPrevious", &Options::no_previous,
                            {.help = "The old key is compromised: what it signed is refused from now on.",
                             .origin = Origin::accord}),
                  parameter("PassThru", &Options::pass_thru,
                            {.help = "Print the changed record.", .origin = Origin::accord}),
                  refused_parameter("Reference", "live objects do not cross processes; give --thumbprint"),
                  refused_parameter("NetportId", "device certificates are not managed here"),
                  refused_parameter("Report", "warnings go to standard error; there is no further report"),
              },
              roll_parameters<Options>()),
          password_parameters<Options>(Origin::original, {"Path"})),
      .examples =
          {{"set-certificate --type OAuthTokenIssuer --thumbprint "
            "\"$(get-certificate --type Default --property Thumbprint --output value)\"",
            "The certificate of another use becomes the token issuer."},
           {"set-certificate --type OAuthTokenIssuer --thumbprint "
            "\"$(get-certificate --where 'State -eq \"Unassigned\"' --first 1 --property Thumbprint --output "
            "value)\" --roll --effective-date +30d",
            "A new certificate takes over in 30 days."},
           {"set-certificate --type OAuthTokenIssuer --identity global --path issuer.pfx "
            "--password-file password.txt",
            "Takes in a PFX and assigns it."}},
      .output = &kCertificateType,
      .input = {.type = &kCertificateType,
                .one_only = true,
                .take = {{.property = "Thumbprint", .parameter = "Thumbprint"}}},
      .run = run,
  });
}

const Registration registration("set-certificate", declare);

}  // namespace
}  // namespace accord
