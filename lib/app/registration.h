// What another server says of itself, taken from a document or a certificate and judged before it is stored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/deployment.h"
#include "lib/app/environment.h"
#include "lib/app/trust_document.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"

namespace accord {

inline constexpr std::size_t kMaximumPartnerCertificates = 8;

// A document that is to be read from `url` alone: this version cannot (Metadata.NoNetwork).
[[nodiscard]] tl::unexpected<Error> no_network(std::string_view url);

// The realm that is stored: the document's, or `given` where that is * or empty. Fails with
// Metadata.NeedsRealm, Parameter.Clash.
[[nodiscard]] Result<std::string> realm_of(const MetadataDocument& document,
                                           const std::optional<std::string>& given);

// Fails with Metadata.Contradiction when the document is ours.
[[nodiscard]] Result<void> refuse_own_name(Connection& store, const IssuerName& issuer);

// -CertificateFileData FILE and -CertificateRawData BASE64: one certificate of a partner, expired or not.
[[nodiscard]] Result<Certificate> partner_certificate_from_file(Environment& env, const std::string& path);
[[nodiscard]] Result<Certificate> partner_certificate_from_text(Environment& env, const std::string& base64);

// --expect-thumbprint: the keys must be exactly these. An empty list expects nothing. Fails with
// Metadata.KeyMismatch.
[[nodiscard]] Result<void> expect_thumbprints(const std::vector<Certificate>& keys,
                                              const std::vector<std::string>& expected);

// What --learns-our-keys-by, --told-thumbprint, --allow-host and --ca-file say, put into `relation`.
struct RelationOptions {
  std::optional<LearnsOurKeysBy> learns_our_keys_by = {};
  std::optional<std::vector<std::string>> told_thumbprint = {};
  std::optional<std::vector<std::string>> allow_host = {};
  std::optional<std::string> ca_file = {};
};
[[nodiscard]] Result<void> apply(Environment& env, const RelationOptions& options, KeyRelation& relation);

// Their parameters, for verbs whose options are derived from them. `empty`: whether "" clears, as in set
// verbs.
template <class O>
[[nodiscard]] std::vector<Parameter> relation_parameters(Empty empty) {
  return {
      own(parameter<O>("LearnsOurKeysBy", &RelationOptions::learns_our_keys_by,
                       {.help = "How it learns of a new key of ours.",
                        .default_text = empty == Empty::refused ? "Unknown" : ""})),
      own(parameter<O>("ToldThumbprint", &RelationOptions::told_thumbprint,
                       {.help = "Keys of ours that it was told of by hand.",
                        .empty = empty,
                        .check = parse_thumbprint,
                        .completion = "get-certificate --property Thumbprint"})),
      own(parameter<O>("AllowHost", &RelationOptions::allow_host,
                       {.help = "Hosts that its document may point to, besides its own.",
                        .empty = empty,
                        .check = parse_host})),
      own(parameter<O>(
          "CaFile", &RelationOptions::ca_file,
          {.help = "The authority of its TLS certificate, PEM.", .type = "Path", .empty = empty})),
  };
}

// The stored one of this identity. Fails with *.NotFound, suggesting the nearest.
[[nodiscard]] Result<PartnerApplication> stored_partner(Connection& store, std::string_view identity);
[[nodiscard]] Result<OAuthServer> stored_oauth_server(Connection& store, std::string_view identity);

}  // namespace accord
