#include "lib/app/time_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "lib/app/html.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// --- Measures, in units of the drawing. Texts are 12 high; a column is that of a wide font (DejaVu Sans), so
// that what is laid out fits with any.

constexpr double kColumn = 7.8;
constexpr double kBoldColumn = 9.2;
constexpr double kPadding = 7;
constexpr double kNowBaseline = 13;
constexpr double kTickBaseline = 31;
constexpr double kAxis = 37;
constexpr double kFirstRow = 48;
constexpr double kGap = 8;  // between two texts
// Below the top of a row:
constexpr double kNameBaseline = 12;
constexpr double kBar = 28;  // its middle
constexpr double kZone = 40;
constexpr double kLabelBaseline = 58;
constexpr double kLane = 16;

double width_of(std::string_view text) {
  return kColumn * static_cast<double>(display_width(text));
}

// Texts beside and below one another, none over another.
struct Extent {
  double from = 0, until = 0;
  [[nodiscard]] bool meets(const Extent& other) const {
    return from < other.until + kGap && other.from < until + kGap;
  }
};

class Lanes {
 public:
  // The first lane in which there is room.
  std::size_t place(const Extent& extent) {
    const auto is_free = [&extent](const std::vector<Extent>& lane) {
      return std::ranges::none_of(lane, [&extent](const Extent& other) { return other.meets(extent); });
    };
    auto lane = std::ranges::find_if(lanes_, is_free);
    if (lane == lanes_.end()) lane = lanes_.insert(lane, std::vector<Extent>{});
    lane->push_back(extent);
    return static_cast<std::size_t>(lane - lanes_.begin());
  }
  [[nodiscard]] std::size_t count() const { return lanes_.size(); }

 private:
  std::vector<std::vector<Extent>> lanes_;
};

// --- The axis

enum class Unit { day, month, year };

struct Step {
  Unit unit = Unit::day;
  int count = 1;
  double days = 1;
  std::size_t columns = 10;  // of a label: 2026-11-24, 2026-11, 2026
};

constexpr std::array<Step, 15> kSteps = {{{Unit::day, 1, 1, 10},
                                          {Unit::day, 7, 7, 10},
                                          {Unit::day, 14, 14, 10},
                                          {Unit::month, 1, 30.4, 7},
                                          {Unit::month, 2, 60.8, 7},
                                          {Unit::month, 3, 91.3, 7},
                                          {Unit::month, 6, 182.6, 7},
                                          {Unit::year, 1, 365.2, 4},
                                          {Unit::year, 2, 730.5, 4},
                                          {Unit::year, 5, 1826, 4},
                                          {Unit::year, 10, 3652, 4},
                                          {Unit::year, 20, 7305, 4},
                                          {Unit::year, 50, 18262, 4},
                                          {Unit::year, 100, 36524, 4},
                                          {Unit::year, 1000, 365242, 4}}};

// The finest whose labels do not meet.
Step step_for(double width_of_a_day) {
  for (const auto& step : kSteps) {
    if (step.days * width_of_a_day >= kColumn * static_cast<double>(step.columns) + 2 * kGap) return step;
  }
  return kSteps.back();
}

// The first one at or after `at`. Weeks begin on Mondays, which 1970-01-05 was.
sys_days first_tick(sys_days at, const Step& step) {
  if (step.unit == Unit::day) {
    const auto past = (at.time_since_epoch().count() - 4) % step.count;
    return at + days((step.count - past) % step.count);
  }
  const std::chrono::year_month_day date{at};
  const int length = step.unit == Unit::year ? 12 * step.count : step.count;
  int month = 12 * static_cast<int>(date.year()) + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  if (date.day() > std::chrono::day(1)) ++month;
  month = (month + length - 1) / length * length;
  return std::chrono::year(month / 12) / std::chrono::month(static_cast<unsigned>(month % 12) + 1) / 1;
}

std::string tick_label(sys_days at, const Step& step) {
  return format_instant(at).substr(0, step.columns);
}

// --- Elements

std::string line(std::string_view css, double x1, double y1, double x2, double y2) {
  return fmt::format(R"(<path class="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>)", css, x1, y1, x2, y2);
}

std::string text_at(std::string_view css, double x, double y, std::string_view text) {
  return fmt::format(R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)", css, x, y, escape_html(text));
}

