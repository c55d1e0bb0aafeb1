#include "lib/core/time.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <cstdint>
#include <string>

#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::int64_t kLatest = 253402300799;
constexpr std::int64_t kDay = 86400;

Instant at(std::int64_t seconds) {
  return Instant{Duration{seconds}};
}

std::string understood(std::string_view text, Instant now = at(1700000000)) {
  const auto result = parse_instant(text, now);
  if (result) return format_instant(*result);
  CHECK(error_id(result) == "Parameter.Invalid");
  return "refused";
}

TEST_CASE("an instant is written as RFC 3339 in UTC") {
  CHECK(format_instant(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_instant(at(1700000000)) == "2023-11-14T22:13:20Z");
  CHECK(format_instant(at(951782400)) == "2000-02-29T00:00:00Z");
  CHECK(format_instant(kLatestInstant) == "9999-12-31T23:59:59Z");
  CHECK(format_instant(at(-1)) == "1969-12-31T23:59:59Z");
}

TEST_CASE("every form of an instant is understood") {
  struct Case {
    const char* text;
    const char* expected;
  };
  for (const auto& one : std::array<Case, 38>{{
           {"2026-11-24T06:11:54Z", "2026-11-24T06:11:54Z"},
           {"2026-11-24t06:11:54z", "2026-11-24T06:11:54Z"},
           {"2026-11-24T06:11:54", "2026-11-24T06:11:54Z"},
           {"2026-11-24 06:11:54", "2026-11-24T06:11:54Z"},
           {"2026-11-24 06:11", "2026-11-24T06:11:00Z"},
           {"2026-11-24T06:11Z", "2026-11-24T06:11:00Z"},
           {"2026-11-24", "2026-11-24T00:00:00Z"},
           {" 2026-11-24 ", "2026-11-24T00:00:00Z"},
           {"2026-11-24T06:11:54+02:00", "2026-11-24T04:11:54Z"},
           {"2026-11-24T06:11:54-05:30", "2026-11-24T11:41:54Z"},
           {"2026-11-24T06:11:54+0200", "2026-11-24T04:11:54Z"},
           {"2026-11-24T06:11+02:00", "2026-11-24T04:11:00Z"},
           {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"},
           {"2026-11-24T06:11:54.999Z", "2026-11-24T06:11:54Z"},
           {"2026-11-24T06:11:54.1234567", "2026-11-24T06:11:54Z"},
           {"2026-11-24T06:11:54,5+01:00", "2026-11-24T05:11:54Z"},
           {"2024-02-29", "2024-02-29T00:00:00Z"},
           {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
           {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
           {"+30m", "2023-11-14T22:43:20Z"},
           {"-5m", "2023-11-14T22:08:20Z"},
           {"+2d", "2023-11-16T22:13:20Z"},
           {"+PT1H", "2023-11-14T23:13:20Z"},
           {"+0s", "2023-11-14T22:13:20Z"},
           {"@1700000000", "2023-11-14T22:13:20Z"},
           {"@0", "1970-01-01T00:00:00Z"},
           {"@253402300799", "9999-12-31T23:59:59Z"},
           {"now", "2023-11-14T22:13:20Z"},
           {"NOW", "2023-11-14T22:13:20Z"},
           {"7/21/2015 1:00:00 PM", "2015-07-21T13:00:00Z"},
           {"07/21/2015 01:00:00 pm", "2015-07-21T13:00:00Z"},
           {"7/21/2015 1:00 AM", "2015-07-21T01:00:00Z"},
           {"7/21/2015 1:00AM", "2015-07-21T01:00:00Z"},
           {"7/21/2015 12:00:00 AM", "2015-07-21T00:00:00Z"},
           {"7/21/2015 12:30 PM", "2015-07-21T12:30:00Z"},
           {"7/21/2015 11:59:59 PM", "2015-07-21T23:59:59Z"},
           {"7/21/2015", "2015-07-21T00:00:00Z"},
           {"12/31/9999 11:59:59 PM", "9999-12-31T23:59:59Z"},
       }}) {
    CAPTURE(one.text);
    CHECK(understood(one.text) == one.expected);
  }
}

TEST_CASE("what is no instant is refused") {
  for (const auto* text : {"",
                           " ",
                           "tomorrow",
                           "2026",
                           "2026-11",
                           "2026-1-2",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-02-29",
                           "2100-02-29",
                           "2026-04-31",
                           "2026-11-00",
                           "2026-11-24T",
                           "2026-11-24T06",
                           "2026-11-24T6:11",
                           "2026-11-24T24:00:00",
                           "2026-11-24T06:60",
                           "2026-11-24T06:11:61",
                           "2026-11-24T06:11:5",
                           "2026-11-24T06:11:54.",
                           "2026-11-24T06:11:54.Z",
                           "2026-11-24T06:11:54ZZ",
                           "2026-11-24T06:11:54 Z",
                           "2026-11-24T06:11:54+2",
                           "2026-11-24T06:11:54+02",
                           "2026-11-24T06:11:54+02:0",
                           "2026-11-24T06:11:54+24:00",
                           "2026-11-24T06:11:54+02:60",
                           "2026-11-24Z",
                           "20261124",
                           "02026-11-24",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "10000-01-01",
                           "0000-01-01",
                           "@",
                           "@-1",
                           "@1.5",
                           "@x",
                           "@253402300800",
                           "@9223372036854775808",
                           "@99999999999999999999999999",
                           "+",
                           "-",
                           "+5",
                           "+-5m",
                           "--5m",
                           "+101y",
                           "+99999999999999999999s",
                           "7/21/2015 13:00:00 PM",
                           "7/21/2015 0:00 AM",
                           "7/21/2015 1:00:00",
                           "7/21/2015 1:00 XM",
                           "7/21/2015 1:00:60 PM",
                           "7/21/15",
                           "21/7/2015",
                           "2/30/2015",
                           "7/21/2015 1 PM"}) {
    CAPTURE(text);
    CHECK(understood(text) == "refused");
  }
}

TEST_CASE("a leap second is refused by name") {
  const auto leap = parse_instant("2016-12-31T23:59:60Z", at(0));
  REQUIRE_FALSE(leap.has_value());
  CHECK(leap.error().message.find("leap second") != std::string::npos);
}

TEST_CASE("a relative time stays within what can be written") {
  CHECK(understood("-1s", at(1)) == "1970-01-01T00:00:00Z");
  CHECK(understood("-1s", at(0)) == "refused");
  CHECK(understood("+1s", at(kLatest - 1)) == "9999-12-31T23:59:59Z");
  CHECK(understood("+1s", at(kLatest)) == "refused");
  CHECK(understood("+100y", at(kLatest)) == "refused");
}

TEST_CASE("every instant reads back as it was written") {
  CHECK(rc::check([] {
    const auto instant = at(*rc::gen::inRange<std::int64_t>(0, kLatest + 1));
    const auto again = parse_instant(format_instant(instant), at(0));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == instant);
  }));
}

TEST_CASE("a zone moves an instant by its distance") {
  CHECK(rc::check([] {
    const auto instant = at(*rc::gen::inRange<std::int64_t>(100000, kLatest - 100000));
    const int minutes = *rc::gen::inRange(0, 24 * 60);
    auto text = format_instant(instant);
    text.back() = '+';
    for (const int digit : {minutes / 600, minutes / 60 % 10, minutes % 60 / 10, minutes % 10}) {
      text += static_cast<char>('0' + digit);
    }
    RC_ASSERT(test::must(parse_instant(text, at(0))) == instant - std::chrono::minutes{minutes});
  }));
}

TEST_CASE("durations are understood in both forms") {
  struct Case {
    const char* text;
    std::int64_t expected;
  };
  for (const auto& one : std::array<Case, 21>{{{"90s", 90},
                                               {"4m", 240},
                                               {"8h", 28800},
                                               {"60d", 60 * kDay},
                                               {"2w", 14 * kDay},
                                               {"5y", 365 * kDay * 5},
                                               {"8H", 28800},
                                               {" 8h ", 28800},
                                               {"0s", 0},
                                               {"008h", 28800},
                                               {"100y", 100LL * 365 * kDay},
                                               {"3153600000s", 3153600000},
                                               {"PT8H", 28800},
                                               {"pt8h", 28800},
                                               {"P1DT12H", 129600},
                                               {"PT1H30M15S", 5415},
                                               {"P2W", 14 * kDay},
                                               {"P1Y", 365 * kDay},
                                               {"P100Y", 100LL * 365 * kDay},
                                               {"PT0S", 0},
                                               {"P1Y1W1DT1S", 365 * kDay + 8 * kDay + 1}}}) {
    CAPTURE(one.text);
    CHECK(must(parse_duration(one.text)).count() == one.expected);
  }
}

TEST_CASE("what is no duration is refused") {
  for (const auto* text : {"",
                           "h",
                           "8",
                           "8 h",
                           "8hh",
                           "8x",
                           "-8h",
                           "+8h",
                           "8.5h",
                           "1h30m",
                           "101y",
                           "3153600001s",
                           "99999999999999999999y",
                           "9223372036854775807s",
                           "P",
                           "PT",
                           "P1DT",
                           "P8H",
                           "PT1D",
                           "PT1M1H",
                           "PT1H1H",
                           "P1M",
                           "PT1.5H",
                           "PT-1H",
                           "-PT1H",
                           "PT8Hx",
                           "P100YT1S",
                           "PT99999999999999999999H",
                           "8h\n8h"}) {
    CAPTURE(text);
    CHECK(error_id(parse_duration(text)) == "Parameter.Invalid");
  }
}

TEST_CASE("a duration is written in the largest unit that divides it") {
  CHECK(format_duration(Duration{28800}) == "8h");
  CHECK(format_duration(Duration{90}) == "90s");
  CHECK(format_duration(Duration{kDay}) == "1d");
  CHECK(format_duration(Duration{25 * 3600}) == "25h");
  CHECK(format_duration(Duration{300}) == "5m");
  CHECK(format_duration(Duration{7 * kDay}) == "7d");
  CHECK(format_duration(Duration{5LL * 365 * kDay}) == "5y");
  CHECK(format_duration(Duration{0}) == "0s");
  CHECK(rc::check([] {
    const Duration duration{*rc::gen::inRange<std::int64_t>(0, 100LL * 365 * kDay + 1)};
    RC_ASSERT(test::must(parse_duration(format_duration(duration))) == duration);
  }));
}

TEST_CASE("clocks tell the time") {
  FixedClock fixed(at(5));
  CHECK(fixed.now() == at(5));
  fixed.set(at(6));
  CHECK(fixed.now() == at(6));
  CHECK(SystemClock().now() > at(1700000000));
  CHECK(SystemClock().now() < kLatestInstant);
}

}  // namespace
}  // namespace accord
