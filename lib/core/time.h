// Instants and durations, and every way in which an admin may write one (spec/commands.md 1).
//
// An Instant has whole seconds, in UTC. The current time comes from the Clock that a verb is given and from
// nowhere else, and is never read twice for one decision.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

using Instant = std::chrono::sys_seconds;
using Duration = std::chrono::seconds;

// 9999-12-31T23:59:59Z: the last instant that X.509, RFC 3339 and protocol.md 1.10 (step 5) can write.
inline constexpr Instant kLatestInstant{std::chrono::seconds{253402300799}};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

// For tests, and for `--at`.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(Instant at) : at_(at) {}
  [[nodiscard]] Instant now() const override { return at_; }
  void set(Instant at) { at_ = at; }

 private:
  Instant at_;
};

// RFC 3339 in UTC: "2026-11-24T06:11:54Z".
[[nodiscard]] std::string format_instant(Instant at);

// "8h", "90s", "1d", "5y": the largest unit that divides it; y is 365 d.
[[nodiscard]] std::string format_duration(Duration duration);

// ISO 8601 with or without zone (none: UTC; a blank may stand for T; a date alone is 00:00), "+30m", "-5m",
// "@SECONDS", "now", and US "7/21/2015 1:00:00 PM". Years 1970 to 9999. Fails with Parameter.Invalid.
[[nodiscard]] Result<Instant> parse_instant(std::string_view text, Instant now);

// "90s 4m 8h 60d 2w 5y" (one number and one unit) or ISO 8601 ("PT8H", "P1DT12H"); at most 100 years, never
// negative. Fails with Parameter.Invalid.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace accord
