#include "lib/core/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/core/encoding.h"

namespace accord {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_plain_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/' || c == '@' ||
         c == '+' || c == '=' || c == '(' || c == ')';
}

// YAML 1.1 and 1.2 read these as something other than text.
bool is_word_of_yaml(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "yes", "no", "on",
                                                      "off",  "null",  "y",   "n"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [text](std::string_view word) { return equals_ignoring_case(word, text); });
}

// Only what no reader can take for something else: a letter first (numbers and dates begin with none), then
// harmless characters and single blanks.
bool is_plain(std::string_view text) {
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ' || is_word_of_yaml(text)) return false;
  return text.find("  ") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_plain_character(c); });
}

bool has_non_printing(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto next = code_point_at(text, i);
    if (!next.value || !is_printing(*next.value)) return true;
    i += next.length;
  }
  return false;
}

void put_text(YAML::Emitter& out, const std::string& text) {
  if (is_plain(text)) {
    out << text;
  } else if (has_non_printing(text)) {
    out << YAML::EscapeNonAscii << YAML::DoubleQuoted << text;
  } else {
    out << YAML::DoubleQuoted << text;
  }
}

void put(YAML::Emitter& out, const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null:
      out << YAML::Null;
      break;
    case json::Kind::boolean:
      out << value.boolean();
      break;
    case json::Kind::integer:
      out << value.integer();
      break;
    case json::Kind::number:
      out << value.text();
      break;
    case json::Kind::string:
      put_text(out, value.text());
      break;
    case json::Kind::array:
      if (value.items().empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const auto& item : value.items()) put(out, item);
      out << YAML::EndSeq;
      break;
    case json::Kind::object:
      if (value.members().empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& [name, member] : value.members()) {
        out << YAML::Key;
        put_text(out, name);
        out << YAML::Value;
        put(out, member);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

std::string to_yaml(const json::Value& value) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  put(out, value);
  return std::string(out.c_str(), out.size()) + '\n';
}

}  // namespace accord
