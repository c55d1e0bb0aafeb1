#include "lib/app/publication.h"

#include <fmt/format.h>

#include "lib/app/our_certificates.h"

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

Product product_of(std::string_view principal) {
  for (const auto& one : kProducts) {
    if (one.principal == principal) return one;
  }
  return {principal, "Accord", "/metadata/json/1"};
}

// A public URL that names a path is the document's own; one that names a host gets the product's path.
std::string document_url(const std::string& base, std::string_view path) {
  const auto authority = base.find("://") + 3;
  const auto slash = base.find('/', authority);
  if (slash == std::string::npos) return base + std::string(path);
  return slash + 1 == base.size() ? base.substr(0, slash) + std::string(path) : base;
}

std::optional<std::string> public_url(const Environment& env, const OAuthConfiguration& configuration) {
  if (configuration.public_url) return configuration.public_url;
  if (configuration.hosts.empty()) {
    env.warn("the document does not say where it is: set-oauth-configuration --public-url URL");
    return std::nullopt;
  }
  const auto url = "https://" + configuration.hosts.front();
  env.warn(fmt::format("no PublicUrl is set; the document says '{}'", url));
  return url;
}

}  // namespace

Result<MetadataDocument> our_metadata(Environment& env, Connection& store) {
  TRY_ASSIGN(const auto deployment, read_deployment(store));
  MetadataDocument made;
  TRY_ASSIGN(made.issuer, require_issuer(deployment));
  TRY_ASSIGN(const auto published, published_certificates(store, env.now()));
  if (published.empty()) {
    TRY(current_token_issuer(store, env.now()));
    return fail("Certificate.Expired", "every token-issuer certificate has expired",
                std::string(made.issuer.text()), "request-certificate --new --self-signed makes a new one");
  }
  const auto product = product_of(made.issuer.principal);
  made.name = product.name;
  made.service_name = made.issuer.principal;
  made.allowed_audiences = {made.issuer.text()};
  for (const auto& certificate : published) {
    made.keys.push_back({.usage = "signing", .der = certificate.der, .x5t = certificate.x5t()});
  }
  if (const auto url = public_url(env, deployment.configuration)) {
    made.endpoints.push_back(
        {.location = document_url(*url, product.path), .protocol = "OAuth2", .usage = "metadata"});
  }
  return made;
}

}  // namespace accord
