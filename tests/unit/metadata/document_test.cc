#include "lib/metadata/document.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <array>
#include <chrono>
#include <string>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::string_view kRealm = "72416f3c-199e-43f6-9bb5-29f4a10665d5";

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

std::string acs_text() {
  return test::slurp(test::vectors_folder() + "/acs-metadata/AcsRealmMetadataDocument.json");
}

// A DER element of this content: all that this layer looks at.
std::string element(std::string_view content) {
  return std::string("\x30") + static_cast<char>(content.size()) + std::string(content);
}

std::string x5t_of(std::string_view der) {
  return base64url_encode(sha1(der));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "the test replaces nothing: " << from);
  return text.replace(at, from.size(), to);
}

MetadataDocument lync() {
  return {.id = std::nullopt,
          .version = "1.0",
          .name = "Lync",
          .service_name = std::string(kLyncPrincipal),
          .issuer = {.principal = std::string(kLyncPrincipal), .realm = "litwareinc.com"},
          .allowed_audiences = {std::string(kLyncPrincipal) + "@litwareinc.com"},
          .keys = {{.usage = "signing", .der = element("first"), .x5t = x5t_of(element("first"))},
                   {.usage = "signing", .der = element("second"), .x5t = x5t_of(element("second"))}},
          .endpoints = {{.location = "https://lync.litwareinc.com/metadata/json/1",
                         .protocol = "OAuth2",
                         .usage = "metadata"}}};
}

std::string lync_text() {
  return write_auth_metadata(lync());
}

TEST_CASE("the document of a real authorization server is read") {
  ACCORD_NEEDS_VECTORS();
  const auto document = must(parse_auth_metadata(acs_text()));
  CHECK_FALSE(document.id.has_value());
  CHECK(document.version == "1.0");
  CHECK(document.name == "sts");
  CHECK_FALSE(document.service_name.has_value());
  CHECK(document.issuer.principal == kAuthorizationServerPrincipal);
  CHECK(document.issuer.realm == kRealm);
  CHECK(document.allowed_audiences.size() == 2);
  REQUIRE(document.keys.size() == 2);
  CHECK(document.keys[0].x5t == "kg2LYs2T0CTjIfj4rt6JIynen38");
  CHECK(document.keys[1].x5t == "18pnMg3UmrWvBK_tkDAbjgM5CmA");
  CHECK(hex_encode(sha1(document.keys[0].der)) == "920D8B62CD93D024E321F8F8AEDE892329DE9F7F");
  CHECK(document.endpoints.size() == 3);
  CHECK(document.endpoint("issuance") ==
        "https://accounts.accesscontrol.windows.net/" + std::string(kRealm) + "/tokens/OAuth/2");
  CHECK_FALSE(document.endpoint("metadata").has_value());
}

TEST_CASE("the certificate that the published Exchange sample cuts off is named by its x5t") {
  ACCORD_NEEDS_VECTORS();
  const auto text = test::slurp(test::vectors_folder() +
                                "/exchange-metadata-docs/exchange-online-authmetadata.docs-sample.json");
  const auto result = parse_auth_metadata(text);
  CHECK(error_id(result) == "Metadata.Invalid");
  CHECK(message(result).find("enh9BJrVPU5ijV1qjZjV-fL2bco") != std::string::npos);
  CHECK(message(result).find("cut off") != std::string::npos);

  // With a certificate in its place everything else of the sample is read.
  const auto der = element("whole");
  const auto whole =
      replaced(replaced(text, "MIIHNTCC...", base64_encode(der)), "enh9BJrVPU5ijV1qjZjV-fL2bco", x5t_of(der));
  const auto document = must(parse_auth_metadata(whole));
  CHECK(document.id == "_70b34511-d105-4e2b-9675-39f53305bb01");
  CHECK(document.service_name == kExchangePrincipal);
  CHECK(document.issuer.text() == std::string(kExchangePrincipal) + "@*");
  CHECK(document.endpoint("metadata").has_value());
}

TEST_CASE("our own document has one form, byte for byte") {
  auto document = lync();
  document.id = "_1";
  document.keys.resize(1);
  const auto der = base64_encode(element("first"));
  CHECK(write_auth_metadata(document) == R"({
  "id": "_1",
  "version": "1.0",
  "name": "Lync",
  "realm": "litwareinc.com",
  "serviceName": "00000004-0000-0ff1-ce00-000000000000",
  "issuer": "00000004-0000-0ff1-ce00-000000000000@litwareinc.com",
  "allowedAudiences": [
    "00000004-0000-0ff1-ce00-000000000000@litwareinc.com"
  ],
  "keys": [
    {
      "usage": "signing",
      "keyinfo": {
        "x5t": ")" + x5t_of(element("first")) +
                                             R"("
      },
      "keyvalue": {
        "type": "x509Certificate",
        "value": ")" + der + R"("
      }
    }
  ],
  "endpoints": [
    {
      "location": "https://lync.litwareinc.com/metadata/json/1",
      "protocol": "OAuth2",
      "usage": "metadata"
    }
  ]
}
)");
}

