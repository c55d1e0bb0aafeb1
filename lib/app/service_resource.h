// The guarded test resource: what a product would answer to a call with this token (protocol.md 3.1 to 3.3).
#pragma once

#include "lib/app/service_log.h"
#include "lib/app/service_state.h"
#include "lib/net/server.h"

namespace accord {

enum class Detail { as_configured, minimal };

struct ResourceAnswer {
  ServerResponse response = {};
  LogNotes notes = {};
  // The OAuth server whose document may have to be read again, because the token names a key that is not known.
  std::optional<std::string> unknown_key_of = {};
};

// The token of the one Authorization header; without one, and with an empty one, the challenge alone.
[[nodiscard]] Result<ResourceAnswer> guarded_resource(const ServiceSnapshot& state,
                                                      const ServerRequest& request, Detail detail,
                                                      Instant now);

}  // namespace accord
