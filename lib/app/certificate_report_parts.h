// What the pieces of the certificate report share; certificate_report.cc puts them together. Each gives HTML
// in which every text from the store is escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/certificate_health.h"

namespace accord::certificate_page {

// A certificate as the page shows it: with its state, and the seconds in which it signs.
struct Shown {
  const HeldCertificate* held = nullptr;
  std::string state = {};  // "Current", "Staged (1 of 2)"
  bool is_previous = false;
  bool is_staged = false;
  Instant signs_from = {};
  Instant signs_until = {};                // the last second; before signs_from: it never signs
  std::optional<Instant> last_token = {};  // the last second in which a token of a previous one can live
  [[nodiscard]] const Certificate& certificate() const { return held->certificate; }
};

// As they follow one another: previous, current, staged. They point into `facts`.
[[nodiscard]] std::vector<Shown> shown_certificates(const HealthFacts& facts);

// A partner application or OAuth server, from both sides.
struct Party {
  std::string identity = {};
  bool is_oauth_server = false;
  const TrustedParty* trusted = nullptr;     // nullptr: we accept no tokens of it
  const LearnerState* verifies = nullptr;    // nullptr: it verifies none of ours
  std::optional<Instant> last_refresh = {};  // of our copy of its keys
  std::string trouble_with_its_keys = {};    // empty: none
  std::string trouble_with_ours = {};
  [[nodiscard]] bool is_well() const { return trouble_with_its_keys.empty() && trouble_with_ours.empty(); }
};

// Partner applications, then OAuth servers, each by identity. They point into `facts` and `health`.
[[nodiscard]] std::vector<Party> parties(const HealthFacts& facts, const CertificateHealth& health);

// --- Words. Not escaped, but for time_element.

[[nodiscard]] std::string date(Instant at);    // 2026-11-24
[[nodiscard]] std::string minute(Instant at);  // 2026-11-24 06:11
[[nodiscard]] std::string counted(std::int64_t count, std::string_view one, std::string_view many);
[[nodiscard]] std::string ago(Instant at, Instant now);         // "5 hours ago"
[[nodiscard]] std::string ahead(Instant at, Instant now);       // "in 5 hours"
[[nodiscard]] std::string time_left(Instant end, Instant now);  // "1,130 days left", "expired 3 days ago"
[[nodiscard]] std::string short_thumbprint(std::string_view thumbprint);
// "the staged one moves" as "The staged one moves."
[[nodiscard]] std::string sentence(std::string_view text);
// To the second, for people and machines.
[[nodiscard]] std::string time_element(Instant at);

enum class Sign { good, warning, bad, neutral };
// A shape of its own for each, so that nothing is said by colour alone.
[[nodiscard]] std::string icon(Sign sign);

// --- Pieces

[[nodiscard]] std::string_view style_sheet();
// Sections with a heading of the second level.
[[nodiscard]] std::string timeline_section(const HealthFacts& facts, const CertificateHealth& health);
[[nodiscard]] std::string trust_map_section(const HealthFacts& facts, const CertificateHealth& health);

}  // namespace accord::certificate_page
