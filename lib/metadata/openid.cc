#include "lib/metadata/openid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/metadata/members.h"

namespace accord::metadata {
namespace {

constexpr std::string_view kAskForOpenId =
    "give the document whose URL ends in /.well-known/openid-configuration";
constexpr std::string_view kAskForKeys = "give the key set that the jwks_uri of openid-configuration names";

// --- openid-configuration

// A URL, or the name that a server of ours goes by.
Result<IssuerName> read_issuer(const std::string& text) {
  if (auto name = parse_issuer_name(text)) return *std::move(name);
  if (!text.starts_with("https://") || !parse_https_url(text)) {
    return invalid(
        fmt::format("the document's issuer '{}' is neither an https URL nor PRINCIPAL@REALM", shown(text)),
        kAskForOpenId);
  }
  return url_issuer(text, RealmPlace::any_segment);
}

void add_endpoint(MetadataDocument& document, const std::optional<std::string>& location,
                  std::string_view usage, const MetadataContext& context) {
  if (!location) return;
  document.endpoints.push_back({.location = with_tenant(*location, context),
                                .protocol = std::string(kOAuth2),
                                .usage = std::string(usage)});
}

// --- One key of a JWKS

// The first certificate of x5c; nullopt: the key has none, and is none that can be pinned.
Result<std::optional<std::string>> first_certificate(const Members& of) {
  TRY_ASSIGN(const auto* chain, of.optional("x5c", json::Kind::array));
  if (chain == nullptr || chain->items().empty()) return std::nullopt;
  const auto& first = chain->items().front();
  if (!first.is_string()) return of.wrong_kind("x5c", first.kind(), "string");
  return certificate_bytes(first.text(), of.where());
}

// An unsigned INTEGER of DER: what a public key in a certificate is made of.
std::string der_integer(std::string_view number) {
  constexpr std::size_t kShortForm = 0x80;
  number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size()));
  std::string body(number);
  if (body.empty() || (static_cast<unsigned char>(body.front()) & 0x80U) != 0) body.insert(0, 1, '\0');
  std::string length;
  for (auto rest = body.size(); rest > 0; rest >>= 8U) length.insert(0, 1, static_cast<char>(rest & 0xFFU));
  if (body.size() >= kShortForm) length.insert(0, 1, static_cast<char>(kShortForm | length.size()));
  return '\x02' + length + body;
}

Result<std::optional<std::string>> number(const Members& of, std::string_view name) {
  TRY_ASSIGN(const auto text, of.optional_text(name));
  if (!text) return std::nullopt;
  auto bytes = base64url_decode(*text);
  if (!bytes || bytes->empty())
    return invalid(fmt::format("member '{}' of {} is not base64url", name, of.where()), kAskForKeys);
  return bytes;
}

// The bytes that the certificate of this key must hold; empty when the key has no numbers beside it.
Result<std::string> bytes_of_public_key(const Members& of, std::string_view kind) {
  if (kind == "RSA") {
    TRY_ASSIGN(const auto modulus, number(of, "n"));
    TRY_ASSIGN(const auto exponent, number(of, "e"));
    return (modulus ? der_integer(*modulus) : std::string()) +
           (exponent && modulus ? der_integer(*exponent) : std::string());
  }
  // Of a point y may be left out in the certificate; x is always there as it is.
  TRY_ASSIGN(const auto x, number(of, "x"));
  return x.value_or(std::string());
}

tl::unexpected<Error> mismatch(std::string what, std::string_view x5t) {
  return fail("Metadata.KeyMismatch", fmt::format("{}, whose x5t is '{}'", what, x5t), {},
              "fetch the key set again; if it stays so, ask the partner which certificate is the right one");
}

Result<void> compare_numbers(const Members& of, std::string_view kind, const MetadataKey& key) {
  TRY_ASSIGN(const auto bytes, bytes_of_public_key(of, kind));
  if (key.der.find(bytes) != std::string::npos) return {};
  return mismatch(fmt::format("the public key of {} is not that of its certificate", of.where()), key.x5t);
}

