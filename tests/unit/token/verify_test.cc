#include "lib/token/verify.h"

#include <rapidcheck.h>

#include <cstdint>
#include <functional>
#include <set>

#include "tests/unit/token/token_kit.h"

namespace accord {
namespace {

using test::check_of;
using test::digits;
using test::kNow;
using test::kServiceHost;
using test::kTenant;
using test::must;
using test::segment;
using test::verdict;
using test::with;
using test::without;
using test::World;
using namespace std::chrono_literals;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::int64_t second(Instant at) {
  return at.time_since_epoch().count();
}

// The claims signed by the partner, judged.
std::string judge(const World& world, const json::Value& claims) {
  return verdict(world.verify(World::sign(claims)));
}

std::string judge_server(const World& world, const json::Value& claims) {
  return verdict(world.verify(World::sign_as_server(claims)));
}

// Changes to the outer token around a good actor token, and to the actor token within a good outer one.
std::string judge_outer(const World& world, const std::function<json::Value(json::Value)>& change) {
  return verdict(world.verify(unsigned_token(change(world.outer(World::sign(world.actor()))))));
}
std::string judge_actor(const World& world, const std::function<json::Value(json::Value)>& change) {
  return verdict(world.verify(unsigned_token(world.outer(World::sign(change(world.actor()))))));
}

// ---- What is accepted ----

TEST_CASE_FIXTURE(World, "an app-only token of a partner is accepted, whatever algorithm its key has") {
  for (const auto& one : {std::pair{"rsa", Algorithm::rs256},
                          {"p256", Algorithm::es256},
                          {"p384", Algorithm::es384},
                          {"ed25519", Algorithm::eddsa}}) {
    const auto& key = one.first;
    const auto& algorithm = one.second;
    CAPTURE(std::string(key));
    const auto report = verify(sign(app_claims(), key, algorithm));
    CHECK(verdict(report).empty());
    REQUIRE(report.token() != nullptr);
    CHECK(report.token()->profile == TokenProfile::app_only);
    CHECK(report.token()->partner == "exchange");
    CHECK(report.token()->issuer == partner_issuer.text());
    CHECK_FALSE(report.token()->user);
  }
}

TEST_CASE_FIXTURE(World, "an outer token is accepted with its user") {
  const auto report = verify(outer_token());
  CHECK(verdict(report).empty());
  REQUIRE(report.token() != nullptr);
  CHECK(report.token()->profile == TokenProfile::user_context);
  CHECK(report.token()->partner == "exchange");
  CHECK(report.token()->user == "kenmyer@litwareinc.com");
  CHECK(report.token()->user_kind == "Upn");
}

TEST_CASE_FIXTURE(World, "a token of an authorization server is accepted for the application it names") {
  const auto report = verify(sign_as_server(server_claims()));
  CHECK(verdict(report).empty());
  REQUIRE(report.token() != nullptr);
  CHECK(report.token()->profile == TokenProfile::app_only);
  CHECK(report.token()->partner == "exchange-online");
  CHECK(report.token()->issuer == server_issuer.text());
}

TEST_CASE_FIXTURE(World, "a delegated token is accepted with its user") {
  const auto report = verify(sign_as_server(delegated_claims()));
  CHECK(verdict(report).empty());
  REQUIRE(report.token() != nullptr);
  CHECK(report.token()->profile == TokenProfile::delegated);
  CHECK(report.token()->partner == "exchange-online");
  CHECK(report.token()->user == "kenmyer@litwareinc.com");
}

TEST_CASE_FIXTURE(World, "an outer token around an actor token of an authorization server is accepted") {
  auto actor_token = with(server_claims(), "trustedfordelegation", "true");
  auto around = outer(sign_as_server(actor_token));
  around = with(around, "aud", *actor_token.find("aud"));
  around = with(around, "iss", *actor_token.find("nameid"));
  const auto report = verify(unsigned_token(around));
  CHECK(verdict(report).empty());
  REQUIRE(report.token() != nullptr);
  CHECK(report.token()->partner == "exchange-online");
}

TEST_CASE_FIXTURE(World, "a kid equal to x5t, unknown members and a missing typ do no harm") {
  const auto x5t = test::certificate("rsa").x5t();
  CHECK(verdict(verify(sign_with_header(with(header(), "kid", x5t), app_claims()))).empty());
  CHECK(verdict(verify(sign_with_header(with(header(), "other", 1 == 1), app_claims()))).empty());
  CHECK(verdict(verify(sign_with_header(without(header(), "typ"), app_claims()))).empty());
}

TEST_CASE_FIXTURE(World, "every report has one check for every rule, in their order") {
  const auto rules = token_rules();
  std::set<std::string_view> names;
  for (const auto& rule : rules) {
    CHECK_FALSE(rule.citation.empty());
    names.insert(rule.name);
  }
  CHECK(names.size() == rules.size());
  for (const auto& token :
       {sign(app_claims()), outer_token(), std::string("x"), sign_as_server(delegated_claims()),
        sign(with(app_claims(), "iss", "nobody@nowhere"))}) {
    const auto report = verify(token);
    REQUIRE(report.checks().size() == rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
      CHECK(report.checks()[i].name == rules[i].name);
      CHECK_FALSE(report.checks()[i].detail.empty());
    }
  }
}

TEST_CASE_FIXTURE(World,
                  "an accepted report says 'claimed' nowhere, a refused one wherever a claim is shown") {
  for (const auto& check : verify(outer_token()).checks()) CHECK_FALSE(has(check.detail, "claimed"));
  now += 24h;
  const auto report = verify(outer_token());
  CHECK(has(check_of(report, "issuer").detail, "claimed '" + partner_issuer.text()));
  CHECK(has(check_of(report, "user").detail, "claimed 'kenmyer@litwareinc.com'"));
  for (const auto& check : report.checks()) {
    CHECK_FALSE(has(check.detail, "\x01"));
    CHECK_FALSE(has(check.reason, "\x01"));
    CHECK_FALSE(has(check.reason, "claimed"));
  }
}

TEST_CASE_FIXTURE(World, "what has nothing to do with a token is skipped and says so") {
  const auto report = verify(sign(app_claims()));
  for (const auto* name :
       {"actor.form", "outer.claims", "outer.time", "outer.issuer", "outer.audience", "delegation", "user"}) {
    CAPTURE(std::string(name));
    CHECK(check_of(report, name).outcome == Outcome::skip);
  }
  CHECK(check_of(report, "user").detail == "no user in this token");
}

TEST_CASE_FIXTURE(World, "after a wrong issuer, key or signature nothing passes any more") {
  const auto damaged = sign(app_claims()) + "AAAA";
  auto foreign = sign_with_header(header("RS256", "rsa-other"), app_claims(), "rsa-other");
  for (const auto& one : {std::pair{"issuer", sign(with(app_claims(), "iss", "nobody@litwareinc.com"))},
                          {"key", foreign},
                          {"signature", damaged}}) {
    const auto& gate = one.first;
    const auto& token = one.second;
    CAPTURE(std::string(gate));
    const auto report = verify(token);
    CHECK(report.first_failure()->name == gate);
    bool after = false;
    for (const auto& check : report.checks()) {
      if (after) {
        CAPTURE(std::string(check.name));
        CHECK(check.outcome == Outcome::skip);
      }
      after = after || check.name == gate;
    }
  }
}

TEST_CASE_FIXTURE(World, "several faults are told at once") {
  now += 24h;
  auto claims = with(app_claims(), "aud", audience("other.litwareinc.com", "contoso.com"));
  partner.application.trust = Trust::user;
  const auto report = verify(sign(claims));
  for (const auto* name : {"audience", "audience.realm", "time", "trust.level"}) {
    CAPTURE(std::string(name));
    CHECK(check_of(report, name).outcome == Outcome::fail);
  }
  CHECK(check_of(report, "signature").outcome == Outcome::pass);
}

TEST_CASE_FIXTURE(World, "a lookup that fails is an error and no verdict") {
  const auto broken = [](auto&&) { return fail("Store.Busy", "the store is busy"); };
  SUBCASE("issuers") {
    policy.trust.issuers = [&](const IssuerName& name) -> Result<std::vector<TrustedIssuer>> {
      return broken(name);
    };
    CHECK(test::error_id(verify_token(sign(app_claims()), policy, now)) == "Store.Busy");
  }
  SUBCASE("applications") {
    policy.trust.applications = [&](std::string_view id) -> Result<std::vector<TrustedApplication>> {
      return broken(id);
    };
    CHECK(test::error_id(verify_token(sign_as_server(server_claims()), policy, now)) == "Store.Busy");
  }
}

TEST_CASE_FIXTURE(World, "a deployment that trusts nobody refuses everybody") {
  policy.trust = {};
  CHECK(judge(*this, app_claims()) == "issuer 2000001");
}

// ---- Form, header and profile: attacks 1 to 5, 9 to 17, 21, 35 to 38 ----

TEST_CASE_FIXTURE(World, "attack 1: an unsigned token without an actor token is refused in every spelling") {
  for (const auto* algorithm : {"none", "None", "NONE", "nOnE", ""}) {
    CAPTURE(std::string(algorithm));
    const auto input = segment(json::dump(header(algorithm))) + '.' + segment(json::dump(app_claims())) + '.';
    CHECK(verdict(verify(input)) == "token.profile 2000001");
  }
  CHECK(verdict(verify(unsigned_token(with(app_claims(), "ver", "hashedprooftoken")))) ==
        "token.profile 2000001");
}

TEST_CASE_FIXTURE(
    World, "attacks 1 and 2: an outer token says exactly 'none' and has no signature and names no key") {
  const auto payload = segment(json::dump(outer(sign(actor()))));
  const auto token = [&](std::string_view head, std::string_view signature = "") {
    return segment(head) + '.' + payload + '.' + std::string(signature);
  };
  REQUIRE(verdict(verify(token(R"({"typ":"JWT","alg":"none"})"))).empty());
  CHECK(verdict(verify(token(R"({"alg":"none"})"))).empty());
  for (const auto* head : {R"({"typ":"JWT","alg":"None"})", R"({"typ":"JWT","alg":"NONE"})",
                           R"({"typ":"JWT","alg":"nOnE"})", R"({"typ":"JWT","alg":"none","x5t":"a"})",
                           R"({"typ":"JWT","alg":"none","kid":"a"})", R"({"typ":"JWT","alg":"HS256"})"}) {
    CAPTURE(std::string(head));
    CHECK(verdict(verify(token(head))) == "token.profile 2000001");
  }
  CHECK(verdict(verify(token(R"({"typ":"JWT","alg":"none"})", "AAAA"))) == "token.profile 2000001");
  CHECK(verdict(verify(sign(outer(sign(actor()))))) == "token.profile 2000001");
}

TEST_CASE_FIXTURE(World, "attack 3: an outer token around an unsigned actor token is refused") {
  CHECK(verdict(verify(unsigned_token(outer(unsigned_token(actor()))))) == "actor.form 2000001");
}

TEST_CASE_FIXTURE(World, "attack 4: an actor token within an actor token is refused and never read") {
  const auto inner = sign(actor());
  CHECK(verdict(verify(unsigned_token(outer(sign(with(actor(), "actortoken", inner)))))) ==
        "actor.form 2000001");
  CHECK(verdict(verify(unsigned_token(outer(outer_token())))) == "actor.form 2000001");
  CHECK(verdict(verify(unsigned_token(outer(sign(with(actor(), "actor", partner_issuer.text())))))) ==
        "actor.form 2000001");
}

TEST_CASE_FIXTURE(World, "attack 5: an actor token is one string") {
  const auto good = sign(actor());
  const std::vector<std::pair<std::string, json::Value>> cases = {{"empty", ""},
                                                                  {"array", json::Value::array({good})},
                                                                  {"object", json::Value::object()},
                                                                  {"null", json::Value()},
                                                                  {"true", true},
                                                                  {"number", std::int64_t{1}}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& value = one.second;
    CAPTURE(std::string(name));
    CHECK(judge_outer(*this, [&](auto claims) { return with(claims, "actortoken", value); }) ==
          "token.profile 2000001");
  }
  auto twice = json::dump(outer(good));
  twice.insert(1, R"("actortoken":"x",)");
  CHECK(verdict(verify(segment(R"({"alg":"none"})") + '.' + segment(twice) + '.')) == "token.form 2000001");
  CHECK(judge_outer(*this, [](auto claims) { return with(claims, "actortoken", "x"); }) ==
        "actor.form 2000001");
}

TEST_CASE_FIXTURE(World, "attack 9: an HMAC made with what is public is refused") {
  const auto certificate = test::certificate("rsa");
  for (const auto& secret :
       {certificate.der, certificate.public_key.bytes, test::data("token-rsa.pub"), certificate.x5t()}) {
    auto jwk = json::Value::object();
    jwk.add("kty", "oct");
    jwk.add("k", base64url_encode(secret + std::string(32, '\0')));
    const auto hmac = must(Key::from_jwk(jwk));
    const auto input = segment(json::dump(header("HS256"))) + '.' + segment(json::dump(app_claims()));
    CHECK(verdict(verify(input + '.' + segment(must(hmac.sign(Algorithm::hs256, input))))) ==
          "token.profile 2000001");
  }
}

TEST_CASE_FIXTURE(World, "attack 9: the key decides the algorithm") {
  // A good RSA-PSS signature is not what the partner's key is registered for.
  for (const auto& one : {std::pair{"RS384", Algorithm::rs384},
                          {"RS512", Algorithm::rs512},
                          {"PS256", Algorithm::ps256},
                          {"PS512", Algorithm::ps512}}) {
    const auto& name = one.first;
    const auto& algorithm = one.second;
    CAPTURE(std::string(name));
    CHECK(verdict(verify(sign_with_header(header(name), app_claims(), "rsa", algorithm))) ==
          "token.profile 2000001");
  }
  for (const auto* name : {"ES256", "ES384", "EdDSA"}) {
    CAPTURE(std::string(name));
    CHECK(verdict(verify(sign_with_header(header(name), app_claims()))) == "key 2000000");
  }
  for (const auto* name : {"rs256", "Rs256", "RS256 ", "RSA", "ES512", "A128KW"}) {
    CAPTURE(std::string(name));
    CHECK(verdict(verify(sign_with_header(header(name), app_claims()))) == "token.profile 2000001");
  }
}

TEST_CASE_FIXTURE(World, "attack 10: a token without a signature is refused") {
  const auto token = sign(app_claims());
  CHECK(verdict(verify(token.substr(0, token.rfind('.') + 1))) == "signature 2000000");
  CHECK(verdict(verify(token.substr(0, token.rfind('.')))) == "token.form 2000001");
}

TEST_CASE_FIXTURE(
    World, "attacks 11 to 16: header members that choose keys or change the rules are refused when present") {
  for (const auto* member : {"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty"}) {
    for (const auto& value : {json::Value("x"), json::Value(false), json::Value(), json::Value::array(),
                              json::Value::object(), json::Value::array({"exp"})}) {
      CAPTURE(std::string(member));
      CHECK(verdict(verify(sign_with_header(with(header(), member, value), app_claims()))) ==
            "token.header 2000001");
    }
    const auto inner = sign_with_header(with(header(), member, "x"), actor());
    CHECK(verdict(verify(unsigned_token(outer(inner)))) == "actor.form 2000001");
  }
}

TEST_CASE_FIXTURE(World, "attack 14: a kid is only ever a repetition of x5t") {
  for (const auto* kid : {"../../etc/passwd", "x' OR 1=1", "$(id)", "other", "", "a b"}) {
    CAPTURE(std::string(kid));
    CHECK(verdict(verify(sign_with_header(with(header(), "kid", kid), app_claims()))) ==
          "token.header 2000001");
  }
  CHECK(verdict(verify(sign_with_header(with(header(), "kid", std::string(257, 'a')), app_claims()))) ==
        "token.header 2000001");
  CHECK(verdict(verify(sign_with_header(with(header(), "kid", std::int64_t{1}), app_claims()))) ==
        "token.header 2000001");
  const auto kid_alone = with(without(header(), "x5t"), "kid", test::certificate("rsa").x5t());
  CHECK(verdict(verify(sign_with_header(kid_alone, app_claims()))) == "key 2000009");
}

TEST_CASE_FIXTURE(World, "a header has a fitting typ and one alg") {
  for (const auto& value : {json::Value("jwt"), json::Value("at+jwt"), json::Value("application/at+jwt"),
                            json::Value(""), json::Value("JWE"), json::Value(), json::Value(true)}) {
    CHECK(verdict(verify(sign_with_header(with(header(), "typ", value), app_claims()))) ==
          "token.header 2000001");
  }
  CHECK(verdict(verify(sign_with_header(without(header(), "alg"), app_claims()))) == "token.header 2000001");
  CHECK(verdict(verify(sign_with_header(with(header(), "alg", json::Value::array({"RS256"})),
                                        app_claims()))) == "token.header 2000001");
  CHECK(has(verify(sign_with_header(with(header(), "typ", "at+jwt"), app_claims())).first_failure()->reason,
            "RFC 9068"));
}

TEST_CASE_FIXTURE(World,
                  "attack 17: a member twice is refused anywhere, and another case is another member") {
  const auto head = json::dump(header());
  const auto payload = json::dump(app_claims());
  const auto insert = [](std::string text, std::string_view member) { return text.insert(1, member); };
  const auto token = [](const std::string& head_text, const std::string& payload_text) {
    return test::raw_token(head_text, payload_text, "rsa", Algorithm::rs256);
  };
  CHECK(verdict(verify(token(insert(head, R"("alg":"none",)"), payload))) == "token.form 2000001");
  CHECK(verdict(verify(token(insert(head, R"("\u0061lg":"none",)"), payload))) == "token.form 2000001");
  CHECK(verdict(verify(token(head, insert(payload, R"("iss":"x",)")))) == "token.form 2000001");
  CHECK(verdict(verify(token(head, insert(payload, R"("z":{"a":1,"a":1},)")))) == "token.form 2000001");
  CHECK(verdict(verify(token(insert(head, R"("Alg":"none",)"), insert(payload, R"("ISS":"x",)")))).empty());
}

TEST_CASE_FIXTURE(World, "attacks 21 and 35 to 38: what is not strictly a token is not parsed at all") {
  const auto good = sign(app_claims());
  const auto payload_token = [](const std::string& payload) {
    return test::raw_token(json::dump(header()), payload, "rsa", Algorithm::rs256);
  };
  auto claims = json::dump(app_claims());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"empty", ""},
      {"line feed behind", good + '\n'},
      {"CR LF behind", good + "\r\n"},
      {"blank in front", ' ' + good},
      {"padding", good + "=="},
      {"Bearer in front", "Bearer " + good},
      {"five segments", good + ".x.y"},
      {"four segments", good + "."},
      {"JSON serialisation", R"({"payload":"e30","protected":"e30","header":{"alg":"none"},"signature":""})"},
      {"too large", good + std::string(kMaximumTokenBytes, 'A')},
      {"10 MB", std::string(kMaximumTokenBytes * 640, 'A')},
      {"payload too deep",
       payload_token(claims.insert(1, R"("deep":)" + std::string(17, '[') + std::string(17, ']') + ','))},
      {"payload with a BOM", payload_token("\xEF\xBB\xBF" + json::dump(app_claims()))},
      {"payload of bad UTF-8", payload_token("{\"a\":\"\xC0\x80\"}")},
      {"payload with a lone surrogate", payload_token(R"({"a":"\udfff"})")},
      {"payload with NUL in a name", payload_token(R"({"a\u0000b":"c"})")},
      {"payload an array", payload_token("[]")},
      {"payload empty", payload_token("")}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& token = one.second;
    CAPTURE(std::string(name));
    CHECK(verdict(verify(token)) == "token.form 2000001");
  }
  CHECK(has(verify(good + ".x.y").first_failure()->detail, "JWE"));
}

