#include "lib/store/partner_application.h"

#include "lib/store/certificate.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

struct WithPartner : FreshStore {
  PartnerApplication exchange = must(insert(make_partner("Exchange")));

  Result<PartnerApplication> insert(const PartnerApplication& partner) {
    return changing([&] { return insert_partner_application(*store, partner); });
  }
  Result<OAuthServer> insert(const OAuthServer& server) {
    return changing([&] { return insert_oauth_server(*store, server); });
  }
  Result<void> update(const PartnerApplication& partner) {
    return changing([&] { return update_partner_application(*store, partner); });
  }
  PartnerApplication find(std::string_view identity) {
    auto found = must(find_partner_application(*store, identity));
    REQUIRE(found.has_value());
    return *found;
  }
  std::int64_t stored_keys() {
    auto query = must(store->prepare("SELECT COUNT(*) FROM trusted_key"));
    REQUIRE(must(query->step()));
    return query->integer(0);
  }
};

void check_same(const PartnerApplication& a, const PartnerApplication& b) {
  CHECK(a.id == b.id);
  CHECK(a.identity == b.identity);
  CHECK(a.application_identifier == b.application_identifier);
  CHECK(a.realm == b.realm);
  CHECK(a.trust_level == b.trust_level);
  CHECK(a.accept_security_identifier_information == b.accept_security_identifier_information);
  CHECK(a.enabled == b.enabled);
  CHECK(a.source == b.source);
  CHECK(a.metadata_url == b.metadata_url);
  CHECK(a.require_trusted_for_delegation == b.require_trusted_for_delegation);
  test::check_same(a.relation, b.relation);
}

TEST_CASE_FIXTURE(WithPartner, "a partner comes back whole, its keys in the order they were given") {
  const auto partner = must(insert(
      {.identity = "HR: Zürich",
       .application_identifier = "microsoft.exchange",
       .realm = "fabrikam.example",
       .trust_level = TrustLevel::full,
       .accept_security_identifier_information = true,
       .enabled = false,
       .source = TrustSource::metadata,
       .metadata_url = "https://hr.fabrikam.example/metadata/json/1",
       .require_trusted_for_delegation = false,
       .relation = make_relation({make_certificate("z"), make_certificate("a"), make_certificate("m")})}));
  CHECK(partner.id > 0);
  check_same(find("HR: Zürich"), partner);
  store = open(OpenFor::reading);
  check_same(find("HR: Zürich"), partner);
}

TEST_CASE_FIXTURE(WithPartner, "what is not set stays not set, and is not the same as empty") {
  auto partner = must(
      insert({.identity = "acs user", .application_identifier = "x", .source = TrustSource::oauth_server}));
  check_same(find("acs user"), partner);
  CHECK_FALSE(find("acs user").realm.has_value());
  partner.relation.ca_pem = "";
  partner.metadata_url = "";
  must(update(partner));
  check_same(find("acs user"), partner);
}

TEST_CASE_FIXTURE(WithPartner, "a partner is found whatever the ASCII case of its identity") {
  CHECK(find("EXCHANGE").identity == "Exchange");
  CHECK_FALSE(must(find_partner_application(*store, "Exchang")).has_value());
  CHECK_FALSE(must(find_partner_application(*store, "")).has_value());
}

TEST_CASE_FIXTURE(WithPartner, "case is folded for ASCII alone") {
  must(insert(make_partner("Zürich")));
  CHECK_FALSE(must(find_partner_application(*store, "ZÜRICH")).has_value());
  must(insert(make_partner("ZÜRICH")));
}

TEST_CASE_FIXTURE(WithPartner,
                  "an identity that is taken is refused, naming who has it, and nothing changes") {
  auto again = make_partner("EXCHANGE");
  again.application_identifier = "other";
  const auto refused = insert(again);
  CHECK(error_id(refused) == "PartnerApplication.Exists");
  CHECK(refused.error().message == "a partner application named 'Exchange' already exists");
  CHECK(refused.error().target == "EXCHANGE");
  CHECK(must(list_partner_applications(*store)).size() == 1);
  check_same(find("exchange"), exchange);
}

