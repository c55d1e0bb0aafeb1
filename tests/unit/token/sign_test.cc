#include "lib/token/sign.h"

#include "tests/unit/token/token_kit.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

const TokenRequest kRequest = {
    .issuer = {"00000004-0000-0ff1-ce00-000000000000", "litwareinc.com"},
    .audience = "00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",
    .not_before = Instant(std::chrono::seconds(1403212820)),
    .expires = Instant(std::chrono::seconds(1403256020))};

TEST_CASE("an actor token has the five claims as strings, in the order of the product") {
  CHECK(
      json::dump(actor_claims(kRequest, false)) ==
      R"({"aud":"00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",)"
      R"("iss":"00000004-0000-0ff1-ce00-000000000000@litwareinc.com","nbf":"1403212820","exp":"1403256020",)"
      R"("nameid":"00000004-0000-0ff1-ce00-000000000000@litwareinc.com"})");
  CHECK(actor_claims(kRequest, true).find_string("trustedfordelegation") == "true");
}

TEST_CASE("an outer token names the user in lower case, and the SID with its issuer first") {
  const TokenUser user = {.sid = "S-1-5-21-1-2-3-500",
                          .upn = "KenMyer@litwareinc.com",
                          .smtp = "Ken@Litwareinc.com",
                          .sip = "sip:KenMyer@litwareinc.com"};
  CHECK(
      json::dump(outer_claims(kRequest, user, "a.b.c")) ==
      R"({"aud":"00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",)"
      R"("iss":"00000004-0000-0ff1-ce00-000000000000@litwareinc.com","nbf":"1403212820","exp":"1403256020",)"
      R"("nameid":"s-1-5-21-1-2-3-500","nii":"urn:office:idp:activedirectory","upn":"kenmyer@litwareinc.com",)"
      R"("smtp":"ken@litwareinc.com","sip":"kenmyer@litwareinc.com","actortoken":"a.b.c"})");
}

TEST_CASE("a UPN stands in nameid, and an address alone leaves nameid and nii out") {
  const auto upn = outer_claims(kRequest, {.upn = "kenmyer@litwareinc.com"}, "a.b.c");
  CHECK(upn.find_string("nameid") == "kenmyer@litwareinc.com");
  CHECK(upn.find_string("upn") == "kenmyer@litwareinc.com");
  CHECK(upn.find("nii") == nullptr);
  const auto smtp = outer_claims(kRequest, {.smtp = "kenmyer@litwareinc.com"}, "a.b.c");
  CHECK(smtp.find("nameid") == nullptr);
  CHECK(smtp.find("nii") == nullptr);
  CHECK(smtp.find_string("smtp") == "kenmyer@litwareinc.com");
}

TEST_CASE("an assertion names no application") {
  CHECK(json::dump(assertion_claims(kRequest, "one")) ==
        R"({"iss":"00000004-0000-0ff1-ce00-000000000000@litwareinc.com",)"
        R"("aud":"00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",)"
        R"("iat":"1403212820","nbf":"1403212820","exp":"1403256020","jti":"one"})");
}

TEST_CASE("a signed token has typ, alg and x5t in its header, and is signed with the key") {
  const auto x5t = test::certificate("rsa").x5t();
  const auto token =
      must(sign_token(actor_claims(kRequest, false), test::signing_key("rsa"), Algorithm::rs256, x5t));
  const auto jws = must(parse_compact(token));
  CHECK(json::dump(jws.header) == R"({"typ":"JWT","alg":"RS256","x5t":")" + x5t + R"("})");
  CHECK(must(Key::from_public(test::public_bytes("rsa")))
            .verify(Algorithm::rs256, jws.signing_input, jws.signature));
}

TEST_CASE("the header of an unsigned token is the well-known one, and its third segment is empty") {
  const auto token = unsigned_token(json::Value::object());
  CHECK(token == "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.");
}

TEST_CASE("a key without a private part, or of another kind, signs nothing") {
  const auto claims = actor_claims(kRequest, false);
  const auto verifier = must(Key::from_public(test::public_bytes("rsa")));
  CHECK(error_id(sign_token(claims, verifier, Algorithm::rs256, "x")) == "Key.Invalid");
  CHECK(error_id(sign_token(claims, test::signing_key("p256"), Algorithm::rs256, "x")) == "Key.Invalid");
}

TEST_CASE("a token that nobody would read is not made") {
  auto claims = actor_claims(kRequest, false);
  claims.add("big", std::string(kMaximumTokenBytes, 'x'));
  CHECK(error_id(sign_token(claims, test::signing_key("ed25519"), Algorithm::eddsa, "x")) ==
        "Token.CannotMint");
}

}  // namespace
}  // namespace accord