TEST_CASE("what is written reads back as it was") {
  CHECK(must(parse_auth_metadata(lync_text())) == lync());
  const auto word = rc::gen::container<std::string>(rc::gen::inRange<char>(' ', 127));
  const auto part = rc::gen::container<std::string>(
      rc::gen::suchThat(rc::gen::inRange<char>('!', 127), [](char c) { return c != '@' && c != '/'; }));
  CHECK(rc::check([&] {
    MetadataDocument document;
    document.name = *word;
    document.issuer = {.principal = *rc::gen::nonEmpty(part), .realm = *part};
    if (*rc::gen::arbitrary<bool>()) document.id = *word;
    if (*rc::gen::arbitrary<bool>()) document.service_name = document.issuer.principal;
    document.allowed_audiences = *rc::gen::container<std::vector<std::string>>(word);
    for (const auto& content : *rc::gen::nonEmpty(rc::gen::unique<std::vector<std::string>>(
             rc::gen::resize(100, rc::gen::arbitrary<std::string>())))) {
      const auto der = element(content);
      document.keys.push_back({.usage = "signing", .der = der, .x5t = x5t_of(der)});
    }
    for (const auto& location : *rc::gen::container<std::vector<std::string>>(word)) {
      document.endpoints.push_back(
          {.location = location, .protocol = "OAuth2", .usage = std::to_string(document.endpoints.size())});
    }
    RC_ASSERT(must(parse_auth_metadata(write_auth_metadata(document))) == document);
  }));
}

TEST_CASE("names are found in any case, and a name in two cases is a duplicate") {
  const auto plain = lync_text();
  const auto shouting = replaced(replaced(replaced(plain, "\"realm\"", "\"REALM\""), "keyvalue", "KeyValue"),
                                 "keyinfo", "KEYINFO");
  CHECK(must(parse_auth_metadata(shouting)) == lync());
  CHECK(error_id(parse_auth_metadata(replaced(plain, "\"name\"", "\"Realm\": \"other\",\n\"name\""))) ==
        "Json.Invalid");
}

TEST_CASE("issuer, realm and serviceName must agree to the letter") {
  const auto text = lync_text();
  const std::string principal(kLyncPrincipal);
  SUBCASE("realm") {
    const auto result =
        parse_auth_metadata(replaced(text, "\"realm\": \"litwareinc.com\"", "\"realm\": \"contoso.com\""));
    CHECK(error_id(result) == "Metadata.Contradiction");
    CHECK(message(result).find("litwareinc.com") != std::string::npos);
    CHECK(message(result).find("contoso.com") != std::string::npos);
  }
  SUBCASE("case of the realm") {
    CHECK(error_id(parse_auth_metadata(replaced(text, "\"realm\": \"l", "\"realm\": \"L"))) ==
          "Metadata.Contradiction");
  }
  SUBCASE("serviceName") {
    CHECK(error_id(parse_auth_metadata(replaced(text, "\"serviceName\": \"00000004",
                                                "\"serviceName\": \"00000002"))) == "Metadata.Contradiction");
  }
  SUBCASE("no issuer: serviceName and realm make it") {
    const auto without = replaced(text, "\"issuer\": \"" + principal + "@litwareinc.com\",", "");
    CHECK(must(parse_auth_metadata(without)).issuer == lync().issuer);
  }
  SUBCASE("neither issuer nor serviceName") {
    const auto without = replaced(replaced(text, "\"issuer\": \"" + principal + "@litwareinc.com\",", ""),
                                  "\"serviceName\": \"" + principal + "\",", "");
    CHECK(error_id(parse_auth_metadata(without)) == "Metadata.Invalid");
  }
  SUBCASE("an issuer that is no issuer") {
    for (const std::string issuer : {"", "@litwareinc.com", "a@b@litwareinc.com", "litwareinc.com"}) {
      CAPTURE(issuer);
      CHECK(error_id(parse_auth_metadata(replaced(text, principal + "@litwareinc.com\",\n  \"allowed",
                                                  issuer + "\",\n  \"allowed"))) == "Metadata.Invalid");
    }
  }
  SUBCASE("any realm, and none") {
    for (const std::string realm : {"*", ""}) {
      auto document = lync();
      document.issuer.realm = realm;
      CHECK(must(parse_auth_metadata(write_auth_metadata(document))).issuer.realm == realm);
    }
  }
}

