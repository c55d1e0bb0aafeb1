#include "lib/app/html.h"

#include "lib/core/encoding.h"

namespace accord {

std::string escape_html(std::string_view text) {
  std::string safe;
  for (const char c : escape_for_terminal(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string shortened(std::string_view text, std::size_t columns) {
  auto visible = escape_for_terminal(text);
  if (display_width(visible) <= columns) return visible;
  std::string kept;
  std::size_t width = 1;  // the ellipsis
  for (std::size_t i = 0; i < visible.size();) {
    const auto character = visible.substr(i, code_point_at(visible, i).length);
    width += display_width(character);
    if (width > columns) break;
    kept += character;
    i += character.size();
  }
  return kept + "…";
}

}  // namespace accord