TEST_CASE_FIXTURE(World, "every segment, damaged in turn, is refused") {
  for (const auto& token : {sign(app_claims()), sign(app_claims(), "p256", Algorithm::es256)}) {
    REQUIRE(verdict(verify(token)).empty());
    for (std::size_t i = 0; i < token.size(); ++i) {
      auto damaged = token;
      damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
      const auto report = verify(damaged);
      if (report.accepted()) FAIL("accepted with byte " << i << " changed");
    }
  }
}

TEST_CASE_FIXTURE(World, "random damage of a good token never verifies") {
  for (const auto& good : {sign(app_claims()), sign_as_server(delegated_claims())}) {
    CHECK(rc::check("bytes changed, dropped or added", [&] {
      auto token = good;
      const auto count = *rc::gen::inRange(1, 4);
      for (int i = 0; i < count; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
        const auto byte = static_cast<char>(*rc::gen::inRange(0, 256));
        switch (*rc::gen::inRange(0, 3)) {
          case 0:
            token[at] = byte;
            break;
          case 1:
            token.erase(at, 1);
            break;
          default:
            token.insert(at, 1, byte);
            break;
        }
      }
      RC_PRE(token != good);
      RC_ASSERT_FALSE(verify(token).accepted());
    }));
  }
}

TEST_CASE_FIXTURE(World, "any damage of the actor token within an outer one is refused") {
  const auto good = sign(actor());
  CHECK(rc::check("bytes changed", [&] {
    auto token = good;
    const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
    token[at] = static_cast<char>(token[at] ^ *rc::gen::inRange(1, 128));
    RC_ASSERT_FALSE(verify(unsigned_token(outer(token))).accepted());
  }));
}

