// Records as text, in the forms of spec/commands.md 2. Pure: nothing is written anywhere.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/parse.h"
#include "lib/core/record.h"

namespace accord {

enum class Format { list, table, json, jsonl, yaml, csv, value };

template <>
struct EnumNames<Format> {
  static constexpr std::array<std::pair<Format, std::string_view>, 7> table = {{{Format::list, "list"},
                                                                                {Format::table, "table"},
                                                                                {Format::json, "json"},
                                                                                {Format::jsonl, "jsonl"},
                                                                                {Format::yaml, "yaml"},
                                                                                {Format::csv, "csv"},
                                                                                {Format::value, "value"}}};
};

// Whether the call concerned one thing (json prints an object) or any number of things (json prints an
// array).
enum class Count { one, many };

// More than four properties print as a list, four or fewer as a table.
[[nodiscard]] Format default_format(std::size_t properties);

// The names of `wanted` as the type spells them, in the order wanted; all of the type when `wanted` is empty.
// Fails with Property.Unknown, listing those there are, and Parameter.Repeated.
[[nodiscard]] Result<std::vector<std::string_view>> select_properties(const RecordType& type,
                                                                      std::span<const std::string> wanted);

// The records, which are all of one type, with these properties (from select_properties), each line ended by
// LF; empty text for no records in list, table, value and jsonl; csv always has its header.
[[nodiscard]] std::string render(std::span<const Record> records,
                                 std::span<const std::string_view> properties, Format format, Count count);

}  // namespace accord
