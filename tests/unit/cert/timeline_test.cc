#include "lib/cert/timeline.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

namespace accord {
namespace {

Instant second(int count) {
  return Instant{std::chrono::seconds(1'700'000'000 + count)};
}

CertificateAssignment row(std::string thumbprint, int effective, int updated = 0) {
  return {.use = "OAuthTokenIssuer",
          .thumbprint = std::move(thumbprint),
          .effective = second(effective),
          .updated = second(updated)};
}

std::string name(const std::optional<CertificateAssignment>& assignment) {
  return assignment ? assignment->thumbprint : "";
}

// "current previous staged"
std::string states(const std::vector<CertificateAssignment>& rows, int now) {
  const auto timeline = timeline_at(rows, second(now));
  return name(timeline.current) + '/' + name(timeline.previous) + '/' +
         (timeline.staged.empty() ? std::string() : timeline.staged.front().thumbprint);
}

TEST_CASE("without rows nothing is current") {
  CHECK(states({}, 0) == "//");
}

TEST_CASE("a staged certificate takes over in the very second of its effective date") {
  const std::vector<CertificateAssignment> rows = {row("A", 0), row("B", 100)};
  CHECK(states(rows, -1) == "//A");
  CHECK(states(rows, 0) == "A//B");
  CHECK(states(rows, 99) == "A//B");
  CHECK(states(rows, 100) == "B/A/");
}

TEST_CASE("three certificates pass through the states one after the other") {
  const std::vector<CertificateAssignment> rows = {row("A", 0), row("B", 100), row("C", 200)};
  CHECK(states(rows, 50) == "A//B");
  CHECK(states(rows, 150) == "B/A/C");
  CHECK(states(rows, 250) == "C/B/");
}

TEST_CASE("of two of the same second the one written later wins, and then the one that stands later") {
  CHECK(states({row("A", 0, 1), row("B", 0, 2)}, 0) == "B/A/");
  CHECK(states({row("A", 0, 2), row("B", 0, 1)}, 0) == "A/B/");
  CHECK(states({row("A", 0, 1), row("B", 0, 1)}, 0) == "B/A/");
}

TEST_CASE("a certificate is not its own predecessor") {
  CHECK(states({row("A", 0), row("A", 10)}, 20) == "A//");
  CHECK(states({row("A", 0), row("B", 10), row("B", 20)}, 30) == "B/A/");
}

TEST_CASE("the order of rows does not matter") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& times, std::uint8_t now) {
    std::vector<CertificateAssignment> rows;
    for (std::size_t i = 0; i < times.size(); ++i) {
      rows.push_back(row("T" + std::to_string(i), times[i], static_cast<int>(i)));
    }
    const auto before = states(rows, now);
    std::reverse(rows.begin(), rows.end());
    RC_ASSERT(states(rows, now) == before);
  }));
}

TEST_CASE("current and previous are in force, staged is not, and current is the latest in force") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& times, std::uint8_t clock) {
    std::vector<CertificateAssignment> rows;
    rows.reserve(times.size());
    for (const auto time : times) rows.push_back(row("T" + std::to_string(rows.size()), time));
    const auto now = second(clock);
    const auto timeline = timeline_at(rows, now);
    RC_ASSERT(!timeline.previous || timeline.current);
    if (timeline.previous) RC_ASSERT(timeline.previous->effective <= timeline.current->effective);
    for (const auto& one : rows) {
      if (one.effective <= now) RC_ASSERT(timeline.current && one.effective <= timeline.current->effective);
      if (one.effective > now)
        RC_ASSERT((!timeline.staged.empty() && one.effective >= timeline.staged.front().effective));
    }
  }));
}

std::string after(const std::vector<CertificateAssignment>& rows, const std::string& thumbprint, int now,
                  bool keep_previous = true) {
  return states(assign_at_once(rows, "OAuthTokenIssuer", thumbprint, second(now), keep_previous), now);
}

TEST_CASE("assigning at once makes the old one previous and drops the one before") {
  CHECK(after({}, "A", 0) == "A//");
  CHECK(after({row("A", 0)}, "B", 10) == "B/A/");
  const auto rows = assign_at_once({row("A", 0), row("B", 10)}, "OAuthTokenIssuer", "C", second(20));
  CHECK(states(rows, 20) == "C/B/");
  CHECK(rows.size() == 2);
  CHECK(rows.back().use == "OAuthTokenIssuer");
  CHECK(rows.back().effective == second(20));
  CHECK(rows.back().updated == second(20));
}

