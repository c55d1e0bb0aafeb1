// The decision table and the certificate rows of spec/diagnostics.md, with the seconds around every boundary.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lib/app/certificate_health.h"
#include "lib/app/rolling.h"

namespace accord {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow{seconds(1'795'521'600)};  // 2026-11-24T12:00:00Z
const std::string kRequest =
    "request-certificate --new --self-signed --identity global --type OAuthTokenIssuer";
const std::string kSet = "set-certificate --type OAuthTokenIssuer --thumbprint ";
const std::string kRemove = "remove-certificate --type OAuthTokenIssuer ";
// One before, at, and one after.
constexpr std::array<int, 3> kAround = {-1, 0, 1};

HeldCertificate certificate(const std::string& thumbprint, Instant not_after, Instant effective) {
  HeldCertificate made;
  made.certificate.thumbprint = thumbprint;
  made.certificate.not_before = kNow - days(1000);
  made.certificate.not_after = not_after;
  made.row = {.use = "OAuthTokenIssuer",
              .thumbprint = thumbprint,
              .effective = effective,
              .updated = kNow - days(100),
              .published = kNow - days(100)};
  return made;
}

KeyLearner reader(const std::string& identity) {
  return {.identity = identity, .learns_by = LearnsOurKeysBy::metadata};
}

KeyLearner by_file(const std::string& identity, std::vector<std::string> told = {}) {
  return {.identity = identity, .learns_by = LearnsOurKeysBy::file, .told_thumbprints = std::move(told)};
}

// A deployment with nothing to complain of: OLD has signed for 100 days and lasts for 400 more.
struct Sound {
  HealthFacts facts = {.now = kNow, .current = certificate("OLD", kNow + days(400), kNow - days(100))};

  Certificate& current() { return facts.current->certificate; }
  HeldCertificate& stage(Instant effective = kNow + days(30)) {
    facts.staged.push_back(certificate("NEW", kNow + days(2000), effective));
    return facts.staged.back();
  }
  // It signed until the current one took over.
  HeldCertificate& previous(Instant stopped = kNow - days(100)) {
    facts.previous = certificate("FORMER", kNow + days(400), kNow - days(500));
    facts.current->row.effective = stopped;
    return *facts.previous;
  }
};

std::string decision(const CertificateHealth& health) {
  return fmt::format("{} {}", enum_name(health.verdict), enum_name(health.decision));
}

// "CERT-KEY Error OLD; CERT-NAMES Warning OLD"
std::string findings(const CertificateHealth& health) {
  std::vector<std::string> all;
  for (const auto& one : health.findings)
    all.push_back(fmt::format("{} {} {}", one.id, enum_name(one.severity), one.target));
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string lines(const std::vector<std::string>& all) {
  return fmt::format("{}", fmt::join(all, "\n"));
}

// The commands, and nothing beyond.
std::string commands(const CertificateHealth& health) {
  return lines(health.commands);
}

// The one finding of this id about this target; an empty one where there is none.
Finding finding(const CertificateHealth& health, std::string_view id, std::string_view target) {
  Finding found;
  int count = 0;
  for (const auto& one : health.findings) {
    if (one.id != id || one.target != target) continue;
    found = one;
    ++count;
  }
  CHECK_MESSAGE(count <= 1, id << " of " << target << " is said " << count << " times");
  return found;
}

bool says(const CertificateHealth& health, const std::string& evidence) {
  return std::ranges::find(health.evidence, evidence) != health.evidence.end();
}

// --- Row: more than --warning days

TEST_CASE_FIXTURE(Sound, "a certificate with time left, and partners that know it, leave nothing to do") {
  facts.learners = {reader("exchange"), by_file("sharepoint", {"OLD"})};
  const auto health = judge(facts);
  CHECK(decision(health) == "Ok None");
  CHECK(health.summary == "nothing to do");
  CHECK(findings(health).empty());
  CHECK(commands(health).empty());
  CHECK_FALSE(health.effective_date.has_value());
  CHECK(lines(health.evidence) ==
        "current: OLD, ends at 2027-12-29T12:00:00Z, 400 days from now; it signs since 2026-08-16T12:00:00Z\n"
        "partners: 2 of 2 know our keys, or will in time");
}

TEST_CASE_FIXTURE(Sound, "what is staged in time is waited for") {
  stage();
  facts.learners = {reader("exchange"), by_file("sharepoint", {"OLD", "NEW"})};
  const auto health = judge(facts);
  CHECK(decision(health) == "Ok None");
  CHECK(health.summary == "nothing to do: NEW takes over at 2026-12-24T12:00:00Z");
  CHECK(findings(health).empty());
  CHECK(commands(health).empty());
  CHECK(says(health,
             "staged: NEW, ends at 2032-05-16T12:00:00Z, 2000 days from now; it takes over at "
             "2026-12-24T12:00:00Z, published since 2026-08-16T12:00:00Z"));
}

// --- Row: at or under --warning days

struct Left {
  Duration left;
  std::string decision;
  std::string findings;
};

void check_days(Sound& sound, const std::vector<Left>& cases) {
  for (const auto& one : cases) {
    CAPTURE(format_duration(one.left));
    sound.current().not_after = kNow + one.left;
    const auto health = judge(sound.facts);
    CHECK(decision(health) == one.decision);
    CHECK(findings(health) == one.findings);
  }
}

TEST_CASE_FIXTURE(Sound, "days left are whole days rounded down, and the threshold itself warns") {
  const std::string warning = "CERT-EXPIRY Warning OLD";
  const std::string error = "CERT-EXPIRY Error OLD";
  SUBCASE("60 and 14 days") {
    check_days(*this, {{days(61) + seconds(1), "Ok None", ""},
                       {days(61), "Ok None", ""},
                       {days(61) - seconds(1), "Warning StageNew", warning},
                       {days(60) + seconds(1), "Warning StageNew", warning},
                       {days(60), "Warning StageNew", warning},
                       {days(60) - seconds(1), "Warning StageNew", warning},
                       {days(15) + seconds(1), "Warning StageNew", warning},
                       {days(15), "Warning StageNew", warning},
                       {days(15) - seconds(1), "Critical StageNew", error},
                       {days(14), "Critical StageNew", error},
                       {days(14) - seconds(1), "Critical StageNew", error}});
  }
  SUBCASE("other thresholds") {
    facts.warning = days(30);
    facts.critical = days(7);
    check_days(*this, {{days(31), "Ok None", ""},
                       {days(31) - seconds(1), "Warning StageNew", warning},
                       {days(8), "Warning StageNew", warning},
                       {days(8) - seconds(1), "Critical StageNew", error}});
  }
  SUBCASE("a threshold within a day") {
    facts.warning = hours(36);
    facts.critical = seconds(0);
    check_days(*this, {{days(2), "Ok None", ""},
                       {days(2) - seconds(1), "Warning StageNew", warning},
                       {days(1), "Warning StageNew", warning},
                       {days(1) - seconds(1), "Critical StageNew", error}});
  }
  SUBCASE("both alike") {
    facts.warning = days(20);
    facts.critical = days(20);
    check_days(*this, {{days(21), "Ok None", ""}, {days(21) - seconds(1), "Critical StageNew", error}});
  }
}

TEST_CASE_FIXTURE(Sound, "in the second of NotAfter the certificate still signs, and in the next no more") {
  current().not_after = kNow;
  auto health = judge(facts);
  CHECK(decision(health) == "Critical StageNew");
  CHECK(findings(health) == "CERT-EXPIRY Error OLD");
  CHECK(finding(health, "CERT-EXPIRY", "OLD").detection ==
        "the current certificate ends at 2026-11-24T12:00:00Z, 0 days from now");
  facts.now = kNow + seconds(1);
  health = judge(facts);
  CHECK(decision(health) == "Critical MakeNew");
  CHECK(findings(health) == "CERT-EXPIRY Error OLD");
  CHECK(finding(health, "CERT-EXPIRY", "OLD").detection ==
        "the current certificate ended at 2026-11-24T12:00:00Z");
}

TEST_CASE(
    "the last second of a certificate is too late for its successor by a token, a refresh and the skew") {
  const Instant end = kNow + days(40);
  CHECK(latest_safe_date(end, {}) == end - hours(25) - minutes(5) - hours(24));
  CHECK(latest_safe_date(end, {.maximum_lifetime = minutes(5), .clock_skew = seconds(0)}) ==
        end - minutes(5) - hours(24));
  CHECK(latest_safe_date(end, {.maximum_lifetime = days(7), .clock_skew = minutes(10)}) ==
        end - days(7) - minutes(10) - hours(24));
}

TEST_CASE_FIXTURE(
    Sound, "a new one is staged for 30 days ahead, or the latest safe date, or as soon as partners know it") {
  const auto safety = hours(25) + minutes(5) + hours(24);
  struct Case {
    Duration left;
    std::string date;
  };
  const std::vector<Case> cases = {
      {days(60), "2026-12-24T12:00:00Z"},
      {days(30) + safety + seconds(1), "2026-12-24T12:00:00Z"},
      {days(30) + safety, "2026-12-24T12:00:00Z"},
      {days(30) + safety - seconds(1), "2026-12-24T11:59:59Z"},
      {days(10), "2026-12-02T10:55:00Z"},
      // No date is safe for both keys: the new one comes first, and the old one signs to its end.
      {safety + hours(25) + seconds(1), "2026-11-25T13:00:01Z"},
      {safety + hours(25), "2026-11-25T13:00:00Z"},
      {safety + hours(25) - seconds(1), "2026-11-25T13:00:00Z"},
      {safety, "2026-11-25T13:00:00Z"},
      {hours(25), "2026-11-25T13:00:00Z"},
      {hours(25) - seconds(1), "2026-11-25T12:59:59Z"},
      {seconds(1), "2026-11-24T12:00:01Z"},
      {seconds(0), "now"},
  };
  for (const auto& one : cases) {
    CAPTURE(format_duration(one.left));
    current().not_after = kNow + one.left;
    const auto health = judge(facts);
    const auto said = one.date == "now" ? "2026-11-24T12:00:00Z" : one.date;
    CHECK(health.decision == Decision::stage_new);
    CHECK(commands(health) == fmt::format("{} --roll --effective-date {}", kRequest, one.date));
    CHECK(health.summary == "stage a new certificate that takes over at " + said);
    REQUIRE(health.effective_date.has_value());
    CHECK(format_instant(*health.effective_date) == said);
  }
}

TEST_CASE_FIXTURE(Sound, "the date that is advised follows the rules of tokens") {
  current().not_after = kNow + days(20);
  facts.rules = {.maximum_lifetime = days(7), .clock_skew = minutes(10)};
  CHECK(commands(judge(facts)) == kRequest + " --roll --effective-date 2026-12-06T11:50:00Z");
  facts.rules = {.maximum_lifetime = hours(8), .clock_skew = seconds(0)};
  CHECK(commands(judge(facts)) == kRequest + " --roll --effective-date 2026-12-13T04:00:00Z");
}

TEST_CASE_FIXTURE(Sound, "a staged one that is itself short, or cannot sign, is replaced by a new one") {
  current().not_after = kNow + days(40);
  auto& staged = stage(kNow + days(20));
  SUBCASE("short, and its seconds") {
    staged.certificate.not_after = kNow + days(61);
    CHECK(decision(judge(facts)) == "Ok None");
    staged.certificate.not_after -= seconds(1);
    const auto health = judge(facts);
    CHECK(decision(health) == "Warning StageNew");
    CHECK(findings(health) == "CERT-EXPIRY Warning OLD; CERT-EXPIRY Warning NEW");
    CHECK(finding(health, "CERT-EXPIRY", "OLD").action == "carry out the decision");
    CHECK(finding(health, "CERT-EXPIRY", "NEW").detection ==
          "the staged certificate ends at 2027-01-24T11:59:59Z, 60 days from now");
    CHECK(finding(health, "CERT-EXPIRY", "NEW").action == "stage one that lasts longer: --replace-staged");
    CHECK(commands(health) == kRequest + " --roll --effective-date 2026-12-24T12:00:00Z --replace-staged");
  }
  SUBCASE("critically short") {
    staged.certificate.not_after = kNow + days(15) - seconds(1);
    staged.row.effective = kNow + days(10);
    const auto health = judge(facts);
    CHECK(decision(health) == "Critical StageNew");
    CHECK(findings(health) == "CERT-EXPIRY Error NEW; CERT-EXPIRY Warning OLD");
  }
  SUBCASE("expired") {
    staged.certificate.not_after = kNow - seconds(1);
    const auto health = judge(facts);
    CHECK(decision(health) == "Critical StageNew");
    CHECK(finding(health, "CERT-EXPIRY", "NEW").detection ==
          "the staged certificate ended at 2026-11-24T11:59:59Z");
    CHECK(commands(health) == kRequest + " --roll --effective-date 2026-12-24T12:00:00Z --replace-staged");
  }
  SUBCASE("without its key") {
    staged.has_key = false;
    const auto health = judge(facts);
    CHECK(decision(health) == "Critical StageNew");
    CHECK(findings(health) == "CERT-KEY Error NEW; CERT-EXPIRY Warning OLD");
    CHECK(commands(health) == kRequest + " --roll --effective-date 2026-12-24T12:00:00Z --replace-staged");
  }
  SUBCASE("not valid yet at its date") {
    staged.certificate.not_before = staged.row.effective;
    CHECK(decision(judge(facts)) == "Ok None");
    staged.certificate.not_before += seconds(1);
    CHECK(decision(judge(facts)) == "Warning StageNew");
  }
  SUBCASE("in the last hours too") {
    current().not_after = kNow + hours(10);
    staged.certificate.not_after = kNow + days(30);
    staged.row.effective = kNow + hours(5);
    CHECK(commands(judge(facts)) ==
          kRequest + " --roll --effective-date 2026-11-24T22:00:00Z --replace-staged");
  }
}

TEST_CASE_FIXTURE(Sound, "advice that was followed in the last two days is not taken back") {
  current().not_after = kNow + hours(40);
  facts.learners = {reader("exchange")};
  const auto date = *judge(facts).effective_date;
  CHECK(date == kNow + hours(25));
  auto& staged = stage(date);
  for (const auto late : {seconds(0), seconds(1), seconds(3599), seconds(3600)}) {
    CAPTURE(late.count());
    facts.now = kNow + late;
    staged.row.published = facts.now;
    const auto health = judge(facts);
    CHECK(decision(health) == "Warning None");
    CHECK(findings(health) == "CERT-ROLL-LATE Warning NEW; CERT-EXPIRY Information OLD");
    CHECK(finding(health, "CERT-ROLL-LATE", "NEW").action ==
          "nothing: an earlier date leaves partners no time to read the new key");
    CHECK(commands(health).empty());
  }
}

TEST_CASE_FIXTURE(Sound, "a roll that comes before partners can know it is moved to when they do") {
  facts.learners = {reader("exchange")};
  auto& staged = stage(kNow + hours(5));
  staged.row.published = kNow;
  const auto health = judge(facts);
  CHECK(decision(health) == "Warning TellPartners");
  CHECK(finding(health, "CERT-NOTIFY", "exchange").action ==
        kSet + "NEW --roll --effective-date 2026-11-25T13:00:00Z");
  CHECK(commands(health) == kSet + "NEW --roll --effective-date 2026-11-25T13:00:00Z");
}

TEST_CASE_FIXTURE(Sound, "the end of a certificate whose successor is staged in time is information") {
  current().not_after = kNow + days(40);
  stage(kNow + days(20));
  for (const auto left : {days(40), days(25)}) {
    current().not_after = kNow + left;
    const auto health = judge(facts);
    CHECK(decision(health) == "Ok None");
    CHECK(findings(health) == "CERT-EXPIRY Information OLD");
    CHECK(finding(health, "CERT-EXPIRY", "OLD").action == "nothing: NEW takes over at 2026-12-14T12:00:00Z");
  }
}

TEST_CASE_FIXTURE(Sound, "a roll is late from the second after the latest safe date on") {
  struct Case {
    TokenRules rules;
    Duration safety;
  };
  const std::vector<Case> cases = {{{}, hours(49) + minutes(5)},
                                   {{minutes(5), seconds(0)}, hours(24) + minutes(5)},
                                   {{days(7), minutes(10)}, days(8) + minutes(10)}};
  for (const auto& one : cases) {
    for (const auto around : kAround) {
      for (const auto left : {days(40), days(400)}) {  // ends soon, and not
        Sound sound;
        sound.facts.rules = one.rules;
        sound.current().not_after = kNow + left;
        sound.stage(kNow + left - one.safety + seconds(around));
        const auto health = judge(sound.facts);
        CAPTURE(one.safety.count());
        CAPTURE(around);
        CAPTURE(left.count());
        const bool is_late = around > 0;
        CHECK((finding(health, "CERT-ROLL-LATE", "NEW").severity == Severity::warning) == is_late);
        CHECK(health.verdict == (is_late ? HealthVerdict::warning : HealthVerdict::ok));
        CHECK((health.decision == Decision::move_staged) == is_late);
      }
    }
  }
}

TEST_CASE_FIXTURE(Sound, "a roll that is too late is moved") {
  current().not_after = kNow + days(40);
  auto& staged = stage(kNow + days(39));
  auto health = judge(facts);
  CHECK(decision(health) == "Warning MoveStaged");
  CHECK(health.summary == "let the staged certificate take over earlier, at 2026-12-24T12:00:00Z");
  CHECK(findings(health) == "CERT-EXPIRY Warning OLD; CERT-ROLL-LATE Warning NEW");
  CHECK(commands(health) == kSet + "NEW --roll --effective-date 2026-12-24T12:00:00Z");
  CHECK(health.effective_date == kNow + days(30));
  const auto late = finding(health, "CERT-ROLL-LATE", "NEW");
  CHECK(late.detection ==
        "it takes over at 2027-01-02T12:00:00Z, too shortly before the current certificate ends at "
        "2027-01-03T12:00:00Z");
  CHECK(late.action == kSet + "NEW --roll --effective-date 2026-12-24T12:00:00Z");

  SUBCASE("in the second of the end it is before, and in the next after") {
    staged.row.effective = current().not_after;
    CHECK(finding(judge(facts), "CERT-ROLL-LATE", "NEW").detection.find("too shortly before") !=
          std::string::npos);
    staged.row.effective += seconds(1);
    CHECK(finding(judge(facts), "CERT-ROLL-LATE", "NEW").detection ==
          "it takes over at 2027-01-03T12:00:01Z, after the current certificate ends at "
          "2027-01-03T12:00:00Z");
  }
  SUBCASE("where no safe date is left, now") {
    current().not_after = kNow + days(1);
    staged.row.effective = kNow + hours(20);
    health = judge(facts);
    CHECK(decision(health) == "Critical MoveStaged");
    CHECK(commands(health) == kSet + "NEW --roll --effective-date now");
    CHECK(finding(health, "CERT-ROLL-LATE", "NEW").action == kSet + "NEW --roll --effective-date now");
  }
  SUBCASE("the latest safe date, where it comes first") {
    current().not_after = kNow + days(10);
    staged.row.effective = kNow + days(9);
    CHECK(commands(judge(facts)) == kSet + "NEW --roll --effective-date 2026-12-02T10:55:00Z");
  }
}

// --- Row: effective date reached

// As `gather` sees OLD, and NEW that takes over at `date`.
HealthFacts facts_of_roll(Instant date, Instant now) {
  const std::vector<HeldCertificate> all = {certificate("OLD", kNow + days(400), kNow - days(100)),
                                            certificate("NEW", kNow + days(2000), date)};
  const auto held = [&](const CertificateAssignment& row) {
    auto found =
        *std::ranges::find(all, row.thumbprint, [](const auto& one) { return one.certificate.thumbprint; });
    found.row = row;
    return found;
  };
  const auto line = timeline_at({all[0].row, all[1].row}, now);
  HealthFacts facts{.now = now};
  if (line.current) facts.current = held(*line.current);
  if (line.previous) facts.previous = held(*line.previous);
  for (const auto& row : line.staged) facts.staged.push_back(held(row));
  return facts;
}

TEST_CASE("in the second of its effective date the staged one is current, and the old one is previous") {
  const Instant date = kNow + days(30);
  const std::string learns = "partners: 1 of 1 know our keys, or will in time";
  auto facts = facts_of_roll(date, date - seconds(1));
  facts.learners = {reader("exchange")};
  auto health = judge(facts);
  CHECK(decision(health) == "Ok None");
  CHECK(health.summary == "nothing to do: NEW takes over at 2026-12-24T12:00:00Z");
  CHECK(lines(health.evidence) ==
        "current: OLD, ends at 2027-12-29T12:00:00Z, 370 days from now; it signs since 2026-08-16T12:00:00Z\n"
        "staged: NEW, ends at 2032-05-16T12:00:00Z, 1970 days from now; it takes over at "
        "2026-12-24T12:00:00Z, published since 2026-08-16T12:00:00Z\n" +
            learns);
  CHECK(health.learners.at(0).text ==
        "reads our metadata; knows the current key, will know the staged one in time");
  for (const auto after : {0, 1}) {
    facts = facts_of_roll(date, date + seconds(after));
    facts.learners = {reader("exchange")};
    health = judge(facts);
    CHECK(decision(health) == "Ok None");
    CHECK(health.summary == "nothing to do");
    CHECK(findings(health).empty());
    CHECK(says(health, after == 0
                           ? "current: NEW, ends at 2032-05-16T12:00:00Z, 1970 days from now; it signs "
                             "since 2026-12-24T12:00:00Z"
                           : "current: NEW, ends at 2032-05-16T12:00:00Z, 1969 days from now; it signs "
                             "since 2026-12-24T12:00:00Z"));
    CHECK(
        says(health,
             fmt::format("previous: OLD, ends at 2027-12-29T12:00:00Z, {} days from now; the last token that "
                         "it signed ends at 2026-12-25T13:05:00Z",
                         after == 0 ? 370 : 369)));
    CHECK(health.learners.at(0).text == "reads our metadata; knows the current key");
  }
}

TEST_CASE(
    "after the effective date the partners that hold only the old key are named, and how to tell each") {
  const Instant date = kNow + days(30);
  auto facts = facts_of_roll(date, date);
  facts.learners = {reader("exchange"),
                    by_file("hr", {"OLD"}),
                    by_file("share point", {"OLD", "NEW"}),
                    {.identity = "acs", .is_oauth_server = true, .told_thumbprints = {"OLD"}}};
  const auto health = judge(facts);
  CHECK(decision(health) == "Warning TellPartners");
  CHECK(health.summary == "tell the partners that may not know our keys");
  CHECK(findings(health) == "CERT-NOTIFY Warning hr; CERT-NOTIFY Warning acs");
  CHECK(commands(health) ==
        "export-certificate --thumbprint NEW\n"
        "set-partner-application hr --told-thumbprint OLD,NEW\n"
        "set-oauth-server acs --told-thumbprint OLD,NEW");
  CHECK(finding(health, "CERT-NOTIFY", "hr").detection ==
        "it may not hold the current key NEW: it learns our keys by file");
  CHECK(finding(health, "CERT-NOTIFY", "hr").action ==
        "export-certificate --thumbprint NEW, then set-partner-application hr --told-thumbprint OLD,NEW");
  CHECK(finding(health, "CERT-NOTIFY", "acs").detection ==
        "it may not hold the current key NEW: how it learns our keys is not known");
  CHECK(finding(health, "CERT-NOTIFY", "acs").action ==
        "export-certificate --thumbprint NEW, then set-oauth-server acs --told-thumbprint OLD,NEW");
  CHECK(says(health, "partners: 2 of 4 know our keys, or will in time"));
  CHECK(health.learners.at(1).text == "is told by file; may not know the current key");
  CHECK(health.learners.at(3).text == "how it learns our keys is not known; may not know the current key");
}

TEST_CASE("before the effective date the partners that will not know the new key are named") {
  const Instant date = kNow + days(30);
  auto facts = facts_of_roll(date, date - seconds(1));
  facts.learners = {reader("exchange"), by_file("hr department", {"OLD"})};
  const auto health = judge(facts);
  CHECK(decision(health) == "Warning TellPartners");
  CHECK(findings(health) == "CERT-NOTIFY Warning hr department");
  CHECK(finding(health, "CERT-NOTIFY", "hr department").detection ==
        "it may not hold the staged key NEW, which signs from 2026-12-24T12:00:00Z on: it learns our keys by "
        "file");
  CHECK(commands(health) ==
        "export-certificate --thumbprint NEW\n"
        "set-partner-application 'hr department' --told-thumbprint OLD,NEW");
  CHECK(health.learners.at(1).knows_current);
  CHECK(health.learners.at(1).knows_staged_in_time == false);
  CHECK(health.learners.at(1).text ==
        "is told by file; knows the current key, may not know the staged one in time");
}

TEST_CASE_FIXTURE(Sound, "a partner that reads our metadata knows a key a day after it was published") {
  facts.learners = {reader("exchange"), by_file("sharepoint", {"OLD", "NEW"})};
  SUBCASE("the current one") {
    for (const auto around : kAround) {
      CAPTURE(around);
      facts.current->row.published = kNow - hours(24) + seconds(around);
      const auto health = judge(facts);
      CHECK(health.learners.at(0).knows_current == (around <= 0));
      CHECK(decision(health) == (around <= 0 ? "Ok None" : "Warning TellPartners"));
      CHECK(findings(health) == (around <= 0 ? "" : "CERT-NOTIFY Warning exchange"));
      if (around <= 0) continue;
      CHECK(commands(health).empty());  // time tells it
      CHECK(finding(health, "CERT-NOTIFY", "exchange").detection ==
            "it may not have read the current key OLD: it has been published since 2026-11-23T12:00:01Z, and "
            "partners read it within a day");
      CHECK(finding(health, "CERT-NOTIFY", "exchange").action ==
            "have the partner read our metadata now, or wait until 2026-11-24T12:00:01Z");
    }
  }
  SUBCASE("the staged one, by its date") {
    auto& staged = stage(kNow + days(30));
    for (const auto around : kAround) {
      CAPTURE(around);
      staged.row.published = staged.row.effective - hours(24) + seconds(around);
      const auto health = judge(facts);
      CHECK(health.learners.at(0).knows_staged_in_time == (around <= 0));
      CHECK(decision(health) == (around <= 0 ? "Ok None" : "Warning TellPartners"));
      CHECK(findings(health) == (around <= 0 ? "" : "CERT-NOTIFY Warning exchange"));
      if (around <= 0) continue;
      CHECK(finding(health, "CERT-NOTIFY", "exchange").action ==
            fmt::format("set-certificate --type OAuthTokenIssuer --thumbprint NEW --roll --effective-date {}",
                        format_instant(staged.row.published + hours(25))));
    }
  }
  SUBCASE("the staged one, where the current one does not last long enough for a later date") {
    auto& staged = stage(kNow + hours(10));
    current().not_after = staged.row.effective;
    staged.row.published = kNow;
    CHECK(finding(judge(facts), "CERT-NOTIFY", "exchange").action ==
          "have the partner read our metadata by then");
  }
}

TEST_CASE_FIXTURE(
    Sound, "nobody knows the staged one where nothing is staged, nor misses a current one where none is") {
  facts.learners = {by_file("hr", {"OLD"})};
  CHECK_FALSE(judge(facts).learners.at(0).knows_staged_in_time.has_value());
  facts.current.reset();
  const auto health = judge(facts);
  CHECK(health.learners.at(0).knows_current);
  CHECK(health.learners.at(0).text == "is told by file");
  CHECK(finding(health, "CERT-NOTIFY", "hr").id.empty());
}

// --- Rows: expired

TEST_CASE_FIXTURE(Sound,
                  "where the current one has ended, the staged one takes over now and no third is made") {
  current().not_after = kNow - seconds(1);
  auto& staged = stage(kNow + days(30));
  SUBCASE("and who cannot have read it is told") {
    staged.row.published = kNow - hours(24);
    facts.learners = {reader("exchange"), by_file("hr"), by_file("told", {"OLD", "NEW"})};
    auto health = judge(facts);
    CHECK(decision(health) == "Critical PublishStaged");
    CHECK(health.summary ==
          "the current certificate has ended: make the staged one effective now; do not make a third");
    CHECK(commands(health) == kSet +
                                  "NEW --roll --effective-date now\n"
                                  "export-certificate --thumbprint NEW\n"
                                  "set-partner-application hr --told-thumbprint NEW");
    CHECK(says(health, "to tell: hr"));
    CHECK_FALSE(says(health, "to tell: exchange"));
    CHECK_FALSE(says(health, "to tell: told"));
    CHECK_FALSE(health.effective_date.has_value());

    staged.row.published += seconds(1);
    health = judge(facts);
    CHECK(says(health, "to tell: exchange"));
    CHECK(commands(health) == kSet +
                                  "NEW --roll --effective-date now\n"
                                  "export-certificate --thumbprint NEW\n"
                                  "set-partner-application exchange --told-thumbprint NEW\n"
                                  "set-partner-application hr --told-thumbprint NEW");
  }
  SUBCASE("also one that ends soon: better than nothing") {
    staged.certificate.not_after = kNow;
    const auto health = judge(facts);
    CHECK(decision(health) == "Critical PublishStaged");
    CHECK(findings(health) == "CERT-EXPIRY Error OLD; CERT-EXPIRY Error NEW");
  }
  SUBCASE("not one that has ended as well") {
    staged.certificate.not_after = kNow - seconds(1);
    CHECK(decision(judge(facts)) == "Critical MakeNew");
  }
  SUBCASE("not one that is not valid yet") {
    staged.certificate.not_before = kNow;
    CHECK(decision(judge(facts)) == "Critical PublishStaged");
    staged.certificate.not_before = kNow + seconds(1);
    CHECK(decision(judge(facts)) == "Critical MakeNew");
  }
  SUBCASE("not one without its key") {
    staged.has_key = false;
    CHECK(decision(judge(facts)) == "Critical MakeNew");
  }
  SUBCASE("its date is not late: there is nothing left to be late for") {
    CHECK(finding(judge(facts), "CERT-ROLL-LATE", "NEW").id.empty());
  }
}

TEST_CASE_FIXTURE(
    Sound, "where the current one has ended and nothing is staged, a new one is made and all are told") {
  current().not_after = kNow - seconds(1);
  auto health = judge(facts);
  CHECK(decision(health) == "Critical MakeNew");
  CHECK(health.summary == "the current certificate has ended: request or import a new one now");
  CHECK(commands(health) == kRequest);
  facts.learners = {reader("exchange"), by_file("hr", {"OLD"})};
  health = judge(facts);
  CHECK(health.summary ==
        "the current certificate has ended: request or import a new one now, and tell every partner");
  CHECK(commands(health) ==
        kRequest + "\nexport-certificate --type OAuthTokenIssuer --output-file issuer.pem");
  CHECK(says(health, "to tell: exchange"));
  CHECK(says(health, "to tell: hr"));
}

TEST_CASE_FIXTURE(Sound, "without a current one the first is made, or the staged one takes over now") {
  facts.current.reset();
  auto health = judge(facts);
  CHECK(decision(health) == "Critical MakeNew");
  CHECK(health.summary == "no certificate signs: request or import a new one now");
  CHECK(findings(health) == "CERT-MISSING Error OAuthTokenIssuer");
  const auto missing = finding(health, "CERT-MISSING", "OAuthTokenIssuer");
  CHECK(missing.detection == "no token-issuer certificate is assigned");
  CHECK(missing.action == kRequest + ", or import-certificate and set-certificate");
  CHECK(commands(health) == kRequest);
  CHECK(lines(health.evidence) == "current: none");
  stage();
  health = judge(facts);
  CHECK(decision(health) == "Critical PublishStaged");
  CHECK(health.summary == "no certificate signs: make the staged one effective now; do not make a third");
  CHECK(commands(health) == kSet + "NEW --roll --effective-date now");
}

// --- Row: missing on one host

TEST_CASE_FIXTURE(Sound, "a missing private key is brought back, and no new certificate is made") {
  facts.current->has_key = false;
  const auto health = judge(facts);
  CHECK(health.decision == Decision::restore_key);
  CHECK(health.summary == "import the private key of the current certificate here; do not make a new one");
  CHECK(findings(health) == "CERT-KEY Error OLD");
  const auto key = finding(health, "CERT-KEY", "OLD");
  CHECK(key.detection == "the current certificate is assigned, and its private key is not in this store");
  CHECK(key.action == "import-certificate with the PFX that holds both; do not make a new one");
  SUBCASE("also where it ends soon") {
    current().not_after = kNow + days(10);
    CHECK(judge(facts).decision == Decision::restore_key);
  }
  SUBCASE("not where it has ended: that key signs nothing any more") {
    current().not_after = kNow - seconds(1);
    CHECK(judge(facts).decision == Decision::make_new);
  }
}

// --- The other findings

TEST_CASE_FIXTURE(Sound, "a weak key is an error, of the current one and of the staged one") {
  stage();
  facts.current->weakness = "the key has 1024 bits; 2048 are the least";
  auto health = judge(facts);
  CHECK(health.verdict == HealthVerdict::critical);
  CHECK(findings(health) == "CERT-WEAK Error OLD");
  CHECK(finding(health, "CERT-WEAK", "OLD").detection ==
        "the current certificate: the key has 1024 bits; 2048 are the least");
  CHECK(finding(health, "CERT-WEAK", "OLD").action ==
        "replace it with an RSA key of 2048 bits or more, P-256, P-384 or Ed25519");
  facts.current->weakness.reset();
  facts.staged[0].weakness = "its exponent is 3";
  health = judge(facts);
  CHECK(findings(health) == "CERT-WEAK Error NEW");
  CHECK(finding(health, "CERT-WEAK", "NEW").detection == "the staged certificate: its exponent is 3");
}

TEST_CASE_FIXTURE(Sound, "SIP domains that a certificate does not name are a warning") {
  stage();
  facts.current->uncovered_domains = {"litwareinc.com"};
  facts.staged[0].uncovered_domains = {"litwareinc.com", "contoso.com"};
  const auto health = judge(facts);
  CHECK(health.verdict == HealthVerdict::warning);
  CHECK(findings(health) == "CERT-NAMES Warning OLD; CERT-NAMES Warning NEW");
  CHECK(finding(health, "CERT-NAMES", "OLD").detection ==
        "the current certificate does not name the SIP domain litwareinc.com");
  CHECK(finding(health, "CERT-NAMES", "NEW").detection ==
        "the staged certificate does not name the SIP domains litwareinc.com, contoso.com");
  CHECK(finding(health, "CERT-NAMES", "NEW").action ==
        "the next one that request-certificate makes names every SIP domain");
}

TEST_CASE_FIXTURE(Sound, "a token issuer that serves another use is a warning") {
  facts.current->other_uses = {"Default", "WebServicesExternal"};
  const auto health = judge(facts);
  CHECK(health.verdict == HealthVerdict::warning);
  CHECK(findings(health) == "CERT-SHARED Warning OLD");
  CHECK(finding(health, "CERT-SHARED", "OLD").detection ==
        "the token issuer's certificate serves Default, WebServicesExternal as well");
  CHECK(
      finding(health, "CERT-SHARED", "OLD").action ==
      "give the token issuer a certificate of its own, so that renewing the other use changes nothing here");
}

TEST_CASE_FIXTURE(Sound, "nothing of the previous one matters but its end and its last token") {
  auto& held = previous();
  facts.now = kNow - days(100) + hours(1);
  held.has_key = false;
  held.weakness = "weak";
  held.uncovered_domains = {"litwareinc.com"};
  held.other_uses = {"Default"};
  CHECK(findings(judge(facts)).empty());
}

TEST_CASE_FIXTURE(Sound, "an expired previous one is information from the second after its end on") {
  auto& held = previous(kNow - hours(1));
  for (const auto around : kAround) {
    CAPTURE(around);
    held.certificate.not_after = kNow - seconds(around);
    const auto health = judge(facts);
    CHECK(decision(health) == "Ok None");
    CHECK(findings(health) == (around > 0 ? "CERT-EXPIRY Information FORMER" : ""));
  }
  const auto found = finding(judge(facts), "CERT-EXPIRY", "FORMER");
  CHECK(found.detection == "the previous certificate ended at 2026-11-24T11:59:59Z");
  CHECK(found.action == kRemove + "--previous takes it away");
}

TEST_CASE_FIXTURE(
    Sound, "removing the previous one is advised from the second on in which its last token has ended") {
  struct Case {
    TokenRules rules;
    Duration tail;
  };
  const std::vector<Case> cases = {{{}, hours(25) + minutes(5)},
                                   {{minutes(5), seconds(0)}, minutes(5)},
                                   {{days(7), minutes(10)}, days(7) + minutes(10)}};
  for (const auto& one : cases) {
    CAPTURE(format_duration(one.tail));
    facts.rules = one.rules;
    const Instant stopped = kNow - days(20);
    previous(stopped);
    for (const auto around : kAround) {
      CAPTURE(around);
      facts.now = stopped + one.tail + seconds(around);
      const auto health = judge(facts);
      CHECK(decision(health) == "Ok None");
      CHECK(findings(health) == (around >= 0 ? "CERT-PREVIOUS Information FORMER" : ""));
      const auto end = format_instant(stopped + one.tail);
      const auto ends =
          fmt::format("the last token that it signed {} at {}", around >= 0 ? "has ended" : "ends", end);
      CHECK(lines(health.evidence).find(ends) != std::string::npos);
      if (around < 0) continue;
      CHECK(finding(health, "CERT-PREVIOUS", "FORMER").detection ==
            "the last token that the previous certificate signed has ended at " + end);
      CHECK(finding(health, "CERT-PREVIOUS", "FORMER").action == kRemove + "--previous");
    }
  }
}

TEST_CASE_FIXTURE(Sound, "a previous one that is known to have signed later is kept for longer") {
  previous(kNow - days(2)).row.signed_until = kNow - days(1);
  facts.now = kNow - days(1) + hours(25) + minutes(5) - seconds(1);
  CHECK(findings(judge(facts)).empty());
  facts.now += seconds(1);
  CHECK(findings(judge(facts)) == "CERT-PREVIOUS Information FORMER");
}

TEST_CASE_FIXTURE(Sound, "tokens that are refused too early are a warning while one can live") {
  const Instant from = kNow;
  const Instant until = kNow + hours(5);
  facts.refused = {{"GONE", from, until}};
  for (const auto around : kAround) {
    CAPTURE(around);
    facts.now = until + seconds(around);
    const auto health = judge(facts);
    CHECK(findings(health) == (around < 0 ? "CERT-PREVIOUS Warning GONE" : ""));
    CHECK(health.verdict == (around < 0 ? HealthVerdict::warning : HealthVerdict::ok));
  }
  for (const auto around : kAround) {
    CAPTURE(around);
    facts.now = from + seconds(around);
    const auto found = finding(judge(facts), "CERT-PREVIOUS", "GONE");
    CHECK(found.severity == Severity::warning);
    CHECK(found.detection ==
          (around < 0 ? "tokens that it signed will be refused from 2026-11-24T12:00:00Z on, and the last of "
                        "them can live until 2026-11-24T17:00:00Z"
                      : "tokens that it signed are refused, and the last of them can live until "
                        "2026-11-24T17:00:00Z"));
    CHECK(found.action ==
          (around < 0 ? "move the roll to a later date, or tell callers to get new tokens then"
                      : "callers get new tokens by then; set-certificate with this thumbprint accepts them "
                        "again"));
  }
}

// --- All of it together

TEST_CASE_FIXTURE(Sound, "the worst finding stands first and decides, information never does") {
  facts.current->uncovered_domains = {"litwareinc.com"};
  facts.current->weakness = "weak";
  previous();
  const auto health = judge(facts);
  CHECK(findings(health) == "CERT-WEAK Error OLD; CERT-NAMES Warning OLD; CERT-PREVIOUS Information FORMER");
  CHECK(health.verdict == HealthVerdict::critical);
  facts.current->weakness.reset();
  CHECK(judge(facts).verdict == HealthVerdict::warning);
  facts.current->uncovered_domains.clear();
  CHECK(judge(facts).verdict == HealthVerdict::ok);
}

TEST_CASE_FIXTURE(Sound, "the end of the current one comes before telling partners") {
  facts.learners = {by_file("hr")};
  current().not_after = kNow + days(60);
  CHECK(decision(judge(facts)) == "Warning StageNew");
  current().not_after = kNow + days(61);
  CHECK(decision(judge(facts)) == "Warning TellPartners");
}

TEST_CASE_FIXTURE(Sound, "judging again says the same, and changes no fact") {
  stage();
  previous();
  facts.learners = {reader("exchange"), by_file("hr")};
  facts.refused = {{"GONE", kNow, kNow + hours(5)}};
  const auto first = judge(facts);
  const auto second = judge(facts);
  CHECK(findings(first) == findings(second));
  CHECK(commands(first) == commands(second));
  CHECK(lines(first.evidence) == lines(second.evidence));
}

// --- Faults that once were there, each by its own test.

TEST_CASE_FIXTURE(Sound, "who misses both keys has been told of both when all commands have run") {
  // --told-thumbprint replaces what was there: the last command counts alone.
  stage();
  facts.learners = {by_file("hr")};
  const auto health = judge(facts);
  REQUIRE_FALSE(health.commands.empty());
  CHECK(health.commands.back() == "set-partner-application hr --told-thumbprint OLD,NEW");
}

TEST_CASE_FIXTURE(Sound, "a new one is not made to be replaced by a staged one that cannot sign") {
  // Assigned at once, the new one would be followed at the old date by the one that has ended.
  current().not_after = kNow - seconds(1);
  stage().certificate.not_after = kNow - seconds(1);
  CHECK(commands(judge(facts)) == kRequest + "\n" + kRemove + "--staged");
}

TEST_CASE_FIXTURE(Sound, "a staged one without its key is something to do before its date") {
  stage().has_key = false;
  const auto health = judge(facts);
  CHECK(health.decision != Decision::none);
}

TEST_CASE_FIXTURE(Sound, "nobody is told of a certificate that has ended") {
  current().not_after = kNow - seconds(1);
  facts.learners = {by_file("hr")};
  CHECK(finding(judge(facts), "CERT-NOTIFY", "hr").id.empty());
}

TEST_CASE_FIXTURE(Sound, "where the second staged one steps in, its own time in the metadata counts") {
  facts.current.reset();
  stage().has_key = false;
  facts.staged.push_back(certificate("NEXT", kNow + days(2000), kNow + days(40)));
  facts.staged.back().row.published = kNow - hours(1);
  facts.learners = {reader("exchange")};
  const auto health = judge(facts);
  REQUIRE(health.decision == Decision::publish_staged);
  CHECK(says(health, "to tell: exchange"));
}

TEST_CASE_FIXTURE(Sound, "a current one that is not valid yet is an error") {
  current().not_before = kNow + seconds(1);
  CHECK(judge(facts).verdict == HealthVerdict::critical);
}

TEST_CASE_FIXTURE(Sound, "a roll is not moved to before the staged one is valid") {
  // set-certificate refuses that date.
  current().not_after = kNow + days(40);
  auto& staged = stage(kNow + days(39));
  staged.certificate.not_before = kNow + days(35);
  const auto health = judge(facts);
  REQUIRE(health.decision == Decision::move_staged);
  CHECK(*health.effective_date >= staged.certificate.not_before);
}

TEST_CASE_FIXTURE(Sound, "a warning does not say that there is nothing to do") {
  facts.current->other_uses = {"Default"};
  const auto health = judge(facts);
  REQUIRE(health.verdict == HealthVerdict::warning);
  CHECK(health.summary != "nothing to do");
}

}  // namespace
}  // namespace accord
