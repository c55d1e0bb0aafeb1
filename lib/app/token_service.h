// The token service: this deployment's documents, a guarded test resource, and the token endpoint of an
// authorization server, behind HTTPS (spec/commands.md 6, "The token service").
//
// It is the one use case that lasts: it reads the system's clock for each request, keeps no transaction open,
// and reads the store anew when it has changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/environment.h"
#include "lib/net/server.h"

namespace accord {

enum class ServiceRole { metadata, resource, issuer };
template <>
struct EnumNames<ServiceRole> {
  static constexpr std::array<std::pair<ServiceRole, std::string_view>, 3> table = {
      {{ServiceRole::metadata, "metadata"},
       {ServiceRole::resource, "resource"},
       {ServiceRole::issuer, "issuer"}}};
};

struct TokenServiceRequest {
  ServerSettings server = {};
  bool is_loopback = true;
  std::vector<ServiceRole> roles = {};
  Duration refresh = {};                        // 0: never
  std::optional<std::string> ready_file = {};  // holds the URL while the service runs
};

// Runs until a signal ends it. Fails with OAuthConfiguration.Incomplete, Parameter.Clash (a role or an address
// that the store's configuration does not allow), and as run_server does.
[[nodiscard]] Result<void> run_token_service(Environment& env, const TokenServiceRequest& request);

}  // namespace accord