TEST_CASE("naming the previous one swaps the two") {
  CHECK(after({row("A", 0), row("B", 10)}, "A", 20) == "A/B/");
}

TEST_CASE("naming the current one changes nothing") {
  CHECK(after({row("A", 0), row("B", 10), row("C", 90)}, "B", 20) == "B/A/C");
  const auto rows = assign_at_once({row("A", 0), row("B", 10)}, "OAuthTokenIssuer", "B", second(20));
  CHECK(timeline_at(rows, second(20)).current->effective == second(10));
}

TEST_CASE("a staged one stays, unless it is the one that is assigned") {
  CHECK(after({row("A", 0), row("B", 100)}, "C", 10) == "C/A/B");
  CHECK(after({row("A", 0), row("B", 100)}, "B", 10) == "B/A/");
  CHECK(after({row("B", 100)}, "C", 10) == "C//B");
}

TEST_CASE("a compromised key goes at once") {
  CHECK(after({row("A", 0), row("B", 10)}, "C", 20, false) == "C//");
  CHECK(after({row("A", 0), row("B", 10)}, "B", 20, false) == "B//");
  CHECK(after({row("A", 0), row("B", 100)}, "C", 20, false) == "C//B");
}

TEST_CASE("two assignments in one second end with the later one, in whatever order the rows are read back") {
  auto rows = assign_at_once({}, "OAuthTokenIssuer", "A", second(5));
  rows = assign_at_once(rows, "OAuthTokenIssuer", "B", second(5));
  CHECK(states(rows, 5) == "B/A/");
  std::reverse(rows.begin(), rows.end());
  CHECK(states(rows, 5) == "B/A/");
}

// --- What is published

std::string names(const Assignments& rows) {
  std::string all;
  for (const auto& one : rows) all += one.thumbprint;
  return all;
}

std::string published(const Assignments& rows, int now) {
  return names(published_at(rows, second(now)));
}

TEST_CASE("the current one is published first, then what is staged, then the previous one") {
  const Assignments rows = {row("A", 0), row("B", 100), row("C", 200), row("D", 300)};
  CHECK(published(rows, -1) == "ABCD");
  CHECK(published(rows, 0) == "ABCD");
  CHECK(published(rows, 99) == "ABCD");
  CHECK(published(rows, 100) == "BCDA");
  CHECK(published(rows, 199) == "BCDA");
  CHECK(published(rows, 200) == "CDB");
  CHECK(published(rows, 300) == "DC");
  CHECK(published({}, 0).empty());
}

TEST_CASE("none is published twice") {
  const Assignments comes_back = {row("A", 0), row("B", 100), row("A", 200)};
  CHECK(published(comes_back, 150) == "BA");
  CHECK(timeline_at(comes_back, second(150)).previous->effective == second(0));
  CHECK(published_at(comes_back, second(150)).back().effective == second(200));
  CHECK(published(comes_back, 200) == "AB");
  CHECK(published({row("A", 0), row("A", 100)}, 50) == "A");
}

// --- Staging

constexpr std::string_view kUse = "OAuthTokenIssuer";

Assignments staged(const Assignments& rows, std::string_view thumbprint, int effective, int now) {
  return stage(rows, kUse, thumbprint, second(effective), second(now));
}

Assignments assigned(const Assignments& rows, std::string_view thumbprint, int now,
                     bool keep_previous = true) {
  return assign_at_once(rows, kUse, thumbprint, second(now), keep_previous);
}

TEST_CASE("staging leaves current and previous alone and replaces what was staged") {
  const Assignments before = {row("A", 0), row("B", 10)};
  auto rows = staged(before, "C", 100, 20);
  CHECK(states(rows, 20) == "B/A/C");
  CHECK(rows.back().use == kUse);
  CHECK(rows.back().effective == second(100));
  CHECK(rows.back().updated == second(20));
  CHECK(rows.back().published == second(20));
  CHECK_FALSE(rows.back().signed_until.has_value());
  rows = staged(rows, "D", 200, 30);
  CHECK(rows.size() == 3);
  CHECK(states(rows, 30) == "B/A/D");
  CHECK(states(rows, 199) == "B/A/D");
  CHECK(states(rows, 200) == "D/B/");
}

