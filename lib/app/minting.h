// Making tokens of our own: what is asked for, judged against what could ever verify, signed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/app/environment.h"
#include "lib/token/claims.h"

namespace accord {

enum class MintProfile { actor, outer, assertion };
template <>
struct EnumNames<MintProfile> {
  static constexpr std::array<std::pair<MintProfile, std::string_view>, 3> table = {
      {{MintProfile::actor, "actor"}, {MintProfile::outer, "outer"}, {MintProfile::assertion, "assertion"}}};
};

struct MintRequest {
  std::optional<std::string> partner = {};
  std::optional<std::string> oauth_server = {};  // of an assertion
  std::optional<std::string> host = {};
  TokenUser user = {};
  std::optional<Duration> lifetime = {};
  std::optional<Instant> not_before = {};
  std::vector<std::string> claims = {};  // name=value
  std::optional<MintProfile> profile = {};
  std::optional<std::string> issuer = {};
  std::optional<std::string> audience = {};
  std::optional<std::string> sign_with = {};
  bool allow_invalid = false;
  std::int64_t count = 1;
};

struct MintedToken {
  std::string text = {};
  std::string profile = {};  // AppOnly, Actor, UserContext, Assertion
  std::string issuer = {};
  std::string audience = {};
  std::optional<std::string> name_id = {};
  Instant not_before = {};
  Instant expires = {};
  std::string x5t = {};
};

// Fails with Token.CannotMint, Parameter.*, Certificate.*, OAuthConfiguration.Incomplete,
// PartnerApplication.NotFound.
[[nodiscard]] Result<std::vector<MintedToken>> mint_tokens(Environment& env, const MintRequest& request);

}  // namespace accord
