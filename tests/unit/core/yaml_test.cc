#include "lib/core/yaml.h"

#include <doctest/doctest.h>

#include <string>

namespace accord {
namespace {

using namespace std::string_literals;

TEST_CASE("text that YAML would read as something else is quoted") {
  for (const auto& text :
       {""s,   "true"s, "False"s, "yes"s, "NO"s,   "on"s,         "off"s, "null"s, "~"s,       "y"s,  "n"s,
        "1"s,  "1.5"s,  "0x1F"s,  "1e3"s, ".inf"s, "-"s,          "- a"s, "a: b"s, "a #b"s,    "#a"s, "*a"s,
        "&a"s, "!a"s,   "%a"s,    "@a"s,  "`a"s,   "{a"s,         "[a"s,  "a,b"s,  "|"s,       ">"s,  "'a'"s,
        "?"s,  "---"s,  "..."s,   " a"s,  "a "s,   "2026-11-24"s, "="s,   "<<"s,   "12:30:45"s}) {
    CAPTURE(text);
    CHECK(to_yaml(json::Value(text)) == "\"" + text + "\"\n");
  }
}

TEST_CASE("harmless text is plain") {
  for (const auto* text : {"Full", "mail.litwareinc.com", "three segments", "a/b@c", "R2D2"}) {
    CHECK(to_yaml(json::Value(text)) == std::string(text) + "\n");
  }
}

TEST_CASE("text is escaped so that nothing in it acts on a terminal") {
  CHECK(to_yaml(json::Value("a\"b\\c\nd\te")) == "\"a\\\"b\\\\c\\nd\\te\"\n");
  CHECK(to_yaml(json::Value("grüße 日本")) == "\"grüße 日本\"\n");
  CHECK(to_yaml(json::Value("\x1B\x7F"s)) == "\"\\x1b\\x7f\"\n");
  CHECK(to_yaml(json::Value("\xC2\x9B")) == "\"\\x9b\"\n");
  CHECK(to_yaml(json::Value("\xE2\x80\xAE")) == "\"\\u202e\"\n");
  CHECK(to_yaml(json::Value("\xF3\xA0\x81\x81")) == "\"\\U000e0041\"\n");
  CHECK(to_yaml(json::Value("\0"s)) == "\"\\x00\"\n");
  CHECK(to_yaml(json::Value("a\xFFz")) == "\"a\\ufffdz\"\n");
}

TEST_CASE("values nest in block style") {
  auto inner = json::Value::object();
  inner.add("Name", "x")
      .add("None", json::Value())
      .add("Flag", false)
      .add("Big", json::Value::number("1e400"));
  auto outer = json::Value::object();
  outer.add("List", json::Value::array({inner, inner}))
      .add("Empty", json::Value::object())
      .add("1", json::Value::array());
  CHECK(to_yaml(outer) ==
        "List:\n"
        "  - Name: x\n    None: null\n    Flag: false\n    Big: 1e400\n"
        "  - Name: x\n    None: null\n    Flag: false\n    Big: 1e400\n"
        "Empty: {}\n"
        "\"1\": []\n");
}

}  // namespace
}  // namespace accord
