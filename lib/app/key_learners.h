// Who has to know our keys, and which of them each knows (spec/commands.md 5, LearnsOurKeysBy).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/store/oauth_server.h"

namespace accord {

// Partners read our metadata at least once in this time.
inline constexpr Duration kRefreshInterval = std::chrono::hours(24);

// A partner application or OAuth server that verifies what we sign.
struct KeyLearner {
  std::string identity = {};
  bool is_oauth_server = false;
  LearnsOurKeysBy learns_by = LearnsOurKeysBy::unknown;
  std::vector<std::string> told_thumbprints = {};
  std::optional<Instant> last_refresh = {};  // of our copy of its keys
};

// Partner applications, then OAuth servers, by identity. Tokens for a partner with UseOAuthServer come from
// the authorization server: it is none.
[[nodiscard]] Result<std::vector<KeyLearner>> key_learners(Connection& store);

// When it has learnt the certificate that has been published since `published`: told by hand (the beginning
// of time), or a refresh interval after it was published. nullopt: never, until it is told.
[[nodiscard]] std::optional<Instant> learns_at(const KeyLearner& learner, std::string_view thumbprint,
                                               Instant published);

// The command that writes the certificate for it, and the one that records that it was told.
[[nodiscard]] std::string export_command(std::string_view thumbprint);
[[nodiscard]] std::string told_command(const KeyLearner& learner,
                                       const std::vector<std::string>& thumbprints);

}  // namespace accord
