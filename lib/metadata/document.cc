#include "lib/metadata/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"

namespace accord {

namespace {

constexpr std::string_view kSigning = "signing";
constexpr std::string_view kCertificateType = "x509Certificate";
constexpr std::string_view kOAuth2 = "OAuth2";
constexpr auto kAnyCase = json::Names::ignore_case;
constexpr std::size_t kThumbprintSize = 20;
constexpr std::size_t kShown = 100;  // of text that another server wrote, in a message

constexpr std::string_view kAskForJson =
    "give the JSON document, whose URL ends in /metadata/json/1 (Exchange: /autodiscover/metadata/json/1)";

tl::unexpected<Error> invalid(std::string message, std::string_view advice = {}) {
  return fail("Metadata.Invalid", std::move(message), {}, std::string(advice));
}

std::string shown(std::string_view text) {
  if (text.size() > kShown) return escape_for_terminal(text.substr(0, kShown)) + "…";
  return escape_for_terminal(text);
}

// --- What it is, if it is not the document
// ---------------------------------------------------------------------------

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Result<void> refuse_markup(std::string_view text) {
  constexpr std::size_t kEnough = 1024;
  const auto begin = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (begin == std::string_view::npos) return invalid("the metadata document is empty", kAskForJson);
  if (text[begin] != '<') return {};
  const auto start = to_lower(text.substr(begin, kEnough));
  if (contains(start, "<html") || contains(start, "<!doctype html")) {
    return invalid("this is an HTML page, not a metadata document",
                   "check the URL: a sign-in or error page answered in its place");
  }
  if (contains(start, "entitydescriptor")) {
    return invalid("this is a federation metadata document in XML, which is not supported here", kAskForJson);
  }
  return invalid("this is an XML document, not a JSON metadata document", kAskForJson);
}

bool is_key_set(const json::Value& keys) {
  return keys.is_array() && !keys.items().empty() &&
         std::all_of(keys.items().begin(), keys.items().end(),
                     [](const json::Value& key) { return key.find("kty") != nullptr; });
}

// Documents of OpenID Connect carry keys and issuers too, by other rules.
Result<void> refuse_other_documents(const json::Value& document) {
  if (document.find("jwks_uri") != nullptr || document.find("token_endpoint") != nullptr) {
    return invalid("this is an openid-configuration document, which is not supported here", kAskForJson);
  }
  const auto* keys = document.find("keys");
  if (keys != nullptr && is_key_set(*keys)) {
    return invalid("this is a JSON Web Key Set (JWKS), which names no issuer", kAskForJson);
  }
  if (const auto error = document.find_string("error")) {
    return invalid(fmt::format("this is an error answer ('{}'), not a metadata document", shown(*error)),
                   "check the URL and the realm or tenant in it");
  }
  return {};
}

// --- Members
// ---------------------------------------------------------------------------------------------------------

tl::unexpected<Error> wrong_kind(std::string_view where, std::string_view name, json::Kind found,
                                 std::string_view wanted) {
  return invalid(
      fmt::format("member '{}' of {} is of kind '{}', not '{}'", name, where, json::kind_name(found), wanted),
      kAskForJson);
}

tl::unexpected<Error> missing(std::string_view where, std::string_view name) {
  return invalid(fmt::format("member '{}' of {} is missing", name, where), kAskForJson);
}

// nullopt when absent; null counts as absent, because serializers write it for it.
Result<std::optional<std::string>> optional_text(const json::Value& object, std::string_view where,
                                                 std::string_view name) {
  const auto* member = object.find(name, kAnyCase);
  if (member == nullptr || member->kind() == json::Kind::null) return std::nullopt;
  if (!member->is_string()) return wrong_kind(where, name, member->kind(), "string");
  return member->text();
}

Result<std::string> required_text(const json::Value& object, std::string_view where, std::string_view name) {
  TRY_ASSIGN(auto text, optional_text(object, where, name));
  if (!text) return missing(where, name);
  return *std::move(text);
}

// nullptr when absent.
Result<const json::Value*> optional_member(const json::Value& object, std::string_view where,
                                           std::string_view name, json::Kind kind) {
  const auto* member = object.find(name, kAnyCase);
  if (member == nullptr || member->kind() == json::Kind::null) return nullptr;
  if (member->kind() != kind) return wrong_kind(where, name, member->kind(), json::kind_name(kind));
  return member;
}

constexpr std::string_view kDocument = "the metadata document";

Result<std::vector<std::string>> read_audiences(const json::Value& document) {
  std::vector<std::string> audiences;
  TRY_ASSIGN(const auto* list, optional_member(document, kDocument, "allowedAudiences", json::Kind::array));
  if (list == nullptr) return audiences;
  for (const auto& item : list->items()) {
    if (!item.is_string()) return wrong_kind(kDocument, "allowedAudiences", item.kind(), "string");
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
  TRY_ASSIGN(const auto realm, required_text(document, kDocument, "realm"));
  TRY_ASSIGN(const auto stated, optional_text(document, kDocument, "issuer"));
  if (!stated && !service_name) return missing(kDocument, "issuer");
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

// The bytes of `x5t`. Some serializers pad; the padding says nothing.
std::optional<std::string> thumbprint_of(std::string_view x5t) {
  if (x5t.ends_with('=')) x5t.remove_suffix(1);
  auto bytes = base64url_decode(x5t);
  if (!bytes || bytes->size() != kThumbprintSize) return std::nullopt;
  return bytes;
}

// The bytes that a DER element says it has, its header included; nullopt when there is no header that says
// so.
std::optional<std::size_t> stated_size(std::string_view der) {
  constexpr unsigned kLongForm = 0x80;
  constexpr std::size_t kMostLengthBytes = 4;
  if (der.size() < 2 || der[0] != '\x30') return std::nullopt;
  const auto first = static_cast<unsigned char>(der[1]);
  if (first < kLongForm) return std::size_t{2} + first;
  const std::size_t count = first - kLongForm;
  if (count == 0 || count > kMostLengthBytes || der.size() < 2 + count) return std::nullopt;
  std::size_t size = 0;
  for (const char byte : der.substr(2, count)) size = size << 8U | static_cast<unsigned char>(byte);
  return 2 + count + size;
}

Result<std::string> read_certificate_bytes(const json::Value& key_value, const KeyPlace& place) {
  TRY_ASSIGN(const auto value, required_text(key_value, place.text(), "value"));
  auto der = base64_decode(value, Blanks::ignored);
  if (!der || der->empty()) {
    return invalid(fmt::format("the certificate of {} is not base64, or it is cut off", place.text()),
                   "fetch the document again, whole");
  }
  const auto size = stated_size(*der);
  if (size && *size > der->size()) {
    return invalid(
        fmt::format("the certificate of {} is cut off: {} of {} bytes", place.text(), der->size(), *size),
        "fetch the document again, whole");
  }
  return *std::move(der);
}

Result<void> compare_thumbprint(std::string_view stated, std::string_view x5t) {
  const auto bytes = thumbprint_of(stated);
  if (bytes && base64url_encode(*bytes) == x5t) return {};
  return fail(
      "Metadata.KeyMismatch",
      fmt::format("the document calls a key '{}', and its certificate has the x5t '{}'", shown(stated), x5t),
      {}, "fetch the document again; if it stays so, ask the partner which certificate is the right one");
}

// Exchange has keyinfo beside keyvalue, the authorization server inside; where both are, both must be right.
Result<std::vector<std::string>> stated_thumbprints(const json::Value& key, const json::Value& key_value,
                                                    const KeyPlace& place) {
  std::vector<std::string> stated;
  for (const auto* holder : {&key, &key_value}) {
    TRY_ASSIGN(const auto* info, optional_member(*holder, place.text(), "keyinfo", json::Kind::object));
    if (info == nullptr) continue;
    TRY_ASSIGN(auto x5t, optional_text(*info, place.text(), "x5t"));
    if (x5t) stated.push_back(*std::move(x5t));
  }
  return stated;
}

// nullopt for a key that is not for signing, or not a certificate.
Result<std::optional<MetadataKey>> read_key(const json::Value& key, std::size_t index) {
  KeyPlace place{.index = index, .x5t = {}};
  if (!key.is_object()) return wrong_kind(kDocument, "keys", key.kind(), "object");
  TRY_ASSIGN(const auto usage, optional_text(key, place.text(), "usage"));
  if (!usage || !equals_ignoring_case(*usage, kSigning)) return std::nullopt;
  TRY_ASSIGN(const auto* key_value, optional_member(key, place.text(), "keyvalue", json::Kind::object));
  if (key_value == nullptr) return missing(place.text(), "keyvalue");
  TRY_ASSIGN(const auto type, optional_text(*key_value, place.text(), "type"));
  if (!type || !equals_ignoring_case(*type, kCertificateType)) return std::nullopt;

  TRY_ASSIGN(const auto stated, stated_thumbprints(key, *key_value, place));
  if (!stated.empty()) place.x5t = stated.front();
  TRY_ASSIGN(auto der, read_certificate_bytes(*key_value, place));
  auto x5t = base64url_encode(sha1(der));
  for (const auto& one : stated) TRY(compare_thumbprint(one, x5t));
  return MetadataKey{.usage = std::string(kSigning), .der = std::move(der), .x5t = std::move(x5t)};
}

Result<std::vector<MetadataKey>> read_keys(const json::Value& document) {
  TRY_ASSIGN(const auto* list, optional_member(document, kDocument, "keys", json::Kind::array));
  if (list == nullptr) return missing(kDocument, "keys");
  std::vector<MetadataKey> keys;
  std::size_t index = 0;
  for (const auto& item : list->items()) {
    TRY_ASSIGN(auto key, read_key(item, ++index));
    if (key && std::find(keys.begin(), keys.end(), *key) == keys.end()) keys.push_back(*std::move(key));
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
  if (!item.is_object()) return wrong_kind(kDocument, "endpoints", item.kind(), "object");
  const auto place = fmt::format("endpoint {}", index);
  MetadataEndpoint endpoint;
  TRY_ASSIGN(endpoint.location, required_text(item, place, "location"));
  TRY_ASSIGN(endpoint.protocol, required_text(item, place, "protocol"));
  TRY_ASSIGN(endpoint.usage, required_text(item, place, "usage"));
  return endpoint;
}

// Taking the first of two different ones would make the order of a document decide where our assertions go.
Result<std::vector<MetadataEndpoint>> read_endpoints(const json::Value& document) {
  std::vector<MetadataEndpoint> endpoints;
  TRY_ASSIGN(const auto* list, optional_member(document, kDocument, "endpoints", json::Kind::array));
  if (list == nullptr) return endpoints;
  std::size_t index = 0;
  for (const auto& item : list->items()) {
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
  TRY_ASSIGN(auto version, optional_text(document, kDocument, "version"));
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
  TRY(refuse_markup(text));
  TRY_ASSIGN(const auto json, json::parse(text, {.names = kAnyCase}));
  if (!json.is_object()) {
    return invalid(
        fmt::format("the metadata document is of kind '{}', not 'object'", json::kind_name(json.kind())),
        kAskForJson);
  }
  TRY(refuse_other_documents(json));

  MetadataDocument document;
  TRY_ASSIGN(document.id, optional_text(json, kDocument, "id"));
  TRY_ASSIGN(document.version, read_version(json));
  TRY_ASSIGN(auto name, optional_text(json, kDocument, "name"));
  document.name = std::move(name).value_or(std::string());
  TRY_ASSIGN(document.service_name, optional_text(json, kDocument, "serviceName"));
  TRY_ASSIGN(document.issuer, read_issuer(json, document.service_name));
  TRY_ASSIGN(document.allowed_audiences, read_audiences(json));
  TRY_ASSIGN(document.keys, read_keys(json));
  TRY_ASSIGN(document.endpoints, read_endpoints(json));
  return document;
}

Result<MetadataDocument> parse_metadata(std::string_view text, const MetadataContext&) {
  return parse_auth_metadata(text);
}

Result<void> add_key_set(MetadataDocument&, std::string_view, const MetadataContext&) {
  return invalid("key sets are not read yet");
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
