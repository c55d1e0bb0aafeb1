#include "lib/core/time.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>

#include "lib/core/encoding.h"

namespace accord {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr Duration kLongestDuration = days{365 * 100};

std::string quoted(std::string_view text) {
  return "'" + escape_for_terminal(text) + "'";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes pieces off the front of a text. Every method that fails leaves the text as it was.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  // A number of `fewest` to `most` digits, all of those that stand there.
  std::optional<int> digits(std::size_t fewest, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < rest_.size() && is_digit(rest_[count])) {
      if (++count > most) return std::nullopt;
      value = value * 10 + (rest_[count - 1] - '0');
    }
    if (count < fewest) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  // Exactly two digits, whatever follows.
  std::optional<int> two_digits() {
    if (rest_.size() < 2 || !is_digit(rest_[0]) || !is_digit(rest_[1])) return std::nullopt;
    const int value = (rest_[0] - '0') * 10 + (rest_[1] - '0');
    rest_.remove_prefix(2);
    return value;
  }

  // One of these characters, ignoring case; 0 when none stands there.
  char one_of(std::string_view characters) {
    if (rest_.empty()) return 0;
    for (const char c : characters) {
      if (equals_ignoring_case(rest_.substr(0, 1), std::string_view(&c, 1))) {
        rest_.remove_prefix(1);
        return c;
      }
    }
    return 0;
  }

  bool blanks() {
    const auto before = rest_.size();
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    return rest_.size() < before;
  }

  // A point or comma and at least one digit, of which nothing is kept.
  bool skip_fraction() {
    if (rest_.empty() || (rest_[0] != '.' && rest_[0] != ',')) return true;
    std::size_t end = 1;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    if (end == 1) return false;
    rest_.remove_prefix(end);
    return true;
  }

 private:
  std::string_view rest_;
};

tl::unexpected<Error> not_a_time(std::string_view text, std::string_view why) {
  return fail("Parameter.Invalid", quoted(text) + " is not a time: " + std::string(why), std::string(text),
              "write it like '2026-11-24T06:11:54Z', '2026-11-24', '+30m', '-5m', '@1700000000' or 'now'");
}

constexpr std::string_view kUnknownForm = "its form is not known";

// What a text says before anything is checked.
struct Written {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  minutes zone{0};
};

Result<Instant> within_range(std::string_view text, std::int64_t at) {
  if (at < 0 || at > kLatestInstant.time_since_epoch().count()) {
    return not_a_time(text, "only the years 1970 to 9999 can be written");
  }
  return Instant{seconds{at}};
}

Result<Instant> to_instant(std::string_view text, const Written& written) {
  const year_month_day date{year{written.year}, month{static_cast<unsigned>(written.month)},
                            day{static_cast<unsigned>(written.day)}};
  if (written.year < 1970 || written.year > 9999) {
    return not_a_time(text, "only the years 1970 to 9999 can be written");
  }
  if (!date.ok()) return not_a_time(text, "there is no such day");
  if (written.second == 60) return not_a_time(text, "leap seconds cannot be stored; use second 59");
  if (written.hour > 23 || written.minute > 59 || written.second > 59) {
    return not_a_time(text, "there is no such time of day");
  }
  const auto at = sys_days{date} + hours{written.hour} + minutes{written.minute} + seconds{written.second};
  return within_range(text, (at.time_since_epoch() - written.zone).count());
}

// "Z", "+02:00", "-0530", or nothing. False when something else stands there.
bool read_zone(Cursor& cursor, Written& written) {
  if (cursor.done() || cursor.one_of("Z") != 0) return true;
  const char sign = cursor.one_of("+-");
  if (sign == 0) return false;
  const auto hour = cursor.two_digits();
  if (!hour) return false;
  cursor.one_of(":");
  const auto minute = cursor.two_digits();
  if (!minute || *hour > 23 || *minute > 59) return false;
  written.zone = hours{*hour} + minutes{*minute};
  if (sign == '-') written.zone = -written.zone;
  return true;
}

// The time of day after the date of ISO 8601, with its zone.
bool read_iso_time(Cursor& cursor, Written& written) {
  const auto hour = cursor.two_digits();
  if (!hour || cursor.one_of(":") == 0) return false;
  const auto minute = cursor.two_digits();
  if (!minute) return false;
  written.hour = *hour;
  written.minute = *minute;
  if (cursor.one_of(":") != 0) {
    const auto second = cursor.two_digits();
    if (!second || !cursor.skip_fraction()) return false;
    written.second = *second;
  }
  return read_zone(cursor, written);
}

std::optional<Written> read_iso(std::string_view text) {
  Cursor cursor(text);
  Written written;
  const auto year = cursor.digits(4, 4);
  if (!year || cursor.one_of("-") == 0) return std::nullopt;
  const auto month = cursor.two_digits();
  if (!month || cursor.one_of("-") == 0) return std::nullopt;
  const auto day = cursor.two_digits();
  if (!day) return std::nullopt;
  written.year = *year;
  written.month = *month;
  written.day = *day;
  if (cursor.done()) return written;
  if (cursor.one_of("T ") == 0 || !read_iso_time(cursor, written) || !cursor.done()) return std::nullopt;
  return written;
}

// Hours of the US form count from 12 to 11 in each half of the day.
bool read_us_time(Cursor& cursor, Written& written) {
  const auto hour = cursor.digits(1, 2);
  if (!hour || *hour < 1 || *hour > 12 || cursor.one_of(":") == 0) return false;
  const auto minute = cursor.two_digits();
  if (!minute) return false;
  if (cursor.one_of(":") != 0) {
    const auto second = cursor.two_digits();
    if (!second) return false;
    written.second = *second;
  }
  cursor.blanks();
  const char half = cursor.one_of("AP");
  if (half == 0 || cursor.one_of("M") == 0) return false;
  written.hour = *hour % 12 + (half == 'P' ? 12 : 0);
  written.minute = *minute;
  return true;
}

std::optional<Written> read_us(std::string_view text) {
  Cursor cursor(text);
  Written written;
  const auto month = cursor.digits(1, 2);
  if (!month || cursor.one_of("/") == 0) return std::nullopt;
  const auto day = cursor.digits(1, 2);
  if (!day || cursor.one_of("/") == 0) return std::nullopt;
  const auto year = cursor.digits(4, 4);
  if (!year) return std::nullopt;
  written.year = *year;
  written.month = *month;
  written.day = *day;
  if (cursor.done()) return written;
  if (!cursor.blanks() || !read_us_time(cursor, written) || !cursor.done()) return std::nullopt;
  return written;
}

Result<Instant> read_epoch(std::string_view text) {
  std::int64_t at = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data() + 1, end, at);
  if (failure == std::errc::result_out_of_range) at = -1;
  if (failure == std::errc::invalid_argument || stopped != end) {
    return not_a_time(text, "after '@' stands a number of seconds");
  }
  return within_range(text, at);
}

