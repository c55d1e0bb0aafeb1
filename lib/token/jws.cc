#include "lib/token/jws.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::size_t kSegments = 3;
constexpr std::size_t kEncryptedSegments = 5;  // RFC 7516 s.7.1

tl::unexpected<Error> malformed(std::string message, std::string advice = {}) {
  return fail("Token.Malformed", std::move(message), {}, std::move(advice));
}

// Before anything is decoded: what costs nothing to tell.
Result<void> check_outside(std::string_view token) {
  if (token.empty()) return malformed("the token is empty");
  if (token.size() > kMaximumTokenBytes) {
    return malformed("the token has " + std::to_string(token.size()) + " bytes; at most " +
                     std::to_string(kMaximumTokenBytes) + " are read");
  }
  if (trim(token).starts_with('{')) {
    return malformed("the token is in JSON serialisation; only the compact one is accepted");
  }
  const auto* foreign = std::ranges::find_if(token, [](char c) { return c <= ' ' || c > '~'; });
  if (foreign != token.end()) {
    return malformed("byte " + std::to_string(foreign - token.begin() + 1) +
                     " of the token is a blank, a control character or not ASCII");
  }
  return {};
}

Result<std::array<std::string_view, kSegments>> split(std::string_view token) {
  const auto count = static_cast<std::size_t>(std::ranges::count(token, '.')) + 1;
  if (count == kEncryptedSegments) {
    return malformed(
        "the token has five segments: this looks like an encrypted token (JWE), which is not accepted");
  }
  if (count != kSegments) {
    return malformed("the token has " + std::to_string(count) + (count == 1 ? " segment" : " segments") +
                     " where there must be three");
  }
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  return std::array{token.substr(0, first), token.substr(first + 1, second - first - 1),
                    token.substr(second + 1)};
}

Result<std::string> decode(std::string_view segment, std::string_view name) {
  auto bytes = base64url_decode(segment);
  if (!bytes) return malformed("the " + std::string(name) + " is not strict base64url without padding");
  return *std::move(bytes);
}

// The reader's own message may repeat a member's name, and nothing of a token is repeated here.
Result<json::Value> read_object(std::string_view text, std::string_view name) {
  auto value = json::parse(text, {.bytes = kMaximumTokenBytes, .depth = kMaximumTokenDepth});
  if (!value) {
    return malformed("the " + std::string(name) +
                     " is not strict JSON: broken syntax or UTF-8, a member twice, or nested too deep");
  }
  if (!value->is_object()) return malformed("the " + std::string(name) + " is not a JSON object");
  return *std::move(value);
}

}  // namespace

Result<CompactJws> parse_compact(std::string_view token) {
  TRY(check_outside(token));
  TRY_ASSIGN(const auto segments, split(token));
  if (segments[0].empty()) return malformed("the header is empty");

  CompactJws jws;
  TRY_ASSIGN(const auto header, decode(segments[0], "header"));
  TRY_ASSIGN(jws.header, read_object(header, "header"));
  TRY_ASSIGN(jws.payload, decode(segments[1], "payload"));
  TRY_ASSIGN(jws.signature, decode(segments[2], "signature"));
  jws.signing_input = token.substr(0, segments[0].size() + 1 + segments[1].size());
  return jws;
}

Result<json::Value> parse_claims(const CompactJws& jws) {
  if (jws.payload.empty()) return malformed("the payload is empty");
  return read_object(jws.payload, "payload");
}

}  // namespace accord
