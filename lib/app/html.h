// Text for an HTML page: whatever is stored or received becomes text there, never markup.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace accord {

// For an element's content, inline SVG's included, and for an attribute in double quotes. Control and format
// characters become visible as escape_for_terminal writes them; no character of `text` is lost.
[[nodiscard]] std::string escape_html(std::string_view text);

// Not for HTML yet: `text` with its control characters visible, in at most `columns` columns, with an
// ellipsis in place of what is left out at the end.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns);

}  // namespace accord
