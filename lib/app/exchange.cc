#include "lib/app/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "lib/app/checks.h"
#include "lib/app/environment.h"
#include "lib/app/rolling.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

struct Cmdlet {
  std::string_view name;
  std::string_view verb;
};

constexpr std::array<Cmdlet, 10> kCmdlets = {{
    {"New-PartnerApplication", "new-partner-application"},
    {"Get-PartnerApplication", "get-partner-application"},
    {"Set-PartnerApplication", "set-partner-application"},
    {"Remove-PartnerApplication", "remove-partner-application"},
    {"New-AuthServer", "new-oauth-server"},
    {"Get-AuthServer", "get-oauth-server"},
    {"Set-AuthServer", "set-oauth-server"},
    {"Remove-AuthServer", "remove-oauth-server"},
    {"Get-AuthConfig", "get-oauth-configuration"},
    {"Set-AuthConfig", "set-oauth-configuration"},
}};

// A parameter of Exchange's, of the cmdlets whose names stand in `cmdlets` (empty: of all): ours under
// another name, or refused with a reason.
struct Renamed {
  std::string_view cmdlets;
  std::string_view name;
  std::string_view ours;
  std::string_view refused;
};

constexpr std::string_view kNoDirectory = "there is no Active Directory here; the store holds everything";
constexpr std::string_view kNoAccounts =
    "accounts are not known here; --application-trust-level says for whom the partner may act";
constexpr std::string_view kReadAgain =
    "update-partner-application NAME and update-oauth-server NAME read a document again";
constexpr std::string_view kNoServers =
    "all servers read the one store: there is nothing to deploy to one of them";

constexpr std::array kRenamed = std::to_array<Renamed>({
    {"", "DomainController", "", kNoDirectory},
    {"Get-PartnerApplication", "Organization", "",
     "a store is one organization; use a store of its own for another"},
    {"New-PartnerApplication New-AuthServer", "Name", "Identity", ""},
    {"New-AuthServer Set-AuthServer", "Enabled", "Enabled", ""},
    {"Set-PartnerApplication Set-AuthServer", "Name", "",
     "the name cannot change: remove it and create it again"},
    {"New-PartnerApplication Set-PartnerApplication New-AuthServer Set-AuthServer", "AuthMetadataUrl",
     "MetadataUrl", ""},
    {"New-PartnerApplication Set-PartnerApplication New-AuthServer Set-AuthServer", "TrustAnySSLCertificate",
     "", "TLS is always checked; name the authority of the other server's certificate with --ca-file"},
    {"Set-PartnerApplication Set-AuthServer", "RefreshAuthMetadata", "", kReadAgain},
    {"New-PartnerApplication Set-PartnerApplication", "AccountType", "", kNoAccounts},
    {"New-PartnerApplication Set-PartnerApplication", "LinkedAccount", "", kNoAccounts},
    {"New-PartnerApplication Set-PartnerApplication", "ActAsPermissions", "", kNoAccounts},
    {"New-PartnerApplication Set-PartnerApplication", "AppOnlyPermissions", "", kNoAccounts},
    {"New-PartnerApplication Set-PartnerApplication", "IssuerIdentifier", "",
     "the issuer is that of the document, ApplicationIdentifier@Realm, or a registered OAuth server "
     "(new-oauth-server)"},
    {"New-AuthServer Set-AuthServer", "GraphBaseUrl", "", "the Graph service is not called; leave it out"},
    {"New-AuthServer Set-AuthServer", "DomainName", "",
     "domains are not told apart here; the realm of the document decides, or --realm where the document "
     "leaves it open"},
    {"New-AuthServer Set-AuthServer", "ApplicationIdentifier", "",
     "application secrets are not used; a server is trusted by the keys of its document: --auth-metadata-url "
     "or "
     "--metadata-file"},
    {"Set-AuthServer", "IsDefaultAuthorizationEndpoint", "",
     "use set-oauth-configuration --client-authorization-oauth-server-identity NAME, \"\" for none"},
});

// What a cmdlet of Exchange takes as given when it is not.
struct Preset {
  std::string_view cmdlet;
  std::string_view parameter;
  std::string_view value;
};

constexpr std::array kPresets = std::to_array<Preset>({
    {"New-PartnerApplication", "ApplicationTrustLevel", "Full"},
    // Without a document its tokens come from the authorization server.
    {"New-PartnerApplication", "UseOAuthServer", "true"},
});

// A value of Exchange's that is called otherwise here.
constexpr std::string_view kExchangeAcs = "MicrosoftACS";
constexpr std::string_view kOurAcs = "Acs";

bool is_of(const Renamed& row, std::string_view cmdlet) {
  const auto all = fmt::format(" {} ", row.cmdlets);
  return row.cmdlets.empty() || all.find(fmt::format(" {} ", cmdlet)) != std::string::npos;
}