TEST_CASE_FIXTURE(World, "tokens of the neighbourhood are called by their names") {
  auto context = app_claims();
  context.add("appctxsender", "00000003-0000-0ff1-ce00-000000000000@litwareinc.com");
  context.add("appctx", R"({"CacheKey":"a","SecurityTokenServiceUri":"b"})");
  const auto hs256 = with(without(header("HS256"), "x5t"), "typ", "JWT");
  auto report = verify(sign_with_header(hs256, context));
  CHECK(verdict(report) == "token.profile 2000001");
  CHECK(has(report.first_failure()->reason, "SharePoint context token"));

  auto identity = without(app_claims(), "nameid");
  auto as_object = json::Value::object();
  as_object.add("version", "ExIdTok.V1");
  for (const auto& value : {json::Value(R"({"version":"ExIdTok.V1"})"), as_object}) {
    report = verify(sign(with(identity, "appctx", value)));
    CHECK(verdict(report) == "token.profile 2000001");
    CHECK(has(report.first_failure()->reason, "Exchange identity token"));
  }

  auto azure =
      with(without(app_claims(), "nameid"), "iss", "https://sts.windows.net/" + std::string(kTenant) + "/");
  report = verify(sign(azure));
  CHECK(verdict(report) == "token.profile 2000001");
  CHECK(has(report.first_failure()->reason, "Azure AD"));
}

// ---- Claims: attacks 22, 23, 26 ----

TEST_CASE_FIXTURE(World, "required claims are there, are strings and are not empty") {
  for (const auto* name : {"aud", "iss", "nbf", "exp", "nameid"}) {
    CAPTURE(std::string(name));
    CHECK(judge(*this, without(app_claims(), name)) == "claims.required 2000001");
    CHECK(has(verify(sign(without(app_claims(), name))).first_failure()->reason, name));
    for (const auto& value : {json::Value(""), json::Value(), json::Value(true), json::Value::object(),
                              json::Value::array({*app_claims().find(name)})}) {
      CHECK(judge(*this, with(app_claims(), name, value)) == "claims.required 2000001");
      CHECK(judge_actor(*this, [&](auto claims) { return with(claims, name, value); }) ==
            "claims.required 2000001");
      CHECK(judge_outer(*this, [&](auto claims) { return with(claims, name, value); }) ==
            "outer.claims 2000001");
    }
    if (std::string_view(name) != "nameid") {
      CHECK(judge_outer(*this, [&](auto claims) { return without(claims, name); }) == "outer.claims 2000001");
    }
  }
}

TEST_CASE_FIXTURE(World, "an outer token needs no nameid when an address names the user") {
  CHECK(judge_outer(*this, [](auto claims) { return without(claims, "nameid"); }).empty());
  CHECK(judge_outer(*this, [](auto claims) { return without(without(claims, "nameid"), "upn"); }) ==
        "outer.claims 2000001");
  for (const auto* name : {"smtp", "sip"}) {
    CHECK(judge_outer(*this, [&](auto claims) {
            return with(without(without(claims, "nameid"), "upn"), name, "kenmyer@litwareinc.com");
          }).empty());
  }
}

TEST_CASE_FIXTURE(World, "attack 22: a time is up to twelve digits or an integer, and nothing else") {
  const auto start = digits(kNow - 5min);
  CHECK(judge(*this, with(app_claims(), "nbf", std::int64_t{second(kNow - 5min)})).empty());
  CHECK(judge(*this, with(app_claims(), "nbf", "00" + start)).empty());  // twelve digits
  const std::vector<json::Value> bad = {json::Value::number(start + ".5"),
                                        json::Value::number("1.7e9"),
                                        json::Value::number("1e9"),
                                        json::Value::number("18446744073709551616"),
                                        std::int64_t{-1},
                                        std::int64_t{253402300800},
                                        std::int64_t{9223372036854775807},
                                        std::int64_t{INT64_MIN},
                                        true,
                                        json::Value(),
                                        json::Value::array({start}),
                                        "",
                                        " " + start,
                                        start + " ",
                                        "+" + start,
                                        "-" + start,
                                        "0x1",
                                        "1.0",
                                        "1e9",
                                        "000" + start,  // thirteen digits
                                        "253402300800",
                                        "999999999999",
                                        "\xEF\xBC\x91"};
  for (const auto& value : bad) {
    for (const auto* name : {"nbf", "exp"}) {
      CAPTURE(json::dump(value));
      const auto report = verify(sign(with(app_claims(), name, value)));
      CHECK(verdict(report) == "claims.required 2000001");
      CHECK(has(report.first_failure()->reason, name));
      CHECK(judge_outer(*this, [&](auto claims) { return with(claims, name, value); }) ==
            "outer.claims 2000001");
    }
  }
  // The latest second there is can be read, and is refused for what it means.
  CHECK(judge(*this, with(app_claims(), "exp", "253402300799")) == "time 2000002");
  CHECK(judge(*this, with(app_claims(), "exp", std::int64_t{253402300799})) == "time 2000002");
}

TEST_CASE_FIXTURE(World, "attack 23: a token ends after it begins, and not years later") {
  CHECK(judge(*this, with(app_claims(), "exp", digits(kNow - 5min))) == "claims.required 2000001");
  CHECK(judge(*this, with(app_claims(), "exp", digits(kNow - 6min))) == "claims.required 2000001");
  CHECK(judge(*this, with(app_claims(), "exp", digits(kNow + 24h * 365))) == "time 2000002");
}

// ---- Time: attack 24 ----

TEST_CASE_FIXTURE(World, "attack 24: the first and the last good second, and their neighbours") {
  const auto skew = policy.clock_skew;
  const auto start = kNow - 5min;
  const auto end = kNow + 8h;
  const auto judge_at = [&](Instant at) {
    now = at;
    return judge(*this, app_claims());
  };
  CHECK(judge_at(start - skew - 1s) == "time 2000002");
  CHECK(judge_at(start - skew).empty());
  CHECK(judge_at(end + skew - 1s).empty());
  CHECK(judge_at(end + skew) == "time 2000002");
  policy.clock_skew = 0s;
  CHECK(judge_at(start - 1s) == "time 2000002");
  CHECK(judge_at(start).empty());
  CHECK(judge_at(end - 1s).empty());
  CHECK(judge_at(end) == "time 2000002");
}

