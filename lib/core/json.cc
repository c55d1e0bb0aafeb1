#include "lib/core/json.h"

#include <nlohmann/json.hpp>

#include <cassert>
#include <cstdio>
#include <exception>
#include <iterator>
#include <unordered_set>

#include "lib/core/encoding.h"

namespace accord::json {
namespace {

// long double, so that 1e999 is a number like any other; its text is what is kept.
using Reader =
    nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t, std::uint64_t, long double>;

// Objects this large look duplicate members up in a set; smaller ones are quicker without.
constexpr std::size_t kManyMembers = 16;

// Walks the text and notes how far it came: the handler below is not told otherwise.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  CountingIterator operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  std::size_t* count_;
};

// Receives the events of the parser and builds the value, or stops at the first thing that is not allowed.
class Builder final : public nlohmann::json_sax<Reader> {
 public:
  Builder(const Limits& limits, const std::size_t& position) : limits_(limits), position_(position) {}

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(std::int64_t value) override { return put(Value(value)); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return put(Value::number(std::to_string(value)));
    return put(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(long double, const std::string& text) override { return put(Value::number(text)); }
  bool string(std::string& text) override {
    // C programs behind us would see another text than we do.
    if (text.find('\0') != std::string::npos) return stop("a string contains NUL");
    return put(Value(std::move(text)));
  }
  bool binary(Reader::binary_t&) override { return stop("binary data"); }

  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (name.find('\0') != std::string::npos) return stop("a member name contains NUL");
    if (is_duplicate(open_.back(), name)) return stop("a second member '" + escape_for_terminal(name) + "'");
    open_.back().name = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "…syntax error while parsing value - WHAT; last read: 'TEXT'": TEXT may be a secret, and stays out.
    std::string_view what = error.what();
    if (const auto start = what.find(" - "); start != std::string_view::npos) what.remove_prefix(start + 3);
    if (const auto end = what.find("; last read"); end != std::string_view::npos) what = what.substr(0, end);
    if (const auto* range = dynamic_cast<const Reader::out_of_range*>(&error); range != nullptr) {
      what = "a number that is too large";
    }
    stop(std::string(what));
    failed_at_ = position;
    return false;
  }

  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  [[nodiscard]] std::size_t failed_at() const { return failed_at_; }
  [[nodiscard]] Value take() { return std::move(root_); }

 private:
  struct Level {
    Value container;
    std::string name = {};  // of the member whose value comes next
    std::unordered_set<std::string> names = {};
  };

  bool stop(std::string complaint) {
    complaint_ = std::move(complaint);
    failed_at_ = position_;
    return false;
  }

  [[nodiscard]] std::string folded(const std::string& name) const {
    return limits_.names == Names::exact ? name : to_lower(name);
  }

  bool is_duplicate(Level& level, const std::string& name) const {
    const auto& members = level.container.members();
    if (members.size() < kManyMembers) return level.container.find(name, limits_.names) != nullptr;
    if (level.names.empty()) {
      for (const auto& [present, value] : members) level.names.insert(folded(present));
    }
    return !level.names.insert(folded(name)).second;
  }

  bool open(Value container) {
    if (open_.size() >= limits_.depth) return stop("more than " + std::to_string(limits_.depth) + " levels");
    open_.push_back(Level{std::move(container)});
    return true;
  }

  bool close() {
    Value done = std::move(open_.back().container);
    open_.pop_back();
    return put(std::move(done));
  }

  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto& level = open_.back(); level.container.is_array()) {
      level.container.append(std::move(value));
    } else {
      level.container.add(std::move(level.name), std::move(value));
    }
    return true;
  }

  const Limits& limits_;
  const std::size_t& position_;
  std::vector<Level> open_;
  Value root_;
  std::string complaint_;
  std::size_t failed_at_ = 0;
};

tl::unexpected<Error> invalid(const std::string& what) {
  return fail("Json.Invalid", "the text is not acceptable JSON: " + what);
}

tl::unexpected<Error> invalid_at(const std::string& what, std::size_t position) {
  return invalid(what + " at byte " + std::to_string(position));
}

void append_code_unit(std::string& text, unsigned unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[unit >> shift & 15U];
}

