// The two years of life_test.cc as they are to be, written down by hand: who signs, what is published, what
// each partner knows, and which outages were announced. Nothing here asks the product. Times are true ones;
// our own clock is wrong now and then.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/time.h"
#include "tests/unit/app/life_deployment.h"

namespace accord::test::life {

using namespace std::chrono_literals;

inline constexpr Instant kStart{1'798'761'600s};  // 2027-01-01T00:00:00Z
inline constexpr Duration kSkew = 300s;
inline constexpr Duration kMaximum = 25h;
inline constexpr Duration kUsualLifetime = 8h;

constexpr Instant at(int day, int hour = 0, int minute = 0, int second = 0) {
  return kStart + std::chrono::hours(24 * day + hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}
inline constexpr Instant kEnd = at(730);

// X is staged and taken back, Z never assigned. Some are renewals with an older key: F with that of A, E and
// I with that of B, J of C, K of D. An RSA key is what Lync, Exchange and SharePoint have.
inline constexpr std::array<WantedCertificate, 13> kCertificates = {{
    {'A', "cert-rsa.key", at(-1), at(100, 3, 20)},
    {'B', "cert-other.key", at(40), at(240)},
    {'C', "token-rsa.key", at(100), at(400)},
    {'D', "token-rsa-other.key", at(170), at(500)},
    {'E', "cert-other.key", at(230), at(420)},
    {'F', "cert-rsa.key", at(280), at(600)},
    {'G', "token-p256.key", at(380), at(640)},
    {'H', "cert-p256.key", at(400), at(430)},
    {'I', "cert-other.key", at(641), at(900)},
    {'J', "token-rsa.key", at(680), at(1000)},
    {'K', "token-rsa-other.key", at(690), at(1000)},
    {'X', "token-ed25519.key", at(0), at(1000)},
    {'Z', "token-ed25519.key", at(0), at(1001)},
}};

struct Phase {
  Instant from = {};
  char current = 0;
  std::string_view staged = {};  // the next one first
  char previous = 0;             // 0: none
};
inline constexpr std::array<Phase, 30> kPhases = {{
    {at(0), 'A'},
    {at(40, 10), 'A', "B"},
    {at(70, 10), 'B', "", 'A'},
    {at(72, 9), 'B'},
    {at(100), 'B', "C"},
    {at(105), 'B', "C"},  // its date is moved, and moved again
    {at(110), 'B', "C"},
    {at(120), 'C', "", 'B'},
    {at(150), 'C', "X", 'B'},
    {at(160), 'C', "", 'B'},
    {at(170), 'C', "D", 'B'},
    {at(200), 'D', "", 'C'},
    {at(201, 8), 'C', "", 'D'},  // swapped back for the partner that missed it
    {at(204, 8), 'D', "", 'C'},
    {at(230, 10, 17), 'E'},  // D is compromised
    {at(280), 'E', "F"},
    {at(310), 'F', "", 'E'},
    {at(310, 0, 2), 'E', "F"},  // our clock goes back four minutes, over the date
    {at(310, 0, 4), 'F', "", 'E'},
    {at(380), 'F', "G", 'E'},
    {at(400, 12), 'H', "G", 'F'},  // at once, by a clock that is three minutes fast
    {at(400, 12, 1), 'F', "HG"},   // and is put right
    {at(400, 12, 3), 'H', "G", 'F'},
    {at(430, 5), 'G', "", 'H'},  // H has ended; the staged one is made effective
    {at(641, 6), 'I', "", 'G'},  // G has ended, and nothing was staged
    {at(680), 'I', "J", 'G'},
    {at(699, 23, 56, 40), 'J', "", 'I'},  // our clock is 200 s fast
    {at(699, 23, 58), 'I', "J", 'G'},
    {at(700), 'J', "", 'I'},
    {at(700, 10), 'K', "", 'J'},  // a second roll while tokens of I live
}};

struct ClockError {
  Instant from = {};
  Duration ahead = {};
};
inline constexpr std::array<ClockError, 11> kClockErrors = {{
    {at(0), 0s},
    {at(260), 200s},
    {at(262), 0s},
    {at(270), -240s},
    {at(272), 0s},
    {at(310, 0, 2), -240s},
    {at(310, 6), 0s},
    {at(399), 180s},
    {at(400, 12, 1), 0s},
    {at(699), 200s},
    {at(699, 23, 58), 0s},
}};

struct PartnerModel {
  std::string_view name;
  std::string_view principal;
  std::string_view realm;
  std::string_view host;
  // It reads our metadata for the first time at `first`, and then once in `interval`; 0: it is told by hand.
  Instant first = {};
  Duration interval = {};
};
inline constexpr std::array<PartnerModel, 4> kPartners = {{
    {"exchange", "00000002-0000-0ff1-ce00-000000000000", "contoso.com", "mail.contoso.com", at(0, 1, 17, 23),
     8h},
    {"sharepoint", "00000003-0000-0ff1-ce00-000000000000", "fabrikam.com", "portal.fabrikam.com",
     at(0, 22, 10, 5), 24h},
    {"scheduler", "7557eb47-c689-4224-abcf-aef9bd7573df", "contoso.com", "teams.contoso.com", at(0, 5, 41),
     13h},
    {"workflow", "00000005-0000-0ff1-ce00-000000000000", "workflow.contoso.com", "wf.contoso.com", at(0), 0s},
}};
inline constexpr std::size_t kWorkflow = 3;

// What workflow holds, once its admin has been told.
struct Told {
  Instant from = {};
  std::string_view keys;
};
inline constexpr Instant kToldOfK = at(700, 14);
inline constexpr std::array<Told, 12> kTold = {{
    {at(0), "A"},
    {at(45, 10), "AB"},
    {at(72, 9, 30), "B"},
    {at(101), "BC"},
    {at(202, 8), "BCD"},  // D signs since day 200
    {at(230, 14), "E"},
    {at(281), "EF"},
    {at(381), "EFG"},
    {at(400, 16), "EFGH"},
    {at(641, 10), "EFGHI"},
    {at(681), "EFGHIJ"},
    {kToldOfK, "EFGHIJK"},
}};

template <class Table>
const auto& in_force(const Table& table, Instant now) {
  const auto after = std::ranges::upper_bound(table, now, {}, [](const auto& row) { return row.from; });
  REQUIRE(after != table.begin());
  return *std::prev(after);
}

inline Instant ours(Instant truth) {
  return truth + in_force(kClockErrors, truth).ahead;
}

inline const WantedCertificate& wanted(char letter) {
  return *std::ranges::find(kCertificates, letter, &WantedCertificate::letter);
}
inline bool is_valid(char letter, Instant now) {
  return wanted(letter).not_before <= now && now <= wanted(letter).not_after;
}

// In the order of the document; what has ended is left out.
inline std::string published(Instant truth) {
  const auto& phase = in_force(kPhases, truth);
  std::string letters = fmt::format("{}{}", phase.current, phase.staged);
  if (phase.previous != 0) letters += phase.previous;
  std::erase_if(letters, [&](char one) { return ours(truth) > wanted(one).not_after; });
  return letters;
}

// 0: no token can be made.
inline char signer(Instant truth) {
  const auto current = in_force(kPhases, truth).current;
  return is_valid(current, ours(truth)) ? current : '\0';
}

// The last time up to `now` at which the partner read our metadata.
inline Instant last_read(const PartnerModel& partner, Instant now) {
  if (now < partner.first) return kStart;
  return partner.first + (now - partner.first) / partner.interval * partner.interval;
}
inline Instant next_read(const PartnerModel& partner, Instant now) {
  return now < partner.first ? partner.first : last_read(partner, now) + partner.interval;
}

inline std::string known_to(std::size_t partner, Instant now) {
  if (partner == kWorkflow) return std::string(in_force(kTold, now).keys);
  // Where every key has ended there is no document, and the copy stays what it is.
  auto read = last_read(kPartners.at(partner), now);
  while (published(read).empty()) read -= kPartners.at(partner).interval;
  return published(read);
}

// From when on the partner knows what has been published since `now`, or when it is told of it.
inline Instant learns(std::size_t partner, Instant now, Instant told) {
  return partner == kWorkflow ? told : next_read(kPartners.at(partner), now);
}

// Tokens of `key` that are refused although they are valid: each of these was announced.
struct Outage {
  std::size_t partner = 0;
  char key = 0;
  Instant from = {};
  Instant to = {};
  std::int64_t refused = 0;  // tokens, counted
};
inline std::vector<Outage> announced_outages() {
  std::vector<Outage> all = {{kWorkflow, 'D', at(200), at(202, 8)}};
  for (std::size_t i = 0; i < kPartners.size(); ++i) {
    const auto knows_e = learns(i, at(230, 10, 17), at(230, 14));
    all.push_back({i, 'E', at(230, 10, 17), knows_e});
    all.push_back({i, 'D', knows_e, at(231, 11, 22)});
    all.push_back({i, 'H', at(400, 12), learns(i, at(400, 12), at(400, 16))});
    all.push_back({i, 'I', at(641, 6), learns(i, at(641, 6), at(641, 10))});
    const auto knows_k = learns(i, at(700, 10), kToldOfK);
    all.push_back({i, 'K', at(700, 10), knows_k});
    if (i != kWorkflow) all.push_back({i, 'I', knows_k, at(701, 1, 4, 59)});
  }
  return all;
}

// The instants at which anything changes, for anybody.
inline std::set<Instant> all_changes() {
  std::set<Instant> changes;
  for (const auto& one : kPhases) changes.insert(one.from);
  for (const auto& one : kClockErrors) changes.insert(one.from);
  for (const auto& one : kTold) changes.insert(one.from);
  for (const auto& one : kCertificates) {
    for (const auto end : {one.not_after, one.not_after + 1s}) {
      if (end < kEnd) changes.insert(end);
    }
  }
  for (const auto& one : announced_outages()) changes.insert({one.from, one.to});
  for (std::size_t i = 0; i < kWorkflow; ++i) {
    auto before = known_to(i, kStart);
    for (auto read = kPartners.at(i).first; read < kEnd; read += kPartners.at(i).interval) {
      if (known_to(i, read) != before) changes.insert(read);
      before = known_to(i, read);
    }
  }
  return changes;
}

}  // namespace accord::test::life