TEST_CASE_FIXTURE(WithPartner,
                  "partners are listed by identity without regard to case, with the keys of each") {
  must(insert(make_partner("beta")));
  must(insert(make_partner("Alpha")));
  must(insert({.identity = "zero", .application_identifier = "zero", .source = TrustSource::oauth_server}));
  const auto partners = must(list_partner_applications(*store));
  std::vector<std::string> names;
  for (const auto& partner : partners) {
    names.push_back(partner.identity);
    check_same(partner, find(partner.identity));
  }
  CHECK(names == std::vector<std::string>{"Alpha", "beta", "Exchange", "zero"});
}

TEST_CASE_FIXTURE(WithPartner, "changing a partner replaces its keys and all else") {
  exchange.trust_level = TrustLevel::application;
  exchange.enabled = false;
  exchange.source = TrustSource::metadata;
  exchange.metadata_url = "https://mail.contoso.example/autodiscover/metadata/json/1";
  exchange.relation = make_relation({make_certificate("new"), make_certificate("Exchange")});
  must(update(exchange));
  check_same(find("Exchange"), exchange);
  CHECK(stored_keys() == 2);
}

TEST_CASE_FIXTURE(WithPartner, "changing a partner that went meanwhile fails") {
  must(changing([&] { return remove_partner_application(*store, exchange.id); }));
  CHECK(error_id(update(exchange)) == "PartnerApplication.NotFound");
}

TEST_CASE_FIXTURE(WithPartner,
                  "a partner cannot take the identity of another, but may keep and respell its own") {
  auto other = must(insert(make_partner("other")));
  other.identity = "EXCHANGE";
  CHECK(error_id(update(other)) == "PartnerApplication.Exists");
  exchange.identity = "EXCHANGE";
  must(update(exchange));
  CHECK(find("exchange").identity == "EXCHANGE");
}

TEST_CASE_FIXTURE(WithPartner, "the keys of a partner go with it, and its id is not used again") {
  must(insert(make_partner("other")));
  CHECK(stored_keys() == 2);
  const auto last = must(insert(make_partner("last")));
  must(changing([&] { return remove_partner_application(*store, last.id); }));
  CHECK_FALSE(must(find_partner_application(*store, "last")).has_value());
  CHECK(stored_keys() == 2);
  CHECK(must(insert(make_partner("last"))).id > last.id);
}

// --- Issuers

TEST_CASE_FIXTURE(WithPartner, "an issuer that an enabled partner has, in any case, is refused to another") {
  auto other = make_partner("other");
  other.application_identifier = "APP-EXCHANGE";
  other.realm = "Contoso.EXAMPLE";
  const auto refused = insert(other);
  CHECK(error_id(refused) == "PartnerApplication.IssuerInUse");
  CHECK(refused.error().message.find("partner application 'Exchange'") != std::string::npos);

  SUBCASE("another realm is another issuer") {
    other.realm = "fabrikam.example";
  }
  SUBCASE("another application is another issuer") {
    other.application_identifier = "other";
  }
  SUBCASE("while disabled it is in nobody's way") {
    other.enabled = false;
  }
  SUBCASE("with keys of an OAuth server it has no issuer") {
    other.source = TrustSource::oauth_server;
    other.relation.keys.clear();
  }
  CHECK(error_id(insert(other)) == "");
}

TEST_CASE_FIXTURE(WithPartner, "a disabled partner cannot be enabled while its issuer is taken") {
  auto other = make_partner("other");
  other.application_identifier = exchange.application_identifier;
  other.enabled = false;
  other = must(insert(other));
  other.enabled = true;
  CHECK(error_id(update(other)) == "PartnerApplication.IssuerInUse");

  exchange.enabled = false;
  must(update(exchange));
  must(update(other));
  exchange.enabled = true;
  CHECK(error_id(update(exchange)) == "PartnerApplication.IssuerInUse");
}

TEST_CASE_FIXTURE(WithPartner, "a partner that turns to keys of its own cannot take a taken issuer") {
  auto other = make_partner("other");
  other.application_identifier = exchange.application_identifier;
  other.source = TrustSource::oauth_server;
  other = must(insert(other));
  other.source = TrustSource::certificate;
  CHECK(error_id(update(other)) == "PartnerApplication.IssuerInUse");
}

