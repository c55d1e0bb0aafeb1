#include "lib/core/sort.h"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/writer.h"

namespace accord {
namespace {

using Order = std::strong_ordering;

Result<Direction> read_direction(std::string_view word, const std::string& key) {
  if (word.empty() || equals_ignoring_case(word, "asc") || equals_ignoring_case(word, "ascending")) {
    return Direction::ascending;
  }
  if (equals_ignoring_case(word, "desc") || equals_ignoring_case(word, "descending")) {
    return Direction::descending;
  }
  return fail("Parameter.Invalid", "'" + escape_for_terminal(word) + "' is no direction to sort in", key,
              "write 'asc' or 'desc' after the property, and a comma before the next");
}

Result<SortKey> read_key(const std::string& key, const RecordType& type) {
  const auto words = trim(key);
  if (words.empty()) {
    return fail("Parameter.Invalid", "a property to sort by is empty", key,
                "write properties, each with asc or desc behind it if you like, like 'Identity desc'");
  }
  const auto end = words.find_first_of(" \t\r\n");
  const std::string name(words.substr(0, end));
  TRY_ASSIGN(const auto selected, select_properties(type, std::span(&name, 1)));
  const auto rest = end == std::string_view::npos ? std::string_view() : trim(words.substr(end));
  TRY_ASSIGN(const auto direction, read_direction(rest, key));
  return SortKey{selected.front(), direction};
}

Order order_of_text(std::string_view a, std::string_view b) {
  return to_lower(a) <=> to_lower(b);
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& one : list) text += one + ',';
  return text;
}

Order order_of(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() <=> b.index();  // null is the first alternative
  return std::visit(
      [&b](const auto& left) -> Order {
        using Type = std::decay_t<decltype(left)>;
        const auto& right = std::get<Type>(b);
        if constexpr (std::is_same_v<Type, std::monostate>) {
          return Order::equal;
        } else if constexpr (std::is_same_v<Type, std::string>) {
          return order_of_text(left, right);
        } else if constexpr (std::is_same_v<Type, std::vector<std::string>>) {
          return order_of_text(joined(left), joined(right));
        } else if constexpr (std::is_same_v<Type, std::vector<Record>>) {
          return left.size() <=> right.size();
        } else {
          return left <=> right;
        }
      },
      a);
}

// A record's values of the keys, found once, and where it was.
struct Entry {
  std::vector<const Value*> values;
  std::size_t position = 0;
};

std::vector<Entry> entries_of(const std::vector<Record>& records, std::span<const SortKey> keys) {
  static const Value null;
  std::vector<Entry> entries;
  entries.reserve(records.size());
  for (const auto& record : records) {
    Entry entry{.values = {}, .position = entries.size()};
    for (const auto& key : keys) {
      const Value* value = record.find(key.property);
      entry.values.push_back(value != nullptr ? value : &null);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool precedes(const Entry& a, const Entry& b, std::span<const SortKey> keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto order = order_of(*a.values[i], *b.values[i]);
    if (order != Order::equal) return (order == Order::less) == (keys[i].direction == Direction::ascending);
  }
  return false;
}

}  // namespace

Result<std::vector<SortKey>> parse_sort_keys(std::span<const std::string> keys, const RecordType& type) {
  std::vector<SortKey> parsed;
  for (const auto& key : keys) {
    TRY_ASSIGN(const auto one, read_key(key, type));
    parsed.push_back(one);
  }
  return parsed;
}

void sort_records(std::vector<Record>& records, std::span<const SortKey> keys) {
  auto entries = entries_of(records, keys);
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const Entry& a, const Entry& b) { return precedes(a, b, keys); });
  std::vector<Record> sorted;
  sorted.reserve(records.size());
  for (const auto& entry : entries) sorted.push_back(std::move(records[entry.position]));
  records = std::move(sorted);
}

}  // namespace accord
