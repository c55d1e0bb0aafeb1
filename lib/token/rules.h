// What the rules on tokens (verify.cc) and those on assertions (assertion.cc) share: verdicts, headers, claims,
// hosts, keys and times. Only these two files include it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/json.h"
#include "lib/token/jws.h"
#include "lib/token/key.h"
#include "lib/token/verify.h"

namespace accord::rules {

inline constexpr std::int64_t kLatestSecond = kLatestInstant.time_since_epoch().count();
inline constexpr std::size_t kMostKeyIdBytes = 256;

// ---- What a rule says

// A skip is either "does not concern this token", or "could not be decided"; only the first lets a token
// pass.
struct Verdict {
  Outcome outcome = Outcome::skip;
  bool decided = true;
  std::string detail = {};
  Diagnostic diagnostic = {};
  std::string reason = {};  // empty: the detail as a sentence
};
[[nodiscard]] Verdict pass(std::string detail);
[[nodiscard]] Verdict warn(std::string detail);
[[nodiscard]] Verdict refuse(Diagnostic diagnostic, std::string detail, std::string reason = {});
[[nodiscard]] Verdict does_not_apply(std::string why);
[[nodiscard]] Verdict undecided(std::string why);
[[nodiscard]] Check to_check(std::string_view name, Verdict verdict);

// Text of the token or the store, safe to show and of bounded length.
[[nodiscard]] std::string quoted(std::string_view text);
// A value that is believed only if the whole token is: the mark becomes "claimed " in the report of a token
// that is refused, and nothing in one that is accepted. quoted() lets no such byte through from outside.
inline constexpr char kClaimedMark = '\x01';
[[nodiscard]] std::string claimed(std::string_view value);
void settle_marks(std::vector<Check>& checks, bool accepted);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

// ---- Headers

struct Part {
  CompactJws jws = {};
  json::Value claims = {};
  [[nodiscard]] std::string_view algorithm() const { return jws.header.find_string("alg").value_or(""); }
};
// A member that is refused by its mere presence; nullopt where there is none.
[[nodiscard]] std::optional<std::string> refused_member(const json::Value& header);
[[nodiscard]] std::optional<std::string> header_problem(const json::Value& header);
[[nodiscard]] std::optional<std::string> signed_algorithm_problem(const Part& part);

// ---- Claims

using Text = tl::expected<std::string_view, std::string>;
using Second = tl::expected<std::int64_t, std::string>;
[[nodiscard]] Text text_claim(const json::Value& claims, std::string_view name);
[[nodiscard]] Second time_claim(const json::Value& claims, std::string_view name);

struct Lifetime {
  std::int64_t not_before = 0;
  std::int64_t expires = 0;
};
// Adds what is wrong to `problems`; nothing when both times are there and in order.
[[nodiscard]] std::optional<Lifetime> lifetime_of(const json::Value& claims,
                                                  std::vector<std::string>& problems);
void require_text(const json::Value& claims, std::string_view name, std::vector<std::string>& problems);
[[nodiscard]] std::string shown_second(std::int64_t second);

struct TimeRules {
  Duration clock_skew = {};
  Duration maximum_lifetime = {};
};
// `now`: seconds, clamped to what can be written.
[[nodiscard]] std::optional<std::string> time_problem(const Lifetime& lifetime, std::int64_t now,
                                                      const TimeRules& rules);

// ---- Hosts

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};
// nullopt when the port is not a plain number from 1 to 65535: two spellings of a port are two chances to
// disagree.
[[nodiscard]] std::optional<HostAndPort> split_port(std::string_view text);
// An entry without a port stands for every port; no port in the audience means 443.
[[nodiscard]] bool fits_entry(const HostAndPort& host, std::string_view entry);

// ---- Keys

struct KeyChoice {
  Verdict verdict = {};
  bool is_unknown = false;  // the header names a certificate that `owner` does not have
  std::optional<Key> key = {};
  Algorithm algorithm = Algorithm::rs256;
};
// The key among `keys`, which are those of `owner` alone, that the header names, valid now and of the header's
// algorithm.
[[nodiscard]] KeyChoice choose_key(const Part& part, std::string_view owner,
                                   const std::vector<Certificate>& keys, std::int64_t now);

}  // namespace accord::rules
