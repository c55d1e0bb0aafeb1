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
    return refused(
        fmt::format("the line holds {} where a record is expected", json::kind_name(value->kind())), "-",
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

// The texts of a property; none for null.
Result<std::vector<std::string>> texts_of(const json::Value& value, std::string_view property) {
  std::vector<std::string> texts;
  const auto add = [&](const json::Value& item) {
    if (item.is_string()) texts.push_back(item.text());
    return item.is_string();
  };
  const bool good = value.kind() == json::Kind::null ||
                    (value.is_array() ? std::ranges::all_of(value.items(), add) : add(value));
  if (good) return texts;
  return refused(fmt::format("'{}' is {} where text is expected", property, json::kind_name(value.kind())),
                 std::string(property), "write the records with --output jsonl");
}

Result<RecordValues> values_of(const json::Value& record, const RecordInput& input) {
  RecordValues values;
  for (const auto& take : input.take) {
    const auto* member = record.find(take.property);
    std::vector<std::string> texts;
    if (member != nullptr) {
      TRY_ASSIGN(texts, texts_of(*member, take.property));
    }
    if (!take.when.empty()) {
      if (texts == std::vector<std::string>{std::string(take.when)})
        values.given.push_back({.parameter = take.parameter, .values = {"true"}});
      continue;
    }
    if (texts.empty() || texts.front().empty()) {
      return refused(fmt::format("the record has no {}", take.property), std::string(take.property),
                     fmt::format("keep {} when you choose with --property", take.property));
    }
    values.given.push_back({.parameter = take.parameter, .values = std::move(texts)});
  }
  return values;
}

}  // namespace

Result<std::vector<PipedRecord>> read_records(std::string_view text, const RecordInput& input) {
  std::vector<PipedRecord> records;
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
    records.push_back({.line = line, .values = *std::move(values)});
  }
  return records;
}

}  // namespace accord
