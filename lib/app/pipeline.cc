#include "lib/app/pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/encoding.h"
#include "lib/core/json.h"

namespace accord {
namespace {

tl::unexpected<Error> refused(std::string message, std::string target, std::string advice) {
  return fail("Pipeline.Invalid", std::move(message), std::move(target), std::move(advice));
}

Result<json::Value> record_of(std::string_view line, const RecordType& type) {
  auto value = json::parse(line);
  if (!value) {
    return refused(fmt::format("the line is no record: {}", value.error().message), "-",
                   "write the records with --output jsonl; where that verb failed, see its error first");
  }
  if (!value->is_object()) {
    return refused(fmt::format("the line is no record: it is a JSON {}", json::kind_name(value->kind())), "-",
                   "write the records with --output jsonl, one a line");
  }
  for (const auto& [name, member] : value->members()) {
    if (std::ranges::find(type.properties, name) == type.properties.end()) {
      return refused(fmt::format("this is no {} record: it has '{}'", type.name, escape_for_terminal(name)),
                     name, fmt::format("pipe {} records into this verb", type.name));
    }
  }
  return value;
}

// The text of a property; empty for null.
Result<std::string> text_of(const json::Value& value, std::string_view property) {
  if (value.kind() == json::Kind::null) return std::string();
  if (value.is_string()) return value.text();
  return refused(
      fmt::format("'{}' is a JSON {} where text is expected", property, json::kind_name(value.kind())),
      std::string(property), "write the records with --output jsonl");
}

tl::unexpected<Error> lacks(std::string_view property) {
  return refused(fmt::format("the record has no {}", property), std::string(property),
                 fmt::format("keep {} when you choose with --property", property));
}

Result<RecordValues> values_of(const json::Value& record, const RecordInput& input) {
  RecordValues values;
  for (const auto& take : input.take) {
    const auto* member = record.find(take.property);
    if (member == nullptr) return lacks(take.property);
    TRY_ASSIGN(auto text, text_of(*member, take.property));
    if (!take.when.empty()) {
      if (text == take.when) values.given.push_back({.parameter = take.parameter, .values = {"true"}});
      continue;
    }
    if (text.empty()) return lacks(take.property);
    values.given.push_back({.parameter = take.parameter, .values = {std::move(text)}});
  }
  return values;
}

}  // namespace

Result<std::vector<PipedRecord>> read_records(std::string_view text, const RecordInput& input) {
  std::vector<PipedRecord> records;
  text = without_byte_order_mark(text);
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto content = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.empty()) continue;
    auto values = record_of(content, *input.type).and_then([&](const json::Value& record) {
      return values_of(record, input);
    });
    if (!values) {
      values.error().line = line;
      return tl::unexpected(std::move(values).error());
    }
    if (input.one_only && !records.empty()) {
      auto second =
          refused(fmt::format("a second {} came in, and this verb takes one", input.type->name), "-",
                  "choose one in the get verb with --where, for example --where 'State -eq \"Current\"'");
      second.value().line = line;
      return second;
    }
    records.push_back({.line = line, .values = *std::move(values)});
  }
  return records;
}

}  // namespace accord