// The text with its first key replaced.
std::string with_key(const std::string& key) {
  return R"({"version":"1.0","name":"n","realm":"r","issuer":"p@r","allowedAudiences":[],"keys":[)" + key +
         R"(],"endpoints":[]})";
}

TEST_CASE("keyinfo is found beside and inside keyvalue, and may be absent") {
  const auto der = element("certificate");
  const auto value = R"("type":"x509Certificate","value":")" + base64_encode(der) + '"';
  const auto info = R"("keyInfo":{"x5t":")" + x5t_of(der) + R"("})";
  const auto wrong = R"("keyInfo":{"x5t":")" + x5t_of("other") + R"("})";
  const auto key = [](const std::string& beside, const std::string& inside) {
    return with_key(R"({"usage":"signing",)" + beside + R"("keyValue":{)" + inside + "}}");
  };
  CHECK(must(parse_auth_metadata(key(info + ',', value))).keys.at(0).x5t == x5t_of(der));
  CHECK(must(parse_auth_metadata(key("", value + ',' + info))).keys.at(0).x5t == x5t_of(der));
  CHECK(must(parse_auth_metadata(key("", value))).keys.at(0).x5t == x5t_of(der));
  CHECK(must(parse_auth_metadata(key(info + ',', value + ',' + info))).keys.size() == 1);
  const std::array<std::string, 3> mismatches = {key(wrong + ',', value), key("", value + ',' + wrong),
                                                 key(info + ',', value + ',' + wrong)};
  for (const auto& text : mismatches) {
    const auto result = parse_auth_metadata(text);
    CHECK(error_id(result) == "Metadata.KeyMismatch");
    CHECK(message(result).find(x5t_of(der)) != std::string::npos);
    CHECK(message(result).find(x5t_of("other")) != std::string::npos);
  }
}

TEST_CASE("an x5t that is none does not match") {
  const auto der = element("certificate");
  for (const std::string& x5t :
       {std::string(), std::string("x"), hex_encode(sha1(der)), x5t_of(der) + "A", x5t_of(der) + "=="}) {
    CAPTURE(x5t);
    CHECK(error_id(parse_auth_metadata(with_key(R"({"usage":"signing","keyinfo":{"x5t":")" + x5t +
                                                R"("},"keyvalue":{"type":"x509Certificate","value":")" +
                                                base64_encode(der) + R"("}})"))) == "Metadata.KeyMismatch");
  }
}

TEST_CASE("keys of another usage or type are left out, and one must remain") {
  const auto good = R"({"usage":"signing","keyvalue":{"type":"x509Certificate","value":")" +
                    base64_encode(element("good")) + R"("}})";
  const std::array<std::string, 4> others = {
      R"({"usage":"encryption","keyvalue":{"type":"x509Certificate","value":"???"}})",
      R"({"usage":"signing","keyvalue":{"type":"rsaModulus","value":"???"}})",
      R"({"usage":"signing","keyvalue":{}})", R"({"keyvalue":{"type":"x509Certificate","value":"???"}})"};
  for (const auto& other : others) {
    CAPTURE(other);
    const auto document = must(parse_auth_metadata(with_key(fmt::format("{},{}", other, good))));
    REQUIRE(document.keys.size() == 1);
    CHECK(document.keys[0].der == element("good"));
    const auto none = parse_auth_metadata(with_key(other));
    CHECK(error_id(none) == "Metadata.Invalid");
    CHECK(message(none).find("no signing key") != std::string::npos);
  }
  CHECK(error_id(parse_auth_metadata(with_key(""))) == "Metadata.Invalid");
  CHECK(must(parse_auth_metadata(with_key(good + ',' + good))).keys.size() == 1);
}

TEST_CASE("a certificate that is cut off is refused before its x5t is compared") {
  const auto der = element("certificate of some length");
  const auto x5t = x5t_of(der);
  const auto base64 = base64_encode(der);
  for (std::size_t size = 0; size < base64.size(); ++size) {
    CAPTURE(size);
    const auto result = parse_auth_metadata(with_key(R"({"usage":"signing","keyinfo":{"x5t":")" + x5t +
                                                     R"("},"keyvalue":{"type":"x509Certificate","value":")" +
                                                     base64.substr(0, size) + R"("}})"));
    CHECK(error_id(result) == "Metadata.Invalid");
    CHECK(message(result).find(x5t) != std::string::npos);
  }
}

