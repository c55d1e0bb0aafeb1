// Whom a call is for and who issues its token: what a server says of itself against what is registered. And
// what came back.
#include "lib/app/connectivity.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <variant>
#include <vector>

namespace accord {
namespace {

const std::string kTenant = "72416f3c-199e-43f6-9bb5-29f4a10665d5";
const std::string kUs = std::string(kLyncPrincipal) + "@contoso.com";
const std::string kAcs = std::string(kAuthorizationServerPrincipal) + "@" + kTenant;

struct Sound {
  OurSide ours = {};
  BearerChallenge challenge = {.client_id = std::string(kExchangePrincipal),
                               .trusted_issuers = std::vector<std::string>{kUs}};
  LiveCall call = {};

  Sound() {
    call.url = "https://mail.contoso.com/ews/exchange.asmx";
    ours.deployment.configuration.service_name = std::string(kLyncPrincipal);
    ours.deployment.effective_realm = "contoso.com";
    ours.partners = {
        {.identity = "exchange",
         .application_identifier = std::string(kExchangePrincipal),
         .realm = "contoso.com",
         .metadata_url = "https://mail.contoso.com/autodiscover/metadata/json/1"},
        {.identity = "cloud",
         .application_identifier = std::string(kExchangePrincipal),
         .realm = kTenant,
         .source = TrustSource::oauth_server},
        {.identity = "farm", .application_identifier = std::string(kSharePointPrincipal), .realm = "farm"}};
    ours.servers = {{.identity = "sts",
                     .issuer_identifier = std::string(kAuthorizationServerPrincipal),
                     .realm = kTenant},
                    {.identity = "entra",
                     .issuer_identifier = "https://sts.windows.net/" + kTenant + "/",
                     .realm = kTenant}};
  }

