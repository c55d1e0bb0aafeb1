// request-certificate: make a key, and a self-signed certificate or a request to a certification authority.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/app/certificate_requests.h"
#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"
#include "lib/app/rolling.h"
#include "lib/cert/request.h"
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

constexpr std::string_view kNew = "ByNew", kClear = "ByClear", kList = "ByList", kRetrieve = "ByRetrieve";
constexpr Duration kBackdated = std::chrono::minutes(10);
constexpr Duration kValidFor = std::chrono::days(365 * 5);

struct Options : RollOptions {
  bool make = false;
  bool list = false;
  bool retrieve = false;
  bool clear = false;
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
  std::optional<std::string> output;
  std::optional<std::int64_t> request_id;
  std::string path;
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

Result<void> check_key_options(const Options& options) {
  if (options.key_size && algorithm_of(options) != KeyAlgorithm::rsa) {
    return fail("Parameter.Clash", "--key-size is for RSA; a curve has its own", "--key-size",
                "leave it out");
  }
  const auto size = options.key_size.value_or(2048);
  if (size != 2048 && size != 3072 && size != 4096) {
    return fail("Parameter.Invalid", fmt::format("--key-size: {} is none of 2048, 3072, 4096", size),
                "--key-size");
  }
  if (!options.country.empty() && options.country.size() != 2) {
    return fail("Parameter.Invalid", fmt::format("--country: '{}' is no two-letter code", options.country),
                "--country");
  }
  return {};
}

Result<void> check_self_signed(const Options& options) {
  if (options.output) {
    return fail("Parameter.Clash", "--output names the file of a request, and --self-signed makes none",
                "--output",
                "export-certificate writes a certificate; the form of what is printed is --format");
  }
  const auto valid_for = options.valid_for.value_or(kValidFor);
  if (valid_for < std::chrono::days(1) || valid_for > std::chrono::days(365 * 30)) {
    return fail("Parameter.Invalid",
                fmt::format("--valid-for: {} is not between 1d and 30y", format_duration(valid_for)),
                "--valid-for");
  }
  return {};
}

Result<void> check_request(const Options& options) {
  if (options.valid_for) {
    return fail("Parameter.Clash",
                "--valid-for is for --self-signed; a certification authority decides by itself",
                "--valid-for", "leave it out");
  }
  if (options.identity) {
    return fail("Parameter.Clash", "--identity assigns a certificate, and a request is none yet",
                "--identity", "give it with --retrieve, or add --self-signed");
  }
  return {};
}

// What the other verbs call --output is --format here: who means that must not get a file called "json".
Result<void> check_output(const Options& options) {
  if (!options.output || !parse_enum<Format>(*options.output)) return {};
  return fail("Parameter.Invalid",
              fmt::format("--output names the file of the request here; '{}' is a form", *options.output),
              *options.output,
              fmt::format("add --format {0}, or write ./{0} for such a file", *options.output));
}

Result<void> check_new(const Options& options) {
  TRY(check_exportable(options.private_key_exportable));
  TRY(check_output(options));
  TRY(options.self_signed ? check_self_signed(options) : check_request(options));
  return check_key_options(options);
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
    return fail("Parameter.Missing",
                "there is neither a SIP domain to name the certificate after nor a --domain-name",
                "--domain-name", "new-sip-domain DOMAIN, or add --domain-name");
  }
  return names;
}

NewCertificate wanted(const Environment& env, const Options& options, const std::vector<std::string>& names) {
  NewCertificate made;
  made.common_name = names.front();
  made.dns_names = names;
  made.organization = options.organization;
  made.organizational_unit = options.ou;
  made.city = options.city;
  made.state = options.state;
  made.country = to_upper(options.country);
  // A partner whose clock is behind by as much as its skew allows takes what the new key signs at once.
  made.not_before = std::max(Instant(), env.now() - kBackdated);
  made.not_after = env.now() + options.valid_for.value_or(kValidFor);
  made.algorithm = algorithm_of(options);
  made.key_size = static_cast<int>(options.key_size.value_or(2048));
  return made;
}

