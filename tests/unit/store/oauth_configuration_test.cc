#include "lib/store/oauth_configuration.h"

#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

struct WithDomains : FreshStore {
  SipDomain first = must(add({.name = "Contoso.example"}));
  SipDomain second = must(add({.name = "fabrikam.example"}));

  Result<SipDomain> add(const SipDomain& domain) {
    return changing([&] { return insert_sip_domain(*store, domain); });
  }
  std::string default_name() { return must(default_sip_domain(*store)).value().name; }
};

void check_same(const OAuthConfiguration& a, const OAuthConfiguration& b) {
  CHECK(a.realm == b.realm);
  CHECK(a.service_name == b.service_name);
  CHECK(a.client_authorization_oauth_server_identity == b.client_authorization_oauth_server_identity);
  CHECK(a.exchange_autodiscover_url == b.exchange_autodiscover_url);
  CHECK(a.exchange_autodiscover_allowed_domains == b.exchange_autodiscover_allowed_domains);
  CHECK(a.public_url == b.public_url);
  CHECK(a.token_lifetime == b.token_lifetime);
  CHECK(a.maximum_token_lifetime == b.maximum_token_lifetime);
  CHECK(a.clock_skew == b.clock_skew);
  CHECK(a.hosts == b.hosts);
  CHECK(a.audience_comparison == b.audience_comparison);
  CHECK(a.token_error_detail == b.token_error_detail);
  CHECK(a.replica_maximum_age == b.replica_maximum_age);
}

TEST_CASE_FIXTURE(FreshStore, "a new store has the defaults that the program has") {
  check_same(must(read_oauth_configuration(*store)), OAuthConfiguration());
}

TEST_CASE_FIXTURE(FreshStore, "the configuration comes back whole") {
  const OAuthConfiguration changed{.realm = "contoso.example",
                                   .service_name = "00000004-0000-0ff1-ce00-000000000000",
                                   .client_authorization_oauth_server_identity = "acs",
                                   .exchange_autodiscover_url = "https://autodiscover.contoso.example/",
                                   .exchange_autodiscover_allowed_domains = {"a.example", "b.example"},
                                   .public_url = "https://lync.contoso.example",
                                   .token_lifetime = std::chrono::minutes(1),
                                   .maximum_token_lifetime = std::chrono::minutes(5),
                                   .clock_skew = std::chrono::seconds(0),
                                   .hosts = {"lync.contoso.example", "lync.contoso.example:8443"},
                                   .audience_comparison = AudienceComparison::ignore_case,
                                   .token_error_detail = TokenErrorDetail::minimal,
                                   .replica_maximum_age = std::chrono::hours(1)};
  must(changing([&] { return update_oauth_configuration(*store, changed); }));
  check_same(must(read_oauth_configuration(*open(OpenFor::reading))), changed);
  must(changing([&] { return update_oauth_configuration(*store, {}); }));
  check_same(must(read_oauth_configuration(*store)), OAuthConfiguration());
}

TEST_CASE_FIXTURE(WithDomains, "the first SIP domain becomes the default, the second does not") {
  CHECK(first.is_default);
  CHECK(first.name == "contoso.example");
  CHECK_FALSE(second.is_default);
  CHECK(default_name() == "contoso.example");
  const auto all = must(list_sip_domains(*store));
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "contoso.example");
  CHECK(all[0].is_default);
  CHECK(all[0].id == first.id);
  CHECK(all[1].name == "fabrikam.example");
  CHECK_FALSE(all[1].is_default);
}

TEST_CASE_FIXTURE(WithDomains, "a SIP domain is found whatever its case, and not added twice") {
  CHECK(must(find_sip_domain(*store, "FABRIKAM.example"))->id == second.id);
  CHECK_FALSE(must(find_sip_domain(*store, "other.example")).has_value());
  CHECK(error_id(add({.name = "CONTOSO.example"})) == "SipDomain.Exists");
}

TEST_CASE_FIXTURE(WithDomains, "the default moves, and there is always exactly one") {
  SUBCASE("to a new domain") {
    must(add({.name = "new.example", .is_default = true}));
  }
  SUBCASE("to one that is there") {
    must(changing([&] { return make_default_sip_domain(*store, second.id); }));
    CHECK(default_name() == "fabrikam.example");
  }
  SUBCASE("to itself") {
    must(changing([&] { return make_default_sip_domain(*store, first.id); }));
  }
  SUBCASE("not to one that went") {
    CHECK(error_id(changing([&] { return make_default_sip_domain(*store, 999); })) == "SipDomain.NotFound");
    CHECK(default_name() == "contoso.example");
  }
  int defaults = 0;
  for (const auto& domain : must(list_sip_domains(*store))) defaults += domain.is_default ? 1 : 0;
  CHECK(defaults == 1);
}

TEST_CASE_FIXTURE(WithDomains, "the default SIP domain cannot be removed, and so neither can the last") {
  CHECK(error_id(changing([&] { return remove_sip_domain(*store, first); })) == "SipDomain.IsDefault");
  must(changing([&] { return remove_sip_domain(*store, second); }));
  CHECK(error_id(changing([&] { return remove_sip_domain(*store, first); })) == "SipDomain.IsDefault");
  CHECK(must(list_sip_domains(*store)).size() == 1);
}

TEST_CASE_FIXTURE(WithDomains,
                  "whether a domain is the default is asked of the store, not of what was read before") {
  must(changing([&] { return make_default_sip_domain(*store, second.id); }));
  CHECK(error_id(changing([&] { return remove_sip_domain(*store, second); })) == "SipDomain.IsDefault");
  must(changing([&] { return remove_sip_domain(*store, first); }));
}

TEST_CASE_FIXTURE(WithDomains, "the effective realm is the realm, or else the default SIP domain") {
  CHECK(must(effective_realm(*store, {})) == std::optional<std::string>("contoso.example"));
  CHECK(must(effective_realm(*store, {.realm = ""})) == std::optional<std::string>("contoso.example"));
  CHECK(must(effective_realm(*store, {.realm = "Own"})) == std::optional<std::string>("Own"));
}

TEST_CASE_FIXTURE(FreshStore, "without realm and SIP domain there is no effective realm") {
  CHECK_FALSE(must(effective_realm(*store, {})).has_value());
  CHECK_FALSE(must(default_sip_domain(*store)).has_value());
}

}  // namespace
}  // namespace accord::test
