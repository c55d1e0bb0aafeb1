#include "lib/net/http_date.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <chrono>
#include <string>

namespace accord {
namespace {

constexpr Instant kOfTheRfc{std::chrono::seconds(784111777)};

TEST_CASE("the three forms of RFC 9110 are the same instant") {
  for (const std::string text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text) == kOfTheRfc);
  }
}

TEST_CASE("the first and the last instant can be read") {
  CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == Instant{});
  CHECK(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT") == kLatestInstant);
  CHECK(parse_http_date("Thu Feb 29 23:59:60 2024") == Instant{std::chrono::seconds(1709251200)});
}

TEST_CASE("two digits of a year are of the century in which the day of the week is right") {
  CHECK(parse_http_date("Tuesday, 24-Nov-26 00:00:00 GMT") == Instant{std::chrono::seconds(1795478400)});
  CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == Instant{});
}

TEST_CASE("anything else is no date") {
  for (const std::string text : {"",
                                 "Sun",
                                 "Mon, 06 Nov 1994 08:49:37 GMT",
                                 "Sun, 6 Nov 1994 08:49:37 GMT",
                                 "Sun, 06 Nov 1994 08:49:37",
                                 "Sun, 06 Nov 1994 08:49:37 UTC",
                                 "Sun, 06 Nov 1994 08:49:37 GMT ",
                                 " Sun, 06 Nov 1994 08:49:37 GMT",
                                 "sun, 06 nov 1994 08:49:37 gmt",
                                 "Sun, 06 Nov 1994 24:00:00 GMT",
                                 "Sun, 06 Nov 1994 08:60:00 GMT",
                                 "Sun, 06 Nov 1994 08:49:61 GMT",
                                 "Sun, 31 Nov 1994 08:49:37 GMT",
                                 "Sun, 00 Nov 1994 08:49:37 GMT",
                                 "Thu, 29 Feb 2023 00:00:00 GMT",
                                 "Wed, 31 Dec 1969 23:59:59 GMT",
                                 "Sun, 06 Nov 994 08:49:37 GMT",
                                 "Sun, 06  Nov 1994 08:49:37 GMT",
                                 "Sunday, 06-Nov-1994 08:49:37 GMT",
                                 "Sun, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov 6 08:49:37 1994",
                                 "Sun Nov 06 08:49:37 1994 GMT",
                                 "Sun Nov  6 08:49:37 94",
                                 "1994-11-06T08:49:37Z",
                                 "784111777",
                                 "Sun, +6 Nov 1994 08:49:37 GMT",
                                 "Sun, 06 Nov 1994 08:49:-7 GMT",
                                 "0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text));
  }
}

TEST_CASE("each instant that is written as servers write it is read as it was") {
  CHECK(rc::check([] {
    const auto seconds = *rc::gen::inRange<std::int64_t>(0, kLatestInstant.time_since_epoch().count());
    const std::time_t time = seconds;
    std::tm parts = {};
    gmtime_r(&time, &parts);
    std::array<char, 64> text = {};
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
      RC_ASSERT(std::strftime(text.data(), text.size(), form, &parts) > 0U);
      RC_ASSERT(parse_http_date(text.data()) == Instant{std::chrono::seconds(seconds)});
    }
  }));
}

}  // namespace
}  // namespace accord