Result<void> make_certificate(Environment& env, Connection& store, const Options& options,
                              const std::vector<std::string>& names) {
  TRY(env.approve("Make self-signed certificate", names.front()));
  TRY_ASSIGN(const auto identity, make_self_signed(wanted(env, options, names)));
  TRY(take_in(env, store, identity));
  if (options.identity) TRY(assign(env, store, options.type, identity.certificate, options));
  return emit_certificate(env, store, identity.certificate.thumbprint);
}

Result<void> file_request(Environment& env, Connection& store, const Options& options,
                          const std::vector<std::string>& names) {
  TRY(env.approve("Make certificate request", names.front()));
  TRY_ASSIGN(const auto request, new_request(env, store, wanted(env, options, names), options.type));
  if (options.output) TRY(env.write_file(*options.output, request_pem(request.der)));
  if (options.output || asks_for_records(env.common())) {
    env.emit(to_record(request));
  } else {
    env.emit_text(request_pem(request.der));
  }
  env.do_last([&env, id = request.id]() -> Result<void> {
    env.notice(
        fmt::format("Request {} is pending. When the certification authority has answered: "
                    "request-certificate --retrieve --path FILE",
                    id));
    return {};
  });
  return {};
}

Result<void> make(Environment& env, const Options& options) {
  TRY(check_new(options));
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto names, names_for(*store, options));
  return options.self_signed ? make_certificate(env, *store, options, names)
                             : file_request(env, *store, options, names);
}

Result<void> write_again(Environment& env, const Options& options,
                         const std::vector<CertificateRequest>& requests) {
  TRY(check_output(options));
  if (requests.size() != 1) {
    return fail("Parameter.Missing",
                fmt::format("--output takes one request, and {} are pending", requests.size()),
                "--request-id", "say which: --request-id ID");
  }
  return env.write_file(*options.output, request_pem(requests.front().der));
}

Result<void> list_requests(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto requests, pending_requests(*store, options.request_id));
  if (options.output) TRY(write_again(env, options, requests));
  std::vector<Record> records;
  records.reserve(requests.size());
  for (const auto& request : requests) records.push_back(to_record(request));
  if (options.request_id) {
    env.emit(std::move(records.front()));
  } else {
    env.emit(kCertificateRequestType, std::move(records));
  }
  return {};
}

Result<void> retrieve_answer(Environment& env, const Options& options) {
  if (!options.type.empty() && !options.identity) {
    return fail("Parameter.Missing",
                "--type says what the certificate is assigned to, which takes --identity global",
                "--identity", "add --identity global, or leave out --type");
  }
  TRY_ASSIGN(const auto retrieved, retrieve(env, options.path, options.request_id));
  TRY_ASSIGN(auto* store, env.write());
  const auto& uses = options.type.empty() ? retrieved.uses : options.type;
  if (options.identity && uses.empty()) {
    return fail("Parameter.Missing", "what the request was made for is no longer known", "--type",
                "say what to assign the certificate to: --type OAuthTokenIssuer");
  }
  if (options.identity) TRY(assign(env, *store, uses, retrieved.certificate, options));
  return emit_certificate(env, *store, retrieved.certificate.thumbprint);
}

Result<void> clear_requests(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto requests, pending_requests(*store, options.request_id));
  if (requests.empty()) env.warn("no certificate request is pending");
  for (const auto& request : requests) {
    TRY(env.approve("Remove certificate request and its key",
                    fmt::format("{} ({})", request.id, request.subject)));
    TRY(remove_certificate_request(*store, request.id));
  }
  return {};
}