// `now` and durations are bounded, so their sum is: a hundred years beside the range of an Instant.
Result<Instant> read_relative(std::string_view text, Instant now) {
  const auto distance = parse_duration(text.substr(1));
  if (!distance) return not_a_time(text, "after the sign stands a duration such as '30m'");
  const auto count = distance->count();
  return within_range(text, now.time_since_epoch().count() + (text.front() == '-' ? -count : count));
}

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kWeek = 7 * kDay;
constexpr std::int64_t kYear = 365 * kDay;

constexpr std::array<std::pair<char, std::int64_t>, 6> kUnits = {{
    {'y', kYear},
    {'w', kWeek},
    {'d', kDay},
    {'h', 3600},
    {'m', 60},
    {'s', 1},
}};

// Adds up parts; empty once the sum has become too long.
class Sum {
 public:
  void add(std::int64_t count, std::int64_t unit) {
    const std::int64_t longest = kLongestDuration.count();
    if (!total_ || count > longest / unit || *total_ > longest - count * unit) {
      total_.reset();
    } else {
      *total_ += count * unit;
    }
  }
  [[nodiscard]] std::optional<std::int64_t> total() const { return total_; }

 private:
  std::optional<std::int64_t> total_ = 0;
};

// A number of any length, held at the top where it no longer fits.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == 0) return std::nullopt;
  std::int64_t value = INT64_MAX;
  std::from_chars(text.data(), text.data() + end, value);
  text.remove_prefix(end);
  return value;
}

