#include "lib/net/http_date.h"

#include <array>
#include <chrono>
#include <cstddef>

namespace accord {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads from the front; once something is not as it must be, nothing is.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool is_done() const { return is_good_ && rest_.empty(); }

  void literal(std::string_view text) {
    is_good_ = is_good_ && rest_.starts_with(text);
    if (is_good_) rest_.remove_prefix(text.size());
  }

  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = rest_.empty() ? '\0' : rest_.front();
      is_good_ = is_good_ && c >= '0' && c <= '9';
      if (!is_good_) return 0;
      value = value * 10 + static_cast<unsigned>(c - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  // Which of the words stands here; each cut to `length` characters.
  template <class Words>
  unsigned word(const Words& words, std::size_t length = std::string_view::npos) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto name = words[i].substr(0, length);
      if (!is_good_ || !rest_.starts_with(name)) continue;
      rest_.remove_prefix(name.size());
      return static_cast<unsigned>(i);
    }
    is_good_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

struct Parts {
  unsigned weekday = 0, day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0;
};

void read_time(Reader& reader, Parts& parts) {
  parts.hour = reader.number(2);
  reader.literal(":");
  parts.minute = reader.number(2);
  reader.literal(":");
  parts.second = reader.number(2);
}

std::optional<Instant> instant_of(const Parts& parts) {
  const auto date = std::chrono::year(static_cast<int>(parts.year)) / std::chrono::month(parts.month + 1) /
                    std::chrono::day(parts.day);
  if (parts.year < 1970 || !date.ok()) return std::nullopt;
  const std::chrono::sys_days days(date);
  if (std::chrono::weekday(days).c_encoding() != parts.weekday) return std::nullopt;
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;  // 60: a leap second
  return days + std::chrono::hours(parts.hour) + std::chrono::minutes(parts.minute) +
         std::chrono::seconds(parts.second);
}

std::optional<Instant> parse_fixed(std::string_view text) {
  Reader reader(text);
  Parts parts;
  parts.weekday = reader.word(kDays, 3);
  reader.literal(", ");
  parts.day = reader.number(2);
  reader.literal(" ");
  parts.month = reader.word(kMonths);
  reader.literal(" ");
  parts.year = reader.number(4);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  return reader.is_done() ? instant_of(parts) : std::nullopt;
}

// The same date a century apart is never the same day of the week, so the clock need not be asked.
std::optional<Instant> parse_rfc850(std::string_view text) {
  Reader reader(text);
  Parts parts;
  parts.weekday = reader.word(kDays);
  reader.literal(", ");
  parts.day = reader.number(2);
  reader.literal("-");
  parts.month = reader.word(kMonths);
  reader.literal("-");
  parts.year = 1900 + reader.number(2);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  if (!reader.is_done()) return std::nullopt;
  if (const auto made = instant_of(parts)) return made;
  parts.year += 100;
  return instant_of(parts);
}

std::optional<Instant> parse_asctime(std::string_view text) {
  Reader reader(text);
  Parts parts;
  parts.weekday = reader.word(kDays, 3);
  reader.literal(" ");
  parts.month = reader.word(kMonths);
  reader.literal(" ");
  // One digit has a blank before it.
  const bool is_short = text.size() > 8 && text[8] == ' ';
  if (is_short) reader.literal(" ");
  parts.day = reader.number(is_short ? 1 : 2);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" ");
  parts.year = reader.number(4);
  return reader.is_done() ? instant_of(parts) : std::nullopt;
}

}  // namespace

std::optional<Instant> parse_http_date(std::string_view text) {
  if (const auto made = parse_fixed(text)) return made;
  if (const auto made = parse_rfc850(text)) return made;
  return parse_asctime(text);
}

}  // namespace accord
