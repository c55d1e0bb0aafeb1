#include "lib/app/key_learners.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/core/encoding.h"

namespace accord {
namespace {

KeyLearner learner_of(const std::string& identity, bool is_oauth_server, const KeyRelation& relation) {
  return {.identity = identity,
          .is_oauth_server = is_oauth_server,
          .learns_by = relation.learns_our_keys_by,
          .told_thumbprints = relation.told_thumbprints,
          .last_refresh = relation.last_refresh};
}

}  // namespace

Result<std::vector<KeyLearner>> key_learners(Connection& store) {
  std::vector<KeyLearner> learners;
  TRY_ASSIGN(const auto partners, list_partner_applications(store));
  for (const auto& one : partners) {
    if (one.source != TrustSource::oauth_server)
      learners.push_back(learner_of(one.identity, false, one.relation));
  }
  TRY_ASSIGN(const auto servers, list_oauth_servers(store));
  for (const auto& one : servers) learners.push_back(learner_of(one.identity, true, one.relation));
  return learners;
}

std::optional<Instant> learns_at(const KeyLearner& learner, std::string_view thumbprint, Instant published) {
  const auto& told = learner.told_thumbprints;
  if (std::ranges::find(told, thumbprint) != told.end()) return Instant::min();
  if (learner.learns_by == LearnsOurKeysBy::metadata) return published + kRefreshInterval;
  return std::nullopt;
}

std::string export_command(std::string_view thumbprint) {
  return fmt::format("export-certificate --thumbprint {}", thumbprint);
}

std::string told_command(const KeyLearner& learner, const std::vector<std::string>& thumbprints) {
  auto told = learner.told_thumbprints;  // the parameter names all of them
  told.insert(told.end(), thumbprints.begin(), thumbprints.end());
  return fmt::format("{} {} --told-thumbprint {}",
                     learner.is_oauth_server ? "set-oauth-server" : "set-partner-application",
                     shell_quoted(learner.identity), fmt::join(told, ","));
}

}  // namespace accord