struct Shape {
  std::string_view css;
  double top = 0, height = 0;  // from the bar's middle
};

Shape shape_of(Look look) {
  switch (look) {
    case Look::valid:
      return {"valid", -4, 8};
    case Look::signs:
      return {"signs", -8, 16};
    case Look::keyless:
      return {"keyless", -8, 16};
    case Look::tail:
      return {"tail", -8, 16};
    case Look::planned:
      return {"planned", -8, 16};
    case Look::warning:
      return {"warning", kZone - kBar, 3};
    case Look::critical:
      break;
  }
  return {"critical", kZone - kBar, 6};
}

class Drawing {
 public:
  Drawing(const TimeChart& chart, ChartWidth width)
      : chart_(chart), is_wide_(width == ChartWidth::wide), width_(is_wide_ ? 760 : 340) {}

  std::string draw() {
    std::string rows;
    for (const auto& row : chart_.rows) rows += draw_row(row);
    const auto behind = draw_close_up() + draw_axis() + draw_handovers();
    return open() + behind + rows + draw_now() + "</svg>\n";
  }

 private:
  [[nodiscard]] double right() const { return width_ - kPadding; }
  [[nodiscard]] double x(Instant at) const {
    const auto share =
        static_cast<double>((std::clamp(at, chart_.from, chart_.until) - chart_.from).count()) /
        static_cast<double>((chart_.until - chart_.from).count());
    return kPadding + share * (right() - kPadding);
  }
  [[nodiscard]] bool shows(Instant at) const { return chart_.from <= at && at <= chart_.until; }

  [[nodiscard]] std::string open() const {
    const auto id = chart_.id + (is_wide_ ? "-wide" : "-narrow");
    return fmt::format(
        R"(<svg class="chart {0}" viewBox="0 0 {1} {2:.0f}" role="img" aria-labelledby="{3}-title {3}-desc">)"
        R"(<title id="{3}-title">{4}</title><desc id="{3}-desc">{5}</desc>)"
        "\n",
        is_wide_ ? "wide" : "narrow", width_, height_, id, escape_html(chart_.title),
        escape_html(chart_.description));
  }

  // A text that begins at `x`, or as far before it as it must to end inside.
  [[nodiscard]] Extent extent(double from, double width) const {
    from = std::max(kPadding, std::min(from, right() - width));
    return {from, from + width};
  }

  [[nodiscard]] std::string draw_close_up() const {
    if (!chart_.close_up) return {};
    const double from = x(chart_.close_up->first);
    const double width = std::max(3.0, x(chart_.close_up->second) - from);
    return fmt::format(R"(<rect class="close-up" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)"
                       "\n",
                       from, kAxis, width, height_ - kAxis);
  }

