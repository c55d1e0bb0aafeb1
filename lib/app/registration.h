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
// LastRefreshResult of a document that was read and taken.
inline constexpr std::string_view kRefreshed = "Success";

// The document that --metadata-file names, or else --metadata-url: from there over the network, and then
// nothing of the store may be held (Environment::let_go). `relation` says which authority and hosts are
// trusted; `realm` is the tenant that a template in the document stands for. Fails as these do, and with
// Metadata.KeyMismatch where the keys are not those of --expect-thumbprint.
struct DocumentOptions {
  std::optional<std::string> metadata_url = {};
  std::optional<std::string> metadata_file = {};
  std::vector<std::string> expect_thumbprint = {};
};
[[nodiscard]] Result<TrustDocument> chosen_document(Environment& env, const DocumentOptions& options,
                                                    const KeyRelation& relation,
                                                    const std::optional<std::string>& realm);

// What a document says of the partner or OAuth server that is registered by it: keys, addresses, and that it
// has been read now. The addresses that we would call must be on its host or on an allowed one
// (protocol.md 2.5). Fails with Metadata.HostNotAllowed, Metadata.Invalid (a document of another kind of
// server).
[[nodiscard]] Result<void> take_document(const TrustDocument& read, const std::optional<std::string>& url,
                                         Instant now, PartnerApplication& partner);
[[nodiscard]] Result<void> take_document(const TrustDocument& read, const std::optional<std::string>& url,
                                         Instant now, OAuthServer& server);

// That the document is of the registered issuer (protocol.md 2.2). One whose realm names none speaks for the
// realm that was registered. Fails with Metadata.Contradiction.
[[nodiscard]] Result<void> check_same_issuer(const MetadataDocument& document,
                                             const PartnerApplication& partner);
[[nodiscard]] Result<void> check_same_issuer(const MetadataDocument& document, const OAuthServer& server);

// What kind of server publishes such a document. Fails with Parameter.Clash where `given` cannot be.
[[nodiscard]] Result<OAuthServerType> type_of(const MetadataDocument& document,
                                              std::optional<OAuthServerType> given);

// Our name as the other side is told it now: what OUR-NAME-CHANGED compares with.
[[nodiscard]] Result<void> record_told_issuer(Connection& store, KeyRelation& relation);

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
// With what they name read.
struct RelationChange {
  RelationOptions options = {};
  std::optional<std::string> ca_pem = {};  // of --ca-file
};
[[nodiscard]] Result<RelationChange> relation_change(Environment& env, const RelationOptions& options);
void apply(const RelationChange& change, Instant now, KeyRelation& relation);

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
