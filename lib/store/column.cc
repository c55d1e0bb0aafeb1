#include "lib/store/column.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr char kEscape = '\\';

void append_escaped(std::string& text, std::string_view item) {
  for (const char character : item) {
    if (character == '\n') {
      text += "\\n";
    } else if (character == '\0') {
      text += "\\0";
    } else if (character == kEscape) {
      text += "\\\\";
    } else {
      text += character;
    }
  }
}

char unescaped(char code) {
  if (code == 'n') return '\n';
  if (code == '0') return '\0';
  return code;
}

}  // namespace

std::string list_to_text(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) {
    append_escaped(text, item);
    text += '\n';
  }
  return text;
}

std::vector<std::string> list_from_text(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  bool escaped = false;
  for (const char character : text) {
    if (escaped) {
      item += unescaped(character);
      escaped = false;
    } else if (character == kEscape) {
      escaped = true;
    } else if (character == '\n') {
      items.push_back(std::exchange(item, {}));
    } else {
      item += character;
    }
  }
  return items;
}

tl::unexpected<Error> unknown_value(const Connection& store, std::string_view value) {
  return fail("Store.Damaged",
              fmt::format("the store '{}' holds the value '{}', which nothing here has", store.location(),
                          escape_for_terminal(value)),
              store.location(), "restore it from a backup");
}

}  // namespace accord