  [[nodiscard]] std::string draw_axis() const {
    auto drawn = line("axis", kPadding, kAxis, right(), kAxis);
    const auto last = std::chrono::floor<days>(chart_.until);
    const auto step =
        step_for((right() - kPadding) * 86400 / static_cast<double>((chart_.until - chart_.from).count()));
    double taken = 0;
    for (auto at = first_tick(std::chrono::ceil<days>(chart_.from), step); at <= last;
         at = first_tick(at + days(1), step)) {
      const auto label = tick_label(at, step);
      const auto place = extent(x(at) - width_of(label) / 2, width_of(label));
      if (place.from < taken) continue;
      taken = place.until + kGap;
      drawn += line("grid", x(at), kAxis - 4, x(at), height_) +
               fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>)",
                           (place.from + place.until) / 2, kTickBaseline, label);
    }
    return drawn + "\n";
  }

  [[nodiscard]] std::string draw_handovers() const {
    std::string drawn;
    for (const auto at : chart_.handovers) {
      if (shows(at)) drawn += line("handover", x(at), kAxis, x(at), height_);
    }
    return drawn + "\n";
  }

  [[nodiscard]] std::string draw_now() const {
    if (!shows(chart_.now)) return {};
    const auto stamp = format_instant(chart_.now);
    const auto label = fmt::format("now: {} {} UTC", stamp.substr(0, 10), stamp.substr(11, 5));
    const auto width = kBoldColumn * static_cast<double>(label.size());
    const auto place = extent(x(chart_.now) - width / 2, width);
    return line("now", x(chart_.now), kNowBaseline + 5, x(chart_.now), height_) +
           fmt::format(R"(<text class="now-label" x="{:.1f}" y="{:.1f}">{}</text>)",
                       (place.from + place.until) / 2, kNowBaseline, label) +
           "\n";
  }

  std::string draw_row(const ChartRow& row) {
    const double top = height_;
    auto drawn = draw_name(row, top) + fmt::format("<g><title>{}</title>", escape_html(row.tip)) +
                 line("base", kPadding, top + kBar, right(), top + kBar);
    for (const auto& span : row.spans) drawn += draw_span(span, top + kBar);
    drawn += "</g>";
    const auto lanes = draw_marks(row, top, drawn);
    height_ = top + (lanes == 0 ? kZone + 20 : kLabelBaseline + kLane * static_cast<double>(lanes - 1) + 20);
    return drawn + "\n";
  }

  [[nodiscard]] std::string draw_name(const ChartRow& row, double top) const {
    const double taken = kBoldColumn * static_cast<double>(display_width(row.name)) + kColumn;
    std::string_view detail;
    for (const auto& one : row.details) {
      if (taken + width_of(one) > right() - kPadding) continue;
      detail = one;
      break;
    }
    return fmt::format(R"(<text x="{:.1f}" y="{:.1f}"><tspan class="name">{}</tspan> {}</text>)", kPadding,
                       top + kNameBaseline, escape_html(row.name), escape_html(detail));
  }

  [[nodiscard]] std::string draw_span(const ChartSpan& span, double middle) const {
    const auto shape = shape_of(span.look);
    if (span.until < span.from) return {};
    std::string drawn;
    if (span.from <= chart_.until && span.until >= chart_.from) {
      drawn = fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}"/>)",
                          shape.css, x(span.from), middle + shape.top,
                          std::max(1.5, x(span.until) - x(span.from)), shape.height);
    }
    if (span.look == Look::valid) drawn += draw_arrows(span, middle);
    return drawn;
  }

  // Where a certificate is valid before or after what is drawn.
  [[nodiscard]] std::string draw_arrows(const ChartSpan& span, double middle) const {
    const auto arrow = [middle](double base, double tip) {
      return fmt::format(R"(<path class="over" d="M{0:.1f} {1:.1f}L{2:.1f} {3:.1f}L{0:.1f} {4:.1f}z"/>)",
                         base, middle - 7, tip, middle, middle + 7);
    };
    std::string drawn;
    if (span.from < chart_.from) drawn += arrow(kPadding + 3, 0.5);
    if (span.until > chart_.until) drawn += arrow(right() - 3, width_ - 0.5);
    return drawn;
  }

  // Adds to `drawn`; gives the number of lines of labels.
  std::size_t draw_marks(const ChartRow& row, double top, std::string& drawn) const {
    auto marks = row.marks;
    std::erase_if(marks, [this](const ChartMark& mark) { return !shows(mark.at); });
    std::ranges::stable_sort(marks, {}, &ChartMark::at);
    Lanes lanes;
    std::string labels;  // above all the ticks
    for (const auto& mark : marks) {
      double end = top + kBar + 11;
      if (!mark.label.empty()) {
        const auto place = label_extent(mark);
        end = top + kLabelBaseline + kLane * static_cast<double>(lanes.place(place));
        labels += text_at("label", place.from, end, mark.label);
      }
      drawn += line("mark", x(mark.at), top + kBar - 11, x(mark.at), end);
    }
    drawn += labels;
    return lanes.count();
  }

  // Right of its tick, or left of it where the drawing ends.
  [[nodiscard]] Extent label_extent(const ChartMark& mark) const {
    const double width = width_of(mark.label);
    const double at = x(mark.at);
    if (at + 4 + width <= right()) return extent(at + 4, width);
    return extent(at - 4 - width, width);
  }

  const TimeChart& chart_;
  bool is_wide_;
  double width_;
  double height_ = kFirstRow;  // of what is laid out so far
};

}  // namespace

std::string draw(const TimeChart& chart, ChartWidth width) {
  return Drawing(chart, width).draw();
}

}  // namespace accord
