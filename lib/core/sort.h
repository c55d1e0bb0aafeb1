// --sort: records in the order of some of their properties.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/record.h"

namespace accord {

enum class Direction { ascending, descending };

struct SortKey {
  std::string_view property;  // as the type spells it
  Direction direction = Direction::ascending;
};

// "DaysLeft desc", "Identity", "Identity asc": any case, blanks do not matter. Fails with Property.Unknown
// where the type has no such property, and with Parameter.Invalid where a key has no name or another second
// word.
[[nodiscard]] Result<std::vector<SortKey>> parse_sort_keys(std::span<const std::string> keys,
                                                           const RecordType& type);

// Records of one type; what is equal by every key stays in its order. Null comes first, text goes without
// ASCII case, $false before $true, a list of text by its joined text, a list of records by its length.
// Descending is the reverse of all that, so null comes last.
void sort_records(std::vector<Record>& records, std::span<const SortKey> keys);

}  // namespace accord
