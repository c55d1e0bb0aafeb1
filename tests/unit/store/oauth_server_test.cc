#include "lib/store/oauth_server.h"

#include "lib/store/certificate.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

struct WithServer : FreshStore {
  OAuthServer acs = must(insert(make_server("ACS")));

  Result<OAuthServer> insert(const OAuthServer& server) {
    return changing([&] { return insert_oauth_server(*store, server); });
  }
  Result<void> update(const OAuthServer& server) {
    return changing([&] { return update_oauth_server(*store, server); });
  }
  OAuthServer find(std::string_view identity) {
    auto found = must(find_oauth_server(*store, identity));
    REQUIRE(found.has_value());
    return *found;
  }
};

void check_same(const OAuthServer& a, const OAuthServer& b) {
  CHECK(a.id == b.id);
  CHECK(a.identity == b.identity);
  CHECK(a.issuer_identifier == b.issuer_identifier);
  CHECK(a.realm == b.realm);
  CHECK(a.metadata_url == b.metadata_url);
  CHECK(a.authorization_uri_override == b.authorization_uri_override);
  CHECK(a.type == b.type);
  CHECK(a.accept_security_identifier_information == b.accept_security_identifier_information);
  CHECK(a.enabled == b.enabled);
  CHECK(a.token_endpoint == b.token_endpoint);
  test::check_same(a.relation, b.relation);
}

TEST_CASE_FIXTURE(WithServer, "an OAuth server comes back whole, its keys in the order they were given") {
  const auto server =
      must(insert({.identity = "Azure",
                   .issuer_identifier = "https://sts.windows.net/TENANT/",
                   .realm = "tenant",
                   .metadata_url = "https://login.example/metadata",
                   .authorization_uri_override = "https://login.example/authorize",
                   .type = OAuthServerType::azure_ad,
                   .accept_security_identifier_information = true,
                   .enabled = false,
                   .token_endpoint = "https://login.example/token",
                   .relation = make_relation({make_certificate("z"), make_certificate("a")})}));
  CHECK(server.id > 0);
  check_same(find("AZURE"), server);
  const auto listed = must(list_oauth_servers(*store));
  REQUIRE(listed.size() == 2);
  check_same(listed[0], find("acs"));
  check_same(listed[1], server);
}

TEST_CASE_FIXTURE(WithServer, "an identity that is taken is refused, naming who has it") {
  auto again = make_server("acs");
  again.issuer_identifier = "other";
  const auto refused = insert(again);
  CHECK(error_id(refused) == "OAuthServer.Exists");
  CHECK(refused.error().message == "an OAuth server named 'ACS' already exists");
  CHECK(must(list_oauth_servers(*store)).size() == 1);
}

TEST_CASE_FIXTURE(WithServer, "an issuer belongs to one OAuth server, enabled or not") {
  acs.enabled = false;
  must(update(acs));
  auto other = make_server("other");
  other.issuer_identifier = "STS-acs";
  other.realm = "CONTOSO.example";
  const auto refused = insert(other);
  CHECK(error_id(refused) == "OAuthServer.IssuerInUse");
  CHECK(refused.error().message.find("OAuth server 'ACS'") != std::string::npos);
  other.enabled = false;
  CHECK(error_id(insert(other)) == "OAuthServer.IssuerInUse");
  other.realm = "fabrikam.example";
  other = must(insert(other));
  other.realm = acs.realm;
  CHECK(error_id(update(other)) == "OAuthServer.IssuerInUse");
}

TEST_CASE_FIXTURE(WithServer,
                  "the issuer of an enabled partner with keys of its own is refused to an OAuth server") {
  auto partner = make_partner("Exchange");
  partner.application_identifier = "sts-other";
  partner = must(changing([&] { return insert_partner_application(*store, partner); }));
  const auto refused = insert(make_server("other"));
  CHECK(error_id(refused) == "OAuthServer.IssuerInUse");
  CHECK(refused.error().message.find("partner application 'Exchange'") != std::string::npos);

  partner.enabled = false;
  must(changing([&] { return update_partner_application(*store, partner); }));
  must(insert(make_server("other")));
  partner.enabled = true;
  CHECK(error_id(changing([&] { return update_partner_application(*store, partner); })) ==
        "PartnerApplication.IssuerInUse");
}

TEST_CASE_FIXTURE(WithServer, "an issuer finds the OAuth server that has exactly that name") {
  const auto found = must(find_oauth_servers_by_issuer(*store, {"sts-ACS", "contoso.example"}));
  REQUIRE(found.size() == 1);
  check_same(found[0], acs);
  CHECK(must(find_oauth_servers_by_issuer(*store, {"sts-acs", "contoso.example"})).empty());
  CHECK(must(find_oauth_servers_by_issuer(*store, {"sts-ACS", "CONTOSO.example"})).empty());
}

TEST_CASE_FIXTURE(WithServer, "changing an OAuth server replaces its keys and all else") {
  acs.type = OAuthServerType::adfs;
  acs.metadata_url = "https://adfs.example/";
  acs.relation = make_relation({make_certificate("new")});
  must(update(acs));
  check_same(find("ACS"), acs);
}

TEST_CASE_FIXTURE(WithServer,
                  "the keys of an OAuth server go with it, those of a partner with the same id stay") {
  const auto partner =
      must(changing([&] { return insert_partner_application(*store, make_partner("Exchange")); }));
  REQUIRE(partner.id == acs.id);
  must(changing([&] { return remove_oauth_server(*store, acs.id); }));
  CHECK_FALSE(must(find_oauth_server(*store, "ACS")).has_value());
  CHECK(must(find_partner_application(*store, "Exchange"))->relation.keys.size() == 1);
  CHECK(error_id(update(acs)) == "OAuthServer.NotFound");
}

TEST_CASE_FIXTURE(WithServer, "two certificates with one SHA-1 are never stored") {
  auto forger = make_server("forger");
  forger.relation.keys = {forge_like(acs.relation.keys[0])};
  CHECK(error_id(insert(forger)) == "Certificate.Sha1Collision");
  acs.relation.keys = forger.relation.keys;
  must(update(acs));
  // A partner with the same id as the server is still somebody else.
  const auto partner =
      must(changing([&] { return insert_partner_application(*store, make_partner("Exchange")); }));
  REQUIRE(partner.id == acs.id);
  acs.relation.keys = {forge_like(partner.relation.keys[0])};
  CHECK(error_id(update(acs)) == "Certificate.Sha1Collision");
}

}  // namespace
}  // namespace accord::test
