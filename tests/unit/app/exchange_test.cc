#include "lib/app/exchange.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/binder.h"
#include "lib/app/dispatch.h"
#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

using Arguments = std::vector<std::string>;

constexpr Instant kNow{std::chrono::seconds{1700000000}};

struct Spelling {
  std::string_view exchange;
  std::string_view ours;
};

constexpr std::array<Spelling, 10> kSpellings = {{
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

std::string to_upper(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return made;
}

Verb exchange(std::string_view name) {
  auto verb = exchange_verb(name);
  REQUIRE_MESSAGE(verb.has_value(), name);
  return *std::move(verb);
}

Verb ours(std::string_view name) {
  return find_verb(name)->declare();
}

Result<BoundCall> bind(std::string_view cmdlet, const Arguments& arguments) {
  return bind_call(exchange(cmdlet), arguments, kNow);
}

std::string set_of(std::string_view cmdlet, const Arguments& arguments) {
  const auto call = bind(cmdlet, arguments);
  return call ? std::string(call->set) : error_id(call);
}

TEST_CASE("a cmdlet is found in any case, and keeps Exchange's name") {
  for (const auto& one : kSpellings) {
    CAPTURE(one.exchange);
    CHECK(exchange(one.exchange).name == one.exchange);
    CHECK(exchange(to_lower(one.exchange)).name == one.exchange);
    CHECK(exchange(to_upper(one.exchange)).name == one.exchange);
    CHECK(must(declared_verb(one.exchange)).name == one.exchange);
    CHECK(exchange(one.exchange).effect == ours(one.ours).effect);
  }
}

TEST_CASE("in kebab case a noun that is ours means our verb") {
  for (const auto& one : kSpellings) {
    const auto kebab = kebab_case(one.exchange);
    CAPTURE(kebab);
    const bool is_ours = kebab == one.ours;
    CHECK(exchange_verb(kebab).has_value() == !is_ours);
    CHECK(must(declared_verb(kebab)).name == (is_ours ? one.ours : one.exchange));
  }
  for (const auto* name :
       {"New-CsPartnerApplication", "New-CsAuthServer", "New-OAuthServer", "New-AuthConfig",
        "Remove-AuthConfig", "AuthServer", "New-", "", "new-auth", "new-authserver2"}) {
    CAPTURE(name);
    CHECK_FALSE(exchange_verb(name).has_value());
  }
}

TEST_CASE("each of our verbs knows its names at Exchange") {
  for (const auto& one : kSpellings)
    CHECK(exchange_names_of(one.ours) == std::vector<std::string_view>{one.exchange});
  CHECK(exchange_names_of("new-sip-domain").empty());
  CHECK(exchange_names_of("New-AuthServer").empty());
}

TEST_CASE("no two parameters of a cmdlet share a name or an alias") {
  for (const auto& one : kSpellings) {
    const auto verb = exchange(one.exchange);
    auto all = verb.parameters;
    for (auto& common : common_parameters(verb)) all.push_back(std::move(common));
    std::multiset<std::string> names;
    for (const auto& parameter : all) {
      names.insert(to_lower(parameter.name));
      for (const auto alias : parameter.details.aliases) names.insert(to_lower(alias));
    }
    for (const auto& name : names) {
      CAPTURE(one.exchange);
      CAPTURE(name);
      CHECK(names.count(name) == 1);
    }
  }
}

TEST_CASE("our own parameter names go on working") {
  for (const auto& one : kSpellings) {
    if (one.exchange == "Set-AuthConfig") continue;  // three verbs of ours in one
    const auto verb = exchange(one.exchange);
    for (const auto& parameter : ours(one.ours).parameters) {
      CAPTURE(one.exchange);
      CAPTURE(parameter.name);
      const auto found = std::ranges::find(verb.parameters, parameter.name, &Parameter::name);
      REQUIRE(found != verb.parameters.end());
      CHECK(found->shape == parameter.shape);
      CHECK(found->details.sets == parameter.details.sets);
      CHECK(found->refused == parameter.refused);
    }
  }
}

TEST_CASE("what is refused says why, in every cmdlet that has it") {
  struct Sample {
    std::string_view cmdlet;
    std::vector<std::string_view> refused;
  };
  const std::vector<Sample> samples = {
      {"New-PartnerApplication",
       {"DomainController", "AccountType", "LinkedAccount", "ActAsPermissions", "AppOnlyPermissions",
        "IssuerIdentifier", "TrustAnySSLCertificate"}},
      {"Get-PartnerApplication", {"DomainController", "Organization"}},
      {"Set-PartnerApplication",
       {"DomainController", "Name", "RefreshAuthMetadata", "AccountType", "LinkedAccount", "ActAsPermissions",
        "AppOnlyPermissions", "IssuerIdentifier", "TrustAnySSLCertificate", "ApplicationIdentifier",
        "Realm"}},
      {"Remove-PartnerApplication", {"DomainController"}},
      {"New-AuthServer",
       {"DomainController", "GraphBaseUrl", "DomainName", "ApplicationIdentifier", "TrustAnySSLCertificate"}},
      {"Get-AuthServer", {"DomainController"}},
      {"Set-AuthServer",
       {"DomainController", "Name", "RefreshAuthMetadata", "GraphBaseUrl", "DomainName",
        "ApplicationIdentifier", "IsDefaultAuthorizationEndpoint", "TrustAnySSLCertificate"}},
      {"Remove-AuthServer", {"DomainController"}},
      {"Get-AuthConfig", {"DomainController"}},
      {"Set-AuthConfig", {"DomainController", "SkipImmediateCertificateDeployment", "Server"}},
  };
  for (const auto& one : samples) {
    for (const auto name : one.refused) {
      CAPTURE(one.cmdlet);
      CAPTURE(name);
      for (const auto& word : {"-" + std::string(name), "--" + kebab_case(name)}) {
        const auto call = bind(one.cmdlet, {word, "x"});
        REQUIRE(error_id(call) == "Parameter.NotSupported");
        CHECK(call.error().message.find(": ") != std::string::npos);
      }
    }
  }
}

TEST_CASE(
    "a new partner application is of the set that is given, and of that of authorization servers else") {
  const std::string url = "https://mail.contoso.com/metadata/json/1";
  CHECK(set_of("New-PartnerApplication", {"-Name", "x", "-ApplicationIdentifier", "hr"}) == "UseOAuthServer");
  CHECK(set_of("New-PartnerApplication", {"x", "-ApplicationIdentifier", "hr", "-Realm", "r"}) ==
        "UseOAuthServer");
  CHECK(set_of("New-PartnerApplication", {"-Name", "x", "-AuthMetadataUrl", url}) == "MetadataUrl");
  CHECK(set_of("New-PartnerApplication", {"x", "--auth-metadata-url", url}) == "MetadataUrl");
  CHECK(set_of("New-PartnerApplication", {"x", "-AuthMetadataUrl", url, "--metadata-file", "f"}) ==
        "MetadataFile");
  CHECK(set_of("New-PartnerApplication", {"x", "-ApplicationIdentifier", "hr", "-Realm", "r",
                                          "--certificate-file-data", "f"}) == "CertificateFileData");
  CHECK(set_of("New-PartnerApplication", {"x"}) == "Parameter.Missing");
  CHECK(set_of("New-PartnerApplication", {"-ApplicationIdentifier", "hr"}) == "Parameter.Missing");
  CHECK(set_of("New-PartnerApplication", {"x", "-AuthMetadataUrl", url, "-ApplicationIdentifier", "hr"}) ==
        "Parameter.Clash");
}

TEST_CASE("the other spellings of the same verb ask for what they always did") {
  for (const auto* name :
       {"new-partner-application", "New-CsPartnerApplication", "new-cspartnerapplication"}) {
    CAPTURE(name);
    const auto verb = must(declared_verb(name));
    CHECK(error_id(bind_call(
              verb, {"x", "--application-identifier", "hr", "--application-trust-level", "full"}, kNow)) ==
          "Parameter.Missing");
    CHECK(error_id(bind_call(verb, {"x", "--application-identifier", "hr", "--use-oauth-server"}, kNow)) ==
          "Parameter.Missing");
    CHECK(error_id(bind_call(verb, {"-Name", "x"}, kNow)) == "Parameter.Unknown");
  }
}

TEST_CASE("Exchange's name of a server's type is taken beside ours, by its cmdlets alone") {
  for (const auto* type : {"MicrosoftACS", "microsoftacs", "Acs", "ADFS", "AzureAD"}) {
    CAPTURE(type);
    CHECK(error_id(bind("New-AuthServer", {"x", "-Type", type, "--metadata-file", "f"})).empty());
  }
  CHECK(error_id(bind("New-AuthServer", {"x", "-Type", "Facebook", "--metadata-file", "f"})) ==
        "Parameter.Invalid");
  CHECK(error_id(bind_call(ours("new-oauth-server"), {"x", "--type", "MicrosoftACS", "--metadata-file", "f"},
                           kNow)) == "Parameter.Invalid");
}

TEST_CASE("Set-AuthConfig is of one part at a time") {
  const std::string thumbprint(40, 'A');
  CHECK(set_of("Set-AuthConfig", {"-Realm", "r"}) == set_of("Set-AuthConfig", {"-ServiceName", "exchange"}));
  const std::set<std::string> sets = {set_of("Set-AuthConfig", {"-Realm", "r", "-ServiceName", "exchange"}),
                                      set_of("Set-AuthConfig", {"-CertificateThumbprint", thumbprint}),
                                      set_of("Set-AuthConfig", {"-ClearPreviousCertificate"})};
  CHECK(sets.size() == 3);
  CHECK(std::ranges::none_of(sets, [](const std::string& set) { return set.starts_with("Parameter."); }));
  const std::vector<Arguments> clashes = {{"-Realm", "r", "-CertificateThumbprint", thumbprint},
                                          {"-ServiceName", "exchange", "-ClearPreviousCertificate"},
                                          {"-ClearPreviousCertificate", "-CertificateThumbprint", thumbprint},
                                          {"-Realm", "r", "-ServiceName", "lync", "-ClearPreviousCertificate",
                                           "-CertificateThumbprint", thumbprint}};
  for (const auto& arguments : clashes) {
    CAPTURE(arguments.front());
    CHECK(set_of("Set-AuthConfig", arguments) == "Parameter.Clash");
  }
  CHECK(set_of("Set-AuthConfig", {"-CertificateThumbprint", "12"}) == "Parameter.Invalid");
  CHECK(set_of("Set-AuthConfig", {"-ServiceName", "a/b"}) == "Parameter.Invalid");
}

TEST_CASE("a name of Exchange's may be cut short where it is clear") {
  CHECK(set_of("New-PartnerApplication", {"-N", "x", "-ApplicationI", "hr"}) == "UseOAuthServer");
  CHECK(set_of("New-PartnerApplication", {"x", "-AuthM", "https://a.example/m"}) == "MetadataUrl");
  CHECK(set_of("New-PartnerApplication", {"x", "-A", "hr"}) == "Parameter.Ambiguous");
  CHECK(set_of("Set-AuthConfig", {"-Serv", "exchange"}) == "Parameter.Ambiguous");
  CHECK(set_of("Set-AuthConfig", {"-C", "x"}) == "Parameter.Ambiguous");
  CHECK(set_of("Set-AuthConfig", {"-ClearP"}) == set_of("Set-AuthConfig", {"-ClearPreviousCertificate"}));
}

}  // namespace
}  // namespace accord
