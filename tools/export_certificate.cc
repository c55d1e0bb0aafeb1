// export-certificate: the public part for partners, or a PFX with the key.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"

namespace accord {
namespace {

enum class Encoding { pem, der, base64, jwk, jwks };

}  // namespace

template <>
struct EnumNames<Encoding> {
  static constexpr std::array<std::pair<Encoding, std::string_view>, 5> table = {
      {{Encoding::pem, "Pem"},
       {Encoding::der, "Der"},
       {Encoding::base64, "Base64"},
       {Encoding::jwk, "Jwk"},
       {Encoding::jwks, "Jwks"}}};
};

template <>
struct EnumNames<PfxEncryption> {
  static constexpr std::array<std::pair<PfxEncryption, std::string_view>, 2> table = {
      {{PfxEncryption::modern, "Modern"}, {PfxEncryption::legacy, "Legacy"}}};
};

namespace {

struct Options : PasswordOptions {
  std::optional<std::string> thumbprint;
  std::optional<std::string> type;
  std::optional<std::string> output_file;
  std::optional<Encoding> encoding;
  bool include_private_key = false;
  std::optional<PfxEncryption> pfx_encryption;
};

Result<Certificate> chosen(const Environment& env, Connection& store, const Options& options) {
  if (options.thumbprint) return stored_certificate(store, *options.thumbprint);
  TRY_ASSIGN(const auto line, timeline_of(store, *options.type, env.now()));
  if (line.current) return stored_certificate(store, line.current->thumbprint);
  return fail("Certificate.NotAssigned", fmt::format("no certificate is assigned to {}", *options.type),
              *options.type, "get-certificate lists what is assigned");
}

// What a partner is to accept: of the token issuer not only the key that signs now.
Result<std::vector<Certificate>> chosen_set(const Environment& env, Connection& store, const Options& options,
                                            const Certificate& certificate) {
  if (options.thumbprint || *options.type != kTokenIssuerUse) return std::vector{certificate};
  TRY_ASSIGN(auto published, published_certificates(store, env.now()));
  if (!published.empty()) return published;
  return fail("Certificate.Expired", "no token-issuer certificate is valid any more", certificate.thumbprint,
              "request-certificate --new --self-signed makes a new one");
}

std::string encoded(const Certificate& certificate, Encoding encoding) {
  switch (encoding) {
    case Encoding::pem:
      return to_pem(certificate);
    case Encoding::der:
      return certificate.der;
    case Encoding::base64:
      return base64_encode(certificate.der) + '\n';
    case Encoding::jwk:
      return to_jwk(certificate) + '\n';
    case Encoding::jwks:
      break;  // of several
  }
  return {};
}

Result<std::string> public_part(const Environment& env, Connection& store, const Options& options,
                                const Certificate& certificate) {
  if (options.encoding != Encoding::jwks)
    return encoded(certificate, options.encoding.value_or(Encoding::pem));
  TRY_ASSIGN(const auto set, chosen_set(env, store, options, certificate));
  return to_jwks(set) + '\n';
}

Result<void> export_key(Environment& env, Connection& store, const Options& options,
                        const Certificate& certificate) {
  if (!options.output_file) {
    return fail("Parameter.Missing", "a private key is written to a file, never to standard output",
                "--output-file", "add --output-file FILE");
  }
  if (options.encoding) {
    return fail("Parameter.Clash", "--include-private-key makes a PFX; --encoding is for the public part",
                "--encoding");
  }
  if (!options.has_password()) {
    return fail("Parameter.Missing", "a PFX needs a password", "--password-file", "add --password-file FILE");
  }
  TRY_ASSIGN(const auto password, read_password(env, options));
  if (password.empty())
    return fail("Parameter.Empty", "the password of a PFX must not be empty", "--password");
  TRY_ASSIGN(auto* vault, env.vault());
  TRY_ASSIGN(const auto key, load_private_key(store, *vault, certificate));
  const auto encryption = options.pfx_encryption.value_or(PfxEncryption::modern);
  if (encryption == PfxEncryption::legacy) {
    env.warn(
        "3DES and SHA-1 protect the key no better than its password resists guessing; remove the file once "
        "it "
        "is imported");
  }
  TRY_ASSIGN(const auto pfx, write_pfx(certificate, key, password, certificate.thumbprint, encryption));
  const auto existing = env.common().force ? Environment::Existing::replace : Environment::Existing::refuse;
  return env.write_file(*options.output_file, std::string(pfx.view()), 0600, existing);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  if (options.pfx_encryption && !options.include_private_key) {
    return fail("Parameter.Clash", "--pfx-encryption is for a PFX, which only --include-private-key makes",
                "--pfx-encryption", "add --include-private-key, or leave it out");
  }
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto certificate, chosen(env, *store, options));
  TRY(env.approve("Export certificate", certificate.thumbprint));
  if (options.include_private_key) {
    TRY(export_key(env, *store, options, certificate));
    return ExitCode::success;
  }
  TRY_ASSIGN(auto text, public_part(env, *store, options, certificate));
  if (options.output_file) {
    TRY(env.write_file(*options.output_file, std::move(text)));
  } else {
    env.emit_text(text);
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Write out a certificate for a partner, or a PFX with its key",
      .description = "The public part goes to standard output unless --output-file is given. A PFX is made "
                     "with mode 0600 "
                     "and never overwrites a file without --force.",
      .effect = Effect::reads,
      .sets = {"Thumbprint", "Type"},
      .parameters = with(
          {
              own(parameter("Thumbprint", &Options::thumbprint,
                            {.help = "The certificate.",
                             .sets = {"Thumbprint"},
                             .mandatory = true,
                             .check = parse_thumbprint,
                             .completion = "get-certificate --property Thumbprint"})),
              own(parameter("Type", &Options::type,
                            {.help = "The current certificate of this use.",
                             .type = "CertType",
                             .sets = {"Type"},
                             .mandatory = true,
                             .check = check_certificate_type,
                             .values = certificate_types()})),
              own(parameter("OutputFile", &Options::output_file,
                            {.help = "Where to write it.", .type = "Path", .writes_file = true})),
              own(parameter(
                  "Encoding", &Options::encoding,
                  {.help =
                       "Of the public part; Base64 is the DER on one line, Jwks the set of all keys that are "
                       "published for the token issuer.",
                   .default_text = "Pem"})),
              own(parameter("IncludePrivateKey", &Options::include_private_key,
                            {.help = "Make a PFX with the key."})),
              own(parameter(
                  "PfxEncryption", &Options::pfx_encryption,
                  {.help = "Of the PFX: AES-256 with SHA-256, or 3DES with SHA-1 for Windows Server 2016 "
                           "and older.",
                   .default_text = "Modern"})),
          },
          password_parameters<Options>(Origin::accord)),
      .examples = {{"export-certificate --type OAuthTokenIssuer --output-file issuer.pem",
                    "What a partner needs."},
                   {"export-certificate --type OAuthTokenIssuer --encoding base64",
                    "The line that hosted directories ask for."},
                   {"export-certificate --type OAuthTokenIssuer --encoding jwks --output-file jwks.json",
                    "Every key that verifies our tokens, the one that signs first."},
                   {"export-certificate --type OAuthTokenIssuer --include-private-key --output-file "
                    "issuer-legacy.pfx "
                    "--password-file password.txt --pfx-encryption legacy",
                    "Certificate and key for another host, in a form that old Windows reads."}},
      .run = run,
  });
}

const Registration registration("export-certificate", declare);

}  // namespace
}  // namespace accord
