// remove-certificate: take a use away from a certificate.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::vector<std::string> type;
  bool previous = false;
  std::optional<std::string> thumbprint;
};

Result<void> refuse_while_trusted(const Environment& env, Connection& store, const std::string& use) {
  if (use != kTokenIssuerUse || env.common().force) return {};
  TRY_ASSIGN(const auto parties, trusted_parties(store));
  if (parties.empty()) return {};
  return fail(
      "Certificate.InUse",
      fmt::format("the token issuer signs for {}: without it no token can be made", fmt::join(parties, ", ")),
      use, "assign another with set-certificate, or add --force");
}

// Whoever names a certificate means that one, not what has taken its place meanwhile.
Result<void> expect_certificate(const Options& options, std::string_view use, const std::string& found) {
  if (!options.thumbprint || *options.thumbprint == found) return {};
  return fail("Certificate.Changed",
              fmt::format("the {} {} certificate is '{}', not '{}'",
                          options.previous ? "previous" : "current", use, found, *options.thumbprint),
              *options.thumbprint, "get-certificate lists what is assigned now");
}

Result<void> remove_use(Environment& env, Connection& store, const std::string& use, const Options& options) {
  const bool previous = options.previous;
  TRY_ASSIGN(auto rows, list_assignments(store, use));
  const auto line = timeline_at(rows, env.now());
  const auto& slot = previous ? line.previous : line.current;
  if (!slot) {
    return fail("Certificate.NotAssigned",
                fmt::format("no {} certificate is assigned to {}", previous ? "previous" : "current", use),
                use, "get-certificate lists what is assigned");
  }
  TRY(expect_certificate(options, use, slot->thumbprint));
  if (previous) {
    env.warn(fmt::format("tokens that {} signed and that are still alive are refused from now on",
                         slot->thumbprint));
  } else {
    TRY(refuse_while_trusted(env, store, use));
  }
  TRY(env.approve(fmt::format("Remove certificate from {}", use), slot->thumbprint,
                  {fmt::format("{}: {} -> (none)", use, slot->thumbprint)}, Ask::always));
  std::erase_if(rows, [&](const auto& row) {
    // Without a current one nothing may step into its place: the previous one goes with it.
    const bool is_slot = row.thumbprint == slot->thumbprint;
    const bool is_previous = line.previous && row.thumbprint == line.previous->thumbprint;
    return is_slot || (!previous && is_previous);
  });
  return replace_assignments(store, use, rows);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  for (const auto& use : options.type) TRY(remove_use(env, *store, use, options));
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
              parameter("Thumbprint", &Options::thumbprint,
                        {.help = "Only if this certificate is the one that stands there.",
                         .origin = Origin::accord,
                         .check = parse_thumbprint,
                         .completion = "get-certificate --property Thumbprint"}),
              refused_parameter("Staged", "staging is not in this version, so nothing is staged"),
              refused_parameter("NetportId", "device certificates are not managed here"),
              refused_parameter("Report", "warnings go to standard error; there is no further report"),
          },
      .examples = {{"remove-certificate --type OAuthTokenIssuer --previous --confirm=false",
                    "Stops accepting what the old key signed."},
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