TEST_CASE("all that is staged is replaced, also where a clock that ran back left several") {
  const Assignments before = {row("A", 0), row("B", 50), row("C", 100)};
  const auto rows = staged(before, "D", 200, 20);
  CHECK(states(rows, 20) == "A//D");
  CHECK(rows.size() == 2);
}

TEST_CASE("the same one again moves its date, either way, and stays published since it first was") {
  const auto first = staged({row("A", 0)}, "B", 100, 10);
  for (const int date : {21, 99, 101, 500}) {
    CAPTURE(date);
    const auto moved = staged(first, "B", date, 20);
    CHECK(states(moved, 20) == "A//B");
    CHECK(states(moved, date - 1) == "A//B");
    CHECK(states(moved, date) == "B/A/");
    CHECK(moved.back().published == second(10));
    CHECK(moved.back().updated == second(20));
  }
}

TEST_CASE("one that was called off and is staged again is published since the second time only") {
  auto rows = staged({row("A", 0)}, "B", 100, 10);
  rows = without_staged(rows, second(20));
  CHECK(published(rows, 20) == "A");
  rows = staged(rows, "B", 100, 30);
  CHECK(rows.back().published == second(30));
}

TEST_CASE("the previous one can be staged to come back, and is published all the time") {
  auto rows = assigned(assigned({}, "A", 0), "B", 10);
  CHECK(published(rows, 10) == "BA");
  rows = staged(rows, "A", 100, 20);
  CHECK(rows.size() == 3);
  CHECK(states(rows, 20) == "B/A/A");
  CHECK(rows.back().published == second(0));
  CHECK(published(rows, 99) == "BA");
  CHECK(states(rows, 100) == "A/B/");
  CHECK(published(rows, 100) == "AB");
  // Called off, it is what it was.
  CHECK(states(without_staged(rows, second(30)), 30) == "B/A/");
  CHECK(states(without_staged(rows, second(30)), 100) == "B/A/");
}

TEST_CASE("a certificate that is assigned at once after it was staged stays published since it was staged") {
  const auto rows = assigned(staged({row("A", 0)}, "B", 100, 10), "B", 50);
  CHECK(states(rows, 50) == "B/A/");
  CHECK(timeline_at(rows, second(50)).current->published == second(10));
}

TEST_CASE("one that is swapped back stays published since it first was") {
  auto rows = assigned(assigned({}, "A", 0), "B", 10);
  CHECK(timeline_at(rows, second(10)).current->published == second(10));
  rows = assigned(rows, "A", 20);
  CHECK(states(rows, 20) == "A/B/");
  CHECK(timeline_at(rows, second(20)).current->published == second(0));
  CHECK(timeline_at(rows, second(20)).previous->published == second(10));
  rows = assigned(rows, "B", 30);
  CHECK(timeline_at(rows, second(30)).current->published == second(10));
}

TEST_CASE("one that had gone is published anew") {
  auto rows = assigned(assigned({}, "A", 0), "B", 10, false);
  CHECK(published(rows, 10) == "B");
  rows = assigned(rows, "A", 20);
  CHECK(timeline_at(rows, second(20)).current->published == second(20));
}

TEST_CASE("where the clock stepped back nothing is published since later than now") {
  const auto rows = staged({row("A", 0)}, "B", 100, 50);
  CHECK(staged(rows, "B", 100, 40).back().published == second(40));
}

// --- Taking away

TEST_CASE("taking away what is staged leaves the rest, and so does taking away the previous one") {
  const Assignments rows = {row("A", 0), row("B", 10), row("C", 100)};
  CHECK(states(without_staged(rows, second(20)), 20) == "B/A/");
  CHECK(states(without_staged(rows, second(20)), 100) == "B/A/");
  CHECK(states(without_previous(rows, second(20)), 20) == "B//C");
  CHECK(states(without_previous(rows, second(20)), 100) == "C/B/");
}