// The switch of its set says what is done; one that is given as false chooses the set and says no.
Result<void> check_switch(std::string_view set, const Options& options) {
  struct Switch {
    std::string_view set, flag;
    bool on;
  };
  const std::array<Switch, 4> all = {{{kNew, "--new", options.make},
                                      {kClear, "--clear", options.clear},
                                      {kList, "--list", options.list},
                                      {kRetrieve, "--retrieve", options.retrieve}}};
  for (const auto& one : all) {
    if (one.set == set && !one.on)
      return fail("Parameter.Missing", fmt::format("{} must be given", one.flag), std::string(one.flag),
                  "request-certificate --help shows its usage");
  }
  return {};
}

Result<ExitCode> run(Environment& env, const Options& options) {
  const auto set = env.parameter_set();
  TRY(check_switch(set, options));
  TRY(check_roll(options, env.now()));
  if (options.roll && !options.identity) {
    return fail("Parameter.Missing", "--roll stages a certificate for its use, which takes --identity global",
                "--identity", "add --identity global, or leave out --roll");
  }
  TRY(set == kNew        ? make(env, options)
      : set == kList     ? list_requests(env, options)
      : set == kRetrieve ? retrieve_answer(env, options)
                         : clear_requests(env, options));
  return ExitCode::success;
}

constexpr std::string_view kNoAuthority =
    "no certification authority is reached from here; --output writes the request to a file to hand over, "
    "and --retrieve takes in the answer";
constexpr std::string_view kNoDirectory = "there is no Active Directory here; the store holds everything";

// What a new certificate, or a request for one, is to say.
std::vector<Parameter> content_parameters() {
  const std::vector<std::string_view> sets = {kNew};
  return {
      parameter("KeyAlg", &Options::key_alg,
                {.help = "The kind of key.", .default_text = "RSA", .sets = sets}),
      parameter("KeySize", &Options::key_size,
                {.help = "RSA only: 2048, 3072 or 4096.", .default_text = "2048", .sets = sets}),
      parameter("DomainName", &Options::domain_name,
                {.help = "Further names.", .type = "String[]", .sets = sets, .check = parse_domain_name}),
      parameter("AllSipDomain", &Options::all_sip_domain,
                {.help = "Every SIP domain, which is so anyway.", .sets = sets}),
      parameter("ComputerFqdn", &Options::computer_fqdn,
                {.help = "The name to put first.", .type = "Fqdn", .sets = sets, .check = parse_domain_name}),
      parameter("FriendlyName", &Options::friendly_name,
                {.help = "Accepted; the thumbprint names it here.", .sets = sets}),
      parameter("Organization", &Options::organization, {.help = "O of the subject.", .sets = sets}),
      parameter("OU", &Options::ou, {.help = "OU of the subject.", .sets = sets}),
      parameter("City", &Options::city, {.help = "L of the subject.", .sets = sets}),
      parameter("State", &Options::state, {.help = "ST of the subject.", .sets = sets}),
      parameter("Country", &Options::country, {.help = "C of the subject, two letters.", .sets = sets}),
      parameter("PrivateKeyExportable", &Options::private_key_exportable,
                {.help = "Accepted when true: who may read the store and its key can export every key.",
                 .default_text = "true",
                 .sets = sets}),
  };
}

std::vector<Parameter> refused_parameters() {
  return {
      refused_parameter("CA", kNoAuthority),
      refused_parameter("CaAccount", kNoAuthority),
      refused_parameter("CaPassword", kNoAuthority),
      refused_parameter(
          "Template",
          "the certification authority is told of its template when the request is handed over: "
          "certreq -attrib CertificateTemplate:NAME"),
      refused_parameter("ClientEKU", "token issuers need no client certificate usage"),
      refused_parameter("Report", "what was made or found is printed; there is no further report"),
      refused_parameter("GlobalCatalog", kNoDirectory),
      refused_parameter("GlobalSettingsDomainController", kNoDirectory),
  };
}