TEST_CASE_FIXTURE(World, "the maximum lifetime is allowed to the second") {
  policy.maximum_lifetime = 25h;
  const auto claims = [&](Instant start, Instant end) {
    return with(with(app_claims(), "nbf", digits(start)), "exp", digits(end));
  };
  CHECK(judge(*this, claims(kNow, kNow + 25h)).empty());
  CHECK(judge(*this, claims(kNow, kNow + 25h + 1s)) == "time 2000002");
  CHECK(judge(*this, claims(kNow + 5min, kNow + 25h + 5min)).empty());
  CHECK(judge(*this, claims(kNow + 5min, kNow + 25h + 5min + 1s)) == "time 2000002");
  policy.maximum_lifetime = 1h;
  policy.clock_skew = 0s;
  CHECK(judge(*this, claims(kNow, kNow + 1h)).empty());
  CHECK(judge(*this, claims(kNow, kNow + 1h + 1s)) == "time 2000002");
}

TEST_CASE_FIXTURE(World, "the outer token is valid itself and ends with its actor token") {
  const auto judge_times = [&](Instant start, Instant end) {
    return judge_outer(
        *this, [&](auto claims) { return with(with(claims, "nbf", digits(start)), "exp", digits(end)); });
  };
  const auto skew = policy.clock_skew;
  CHECK(judge_times(kNow - 5min, kNow + 8h + skew).empty());
  CHECK(judge_times(kNow - 5min, kNow + 8h + skew + 1s) == "outer.time 2000001");
  CHECK(judge_times(kNow + skew, kNow + 1h).empty());
  CHECK(judge_times(kNow + skew + 1s, kNow + 1h) == "outer.time 2000002");
  CHECK(judge_times(kNow - 1h, kNow - skew + 1s).empty());
  CHECK(judge_times(kNow - 1h, kNow - skew) == "outer.time 2000002");
  CHECK(judge_times(kNow - 48h, kNow + 1h) == "outer.time 2000002");
  CHECK(judge_actor(*this, [&](auto claims) {
          return with(with(claims, "nbf", digits(kNow - 8h)), "exp", digits(kNow - skew));
        }) == "time 2000002");
}

TEST_CASE_FIXTURE(World, "times at the end of all numbers are judged without surprise") {
  policy.clock_skew = Duration::max();
  policy.maximum_lifetime = Duration::max();
  for (const auto at : {Instant::min(), Instant::max(), Instant{}, kLatestInstant}) {
    now = at;
    static_cast<void>(verify(sign(with(with(app_claims(), "nbf", "0"), "exp", "253402300799"))));
  }
  policy.clock_skew = -10s;  // nobody sets this; it counts as none
  policy.maximum_lifetime = 25h;
  now = kNow;
  CHECK(judge(*this, app_claims()).empty());
}

// ---- Audience: attacks 25 to 28 ----

TEST_CASE_FIXTURE(World,
                  "attack 25: an audience is for us only if principal, host and realm are exactly ours") {
  const std::string principal(kLyncPrincipal);
  const std::vector<std::string> refused = {
      principal + "/lync.litwareinc.com.evil.com@litwareinc.com",
      principal + "/evil.lync.litwareinc.com@litwareinc.com",
      principal + "/lync.litwareinc.com@litwareinc.com@evil",
      principal + "/lync.litwareinc.com@evil@litwareinc.com",
      "x/" + principal + "/lync.litwareinc.com@litwareinc.com",
      principal + "//lync.litwareinc.com@litwareinc.com",
      principal + "/lync.litwareinc.com/@litwareinc.com",
      principal + "/lync.litwareinc.com.@litwareinc.com",
      principal + "/xn--lync.litwareinc.com@litwareinc.com",
      principal + "/lync%2elitwareinc.com@litwareinc.com",
      principal + "/\xC5\x82ync.litwareinc.com@litwareinc.com",
      principal + "/@litwareinc.com",
      principal + "@litwareinc.com",
      principal + "/lync.litwareinc.com@",
      principal + "/lync.litwareinc.com@*",
      principal + "/lync.litwareinc.com",
      principal + "/lync.litwareinc.com:@litwareinc.com",
      principal + "/lync.litwareinc.com:0443@litwareinc.com",
      principal + "/lync.litwareinc.com:65536@litwareinc.com",
      principal + "/lync.litwareinc.com:443:443@litwareinc.com",
      principal + "/lync.litwareinc.com:x@litwareinc.com",
      principal + "/:443@litwareinc.com",
      "/lync.litwareinc.com@litwareinc.com",
      "https://lync.litwareinc.com/",
      "00000002-0000-0ff1-ce00-000000000000/lync.litwareinc.com@litwareinc.com",
      "00000004-0000-0FF1-CE00-000000000000/lync.litwareinc.com@litwareinc.com",
      principal + " /lync.litwareinc.com@litwareinc.com"};
  for (const auto& text : refused) {
    CAPTURE(std::string(text));
    CHECK(judge(*this, with(app_claims(), "aud", text)) == "audience 2000003");
  }
  for (const auto* realm : {"contoso.com", "LITWAREINC.com", "litwareinc.com.evil", "xlitwareinc.com",
                            "\xEF\xBD\x8Citwareinc.com"}) {
    CAPTURE(std::string(realm));
    CHECK(judge(*this, with(app_claims(), "aud", audience("lync.litwareinc.com", realm))) ==
          "audience.realm 2000004");
  }
}

TEST_CASE_FIXTURE(World, "a host is compared without case, and its port as the entry says") {
  const auto judge_host = [&](std::string_view host) {
    return judge(*this, with(app_claims(), "aud", audience(host)));
  };
  policy.hosts = {"lync.litwareinc.com", "web.litwareinc.com:443", "lab.litwareinc.com:8443"};
  CHECK(judge_host("LYNC.litwareinc.COM").empty());
  CHECK(judge_host("lync.litwareinc.com:8443").empty());
  CHECK(judge_host("web.litwareinc.com").empty());
  CHECK(judge_host("web.litwareinc.com:443").empty());
  CHECK(judge_host("web.litwareinc.com:444") == "audience 2000003");
  CHECK(judge_host("lab.litwareinc.com:8443").empty());
  CHECK(judge_host("lab.litwareinc.com") == "audience 2000003");
  CHECK(judge_host("other.litwareinc.com") == "audience 2000003");
}

TEST_CASE_FIXTURE(World,
                  "without Hosts any name equal to or below a SIP domain counts, and the check says so") {
  policy.hosts.clear();
  const auto judge_host = [&](std::string_view host) {
    return judge(*this, with(app_claims(), "aud", audience(host)));
  };
  CHECK(judge_host("litwareinc.com").empty());
  CHECK(judge_host("a.b.LITWAREINC.com:8443").empty());
  for (const auto* host : {"evillitwareinc.com", "litwareinc.com.evil", "com", ".litwareinc.com",
                           "a..litwareinc.com", "lync.litwareinc.com.", "litwareinc"}) {
    CAPTURE(std::string(host));
    CHECK(judge_host(host) == "audience 2000003");
  }
  CHECK(has(check_of(verify(sign(app_claims())), "audience").detail, "no Hosts are set"));
  policy.sip_domains.clear();
  CHECK(judge_host("lync.litwareinc.com") == "audience 2000003");
}

TEST_CASE_FIXTURE(World, "the wrong host is told in the well-known words") {
  const auto report = verify(sign(with(app_claims(), "aud", audience("mail.contoso.com"))));
  CHECK(
      report.first_failure()->reason ==
      "The hostname component of the audience claim value is invalid. Expected 'lync.litwareinc.com'. Actual "
      "'mail.contoso.com'.");
}

TEST_CASE_FIXTURE(World, "attack 27: IgnoreCase folds ASCII in principal and realm, and nothing more") {
  policy.audience_ignores_case = true;
  CHECK(judge(*this, with(app_claims(), "aud", to_upper(audience()))).empty());
  for (const auto* realm : {"l\xC4\xB0twareinc.com", "l\xC4\xB1twareinc.com", "litwareinc.\xEF\xBD\x83om"}) {
    CAPTURE(std::string(realm));
    CHECK(judge(*this, with(app_claims(), "aud", audience("lync.litwareinc.com", realm))) ==
          "audience.realm 2000004");
  }
  // The outer audience stays equal to the byte.
  CHECK(judge_outer(*this, [](auto claims) { return with(claims, "aud", to_upper(audience())); }) ==
        "outer.audience 2000001");
}

TEST_CASE_FIXTURE(World, "an audience that is asked for replaces ours") {
  policy.audience = "https://mail.contoso.com/";
  CHECK(judge(*this, app_claims()) == "audience 2000003");
  CHECK(judge(*this, with(app_claims(), "aud", "https://mail.contoso.com")) == "audience 2000003");
  CHECK(judge(*this, with(app_claims(), "aud", "https://mail.contoso.com/")).empty());
}

TEST_CASE_FIXTURE(World, "the realm of an authorization server counts for its own tokens only") {
  CHECK(judge_server(*this, with(server_claims(), "aud", audience())).empty());
  CHECK(judge_server(*this, with(server_claims(), "aud", audience("lync.litwareinc.com", "contoso.com"))) ==
        "audience.realm 2000004");
  CHECK(judge(*this, with(app_claims(), "aud", audience("lync.litwareinc.com", kTenant))) ==
        "audience.realm 2000004");
}

// ---- Issuer, key and signature: attacks 8, 28, 29, 30, 40 ----

