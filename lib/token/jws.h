// A compact JWS taken apart without believing it (RFC 7515 s.7.1).
#pragma once

#include <string>
#include <string_view>

#include "lib/core/error.h"
#include "lib/core/json.h"

namespace accord {

inline constexpr std::size_t kMaximumTokenBytes = std::size_t{16} * 1024;  // protocol.md 1.10, step 1
inline constexpr std::size_t kMaximumTokenDepth = 16;

struct CompactJws {
  json::Value header = {};     // an object
  std::string payload = {};    // decoded bytes, not interpreted
  std::string signature = {};  // decoded bytes; empty where the third segment is
  std::string_view signing_input =
      {};  // "header.payload" within the text that was parsed, which must outlive this
};

// ASCII, three segments, strict base64url, the header a strict JSON object. Fails with Token.Malformed: the
// message says which segment and why, never a byte of the token.
[[nodiscard]] Result<CompactJws> parse_compact(std::string_view token);

// The payload as a JSON object within the limits above. Fails with Token.Malformed.
[[nodiscard]] Result<json::Value> parse_claims(const CompactJws& jws);

}  // namespace accord
