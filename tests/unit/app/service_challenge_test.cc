#include "lib/app/service_challenge.h"

#include <doctest/doctest.h>

namespace accord {
namespace {

ServiceChallenge of(std::string_view principal) {
  return {.client_id = std::string(principal),
          .realm = "5637f856-255d-4039-b165-224f3371d1d4",
          .trusted_issuers = {"00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d",
                              "00000004-0000-0ff1-ce00-000000000000@contoso.com"},
          .authorization_uri = "https://login.windows.net/common/oauth2/authorize"};
}

TEST_CASE("Exchange's challenge, as its servers write it") {
  CHECK(write_challenge(of(kExchangePrincipal), Refused::no_token) ==
        "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", "
        "trusted_issuers=\"00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d,"
        "00000004-0000-0ff1-ce00-000000000000@contoso.com\", "
        "token_types=\"app_asserted_user_v1 service_asserted_app_v1\", "
        "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"");
  CHECK(write_challenge(of(kExchangePrincipal), Refused::bad_token)
            .ends_with("oauth2/authorize\", error=\"invalid_token\""));
}

TEST_CASE("SharePoint's begins with the realm and has no blanks") {
  auto challenge = of(kSharePointPrincipal);
  CHECK(write_challenge(challenge, Refused::bad_token) ==
        "Bearer realm=\"5637f856-255d-4039-b165-224f3371d1d4\","
        "client_id=\"00000003-0000-0ff1-ce00-000000000000\","
        "trusted_issuers=\"00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d,"
        "00000004-0000-0ff1-ce00-000000000000@contoso.com\","
        "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\",error=\"invalid_token\"");
  challenge.trusted_issuers.clear();
  challenge.authorization_uri.reset();
  CHECK(write_challenge(challenge, Refused::no_token) ==
        "Bearer realm=\"5637f856-255d-4039-b165-224f3371d1d4\","
        "client_id=\"00000003-0000-0ff1-ce00-000000000000\"");
}

TEST_CASE("Lync's names the issuers first, even where there are none") {
  auto challenge = of(kLyncPrincipal);
  challenge.trusted_issuers = {"00000002-0000-0ff1-ce00-000000000000@contoso.com"};
  CHECK(write_challenge(challenge, Refused::no_token) ==
        "Bearer trusted_issuers=\"00000002-0000-0ff1-ce00-000000000000@contoso.com\", "
        "client_id=\"00000004-0000-0ff1-ce00-000000000000\"");
  challenge.trusted_issuers.clear();
  CHECK(write_challenge(challenge, Refused::no_token) ==
        "Bearer trusted_issuers=\"\", client_id=\"00000004-0000-0ff1-ce00-000000000000\"");
}

TEST_CASE("what is stored cannot end a quoted string or a line") {
  ServiceChallenge challenge{.client_id = std::string(kLyncPrincipal), .trusted_issuers = {"a\"\\\r\nb@\xC3\xA4"}};
  CHECK(write_challenge(challenge, Refused::no_token) ==
        "Bearer trusted_issuers=\"a\\\"\\\\%0D%0Ab@%C3%A4\", client_id=\"" + std::string(kLyncPrincipal) + '"');
}

TEST_CASE("the issuers are enabled partners with keys, then servers, never ourselves") {
  const IssuerName own{std::string(kLyncPrincipal), "contoso.com"};
  KeyRelation keys;
  keys.keys = {Certificate{}};
  const std::vector<PartnerApplication> partners = {
      {.identity = "a", .application_identifier = std::string(kExchangePrincipal), .relation = keys},
      {.identity = "b", .application_identifier = "b", .realm = "other.example", .relation = keys},
      {.identity = "c", .application_identifier = "c", .enabled = false, .relation = keys},
      {.identity = "d", .application_identifier = "d"},
      {.identity = "e", .application_identifier = "e", .source = TrustSource::oauth_server, .relation = keys},
      {.identity = "f", .application_identifier = own.principal, .realm = own.realm, .relation = keys}};
  const std::vector<OAuthServer> servers = {
      {.identity = "acs", .issuer_identifier = "acs", .realm = "tenant", .authorization_endpoint = "https://a/b"},
      {.identity = "aad", .issuer_identifier = "https://sts.windows.net/tenant/", .realm = "tenant"},
      {.identity = "off", .issuer_identifier = "off", .realm = "tenant", .enabled = false}};
  OAuthConfiguration configuration;
  auto challenge = challenge_of(configuration, own, partners, servers);
  CHECK(challenge.trusted_issuers == std::vector<std::string>{std::string(kExchangePrincipal) + "@contoso.com",
                                                              "b@other.example", "acs@tenant",
                                                              "https://sts.windows.net/tenant/"});
  CHECK_FALSE(challenge.authorization_uri.has_value());
  configuration.client_authorization_oauth_server_identity = "ACS";
  challenge = challenge_of(configuration, own, partners, servers);
  CHECK(challenge.authorization_uri == "https://a/b");
}

TEST_CASE("SharePoint calls the category of its diagnostics by another name") {
  const std::string line = "2000003;reason=\"a ;error_category=b\";error_category=\"invalid_resource\"";
  CHECK(product_diagnostics(line, kExchangePrincipal) == line);
  CHECK(product_diagnostics(line, kSharePointPrincipal) ==
        "2000003;reason=\"a ;error_category=b\";category=\"invalid_resource\"");
}

}  // namespace
}  // namespace accord