TEST_CASE("in the second of its date the staged one is no longer there to be taken away") {
  const Assignments rows = {row("A", 0), row("C", 100)};
  CHECK(states(without_staged(rows, second(99)), 100) == "A//");
  CHECK(states(without_staged(rows, second(100)), 100) == "C/A/");
  CHECK(states(without_previous(rows, second(99)), 100) == "C/A/");
  CHECK(states(without_previous(rows, second(100)), 100) == "C//");
}

TEST_CASE("without the current one nothing steps into its place, and what is staged takes over at its date") {
  const Assignments rows = {row("A", 0), row("B", 10), row("C", 100)};
  const auto after_it = without_current(rows, second(20));
  CHECK(states(after_it, 20) == "//C");
  CHECK(states(after_it, 99) == "//C");
  CHECK(states(after_it, 100) == "C//");
}

TEST_CASE("taking away what is not there changes nothing") {
  const Assignments rows = {row("A", 0)};
  CHECK(states(without_staged(rows, second(5)), 5) == "A//");
  CHECK(states(without_previous(rows, second(5)), 5) == "A//");
  CHECK(without_current({}, second(5)).empty());
  CHECK(without_staged({}, second(5)).empty());
  CHECK(without_previous({}, second(5)).empty());
}

// --- What a change refuses

constexpr TokenRules kRules = {std::chrono::seconds(1000), std::chrono::seconds(30)};

// "A from 20 until 1049, B …"
std::string text(const std::vector<RefusedSigner>& all) {
  std::string made;
  for (const auto& one : all) {
    const auto offset = [](Instant at) { return std::to_string((at - second(0)).count()); };
    made += (made.empty() ? "" : ", ") + one.thumbprint + " from " + offset(one.from) + " until " +
            offset(one.until);
  }
  return made;
}

std::string refused(const Assignments& before, const Assignments& changed, int now) {
  return text(refused_signers(before, changed, second(now), kRules));
}

TEST_CASE("a change that keeps what has signed refuses nothing") {
  const Assignments rows = {row("A", 0)};
  CHECK(refused({}, assigned({}, "A", 0), 0).empty());
  CHECK(refused(rows, assigned(rows, "B", 10), 10).empty());
  CHECK(refused(rows, staged(rows, "B", 100, 10), 10).empty());
  CHECK(refused(rows, rows, 10).empty());
  // What never signed may go.
  const auto rolled = staged(rows, "B", 100, 10);
  CHECK(refused(rolled, without_staged(rolled, second(99)), 99).empty());
}

TEST_CASE("a key that goes at once is refused from now on, while a token of its last second lives") {
  const Assignments rows = {row("A", 0)};
  CHECK(refused(rows, assigned(rows, "B", 10, false), 10) == "A from 10 until 1040");
  CHECK(refused(rows, without_current(rows, second(10)), 10) == "A from 10 until 1040");
  // One that takes over in this very second has signed nothing before it; it may have signed in it.
  CHECK(refused(rows, without_current(rows, second(0)), 0) == "A from 0 until 1030");
}

TEST_CASE("a previous one is refused until its last token ends, and not after") {
  // A signs until 99 at the latest.
  const Assignments rows = {row("A", 0), row("B", 100)};
  CHECK(refused(rows, without_previous(rows, second(100)), 100) == "A from 100 until 1129");
  CHECK(refused(rows, without_previous(rows, second(1128)), 1128) == "A from 1128 until 1129");
  CHECK(refused(rows, without_previous(rows, second(1129)), 1129).empty());
  CHECK(refused(rows, assigned(rows, "C", 1128), 1128) == "A from 1128 until 1129");
  CHECK(refused(rows, assigned(rows, "C", 1129), 1129).empty());
}

TEST_CASE("a second roll while the previous one has live tokens refuses it from its date on") {
  const Assignments rows = {row("A", 0), row("B", 100)};
  const auto second_roll = staged(rows, "C", 500, 200);
  CHECK(refused(rows, second_roll, 200) == "A from 500 until 1129");
  // Moved forward, it costs more; moved behind the last token, nothing.
  const auto moved = staged(second_roll, "C", 300, 250);
  CHECK(refused(second_roll, moved, 250) == "A from 300 until 1129");
  CHECK(refused(second_roll, staged(second_roll, "C", 1128, 250), 250) == "A from 1128 until 1129");
  CHECK(refused(second_roll, staged(second_roll, "C", 1129, 250), 250).empty());
  CHECK(refused(second_roll, assigned(second_roll, "C", 250), 250) == "A from 250 until 1129");
}

