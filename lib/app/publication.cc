#include "lib/app/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/app/deployment.h"
#include "lib/app/our_certificates.h"
#include "lib/core/json.h"
#include "lib/metadata/document.h"
#include "lib/token/key.h"

namespace accord {
namespace {

struct Product {
  std::string_view principal;
  std::string_view name;
  std::string_view path;  // of its document (protocol.md 2.1)
};
constexpr std::array<Product, 4> kProducts = {{
    {kExchangePrincipal, "Exchange", "/autodiscover/metadata/json/1"},
    {kSharePointPrincipal, "SharePoint", "/_layouts/15/metadata/json/1"},
    {kLyncPrincipal, "Lync", "/metadata/json/1"},
    {kAuthorizationServerPrincipal, "sts", "/metadata/json/1"},
}};

constexpr std::string_view kJsonType = "application/json; charset=utf-8";  // protocol.md 2.6
constexpr std::string_view kKeySetType = "application/jwk-set+json";       // RFC 7517, 8.5.2
// A signed assertion as the grant, in both spellings, or as the client's authentication (protocol.md 3.4).
constexpr std::array<std::string_view, 3> kGrants = {"http://oauth.net/grant_type/jwt/1.0/bearer",
                                                     "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                                     "client_credentials"};
constexpr std::string_view kSetPublicUrl = "set-oauth-configuration --public-url URL";

Product product_of(std::string_view principal) {
  for (const auto& one : kProducts) {
    if (one.principal == principal) return one;
  }
  return {principal, "Accord", "/metadata/json/1"};
}

// --- What all documents are made of

struct Ourselves {
  IssuerName issuer = {};
  std::vector<Certificate> published = {};
  std::optional<std::string> public_url = {};
};

Result<std::vector<Certificate>> keys_to_publish(Connection& store, Instant now, const IssuerName& issuer) {
  TRY_ASSIGN(auto published, published_certificates(store, now));
  if (!published.empty()) return published;
  TRY(current_token_issuer(store, now));
  return fail("Certificate.Expired", "every token-issuer certificate has expired", issuer.text(),
              "request-certificate --new --self-signed makes a new one");
}

std::optional<std::string> public_url(const OAuthConfiguration& configuration,
                                      std::vector<std::string>& warnings) {
  if (configuration.public_url) return configuration.public_url;
  if (configuration.hosts.empty()) {
    warnings.push_back(fmt::format("the document does not say where it is: {}", kSetPublicUrl));
    return std::nullopt;
  }
  auto url = "https://" + configuration.hosts.front();
  warnings.push_back(fmt::format("no PublicUrl is set; the document says '{}'", url));
  return url;
}

Result<Ourselves> read_ourselves(Connection& store, Instant now, std::vector<std::string>& warnings) {
  TRY_ASSIGN(const auto deployment, read_deployment(store));
  Ourselves ourselves;
  TRY_ASSIGN(ourselves.issuer, require_issuer(deployment));
  TRY_ASSIGN(ourselves.published, keys_to_publish(store, now, ourselves.issuer));
  ourselves.public_url = public_url(deployment.configuration, warnings);
  return ourselves;
}

// --- Addresses

std::size_t end_of_authority(std::string_view url) {
  return std::min(url.find_first_of("/?#", url.find("://") + 3), url.size());
}

// A public URL that names a path is the document's own; one that names a host gets the product's path.
std::string document_url(const std::string& base, std::string_view path) {
  const auto end = end_of_authority(base);
  const bool names_a_path = end < base.size() && !(base[end] == '/' && end + 1 == base.size());
  return names_a_path ? base : base.substr(0, end) + std::string(path);
}

std::string on_our_host(const std::string& public_url, std::string_view path) {
  return public_url.substr(0, end_of_authority(public_url)) + std::string(path);
}

// Of an authorization server alone: nobody else issues tokens to others.
std::optional<std::string> token_endpoint(const Ourselves& ourselves) {
  if (!ourselves.public_url || ourselves.issuer.principal != kAuthorizationServerPrincipal)
    return std::nullopt;
  return on_our_host(*ourselves.public_url, token_endpoint_path(ourselves.issuer.realm));
}

// --- The documents

std::string auth_metadata(const Ourselves& ourselves) {
  const auto product = product_of(ourselves.issuer.principal);
  MetadataDocument made;
  made.issuer = ourselves.issuer;
  made.name = product.name;
  made.service_name = ourselves.issuer.principal;
  made.allowed_audiences = {ourselves.issuer.text()};
  for (const auto& certificate : ourselves.published) {
    made.keys.push_back({.usage = "signing", .der = certificate.der, .x5t = certificate.x5t()});
  }
  if (ourselves.public_url) {
    made.endpoints.push_back({.location = document_url(*ourselves.public_url, product.path),
                              .protocol = "OAuth2",
                              .usage = "metadata"});
  }
  if (const auto endpoint = token_endpoint(ourselves))
    made.endpoints.push_back({.location = *endpoint, .protocol = "OAuth2", .usage = "issuance"});
  return write_auth_metadata(made);
}

template <class Texts>
json::Value list_of(const Texts& texts) {
  auto list = json::Value::array();
  for (const auto text : texts) list.append(text);
  return list;
}

json::Value algorithms_of(const std::vector<Certificate>& published) {
  std::vector<std::string_view> names;
  for (const auto& certificate : published) {
    const auto algorithm = s2s_algorithm(certificate.public_key.algorithm);
    if (!algorithm) continue;
    const auto name = enum_name(*algorithm);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return list_of(names);
}

// OpenID Connect Discovery 3. There is nobody to sign in here, so no authorization_endpoint and no response
// types; the latter is a mandatory member all the same.
Result<std::string> openid_configuration(const Ourselves& ourselves) {
  if (!ourselves.public_url) {
    return fail("OAuthConfiguration.Incomplete",
                "an openid-configuration names addresses, and this deployment has no PublicUrl yet",
                "PublicUrl", std::string(kSetPublicUrl));
  }
  auto made = json::Value::object();
  made.add("issuer", ourselves.issuer.text());
  made.add("jwks_uri", on_our_host(*ourselves.public_url, kKeySetPath));
  if (const auto endpoint = token_endpoint(ourselves)) {
    made.add("token_endpoint", *endpoint);
    made.add("token_endpoint_auth_methods_supported", list_of(std::array{"private_key_jwt"}));
    made.add("grant_types_supported", list_of(kGrants));
  }
  made.add("response_types_supported", json::Value::array());
  made.add("subject_types_supported", list_of(std::array{"public"}));
  made.add("id_token_signing_alg_values_supported", algorithms_of(ourselves.published));
  return json::dump(made, 2) + '\n';
}

bool is_unreserved(char c) {  // RFC 3986, 2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string token_endpoint_path(std::string_view realm) {
  std::string path = "/";
  for (const char c : realm) {
    path += is_unreserved(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return path + "/tokens/OAuth/2";
}

Result<Publication> publish(Connection& store, Instant now, PublishedDocument which) {
  Publication made;
  made.media_type = kJsonType;
  TRY_ASSIGN(const auto ourselves, read_ourselves(store, now, made.warnings));
  switch (which) {
    case PublishedDocument::auth_metadata:
      made.text = auth_metadata(ourselves);
      break;
    case PublishedDocument::openid_configuration: {
      TRY_ASSIGN(made.text, openid_configuration(ourselves));
      break;
    }
    case PublishedDocument::jwks:
      made.text = to_jwks(ourselves.published) + '\n';
      made.media_type = kKeySetType;
      made.warnings.clear();  // they are about addresses, and it names none
      break;
  }
  return made;
}

}  // namespace accord
