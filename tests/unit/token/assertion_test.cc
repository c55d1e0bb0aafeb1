#include "lib/token/assertion.h"

#include "tests/unit/token/token_kit.h"

namespace accord::test {
namespace {

// An authorization server that knows an Exchange server (key rsa) and one that signs with ECDSA (key p256).
struct AtServer {
  AssertionPolicy policy;
  Instant now = kNow;
  IssuerName client{std::string(kExchangePrincipal), "litwareinc.com"};
  json::Value claims = assertion_claims(
      {.issuer = client,
       .audience = std::string(kAuthorizationServerPrincipal) + "/sts.litwareinc.com@" + std::string(kTenant),
       .not_before = kNow,
       .expires = kNow + std::chrono::minutes(5)},
      "first");

  AtServer() {
    policy.own = {std::string(kAuthorizationServerPrincipal), std::string(kTenant)};
    policy.hosts = {"sts.litwareinc.com"};
    policy.clients = [this](const IssuerName& name) -> Result<std::vector<AssertionClient>> {
      if (name != client) return std::vector<AssertionClient>{};
      return std::vector<AssertionClient>{
          {.identity = "exchange", .trust = Trust::full, .keys = {certificate("rsa"), certificate("p256")}}};
    };
  }
  AtServer(const AtServer&) = delete;
  AtServer& operator=(const AtServer&) = delete;

