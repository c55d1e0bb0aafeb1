// Strict JSON in, stable JSON out (RFC 8259).
//
// Reading refuses what parsers disagree about: a duplicate member, a BOM, bad UTF-8, a lone surrogate, NUL in
// a name or a string, anything after the value, more depth or bytes than the caller allows. Numbers keep what
// they are: an integer that fits 64 bits, or else the text it was written as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"

namespace accord::json {

enum class Kind { null, boolean, integer, number, string, array, object };

// How two member names of one object count as the same.
enum class Names { exact, ignore_case };

struct Limits {
  std::size_t bytes = std::size_t{1024} * 1024;
  std::size_t depth = 32;      // an empty top-level object has depth 1
  Names names = Names::exact;  // ignore_case for metadata (protocol.md 2.2)
};

class Value;
using Member = std::pair<std::string, Value>;

class Value {
 public:
  Value() = default;
  Value(bool boolean) : kind_(Kind::boolean), boolean_(boolean) {}  // NOLINT(google-explicit-constructor)
  Value(std::int64_t integer)
      : kind_(Kind::integer), integer_(integer) {}  // NOLINT(google-explicit-constructor)
  Value(std::string text)
      : kind_(Kind::string), text_(std::move(text)) {}        // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : Value(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Value(const char* text) : Value(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  [[nodiscard]] static Value array(std::vector<Value> items = {});
  [[nodiscard]] static Value object(std::vector<Member> members = {});
  // A number that is no 64-bit integer, as it was written.
  [[nodiscard]] static Value number(std::string text);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }
  [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
  [[nodiscard]] bool is_integer() const { return kind_ == Kind::integer; }

  // Each is meaningful for its kind only, and empty or zero otherwise.
  [[nodiscard]] bool boolean() const { return boolean_; }
  [[nodiscard]] std::int64_t integer() const { return integer_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Value>& items() const { return items_; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }

  // The member of that name, or nullptr; also when this is no object.
  [[nodiscard]] const Value* find(std::string_view name, Names names = Names::exact) const;
  // The member's text when it is there and a string.
  [[nodiscard]] std::optional<std::string_view> find_string(std::string_view name,
                                                            Names names = Names::exact) const;

  Value& add(std::string name, Value value);  // to an object; keeps the order
  Value& append(Value value);                 // to an array

 private:
  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::int64_t integer_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

// "array", "string", …: for messages.
[[nodiscard]] std::string_view kind_name(Kind kind);

// Fails with Json.Invalid; the message says what and at which byte (from 1).
[[nodiscard]] Result<Value> parse(std::string_view text, const Limits& limits = {});

// The same bytes for the same value, members in their order; control characters, DEL and C1 as \u escapes.
// indent < 0: one line without blanks.
[[nodiscard]] std::string dump(const Value& value, int indent = -1);

}  // namespace accord::json
