// The JSON auth-metadata document (protocol.md 2.2): what another server says of itself, and what we say of
// ourselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/names.h"

namespace accord {

struct MetadataKey {
  std::string usage = {};
  std::string der = {};  // the certificate; its SHA-1 is that of the document's x5t, if one was given
  std::string x5t = {};  // recomputed, base64url
  friend bool operator==(const MetadataKey&, const MetadataKey&) = default;
};

struct MetadataEndpoint {
  std::string location = {};
  std::string protocol = {};
  std::string usage = {};
  friend bool operator==(const MetadataEndpoint&, const MetadataEndpoint&) = default;
};

struct MetadataDocument {
  std::optional<std::string> id = {};
  std::string version = "1.0";
  std::string name = {};
  std::optional<std::string> service_name = {};
  IssuerName issuer = {};  // issuer.realm is the document's realm: may be "*" or empty
  std::vector<std::string> allowed_audiences = {};
  std::vector<MetadataKey> keys =
      {};  // usage "signing" and type x509Certificate only, in the document's order
  std::vector<MetadataEndpoint> endpoints = {};

  // The location of the endpoint of protocol OAuth2 with this usage ("metadata", "issuance").
  [[nodiscard]] std::optional<std::string> endpoint(std::string_view usage) const;
  friend bool operator==(const MetadataDocument&, const MetadataDocument&) = default;
};

// Reads both spellings of the document; at most 1 MiB, depth 32, names without regard to case, a case-variant
// duplicate is a duplicate. Fails with Json.Invalid, Metadata.Invalid (a member missing or of the wrong type,
// no signing key, a certificate that is no base64), Metadata.KeyMismatch (SHA-1 of the certificate is not its
// x5t: both are named), Metadata.Contradiction (issuer against realm or serviceName, protocol.md 2.2).
// Whether each certificate can be parsed is for the caller, who has lib/cert.
[[nodiscard]] Result<MetadataDocument> parse_auth_metadata(std::string_view text);

// Ours: Exchange's spelling, stable byte order, no BOM, one line of JSON per nesting of two blanks, LF at the
// end (protocol.md 2.6).
[[nodiscard]] std::string write_auth_metadata(const MetadataDocument& document);

}  // namespace accord