TEST_CASE_FIXTURE(World, "attack 28: the realm of an issuer is never empty or a wildcard") {
  for (const auto* name :
       {"00000002-0000-0ff1-ce00-000000000000@*", "00000002-0000-0ff1-ce00-000000000000@",
        "00000002-0000-0ff1-ce00-000000000000", "@litwareinc.com", "*@litwareinc.com",
        "00000002-0000-0FF1-CE00-000000000000@litwareinc.com",
        "00000002-0000-0ff1-ce00-000000000000@LITWAREINC.com",
        "00000002-0000-0ff1-ce00-000000000000@litwareinc.com@litwareinc.com",
        "00000002-0000-0ff1-ce00-000000000000/x@litwareinc.com", "http://sts.windows.net/x/"}) {
    CAPTURE(std::string(name));
    CHECK(judge(*this, with(with(app_claims(), "iss", name), "nameid", name)) == "issuer 2000001");
  }
}

TEST_CASE_FIXTURE(World, "attack 28: an issuer is never looked up with a realm that is a wildcard") {
  policy.trust.issuers = [this](const IssuerName&) -> Result<std::vector<TrustedIssuer>> {
    return std::vector{partner};
  };
  CHECK(judge(*this, with(app_claims(), "iss", std::string(kExchangePrincipal) + "@*")) == "issuer 2000001");
  CHECK(judge(*this, with(app_claims(), "iss", std::string(kExchangePrincipal) + "@")) == "issuer 2000001");
}

TEST_CASE_FIXTURE(World, "an issuer that two registrations share is refused") {
  policy.trust.issuers = [this](const IssuerName&) -> Result<std::vector<TrustedIssuer>> {
    return std::vector{partner, server};
  };
  CHECK(judge(*this, app_claims()) == "issuer 2000001");
}

TEST_CASE_FIXTURE(World,
                  "a URL issuer is looked up as a whole and its applications are of its registered realm") {
  const std::string url = "https://sts.windows.net/" + std::string(kTenant) + "/";
  server_issuer = {url, ""};
  auto claims = with(server_claims(), "iss", url);
  claims = with(claims, "identityprovider", url);
  CHECK(judge_server(*this, claims).empty());
  CHECK(judge_server(*this, with(claims, "nameid", std::string(kExchangePrincipal) + "@other")) ==
        "application 2000006");
  server.realm.clear();
  CHECK(judge_server(*this, with(claims, "aud", audience())) == "application 2000006");
}

TEST_CASE_FIXTURE(World, "attack 29: keys of one issuer do not sign for another") {
  // The authorization server's key under the partner's name, and the reverse; the x5t is as the attacker
  // likes.
  for (const auto* named : {"rsa", "rsa-other"}) {
    CAPTURE(std::string(named));
    const auto as_partner =
        verdict(verify(sign_with_header(header("RS256", named), app_claims(), "rsa-other")));
    CHECK(as_partner == (std::string_view(named) == "rsa" ? "signature 2000000" : "key 2000009"));
    const auto as_server = verdict(verify(sign_with_header(header("RS256", named), server_claims(), "rsa")));
    CHECK(as_server == (std::string_view(named) == "rsa" ? "key 2000009" : "signature 2000000"));
  }
}

// A key of a JWKS: with the name that it has there.
Certificate of_key_set(const std::string& name, const std::string& kid) {
  auto made = test::certificate(name);
  made.kid = kid;
  return made;
}

std::string signed_with_kid(const World& world, std::string_view kid, const std::string& key = "rsa") {
  const auto header = with(without(World::header(), "x5t"), "kid", kid);
  return World::sign_with_header(header, world.app_claims(), key);
}

TEST_CASE_FIXTURE(World, "a kid alone chooses among keys that came from a JWKS, and no others") {
  CHECK(verdict(verify(signed_with_kid(*this, "key-1"))) == "key 2000009");
  partner.keys = {of_key_set("rsa", "key-1"), of_key_set("rsa-other", "key-2"), test::certificate("p256")};
  CHECK(verdict(verify(signed_with_kid(*this, "key-1"))).empty());
  CHECK(verdict(verify(signed_with_kid(*this, "key-2", "rsa-other"))).empty());

  SUBCASE("the name is compared byte for byte") {
    for (const auto* kid : {"KEY-1", "key-", "key-11", "key-3"}) {
      CAPTURE(kid);
      CHECK(verdict(verify(signed_with_kid(*this, kid))) == "key 2000009");
    }
  }
  SUBCASE("the key of another name does not verify") {
    CHECK(verdict(verify(signed_with_kid(*this, "key-2", "rsa"))) == "signature 2000000");
  }
  SUBCASE("a key without a kid is never meant, not by its x5t either") {
    CHECK(verdict(verify(signed_with_kid(*this, test::certificate("p256").x5t()))) == "key 2000009");
    CHECK(verdict(verify(signed_with_kid(*this, test::certificate("rsa").x5t()))) == "key 2000009");
  }
  SUBCASE("the key still decides the algorithm") {
    partner.keys = {of_key_set("p256", "key-1")};
    CHECK(verdict(verify(signed_with_kid(*this, "key-1"))) == "key 2000000");
  }
  SUBCASE("a name that two certificates have means neither") {
    partner.keys = {of_key_set("rsa", "key-1"), of_key_set("rsa-other", "key-1")};
    CHECK(verdict(verify(signed_with_kid(*this, "key-1"))) == "key 2000009");
    partner.keys = {of_key_set("rsa", "key-1"), of_key_set("rsa", "key-1")};
    CHECK(verdict(verify(signed_with_kid(*this, "key-1"))).empty());
  }
  SUBCASE("the kid of another issuer's key chooses nothing") {
    partner.keys = {of_key_set("rsa-other", "key-2")};
    server.keys = {of_key_set("rsa", "key-1")};
    CHECK(verdict(verify(signed_with_kid(*this, "key-1"))) == "key 2000009");
  }
  SUBCASE("beside an x5t it is a repetition, whatever the key's own name") {
    const auto x5t = test::certificate("rsa").x5t();
    CHECK(verdict(verify(sign_with_header(with(header(), "kid", x5t), app_claims()))).empty());
    CHECK(verdict(verify(sign_with_header(with(header(), "kid", "key-1"), app_claims()))) ==
          "token.header 2000001");
    CHECK(verdict(verify(sign_with_header(header(), app_claims()))).empty());
  }
  SUBCASE("without any name there is no key, even where there is one only") {
    partner.keys = {of_key_set("rsa", "key-1")};
    CHECK(verdict(verify(sign_with_header(without(header(), "x5t"), app_claims()))) == "key 2000009");
  }
  SUBCASE("outside its validity it is refused") {
    partner.keys.front().not_after = kNow - std::chrono::seconds(1);
    CHECK(verdict(verify(signed_with_kid(*this, "key-1"))) == "key 2000009");
  }
}

TEST_CASE_FIXTURE(World, "an issuer named by an http URL, as ADFS calls itself, is looked up whole") {
  const std::string name = "http://fs.litwareinc.com/adfs/services/trust";
  std::optional<IssuerName> asked;
  policy.trust.issuers = [&](const IssuerName& issuer) -> Result<std::vector<TrustedIssuer>> {
    asked = issuer;
    return std::vector<TrustedIssuer>();
  };
  CHECK(verdict(verify(sign(with(app_claims(), "iss", name)))) == "issuer 2000001");
  REQUIRE(asked.has_value());
  CHECK(*asked == IssuerName{name, ""});
}

TEST_CASE_FIXTURE(World, "attack 30: x5t selects, and two certificates that share it select nothing") {
  auto twin = test::certificate("rsa-other");
  twin.thumbprint = test::certificate("rsa").thumbprint;
  partner.keys.push_back(twin);
  CHECK(judge(*this, app_claims()) == "key 2000009");
  partner.keys.back() = test::certificate("rsa");  // the same one twice is one
  CHECK(judge(*this, app_claims()).empty());
  // Under another issuer the same x5t has a key of its own.
  partner.keys = {test::certificate("rsa")};
  server.keys = {twin};
  CHECK(judge(*this, app_claims()).empty());
  CHECK(verdict(verify(sign_with_header(header("RS256", "rsa"), server_claims(), "rsa"))) ==
        "signature 2000000");
  CHECK(verdict(verify(sign_with_header(header("RS256", "rsa"), server_claims(), "rsa-other"))).empty());
}

TEST_CASE_FIXTURE(World, "an x5t is 27 characters without padding and with spare bits zero") {
  const auto x5t = test::certificate("rsa").x5t();
  auto spare = x5t;
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  spare.back() = alphabet[alphabet.find(spare.back()) + 1];
  for (const auto& text : {x5t + '=', x5t.substr(0, 26), spare, std::string(), x5t + 'A',
                           test::certificate("rsa").thumbprint, test::certificate("rsa-other").x5t()}) {
    CAPTURE(std::string(text));
    CHECK(verdict(verify(sign_with_header(with(header(), "x5t", text), app_claims()))) == "key 2000009");
  }
  CHECK(verdict(verify(sign_with_header(without(header(), "x5t"), app_claims()))) == "key 2000009");
  CHECK(verdict(verify(sign_with_header(with(header(), "x5t", std::int64_t{1}), app_claims()))) ==
        "token.header 2000001");
}

TEST_CASE_FIXTURE(
    World, "attack 40: a certificate counts from its first to its last second, and not when it is removed") {
  auto& certificate = partner.keys.front();
  certificate.not_before = kNow;
  certificate.not_after = kNow;
  CHECK(judge(*this, app_claims()).empty());
  certificate.not_before = kNow + 1s;
  certificate.not_after = kNow + 1h;
  CHECK(judge(*this, app_claims()) == "key 2000009");
  certificate.not_before = kNow - 1h;
  certificate.not_after = kNow - 1s;
  CHECK(judge(*this, app_claims()) == "key 2000009");
  partner.keys.erase(partner.keys.begin());
  CHECK(judge(*this, app_claims()) == "key 2000009");
}

