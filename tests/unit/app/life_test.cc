// Two years of a deployment: at no second is a valid token refused or a dead key accepted, but where a
// command had said so.
//
// life_story.h says what happens: real verbs on our store and on the stores of four partners, who hold copies
// of our keys as of the last time that they read them. life_model.h says how it has to come out. The two are
// compared
//
// - at every second of the two years: between two commands all is a function of (rows, now), and it is
//   evaluated;
// - with tokens that the real verb makes every two or three hours and around every change, judged by the real
//   verifier of the partner's store at each second at which a verdict can change: the one before, that one,
//   and the one after;
// - with tokens forged with every key that there ever was, whether it is in force, not yet, or no more.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support.h"
#include "tests/unit/app/life_deployment.h"
#include "tests/unit/app/life_model.h"
#include "tests/unit/app/life_story.h"

namespace accord {
namespace {

using namespace test::life;
using namespace std::chrono_literals;
using test::Words;

#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::int64_t kStride = 1;
// Every time of day comes up, for every partner and kind of token.
constexpr auto kBetweenTokens = 145min;
#else
// A build that looks for faults of memory is too slow for every second but those within an hour of a change.
constexpr std::int64_t kStride = 61;
constexpr auto kBetweenTokens = 11h + 35min;
#endif

struct Counts {
  std::int64_t seconds = 0, minted = 0, not_minted = 0, forged = 0, verdicts = 0, mirrored = 0;
};

struct LiveToken {
  std::string text;
  std::size_t partner = 0;
  char key = 0;
  Instant not_before = {}, expires = {};
};

// How a token is asked for.
struct Asked {
  std::string_view lifetime = {};  // empty: none is asked for
  Duration length = kUsualLifetime;
  std::string_view start = {};
  Duration early = 0s;
};
constexpr std::array<Asked, 9> kAsked = {{{"25h", 25h},
                                          {},
                                          {"24h", 24h},
                                          {"PT24H55M", 24h + 55min, "+5m", -300s},  // ends as late as any can
                                          {"60s", 60s},
                                          {"25h", 25h, "+1s", -1s},  // a second too late
                                          {"25h", 25h, "-2h", 2h},
                                          {"1h", 1h, "-59m", 59min},
                                          {"90001s", 25h + 1s}}};  // a second too long

class Life : Story {
 public:
  Life() : outages_(announced_outages()), changes_(all_changes()) {
    for (const auto change : changes_) {
      for (const auto offset : {-1s, 0s, 1s}) looks_.insert(change + offset);
    }
    for (auto time = kStart; time < kEnd; time += kBetweenTokens) mints_.insert(time);
  }

  void live() {
    std::set<Instant> instants = looks_;
    instants.insert(mints_.begin(), mints_.end());
    for (const auto& [instant, _] : plans_) instants.insert(instant);
    for (const auto& one : kClockErrors) instants.insert(one.from);
    for (auto day = kStart; day < kEnd; day += 12h) instants.insert(day);
    std::erase_if(instants, [](Instant one) { return one < kStart || one >= kEnd; });
    for (const auto instant : instants) {
      judge_ends_before(instant);
      take(instant);
    }
    judge_ends_before(kEnd);
    evaluate_until(kEnd);
  }

  void report() const {
    MESSAGE(fmt::format("{} seconds evaluated{}; {} commands run, {} refreshes among them", counts_.seconds,
                        kStride == 1 ? " (every one of the two years)"
                                     : fmt::format(" (every {}th, and an hour around each change)", kStride),
                        folder_.commands(), reads_));
    MESSAGE(fmt::format(
        "{} tokens minted, {} refused to be, {} forged; {} verdicts of partners, {} of test-oauth-token "
        "--as-partner; {} health checks",
        counts_.minted, counts_.not_minted, counts_.forged, counts_.verdicts, counts_.mirrored,
        health_checks_));
    for (const auto& one : outages_) {
      MESSAGE(fmt::format("announced: {} refuses tokens of {} from {} to {}: {} verdicts",
                          kPartners.at(one.partner).name, one.key, form(one.from), form(one.to),
                          one.refused));
      CHECK_MESSAGE(one.refused > 0, "nothing was refused in an announced outage");
    }
  }

 private:
  // --- Living it