TEST_CASE("a member of the wrong type, or one that must be there and is not, is named") {
  const auto text = lync_text();
  const std::array<std::array<std::string, 3>, 8> cases = {
      {{R"("realm": "litwareinc.com",)", "", "realm"},
       {R"("realm": "litwareinc.com")", R"("realm": 1)", "realm"},
       {R"("version": "1.0")", R"("version": 1.0)", "version"},
       {R"("version": "1.0")", R"("version": "2.0")", "version"},
       {R"("name": "Lync")", R"("name": [])", "name"},
       {R"("keys")", R"("keyz")", "keys"},
       {R"("location")", R"("place")", "location"},
       {R"("allowedAudiences": [)", R"("allowedAudiences": [ 7,)", "allowedAudiences"}}};
  for (const auto& one : cases) {
    const auto& [from, to, named] = one;
    CAPTURE(one[1]);
    const auto result = parse_auth_metadata(replaced(text, from, to));
    CHECK(error_id(result) == "Metadata.Invalid");
    CHECK(message(result).find(named) != std::string::npos);
  }
}

TEST_CASE("two endpoints of one kind must be the same") {
  const auto text = lync_text();
  const std::string one = R"({"location":"https://a/","protocol":"OAuth2","usage":"issuance"})";
  const auto with = [&](const std::string& more) {
    return replaced(text, "\"endpoints\": [", "\"endpoints\": [" + one + ',' + more + ',');
  };
  CHECK(must(parse_auth_metadata(with(one))).endpoints.size() == 2);
  CHECK(must(parse_auth_metadata(with(replaced(one, "issuance", "metadata2")))).endpoints.size() == 3);
  CHECK(must(parse_auth_metadata(with(replaced(one, "OAuth2", "DelegationIssuance1.0"))))
            .endpoint("issuance") == "https://a/");
  CHECK(error_id(parse_auth_metadata(with(replaced(one, "https://a/", "https://b/")))) == "Metadata.Invalid");
}

TEST_CASE("what is not a metadata document is called what it is") {
  const std::array<std::pair<std::string, std::string>, 10> cases = {
      {{"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML"},
       {"\r\n <HTML>", "HTML"},
       {"<?xml version=\"1.0\"?><EntityDescriptor entityID=\"x\"/>", "XML"},
       {"\xEF\xBB\xBF<?xml version=\"1.0\"?><a/>", "XML"},
       {"", "empty"},
       {"[]", "array"},
       {R"({"issuer":"https://login/","jwks_uri":"https://login/keys","token_endpoint":"x"})",
        "openid-configuration"},
       {R"({"keys":[{"kty":"RSA","use":"sig"}]})", "JWKS"},
       {R"({"error":"invalid_request","error_description":"x"})", "invalid_request"},
       {"{}", "realm"}}};
  for (const auto& one : cases) {
    const auto& text = one.first;
    const auto& expected = one.second;
    CAPTURE(text);
    const auto result = parse_auth_metadata(text);
    CHECK(error_id(result) == "Metadata.Invalid");
    CHECK(message(result).find(expected) != std::string::npos);
  }
}

TEST_CASE("size and depth are refused before any work is done") {
  const auto start = std::chrono::steady_clock::now();
  std::string text;
  CHECK(error_id(parse_auth_metadata(text.assign(10'000'000, '['))) == "Json.Invalid");
  CHECK(error_id(parse_auth_metadata(text.assign(1'000'000, '['))) == "Json.Invalid");
  CHECK(error_id(parse_auth_metadata('{' + text.assign(10'000'000, ' '))) == "Json.Invalid");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  // One MiB is the last size that is read.
  constexpr std::size_t kMebibyte = 1'048'576;
  text = lync_text();
  text.resize(kMebibyte, ' ');
  CHECK(error_id(parse_auth_metadata(text)) == "");
  CHECK(error_id(parse_auth_metadata(text + ' ')) == "Json.Invalid");
}

TEST_CASE("damage never yields a key whose x5t is not the SHA-1 of its certificate") {
  const auto text = test::vectors_folder().empty() ? lync_text() : acs_text();
  CHECK(rc::check([&](std::uint32_t where, std::uint8_t value, std::uint32_t where2, std::uint8_t value2) {
    auto damaged = text;
    damaged[where % damaged.size()] = static_cast<char>(value);
    damaged[where2 % damaged.size()] = static_cast<char>(value2);
    const auto document = parse_auth_metadata(damaged);
    if (!document) return;
    for (const auto& key : document->keys) RC_ASSERT(key.x5t == x5t_of(key.der));
    RC_ASSERT(must(parse_auth_metadata(write_auth_metadata(*document))) == *document);
  }));
}

}  // namespace
}  // namespace accord