Parameter& parameter_of(Verb& verb, std::string_view name) {
  return *std::ranges::find(verb.parameters, name, &Parameter::name);
}

bool has_parameter(const Verb& verb, std::string_view name) {
  return std::ranges::find(verb.parameters, name, &Parameter::name) != verb.parameters.end();
}

void rename_parameters(Verb& verb, std::string_view cmdlet) {
  for (const auto& row : kRenamed) {
    if (!is_of(row, cmdlet)) continue;
    if (row.refused.empty()) {
      auto& details = parameter_of(verb, row.ours).details;
      details.origin = Origin::original;
      if (row.name != row.ours) details.aliases.push_back(row.name);
    } else if (!has_parameter(verb, row.name)) {
      verb.parameters.push_back(refused_parameter(row.name, row.refused));
    }
  }
}

void preset(Verb& verb, const Preset& row) {
  auto& parameter = parameter_of(verb, row.parameter);
  parameter.details.mandatory = false;
  parameter.details.mandatory_in.clear();
  if (parameter.shape != Shape::toggle) parameter.details.default_text = row.value;
  verb.make_options = [make = std::move(verb.make_options), assign = parameter.assign,
                       value = std::string(row.value)] {
    auto options = make();
    // The table's own values fit, which a test sees to.
    static_cast<void>(assign(options.get(), {value}, Instant()));
    return options;
  };
}

void accept_exchange_types(Verb& verb) {
  if (!has_parameter(verb, "Type")) return;
  auto& type = parameter_of(verb, "Type");
  type.assign = [assign = std::move(type.assign)](void* options, std::vector<std::string> values,
                                                  Instant now) {
    for (auto& value : values) {
      if (equals_ignoring_case(value, kExchangeAcs)) value = kOurAcs;
    }
    return assign(options, values, now);
  };
}

// --- Set-AuthConfig: three verbs of ours in one cmdlet

constexpr std::string_view kSettings = "AuthConfigSettings";
constexpr std::string_view kCurrentCertificate = "CurrentCertificateParameter";
constexpr std::string_view kPublish = "PublishAuthCertificateParameter";
constexpr std::string_view kNewCertificate = "NewCertificateParameter";

struct AuthConfigParts {
  Verb settings;
  Verb set_certificate;
  Verb stage_certificate;
  Verb remove_certificate;
};

struct AuthConfigOptions {
  std::shared_ptr<void> settings;
  std::shared_ptr<void> set_certificate;
  std::shared_ptr<void> stage_certificate;
  std::shared_ptr<void> remove_certificate;
  bool clear_previous = false;
  bool publish = false;
};

using Part = std::shared_ptr<void> AuthConfigOptions::*;

// `parameter` of one of the parts under Exchange's name, in the set of that part.
Parameter carried_over(Verb& part, std::string_view parameter, std::string_view name, Part member,
                       std::string_view set) {
  Parameter made = parameter_of(part, parameter);
  made.name = name;
  made.details.sets = {set};
  made.details.mandatory = set != kSettings;
  made.details.mandatory_in.clear();
  made.assign = [assign = std::move(made.assign), member](
                    void* options, const std::vector<std::string>& values, Instant now) {
    return assign((static_cast<AuthConfigOptions*>(options)->*member).get(), values, now);
  };
  return made;
}

// "Clear nothing" is no call at all, and must not become one that clears something else.
void refuse_false(Parameter& parameter) {
  parameter.assign = [assign = std::move(parameter.assign), name = parameter.name](
                         void* options, const std::vector<std::string>& values, Instant now) -> Result<void> {
    if (parse_boolean(values.front()) == false) {
      return fail("Parameter.Invalid", "there is nothing to do when it is false", flag_of(name),
                  "leave it out");
    }
    return assign(options, values, now);
  };
}

void assume_token_issuer(Verb& verb) {
  preset(verb, {.cmdlet = {}, .parameter = "Type", .value = "OAuthTokenIssuer"});
}

Verb declared(std::string_view name) {
  return find_verb(name)->declare();
}

// -PublishCertificate, -ClearPreviousCertificate, or both: then the one that was current goes as well.
Result<ExitCode> publish_and_clear(Environment& env, const AuthConfigParts& parts,
                                   const AuthConfigOptions& options) {
  if (options.publish) {
    TRY_ASSIGN(auto* store, env.write());
    TRY(publish_staged(env, *store, std::string(kTokenIssuerUse)));
  }
  if (!options.clear_previous) return ExitCode::success;
  return parts.remove_certificate.run(env, options.remove_certificate.get());
}