  void take(Instant instant) {
    evaluate_until(instant);
    now_ = instant;
    const auto [first, last] = plans_.equal_range(instant);
    for (auto step = first; step != last; ++step) step->second();
    const bool looks = looks_.contains(instant);
    if (looks) {
      for (std::size_t i = 0; i < kPartners.size(); ++i) mint(i, kAsked[0]);
      mint(++turn_ % kPartners.size(), kAsked[1]);
      judge_all_live();
      compare_published();
      mirror();
    }
    if (mints_.contains(instant)) {
      ++turn_;
      mint(turn_ % kPartners.size(), kAsked.at(turn_ % kAsked.size()));
    }
    if (looks || (instant - kStart) % 24h == 0s) judge_forgeries();
    if (looks || (instant - kStart) % 12h == 0s) compare_health();
    std::erase_if(live_, [&](const LiveToken& one) { return one.expires + kSkew <= instant; });
  }

  void blame(const std::string& what) {
    if (++blamed_ <= 12) FAIL_CHECK(what);
    if (blamed_ > 200) FAIL("and so on");
  }

  // --- Every second

  // Thumbprints become their letters: copying long ones would take most of the time.
  void know_rows() {
    if (rows_are_known_) return;
    rows_ = test::rows_of(folder_.path("lync.db"), ours(now_));
    for (auto& row : rows_) {
      const auto own = std::ranges::find_if(certificates_, [&](const auto& one) {
        return one.second.certificate.thumbprint == row.thumbprint;
      });
      REQUIRE(own != certificates_.end());
      row.thumbprint = std::string(1, own->first);
      row.use = "u";
    }
    rows_are_known_ = true;
  }

  void evaluate_until(Instant end) {
    if (end <= evaluated_) return;
    know_rows();
    for (auto second = evaluated_; second < end;) {
      // Both are constant up to here.
      const auto& phase = in_force(kPhases, second);
      const auto ahead = in_force(kClockErrors, second).ahead;
      auto until = end;
      for (const auto& one : kPhases)
        if (one.from > second) until = std::min(until, one.from);
      for (const auto& one : kClockErrors)
        if (one.from > second) until = std::min(until, one.from);
      evaluate(phase, second, until, ahead);
      second = until;
    }
    evaluated_ = end;
  }

  void evaluate(const Phase& phase, Instant from, Instant until, Duration ahead) {
    for (auto second = from; second < until;) {
      ++counts_.seconds;
      const bool is_near = is_near_change(second);
      const bool whole = is_near || counts_.seconds % 61 == 0;
      if (!publishes(phase, second + ahead) || (whole && !has_slots_of(phase, second + ahead)))
        blame(fmt::format("at {}: the rows say otherwise", form(second)));
      second += is_near ? 1s : std::chrono::seconds(kStride);
    }
  }
  // Asked in the order of time.
  [[nodiscard]] bool is_near_change(Instant second) {
    while (near_ != changes_.end() && *near_ + 1h < second) ++near_;
    return near_ != changes_.end() && *near_ <= second + 1h + std::chrono::seconds(kStride);
  }

  // The signer first, then the others.
  [[nodiscard]] bool publishes(const Phase& phase, Instant now) const {
    const auto all = published_at(rows_, now);
    const std::size_t count = 1 + phase.staged.size() + (phase.previous != 0 ? 1 : 0);
    if (all.size() != count || all.front().thumbprint[0] != phase.current) return false;
    for (std::size_t i = 0; i < phase.staged.size(); ++i) {
      if (all[i + 1].thumbprint[0] != phase.staged[i]) return false;
    }
    return phase.previous == 0 || all.back().thumbprint[0] == phase.previous;
  }
  [[nodiscard]] bool has_slots_of(const Phase& phase, Instant now) const {
    const auto line = timeline_at(rows_, now);
    const auto is = [](const auto& row, char letter) {
      return row ? row->thumbprint[0] == letter : letter == 0;
    };
    return is(line.current, phase.current) && is(line.previous, phase.previous) &&
           std::ranges::equal(line.staged, phase.staged, {},
                              [](const auto& row) { return row.thumbprint[0]; });
  }