// "8h". False when the form is another.
bool read_plain(std::string_view text, Sum& sum) {
  const auto count = take_number(text);
  if (!count || text.size() != 1) return false;
  for (const auto& [name, unit] : kUnits) {
    if (!equals_ignoring_case(text, std::string_view(&name, 1))) continue;
    sum.add(*count, unit);
    return true;
  }
  return false;
}

// The parts of ISO 8601 that have one length: each letter once, and in this order.
bool read_parts(std::string_view& text, std::string_view letters, const std::array<std::int64_t, 3>& units,
                Sum& sum) {
  std::size_t next = 0;
  bool any = false;
  while (!text.empty() && is_digit(text.front())) {
    const auto count = take_number(text);
    if (!count || text.empty()) return false;
    const auto found = letters.find(to_upper(text.substr(0, 1)), next);
    if (found == std::string_view::npos) return false;
    sum.add(*count, units[found]);
    text.remove_prefix(1);
    next = found + 1;
    any = true;
  }
  return any;
}

// "P1DT12H". Months are refused: nobody knows how long one is.
bool read_iso_duration(std::string_view text, Sum& sum) {
  if (!starts_with_ignoring_case(text, "P")) return false;
  text.remove_prefix(1);
  const bool has_date = !text.empty() && is_digit(text.front());
  if (has_date && !read_parts(text, "YWD", {kYear, kWeek, kDay}, sum)) return false;
  if (text.empty()) return has_date;
  if (!starts_with_ignoring_case(text, "T")) return false;
  text.remove_prefix(1);
  return read_parts(text, "HMS", {3600, 60, 1}, sum) && text.empty();
}

void append_number(std::string& text, unsigned value, int digits) {
  std::array<char, 10> buffer{};
  for (int i = digits; i-- > 0; value /= 10)
    buffer[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  text.append(buffer.data(), static_cast<std::size_t>(digits));
}

}  // namespace

Instant SystemClock::now() const {
  return std::chrono::floor<seconds>(std::chrono::system_clock::now());
}

std::string format_instant(Instant at) {
  const auto midnight = std::chrono::floor<days>(at);
  const year_month_day date{midnight};
  const auto second = static_cast<unsigned>((at - midnight).count());
  std::string text;
  append_number(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  text += '-';
  append_number(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_number(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_number(text, second / 3600, 2);
  text += ':';
  append_number(text, second / 60 % 60, 2);
  text += ':';
  append_number(text, second % 60, 2);
  text += 'Z';
  return text;
}

std::string format_duration(Duration duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  for (const auto& [name, unit] : kUnits) {
    // Weeks are read but not written: "14d" is what people say.
    if (name != 'w' && count % unit == 0) return std::to_string(count / unit) + name;
  }
  return std::to_string(count) + "s";
}

Result<Instant> parse_instant(std::string_view text, Instant now) {
  const auto bare = trim(text);
  if (bare.empty()) return not_a_time(text, "it is empty");
  if (equals_ignoring_case(bare, "now")) return now;
  if (bare.front() == '@') return read_epoch(bare);
  if (bare.front() == '+' || bare.front() == '-') return read_relative(bare, now);
  if (const auto written = read_iso(bare)) return to_instant(bare, *written);
  if (const auto written = read_us(bare)) return to_instant(bare, *written);
  return not_a_time(text, kUnknownForm);
}

Result<Duration> parse_duration(std::string_view text) {
  const auto bare = trim(text);
  Sum sum;
  if (!read_plain(bare, sum)) {
    sum = Sum();
    if (!read_iso_duration(bare, sum)) {
      return fail("Parameter.Invalid", quoted(text) + " is not a duration", std::string(text),
                  "write a number and one of s, m, h, d, w, y, like '8h', or ISO 8601 like 'PT8H'");
    }
  }
  if (!sum.total()) {
    return fail("Parameter.Invalid", "the duration " + quoted(text) + " is longer than 100 years",
                std::string(text));
  }
  return Duration{*sum.total()};
}

}  // namespace accord
