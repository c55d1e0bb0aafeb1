#include "lib/core/writer.h"

#include <algorithm>
#include <cstddef>

#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/core/time.h"
#include "lib/core/yaml.h"

namespace accord {
namespace {

using Names = std::span<const std::string_view>;
using Records = std::span<const Record>;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

const Value& value_of(const Record& record, std::string_view name) {
  static const Value null;
  const Value* found = record.find(name);
  return found != nullptr ? *found : null;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

// A value that has one line, with what a list of text is joined by. Not yet safe to show.
std::string line_of(const Value& value, std::string_view separator);

// "token.form=Pass; audience.host=Fail": what a check was and how it went. A record without both is told
// in full: "OAuth2 metadata https://…".
std::string summary_of(const Record& record) {
  std::vector<std::string> pair;
  std::vector<std::string> whole;
  for (const auto& [name, value] : record.properties()) {
    auto text = line_of(value, ",");
    if (name == "Name" || name == "Result") pair.push_back(text);
    whole.push_back(std::move(text));
  }
  return pair.size() == 2 ? join(pair, "=") : join(whole, " ");
}

std::string summary_of(std::span<const Record> records) {
  std::vector<std::string> parts;
  for (const auto& record : records) parts.push_back(summary_of(record));
  return join(parts, "; ");
}

std::string line_of(const Value& value, std::string_view separator) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string(); },
                        [](bool boolean) { return std::string(boolean ? "True" : "False"); },
                        [](std::int64_t integer) { return std::to_string(integer); },
                        [](const std::string& text) { return text; },
                        [](Instant at) { return format_instant(at); },
                        [&](const std::vector<std::string>& list) { return join(list, separator); },
                        [](const std::vector<Record>& records) { return summary_of(records); },
                    },
                    value);
}

std::string shown_line_of(const Value& value, std::string_view separator) {
  return escape_for_terminal(line_of(value, separator));
}

void pad_to(std::string& text, std::size_t from, std::size_t width) {
  const std::size_t used = display_width(std::string_view(text).substr(from));
  if (used < width) text.append(width - used, ' ');
}

void end_line(std::string& text) {
  while (text.ends_with(' ')) text.pop_back();
  text += '\n';
}

// Rows of cells as lines, each column as wide as its widest cell.
using Row = std::vector<std::string>;

std::vector<std::size_t> widths_of(std::span<const Row> rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  return widths;
}

void put_row(std::string& text, const Row& row, std::span<const std::size_t> widths, std::string_view gap) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) text += gap;
    const std::size_t start = text.size();
    text += row[i];
    pad_to(text, start, widths[i]);
  }
  end_line(text);
}

// The records of a list, one a line, aligned under the name that they belong to.
void put_block(std::string& text, std::span<const Record> records, std::size_t indent) {
  std::vector<Row> rows;
  for (const auto& record : records) {
    Row row;
    for (const auto& [name, value] : record.properties()) row.push_back(shown_line_of(value, ", "));
    rows.push_back(std::move(row));
  }
  const auto widths = widths_of(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text.append(indent, ' ');
    put_row(text, rows[i], widths, "  ");
  }
}

std::string render_list(Records records, Names names) {
  std::size_t width = 0;
  for (const auto name : names) width = std::max(width, display_width(name));
  std::string text;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) text += '\n';
    for (const auto name : names) {
      const std::size_t start = text.size();
      text += name;
      pad_to(text, start, width);
      text += " : ";
      const Value& value = value_of(records[i], name);
      const auto* nested = std::get_if<std::vector<Record>>(&value);
      if (nested != nullptr && !nested->empty()) {
        put_block(text, *nested, width + 3);
      } else {
        text += shown_line_of(value, ", ");
        end_line(text);
      }
    }
  }
  return text;
}

std::string render_table(Records records, Names names) {
  if (records.empty()) return {};
  std::vector<Row> rows(2);
  for (const auto name : names) {
    rows[0].emplace_back(name);
    rows[1].emplace_back(display_width(name), '-');
  }
  for (const auto& record : records) {
    Row row;
    for (const auto name : names) row.push_back(shown_line_of(value_of(record, name), ", "));
    rows.push_back(std::move(row));
  }
  const auto widths = widths_of(rows);
  std::string text;
  for (const auto& row : rows) put_row(text, row, widths, " ");
  return text;
}