  // The partner's identity, or the finding's row and target.
  [[nodiscard]] std::string partner() const {
    const auto chosen = choose_partner(ours, challenge, call);
    if (const auto* one = std::get_if<PartnerApplication>(&chosen)) return one->identity;
    const auto& finding = std::get<Finding>(chosen);
    return fmt::format("{} {} {}", finding.id, enum_name(finding.severity), finding.target);
  }
  // "us", an OAuth server, or the finding's row and target.
  [[nodiscard]] std::string issuer(std::size_t of_partner) const {
    const auto chosen = choose_issuer(ours, challenge, ours.partners.at(of_partner), call.url);
    if (const auto* one = std::get_if<IssuerChoice>(&chosen))
      return one->server ? one->server->identity : "us";
    const auto& finding = std::get<Finding>(chosen);
    return fmt::format("{} {} {}", finding.id, enum_name(finding.severity), finding.target);
  }
};

constexpr std::size_t kExchange = 0;
constexpr std::size_t kCloud = 1;

// --- The partner

TEST_CASE_FIXTURE(Sound,
                  "of several partners of one application, the one of the host or of the realm is meant") {
  CHECK(partner() == "exchange");
  call.url = "https://owa.contoso.com/ews/exchange.asmx";
  CHECK(partner() == "exchange");  // it trusts our own tokens
  challenge.trusted_issuers = {kAcs};
  CHECK(partner() == "cloud");
  challenge.trusted_issuers = {kUs, kAcs};
  CHECK(partner() == "PARTNER-DUPLICATE Error https://owa.contoso.com/ews/exchange.asmx");
  challenge.realm = kTenant;
  CHECK(partner() == "cloud");
  challenge.realm = "contoso.com";
  CHECK(partner() == "exchange");
  challenge.realm = std::nullopt;
  call.partner = "CLOUD";
  CHECK(partner() == "cloud");
  call.partner = std::nullopt;
  ours.partners[kCloud].enabled = false;
  CHECK(partner() == "exchange");
}

TEST_CASE_FIXTURE(Sound, "what a challenge says of the server counts only where it is registered") {
  SUBCASE("another application") {
    challenge.client_id = "11111111-1111-1111-1111-111111111111";
    CHECK(partner() == "PARTNER-ID Error " + call.url);
  }
  SUBCASE("an identifier in another case is another one") {
    challenge.client_id = "00000002-0000-0FF1-CE00-000000000000";
    CHECK(partner() == "PARTNER-ID Error " + call.url);
  }
  SUBCASE("another realm") {
    challenge.realm = "evil.example";
    CHECK(partner() == "REALM-CHANGED Error exchange");
    call.partner = "exchange";
    CHECK(partner() == "REALM-CHANGED Error exchange");
  }
  SUBCASE("another application than that of the partner that was named") {
    challenge.client_id = std::string(kSharePointPrincipal);
    call.partner = "exchange";
    CHECK(partner() == "PARTNER-ID Error " + call.url);
  }
  SUBCASE("disabled") {
    ours.partners[kExchange].enabled = false;
    ours.partners[kCloud].enabled = false;
    CHECK(partner() == "PARTNER-DISABLED Error exchange");
    call.partner = "exchange";
    challenge.client_id = std::nullopt;
    CHECK(partner() == "PARTNER-DISABLED Error exchange");
  }
  SUBCASE("no name at all") {
    challenge.client_id = std::nullopt;
    CHECK(partner() == "OAUTH-OFF Error " + call.url);
    call.partner = "exchange";
    CHECK(partner() == "exchange");
  }
}

// --- The issuer

TEST_CASE_FIXTURE(Sound, "we sign where the server trusts our name, whatever its case, or any realm of it") {
  for (const auto& one : {kUs, std::string(kLyncPrincipal) + "@*",
                          std::string("00000004-0000-0FF1-CE00-000000000000@CONTOSO.com")}) {
    CAPTURE(one);
    challenge.trusted_issuers = {"https://sts.windows.net/*/", one};
    CHECK(issuer(kExchange) == "us");
  }
  challenge.trusted_issuers = std::nullopt;  // it may leave them out
  CHECK(issuer(kExchange) == "us");
}

TEST_CASE_FIXTURE(Sound, "a name that only looks like ours is not ours") {
  for (const auto& one : {std::string(kLyncPrincipal) + "@old.example", std::string(kLyncPrincipal),
                          std::string(kLyncPrincipal) + "@", std::string(kExchangePrincipal) + "@contoso.com",
                          std::string("*@*"), std::string("*"), kUs + "@x", std::string()}) {
    CAPTURE(one);
    challenge.trusted_issuers = {one};
    CHECK(issuer(kExchange) == "REALM-MISMATCH Error " + call.url);
  }
  challenge.trusted_issuers = std::vector<std::string>();
  CHECK(issuer(kExchange) == "REALM-MISMATCH Error " + call.url);
}

TEST_CASE_FIXTURE(
    Sound, "an authorization server signs where the partner is registered so, or where only it is trusted") {
  challenge.trusted_issuers = {kUs, kAcs};
  CHECK(issuer(kExchange) == "us");
  CHECK(issuer(kCloud) == "sts");
  challenge.trusted_issuers = {kAcs};
  CHECK(issuer(kExchange) == "sts");
  challenge.trusted_issuers = {std::string(kAuthorizationServerPrincipal) + "@*"};
  CHECK(issuer(kCloud) == "sts");
  challenge.trusted_issuers = {"https://sts.windows.net/*/"};
  CHECK(issuer(kCloud) == "entra");
  challenge.trusted_issuers = {"https://sts.windows.net/" + kTenant + "/"};
  CHECK(issuer(kCloud) == "entra");
  challenge.trusted_issuers = std::nullopt;
  CHECK(issuer(kCloud) == "sts");
}

TEST_CASE_FIXTURE(Sound,
                  "an authorization server that is unknown, disabled or of another tenant signs nothing") {
  challenge.trusted_issuers = {std::string(kAuthorizationServerPrincipal) + "@another", kUs};
  CHECK(issuer(kCloud) == "OAUTHSERVER-MISSING Error cloud");
  challenge.trusted_issuers = {"https://sts.windows.net.evil.example/*/"};
  CHECK(issuer(kCloud) == "OAUTHSERVER-MISSING Error cloud");
  challenge.trusted_issuers = {kAcs};
  ours.servers.front().enabled = false;
  CHECK(issuer(kCloud) == "OAUTHSERVER-MISSING Error cloud");
  challenge.trusted_issuers = std::nullopt;
  ours.servers.clear();
  CHECK(issuer(kCloud) == "OAUTHSERVER-MISSING Error cloud");
}

TEST_CASE_FIXTURE(Sound, "without a name of our own nothing can be signed") {
  ours.deployment.effective_realm = std::nullopt;
  CHECK(issuer(kExchange) == "SERVICE-NAME Error Global");
}

// --- What came back

std::string verdict(int status, const std::string& diagnostics, bool has_user = false) {
  ConnectionTest test{.target = "https://mail.contoso.com/"};
  HttpResponse response{.status = status};
  if (!diagnostics.empty()) response.headers.emplace_back("X-MS-Diagnostics", diagnostics);
  judge_answer(test, response, has_user);
  std::string text;
  for (const auto& one : test.steps) text += fmt::format("{} ", enum_name(one.result));
  for (const auto& one : test.findings) text += fmt::format("{} {}", one.id, enum_name(one.severity));
  return text;
}

TEST_CASE("every answer but a refusal, a redirect and a fault of the server says that the token is good") {
  for (const int status : {200, 204, 299, 400, 404, 405, 415, 499}) {
    CAPTURE(status);
    CHECK(verdict(status, "") == "Pass Pass ");
    CHECK(verdict(status, "2000000;reason=\"x\"") == "Pass Pass ");
  }
  for (const int status : {300, 302, 307, 399, 500, 503}) {
    CAPTURE(status);
    CHECK(verdict(status, "") == "Fail Fail ");
  }
}

TEST_CASE("a refusal is explained by its row, with the severity of the table") {
  for (const int status : {401, 403}) {
    CHECK(verdict(status, "") == "Fail Fail ");
    CHECK(verdict(status, "no line") == "Fail Fail ");
    CHECK(verdict(status, "2999999;reason=\"new\"") == "Fail Fail ");
    CHECK(verdict(status, "2000003;reason=\"R\";error_category=\"invalid_resource\"") ==
          "Fail Fail AUDIENCE-HOST Error");
    CHECK(verdict(status, "2000004;reason=\"R\"") == "Fail Fail REALM-MISMATCH Error");
    CHECK(verdict(status, "2000002;reason=\"R\"") == "Fail Fail CLOCK-SKEW Error");
    CHECK(verdict(status, "4000000;reason=\"R\"") == "Fail Fail OAUTH-OFF Error");
    CHECK(verdict(status, "2000005;reason=\"R\"", true) == "Fail Fail USER-MAPPING Information");
    CHECK(verdict(status, "3001003;reason=\"R\"", true) == "Fail Fail PARTNER-TRUST Warning");
  }
}

TEST_CASE("what concerns a user is not said of a call without one") {
  CHECK(verdict(401, "2000005;reason=\"R\"", false) == "Fail Fail ");
}

}  // namespace
}  // namespace accord