TEST_CASE_FIXTURE(World, "a registered key that is too weak verifies nothing") {
  partner.keys.front().public_key = test::public_bytes("rsa1024");
  CHECK(judge(*this, app_claims()) == "key 2000009");
  partner.keys.front().public_key = test::public_bytes("p521");
  CHECK(judge(*this, app_claims()) == "key 2000000");
}

// ---- Application, trust and delegation: attacks 6 to 8 ----

TEST_CASE_FIXTURE(World, "attack 8: a server that issues for itself speaks for itself alone") {
  for (const auto* name : {"00000003-0000-0ff1-ce00-000000000000@litwareinc.com",
                           "00000002-0000-0ff1-ce00-000000000000@contoso.com",
                           "00000002-0000-0FF1-ce00-000000000000@litwareinc.com"}) {
    CAPTURE(std::string(name));
    CHECK(judge(*this, with(app_claims(), "nameid", name)) == "application 2000006");
  }
  CHECK(judge(*this, with(app_claims(), "nameid", "somebody")) == "application 2000001");
  CHECK(judge(*this, with(app_claims(), "identityprovider", partner_issuer.text())).empty());
  CHECK(judge(*this, with(app_claims(), "identityprovider", "urn:x")) == "application 2000006");
  CHECK(judge(*this, with(app_claims(), "actor", partner_issuer.text())) == "application 2000006");
}

TEST_CASE_FIXTURE(World,
                  "attack 8: an authorization server speaks for registered applications of its own realm") {
  const auto exchange = std::string(kExchangePrincipal);
  CHECK(judge_server(*this, with(server_claims(), "nameid", exchange + "@contoso.com")) ==
        "application 2000006");
  CHECK(judge_server(*this, with(server_claims(), "nameid", exchange + "@*")) == "application 2000001");
  CHECK(judge_server(*this, with(server_claims(), "nameid", exchange)) == "application 2000001");
  CHECK(judge_server(*this, with(server_claims(), "nameid", "other@" + std::string(kTenant))) ==
        "application 2000006");
  CHECK(judge_server(*this, with(server_claims(), "identityprovider", "urn:federation:microsoftonline")) ==
        "application 2000006");
  CHECK(judge_server(*this, with(server_claims(), "identityprovider", "")) == "application 2000006");
  CHECK(judge_server(*this, without(server_claims(), "identityprovider")).empty());
  hosted[0].realm = "contoso.com";
  CHECK(judge_server(*this, server_claims()) == "application 2000006");
  hosted[0].realm = std::nullopt;
  CHECK(judge_server(*this, server_claims()).empty());
  hosted.push_back({.identity = "second"});
  CHECK(judge_server(*this, server_claims()) == "application 2000006");
  hosted.clear();
  CHECK(judge_server(*this, server_claims()) == "application 2000006");
  policy.trust.applications = nullptr;
  CHECK(judge_server(*this, server_claims()) == "application 2000006");
}

TEST_CASE_FIXTURE(World, "a partner with keys of its own never signs a delegated token, however it looks") {
  auto claims = with(delegated_claims(), "iss", partner_issuer.text());
  claims = with(with(claims, "actor", partner_issuer.text()), "aud", audience());
  CHECK(judge(*this, claims) == "application 2000006");
}

TEST_CASE_FIXTURE(World, "a partner of another realm names our realm in the audience, not its own") {
  partner_issuer.realm = "contoso.com";
  partner.realm = "contoso.com";
  CHECK(judge(*this, app_claims()).empty());
  CHECK(judge(*this, with(app_claims(), "aud", audience(kServiceHost, "contoso.com"))) ==
        "audience.realm 2000004");
}

TEST_CASE_FIXTURE(World, "a delegated token names its application and a user's identity provider") {
  const auto exchange = std::string(kExchangePrincipal) + '@' + std::string(kTenant);
  CHECK(judge_server(*this, with(delegated_claims(), "actor",
                                 std::string(kExchangePrincipal) + "@contoso.com")) == "application 2000006");
  CHECK(judge_server(*this, with(delegated_claims(), "actor", "other@" + std::string(kTenant))) ==
        "application 2000006");
  CHECK(judge_server(*this, with(delegated_claims(), "actor", "x")) == "application 2000001");
  CHECK(judge_server(*this, with(delegated_claims(), "actor", "")) == "token.profile 2000001");
  CHECK(judge_server(*this, with(delegated_claims(), "actor", json::Value::object())) ==
        "token.profile 2000001");
  CHECK(judge_server(*this, with(delegated_claims(), "identityprovider", server_issuer.text())) ==
        "application 2000006");
  CHECK(judge_server(*this, without(delegated_claims(), "identityprovider")) == "application 2000006");
  CHECK(judge_server(*this, with(delegated_claims(), "actor", exchange)).empty());
}

TEST_CASE_FIXTURE(World, "a token of another partner than the one asked for is refused, naming both") {
  policy.only_partner = "Exchange";  // identities are unique without regard to case
  CHECK(judge(*this, app_claims()).empty());
  policy.only_partner = "sharepoint";
  const auto report = verify(sign(app_claims()));
  CHECK(verdict(report) == "application 2000006");
  CHECK(has(report.first_failure()->reason, "'sharepoint'"));
  CHECK(has(report.first_failure()->reason, "'exchange'"));
  policy.only_partner = "exchange-online";
  CHECK(judge_server(*this, server_claims()).empty());
}

TEST_CASE_FIXTURE(World, "the trust level decides which kinds of token are taken") {
  auto around = with(server_claims(), "trustedfordelegation", "true");
  auto hosted_outer = with(outer(sign_as_server(around)), "aud", *around.find("aud"));
  hosted_outer = with(hosted_outer, "iss", *around.find("nameid"));
  struct Row {
    Trust trust = Trust::full;
    bool app_only = false;
    bool with_user = false;
    bool delegated = false;
  };
  for (const auto& row : {Row{Trust::full, true, true, true}, Row{Trust::application, true, false, true},
                          Row{Trust::user, false, false, true}}) {
    partner.application.trust = row.trust;
    hosted[0].trust = row.trust;
    CAPTURE(static_cast<int>(row.trust));
    const auto expected = [](bool allowed) { return std::string(allowed ? "" : "trust.level 2000001"); };
    CHECK(judge(*this, app_claims()) == expected(row.app_only));
    CHECK(verdict(verify(outer_token())) == expected(row.with_user));
    CHECK(judge_server(*this, server_claims()) == expected(row.app_only));
    CHECK(verdict(verify(unsigned_token(hosted_outer))) == expected(row.with_user));
    CHECK(judge_server(*this, delegated_claims()) == expected(row.delegated));
  }
}

TEST_CASE_FIXTURE(World, "attack 6: the outer token is of the application of its actor token, to the byte") {
  for (const auto* name : {"00000003-0000-0ff1-ce00-000000000000@litwareinc.com",
                           "00000002-0000-0FF1-CE00-000000000000@litwareinc.com",
                           "00000002-0000-0ff1-ce00-000000000000@contoso.com",
                           "00000002-0000-0ff1-ce00-000000000000@litwareinc.com "}) {
    CAPTURE(std::string(name));
    CHECK(judge_outer(*this, [&](auto claims) { return with(claims, "iss", name); }) ==
          "outer.issuer 2000001");
  }
  CHECK(judge_outer(*this, [](auto claims) {
          return with(claims, "aud", audience("other.litwareinc.com"));
        }) == "outer.audience 2000001");
  CHECK(judge_outer(*this, [](auto claims) { return with(claims, "aud", to_upper(audience())); }) ==
        "outer.audience 2000001");
}

TEST_CASE_FIXTURE(World, "actor tokens of one issuer do not fit outer tokens of another") {
  const auto hosted_name = std::string(kExchangePrincipal) + '@' + std::string(kTenant);
  const auto hosted_actor = sign_as_server(with(server_claims(), "trustedfordelegation", "true"));
  CHECK(verdict(verify(unsigned_token(outer(hosted_actor)))) == "outer.issuer 2000001");
  CHECK(judge_outer(*this, [&](auto claims) { return with(claims, "iss", hosted_name); }) ==
        "outer.issuer 2000001");
  CHECK(judge_outer(*this, [&](auto claims) {
          return with(claims, "actortoken", sign_as_server(server_claims()));
        }) == "outer.issuer 2000001");
  CHECK(judge_outer(*this, [&](auto claims) {
          return with(claims, "actortoken", sign_as_server(delegated_claims()));
        }) == "actor.form 2000001");
  // The actor's claims signed by a key of nobody's, and the actor of this partner with an x5t of the other
  // issuer.
  CHECK(judge_outer(*this, [&](auto claims) {
          return with(claims, "actortoken", sign(actor(), "rsa-other"));
        }) == "key 2000009");
}

TEST_CASE_FIXTURE(World, "attack 7: an actor token carries a user only when it says that it may") {
  const auto judge_value = [&](const json::Value& value) {
    return judge_actor(*this, [&](auto claims) { return with(claims, "trustedfordelegation", value); });
  };
  CHECK(judge_actor(*this, [](auto claims) { return without(claims, "trustedfordelegation"); }) ==
        "delegation 2000001");
  for (const auto& value :
       {json::Value("false"), json::Value("True"), json::Value(""), json::Value(true), json::Value()}) {
    CHECK(judge_value(value) == "delegation 2000001");
  }
  partner.application.require_trusted_for_delegation = false;
  CHECK(judge_actor(*this, [](auto claims) { return without(claims, "trustedfordelegation"); }).empty());
  const auto denied = verify(unsigned_token(outer(sign(with(actor(), "trustedfordelegation", "false")))));
  CHECK(check_of(denied, "delegation").outcome == Outcome::warn);
}

