// What this deployment says of itself (protocol.md 2.6), in each form that others read.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/parse.h"
#include "lib/core/time.h"
#include "lib/store/connection.h"

namespace accord {

enum class PublishedDocument { auth_metadata, jwks, openid_configuration };
template <>
struct EnumNames<PublishedDocument> {
  static constexpr std::array<std::pair<PublishedDocument, std::string_view>, 3> table = {
      {{PublishedDocument::auth_metadata, "auth-metadata"},
       {PublishedDocument::jwks, "jwks"},
       {PublishedDocument::openid_configuration, "openid-configuration"}}};
};

struct Publication {
  std::string text = {};  // ends with a line feed
  std::string media_type = {};
  std::vector<std::string> warnings = {};  // for the admin, never for whoever fetches the document
};

// Where other servers find them, below the scheme and authority of PublicUrl.
inline constexpr std::string_view kKeySetPath = "/.well-known/jwks.json";
inline constexpr std::string_view kOpenIdConfigurationPath = "/.well-known/openid-configuration";
// "/{realm}/tokens/OAuth/2", the realm percent-encoded where a URL wants it.
[[nodiscard]] std::string token_endpoint_path(std::string_view realm);

// The same bytes for the same state and instant's keys; reads no private key. Fails with
// OAuthConfiguration.Incomplete (no name; of openid-configuration no address either),
// Certificate.NotAssigned, Certificate.Expired.
[[nodiscard]] Result<Publication> publish(Connection& store, Instant now, PublishedDocument which);

}  // namespace accord
