// Values that no engine has a column type for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/parse.h"
#include "lib/store/connection.h"

namespace accord {

// Each item ended by a line feed; a backslash, a line feed and a NUL inside an item are written \\, \n and
// \0.
[[nodiscard]] std::string list_to_text(const std::vector<std::string>& items);
[[nodiscard]] std::vector<std::string> list_from_text(std::string_view text);

// The error of a value that this program never writes.
[[nodiscard]] tl::unexpected<Error> unknown_value(const Connection& store, std::string_view value);

template <class E>
[[nodiscard]] Result<E> read_enum(const Connection& store, const Statement& row, int column) {
  const std::string text = row.text(column);
  if (const auto value = parse_enum<E>(text)) return *value;
  return unknown_value(store, text);
}

}  // namespace accord
