#include "lib/metadata/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/metadata/federation.h"
#include "lib/metadata/members.h"
#include "lib/metadata/openid.h"

namespace accord {

namespace {

using metadata::invalid;
using metadata::kOAuth2;
using metadata::kSigning;
using metadata::Members;
using metadata::shown;

constexpr std::string_view kCertificateType = "x509Certificate";
constexpr auto kAnyCase = json::Names::ignore_case;

constexpr std::string_view kAskForJson =
    "give the JSON document, whose URL ends in /metadata/json/1 (Exchange: /autodiscover/metadata/json/1)";

constexpr std::string_view kAskForAny =
    "give the document itself: JSON of /metadata/json/1, FederationMetadata.xml, or openid-configuration";

// --- What it is
// ------------------------------------------------------------------------------------------------------

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Result<bool> is_markup(std::string_view text) {
  constexpr std::size_t kEnough = 1024;
  const auto begin = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (begin == std::string_view::npos) return invalid("the metadata document is empty", kAskForAny);
  if (text[begin] != '<') return false;
  const auto start = to_lower(text.substr(begin, kEnough));
  if (contains(start, "<html") || contains(start, "<!doctype html")) {
    return invalid("this is an HTML page, not a metadata document",
                   "check the URL: a sign-in or error page answered in its place");
  }
  return true;
}

Result<json::Value> parse_object(std::string_view text) {
  TRY_ASSIGN(auto json, json::parse(text, {.names = kAnyCase}));
  if (!json.is_object()) {
    return invalid(
        fmt::format("the metadata document is of kind '{}', not 'object'", json::kind_name(json.kind())),
        kAskForAny);
  }
  return json;
}

// Documents of OpenID Connect carry keys and issuers too, by other rules.
bool is_openid_configuration(const json::Value& document) {
  return document.find("jwks_uri") != nullptr || document.find("token_endpoint") != nullptr;
}

bool is_key_set(const json::Value& keys) {
  return keys.is_array() && !keys.items().empty() &&
         std::all_of(keys.items().begin(), keys.items().end(),
                     [](const json::Value& key) { return key.find("kty") != nullptr; });
}

Result<void> refuse_other_objects(const json::Value& document) {
  const auto* keys = document.find("keys");
  if (keys != nullptr && is_key_set(*keys)) {
    return invalid("this is a JSON Web Key Set (JWKS), which names no issuer",
                   "give the openid-configuration whose jwks_uri names this key set");
  }
  if (const auto error = document.find_string("error")) {
    return invalid(fmt::format("this is an error answer ('{}'), not a metadata document", shown(*error)),
                   "check the URL and the realm or tenant in it");
  }
  return {};
}

Members members(const json::Value& object, std::string where = "the metadata document") {
  return {object, std::move(where), kAnyCase, kAskForJson};
}

Result<std::vector<std::string>> read_audiences(const json::Value& document) {
  std::vector<std::string> audiences;
  const auto of = members(document);
  TRY_ASSIGN(const auto* list, of.optional("allowedAudiences", json::Kind::array));
  if (list == nullptr) return audiences;
  for (const auto& item : list->items()) {
    if (!item.is_string()) return of.wrong_kind("allowedAudiences", item.kind(), "string");
    audiences.push_back(item.text());
  }
  return audiences;
}

// --- Issuer
// ----------------------------------------------------------------------------------------------------------

tl::unexpected<Error> contradiction(std::string_view issuer, std::string_view member,
                                    std::string_view value) {
  return fail(
      "Metadata.Contradiction",
      fmt::format("the document's issuer '{}' contradicts its {} '{}'", shown(issuer), member, shown(value)),
      {}, "ask the partner to correct its metadata document");
}

Result<IssuerName> read_issuer(const json::Value& document, const std::optional<std::string>& service_name) {
  const auto of = members(document);
  TRY_ASSIGN(const auto realm, of.required_text("realm"));
  TRY_ASSIGN(const auto stated, of.optional_text("issuer"));
  if (!stated && !service_name) return of.missing("issuer");
  const auto text = stated ? *stated : *service_name + '@' + realm;
  auto issuer = parse_issuer_name(text);
  if (!issuer || issuer->principal.empty()) {
    return invalid(fmt::format("the document's issuer '{}' is not of the form PRINCIPAL@REALM", shown(text)));
  }
  // By bytes: tokens are compared with the issuer by bytes, so a difference in case is one.
  if (issuer->realm != realm) return contradiction(text, "realm", realm);
  if (service_name && issuer->principal != *service_name)
    return contradiction(text, "serviceName", *service_name);
  return *std::move(issuer);
}

// --- Keys
// ------------------------------------------------------------------------------------------------------------

// What a message calls a key: by its x5t if it has one.
struct KeyPlace {
  std::size_t index = 0;  // from 1
  std::string x5t = {};