TEST_CASE_FIXTURE(World,
                  "attack 7: the requirement cannot be off for actor tokens of an authorization server") {
  hosted[0].require_trusted_for_delegation = false;
  const auto actor_token = server_claims();
  auto around = with(outer(sign_as_server(actor_token)), "aud", *actor_token.find("aud"));
  around = with(around, "iss", *actor_token.find("nameid"));
  CHECK(verdict(verify(unsigned_token(around))) == "delegation 2000001");
}

// ---- Users ----

struct UserCase {
  std::string name;
  std::vector<json::Member> claims;
  bool accept_sid = false;
  std::string kind;  // "" when refused
  std::string user = {};
  Outcome outcome = Outcome::pass;
};

TEST_CASE_FIXTURE(World, "users are found by SID, UPN, SMTP and SIP address, in this order") {
  const std::string ad(kActiveDirectoryNii);
  const std::string sid = "s-1-5-21-2127521184-1604012920-1887927527-2963467";
  const std::string ken = "ken@litwareinc.com";
  const std::vector<UserCase> cases = {
      {"SID", {{"nameid", sid}, {"nii", ad}}, true, "Sid", sid},
      {"SID, nii in another case", {{"nameid", sid}, {"nii", to_upper(ad)}}, true, "Sid", sid},
      {"SID before all",
       {{"nameid", sid}, {"nii", ad}, {"upn", ken}, {"smtp", ken}, {"sip", ken}},
       true,
       "Sid",
       sid},
      {"SID not accepted", {{"nameid", sid}, {"nii", ad}}, false, ""},
      {"SID not accepted, with UPN", {{"nameid", sid}, {"nii", ad}, {"upn", ken}}, false, "Upn", ken},
      {"no SID at all", {{"nameid", ken}, {"nii", ad}}, true, ""},
      {"SID without nii", {{"nameid", sid}}, true, ""},
      {"nameid as UPN", {{"nameid", ken}}, false, "Upn", ken},
      {"UPN before SMTP", {{"upn", ken}, {"smtp", "a@litwareinc.com"}}, false, "Upn", ken},
      {"SMTP before SIP", {{"sip", "sip:a@litwareinc.com"}, {"smtp", ken}}, false, "Smtp", ken},
      {"SIP with scheme", {{"sip", "sip:" + ken}}, false, "Sip", ken},
      {"SIP with scheme in another case", {{"sip", "SIP:" + ken}}, false, "Sip", ken},
      {"SIP without scheme", {{"sip", ken}}, false, "Sip", ken},
      {"PUID", {{"nameid", "2303000085ff9abc"}, {"nii", "urn:federation:MicrosoftOnline"}}, true, ""},
      {"PUID with UPN",
       {{"nameid", "2303000085ff9abc"}, {"nii", "urn:office:idp:orgid"}, {"upn", ken}},
       true,
       "Upn",
       ken},
      {"unknown nii, UPN alone", {{"nameid", "x"}, {"nii", "trusted:saml"}, {"upn", ken}}, true, ""},
      {"unknown nii with SMTP",
       {{"nameid", "x"}, {"nii", "trusted:saml"}, {"upn", ken}, {"smtp", ken}},
       true,
       "Smtp",
       ken},
      {"empty nii", {{"nameid", ken}, {"nii", ""}}, false, ""},
      {"nii no string", {{"nameid", ken}, {"nii", true}}, false, ""},
      {"empty smtp", {{"upn", ken}, {"smtp", ""}}, false, ""},
      {"sip only a scheme", {{"upn", ken}, {"sip", "sip:"}}, false, ""},
      {"upn no string", {{"smtp", ken}, {"upn", json::Value::array({ken})}}, false, ""},
      {"UPN no address", {{"upn", "ken"}}, false, ""},
      {"UPN with two @", {{"upn", "ken@evil@litwareinc.com"}}, false, ""},
      {"UPN with a blank", {{"upn", "ken @litwareinc.com"}}, false, ""},
      {"other domain", {{"upn", "ken@contoso.com"}}, false, "Upn", "ken@contoso.com", Outcome::warn},
      {"domain in another case", {{"upn", "ken@LITWAREINC.com"}}, false, "Upn", "ken@LITWAREINC.com"},
      {"below our domain",
       {{"upn", "ken@x.litwareinc.com"}},
       false,
       "Upn",
       "ken@x.litwareinc.com",
       Outcome::warn},
      {"nameid and upn differ",
       {{"nameid", "a@litwareinc.com"}, {"upn", ken}},
       false,
       "Upn",
       ken,
       Outcome::warn}};
  for (const auto& one : cases) {
    CAPTURE(one.name);
    partner.application.accept_sid = one.accept_sid;
    auto claims = without(without(outer(sign(actor())), "nameid"), "upn");
    for (const auto& inner : one.claims) claims.add(inner.first, inner.second);
    const auto report = verify(unsigned_token(claims));
    if (one.kind.empty()) {
      CHECK(verdict(report) == "user 2000005");
      continue;
    }
    CHECK(verdict(report).empty());
    CHECK(check_of(report, "user").outcome == one.outcome);
    REQUIRE(report.token() != nullptr);
    CHECK(report.token()->user_kind == one.kind);
    CHECK(report.token()->user == one.user);
  }
}

TEST_CASE_FIXTURE(World, "all names of the user are reported") {
  partner.application.accept_sid = true;
  auto claims = outer_claims(
      request(),
      {.sid = "s-1-5-21-1", .upn = "a@litwareinc.com", .smtp = "b@litwareinc.com", .sip = "c@litwareinc.com"},
      sign(actor()));
  const auto detail = check_of(verify(unsigned_token(claims)), "user").detail;
  for (const auto* part :
       {"Sid 's-1-5-21-1'", "Upn 'a@litwareinc.com'", "Smtp 'b@litwareinc.com'", "Sip 'c@litwareinc.com'"}) {
    CAPTURE(std::string(part));
    CHECK(has(detail, part));
  }
}

TEST_CASE_FIXTURE(World, "by way of an authorization server the partner's own settings count") {
  auto claims = with(delegated_claims(), "nii", std::string(kActiveDirectoryNii));
  claims = without(with(claims, "nameid", "s-1-5-21-1-2"), "upn");
  server.accept_sid = true;
  CHECK(judge_server(*this, claims) == "user 2000005");
  server.accept_sid = false;
  hosted[0].accept_sid = true;
  CHECK(judge_server(*this, claims).empty());
}

TEST_CASE_FIXTURE(World, "the identity provider of a delegated token says whose name its nameid is") {
  CHECK(judge_server(*this, without(delegated_claims(), "upn")) ==
        "user 2000005");  // a PUID names nobody here
  CHECK(judge_server(*this, with(delegated_claims(), "identityprovider", "trusted:saml")) == "user 2000005");
}

// ---- What is told: attacks 38, 39 and 44 ----

TEST_CASE_FIXTURE(World, "attack 38: no claim can add a header line or end the reason") {
  for (const auto* host : {"evil\"\r\nX-Injected: 1", "evil\\\"", "evil\x01", "\xC3\xA4", "\xE2\x80\xAE"}) {
    auto claims = with(app_claims(), "iss", host);
    const auto line = diagnostics_line(verify(sign(claims)), false);
    CAPTURE(line);
    CHECK(line.starts_with("2000001;reason=\""));
    CHECK(line.ends_with("\";error_category=\"invalid_token\""));
    for (const char c : line) CHECK((c >= ' ' && c <= '~'));
    // Between the quotes every quote and backslash is escaped.
    const auto inside =
        line.substr(16, line.size() - 16 - std::string_view("\";error_category=\"invalid_token\"").size());
    for (std::size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] == '\\') {
        ++i;
        REQUIRE(i < inside.size());
        CHECK((inside[i] == '\\' || inside[i] == '"'));
      } else {
        CHECK(inside[i] != '"');
      }
    }
  }
}

TEST_CASE_FIXTURE(World, "attack 39: a detail is safe for a terminal and of bounded length") {
  const auto report = verify(sign(with(app_claims(), "iss", "\x1B[2J\xE2\x80\xAE" + std::string(5000, 'x'))));
  for (const auto& check : report.checks()) {
    CHECK(escape_for_terminal(check.detail) == check.detail);
    CHECK(escape_for_terminal(check.reason) == check.reason);
    CHECK(check.detail.size() < 1000);
  }
}

TEST_CASE_FIXTURE(World, "no detail or reason holds a token") {
  const auto actor_token = sign(actor());
  for (const auto& token :
       {unsigned_token(outer(actor_token)), unsigned_token(outer(actor_token + "AAAA"))}) {
    for (const auto& check : verify(token).checks()) {
      CHECK_FALSE(has(check.detail, actor_token.substr(actor_token.size() - 20)));
      CHECK_FALSE(has(check.reason, actor_token.substr(0, 20)));
    }
  }
}

