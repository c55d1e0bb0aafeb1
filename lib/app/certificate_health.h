// How our token-issuer certificate stands: what is found, what is to be done, and by which commands
// (spec/diagnostics.md, the certificate rows and the decision table).
//
// `gather` reads the store; `judge` is a pure function of what was read, so that every row and every boundary
// second of the table is a test without a store.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/app/environment.h"
#include "lib/app/finding.h"
#include "lib/app/key_learners.h"
#include "lib/cert/timeline.h"

namespace accord {

// --- What there is

struct HeldCertificate {
  Certificate certificate = {};
  CertificateAssignment row = {};
  bool has_key = true;                              // in this store or in a token
  std::vector<std::string> other_uses = {};         // besides the token issuer
  std::optional<std::string> weakness = {};         // why no partner should take its key
  std::vector<std::string> uncovered_domains = {};  // SIP domains that it does not name
};

// Someone whose tokens we accept, or through whom they come.
struct TrustedParty {
  std::string identity = {};
  bool is_oauth_server = false;
  bool enabled = true;
  std::string issuer = {};      // principal@realm, as far as it is known
  std::string trusted_by = {};  // "metadata", "certificate", "the authorization server"
  std::vector<Certificate> keys = {};
  std::optional<Instant> last_refresh = {};
};

struct HealthFacts {
  Instant now = {};
  Duration warning = std::chrono::days(60);
  Duration critical = std::chrono::days(14);
  TokenRules rules = {};
  std::string issuer_name = {};  // ours, principal@realm; empty while it is not known
  std::optional<HeldCertificate> current = {}, previous = {};
  std::vector<HeldCertificate> staged = {};  // the next one first
  std::vector<KeyLearner> learners = {};
  std::vector<RefusedSigner> refused = {};
  std::vector<TrustedParty> parties = {};
};

// Fails where something cannot be read (Store.*, StoreKey.*): what is unreadable is never taken for expired.
[[nodiscard]] Result<HealthFacts> gather(Environment& env, Duration warning, Duration critical);

// --- What it means

enum class Decision { none, stage_new, move_staged, tell_partners, publish_staged, restore_key, make_new };
template <>
struct EnumNames<Decision> {
  static constexpr std::array<std::pair<Decision, std::string_view>, 7> table = {
      {{Decision::none, "None"},
       {Decision::stage_new, "StageNew"},
       {Decision::move_staged, "MoveStaged"},
       {Decision::tell_partners, "TellPartners"},
       {Decision::publish_staged, "PublishStaged"},
       {Decision::restore_key, "RestoreKey"},
       {Decision::make_new, "MakeNew"}}};
};

enum class HealthVerdict { ok, warning, critical };
template <>
struct EnumNames<HealthVerdict> {
  static constexpr std::array<std::pair<HealthVerdict, std::string_view>, 3> table = {
      {{HealthVerdict::ok, "Ok"},
       {HealthVerdict::warning, "Warning"},
       {HealthVerdict::critical, "Critical"}}};
};

// One partner or OAuth server that verifies what we sign.
struct LearnerState {
  KeyLearner learner = {};
  bool knows_current = true;                      // true as well where nothing is current
  std::optional<bool> knows_staged_in_time = {};  // nullopt: nothing is staged
  std::string text = {};                          // "reads our metadata; knows the new key since …"
};

struct CertificateHealth {
  HealthVerdict verdict = HealthVerdict::ok;
  Decision decision = Decision::none;
  std::string summary = {};                // the decision as a sentence, without a full stop
  std::vector<std::string> evidence = {};  // what it rests on, a sentence each
  std::vector<std::string> commands = {};  // to run, in order
  std::vector<LearnerState> learners = {};
  std::vector<Finding> findings = {};          // the worst first
  std::optional<Instant> effective_date = {};  // of the staging that is advised
};

// When the last token that the previous certificate signed has ended, at the latest: MaximumTokenLifetime and
// ClockSkew after it stopped signing, and not later than its NotAfter. nullopt: there is none.
[[nodiscard]] std::optional<Instant> last_token_of_previous(const HealthFacts& facts);

[[nodiscard]] CertificateHealth judge(const HealthFacts& facts);

}  // namespace accord
