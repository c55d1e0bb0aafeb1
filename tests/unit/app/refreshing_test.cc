// What a document that is read again changes, and what it must not.
#include "lib/app/refreshing.h"

#include <doctest/doctest.h>

#include "tests/support.h"

namespace accord {
namespace {

const Instant kNow{std::chrono::seconds(1'795'521'600)};

Certificate key(const std::string& name) {
  Certificate made;
  made.thumbprint = name;
  return made;
}

TrustDocument document(const std::string& principal, const std::string& realm,
                       const std::vector<std::string>& keys) {
  TrustDocument made;
  made.document.issuer = {principal, realm};
  for (const auto& one : keys) made.keys.push_back(key(one));
  return made;
}

std::vector<std::string> names(const KeyRelation& relation) {
  std::vector<std::string> all;
  for (const auto& one : relation.keys) all.push_back(one.thumbprint);
  return all;
}

struct Registered {
  PartnerApplication partner = {.identity = "exchange",
                                .application_identifier = "app",
                                .realm = "contoso.com",
                                .metadata_url = "https://mail.contoso.com/autodiscover/metadata/json/1"};
  Registered() {
    partner.relation.keys = {key("A"), key("B")};
    partner.relation.last_refresh = kNow - std::chrono::hours(8);
    partner.relation.last_refresh_result = "Success";
  }
};

using Names = std::vector<std::string>;

TEST_CASE_FIXTURE(Registered, "keys come and go, and the document's order counts") {
  const auto refresh = take_again(document("app", "contoso.com", {"C", "B"}), {}, kNow, partner);
  CHECK(refresh.result == RefreshResult::updated);
  CHECK(refresh.added == Names{"C"});
  CHECK(refresh.removed == Names{"A"});
  CHECK(refresh.kept == Names{"B"});
  CHECK(names(partner.relation) == Names{"C", "B"});
  CHECK(partner.relation.last_refresh == kNow);
  CHECK(partner.relation.last_refresh_result == "Success");
}

TEST_CASE_FIXTURE(Registered, "the same keys in another order are unchanged") {
  const auto refresh = take_again(document("app", "contoso.com", {"B", "A"}), {}, kNow, partner);
  CHECK(refresh.result == RefreshResult::unchanged);
  CHECK(partner.relation.last_refresh == kNow);
}

TEST_CASE_FIXTURE(Registered, "a document without any known key is refused, whatever else it says") {
  auto refresh = take_again(document("app", "contoso.com", {"X", "Y"}), {}, kNow, partner);
  CHECK(refresh.result == RefreshResult::refused);
  REQUIRE(refresh.error);
  CHECK(refresh.error->id.exit_code() == ExitCode::negative);
  for (const auto* one : {"A, B", "X, Y", "--accept-new-keys"})
    CHECK((refresh.error->message + refresh.error->advice).find(one) != std::string::npos);
  CHECK(names(partner.relation) == Names{"A", "B"});
  CHECK(partner.relation.last_refresh == kNow);
  CHECK(partner.relation.last_refresh_result->starts_with("Refused: "));

  RefreshOptions accept;
  accept.accept_new_keys = true;
  refresh = take_again(document("app", "contoso.com", {"X", "Y"}), accept, kNow, partner);
  CHECK(refresh.result == RefreshResult::updated);
  CHECK(names(partner.relation) == Names{"X", "Y"});
}

TEST_CASE_FIXTURE(Registered, "the name never changes, and --accept-new-keys does not make it") {
  RefreshOptions accept;
  accept.accept_new_keys = true;
  for (const auto& other : {document("other", "contoso.com", {"A"}), document("app", "fabrikam.com", {"A"}),
                            document("app", "CONTOSO.COM", {"A"})}) {
    CAPTURE(other.document.issuer.text());
    const auto refresh = take_again(other, accept, kNow, partner);
    CHECK(refresh.result == RefreshResult::refused);
    CHECK(names(partner.relation) == Names{"A", "B"});
    CHECK(partner.realm == "contoso.com");
    CHECK(partner.application_identifier == "app");
  }
}

TEST_CASE_FIXTURE(Registered, "a document whose realm is open speaks for the registered one") {
  for (const auto* realm : {"*", ""}) {
    CHECK(take_again(document("app", realm, {"A"}), {}, kNow, partner).error == std::nullopt);
    CHECK(partner.realm == "contoso.com");
  }
}

TEST_CASE_FIXTURE(Registered, "a reading that failed is recorded and keeps the keys") {
  const Result<TrustDocument> failed = fail("Network.NoConnection", "nobody listens at 'there'");
  const auto refresh = take_again(failed, {}, kNow, partner);
  CHECK(refresh.result == RefreshResult::failed);
  CHECK(refresh.error->id == ErrorId("Network.NoConnection"));
  CHECK(names(partner.relation) == Names{"A", "B"});
  CHECK(partner.relation.last_refresh == kNow);
  CHECK(partner.relation.last_refresh_result == "Failed: nobody listens at 'there'");
}

TEST_CASE("an OAuth server takes its addresses from the document, and only those on its host") {
  OAuthServer server{.identity = "sts",
                     .issuer_identifier = "app",
                     .realm = "tenant",
                     .metadata_url = "https://sts.contoso.com/metadata/json/1",
                     .token_endpoint = "https://sts.contoso.com/old"};
  server.relation.keys = {key("A")};
  auto read = document("app", "tenant", {"A"});
  read.document.endpoints = {
      {.location = "https://sts.contoso.com/new", .protocol = "OAuth2", .usage = "issuance"}};
  CHECK(take_again(read, {}, kNow, server).result == RefreshResult::unchanged);
  CHECK(server.token_endpoint == "https://sts.contoso.com/new");

  read.document.endpoints.front().location = "https://elsewhere.example/tokens";
  const auto refresh = take_again(read, {}, kNow, server);
  CHECK(refresh.result == RefreshResult::refused);
  CHECK(refresh.error->message.find("elsewhere.example") != std::string::npos);
  CHECK(server.token_endpoint == "https://sts.contoso.com/new");

  server.relation.allowed_hosts = {"elsewhere.example"};
  CHECK(take_again(read, {}, kNow, server).error == std::nullopt);
  CHECK(server.token_endpoint == "https://elsewhere.example/tokens");
}

TEST_CASE("what a document names must be on its host, or on one that the admin named") {
  const std::string document_url = "https://sts.contoso.com/metadata";
  const auto named = [&](const std::string& url, const std::vector<std::string>& allowed = {}) {
    return check_named_url("jwks_uri", url, document_url, allowed);
  };
  CHECK(test::must(named("https://sts.contoso.com/keys")).allow_private_addresses);
  CHECK(test::must(named("https://STS.contoso.com:443/keys")).allow_private_addresses);
  // Another port is still the host's, but nobody promised that it leads where the admin wanted to go.
  CHECK_FALSE(test::must(named("https://sts.contoso.com:8443/keys")).allow_private_addresses);
  CHECK(test::must(named("https://keys.contoso.com/", {"keys.contoso.com"})).allow_private_addresses);
  CHECK(test::must(named("https://keys.contoso.com:8443/", {"keys.contoso.com"})).allow_private_addresses);
  CHECK_FALSE(named("https://keys.contoso.com:8443/", {"keys.contoso.com:9443"}));
  for (const auto* url :
       {"https://keys.contoso.com/", "https://sts.contoso.com.evil.example/", "https://contoso.com/",
        "http://sts.contoso.com/keys", "sts.contoso.com", "", "https://sts.contoso.com@evil.example/"}) {
    CAPTURE(url);
    CHECK(test::error_id(named(url)) == "Metadata.HostNotAllowed");
  }
}

}  // namespace
}  // namespace accord