  // What the real code reads from the store, certificates that have ended left out.
  void compare_published() {
    std::string letters;
    for (const auto& one : test::published_of(folder_.path("lync.db"), ours(now_))) {
      for (const auto& [letter, own] : certificates_) {
        if (own.certificate.thumbprint == one.thumbprint) letters += letter;
      }
    }
    if (letters != published(now_))
      blame(fmt::format("at {}: published are '{}', not '{}'", form(now_), letters, published(now_)));
  }

  // --- Tokens

  // Our verb's answer to the wish, which the model foretells.
  void mint(std::size_t partner, const Asked& asked) {
    const auto clock = ours(now_);
    const auto key = signer(now_);
    const auto start = clock - asked.early;
    const auto end = start + asked.length;
    Words words = {"new-oauth-token", std::string(kPartners.at(partner).name)};
    if (!asked.lifetime.empty()) words.insert(words.end(), {"--lifetime", std::string(asked.lifetime)});
    if (!asked.start.empty()) words.insert(words.end(), {"--not-before", std::string(asked.start)});
    const auto outcome = folder_.run("lync.db", words, clock);
    const bool is_too_long = end - start > kMaximum || end > clock + kMaximum;
    const bool outlives = key != 0 && end > wanted(key).not_after;
    const bool is_capped = outlives && asked.lifetime.empty() && start < wanted(key).not_after;
    const int expected = is_too_long ? 2 : key == 0 ? 1 : outlives && !is_capped ? 2 : 0;
    if (outcome.code != expected)
      return blame(fmt::format("at {}: {} ended in {}, not {}: {}", form(now_), fmt::join(words, " "),
                               outcome.code, expected, outcome.error));
    if (outcome.code != 0) {
      ++counts_.not_minted;
      if (expected == 2 && !asked.lifetime.empty()) mint(partner, kAsked[1]);
      return;
    }
    ++counts_.minted;
    keep(partner, key, test::read_minted(outcome.out.substr(0, outcome.out.find('\n'))), start,
         is_capped ? wanted(key).not_after : end);
  }

  void keep(std::size_t partner, char key, const test::MintedText& minted, Instant start, Instant end) {
    if (minted.x5t != certificates_.at(key).certificate.x5t() || minted.not_before != start ||
        minted.expires != end)
      return blame(fmt::format("at {}: a token of {} from {} to {}, not one of {} from {} to {}", form(now_),
                               minted.x5t, form(minted.not_before), form(minted.expires), key, form(start),
                               form(end)));
    LiveToken token{minted.text, partner, key, start, end};
    // The partner's clock may be slow by as much as the skew, and no more.
    judge(token, start - kSkew - 1s, known_to(partner, now_));
    judge(token, start - kSkew, known_to(partner, now_));
    judge_now(token);
    for (const auto last : {end + kSkew - 1s, end + kSkew}) ends_.emplace(last, token);
    live_.push_back(std::move(token));
  }

  [[nodiscard]] static bool is_in_time(const LiveToken& token, Instant now) {
    return token.not_before - kSkew <= now && now < token.expires + kSkew;
  }

  // Whether the partner accepts it when its own clock shows `clock`.
  bool judge(const LiveToken& token, Instant clock, const std::string& known) {
    ++counts_.verdicts;
    const auto report = test::must(verify_token(token.text, judges_[token.partner].policy, clock));
    const bool expected =
        known.find(token.key) != std::string::npos && is_valid(token.key, clock) && is_in_time(token, clock);
    if (report.accepted() != expected) {
      blame(fmt::format("at {}, by its clock {}: {} {} a token of {} from {} to {}: {}", form(now_),
                        form(clock), kPartners.at(token.partner).name, expected ? "refuses" : "accepts",
                        token.key, form(token.not_before), form(token.expires),
                        report.accepted() ? "" : report.first_failure()->reason));
    }
    return report.accepted();
  }

  // And no valid one is refused but in an announced outage; there, every one is.
  void judge_now(const LiveToken& token) {
    const bool accepted = judge(token, now_, known_to(token.partner, now_));
    if (now_ < token.not_before || now_ >= token.expires) return;
    bool is_announced = false;
    for (auto& one : outages_) {
      if (one.partner != token.partner || one.key != token.key || now_ < one.from || now_ >= one.to) continue;
      is_announced = true;
      ++one.refused;
    }
    if (accepted == is_announced) {
      blame(fmt::format("at {}: {} {} a valid token of {}", form(now_), kPartners.at(token.partner).name,
                        accepted ? "accepts, though it was to refuse," : "refuses, unannounced,", token.key));
    }
  }

