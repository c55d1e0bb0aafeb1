#include "lib/app/registration.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/file.h"

namespace accord {
namespace {

void warn_of_oddities(const Environment& env, const Certificate& certificate) {
  for (const auto& oddity : oddities(certificate, env.now())) env.warn(oddity);
}

Result<Certificate> judged(const Environment& env, Certificate certificate) {
  TRY(check_key(certificate));
  warn_of_oddities(env, certificate);
  return certificate;
}

void take_keys(const TrustDocument& read, Instant now, KeyRelation& relation) {
  relation.keys = read.keys;
  relation.last_refresh = now;
  relation.last_refresh_result = kRefreshed;
}

// FederationMetadata.xml names no endpoints of OAuth: they are derived, and lie where the document does
// (protocol.md 2.4).
std::optional<std::string> endpoint_of(const MetadataDocument& document, std::string_view usage,
                                       const std::optional<std::string>& url) {
  const auto named = document.endpoint(usage);
  if (!named || !url || document.kind != MetadataKind::federation) return named;
  constexpr std::string_view kScheme = "https://";
  const auto path = named->find('/', kScheme.size());
  return path == std::string::npos
             ? named
             : std::optional(fmt::format("{}{}{}", kScheme, *host_of_url(*url), named->substr(path)));
}

Result<void> same_issuer(const MetadataDocument& document, const IssuerName& registered,
                         const std::string& identity, std::string_view what) {
  const auto& issuer = document.issuer;
  const bool open = issuer.realm.empty() || issuer.realm == "*";
  if (issuer.principal == registered.principal && (open || issuer.realm == registered.realm)) return {};
  return fail("Metadata.Contradiction",
              fmt::format("the document is of '{}', but '{}' is registered as '{}'", issuer.text(), identity,
                          registered.text()),
              identity,
              fmt::format("remove the {} and create it again if it really has another name now", what));
}

template <class T>
std::string advice_for(const std::vector<T>& all, std::string_view identity, std::string_view verb) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.identity);
  const auto close = nearest(identity, names);
  return close.empty() ? fmt::format("{} lists them all", verb)
                       : fmt::format("did you mean '{}'?   {} lists them all", close, verb);
}

}  // namespace

Result<TrustDocument> chosen_document(Environment& env, const DocumentOptions& options,
                                      const KeyRelation& relation, const std::optional<std::string>& realm) {
  TrustDocument chosen;
  if (options.metadata_file) {
    TRY_ASSIGN(chosen, read_trust_document(env, *options.metadata_file, {.tenant = realm}));
  } else {
    env.let_go();
    auto fetched = fetch_document(env, {.url = *options.metadata_url,
                                        .ca_pem = relation.ca_pem,
                                        .allowed_hosts = relation.allowed_hosts,
                                        .context = {.tenant = realm}});
    TRY_ASSIGN(chosen, std::move(fetched.read));
  }
  TRY(expect_thumbprints(chosen.keys, options.expect_thumbprint));
  return chosen;
}

Result<void> take_document(const TrustDocument& read, const std::optional<std::string>& url, Instant now,
                           PartnerApplication& partner) {
  if (is_url_issuer(read.document.issuer.principal)) {
    return fail(
        "Metadata.Invalid",
        fmt::format("this is the document of an authorization server, '{}'", read.document.issuer.principal),
        {}, "register it with new-oauth-server, and the partner with --use-oauth-server");
  }
  partner.source = TrustSource::metadata;
  partner.metadata_url = url ? url : read.document.endpoint("metadata");
  take_keys(read, now, partner.relation);
  return {};
}

Result<void> take_document(const TrustDocument& read, const std::optional<std::string>& url, Instant now,
                           OAuthServer& server) {
  server.metadata_url = url ? url : read.document.endpoint("metadata");
  server.token_endpoint = endpoint_of(read.document, "issuance", server.metadata_url);
  server.authorization_endpoint = endpoint_of(read.document, "authorization", server.metadata_url);
  for (const auto& [what, location] : {std::pair("issuance endpoint", server.token_endpoint),
                                       std::pair("authorization endpoint", server.authorization_endpoint)}) {
    if (location && server.metadata_url)
      TRY(check_named_url(what, *location, *server.metadata_url, server.relation.allowed_hosts));
  }
  take_keys(read, now, server.relation);
  return {};
}

Result<void> check_same_issuer(const MetadataDocument& document, const PartnerApplication& partner) {
  return same_issuer(document, {partner.application_identifier, partner.realm.value_or("")}, partner.identity,
                     "partner");
}

Result<void> check_same_issuer(const MetadataDocument& document, const OAuthServer& server) {
  return same_issuer(document, {server.issuer_identifier, server.realm}, server.identity, "OAuth server");
}

