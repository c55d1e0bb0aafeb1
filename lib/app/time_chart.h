// A time line as inline SVG: rows of bars and dated marks under one axis. A drawing is made for a width, in
// which its texts have the size of the page's; a page for screens of any size holds two.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/time.h"

namespace accord {

// How a part of a bar looks: a class of the style sheet, and where it lies.
enum class Look { valid, signs, keyless, tail, planned, warning, critical };

struct ChartSpan {
  Instant from = {};
  Instant until = {};  // the last second
  Look look = Look::valid;
};

// A tick on the row's bar; what it is called stands below.
struct ChartMark {
  Instant at = {};
  std::string label = {};  // empty: the tick alone
};

struct ChartRow {
  std::string name = {};                  // in bold
  std::vector<std::string> details = {};  // after it: the first that fits, the longest first
  std::string tip = {};                   // shown where a mouse rests on the bar
  std::vector<ChartSpan> spans = {};
  std::vector<ChartMark> marks = {};
};

struct TimeChart {
  std::string id = {};     // unique in the page
  std::string title = {};  // for those who cannot see it, as is the description
  std::string description = {};
  Instant from = {}, until = {};  // what is drawn; what reaches over its edges ends in an arrow
  Instant now = {};
  std::vector<Instant> handovers = {};                       // lines through all rows
  std::optional<std::pair<Instant, Instant>> close_up = {};  // what another drawing magnifies
  std::vector<ChartRow> rows = {};
};

enum class ChartWidth { wide, narrow };

[[nodiscard]] std::string draw(const TimeChart& chart, ChartWidth width);

}  // namespace accord
