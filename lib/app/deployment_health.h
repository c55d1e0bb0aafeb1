// How the whole deployment stands: every test there is, the likeliest cause first, and what changed lately.
// The one to run on a bad morning.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/certificate_health.h"
#include "lib/app/connection_test.h"
#include "lib/app/partner_health.h"

namespace accord {

// Something that happened, as far as the store knows.
struct DeploymentChange {
  Instant at = {};
  std::string what = {};
  friend bool operator==(const DeploymentChange&, const DeploymentChange&) = default;
};

struct DeploymentFacts {
  Instant now = {};
  Duration since = std::chrono::days(3);
  std::vector<Finding> ours = {};             // of our own side
  std::vector<ConnectionTest> tests = {};     // of every partner and OAuth server
  std::vector<DeploymentChange> events = {};  // in any order, of any time
};

struct DeploymentHealth {
  HealthVerdict verdict = HealthVerdict::ok;
  std::string cause = {};                      // the likeliest, a sentence without a full stop
  std::vector<Finding> findings = {};          // each once, the likeliest cause first
  std::vector<DeploymentChange> changes = {};  // since then, the latest first
};

[[nodiscard]] DeploymentHealth judge(const DeploymentFacts& facts);

// What the store knows of the past of certificates, partners and OAuth servers.
[[nodiscard]] std::vector<DeploymentChange> events_of(const HealthFacts& certificates, const OurSide& ours);

}  // namespace accord
