// What this deployment calls itself, and what happens when that changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/environment.h"
#include "lib/app/records.h"
#include "lib/store/oauth_configuration.h"

namespace accord {

struct Deployment {
  OAuthConfiguration configuration = {};
  std::optional<std::string> effective_realm = {};

  // ServiceName@EffectiveRealm; nullopt while either is missing.
  [[nodiscard]] std::optional<IssuerName> issuer() const;
};

[[nodiscard]] Result<Deployment> read_deployment(Connection& store);
// Warns of a ServiceName that looks like a misspelt short name: it would be taken as it is, and every partner
// would refuse it.
void warn_if_misspelt(const Environment& env, std::string_view service_name);
// Fails with OAuthConfiguration.Incomplete, which says what to set.
[[nodiscard]] Result<IssuerName> require_issuer(const Deployment& deployment);

[[nodiscard]] Result<Record> configuration_record(Connection& store, const Deployment& deployment);

// Names the old and the new issuer and everyone to tell, and asks, when a change renames us while others know
// us (spec/commands.md 6). Fails with PartnerApplication.IssuerInUse when a partner or OAuth server has the
// new name.
[[nodiscard]] Result<void> approve_change(Environment& env, Connection& store, const Deployment& before,
                                          const Deployment& after, std::string_view operation,
                                          std::string_view target, const std::vector<std::string>& changes);

}  // namespace accord
