// What the tests of tokens share: the test keys, certificates around them, and a deployment that trusts two
// issuers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/token/claims.h"
#include "lib/token/jws.h"
#include "lib/token/key.h"
#include "lib/token/sign.h"
#include "lib/token/verify.h"
#include "tests/support.h"

namespace accord::test {

inline KeyAlgorithm algorithm_of(std::string_view name) {
  if (name.starts_with("p256")) return KeyAlgorithm::p256;
  if (name.starts_with("p384")) return KeyAlgorithm::p384;
  if (name.starts_with("p521")) return KeyAlgorithm::p521;
  if (name.starts_with("ed25519")) return KeyAlgorithm::ed25519;
  return KeyAlgorithm::rsa;
}

// Of tests/data/token-NAME.key. The seed of Ed25519 is the end of its PKCS#8.
inline PrivateKeyBytes private_bytes(const std::string& name) {
  const auto file = data("token-" + name + ".key");
  const auto algorithm = algorithm_of(name);
  return {algorithm, SecretBytes(algorithm == KeyAlgorithm::ed25519 ? file.substr(file.size() - 32) : file)};
}

// Of tests/data/token-NAME.pub, without what a SubjectPublicKeyInfo puts around it.
inline PublicKeyBytes public_bytes(const std::string& name) {
  const auto file = data("token-" + name + ".pub");
  switch (algorithm_of(name)) {
    case KeyAlgorithm::rsa:
      return {KeyAlgorithm::rsa, file.substr(name == "rsa1024" ? 22 : 24)};
    case KeyAlgorithm::p256:
      return {KeyAlgorithm::p256, file.substr(file.size() - 65)};
    case KeyAlgorithm::p384:
      return {KeyAlgorithm::p384, file.substr(file.size() - 97)};
    case KeyAlgorithm::p521:
      return {KeyAlgorithm::p521, file.substr(file.size() - 133)};
    case KeyAlgorithm::ed25519:
      return {KeyAlgorithm::ed25519, file.substr(file.size() - 32)};
  }
  return {};
}

inline constexpr Instant kNow{std::chrono::seconds(1'700'000'000)};
inline constexpr std::string_view kTenant = "72416f3c-199e-43f6-9bb5-29f4a10665d5";
inline constexpr std::string_view kServiceHost = "lync.litwareinc.com";

inline Certificate certificate(const std::string& name) {
  Certificate result;
  result.der = data("token-" + name + ".cer");
  result.thumbprint = hex_encode(sha1(result.der));
  result.sha256 = hex_encode(sha256(result.der));
  result.not_before = kNow - std::chrono::hours(24 * 365);
  result.not_after = kNow + std::chrono::hours(24 * 365);
  result.public_key = public_bytes(name);
  return result;
}

// One key, loaded once in the process.
inline const Key& signing_key(const std::string& name) {
  static std::vector<std::pair<std::string, Key>> loaded;
  for (const auto& [known, key] : loaded) {
    if (known == name) return key;
  }
  loaded.reserve(16);  // references stay good
  loaded.emplace_back(name, must(Key::from_private(private_bytes(name))));
  return loaded.back().second;
}

inline json::Value without(const json::Value& object, std::string_view name) {
  auto result = json::Value::object();
  for (const auto& [member, value] : object.members()) {
    if (member != name) result.add(member, value);
  }
  return result;
}

inline json::Value with(const json::Value& object, std::string_view name, json::Value value) {
  auto result = json::Value::object();
  bool replaced = false;
  for (const auto& [member, old] : object.members()) {
    result.add(member, member == name ? value : old);
    replaced = replaced || member == name;
  }
  if (!replaced) result.add(std::string(name), std::move(value));
  return result;
}

inline std::string segment(std::string_view text) {
  return base64url_encode(text);
}

// Any header around any payload, signed as the arguments say: what a careless or hostile issuer may send.
inline std::string raw_token(std::string_view header, std::string_view payload, const std::string& key,
                             Algorithm algorithm) {
  const auto input = segment(header) + '.' + segment(payload);
  return input + '.' + segment(must(signing_key(key).sign(algorithm, input)));
}

inline std::string digits(Instant at) {
  return std::to_string(at.time_since_epoch().count());
}

// A Lync deployment. It trusts an Exchange server directly (key rsa), and an authorization server (key
// rsa-other), by way of which Exchange Online is a partner.
struct World {
  TrustedIssuer partner = {
      .identity = "exchange",
      .realm = "litwareinc.com",
      .keys = {certificate("rsa"), certificate("p256"), certificate("p384"), certificate("ed25519")},
      .application = {.identity = "exchange", .trust = Trust::full, .realm = "litwareinc.com"}};
  TrustedIssuer server = {.identity = "acs",
                          .is_oauth_server = true,
                          .realm = std::string(kTenant),
                          .keys = {certificate("rsa-other")}};
  std::vector<TrustedApplication> hosted = {
      {.identity = "exchange-online", .trust = Trust::full, .realm = std::string(kTenant)}};
  VerifyPolicy policy;
  Instant now = kNow;

  IssuerName partner_issuer{std::string(kExchangePrincipal), "litwareinc.com"};
  IssuerName server_issuer{std::string(kAuthorizationServerPrincipal), std::string(kTenant)};

  World() {
    policy.service_name = kLyncPrincipal;
    policy.effective_realm = "litwareinc.com";
    policy.hosts = {std::string(kServiceHost)};
    policy.sip_domains = {"litwareinc.com"};
    policy.trust.issuers = [this](const IssuerName& name) -> Result<std::vector<TrustedIssuer>> {
      std::vector<TrustedIssuer> found;
      if (name == partner_issuer) found.push_back(partner);
      if (name == server_issuer) found.push_back(server);
      return found;
    };
    policy.trust.applications = [this](std::string_view id) -> Result<std::vector<TrustedApplication>> {
      return id == kExchangePrincipal ? hosted : std::vector<TrustedApplication>();
    };
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] static std::string audience(std::string_view host = kServiceHost,
                                            std::string_view realm = "litwareinc.com") {
    return Audience{std::string(kLyncPrincipal), std::string(host), std::string(realm)}.text();
  }
  [[nodiscard]] TokenRequest request() const {
    return {.issuer = partner_issuer,
            .audience = audience(),
            .not_before = kNow - std::chrono::minutes(5),
            .expires = kNow + std::chrono::hours(8)};
  }
  [[nodiscard]] json::Value app_claims() const { return actor_claims(request(), false); }
  [[nodiscard]] json::Value actor() const { return actor_claims(request(), true); }

  // As the partner signs it.
  [[nodiscard]] static std::string sign(const json::Value& claims, const std::string& key = "rsa",
                                        Algorithm algorithm = Algorithm::rs256) {
    return must(sign_token(claims, signing_key(key), algorithm, certificate(key).x5t()));
  }
  [[nodiscard]] static std::string sign_with_header(const json::Value& header, const json::Value& claims,
                                                    const std::string& key = "rsa",
                                                    Algorithm algorithm = Algorithm::rs256) {
    return raw_token(json::dump(header), json::dump(claims), key, algorithm);
  }
  [[nodiscard]] static json::Value header(std::string_view algorithm = "RS256",
                                          const std::string& key = "rsa") {
    auto result = json::Value::object();
    result.add("typ", "JWT");
    result.add("alg", algorithm);
    result.add("x5t", certificate(key).x5t());
    return result;
  }

  // The outer token for kenmyer around an actor token.
  [[nodiscard]] json::Value outer(const std::string& actor_token) const {
    return outer_claims(request(), {.upn = "kenmyer@litwareinc.com"}, actor_token);
  }
  [[nodiscard]] std::string outer_token() const { return unsigned_token(outer(sign(actor()))); }

  // What an authorization server issues for Exchange Online.
  [[nodiscard]] json::Value server_claims() const {
    auto claims = json::Value::object();
    claims.add("aud", audience(kServiceHost, kTenant));
    claims.add("iss", server_issuer.text());
    claims.add("nbf", std::int64_t{kNow.time_since_epoch().count() - 300});
    claims.add("exp", std::int64_t{kNow.time_since_epoch().count() + 86400});
    claims.add("nameid", std::string(kExchangePrincipal) + '@' + std::string(kTenant));
    claims.add("identityprovider", server_issuer.text());
    return claims;
  }
  [[nodiscard]] json::Value delegated_claims() const {
    auto claims = with(server_claims(), "nameid", "2303000085ff9abc");
    claims = with(claims, "identityprovider", "urn:federation:MicrosoftOnline");
    claims.add("actor", std::string(kExchangePrincipal) + '@' + std::string(kTenant));
    claims.add("upn", "kenmyer@litwareinc.com");
    return claims;
  }
  [[nodiscard]] static std::string sign_as_server(const json::Value& claims) {
    return sign(claims, "rsa-other");
  }

  [[nodiscard]] TokenReport verify(std::string_view token) const {
    return must(verify_token(token, policy, now));
  }
};

inline const Check& check_of(const TokenReport& report, std::string_view name) {
  for (const auto& check : report.checks()) {
    if (check.name == name) return check;
  }
  FAIL("no check of that name: " << name);
  throw name;
}

// "name code" of the first failure, "" when accepted: what most tests expect.
inline std::string verdict(const TokenReport& report) {
  const auto* failure = report.first_failure();
  CHECK(report.accepted() == (failure == nullptr));
  CHECK((report.token() != nullptr) == (failure == nullptr));
  if (failure == nullptr) return {};
  CHECK_FALSE(failure->detail.empty());
  CHECK_FALSE(failure->reason.empty());
  return std::string(failure->name) + ' ' + std::to_string(failure->diagnostic.code);
}

}  // namespace accord::test