Verb declare() {
  return define<Options>({
      .original = "Request-CsCertificate",
      .summary = "Make a key, and a self-signed certificate or a request to a certification authority",
      .description =
          "The subject is the default SIP domain, and every SIP domain stands in it. Without --self-signed "
          "the "
          "key waits in the store, and the request (PKCS#10) goes to the certification authority as a file. "
          "--retrieve takes in its answer: a certificate as PEM or DER, or PKCS#7; the chain around it is "
          "not "
          "needed. With --identity global a certificate is assigned to --type: at once, or with --roll at "
          "--effective-date.",
      .effect = Effect::writes,
      .sets = {kNew, kClear, kList, kRetrieve},
      .parameters = with(
          with(
              {
                  parameter("New", &Options::make, {.help = "A new key.", .sets = {kNew}, .mandatory = true}),
                  parameter("List", &Options::list,
                            {.help = "The requests that are pending.", .sets = {kList}, .mandatory = true}),
                  parameter(
                      "Retrieve", &Options::retrieve,
                      {.help = "Take in the answer to a request.", .sets = {kRetrieve}, .mandatory = true}),
                  parameter("Clear", &Options::clear,
                            {.help = "Give up pending requests, and their keys with them.",
                             .sets = {kClear},
                             .mandatory = true}),
                  own(parameter("SelfSigned", &Options::self_signed,
                                {.help = "A certificate signed with its own key, at once.", .sets = {kNew}})),
                  parameter("Type", &Options::type,
                            {.help = "What it is for.",
                             .type = "CertType[]",
                             .sets = {kNew, kRetrieve},
                             .mandatory_in = {kNew},
                             .check = check_certificate_type,
                             .values = certificate_types()}),
                  own(parameter("Identity", &Options::identity,
                                {.help = "global: assign the certificate at once; --retrieve knows the type "
                                         "from the request.",
                                 .sets = {kNew, kRetrieve},
                                 .check = check_certificate_scope})),
                  own(parameter(
                      "ValidFor", &Options::valid_for,
                      {.help = "Self-signed only: 1d to 30y.", .default_text = "5y", .sets = {kNew}})),
                  parameter("Output", &Options::output,
                            {.help = "The file that the request is written to; standard output without it.",
                             .type = "Path",
                             .sets = {kNew, kList},
                             .aliases = {"OutputFile"},
                             .writes_file = true}),
                  own(parameter("Path", &Options::path,
                                {.help = "The authority's answer, or - for standard input.",
                                 .type = "Path",
                                 .sets = {kRetrieve},
                                 .mandatory = true})),
                  parameter("RequestId", &Options::request_id,
                            {.help = "This request only.", .sets = {kClear, kList, kRetrieve}}),
              },
              content_parameters()),
          with(roll_parameters<Options>({kNew, kRetrieve}), refused_parameters())),
      .examples =
          {{"request-certificate --new --self-signed --type OAuthTokenIssuer --identity global",
            "Makes the token-issuer certificate and assigns it."},
           {"request-certificate --new --self-signed --type OAuthTokenIssuer --identity global --roll "
            "--effective-date +30d",
            "Makes the next one, which takes over in 30 days."},
           {"request-certificate --new --self-signed --type OAuthTokenIssuer --key-alg P-256 --valid-for 2y",
            "Makes one with another kind of key; set-certificate assigns it later."},
           {"request-certificate --new --type OAuthTokenIssuer --output request.csr",
            "Writes a request for the certification authority."},
           {"request-certificate --list", "Shows what has not been answered yet."},
           {"request-certificate --retrieve --path answer.p7b --identity global",
            "Takes in the answer and assigns the certificate to what it was requested for."},
           {"request-certificate --clear --request-id 1", "Gives a request up."}},
      .output = &kCertificateType,
      .other_output = &kCertificateRequestType,
      .run = run,
  });
}

const Registration registration("request-certificate", declare);

}  // namespace
}  // namespace accord
