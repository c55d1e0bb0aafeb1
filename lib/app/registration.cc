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

template <class T>
std::string advice_for(const std::vector<T>& all, std::string_view identity, std::string_view verb) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.identity);
  const auto close = nearest(identity, names);
  return close.empty() ? fmt::format("{} lists them all", verb)
                       : fmt::format("did you mean '{}'?   {} lists them all", close, verb);
}

}  // namespace

tl::unexpected<Error> no_network(std::string_view url) {
  return fail("Metadata.NoNetwork", fmt::format("'{}' cannot be read: this version has no network", url),
              std::string(url), "save the document with another program and add --metadata-file FILE");
}

Result<std::string> realm_of(const MetadataDocument& document, const std::optional<std::string>& given) {
  const auto& own = document.issuer.realm;
  const bool open = own.empty() || own == "*";
  if (open && !given) {
    return fail("Metadata.NeedsRealm", fmt::format("the document's realm is '{}', which names no realm", own),
                own, "add --realm REALM: only tokens of that realm will be accepted");
  }
  if (!open && given) {
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

Result<void> apply(Environment& env, const RelationOptions& options, KeyRelation& relation) {
  if (options.learns_our_keys_by) relation.learns_our_keys_by = *options.learns_our_keys_by;
  if (options.told_thumbprint) {
    relation.told_thumbprints = *options.told_thumbprint;
    relation.told_at = relation.told_thumbprints.empty() ? std::nullopt : std::optional(env.now());
  }
  if (options.allow_host) relation.allowed_hosts = *options.allow_host;
  if (options.ca_file && options.ca_file->empty()) {
    relation.ca_pem = std::nullopt;
  } else if (options.ca_file) {
    TRY_ASSIGN(relation.ca_pem, read_ca_file(env, options.ca_file));
  }
  return {};
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