TEST_CASE_FIXTURE(WithPartner, "the issuer of an OAuth server, enabled or not, is refused to a partner") {
  auto server = make_server("acs");
  server.enabled = false;
  must(insert(server));
  auto partner = make_partner("other");
  partner.application_identifier = "STS-ACS";
  const auto refused = insert(partner);
  CHECK(error_id(refused) == "PartnerApplication.IssuerInUse");
  CHECK(refused.error().message.find("OAuth server 'acs'") != std::string::npos);
}

TEST_CASE_FIXTURE(WithPartner,
                  "an issuer finds the enabled partner with keys of its own that has exactly that name") {
  const auto by = [this](const std::string& principal, const std::string& realm) {
    return must(find_partner_applications_by_issuer(*store, {principal, realm}));
  };
  const auto found = by("app-Exchange", "contoso.example");
  REQUIRE(found.size() == 1);
  check_same(found[0], exchange);
  CHECK(by("APP-Exchange", "contoso.example").empty());
  CHECK(by("app-Exchange", "Contoso.example").empty());
  CHECK(by("app-Exchange", "").empty());
  CHECK(by("app-Exchange@contoso.example", "").empty());

  exchange.enabled = false;
  must(update(exchange));
  CHECK(by("app-Exchange", "contoso.example").empty());
}

TEST_CASE_FIXTURE(WithPartner,
                  "an application finds the enabled partners that come through an OAuth server") {
  auto hosted = make_partner("hosted");
  hosted.application_identifier = exchange.application_identifier;
  hosted.source = TrustSource::oauth_server;
  hosted.relation.keys.clear();
  hosted = must(insert(hosted));
  const auto by = [this](std::string_view application) {
    return must(find_partner_applications_by_application(*store, application));
  };
  const auto found = by("app-Exchange");
  REQUIRE(found.size() == 1);
  check_same(found[0], hosted);
  CHECK(by("APP-Exchange").empty());
  hosted.enabled = false;
  must(update(hosted));
  CHECK(by("app-Exchange").empty());
}

// --- SHA-1 collisions

TEST_CASE_FIXTURE(WithPartner,
                  "two certificates with one SHA-1 are never stored, whoever brings the second") {
  auto partner = make_partner("forger");
  SUBCASE("another partner holds the first") {
    partner.relation.keys = {forge_like(exchange.relation.keys[0])};
  }
  SUBCASE("an OAuth server holds the first") {
    const auto server = must(insert(make_server("acs")));
    partner.relation.keys = {forge_like(server.relation.keys[0])};
  }
  SUBCASE("it is a certificate of ours") {
    must(changing([&] { return insert_certificate(*store, make_certificate("ours")); }));
    partner.relation.keys = {forge_like(make_certificate("ours"))};
  }
  SUBCASE("both come together") {
    partner.relation.keys = {make_certificate("one"), make_certificate("two"),
                             forge_like(make_certificate("one"))};
  }
  CHECK(error_id(insert(partner)) == "Certificate.Sha1Collision");
  CHECK_FALSE(must(find_partner_application(*store, "forger")).has_value());
}

TEST_CASE_FIXTURE(WithPartner, "a key may be replaced by its double, but not stand beside it") {
  const auto forged = forge_like(exchange.relation.keys[0]);
  exchange.relation.keys.push_back(forged);
  CHECK(error_id(update(exchange)) == "Certificate.Sha1Collision");
  exchange.relation.keys = {forged};
  must(update(exchange));
  CHECK(find("Exchange").relation.keys[0].sha256 == forged.sha256);
}

TEST_CASE_FIXTURE(WithPartner, "one certificate may serve several partners") {
  auto other = make_partner("other");
  other.relation.keys = exchange.relation.keys;
  must(insert(other));
  test::check_same(find("other").relation.keys[0], exchange.relation.keys[0]);
}

TEST_CASE_FIXTURE(WithPartner, "a value that this program never writes is damage") {
  must(store->execute(
      "PRAGMA ignore_check_constraints = ON; UPDATE partner_application SET trust_level = 'Root'"));
  CHECK(error_id(find_partner_application(*store, "Exchange")) == "Store.Damaged");
  CHECK(error_id(list_partner_applications(*store)) == "Store.Damaged");
}

}  // namespace
}  // namespace accord::test
