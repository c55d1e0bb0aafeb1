// The invariants at the end of spec/diagnostics.md, over random sequences of commands and moves of the clock.
//
// A sequence is replayed against a model that remembers every key that signed and when the last of its tokens
// ends. At every step, and in the seconds around every instant at which something changes, the rules of
// timeline.h must hold. A command that must break one names the key and the instant (refused_signers);
// exactly that is left out.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <ostream>
#include <sstream>
#include <string>

#include "lib/cert/timeline.h"

namespace accord {
namespace {

constexpr std::string_view kUse = "OAuthTokenIssuer";
constexpr std::int64_t kDay = 86'400;
const Instant kStart{std::chrono::seconds(1'795'521'600)};

enum class Kind {
  wait,       // the clock goes on
  step_back,  // a correction of the clock by less than the skew
  jump_back,  // a clock that was wrong
  to_next,    // to the second around the next effective date
  sign,
  assign,
  assign_alone,  // --no-previous
  stage,
  cancel,
  drop_previous,
  drop_current
};
constexpr std::array<std::string_view, 11> kKindNames = {"wait",
                                                         "step back",
                                                         "jump back",
                                                         "to the next date",
                                                         "sign",
                                                         "assign",
                                                         "assign --no-previous",
                                                         "stage",
                                                         "cancel",
                                                         "remove --previous",
                                                         "remove"};

struct Step {
  Kind kind = Kind::wait;
  int key = 0;
  std::int64_t seconds = 0;
};

void showValue(const Step& step, std::ostream& out) {
  out << kKindNames.at(static_cast<std::size_t>(step.kind)) << " key " << step.key << ", " << step.seconds
      << " s";
}
std::ostream& operator<<(std::ostream& out, const Step& step) {
  showValue(step, out);
  return out;
}

std::string key_name(int key) {
  return std::string(40, static_cast<char>('A' + key));
}

struct Signer {
  Instant last_end = {};    // exp of its token that lives longest
  Instant last_start = {};  // nbf of its last token
};

struct Counts {
  std::int64_t sequences = 0, commands = 0, clock_moves = 0, tokens = 0, checks = 0, excluded = 0;
};

// One deployment whose admin and clock do anything.
class Deployment {
 public:
  Deployment(TokenRules rules, Counts& counts) : rules_(rules), counts_(counts) {}

  void take(const Step& step) {
    switch (step.kind) {
      case Kind::wait:
        return move(step.seconds);
      case Kind::step_back:
        return move(-(step.seconds % (rules_.clock_skew.count() + 1)));
      case Kind::jump_back:
        return move(-step.seconds);
      case Kind::to_next:
        return to_next(step);
      case Kind::sign:
        return sign(step.seconds);
      case Kind::assign:
        return change(step, assign_at_once(rows_, kUse, key_name(step.key), now_));
      case Kind::assign_alone:
        return change(step, assign_at_once(rows_, kUse, key_name(step.key), now_, false));
      case Kind::stage:
        // The verbs stage nothing where it is current already.
        if (is_current(key_name(step.key))) return;
        return change(step, stage(rows_, kUse, key_name(step.key),
                                  now_ + std::chrono::seconds(1 + step.seconds), now_));
      case Kind::cancel:
        return change(step, without_staged(rows_, now_));
      case Kind::drop_previous:
        return change(step, without_previous(rows_, now_));
      case Kind::drop_current:
        return change(step, without_current(rows_, now_));
    }
  }

  void check_around_every_date() {
    const auto here = now_;
    for (const auto& row : Assignments(rows_)) {
      for (const auto offset : {-1, 0, 1}) {
        if (row.effective + std::chrono::seconds(offset) < here) continue;
        now_ = row.effective + std::chrono::seconds(offset);
        check();
      }
    }
    now_ = here;
  }

  void check() {
    ++counts_.checks;
    const auto line = timeline_at(rows_, now_);
    const auto published = published_at(rows_, now_);
    const auto is_published = [&](const std::string& key) {
      return std::ranges::find(published, key, &CertificateAssignment::thumbprint) != published.end();
    };
    // The published set contains the signing key, first.
    if (line.current) RC_ASSERT(published.front().thumbprint == line.current->thumbprint);
    // A staged key is published before it signs.
    for (const auto& row : line.staged) RC_ASSERT(is_published(row.thumbprint));
    // The accepted set contains every key that signed a token still alive.
    for (const auto& [key, signer] : signers_) {
      if (signer.last_end + rules_.clock_skew <= now_ || is_published(key)) continue;
      const auto named = named_.find(key);
      if (named != named_.end() && named->second.from <= now_) {
        ++counts_.excluded;
        // What was named ends no later than was said.
        RC_ASSERT(signer.last_end + rules_.clock_skew <= named->second.until);
        continue;
      }
      RC_FAIL(key + " signed a token that lives at " + format_instant(now_) + " and is refused");
    }
    // What is published depends on the rows and the time alone, not on the order in which they come back.
    auto reversed = rows_;
    std::ranges::sort(reversed, {}, [](const auto& row) { return row.thumbprint; });
    if (!has_ties()) {
      const auto again = published_at(reversed, now_);
      RC_ASSERT(std::ranges::equal(again, published, {}, &CertificateAssignment::thumbprint,
                                   &CertificateAssignment::thumbprint));
    }
    // No row says that it is read since later than it was written.
    for (const auto& row : rows_) RC_ASSERT(row.published <= row.updated);
  }

 private:
  [[nodiscard]] bool has_ties() const {
    return std::ranges::any_of(rows_, [&](const auto& row) {
      return std::ranges::count(rows_, row.effective, &CertificateAssignment::effective) > 1;
    });
  }

  [[nodiscard]] bool is_current(const std::string& key) const {
    const auto line = timeline_at(rows_, now_);
    return line.current && line.current->thumbprint == key;
  }

  void move(std::int64_t seconds) {
    ++counts_.clock_moves;
    now_ = std::clamp(now_ + std::chrono::seconds(seconds), Instant(std::chrono::days(1)),
                      Instant(std::chrono::days(365 * 300)));
  }

  void to_next(const Step& step) {
    const auto line = timeline_at(rows_, now_);
    if (line.staged.empty()) return;
    move((line.staged.front().effective - now_).count() + step.seconds % 3 - 1);
  }

  void sign(std::int64_t lifetime) {
    const auto line = timeline_at(rows_, now_);
    if (!line.current) return;
    ++counts_.tokens;
    const auto& key = line.current->thumbprint;
    // A key never signs outside its window, and was published before it signed unless it was assigned at
    // once.
    RC_ASSERT(line.current->effective <= now_);
    for (const auto& row : line.staged) RC_ASSERT(now_ < row.effective);
    const auto end = now_ + std::chrono::seconds(1 + lifetime % rules_.maximum_lifetime.count());
    auto& signer = signers_.try_emplace(key, Signer{end, now_}).first->second;
    signer.last_end = std::max(signer.last_end, end);
    signer.last_start = std::max(signer.last_start, now_);
  }

  // At a command, a token that has ended, or that begins only after it because the clock ran ahead when it
  // was made, counts no more: the rows cannot know of it, and no clock that runs backwards brings it to life
  // again.
  void forget_what_is_dead() {
    std::erase_if(signers_, [&](const auto& one) {
      return one.second.last_end + rules_.clock_skew <= now_ || one.second.last_start > now_;
    });
  }

  // As the verbs do it: what comes back remembers what it was refused for.
  void change(const Step& step, Assignments after) {
    ++counts_.commands;
    forget_what_is_dead();
    // What has gone from the rows does not come back with the clock.
    for (auto& [key, named] : named_) {
      if (named.from <= now_) named.from = Instant::min();
    }
    std::vector<RefusedSigner> told;
    for (const auto& [key, named] : named_) told.push_back({key, now_, named.until});
    after = recalling(std::move(after), told, rules_);
    for (const auto& row : after) named_.erase(row.thumbprint);
    check_slots(step, after);
    for (const auto& refused : refused_signers(rows_, after, now_, rules_)) {
      if (refused.from == now_) check_named(step, refused.thumbprint);
      RC_ASSERT(refused.from >= now_);
      RC_ASSERT(refused.until > refused.from);
      auto& named = named_[refused.thumbprint] = refused;
      // "From now on" is said of the rows, and holds even where the clock steps back.
      if (refused.from == now_) named.from = Instant::min();
    }
    rows_ = std::move(after);
  }

  // What each command leaves alone, said without the code that it tests.
  void check_slots(const Step& step, const Assignments& after) const {
    const auto before = timeline_at(rows_, now_);
    const auto line = timeline_at(after, now_);
    const auto name = [](const std::optional<CertificateAssignment>& row) {
      return row ? row->thumbprint : "";
    };
    const bool is_staging = step.kind == Kind::stage || step.kind == Kind::cancel;
    const bool is_assignment = step.kind == Kind::assign || step.kind == Kind::assign_alone;
    if (is_staging || step.kind == Kind::drop_previous) RC_ASSERT(name(line.current) == name(before.current));
    if (is_staging) RC_ASSERT(name(line.previous) == name(before.previous));
    if (step.kind == Kind::stage) RC_ASSERT(line.staged.size() == 1U);
    if (step.kind == Kind::stage) RC_ASSERT(line.staged.front().thumbprint == key_name(step.key));
    if (step.kind == Kind::cancel) RC_ASSERT(line.staged.empty());
    if (is_assignment) RC_ASSERT(name(line.current) == key_name(step.key));
    if (step.kind == Kind::assign && before.current && !is_current(key_name(step.key)))
      RC_ASSERT(name(line.previous) == name(before.current));
    if (step.kind == Kind::assign_alone || step.kind == Kind::drop_previous) RC_ASSERT(!line.previous);
    if (step.kind == Kind::drop_current) RC_ASSERT((!line.current && !line.previous));
    if (is_staging) return;
    for (const auto& row : before.staged) {
      if (is_assignment && row.thumbprint == key_name(step.key)) continue;
      RC_ASSERT(std::ranges::find(line.staged, row.thumbprint, &CertificateAssignment::thumbprint) !=
                line.staged.end());
    }
  }

  // Only a command that takes a certificate away may cost the tokens that it signed at once.
  void check_named(const Step& step, const std::string& key) const {
    const auto before = timeline_at(rows_, now_);
    const bool takes_current = step.kind == Kind::assign_alone || step.kind == Kind::drop_current;
    const bool takes_previous =
        takes_current || step.kind == Kind::assign || step.kind == Kind::drop_previous;
    if (before.current && key == before.current->thumbprint) RC_ASSERT(takes_current);
    if (before.previous && key == before.previous->thumbprint) RC_ASSERT(takes_previous);
  }

  TokenRules rules_;
  Counts& counts_;
  Instant now_ = kStart;
  Assignments rows_;
  std::map<std::string, Signer> signers_;
  std::map<std::string, RefusedSigner> named_;
};

rc::Gen<Step> any_step() {
  // Spans that meet the rules' own: seconds, a token's life, a refresh, a year.
  const auto span = rc::gen::oneOf(
      rc::gen::inRange<std::int64_t>(0, 5), rc::gen::inRange<std::int64_t>(0, 700),
      rc::gen::inRange<std::int64_t>(0, 2 * kDay), rc::gen::inRange<std::int64_t>(0, 800 * kDay));
  const auto kind = rc::gen::weightedElement<Kind>({{4, Kind::wait},
                                                    {2, Kind::step_back},
                                                    {1, Kind::jump_back},
                                                    {3, Kind::to_next},
                                                    {6, Kind::sign},
                                                    {3, Kind::assign},
                                                    {1, Kind::assign_alone},
                                                    {4, Kind::stage},
                                                    {1, Kind::cancel},
                                                    {1, Kind::drop_previous},
                                                    {1, Kind::drop_current}});
  return rc::gen::build<Step>(rc::gen::set(&Step::kind, kind),
                              rc::gen::set(&Step::key, rc::gen::inRange(0, 4)),
                              rc::gen::set(&Step::seconds, span));
}

// Sanitized, each sequence takes a hundred times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr int kSequences = 2'000;
#else
constexpr int kSequences = 100'000;
#endif

int setting(const char* name, int usual) {
  const char* wanted = std::getenv(name);
  return wanted != nullptr ? std::atoi(wanted) : usual;
}

TEST_CASE(
    "whatever commands and clock do, no key that signed a living token is refused unless it was named") {
  Counts counts;
  const auto property = [&](const std::vector<Step>& steps) {
    ++counts.sequences;
    constexpr std::array<TokenRules, 3> kRules = {{{std::chrono::hours(25), std::chrono::seconds(300)},
                                                   {std::chrono::minutes(5), std::chrono::seconds(0)},
                                                   {std::chrono::days(7), std::chrono::seconds(600)}}};
    Deployment deployment(kRules.at(steps.size() % kRules.size()), counts);
    for (const auto& step : steps) {
      deployment.take(step);
      deployment.check();
    }
    deployment.check_around_every_date();
  };
  const auto steps = rc::gen::container<std::vector<Step>>(any_step());
  rc::detail::TestParams params;
  params.seed = static_cast<std::uint64_t>(setting("ACCORD_SEED", 2026));
  params.maxSuccess = setting("ACCORD_SEQUENCES", kSequences);
  params.maxSize = 80;
  const auto result =
      rc::detail::checkTestable([&] { property(*steps); }, rc::detail::TestMetadata{}, params);
  std::ostringstream minimal;
  rc::detail::printResultMessage(result, minimal);
  CHECK_MESSAGE(result.is<rc::detail::SuccessResult>(), minimal.str());
  MESSAGE(counts.sequences << " sequences, " << counts.commands << " commands, " << counts.clock_moves
                           << " clock moves, " << counts.tokens << " tokens, " << counts.checks << " checks, "
                           << counts.excluded << " of them left out as named");
}

}  // namespace
}  // namespace accord
