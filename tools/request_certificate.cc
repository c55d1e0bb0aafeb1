// request-certificate: make a key and a self-signed certificate.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"
#include "lib/app/rolling.h"
#include "lib/store/oauth_configuration.h"

namespace accord {
namespace {

enum class RequestKeyAlgorithm { rsa, p256, p384, ed25519 };

}  // namespace

// -KeyAlg: the original's names, and the short ones of the curves.
template <>
struct EnumNames<RequestKeyAlgorithm> {
  static constexpr std::array<std::pair<RequestKeyAlgorithm, std::string_view>, 6> table = {
      {{RequestKeyAlgorithm::rsa, "RSA"},
       {RequestKeyAlgorithm::p256, "P-256"},
       {RequestKeyAlgorithm::p384, "P-384"},
       {RequestKeyAlgorithm::ed25519, "Ed25519"},
       {RequestKeyAlgorithm::p256, "ECDH_P256"},
       {RequestKeyAlgorithm::p384, "ECDH_P384"}}};
};

namespace {

struct Options {
  bool make = false;
  bool self_signed = false;
  std::vector<std::string> type;
  std::optional<std::string> identity;
  std::optional<Duration> valid_for;
  std::optional<RequestKeyAlgorithm> key_alg;
  std::optional<std::int64_t> key_size;
  std::vector<std::string> domain_name;
  bool all_sip_domain = false;
  std::optional<std::string> computer_fqdn;
  std::string friendly_name;
  std::optional<bool> private_key_exportable;
  std::string organization, ou, city, state, country;
};

KeyAlgorithm algorithm_of(const Options& options) {
  switch (options.key_alg.value_or(RequestKeyAlgorithm::rsa)) {
    case RequestKeyAlgorithm::rsa:
      return KeyAlgorithm::rsa;
    case RequestKeyAlgorithm::p256:
      return KeyAlgorithm::p256;
    case RequestKeyAlgorithm::p384:
      return KeyAlgorithm::p384;
    case RequestKeyAlgorithm::ed25519:
      return KeyAlgorithm::ed25519;
  }
  return KeyAlgorithm::rsa;
}

Result<void> check_options(const Options& options) {
  if (!options.make)
    return fail("Parameter.Missing", "--new must be given", "--new",
                "write request-certificate --new --self-signed");
  if (!options.self_signed) {
    return fail("Parameter.NotSupported", "requests to a certification authority are not in this version",
                "--self-signed",
                "add --self-signed, or import what the authority gave you with import-certificate");
  }
  if (options.key_size && algorithm_of(options) != KeyAlgorithm::rsa) {
    return fail("Parameter.Clash", "--key-size is for RSA; a curve has its own", "--key-size",
                "leave it out");
  }
  const auto size = options.key_size.value_or(2048);
  if (size != 2048 && size != 3072 && size != 4096) {
    return fail("Parameter.Invalid", fmt::format("--key-size: {} is none of 2048, 3072, 4096", size),
                "--key-size");
  }
  const auto valid_for = options.valid_for.value_or(std::chrono::days(365 * 5));
  if (valid_for < std::chrono::days(1) || valid_for > std::chrono::days(365 * 30)) {
    return fail("Parameter.Invalid",
                fmt::format("--valid-for: {} is not between 1d and 30y", format_duration(valid_for)),
                "--valid-for");
  }
  if (!options.country.empty() && options.country.size() != 2) {
    return fail("Parameter.Invalid", fmt::format("--country: '{}' is no two-letter code", options.country),
                "--country");
  }
  return {};
}

// The default SIP domain names the certificate; every SIP domain and what was asked for stands in it.
Result<std::vector<std::string>> names_for(Connection& store, const Options& options) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  if (options.computer_fqdn) add(*options.computer_fqdn);
  TRY_ASSIGN(const auto fallback, default_sip_domain(store));
  if (fallback) add(fallback->name);
  for (const auto& name : options.domain_name) add(name);
  TRY_ASSIGN(const auto domains, list_sip_domains(store));
  for (const auto& domain : domains) add(domain.name);
  if (names.empty()) {
    return fail("Parameter.Missing", "there is no SIP domain to name the certificate after", "--domain-name",
                "new-sip-domain DOMAIN, or add --domain-name");
  }
  return names;
}

Result<Identity> make(const Environment& env, const Options& options, const std::vector<std::string>& names) {
  SelfSignedRequest request;
  request.common_name = names.front();
  request.dns_names = names;
  request.organization = options.organization;
  request.organizational_unit = options.ou;
  request.city = options.city;
  request.state = options.state;
  request.country = to_upper(options.country);
  request.not_before = env.now();
  request.not_after = env.now() + options.valid_for.value_or(std::chrono::days(365 * 5));
  request.algorithm = algorithm_of(options);
  request.key_size = static_cast<int>(options.key_size.value_or(2048));
  return make_self_signed(request);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY(check_exportable(options.private_key_exportable));
  TRY(check_options(options));
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto names, names_for(*store, options));
  TRY(env.approve("Make self-signed certificate", names.front()));
  TRY_ASSIGN(const auto identity, make(env, options, names));
  TRY(take_in(env, *store, identity));
  if (options.identity) TRY(assign(env, *store, options.type, identity.certificate));
  TRY(emit_certificate(env, *store, identity.certificate.thumbprint));
  return ExitCode::success;
}

