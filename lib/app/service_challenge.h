// The challenge that tells a caller whom we trust, in the form of the product that we are (protocol.md 3.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/deployment.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"

namespace accord {

struct ServiceChallenge {
  std::string client_id = {};  // our principal; it decides the form
  std::string realm = {};
  std::vector<std::string> trusted_issuers = {};
  std::optional<std::string> authorization_uri = {};
};

// What our store makes of it: the enabled partner applications with keys, then the enabled OAuth servers, each
// by Identity, never ourselves; the authorization endpoint of the server that
// ClientAuthorizationOAuthServerIdentity names.
[[nodiscard]] ServiceChallenge challenge_of(const OAuthConfiguration& configuration, const IssuerName& own,
                                            const std::vector<PartnerApplication>& partners,
                                            const std::vector<OAuthServer>& servers);

enum class Refused { no_token, bad_token };
// The value of WWW-Authenticate: "Bearer …".
[[nodiscard]] std::string write_challenge(const ServiceChallenge& challenge, Refused refused);

// What diagnostics_line wrote, in the words of the product.
[[nodiscard]] std::string product_diagnostics(std::string line, std::string_view client_id);

}  // namespace accord
