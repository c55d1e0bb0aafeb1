// Dates of HTTP (RFC 9110 s.5.6.7).
#pragma once

#include <optional>
#include <string_view>

#include "lib/core/time.h"

namespace accord {

// "Sun, 06 Nov 1994 08:49:37 GMT", and the two obsolete forms "Sunday, 06-Nov-94 08:49:37 GMT" and
// "Sun Nov  6 08:49:37 1994". Strict: the day of the week is that of the date, which also tells the century
// of two digits; years 1970 to 9999. nullopt for anything else.
[[nodiscard]] std::optional<Instant> parse_http_date(std::string_view text);

}  // namespace accord