TEST_CASE_FIXTURE(World,
                  "attack 44: minimal detail tells nothing that was found before the signature passed") {
  const auto minimal = [&](const std::string& token) { return diagnostics_line(verify(token), true); };
  const std::string plain = "2000001;reason=\"The token was not accepted.\";error_category=\"invalid_token\"";
  CHECK(minimal("x") == plain);
  CHECK(minimal(sign(with(app_claims(), "aud", audience("x.example")))) == plain);
  CHECK(minimal(sign(with(app_claims(), "iss", "x@y"))) == plain);
  CHECK(minimal(sign(app_claims()) + "AAAA") == plain);
  CHECK(minimal(sign(with(app_claims(), "nameid", "x@y"))).starts_with("2000006;"));
  CHECK(diagnostics_line(verify(sign(app_claims()) + "AAAA"), false) ==
        "2000000;reason=\"The token has an invalid signature.\";error_category=\"invalid_signature\"");
  CHECK(minimal(sign(app_claims())).empty());
  CHECK(diagnostics_line(verify(sign(app_claims())), false).empty());
}

TEST_CASE_FIXTURE(World, "any claims come to a verdict") {
  const auto names = std::vector<std::string>{"aud",        "iss",
                                              "nbf",        "exp",
                                              "nameid",     "actor",
                                              "actortoken", "identityprovider",
                                              "nii",        "upn",
                                              "smtp",       "sip",
                                              "appctx",     "trustedfordelegation"};
  CHECK(rc::check("two claims are anything", [&] {
    auto claims = *rc::gen::element(app_claims(), server_claims(), delegated_claims());
    for (int i = 0; i < 2; ++i) {
      const auto name = *rc::gen::elementOf(names);
      auto text = std::string();
      for (const auto c : *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127))) text += c;
      const auto value =
          *rc::gen::element(json::Value(text), json::Value(), json::Value(true), json::Value::array(),
                            json::Value(std::int64_t{INT64_MAX}), json::Value("s-1-5-1"), json::Value("a@b"));
      claims = with(claims, name, value);
    }
    const auto report = verify(sign(claims));
    RC_ASSERT(report.checks().size() == token_rules().size());
    RC_ASSERT(report.accepted() == (report.first_failure() == nullptr));
  }));
}

// ---- --profile jws ----

std::string jws_verdict(const TokenReport& report) {
  CHECK(report.token() == nullptr);
  const auto* failure = report.first_failure();
  CHECK(report.accepted() == (failure == nullptr));
  return failure == nullptr ? ""
                            : std::string(failure->name) + ' ' + std::to_string(failure->diagnostic.code);
}

std::vector<Key> keys_of(const std::vector<std::string>& jwks) {
  std::vector<Key> keys;
  keys.reserve(jwks.size());
  for (const auto& text : jwks) keys.push_back(must(read_key(text)));
  return keys;
}

TEST_CASE("the examples of RFC 7515 verify with the key they come with, and the unsigned one never") {
  ACCORD_NEEDS_VECTORS();
  const auto file = [](const std::string& name) {
    return std::string(trim(test::slurp(test::vectors_folder() + "/rfc-jose/" + name)));
  };
  for (const auto* name : {"rfc7515_A.1", "rfc7515_A.2", "rfc7515_A.3"}) {
    CAPTURE(std::string(name));
    const auto token = file(std::string(name) + ".jwsc");
    const auto keys = keys_of({file(std::string(name) + ".jwk")});
    CHECK(jws_verdict(verify_jws(token, keys)).empty());
    for (std::size_t i = 0; i < token.size(); ++i) {
      auto damaged = token;
      damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
      if (verify_jws(damaged, keys).accepted()) FAIL("accepted with byte " << i << " changed");
    }
  }
  CHECK(jws_verdict(verify_jws(file("rfc7515_A.5.jwsc"), keys_of({file("rfc7515_A.2.jwk")}))) ==
        "token.header 2000001");
  World world;
  for (const auto* name : {"rfc7515_A.1", "rfc7515_A.5"}) {
    CHECK(verdict(world.verify(file(std::string(name) + ".jwsc"))) == "token.profile 2000001");
  }
}

TEST_CASE("the cookbook's compact examples verify, and those with members outside the signature do not") {
  ACCORD_NEEDS_VECTORS();
  const auto folder = test::vectors_folder() + "/rfc7520-cookbook/";
  const auto load = [&](const std::string& name) { return must(json::parse(test::slurp(folder + name))); };
  for (const auto* name :
       {"jws/4_1.rsa_v15_signature.json", "jws/4_2.rsa-pss_signature.json", "jws/4_3.ecdsa_signature.json",
        "jws/4_4.hmac-sha2_integrity_protection.json", "curve25519/jws.json"}) {
    CAPTURE(std::string(name));
    const auto example = load(name);
    const auto token = std::string(example.find("output")->find_string("compact").value());
    const auto key = json::dump(*example.find("input")->find("key"));
    CHECK(jws_verdict(verify_jws(token, keys_of({key}))).empty());
    CHECK(jws_verdict(verify_jws(token.substr(0, token.rfind('.') + 1) + "AAAA", keys_of({key}))) ==
          "signature 2000000");
    World world;
    CHECK_FALSE(world.verify(token).accepted());
  }
  for (const auto* name :
       {"jws/4_5.signature_with_detached_content.json", "jws/4_6.protecting_specific_header_fields.json",
        "jws/4_7.protecting_content_only.json"}) {
    CAPTURE(std::string(name));
    const auto example = load(name);
    const auto key = json::dump(*example.find("input")->find("key"));
    World world;
    for (const auto& one : example.find("output")->members()) {
      const auto& form = one.first;
      const auto& value = one.second;
      CAPTURE(form);
      const auto token = value.is_string() ? value.text() : json::dump(value);
      CHECK_FALSE(world.verify(token).accepted());
      CHECK_FALSE(verify_jws(token, keys_of({key})).accepted());
    }
  }
}

TEST_CASE("a kid selects; keys without an id are tried when no key has it, keys with another are not") {
  const auto secret = [](char c) { return base64url_encode(std::string(32, c)); };
  const auto jwk = [&](char c, const std::string& id) {
    return R"({"kty":"oct","k":")" + secret(c) + '"' + (id.empty() ? "" : R"(,"kid":")" + id + '"') + '}';
  };
  const auto token = [&](char c, const std::string& head) {
    const auto input = segment(head) + '.' + segment("any payload");
    return input + '.' + segment(must(keys_of({jwk(c, "")})[0].sign(Algorithm::hs256, input)));
  };
  const std::string named = R"({"alg":"HS256","kid":"a"})";
  CHECK(jws_verdict(verify_jws(token('x', named), keys_of({jwk('y', "b"), jwk('x', "a")}))).empty());
  CHECK(jws_verdict(verify_jws(token('x', named), keys_of({jwk('x', "b"), jwk('y', "a")}))) ==
        "signature 2000000");
  CHECK(jws_verdict(verify_jws(token('x', named), keys_of({jwk('x', "b")}))) == "key 2000009");
  CHECK(jws_verdict(verify_jws(token('x', named), keys_of({jwk('x', "")}))).empty());
  CHECK(jws_verdict(verify_jws(token('x', named), keys_of({jwk('x', ""), jwk('y', "a")}))) ==
        "signature 2000000");
  const std::string plain = R"({"alg":"HS256","cty":"text","typ":"anything"})";
  CHECK(jws_verdict(verify_jws(token('x', plain), keys_of({jwk('y', "b"), jwk('x', "a")}))).empty());
  CHECK(jws_verdict(verify_jws(token('x', plain), keys_of({jwk('y', "b")}))) == "signature 2000000");
  CHECK(jws_verdict(verify_jws(token('x', plain), {})) == "key 2000009");
}

TEST_CASE("the JWS profile keeps the refusals that concern the header") {
  const auto keys = keys_of({R"({"kty":"oct","k":")" + base64url_encode(std::string(32, 'x')) + "\"}"});
  const auto judge_header = [&](const std::string& head) {
    const auto input = segment(head) + '.';
    return jws_verdict(verify_jws(input + '.' + segment(must(keys[0].sign(Algorithm::hs256, input))), keys));
  };
  CHECK(judge_header(R"({"alg":"HS256"})").empty());  // even no payload
  for (const auto* member : {"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"}) {
    CAPTURE(std::string(member));
    CHECK(judge_header(R"({"alg":"HS256",")" + std::string(member) + R"(":true})") == "token.header 2000001");
  }
  for (const auto* head : {R"({})", R"({"alg":1})", R"({"alg":"none"})", R"({"alg":"NonE"})",
                           R"({"alg":"hs256"})", R"({"alg":"HS256","kid":1})"}) {
    CAPTURE(std::string(head));
    CHECK(judge_header(head) == "token.header 2000001");
  }
  CHECK(judge_header(R"({"alg":"HS256","kid":")" + std::string(256, 'k') + "\"}").empty());
  CHECK(judge_header(R"({"alg":"HS256","kid":")" + std::string(257, 'k') + "\"}") == "token.header 2000001");
  CHECK(jws_verdict(verify_jws("x", keys)) == "token.form 2000001");
}

TEST_CASE("attack 9: on the JWS layer a public key is no HMAC secret") {
  const auto der = test::data("token-rsa.pub");
  auto jwk = json::Value::object();
  jwk.add("kty", "oct");
  jwk.add("k", base64url_encode(der));
  const auto input = segment(R"({"alg":"HS256"})") + '.' + segment("x");
  const auto token = input + '.' + segment(must(must(Key::from_jwk(jwk)).sign(Algorithm::hs256, input)));
  CHECK(jws_verdict(verify_jws(token, keys_of({der}))) == "key 2000009");
}

}  // namespace
}  // namespace accord