constexpr std::string_view kNoAuthority =
    "requests to a certification authority are not in this version; import its answer with "
    "import-certificate";
constexpr std::string_view kStaging =
    "staging is not in this version; set-certificate replaces the current certificate at once";

Verb declare() {
  return define<Options>({
      .original = "Request-CsCertificate",
      .summary = "Make a key and a self-signed certificate",
      .description = "Its subject is the default SIP domain, and every SIP domain stands in it. With "
                     "--identity global it "
                     "is assigned to --type at once.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter("New", &Options::make, {.help = "A new one.", .mandatory = true}),
              own(parameter("SelfSigned", &Options::self_signed,
                            {.help = "Signed with its own key; this version makes no other."})),
              parameter("Type", &Options::type,
                        {.help = "What it is for.",
                         .type = "CertType[]",
                         .mandatory = true,
                         .check = check_certificate_type,
                         .values = certificate_types()}),
              own(parameter("Identity", &Options::identity,
                            {.help = "global: assign it at once.", .check = check_certificate_scope})),
              own(parameter("ValidFor", &Options::valid_for, {.help = "1d to 30y.", .default_text = "5y"})),
              parameter("KeyAlg", &Options::key_alg, {.help = "The kind of key.", .default_text = "RSA"}),
              parameter("KeySize", &Options::key_size,
                        {.help = "RSA only: 2048, 3072 or 4096.", .default_text = "2048"}),
              parameter("DomainName", &Options::domain_name,
                        {.help = "Further names.", .type = "String[]", .check = parse_domain_name}),
              parameter("AllSipDomain", &Options::all_sip_domain,
                        {.help = "Every SIP domain, which is so anyway."}),
              parameter("ComputerFqdn", &Options::computer_fqdn,
                        {.help = "The name to put first.", .type = "Fqdn", .check = parse_domain_name}),
              parameter("FriendlyName", &Options::friendly_name,
                        {.help = "Accepted; the thumbprint names it here."}),
              parameter("Organization", &Options::organization, {.help = "O of the subject."}),
              parameter("OU", &Options::ou, {.help = "OU of the subject."}),
              parameter("City", &Options::city, {.help = "L of the subject."}),
              parameter("State", &Options::state, {.help = "ST of the subject."}),
              parameter("Country", &Options::country, {.help = "C of the subject, two letters."}),
              refused_parameter("Roll", kStaging),
              refused_parameter("EffectiveDate", kStaging, {"EffectiveTime"}),
              refused_parameter("Clear", kNoAuthority),
              refused_parameter("List", kNoAuthority),
              refused_parameter("Retrieve", kNoAuthority),
              refused_parameter("RequestId", kNoAuthority),
              refused_parameter("CA", kNoAuthority),
              refused_parameter("CaAccount", kNoAuthority),
              refused_parameter("CaPassword", kNoAuthority),
              refused_parameter("Template", kNoAuthority),
              refused_parameter(
                  "Output",
                  "it names the file of a request to a certification authority, which is not in this "
                  "version; the form of what is printed is --format here"),
              refused_parameter("ClientEKU", "token issuers need no client certificate usage"),
              parameter(
                  "PrivateKeyExportable", &Options::private_key_exportable,
                  {.help = "Accepted when true: who may read the store and its key can export every key.",
                   .default_text = "true"}),
              refused_parameter("Report",
                                "the certificate that was made is printed; there is no further report"),
              refused_parameter("GlobalCatalog",
                                "there is no Active Directory here; the store holds everything"),
              refused_parameter("GlobalSettingsDomainController",
                                "there is no Active Directory here; the store holds everything"),
          },
      .examples =
          {{"request-certificate --new --self-signed --type OAuthTokenIssuer --identity global",
            "Makes the token-issuer certificate and assigns it."},
           {"request-certificate --new --self-signed --type OAuthTokenIssuer --key-alg P-256 --valid-for 2y",
            "Makes one with another kind of key; set-certificate assigns it later."}},
      .output = &kCertificateType,
      .run = run,
  });
}

const Registration registration("request-certificate", declare);

}  // namespace
}  // namespace accord
