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

}  // namespace
}  // namespace accord
