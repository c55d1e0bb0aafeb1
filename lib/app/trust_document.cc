#include "lib/app/trust_document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/core/encoding.h"
#include "lib/core/names.h"
#include "lib/core/parse.h"

namespace accord {
namespace {

Result<Certificate> key_of(const Environment& env, const MetadataKey& key) {
  auto certificate = parse_certificate(key.der);
  if (!certificate) {
    Error error = std::move(certificate).error();
    error.message = fmt::format("the document's key '{}': {}", key.x5t, error.message);
    return tl::unexpected(std::move(error));
  }
  certificate->kid = key.kid;
  TRY(check_key(*certificate));
  for (const auto& oddity : oddities(*certificate, env.now())) env.warn(oddity);
  return certificate;
}

Result<std::vector<Certificate>> keys_of(const Environment& env, const MetadataDocument& document) {
  std::vector<Certificate> keys;
  for (const auto& key : document.keys) {
    TRY_ASSIGN(auto certificate, key_of(env, key));
    keys.push_back(std::move(certificate));
  }
  return keys;
}

Result<MetadataDocument> parsed(std::string_view text, const MetadataContext& context) {
  TRY_ASSIGN(auto document, parse_metadata(text, context));
  for (const auto usage : {"metadata", "issuance", "authorization"}) {
    const auto location = document.endpoint(usage);
    if (location && !parse_https_url(*location)) {
      return fail("Metadata.Invalid",
                  fmt::format("the document's {} endpoint '{}' is no https URL", usage, *location), *location,
                  "ask the other side for a document that names an https address");
    }
  }
  return document;
}

// --- Over the network

tl::unexpected<Error> wrong_status(const HttpResponse& response) {
  const bool is_theirs = response.status >= 500;
  return fail("Network.Status",
              fmt::format("'{}' answered with HTTP status {}", response.url, response.status), response.url,
              is_theirs ? "the other side's own token certificate may be missing or expired; ask its admin"
                        : "check the URL: the server is there, the document is not");
}

FetchRules rules_of(const DocumentSource& source) {
  FetchRules rules;
  rules.ca_pem = source.ca_pem;
  rules.trust_any_certificate = source.trust_any_certificate;
  return rules;
}

Result<HttpResponse> good_response(const FetchOutcome& outcome) {
  TRY_ASSIGN(auto response, response_of(outcome));
  if (response.status != 200) return wrong_status(response);
  const auto encoding = response.header("Content-Encoding");
  if (encoding && !equals_ignoring_case(*encoding, "identity")) {
    return fail("Network.NoAnswer",
                fmt::format("the answer of '{}' is compressed ('{}'), which was not asked for", response.url,
                            escape_for_terminal(*encoding)),
                response.url, "ask the other side to serve the document as it is");
  }
  return response;
}

bool is_web_page(const HttpResponse& response) {
  const auto text = trim(without_byte_order_mark(response.body));
  return starts_with_ignoring_case(text, "<!doctype html") || starts_with_ignoring_case(text, "<html");
}

Result<MetadataDocument> parsed_answer(const HttpResponse& response, const MetadataContext& context) {
  auto document = parsed(response.body, context);
  if (document || !is_web_page(response)) return about(response.url, std::move(document));
  return fail("Metadata.Invalid", fmt::format("'{}' is a web page, not a metadata document", response.url),
              response.url,
              "check its path: it ends in /metadata/json/1 (Exchange: /autodiscover/metadata/json/1)");
}

Result<void> add_keys(MetadataDocument& document, const DocumentSource& source) {
  const auto& uri = *document.jwks_uri;
  TRY_ASSIGN(const auto named, check_named_url("jwks_uri", uri, source.url, source.allowed_hosts));
  auto rules = rules_of(source);
  rules.allow_private_addresses = named.allow_private_addresses;
  TRY_ASSIGN(const auto response, good_response(fetch({.url = uri}, rules)));
  return about(uri, add_key_set(document, response.body, source.context));
}

Result<TrustDocument> document_of(const Environment& env, const DocumentSource& source,
                                  const FetchOutcome& outcome) {
  TRY_ASSIGN(const auto response, good_response(outcome));
  TrustDocument made;
  TRY_ASSIGN(made.document, parsed_answer(response, source.context));
  if (made.document.jwks_uri) TRY(add_keys(made.document, source));
  TRY_ASSIGN(made.keys, about(response.url, keys_of(env, made.document)));
  return made;
}

void say_how_it_came(const Environment& env, const FetchOutcome& outcome) {
  env.verbose(fmt::format(
      "tried {}; {}; certificate: {}; {} ms",
      outcome.addresses.empty() ? "no address" : fmt::format("{}", fmt::join(outcome.addresses, ", ")),
      outcome.tls_version.value_or("no TLS"), outcome.certificate.value_or("none"), outcome.took.count()));
}

// Without its port.
std::string_view name_of(std::string_view host) {
  return host.substr(0, host.find(':'));
}

}  // namespace

Result<TrustDocument> read_trust_document(Environment& env, const std::string& path,
                                          const MetadataContext& context) {
  TRY_ASSIGN(const auto text, env.read_file_or_input(path));
  return trust_document(env, text, path, context);
}

Result<TrustDocument> trust_document(const Environment& env, std::string_view text, const std::string& source,
                                     const MetadataContext& context) {
  TrustDocument made;
  TRY_ASSIGN(made.document, about(source, parsed(text, context)));
  if (made.document.jwks_uri) {
    return fail("Metadata.Invalid",
                fmt::format("the keys of this openid-configuration are at '{}', not in the file",
                            *made.document.jwks_uri),
                source, "read it over the network: --metadata-url URL without --metadata-file");
  }
  TRY_ASSIGN(made.keys, about(source, keys_of(env, made.document)));
  return made;
}

Result<void> check_document_url(const std::string& url) {
  constexpr std::string_view kPlain = "http://";
  if (starts_with_ignoring_case(url, kPlain) && url.find('@') == std::string::npos) {
    return fail(
        "Parameter.Invalid",
        fmt::format("'{}' is not read: without TLS, anybody on the way can put other keys into it", url), url,
        fmt::format("use https://{}", url.substr(kPlain.size())));
  }
  TRY(parse_https_url(url));
  return {};
}

FetchedDocument fetch_document(const Environment& env, const DocumentSource& source) {
  if (source.trust_any_certificate) env.warn("the server's certificate was not checked");
  FetchedDocument made;
  auto rules = rules_of(source);
  rules.allow_private_addresses = true;  // the admin's own URL
  made.fetched = fetch({.url = source.url}, rules);
  say_how_it_came(env, made.fetched);
  made.read = document_of(env, source, made.fetched);
  return made;
}

Result<NamedUrl> check_named_url(std::string_view what, const std::string& url,
                                 const std::string& document_url,
                                 const std::vector<std::string>& allowed_hosts) {
  const auto host = host_of_url(url);
  const auto own = host_of_url(document_url);
  if (!host) {
    return fail("Metadata.HostNotAllowed", fmt::format("the document's {} '{}' is no https URL", what, url),
                url, "ask the other side for a document that names an https address");
  }
  const auto names = [&](const std::string& one) { return one == *host || one == name_of(*host); };
  const bool is_named = (own && *own == *host) || std::ranges::any_of(allowed_hosts, names);
  if (!is_named && !(own && name_of(*own) == name_of(*host))) {
    return fail("Metadata.HostNotAllowed",
                fmt::format("the document's {} '{}' is on another host than the document", what, url), url,
                fmt::format("if that is right, add --allow-host {}", name_of(*host)));
  }
  return NamedUrl{.allow_private_addresses = is_named};
}

Result<std::optional<std::string>> read_ca_file(Environment& env, const std::optional<std::string>& path) {
  if (!path) return std::nullopt;
  TRY_ASSIGN(auto content, env.read_file_or_input(*path));
  TRY_ASSIGN(const auto certificates, about(*path, read_certificates(content)));
  std::string pem;
  for (const auto& one : certificates) pem += to_pem(one);
  return pem;
}

}  // namespace accord
