#include "lib/app/service_token_endpoint.h"

#include <doctest/doctest.h>

namespace accord {
namespace {

const IssuerName kOwn{std::string(kAuthorizationServerPrincipal), "tenant.example"};

std::vector<PartnerApplication> partners() {
  KeyRelation relation;
  relation.allowed_hosts = {"autodiscover.contoso.com", "mail.contoso.com:8443"};
  return {{.identity = "exchange",
           .application_identifier = std::string(kExchangePrincipal),
           .realm = "contoso.com",
           .metadata_url = "https://Mail.contoso.com/autodiscover/metadata/json/1",
           .relation = relation},
          {.identity = "lync",
           .application_identifier = std::string(kLyncPrincipal),
           .metadata_url = "https://lync.contoso.com:8443/metadata/json/1"},
          {.identity = "off",
           .application_identifier = "off",
           .enabled = false,
           .metadata_url = "https://off.contoso.com/"}};
}

std::string resource(std::string_view principal, std::string_view rest) {
  return std::string(principal) + std::string(rest);
}

std::string found(const std::string& text) {
  const auto all = partners();
  const auto* one = application_of_resource(all, kOwn, text);
  return one == nullptr ? "" : one->identity;
}

TEST_CASE("a resource is a registered application at one of its hosts") {
  CHECK(found(resource(kExchangePrincipal, "/mail.contoso.com@contoso.com")) == "exchange");
  CHECK(found(resource(kExchangePrincipal, "/MAIL.contoso.com@tenant.example")) == "exchange");
  CHECK(found(resource(kExchangePrincipal, "/mail.contoso.com:443@contoso.com")) == "exchange");
  CHECK(found(resource(kExchangePrincipal, "/autodiscover.contoso.com@contoso.com")) == "exchange");
  CHECK(found(resource(kExchangePrincipal, "/mail.contoso.com:8443@contoso.com")) == "exchange");
  CHECK(found(resource(kLyncPrincipal, "/lync.contoso.com:8443@tenant.example")) == "lync");
}

TEST_CASE("anything else is no resource") {
  for (const auto& text :
       {resource(kExchangePrincipal, "/evil.example@contoso.com"),
        resource(kExchangePrincipal, "/mail.contoso.com.evil.example@contoso.com"),
        resource(kExchangePrincipal, "/mail.contoso.com:444@contoso.com"),
        resource(kExchangePrincipal, "/mail.contoso.com@other.example"),
        resource(kExchangePrincipal, "/mail.contoso.com@"), resource(kExchangePrincipal, "/mail.contoso.com@*"),
        resource(kExchangePrincipal, "@contoso.com"), resource(kExchangePrincipal, ""),
        resource(kLyncPrincipal, "/lync.contoso.com@tenant.example"),
        resource(kLyncPrincipal, "/lync.contoso.com:8443@contoso.com"),
        resource("off", "/off.contoso.com@tenant.example"), resource("who", "/mail.contoso.com@contoso.com"),
        std::string("https://mail.contoso.com/"), std::string()}) {
    CAPTURE(text);
    CHECK(found(text).empty());
  }
}

std::vector<std::string> named(const std::vector<PartnerApplication>& all, const IssuerName& name) {
  std::vector<std::string> names;
  for (const auto* one : applications_named(all, kOwn, name)) names.push_back(one->identity);
  return names;
}

TEST_CASE("a client goes by its own realm or by ours, and its own comes first") {
  const std::vector<PartnerApplication> all = {
      {.identity = "far", .application_identifier = "app", .realm = "far.example"},
      {.identity = "near", .application_identifier = "app", .realm = "tenant.example"},
      {.identity = "other", .application_identifier = "other", .realm = "far.example"},
      {.identity = "any", .application_identifier = "any"},
      {.identity = "off", .application_identifier = "off", .enabled = false},
      {.identity = "keyless", .application_identifier = "keyless", .source = TrustSource::oauth_server}};
  CHECK(named(all, {"app", "far.example"}) == std::vector<std::string>{"far"});
  // "far" must not be able to speak as "near".
  CHECK(named(all, {"app", "tenant.example"}) == std::vector<std::string>{"near"});
  CHECK(named(all, {"other", "tenant.example"}) == std::vector<std::string>{"other"});
  CHECK(named(all, {"any", "tenant.example"}) == std::vector<std::string>{"any"});
  CHECK(named(all, {"any", "far.example"}).empty());
  CHECK(named(all, {"off", "tenant.example"}).empty());
  CHECK(named(all, {"keyless", "tenant.example"}).empty());
  CHECK(named(all, {"App", "far.example"}).empty());
}

}  // namespace
}  // namespace accord