TEST_CASE("a change that drops two keys names both") {
  const Assignments rows = {row("A", 0), row("B", 100)};
  CHECK(refused(rows, assigned(rows, "C", 200, false), 200) ==
        "B from 200 until 1230, A from 200 until 1129");
  CHECK(refused(rows, without_current(rows, second(200)), 200) ==
        "B from 200 until 1230, A from 200 until 1129");
}

TEST_CASE("what is staged and will have signed counts with what it signs until it goes") {
  // C takes over from B at 200; D from C at 300, and refuses B, which signed until 199.
  const Assignments rows = {row("B", 100), row("C", 200), row("D", 300)};
  CHECK(refused({row("B", 100)}, rows, 150) == "B from 300 until 1229");
}

TEST_CASE("what comes in by the change can be refused by it as well") {
  // A clock that ran back has left two staged ones: D signs until the first of them, and goes with the
  // second.
  const Assignments rows = {row("A", 0), row("C", 200), row("E", 300)};
  CHECK(refused(rows, assigned(rows, "D", 100), 100) == "A from 200 until 1130, D from 300 until 1229");
}

TEST_CASE("a token that a dropped row shows is remembered by the row that stays") {
  // A signs, B signs, A comes back, and B once more: the first row of A is the one that shows when it signed.
  auto rows = assigned(assigned({}, "A", 0), "B", 100);
  rows = staged(rows, "A", 500, 200);
  CHECK(rows.front().signed_until == second(100));
  CHECK(rows.back().signed_until == second(100));
  rows = assigned(rows, "C", 300);
  CHECK(states(rows, 300) == "C/B/A");
  CHECK(rows.back().signed_until == second(100));
  CHECK(refused(rows, without_staged(rows, second(300)), 300) == "A from 300 until 1130");
}

TEST_CASE("a row remembers the last second in which its key signed") {
  auto rows = assigned({}, "A", 0);
  CHECK(rows.at(0).signed_until == std::nullopt);
  rows = assigned(rows, "B", 100);
  CHECK(timeline_at(rows, second(100)).previous->signed_until == second(100));
  CHECK(timeline_at(rows, second(100)).current->signed_until == std::nullopt);
  rows = staged(rows, "C", 500, 200);
  CHECK(timeline_at(rows, second(200)).previous->signed_until == second(100));
  CHECK(timeline_at(rows, second(200)).current->signed_until == second(200));
}

// --- Recalling

TEST_CASE("what comes back remembers what it was refused for") {
  const auto gone = refused_signers({row("A", 0)}, {row("B", 10)}, second(10), kRules);
  REQUIRE(text(gone) == "A from 10 until 1040");
  const auto rows = recalling({row("A", 20), row("C", 30)}, gone, kRules);
  CHECK(rows.at(0).signed_until == second(10));
  CHECK(rows.at(1).signed_until == std::nullopt);
  auto knows_more = row("A", 20);
  knows_more.signed_until = second(15);
  CHECK(recalling({knows_more}, gone, kRules).at(0).signed_until == second(15));
  knows_more.signed_until = second(5);
  CHECK(recalling({knows_more}, gone, kRules).at(0).signed_until == second(10));
  CHECK(recalling({row("A", 20)}, {}, kRules).at(0).signed_until == std::nullopt);
}

// --- When a key stopped signing

TEST_CASE("a key stops signing in the second in which another takes over") {
  const Assignments rows = {row("A", 0), row("B", 100), row("A", 200)};
  CHECK(stopped_signing(rows, "A", second(99)) == std::nullopt);
  CHECK(stopped_signing(rows, "A", second(100)) == second(100));
  CHECK(stopped_signing(rows, "A", second(199)) == second(100));
  CHECK(stopped_signing(rows, "A", second(200)) == std::nullopt);
  CHECK(stopped_signing(rows, "B", second(99)) == std::nullopt);
  CHECK(stopped_signing(rows, "B", second(200)) == second(200));
  CHECK(stopped_signing(rows, "C", second(300)) == std::nullopt);
  CHECK(stopped_signing({}, "A", second(0)) == std::nullopt);
}

}  // namespace
}  // namespace accord
