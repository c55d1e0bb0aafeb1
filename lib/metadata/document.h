// What another server says of itself, and what we say of ourselves: the JSON auth-metadata document
// (protocol.md 2.2), FederationMetadata.xml (2.4), openid-configuration with its JWKS (2.5).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/names.h"
#include "lib/core/parse.h"

namespace accord {

enum class MetadataKind { auth_metadata, federation, openid_configuration };
template <>
struct EnumNames<MetadataKind> {
  static constexpr std::array<std::pair<MetadataKind, std::string_view>, 3> table = {
      {{MetadataKind::auth_metadata, "AuthMetadata"},
       {MetadataKind::federation, "FederationMetadata"},
       {MetadataKind::openid_configuration, "OpenIdConfiguration"}}};
};

struct MetadataKey {
  std::string usage = {};
  std::string der = {};  // the certificate; its SHA-1 is that of the document's x5t, if one was given
  std::string x5t = {};  // recomputed, base64url
  std::optional<std::string> kid = {};  // of a JWK: a token may name the key by it alone
  friend bool operator==(const MetadataKey&, const MetadataKey&) = default;
};

struct MetadataEndpoint {
  std::string location = {};
  std::string protocol = {};
  std::string usage = {};
  friend bool operator==(const MetadataEndpoint&, const MetadataEndpoint&) = default;
};

struct MetadataDocument {
  MetadataKind kind = MetadataKind::auth_metadata;
  std::optional<std::string> id = {};
  std::string version = "1.0";
  std::string name = {};
  std::optional<std::string> service_name = {};
  // issuer.realm is the document's realm: may be "*" or empty. An issuer that is a URL is held whole in
  // issuer.principal, with {tenantid} replaced where the tenant is known.
  IssuerName issuer = {};
  std::vector<std::string> allowed_audiences = {};
  std::vector<MetadataKey> keys =
      {};  // usage "signing" and type x509Certificate only, in the document's order
  std::vector<MetadataEndpoint> endpoints = {};

  std::optional<std::string> jwks_uri = {};  // of openid-configuration: where its keys are
  // Of FederationMetadata.xml: whether it carried a signature, which was good then. By a key that it brings
  // along: the document is whole, whoever wrote it.
  bool is_signed = false;

  // The location of the endpoint of protocol OAuth2 with this usage ("metadata", "issuance", and
  // "authorization" of the kinds that have one).
  [[nodiscard]] std::optional<std::string> endpoint(std::string_view usage) const;
  friend bool operator==(const MetadataDocument&, const MetadataDocument&) = default;
};

// Reads both spellings of the document; at most 1 MiB, depth 32, names without regard to case, a case-variant
// duplicate is a duplicate. Fails with Json.Invalid, Metadata.Invalid (a member missing or of the wrong type,
// no signing key, a certificate that is no base64), Metadata.KeyMismatch (SHA-1 of the certificate is not its
// x5t: both are named), Metadata.Contradiction (issuer against realm or serviceName, protocol.md 2.2).
// Whether each certificate can be parsed is for the caller, who has lib/cert.
[[nodiscard]] Result<MetadataDocument> parse_auth_metadata(std::string_view text);

// How a document is read: `{tenantid}` in it stands for `tenant`, which is the realm that the admin gave;
// where none was given and the document has one, issuer.realm is empty.
struct MetadataContext {
  std::optional<std::string> tenant = {};
};

// A document of any kind, told by its content and never by its URL. An openid-configuration comes without
// keys: they are read from jwks_uri by `add_key_set`. FederationMetadata.xml needs accord_xml.so; fails then
// with Module.Unusable and Metadata.BadSignature too.
[[nodiscard]] Result<MetadataDocument> parse_metadata(std::string_view text, const MetadataContext& context);

// The keys of a JWKS that may sign for the document's issuer: `use` sig (or none), x5c, kid and x5t as
// protocol.md 2.5 says, no `issuer` member of another tenant (protocol.md 5 row 33). Fails with Json.Invalid,
// Metadata.Invalid, Metadata.KeyMismatch.
[[nodiscard]] Result<void> add_key_set(MetadataDocument& document, std::string_view jwks,
                                       const MetadataContext& context);

// Ours: Exchange's spelling, stable byte order, no BOM, one line of JSON per nesting of two blanks, LF at the
// end (protocol.md 2.6).
[[nodiscard]] std::string write_auth_metadata(const MetadataDocument& document);

}  // namespace accord
