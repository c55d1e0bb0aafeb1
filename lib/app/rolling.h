// Giving a certificate of ours a use and taking it away: at once, or staged for a later date. Every change
// says what it costs: which partners refuse us until they are told, and which tokens are refused before they
// end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/environment.h"
#include "lib/app/key_learners.h"
#include "lib/app/verb.h"
#include "lib/cert/timeline.h"
#include "lib/store/oauth_configuration.h"

namespace accord {

// When a certificate takes over.
struct RollOptions {
  bool roll = false;
  std::optional<Instant> effective_date = {};
  bool replace_staged = false;
};

// Their parameters, for verbs whose options are derived from them. `sets`: where they belong; empty for all.
template <class O>
[[nodiscard]] std::vector<Parameter> roll_parameters(const std::vector<std::string_view>& sets = {}) {
  return {
      parameter<O>("Roll", &RollOptions::roll,
                   {.help = "Stage it: it takes over at --effective-date, and is published from now on.",
                    .sets = sets}),
      parameter<O>(
          "EffectiveDate", &RollOptions::effective_date,
          {.help = "When it takes over; now is at once.", .sets = sets, .aliases = {"EffectiveTime"}}),
      own(parameter<O>("ReplaceStaged", &RollOptions::replace_staged,
                       {.help = "In place of another one that is staged.", .sets = sets})),
  };
}

// Whether --roll, --effective-date and --replace-staged fit together and lie ahead. Fails with Parameter.*.
[[nodiscard]] Result<void> check_roll(const RollOptions& options, Instant now);

[[nodiscard]] TokenRules token_rules(const OAuthConfiguration& configuration);

// The last date on which the successor of a certificate that ends at `not_after` can take over, so that every
// partner has read it and every token that the old one signs can be accepted to its end
// (spec/diagnostics.md).
[[nodiscard]] Instant latest_safe_date(Instant not_after, const TokenRules& rules);

// What a roll needs so that every partner that reads our metadata knows the new key by its date: a refresh
// interval, and an hour for the admin to stage it.
inline constexpr Duration kRollNotice = kRefreshInterval + std::chrono::hours(1);

enum class Previous { keep, drop };

// Gives `certificate` each of `uses`: at once, after asking where a current token issuer is replaced, or
// staged. The one that is current (or staged for the same date) already is no error. Fails with
// Certificate.NoKey, Certificate.Expired (not valid when it takes over), Certificate.NotAssigned (nothing to
// roll), Certificate.RollTooLate, Certificate.AlreadyStaged.
[[nodiscard]] Result<void> assign(Environment& env, Connection& store, const std::vector<std::string>& uses,
                                  const Certificate& certificate, const RollOptions& roll = {},
                                  Previous previous = Previous::keep);

// Makes the staged certificate of `use` current at once. Fails with Certificate.NotAssigned.
[[nodiscard]] Result<void> publish_staged(Environment& env, Connection& store, const std::string& use);

enum class Slot { current, previous, staged };

// Takes `use` away from the certificate in `slot`, after asking. Fails with Certificate.NotAssigned,
// Certificate.Changed (another than `expected` stands there), Certificate.InUse (the current token issuer
// while there are partners).
[[nodiscard]] Result<void> unassign(Environment& env, Connection& store, const std::string& use, Slot slot,
                                    const std::optional<std::string>& expected);

}  // namespace accord
