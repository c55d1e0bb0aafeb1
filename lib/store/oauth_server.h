// OAuth servers: authorization servers that issue tokens for others (spec/commands.md 5).
#pragma once

#include "lib/store/partner_application.h"

namespace accord {

enum class OAuthServerType { acs, adfs, azure_ad, oidc };

template <>
struct EnumNames<OAuthServerType> {
  static constexpr std::array<std::pair<OAuthServerType, std::string_view>, 4> table = {
      {{OAuthServerType::acs, "Acs"},
       {OAuthServerType::adfs, "ADFS"},
       {OAuthServerType::azure_ad, "AzureAD"},
       {OAuthServerType::oidc, "Oidc"}}};
};

struct OAuthServer {
  std::int64_t id = 0;
  std::string identity = {};           // unique without regard to ASCII case; also Name
  std::string issuer_identifier = {};  // a principal, or a URL for AzureAD, ADFS and Oidc
  std::string realm = {};
  std::optional<std::string> metadata_url = {};
  std::optional<std::string> authorization_uri_override = {};
  OAuthServerType type = OAuthServerType::acs;
  bool accept_security_identifier_information = false;
  bool enabled = true;
  std::optional<std::string> token_endpoint = {};
  std::optional<std::string> authorization_endpoint = {};  // as its document says
  KeyRelation relation = {};

  // Exactly. An issuer that is a URL has no realm in a token; the realm is registered here.
  [[nodiscard]] bool is_named(const IssuerName& issuer) const;
};

[[nodiscard]] Result<std::optional<OAuthServer>> find_oauth_server(Connection& store,
                                                                   std::string_view identity);
[[nodiscard]] Result<std::vector<OAuthServer>> list_oauth_servers(Connection& store);  // by identity
[[nodiscard]] Result<std::vector<OAuthServer>> find_oauth_servers_by_issuer(Connection& store,
                                                                            const IssuerName& issuer);

// Fails with OAuthServer.Exists, OAuthServer.IssuerInUse, Certificate.Sha1Collision, as partners do.
[[nodiscard]] Result<OAuthServer> insert_oauth_server(Connection& store, OAuthServer server);
[[nodiscard]] Result<void> update_oauth_server(Connection& store, const OAuthServer& server);
[[nodiscard]] Result<void> remove_oauth_server(Connection& store, std::int64_t id);

}  // namespace accord