json::Value to_json(const Record& record, Names names);

json::Value to_json(const Value& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return json::Value(); },
                        [](bool boolean) { return json::Value(boolean); },
                        [](std::int64_t integer) { return json::Value(integer); },
                        [](const std::string& text) { return json::Value(text); },
                        [](Instant at) { return json::Value(format_instant(at)); },
                        [](const std::vector<std::string>& list) {
                          auto array = json::Value::array();
                          for (const auto& text : list) array.append(text);
                          return array;
                        },
                        [](const std::vector<Record>& records) {
                          auto array = json::Value::array();
                          for (const auto& record : records) {
                            auto object = json::Value::object();
                            for (const auto& [name, member] : record.properties()) {
                              object.add(std::string(name), to_json(member));
                            }
                            array.append(std::move(object));
                          }
                          return array;
                        },
                    },
                    value);
}

json::Value to_json(const Record& record, Names names) {
  auto object = json::Value::object();
  for (const auto name : names) object.add(std::string(name), to_json(value_of(record, name)));
  return object;
}

json::Value to_json(Records records, Names names, Count count) {
  if (count == Count::one && records.size() == 1) return to_json(records.front(), names);
  auto array = json::Value::array();
  for (const auto& record : records) array.append(to_json(record, names));
  return array;
}

std::string render_json_lines(Records records, Names names) {
  std::string text;
  for (const auto& record : records) text += json::dump(to_json(record, names)) + '\n';
  return text;
}

// RFC 4180, 2.6 and 2.7. Blanks at the ends are quoted too: some readers drop them.
std::string csv_field(const std::string& text) {
  const bool plain =
      text.find_first_of(",\"") == std::string::npos && !text.starts_with(' ') && !text.ends_with(' ');
  if (plain) return text;
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

std::string render_csv(Records records, Names names) {
  std::vector<std::string> fields(names.begin(), names.end());
  std::string text = join(fields, ",") + '\n';
  for (const auto& record : records) {
    fields.clear();
    for (const auto name : names) fields.push_back(csv_field(shown_line_of(value_of(record, name), ",")));
    text += join(fields, ",") + '\n';
  }
  return text;
}

std::string render_values(Records records, Names names) {
  std::string text;
  for (const auto& record : records) {
    for (const auto name : names) text += shown_line_of(value_of(record, name), ",") + '\n';
  }
  return text;
}

}  // namespace

Format default_format(std::size_t properties) {
  constexpr std::size_t kWidestTable = 4;
  return properties > kWidestTable ? Format::list : Format::table;
}

Result<std::vector<std::string_view>> select_properties(const RecordType& type,
                                                        std::span<const std::string> wanted) {
  if (wanted.empty()) return std::vector<std::string_view>(type.properties.begin(), type.properties.end());
  std::vector<std::string_view> selected;
  for (const auto& name : wanted) {
    const auto found = std::find_if(type.properties.begin(), type.properties.end(),
                                    [&](std::string_view one) { return equals_ignoring_case(one, name); });
    if (found == type.properties.end()) {
      const std::vector<std::string> known(type.properties.begin(), type.properties.end());
      const auto close = nearest(name, known);
      return fail("Property.Unknown",
                  std::string(type.name) + " has no property '" + escape_for_terminal(name) + "'", name,
                  (close.empty() ? "" : "did you mean '" + close + "'? ") + "its properties are " +
                      join(known, ", "));
    }
    if (std::find(selected.begin(), selected.end(), *found) != selected.end()) {
      return fail("Parameter.Repeated", "'" + std::string(*found) + "' is selected twice", name,
                  "name each property once");
    }
    selected.push_back(*found);
  }
  return selected;
}

std::string render(std::span<const Record> records, std::span<const std::string_view> properties,
                   Format format, Count count) {
  switch (format) {
    case Format::list:
      return render_list(records, properties);
    case Format::table:
      return render_table(records, properties);
    case Format::json:
      return json::dump(to_json(records, properties, count), 2) + '\n';
    case Format::jsonl:
      return render_json_lines(records, properties);
    case Format::yaml:
      return to_yaml(to_json(records, properties, count));
    case Format::csv:
      return render_csv(records, properties);
    case Format::value:
      return render_values(records, properties);
  }
  return {};
}

}  // namespace accord