Verb set_auth_config(std::string_view name) {
  auto parts = std::make_shared<AuthConfigParts>(
      AuthConfigParts{declared("set-oauth-configuration"), declared("set-certificate"),
                      declared("set-certificate"), declared("remove-certificate")});
  assume_token_issuer(parts->set_certificate);
  assume_token_issuer(parts->stage_certificate);
  preset(parts->stage_certificate, {.cmdlet = {}, .parameter = "Roll", .value = "true"});
  preset(parts->remove_certificate, {.cmdlet = {}, .parameter = "Previous", .value = "true"});
  assume_token_issuer(parts->remove_certificate);

  Verb verb;
  verb.name = name;
  verb.original = name;
  verb.summary = "Change the realm and service name, or the token-issuer certificate";
  verb.description =
      "Exchange's name of set-oauth-configuration and, with a certificate parameter, of set-certificate and "
      "remove-certificate. Settings and certificates cannot be changed in one call.";
  verb.effect = Effect::writes;
  verb.sets = {kSettings, kCurrentCertificate, kNewCertificate, kPublish};
  verb.parameters = {
      carried_over(parts->settings, "Realm", "Realm", &AuthConfigOptions::settings, kSettings),
      carried_over(parts->settings, "ServiceName", "ServiceName", &AuthConfigOptions::settings, kSettings),
      carried_over(parts->set_certificate, "Thumbprint", "CertificateThumbprint",
                   &AuthConfigOptions::set_certificate, kCurrentCertificate),
      carried_over(parts->stage_certificate, "Thumbprint", "NewCertificateThumbprint",
                   &AuthConfigOptions::stage_certificate, kNewCertificate),
      carried_over(parts->stage_certificate, "EffectiveDate", "NewCertificateEffectiveDate",
                   &AuthConfigOptions::stage_certificate, kNewCertificate),
      parameter("PublishCertificate", &AuthConfigOptions::publish,
                {.help = "The staged certificate takes over at once.", .sets = {kPublish}}),
      parameter("ClearPreviousCertificate", &AuthConfigOptions::clear_previous,
                {.help = "The previous one is accepted no longer.", .sets = {kPublish}}),
      refused_parameter("SkipImmediateCertificateDeployment", kNoServers),
      refused_parameter("Server", kNoServers),
  };
  refuse_false(parameter_of(verb, "ClearPreviousCertificate"));
  refuse_false(parameter_of(verb, "PublishCertificate"));
  rename_parameters(verb, name);
  verb.examples = {
      {"accord Set-AuthConfig -ServiceName exchange", "Says what this deployment is."},
      {"accord Set-AuthConfig -ClearPreviousCertificate -Confirm:false",
       "Stops accepting what the previous key signed."},
      {"accord Set-AuthConfig -NewCertificateThumbprint \"$(get-certificate --where 'State -eq "
       "\"Unassigned\"' --first 1 --property Thumbprint --output value)\" -NewCertificateEffectiveDate +30d",
       "Stages the next certificate."}};
  verb.make_options = [parts]() -> std::shared_ptr<void> {
    return std::make_shared<AuthConfigOptions>(
        AuthConfigOptions{parts->settings.make_options(), parts->set_certificate.make_options(),
                          parts->stage_certificate.make_options(), parts->remove_certificate.make_options()});
  };
  verb.run = [parts](Environment& env, const void* raw) {
    const auto& options = *static_cast<const AuthConfigOptions*>(raw);
    if (env.parameter_set() == kCurrentCertificate)
      return parts->set_certificate.run(env, options.set_certificate.get());
    if (env.parameter_set() == kNewCertificate)
      return parts->stage_certificate.run(env, options.stage_certificate.get());
    if (env.parameter_set() == kPublish) return publish_and_clear(env, *parts, options);
    return parts->settings.run(env, options.settings.get());
  };
  return verb;
}

bool is_named(const Cmdlet& cmdlet, std::string_view name) {
  // In kebab case "new-partner-application" is ours; only a noun that is not ours means Exchange.
  const bool is_noun_of_exchange = cmdlet.name.find("-Auth") != std::string_view::npos;
  return equals_ignoring_case(cmdlet.name, name) ||
         (is_noun_of_exchange && kebab_case(cmdlet.name) == to_lower(name));
}

}  // namespace

std::optional<Verb> exchange_verb(std::string_view name) {
  const auto found = std::ranges::find_if(kCmdlets, [&](const Cmdlet& one) { return is_named(one, name); });
  if (found == kCmdlets.end()) return std::nullopt;
  if (found->name == "Set-AuthConfig") return set_auth_config(found->name);
  Verb verb = declared(found->verb);
  verb.name = found->name;
  rename_parameters(verb, found->name);
  for (const auto& row : kPresets) {
    if (row.cmdlet == found->name) preset(verb, row);
  }
  accept_exchange_types(verb);
  return verb;
}

std::vector<std::string_view> exchange_names_of(std::string_view verb) {
  std::vector<std::string_view> names;
  for (const auto& cmdlet : kCmdlets) {
    if (cmdlet.verb == verb) names.push_back(cmdlet.name);
  }
  return names;
}

}  // namespace accord