Result<void> compare_thumbprints(const Members& of, const MetadataKey& key) {
  TRY_ASSIGN(const auto x5t, of.optional_text("x5t"));
  if (x5t) TRY(compare_thumbprint(*x5t, key.x5t));
  TRY_ASSIGN(const auto sha256_x5t, of.optional_text("x5t#S256"));
  if (!sha256_x5t || *sha256_x5t == base64url_encode(sha256(key.der))) return {};
  return mismatch(fmt::format("the x5t#S256 of {} is not that of its certificate", of.where()), key.x5t);
}

// Whether it is there to verify signatures of this issuer. The key set of a server of many tenants holds keys
// of other issuers, which must not sign for this one (protocol.md 5 row 33).
Result<bool> is_for(const Members& of, std::string_view kind, const std::string& issuer,
                    const MetadataContext& context) {
  constexpr std::array<std::string_view, 3> kKinds = {"RSA", "EC", "OKP"};
  if (std::ranges::find(kKinds, kind) == kKinds.end()) return false;
  TRY_ASSIGN(const auto use, of.optional_text("use"));
  if (use && *use != "sig") return false;
  TRY_ASSIGN(const auto scope, of.optional_text("issuer"));
  return !scope || with_tenant(*scope, context) == issuer;
}

// nullopt for a key that is left out.
Result<std::optional<MetadataKey>> read_key(const json::Value& jwk, std::size_t index,
                                            const std::string& issuer, const MetadataContext& context) {
  const Members of(jwk, fmt::format("key {}", index), json::Names::exact, kAskForKeys);
  TRY_ASSIGN(const auto kind, of.required_text("kty"));
  TRY_ASSIGN(const bool is_ours, is_for(of, kind, issuer, context));
  if (!is_ours) return std::nullopt;
  TRY_ASSIGN(auto der, first_certificate(of));
  if (!der) return std::nullopt;
  TRY_ASSIGN(auto kid, of.optional_text("kid"));
  auto key = signing_key(*std::move(der), std::move(kid));
  TRY(compare_thumbprints(of, key));
  TRY(compare_numbers(of, kind, key));
  return key;
}

}  // namespace

Result<MetadataDocument> read_openid_configuration(const json::Value& json, const MetadataContext& context) {
  const Members of(json, "the openid-configuration", json::Names::exact, kAskForOpenId);
  MetadataDocument document;
  document.kind = MetadataKind::openid_configuration;
  TRY_ASSIGN(auto issuer, of.required_text("issuer"));
  TRY_ASSIGN(document.issuer, read_issuer(with_tenant(std::move(issuer), context)));
  TRY_ASSIGN(auto jwks_uri, of.required_text("jwks_uri"));
  document.jwks_uri = with_tenant(std::move(jwks_uri), context);
  TRY_ASSIGN(const auto issuance, of.optional_text("token_endpoint"));
  add_endpoint(document, issuance, "issuance", context);
  TRY_ASSIGN(const auto authorization, of.optional_text("authorization_endpoint"));
  add_endpoint(document, authorization, "authorization", context);
  return document;
}

Result<std::vector<MetadataKey>> read_key_set(std::string_view text, const IssuerName& issuer,
                                              const MetadataContext& context) {
  TRY_ASSIGN(const auto json, json::parse(text));
  if (!json.is_object()) {
    return invalid(fmt::format("the key set is of kind '{}', not 'object'", json::kind_name(json.kind())),
                   kAskForKeys);
  }
  const Members of(json, "the key set", json::Names::exact, kAskForKeys);
  TRY_ASSIGN(const auto* list, of.required("keys", json::Kind::array));
  const auto name = is_url_issuer(issuer.principal) ? issuer.principal : issuer.text();
  std::vector<MetadataKey> keys;
  std::size_t index = 0;
  for (const auto& jwk : list->items()) {
    if (!jwk.is_object()) return of.wrong_kind("keys", jwk.kind(), "object");
    TRY_ASSIGN(auto key, read_key(jwk, ++index, name, context));
    if (key) add_key(keys, *std::move(key));
  }
  if (!keys.empty()) return keys;
  return invalid(
      fmt::format("the key set holds no signing key with a certificate (x5c) for '{}'", shown(name)),
      "ask the server's admin for a key set that carries x5c");
}

}  // namespace accord::metadata