  [[nodiscard]] static std::string sign(const json::Value& what, const std::string& key = "rsa") {
    const auto algorithm = key == "p256" ? Algorithm::es256 : Algorithm::rs256;
    return must(sign_token(what, signing_key(key), algorithm, certificate(key).x5t()));
  }
  [[nodiscard]] AssertionReport verify(const std::string& text) const {
    return must(verify_assertion(text, policy, now));
  }
  // The name of the first check that fails; "" where it is accepted.
  [[nodiscard]] std::string failure(const std::string& text) const {
    const auto report = verify(text);
    const auto* failed = report.first_failure();
    CHECK((failed == nullptr) == (report.assertion() != nullptr));
    return failed == nullptr ? "" : std::string(failed->name);
  }
  [[nodiscard]] std::string failure(const json::Value& what) const { return failure(sign(what)); }
};

TEST_CASE_FIXTURE(AtServer, "an assertion as clients write it is accepted, and says whose it is") {
  const auto report = verify(sign(claims));
  REQUIRE(report.assertion() != nullptr);
  CHECK(report.assertion()->identity == "exchange");
  CHECK(report.assertion()->client == client);
  CHECK(report.assertion()->trust == Trust::full);
  CHECK(report.assertion()->expires == kNow + std::chrono::minutes(5));
  CHECK(report.assertion()->jti == "first");
  CHECK(failure(without(claims, "jti")).empty());
  CHECK(failure(sign(claims, "p256")).empty());
}

TEST_CASE_FIXTURE(AtServer, "it is for exactly this service") {
  const std::string principal(kAuthorizationServerPrincipal);
  const std::string realm(kTenant);
  CHECK(failure(with(claims, "aud", principal + '@' + realm)).empty());
  CHECK(failure(with(claims, "aud", principal + "/STS.litwareinc.com:443@" + realm)).empty());
  for (const auto& audience :
       {principal + "/other.litwareinc.com@" + realm, principal + "/sts.litwareinc.com@litwareinc.com",
        std::string(kExchangePrincipal) + "/sts.litwareinc.com@" + realm, principal + "@*",
        principal + "/sts.litwareinc.com.evil.example@" + realm,
        std::string("https://sts.litwareinc.com/")}) {
    CAPTURE(audience);
    CHECK(failure(with(claims, "aud", audience)) == "assertion.audience");
  }
  CHECK(failure(without(claims, "aud")) == "assertion.audience");
  CHECK(failure(with(claims, "aud", json::Value::array({json::Value(principal + '@' + realm)}))) ==
        "assertion.audience");
  policy.hosts.clear();
  CHECK(failure(claims) == "assertion.audience");
  CHECK(failure(with(claims, "aud", principal + '@' + realm)).empty());
}

TEST_CASE_FIXTURE(AtServer, "it lives ten minutes at most") {
  const auto ends = [&](Duration lifetime) { return with(claims, "exp", digits(kNow + lifetime)); };
  CHECK(failure(ends(std::chrono::seconds(600))).empty());
  CHECK(failure(ends(std::chrono::seconds(601))) == "assertion.time");
  CHECK(failure(without(claims, "exp")) == "assertion.time");
  CHECK(failure(without(claims, "nbf")) == "assertion.time");
  CHECK(failure(with(claims, "iat", "soon")) == "assertion.time");
  now = kNow + std::chrono::seconds(300 + 299);
  CHECK(failure(claims).empty());
  now = kNow + std::chrono::seconds(300 + 300);
  CHECK(failure(claims) == "assertion.time");
  now = kNow - std::chrono::seconds(300);
  CHECK(failure(claims).empty());
  now = kNow - std::chrono::seconds(301);
  CHECK(failure(claims) == "assertion.time");
}

TEST_CASE_FIXTURE(AtServer, "only a registered client's own key signs for it") {
  CHECK(failure(with(claims, "iss", "nobody@litwareinc.com")) == "assertion.issuer");
  CHECK(failure(with(claims, "iss", std::string(kExchangePrincipal) + "@*")) == "assertion.issuer");
  CHECK(failure(without(claims, "iss")) == "assertion.issuer");
  CHECK(failure(sign(claims, "rsa-other")) == "assertion.key");
  auto forged = sign(claims);
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(failure(forged) == "assertion.signature");
  now = certificate("rsa").not_after + std::chrono::seconds(1);
  CHECK(failure(claims) == "assertion.key");
}

TEST_CASE_FIXTURE(AtServer, "of one whose author is not known nothing else is told") {
  CHECK_FALSE(verify(sign(claims, "rsa-other")).is_authentic());
  const auto late = verify(sign(with(claims, "exp", digits(kNow + std::chrono::hours(1)))));
  CHECK(late.is_authentic());
  CHECK(late.assertion() == nullptr);
}

TEST_CASE_FIXTURE(AtServer, "tokens and tricks are no assertions") {
  CHECK(failure(unsigned_token(claims)) == "assertion.header");
  CHECK(failure(with(claims, "actortoken", "a.b.c")) == "assertion.header");
  CHECK(failure(with(claims, "actor", "a@b")) == "assertion.header");
  const auto payload = json::dump(claims);
  const auto x5t = certificate("rsa").x5t();
  for (const auto* member : {R"("jwk":{})", R"("crit":[])", R"("cty":"JWT")", R"("jku":"https://a/")"}) {
    const auto header = R"({"typ":"JWT","alg":"RS256","x5t":")" + x5t + R"(",)" + member + '}';
    CHECK(failure(raw_token(header, payload, "rsa", Algorithm::rs256)) == "assertion.header");
  }
  const auto other = R"({"typ":"JWT","alg":"ES256","x5t":")" + x5t + R"("})";
  CHECK(failure(raw_token(other, payload, "rsa", Algorithm::rs256)) == "assertion.key");
  CHECK(failure(std::string("no token")) == "assertion.form");
  CHECK(failure(std::string()) == "assertion.form");
}

TEST_CASE_FIXTURE(AtServer, "a subject is the client itself, and a jti is text") {
  CHECK(failure(with(claims, "sub", client.text())).empty());
  CHECK(failure(with(claims, "sub", client.principal)).empty());
  CHECK(failure(with(claims, "sub", "somebody")) == "assertion.issuer");
  CHECK(failure(with(claims, "jti", json::Value(std::int64_t{1}))) == "assertion.jti");
  const auto report = verify(sign(with(claims, "jti", "one")));
  REQUIRE(report.assertion() != nullptr);
  CHECK(report.assertion()->jti == "one");
}

TEST_CASE_FIXTURE(AtServer, "two signatures of the same claims are the same assertion") {
  const auto first = verify(sign(claims, "p256"));
  const auto second = verify(sign(claims, "p256"));
  REQUIRE(first.assertion() != nullptr);
  REQUIRE(second.assertion() != nullptr);
  CHECK(first.assertion()->digest == second.assertion()->digest);
  CHECK(first.assertion()->digest != verify(sign(with(claims, "jti", "one"), "p256")).assertion()->digest);
}

TEST_CASE("what a server issues to an application has numbers for times and names itself as the provider") {
  const auto claims = issued_claims({.request = {.issuer = {"sts", "tenant"},
                                                 .audience = "app/host@tenant",
                                                 .not_before = kNow,
                                                 .expires = kNow + std::chrono::hours(8)},
                                     .application = {"caller", "tenant"},
                                     .trusted_for_delegation = true});
  CHECK(json::dump(claims) ==
        R"({"aud":"app/host@tenant","iss":"sts@tenant","nbf":1700000000,"exp":1700028800,)"
        R"("nameid":"caller@tenant","trustedfordelegation":"true","identityprovider":"sts@tenant"})");
}

}  // namespace
}  // namespace accord::test