void append_character(std::string& text, char32_t character) {
  switch (character) {
    case '"':
      text += "\\\"";
      return;
    case '\\':
      text += "\\\\";
      return;
    case '\b':
      text += "\\b";
      return;
    case '\f':
      text += "\\f";
      return;
    case '\n':
      text += "\\n";
      return;
    case '\r':
      text += "\\r";
      return;
    case '\t':
      text += "\\t";
      return;
    default:
      break;
  }
  if (is_printing(character)) {
    append_utf8(text, character);
  } else if (character < 0x10000) {
    append_code_unit(text, character);
  } else {
    append_code_unit(text, 0xD7C0U + (character >> 10));
    append_code_unit(text, 0xDC00U + (character & 0x3FFU));
  }
}

void append_string(std::string& text, std::string_view value) {
  constexpr char32_t kReplacement = 0xFFFD;
  text += '"';
  for (std::size_t i = 0; i < value.size();) {
    const auto next = code_point_at(value, i);
    append_character(text, next.value.value_or(kReplacement));
    i += next.length;
  }
  text += '"';
}

class Dumper {
 public:
  explicit Dumper(int indent) : indent_(indent) {}

  void put(const Value& value, int level) {
    switch (value.kind()) {
      case Kind::null:
        text_ += "null";
        break;
      case Kind::boolean:
        text_ += value.boolean() ? "true" : "false";
        break;
      case Kind::integer:
        text_ += std::to_string(value.integer());
        break;
      case Kind::number:
        text_ += value.text();
        break;
      case Kind::string:
        append_string(text_, value.text());
        break;
      case Kind::array:
        put_all(value.items(), '[', ']', level, [&](const Value& item) { put(item, level + 1); });
        break;
      case Kind::object:
        put_all(value.members(), '{', '}', level, [&](const Member& member) {
          append_string(text_, member.first);
          text_ += indent_ < 0 ? ":" : ": ";
          put(member.second, level + 1);
        });
        break;
    }
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  template <class Range, class Put>
  void put_all(const Range& range, char open, char close, int level, const Put& put_one) {
    text_ += open;
    bool first = true;
    for (const auto& one : range) {
      if (!first) text_ += ',';
      first = false;
      new_line(level + 1);
      put_one(one);
    }
    if (!first) new_line(level);
    text_ += close;
  }

  void new_line(int level) {
    if (indent_ < 0) return;
    text_ += '\n';
    text_.append(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(level), ' ');
  }

  int indent_;
  std::string text_;
};

}  // namespace

Value Value::array(std::vector<Value> items) {
  Value value;
  value.kind_ = Kind::array;
  value.items_ = std::move(items);
  return value;
}

Value Value::object(std::vector<Member> members) {
  Value value;
  value.kind_ = Kind::object;
  value.members_ = std::move(members);
  return value;
}

Value Value::number(std::string text) {
  Value value;
  value.kind_ = Kind::number;
  value.text_ = std::move(text);
  return value;
}

const Value* Value::find(std::string_view name, Names names) const {
  for (const auto& [candidate, value] : members_) {
    if (candidate == name || (names == Names::ignore_case && equals_ignoring_case(candidate, name)))
      return &value;
  }
  return nullptr;
}

std::optional<std::string_view> Value::find_string(std::string_view name, Names names) const {
  const Value* value = find(name, names);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->text();
}

Value& Value::add(std::string name, Value value) {
  assert(is_object());
  members_.emplace_back(std::move(name), std::move(value));
  return *this;
}

Value& Value::append(Value value) {
  assert(is_array());
  items_.push_back(std::move(value));
  return *this;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "Boolean";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return {};
}

Result<Value> parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) return invalid("more than " + std::to_string(limits.bytes) + " bytes");
  // The parser skips a byte order mark, and takes NUL for the end of the text.
  if (text.starts_with("\xEF\xBB\xBF")) return invalid_at("a byte order mark", 1);
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return invalid_at("a NUL byte", nul + 1);

  std::size_t position = 0;
  Builder builder(limits, position);
  try {
    const bool accepted = Reader::sax_parse(CountingIterator(text.data(), &position),
                                            CountingIterator(text.data() + text.size(), &position), &builder);
    if (!accepted) return invalid_at(builder.complaint(), builder.failed_at());
  } catch (const std::exception&) {
    return fail("Memory.Exhausted", "there is not enough memory to read the JSON text");
  }
  return builder.take();
}

std::string dump(const Value& value, int indent) {
  Dumper dumper(indent);
  dumper.put(value, 0);
  return dumper.take();
}

}  // namespace accord::json
