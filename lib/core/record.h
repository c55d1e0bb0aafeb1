// What verbs emit: records of named, ordered, typed properties. Writers (writer.h) print them; no verb knows
// about formats. A record never holds a private key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/core/time.h"

namespace accord {

class Record;

// null (not set), Boolean, integer, text, instant, list of text, list of records.
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, Instant, std::vector<std::string>,
                           std::vector<Record>>;

// A kind of record: its properties in display order (spec/commands.md 5).
struct RecordType {
  std::string_view name;
  std::span<const std::string_view> properties;
  // The columns of a table where none were chosen: those that fit beside each other. Empty: all.
  std::span<const std::string_view> columns = {};
};

class Record {
 public:
  explicit Record(const RecordType& type) : type_(&type) {}

  // Properties are added in the order of the type, each exactly once.
  Record& add(std::string_view name, Value value);
  [[nodiscard]] const RecordType& type() const { return *type_; }
  [[nodiscard]] const std::vector<std::pair<std::string_view, Value>>& properties() const {
    return properties_;
  }
  // Without regard to case; nullptr when there is none of that name.
  [[nodiscard]] const Value* find(std::string_view name) const;

 private:
  const RecordType* type_;
  std::vector<std::pair<std::string_view, Value>> properties_;
};

// Null where the optional is empty.
template <class T>
[[nodiscard]] Value value_or_null(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

}  // namespace accord
