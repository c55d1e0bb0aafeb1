#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/metadata/document.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::string_view kTenant = "72416f3c-199e-43f6-9bb5-29f4a10665d5";
constexpr std::string_view kConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad";

template <class T>
void says(const Result<T>& result, std::string_view id, std::string_view part) {
  const std::string text = result ? "" : result.error().message;
  INFO("'" << text << "' should have '" << part << "'");
  CHECK(error_id(result) == id);
  const bool has_part = text.find(part) != std::string::npos;
  CHECK(has_part);
}

MetadataContext tenant() {
  return {.tenant = std::string(kTenant)};
}

std::string configuration(std::string_view issuer, std::string_view more = "") {
  return fmt::format(R"({{"issuer":"{}","jwks_uri":"https://login.contoso.com/keys"{}}})", issuer, more);
}

Result<MetadataDocument> read(std::string_view issuer) {
  return parse_metadata(configuration(issuer), tenant());
}

std::string vector(std::string_view path) {
  return test::slurp(test::vectors_folder() + std::string(path));
}

// ---- openid-configuration

TEST_CASE("the openid-configuration of Entra: issuer of the tenant, endpoints, no keys yet") {
  ACCORD_NEEDS_VECTORS();
  const auto document =
      must(parse_metadata(vector("/entra-oidc/entra-common.openid-configuration.json"), tenant()));
  CHECK(document.kind == MetadataKind::openid_configuration);
  CHECK(document.issuer.principal == fmt::format("https://login.microsoftonline.com/{}/v2.0", kTenant));
  CHECK(document.issuer.realm == kTenant);
  CHECK(document.jwks_uri == "https://login.microsoftonline.com/common/discovery/v2.0/keys");
  CHECK(document.endpoint("issuance") == "https://login.microsoftonline.com/common/oauth2/v2.0/token");
  CHECK(document.endpoint("authorization") ==
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
  CHECK(document.keys.empty());
}

TEST_CASE("without a tenant the configuration of all tenants has no realm") {
  ACCORD_NEEDS_VECTORS();
  const auto document =
      must(parse_metadata(vector("/entra-oidc/entra-common.openid-configuration.json"), {}));
  CHECK(document.issuer.principal == "https://login.microsoftonline.com/{tenantid}/v2.0");
  CHECK(document.issuer.realm.empty());
}

TEST_CASE("an issuer is an https URL with or without a tenant, or a name like ours") {
  CHECK(must(read("https://login.contoso.com")).issuer == IssuerName{"https://login.contoso.com", ""});
  CHECK(must(read("https://login.contoso.com/x/72416f3c-199e-43f6-9bb5-29f4a10665d5/")).issuer.realm ==
        kTenant);
  CHECK(must(read("https://{tenantid}.contoso.com/")).issuer.principal ==
        fmt::format("https://{}.contoso.com/", kTenant));
  CHECK(must(read("00000001-0000-0000-c000-000000000000@litwareinc.com")).issuer ==
        IssuerName{"00000001-0000-0000-c000-000000000000", "litwareinc.com"});
  for (const auto* bad :
       {"", "contoso", "http://login.contoso.com/", "HTTPS://login.contoso.com/", "a@b@c",
        "https://user@login.contoso.com/", "https://", "ftp://x/", "https://login\\n.com/"}) {
    CAPTURE(bad);
    CHECK(error_id(read(bad)) == "Metadata.Invalid");
  }
}

TEST_CASE("what an openid-configuration must have is named when it is missing") {
  says(parse_metadata(R"({"issuer":"https://x.com/","token_endpoint":"https://x.com/t"})", {}),
       "Metadata.Invalid", "'jwks_uri'");
  says(parse_metadata(R"({"jwks_uri":"https://x.com/k"})", {}), "Metadata.Invalid", "'issuer'");
  says(parse_metadata(R"({"jwks_uri":1,"issuer":"https://x.com/"})", {}), "Metadata.Invalid", "'jwks_uri'");
  says(parse_metadata(configuration("https://x.com/", R"(,"token_endpoint":[])"), {}), "Metadata.Invalid",
       "'token_endpoint'");
  CHECK(error_id(parse_metadata(configuration("https://x.com/", R"(,"Issuer":"https://y.com/")"), {})) ==
        "Json.Invalid");
  // An issuer only, which is what a server that issues no tokens publishes.
  CHECK(must(parse_metadata(configuration("https://x.com/"), {})).endpoints.empty());
}

// ---- Key sets

MetadataDocument document_of(std::string_view issuer) {
  return must(read(issuer));
}

Result<std::vector<MetadataKey>> keys_of(std::string_view jwks,
                                         std::string_view issuer = "https://login.contoso.com/{tenantid}/") {
  auto document = document_of(issuer);
  const auto added = add_key_set(document, jwks, tenant());
  if (!added) return tl::unexpected(added.error());
  return document.keys;
}

TEST_CASE("of Entra's key sets only those keys count that are for this tenant") {
  ACCORD_NEEDS_VECTORS();
  const auto entra =
      must(parse_metadata(vector("/entra-oidc/entra-common.openid-configuration.json"), tenant()));
  const std::array<std::pair<std::string, std::size_t>, 5> sets = {{
      {"entra-common.jwks.json", 5},
      {"rollover-history/001-2024-06-05-6ddf0df.jwks.json", 10},
      {"rollover-history/002-2024-06-05-ec88826.jwks.json", 6},
      {"rollover-history/003-2024-06-05-3f873fe.jwks.json", 10},
      {"rollover-history/004-2024-06-09-6fb7ae7.jwks.json", 9},
  }};
  for (const auto& [name, count] : sets) {
    CAPTURE(name);
    auto document = entra;
    must(add_key_set(document, vector("/entra-oidc/" + name), tenant()));
    CHECK(document.keys.size() == count);
    for (const auto& key : document.keys) CHECK(key.kid == key.x5t);
  }
  // The keys of the consumers' tenant are for that tenant alone, and nothing else is.
  const MetadataContext consumers{.tenant = std::string(kConsumers)};
  auto document = entra;
  document.issuer.principal = fmt::format("https://login.microsoftonline.com/{}/v2.0", kConsumers);
  must(add_key_set(document, vector("/entra-oidc/entra-common.jwks.json"), consumers));
  CHECK(document.keys.size() == 7);
  document.issuer.principal = "https://login.microsoftonline.com/other/v2.0";
  says(add_key_set(document, vector("/entra-oidc/entra-common.jwks.json"), tenant()), "Metadata.Invalid",
       "no signing key");
}

struct Jwk {
  json::Value value = json::Value::object();
  explicit Jwk(const std::string& name = "rsa", std::string_view kind = "RSA") {
    value.add("kty", kind);
    value.add("x5c", json::Value::array({json::Value(base64_encode(der(name)))}));
  }
  static std::string der(const std::string& name) { return test::data("token-" + name + ".cer"); }
  Jwk& add(std::string name, json::Value member) {
    value.add(std::move(name), std::move(member));
    return *this;
  }
  [[nodiscard]] std::string set() const { return R"({"keys":[)" + json::dump(value) + "]}"; }
};

std::string x5t(const std::string& name) {
  return base64url_encode(sha1(Jwk::der(name)));
}

TEST_CASE("a key keeps its kid, and need not have one") {
  CHECK(must(keys_of(Jwk().add("kid", "any name").set())).front().kid == "any name");
  const auto plain = must(keys_of(Jwk().set())).front();
  CHECK_FALSE(plain.kid.has_value());
  CHECK(plain.usage == "signing");
  CHECK(plain.x5t == x5t("rsa"));
  says(keys_of(Jwk().add("kid", std::int64_t{1}).set()), "Metadata.Invalid", "'kid' of key 1");
}

TEST_CASE("keys that are not for signatures, or have no certificate, are left out") {
  const auto good = json::dump(Jwk("rsa-other").value);
  const auto without_certificate = R"({"kty":"RSA","use":"sig","n":"AQAB","e":"AQAB"})";
  for (const std::string& other :
       {json::dump(Jwk().add("use", "enc").value), json::dump(Jwk("rsa", "oct").value),
        std::string(without_certificate), std::string(R"({"kty":"RSA","x5c":[]})"),
        json::dump(Jwk().add("issuer", "https://other/").value)}) {
    CAPTURE(other);
    const auto keys = must(keys_of(R"({"keys":[)" + other + "," + good + "]}"));
    REQUIRE(keys.size() == 1);
    CHECK(keys.front().x5t == x5t("rsa-other"));
    says(keys_of(R"({"keys":[)" + other + "]}"), "Metadata.Invalid", "no signing key with a certificate");
  }
  CHECK(must(keys_of(R"({"keys":[)" + good + "," + good + "]}")).size() == 1);
  CHECK(must(keys_of(Jwk("p256", "EC").add("use", "sig").set())).size() == 1);
  CHECK(must(keys_of(Jwk("ed25519", "OKP").set())).size() == 1);
}

TEST_CASE("a thumbprint or a number that is not the certificate's is refused") {
  CHECK(must(keys_of(Jwk().add("x5t", x5t("rsa")).set())).size() == 1);
  CHECK(must(keys_of(Jwk().add("x5t", x5t("rsa") + "=").set())).size() == 1);
  says(keys_of(Jwk().add("x5t", x5t("rsa-other")).set()), "Metadata.KeyMismatch", x5t("rsa-other"));
  says(keys_of(Jwk().add("x5t", "").set()), "Metadata.KeyMismatch", x5t("rsa"));
  CHECK(must(keys_of(Jwk().add("x5t#S256", base64url_encode(sha256(Jwk::der("rsa")))).set())).size() == 1);
  says(keys_of(Jwk().add("x5t#S256", x5t("rsa")).set()), "Metadata.KeyMismatch", "x5t#S256 of key 1");
  says(keys_of(Jwk().add("n", base64url_encode(std::string(256, '\x81'))).set()), "Metadata.KeyMismatch",
       "public key of key 1");
  says(keys_of(Jwk().add("n", "???").set()), "Metadata.Invalid", "'n' of key 1");
  says(keys_of(Jwk("p256", "EC").add("x", base64url_encode(std::string(32, 'x'))).set()),
       "Metadata.KeyMismatch", "public key");
}

TEST_CASE("a key set of another form is refused") {
  const std::array<std::pair<std::string, std::string>, 8> cases = {{
      {"[]", "'array'"},
      {"{}", "'keys'"},
      {R"({"keys":{}})", "'keys'"},
      {R"({"keys":[1]})", "'keys'"},
      {R"({"keys":[]})", "no signing key"},
      {R"({"keys":[{"kty":"RSA","x5c":"MII"}]})", "'x5c'"},
      {R"({"keys":[{"kty":"RSA","x5c":[1]}]})", "'x5c'"},
      {R"({"keys":[{"kty":"RSA","x5c":["?"]}]})", "key 1"},
  }};
  for (const auto& [text, part] : cases) {
    CAPTURE(text);
    says(keys_of(text), "Metadata.Invalid", part);
  }
  CHECK(error_id(keys_of(R"({"keys":[],"keys":[]})")) == "Json.Invalid");
  CHECK(error_id(keys_of("")) == "Json.Invalid");
  auto document = document_of("https://login.contoso.com/");
  document.keys = {MetadataKey{.usage = "signing"}};
  CHECK_FALSE(add_key_set(document, "{}", {}).has_value());
  CHECK(document.keys.size() == 1);
}

TEST_CASE("the issuer of a key is compared with that of the document, tenant replaced") {
  const auto key = [](std::string_view issuer) { return Jwk().add("issuer", issuer).set(); };
  CHECK(must(keys_of(key("https://login.contoso.com/{tenantid}/"))).size() == 1);
  CHECK(must(keys_of(key(fmt::format("https://login.contoso.com/{}/", kTenant)))).size() == 1);
  CHECK_FALSE(keys_of(key("https://login.contoso.com/{tenantid}")).has_value());
  CHECK(must(keys_of(key("sts@litwareinc.com"), "sts@litwareinc.com")).size() == 1);
  CHECK_FALSE(keys_of(key("sts@contoso.com"), "sts@litwareinc.com").has_value());
}

}  // namespace
}  // namespace accord