Result<OAuthServerType> type_of(const MetadataDocument& document, std::optional<OAuthServerType> given) {
  using enum OAuthServerType;
  const bool is_azure = document.issuer.principal.starts_with("https://sts.windows.net/");
  const auto found = document.kind == MetadataKind::auth_metadata          ? acs
                     : document.kind == MetadataKind::openid_configuration ? oidc
                     : is_azure                                            ? azure_ad
                                                                           : adfs;
  if (!given) return found;
  const bool can_be = document.kind == MetadataKind::auth_metadata ? *given != oidc
                      : document.kind == MetadataKind::openid_configuration
                          ? *given != acs
                          : *given == adfs || *given == azure_ad;
  if (can_be) return *given;
  return fail("Parameter.Clash",
              fmt::format("a server of type {} does not publish a document of kind {}", enum_name(*given),
                          enum_name(document.kind)),
              "--type", fmt::format("leave --type out; the document is that of type {}", enum_name(found)));
}

Result<void> record_told_issuer(Connection& store, KeyRelation& relation) {
  TRY_ASSIGN(const auto deployment, read_deployment(store));
  const auto own = deployment.issuer();
  relation.told_issuer = own ? std::optional(own->text()) : std::nullopt;
  return {};
}

Result<std::string> realm_of(const MetadataDocument& document, const std::optional<std::string>& given) {
  const auto& own = document.issuer.realm;
  const bool open = own.empty() || own == "*";
  if (open && !given) {
    return fail("Metadata.NeedsRealm", fmt::format("the document's realm is '{}', which names no realm", own),
                own, "add --realm REALM: only tokens of that realm will be accepted");
  }
  // A template that the realm was put into says the same.
  const bool is_same = document.kind != MetadataKind::auth_metadata && given == own;
  if (!open && given && !is_same) {
    return fail("Parameter.Clash",
                fmt::format("--realm cannot be given: the document says that its realm is '{}'", own),
                "--realm", "leave --realm out");
  }
  return open ? *given : own;
}

Result<void> refuse_own_name(Connection& store, const IssuerName& issuer) {
  TRY_ASSIGN(const auto deployment, read_deployment(store));
  const auto own = deployment.issuer();
  if (!own || !equals_ignoring_case(own->text(), issuer.text())) return {};
  return fail("Metadata.Contradiction",
              fmt::format("'{}' is this deployment's own issuer name", issuer.text()), issuer.text(),
              "register the other server's document, not ours");
}

Result<Certificate> partner_certificate_from_file(Environment& env, const std::string& path) {
  TRY_ASSIGN(const auto content, env.read_file_or_input(path));
  TRY_ASSIGN(auto certificate, about(path, read_certificate(content)));
  return judged(env, std::move(certificate));
}

Result<Certificate> partner_certificate_from_text(Environment& env, const std::string& base64) {
  const auto bytes = base64_decode(base64, Blanks::ignored);
  if (!bytes) {
    return fail("Certificate.Invalid", "the value of --certificate-raw-data is no base64",
                "--certificate-raw-data",
                "give the base64 of a certificate file on one line, or --certificate-file-data FILE");
  }
  TRY_ASSIGN(auto certificate, read_certificate(*bytes));
  return judged(env, std::move(certificate));
}

Result<void> expect_thumbprints(const std::vector<Certificate>& keys,
                                const std::vector<std::string>& expected) {
  if (expected.empty()) return {};
  std::vector<std::string> found;
  for (const auto& key : keys) found.push_back(key.thumbprint);
  if (std::ranges::is_permutation(found, expected)) return {};
  return fail("Metadata.KeyMismatch",
              fmt::format("the document's signing keys are {}, expected {}", fmt::join(found, ", "),
                          fmt::join(expected, ", ")),
              found.empty() ? std::string() : found.front(), "ask the other side which keys are theirs");
}

Result<RelationChange> relation_change(Environment& env, const RelationOptions& options) {
  RelationChange change{.options = options};
  if (options.ca_file && !options.ca_file->empty()) {
    TRY_ASSIGN(change.ca_pem, read_ca_file(env, options.ca_file));
  }
  return change;
}

void apply(const RelationChange& change, Instant now, KeyRelation& relation) {
  const auto& options = change.options;
  if (options.learns_our_keys_by) relation.learns_our_keys_by = *options.learns_our_keys_by;
  if (options.told_thumbprint) {
    relation.told_thumbprints = *options.told_thumbprint;
    relation.told_at = relation.told_thumbprints.empty() ? std::nullopt : std::optional(now);
  }
  if (options.allow_host) relation.allowed_hosts = *options.allow_host;
  if (options.ca_file) relation.ca_pem = change.ca_pem;
}

Result<PartnerApplication> stored_partner(Connection& store, std::string_view identity) {
  TRY_ASSIGN(auto found, find_partner_application(store, identity));
  if (found) return *std::move(found);
  TRY_ASSIGN(const auto all, list_partner_applications(store));
  return fail("PartnerApplication.NotFound", fmt::format("no partner application is named '{}'", identity),
              std::string(identity), advice_for(all, identity, "get-partner-application"));
}

Result<OAuthServer> stored_oauth_server(Connection& store, std::string_view identity) {
  TRY_ASSIGN(auto found, find_oauth_server(store, identity));
  if (found) return *std::move(found);
  TRY_ASSIGN(const auto all, list_oauth_servers(store));
  return fail("OAuthServer.NotFound", fmt::format("no OAuth server is named '{}'", identity),
              std::string(identity), advice_for(all, identity, "get-oauth-server"));
}

}  // namespace accord