  void judge_all_live() {
    for (const auto& token : live_) judge_now(token);
  }

  void judge_ends_before(Instant limit) {
    while (!ends_.empty() && ends_.begin()->first < limit) {
      now_ = ends_.begin()->first;
      judge_now(ends_.begin()->second);
      ends_.erase(ends_.begin());
    }
  }

  // What the owner of each key could make, dead or alive.
  void judge_forgeries() {
    if (forgeries_.empty() || now_ - forged_ >= 24h) forge_all();
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      auto policy = judges_[i].policy;
      policy.audience = std::string(kForgedAudience);
      const auto known = known_to(i, now_);
      for (const auto& [letter, token] : forgeries_) {
        ++counts_.verdicts;
        const bool accepted = test::must(verify_token(token, policy, now_)).accepted();
        const bool expected = known.find(letter) != std::string::npos && is_valid(letter, now_);
        if (accepted != expected)
          blame(fmt::format("at {}: {} {} what {} signed", form(now_), kPartners.at(i).name,
                            accepted ? "accepts" : "refuses", letter));
      }
    }
  }

  void forge_all() {
    forged_ = now_;
    forgeries_.clear();
    for (const auto& [letter, own] : certificates_) {
      ++counts_.forged;
      forgeries_.emplace_back(letter, test::forge(own, "00000004-0000-0ff1-ce00-000000000000@litwareinc.com",
                                                  std::string(kForgedAudience), now_, now_ + kMaximum));
    }
  }

  // The smoke test of our own store says the same of what it publishes now.
  void mirror() {
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      std::string input;
      std::string expected;
      for (const auto& token : live_) {
        if (token.partner != i) continue;
        const bool is_good = published(now_).find(token.key) != std::string::npos &&
                             is_valid(token.key, ours(now_)) && is_in_time(token, ours(now_));
        input += token.text + "\n";
        expected += is_good ? "Success\n" : "Failure\n";
        ++counts_.mirrored;
      }
      if (input.empty()) continue;
      const auto seen =
          folder_.run("lync.db",
                      {"test-oauth-token", "-", "--as-partner", std::string(kPartners.at(i).name), "--output",
                       "value", "--property", "Result"},
                      ours(now_), input);
      if (seen.out != expected)
        blame(fmt::format("at {}: as {} the verdicts are\n{}instead of\n{}{}", form(now_),
                          kPartners.at(i).name, seen.out, expected, seen.error));
    }
  }

  // Whoever does not hold the key that signs is named, and workflow is named for nothing else.
  void compare_health() {
    const auto key = signer(now_);
    if (key == 0) return;
    const auto seen = health();
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      const auto* partner = seen.partner(kPartners.at(i).name);
      REQUIRE(partner != nullptr);
      const bool said = partner->find("KnowsCurrent")->boolean();
      const bool knows = known_to(i, now_).find(key) != std::string::npos;
      const bool is_wrong = i == kWorkflow ? said != knows : said && !knows;
      if (is_wrong)
        blame(fmt::format("at {}: {} {} the key {}, and test-certificate-configuration says otherwise",
                          form(now_), kPartners.at(i).name, knows ? "knows" : "does not know", key));
    }
  }

  static constexpr std::string_view kForgedAudience = "forged/audience@contoso.com";

  std::vector<Outage> outages_;
  std::set<Instant> changes_, looks_, mints_;
  std::set<Instant>::const_iterator near_ = changes_.begin();

  std::vector<LiveToken> live_;
  std::multimap<Instant, LiveToken> ends_;
  std::vector<std::pair<char, std::string>> forgeries_;
  Instant forged_ = {};
  std::size_t turn_ = 0;

  Assignments rows_;
  Instant evaluated_ = kStart;

  Counts counts_;
  std::int64_t blamed_ = 0;
};

TEST_CASE("in two years no valid token is refused and no dead key accepted, but where it was announced") {
  Life life;
  life.live();
  life.report();
}

}  // namespace
}  // namespace accord