  [[nodiscard]] std::string text() const {
    return x5t.empty() ? fmt::format("key {}", index) : fmt::format("key '{}'", shown(x5t));
  }
};

// Exchange has keyinfo beside keyvalue, the authorization server inside; where both are, both must be right.
Result<std::vector<std::string>> stated_thumbprints(const json::Value& key, const json::Value& key_value,
                                                    const KeyPlace& place) {
  std::vector<std::string> stated;
  for (const auto* holder : {&key, &key_value}) {
    TRY_ASSIGN(const auto* info, members(*holder, place.text()).optional("keyinfo", json::Kind::object));
    if (info == nullptr) continue;
    TRY_ASSIGN(auto x5t, members(*info, place.text()).optional_text("x5t"));
    if (x5t) stated.push_back(*std::move(x5t));
  }
  return stated;
}

// nullopt for a key that is not for signing, or not a certificate.
Result<std::optional<MetadataKey>> read_key(const json::Value& key, std::size_t index) {
  KeyPlace place{.index = index, .x5t = {}};
  const auto of = members(key, place.text());
  TRY_ASSIGN(const auto usage, of.optional_text("usage"));
  if (!usage || !equals_ignoring_case(*usage, kSigning)) return std::nullopt;
  TRY_ASSIGN(const auto* key_value, of.required("keyvalue", json::Kind::object));
  const auto of_value = members(*key_value, place.text());
  TRY_ASSIGN(const auto type, of_value.optional_text("type"));
  if (!type || !equals_ignoring_case(*type, kCertificateType)) return std::nullopt;

  TRY_ASSIGN(const auto stated, stated_thumbprints(key, *key_value, place));
  if (!stated.empty()) place.x5t = stated.front();
  TRY_ASSIGN(const auto value, members(*key_value, place.text()).required_text("value"));
  TRY_ASSIGN(auto der, metadata::certificate_bytes(value, place.text()));
  auto read = metadata::signing_key(std::move(der));
  for (const auto& one : stated) TRY(metadata::compare_thumbprint(one, read.x5t));
  return read;
}

Result<std::vector<MetadataKey>> read_keys(const json::Value& document) {
  const auto of = members(document);
  TRY_ASSIGN(const auto* list, of.required("keys", json::Kind::array));
  std::vector<MetadataKey> keys;
  std::size_t index = 0;
  for (const auto& item : list->items()) {
    if (!item.is_object()) return of.wrong_kind("keys", item.kind(), "object");
    TRY_ASSIGN(auto key, read_key(item, ++index));
    if (key) metadata::add_key(keys, *std::move(key));
  }
  if (keys.empty()) {
    return invalid("the metadata document holds no signing key of type x509Certificate",
                   "the partner may have no token certificate yet; ask for one to be assigned there");
  }
  return keys;
}

// --- Endpoints
// -------------------------------------------------------------------------------------------------------

bool serve_the_same(const MetadataEndpoint& a, const MetadataEndpoint& b) {
  return equals_ignoring_case(a.protocol, b.protocol) && equals_ignoring_case(a.usage, b.usage);
}

Result<MetadataEndpoint> read_endpoint(const json::Value& item, std::size_t index) {
  const auto of = members(item, fmt::format("endpoint {}", index));
  MetadataEndpoint endpoint;
  TRY_ASSIGN(endpoint.location, of.required_text("location"));
  TRY_ASSIGN(endpoint.protocol, of.required_text("protocol"));
  TRY_ASSIGN(endpoint.usage, of.required_text("usage"));
  return endpoint;
}

// Taking the first of two different ones would make the order of a document decide where our assertions go.
Result<std::vector<MetadataEndpoint>> read_endpoints(const json::Value& document) {
  std::vector<MetadataEndpoint> endpoints;
  const auto of = members(document);
  TRY_ASSIGN(const auto* list, of.optional("endpoints", json::Kind::array));
  if (list == nullptr) return endpoints;
  std::size_t index = 0;
  for (const auto& item : list->items()) {
    if (!item.is_object()) return of.wrong_kind("endpoints", item.kind(), "object");
    TRY_ASSIGN(auto endpoint, read_endpoint(item, ++index));
    const auto same = std::find_if(endpoints.begin(), endpoints.end(),
                                   [&](const auto& other) { return serve_the_same(endpoint, other); });
    if (same == endpoints.end()) {
      endpoints.push_back(std::move(endpoint));
    } else if (same->location != endpoint.location) {
      return invalid(
          fmt::format("the document names two endpoints for {} {}: '{}' and '{}'", shown(endpoint.protocol),
                      shown(endpoint.usage), shown(same->location), shown(endpoint.location)),
          "ask the partner to correct its metadata document");
    }
  }
  return endpoints;
}

Result<std::string> read_version(const json::Value& document) {
  TRY_ASSIGN(auto version, members(document).optional_text("version"));
  if (!version) return std::string("1.0");
  if (!version->starts_with("1.")) {
    return invalid(fmt::format("metadata documents of version '{}' are not supported", shown(*version)),
                   kAskForJson);
  }
  return *std::move(version);
}

// --- Writing
// ---------------------------------------------------------------------------------------------------------

json::Value key_to_json(const MetadataKey& key) {
  auto info = json::Value::object();
  info.add("x5t", key.x5t);
  auto value = json::Value::object();
  value.add("type", kCertificateType);
  value.add("value", base64_encode(key.der));
  auto result = json::Value::object();
  result.add("usage", key.usage);
  result.add("keyinfo", std::move(info));
  result.add("keyvalue", std::move(value));
  return result;
}

json::Value endpoint_to_json(const MetadataEndpoint& endpoint) {
  auto result = json::Value::object();
  result.add("location", endpoint.location);
  result.add("protocol", endpoint.protocol);
  result.add("usage", endpoint.usage);
  return result;
}

Result<MetadataDocument> read_auth_metadata(const json::Value& json) {
  TRY(refuse_other_objects(json));
  const auto of = members(json);
  MetadataDocument document;
  TRY_ASSIGN(document.id, of.optional_text("id"));
  TRY_ASSIGN(document.version, read_version(json));
  TRY_ASSIGN(auto name, of.optional_text("name"));
  document.name = std::move(name).value_or(std::string());
  TRY_ASSIGN(document.service_name, of.optional_text("serviceName"));
  TRY_ASSIGN(document.issuer, read_issuer(json, document.service_name));
  TRY_ASSIGN(document.allowed_audiences, read_audiences(json));
  TRY_ASSIGN(document.keys, read_keys(json));
  TRY_ASSIGN(document.endpoints, read_endpoints(json));
  return document;
}

}  // namespace

std::optional<std::string> MetadataDocument::endpoint(std::string_view usage) const {
  for (const auto& candidate : endpoints) {
    if (equals_ignoring_case(candidate.protocol, kOAuth2) && equals_ignoring_case(candidate.usage, usage)) {
      return candidate.location;
    }
  }
  return std::nullopt;
}

Result<MetadataDocument> parse_auth_metadata(std::string_view text) {
  TRY_ASSIGN(const bool markup, is_markup(text));
  if (markup) return invalid("this is an XML document, not a JSON metadata document", kAskForJson);
  TRY_ASSIGN(const auto json, parse_object(text));
  if (is_openid_configuration(json))
    return invalid("this is an openid-configuration document, not an auth-metadata document", kAskForJson);
  return read_auth_metadata(json);
}

Result<MetadataDocument> parse_metadata(std::string_view text, const MetadataContext& context) {
  TRY_ASSIGN(const bool markup, is_markup(text));
  if (markup) return metadata::read_federation(text, context);
  TRY_ASSIGN(const auto json, parse_object(text));
  if (is_openid_configuration(json)) return metadata::read_openid_configuration(json, context);
  return read_auth_metadata(json);
}

Result<void> add_key_set(MetadataDocument& document, std::string_view jwks, const MetadataContext& context) {
  TRY_ASSIGN(document.keys, metadata::read_key_set(jwks, document.issuer, context));
  return {};
}

std::string write_auth_metadata(const MetadataDocument& document) {
  auto json = json::Value::object();
  if (document.id) json.add("id", *document.id);
  json.add("version", document.version);
  json.add("name", document.name);
  json.add("realm", document.issuer.realm);
  if (document.service_name) json.add("serviceName", *document.service_name);
  json.add("issuer", document.issuer.text());
  auto audiences = json::Value::array();
  for (const auto& audience : document.allowed_audiences) audiences.append(audience);
  json.add("allowedAudiences", std::move(audiences));
  auto keys = json::Value::array();
  for (const auto& key : document.keys) keys.append(key_to_json(key));
  json.add("keys", std::move(keys));
  auto endpoints = json::Value::array();
  for (const auto& endpoint : document.endpoints) endpoints.append(endpoint_to_json(endpoint));
  json.add("endpoints", std::move(endpoints));
  return json::dump(json, 2) + '\n';
}

}  // namespace accord
