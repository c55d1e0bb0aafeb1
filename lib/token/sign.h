// Claims and a key become a compact token.
#pragma once

#include <string>
#include <string_view>

#include "lib/core/error.h"
#include "lib/core/json.h"
#include "lib/token/key.h"

namespace accord {

// Header {"typ":"JWT","alg":…,"x5t":…}, members in this order.
[[nodiscard]] Result<std::string> sign_token(const json::Value& claims, const Key& key, Algorithm algorithm,
                                             std::string_view x5t);

// Header {"typ":"JWT","alg":"none"} and an empty third segment: only ever the outer token around a signed
// one.
[[nodiscard]] std::string unsigned_token(const json::Value& claims);

}  // namespace accord
