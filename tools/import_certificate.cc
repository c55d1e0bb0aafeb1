// import-certificate: take a certificate and its key into the store.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/key_in_token.h"
#include "lib/app/our_certificates.h"
#include "lib/app/rolling.h"
#include "lib/core/pkcs11_uri.h"

namespace accord {
namespace {

struct Options : PasswordOptions, RollOptions {
  std::string path;
  std::optional<std::string> key_uri;
  std::optional<std::string> identity;
  std::vector<std::string> type;
  std::optional<bool> private_key_exportable;
};

Result<Identity> chosen_identity(Environment& env, const Options& options) {
  if (options.key_uri && options.has_password()) {
    return fail("Parameter.Clash",
                "--key-uri goes with a file that holds a certificate alone, which no password protects",
                "--key-uri", "leave the password out; the PIN of a token is named in the URI, by pin-source");
  }
  TRY_ASSIGN(auto content, env.read_file_or_input(options.path));
  TRY_ASSIGN(const auto password, read_password(env, options));
  auto read =
      options.key_uri ? read_identity_in_token(content, *options.key_uri) : read_identity(content, password);
  wipe(content);  // a PEM file may hold the key in clear
  return about(options.path, std::move(read));
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY(check_exportable(options.private_key_exportable));
  TRY(check_roll(options, env.now()));
  TRY_ASSIGN(const auto identity, chosen_identity(env, options));
  TRY_ASSIGN(auto* store, env.write());
  TRY(env.approve("Import certificate", identity.certificate.thumbprint));
  TRY(take_in(env, *store, identity));
  if (options.key_uri) TRY(follow_key(env, *store, identity));
  TRY(assign(env, *store, options.type, identity.certificate, options));
  TRY(emit_certificate(env, *store, identity.certificate.thumbprint));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Import-CsCertificate",
      .summary = "Take a certificate and its private key into the store",
      .description =
          "A PKCS#12 file (PFX), old ones of Windows too, or PEM with certificate and key. The "
          "same one again "
          "is no error. With --identity global it is assigned to --type: at once, or with --roll at "
          "--effective-date. With --key-uri the file holds the certificate alone, and the key stays in a "
          "PKCS#11 token, which signs with it; the store keeps the URI.",
      .effect = Effect::writes,
      .sets = {"Local", "CMS"},
      .parameters = with(
          with(
              {
                  parameter("Identity", &Options::identity,
                            {.help = "global: assign it to --type.",
                             .sets = {"CMS"},
                             .mandatory = true,
                             .first = true,
                             .check = check_certificate_scope}),
                  parameter(
                      "Path", &Options::path,
                      {.help = "The file, or - for standard input.", .type = "Path", .mandatory = true}),
                  own(parameter("KeyUri", &Options::key_uri,
                                {.help = "Where in a PKCS#11 token its key stays, instead of in the file: "
                                         "pkcs11:token=LABEL;object=LABEL;pin-source=file:/path.",
                                 .check = check_pkcs11_uri})),
                  parameter("Type", &Options::type,
                            {.help = "What it is for.",
                             .type = "CertType[]",
                             .sets = {"CMS"},
                             .mandatory = true,
                             .check = check_certificate_type,
                             .values = certificate_types()}),
                  parameter(
                      "PrivateKeyExportable", &Options::private_key_exportable,
                      {.help = "Accepted when true: who may read the store and its key can export every key.",
                       .default_text = "true"}),
                  refused_parameter(
                      "Report", "the certificate that was taken in is printed; there is no further report"),
              },
              roll_parameters<Options>({"CMS"})),
          password_parameters<Options>(Origin::original)),
      .examples =
          {{"import-certificate --path issuer.pfx --password-file password.txt --identity global --type "
            "OAuthTokenIssuer",
            "Takes in a PFX and makes it the token issuer."},
           {"import-certificate --path next.pfx --password-file password.txt --identity global --type "
            "OAuthTokenIssuer --roll --effective-date +30d",
            "Takes in the next one, which takes over in 30 days."},
           {"import-certificate --path issuer.pem", "Takes in a PEM pair; set-certificate assigns it."}},
      .output = &kCertificateType,
      .run = run,
  });
}

const Registration registration("import-certificate", declare);

}  // namespace
}  // namespace accord
