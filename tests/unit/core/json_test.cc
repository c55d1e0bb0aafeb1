#include "lib/core/json.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord::json {
namespace {

using namespace std::string_literals;
using test::error_id;
using test::must;

std::string message_of(std::string_view text, const Limits& limits = {}) {
  const auto result = parse(text, limits);
  REQUIRE_FALSE(result.has_value());
  CHECK(error_id(result) == "Json.Invalid");
  return result.error().message;
}

bool says(std::string_view text, const std::string& part, const Limits& limits = {}) {
  const auto message = message_of(text, limits);
  CAPTURE(message);
  return message.find(part) != std::string::npos;
}

TEST_CASE("values are read for what they are") {
  const auto value =
      must(parse(R"({"a":null,"b":true,"c":-5,"d":"x\u00e9\ud83d\ude00","e":[1,[]],"f":{}, "g":1.50})"));
  REQUIRE(value.is_object());
  CHECK(value.members().size() == 7);
  CHECK(value.find("a")->kind() == Kind::null);
  CHECK(value.find("b")->boolean());
  CHECK(value.find("c")->integer() == -5);
  CHECK(value.find("d")->text() == "xé😀");
  CHECK(value.find("e")->items().size() == 2);
  CHECK(value.find("e")->items()[1].is_array());
  CHECK(value.find("f")->is_object());
  CHECK(value.find("g")->kind() == Kind::number);
  CHECK(value.find("g")->text() == "1.50");
  CHECK(value.find("A") == nullptr);
  CHECK(value.find("A", Names::ignore_case) != nullptr);
  CHECK(value.find_string("d") == "xé😀");
  CHECK_FALSE(value.find_string("c").has_value());
  CHECK_FALSE(Value("text").find_string("c").has_value());
  CHECK(must(parse(" \t\r\n 7 ")).integer() == 7);
}

TEST_CASE("members keep their order") {
  const auto value = must(parse(R"({"z":1,"a":2,"m":3})"));
  CHECK(dump(value) == R"({"z":1,"a":2,"m":3})");
}

TEST_CASE("integers are integers up to the last one of 64 bits, and text after it") {
  CHECK(must(parse("9223372036854775807")).integer() == INT64_MAX);
  CHECK(must(parse("-9223372036854775808")).integer() == INT64_MIN);
  for (const auto* text :
       {"9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1.0",
        "1e3", "1e400", "-1E999", "123456789012345678901234567890"}) {
    CAPTURE(text);
    const auto value = must(parse(text));
    CHECK(value.kind() == Kind::number);
    CHECK(value.text() == text);
  }
}

TEST_CASE("a number beyond every range is refused, not guessed") {
  CHECK(says("1e99999", "too large"));
}

TEST_CASE("what parsers disagree about is refused") {
  for (const auto& text : {""s,
                           " "s,
                           "nul"s,
                           "{"s,
                           "}"s,
                           "[1,]"s,
                           "{\"a\":1,}"s,
                           "{\"a\" 1}"s,
                           "{a:1}"s,
                           "'a'"s,
                           "01"s,
                           "+1"s,
                           ".5"s,
                           "1."s,
                           "0x10"s,
                           "NaN"s,
                           "Infinity"s,
                           "-"s,
                           "[1 2]"s,
                           "// a\n1"s,
                           "/* a */1"s,
                           "1 1"s,
                           "{} x"s,
                           "{}{}"s,
                           "\"\n\""s,
                           "\"\\x\""s,
                           "\"\\u12\""s,
                           "\"a"s,
                           "{\"a\":1}\0"s,
                           "{}\0garbage"s,
                           "\0"s,
                           "\"\0\""s,
                           "[\"\x7F\""s,
                           "\xEF\xBB\xBF{}"s,
                           "\"\xFF\""s,
                           "\"\xC0\x80\""s,
                           "\"\xED\xA0\x80\""s,
                           "\"\xE2\x82\""s,
                           "\"\\ud800\""s,
                           "\"\\udc00\""s,
                           "\"\\ud800\\ud800\""s,
                           "\"\\ud800x\""s,
                           "\"\\udc00\\ud800\""s,
                           "{\"\\u0000\":1}"s,
                           "{\"a\":\"b\\u0000c\"}"s,
                           "{\"a\\u0000b\":1}"s,
                           "{\"a\":1,\"a\":2}"s,
                           "{\"a\":1,\"\\u0061\":2}"s,
                           "[{\"x\":{\"b\":1,\"b\":1}}]"s}) {
    CAPTURE(escape_for_terminal(text));
    CHECK(error_id(parse(text)) == "Json.Invalid");
  }
}

TEST_CASE("the message says what is wrong and at which byte") {
  CHECK(says("{\"a\":1,\"a\":2}", "a second member 'a' at byte 10"));
  CHECK(says("[1,}", "at byte 4"));
  CHECK(says("{} x", "at byte 4"));
  CHECK(says("\xEF\xBB\xBF{}", "byte order mark at byte 1"));
  CHECK(says("[1,\0]"s, "NUL byte at byte 4"));
  CHECK(says("{\"\\n\":1,\"\\n\":2}", "'\\n'"));
}

TEST_CASE("the message repeats no value: it might be a secret") {
  CHECK_FALSE(says("{\"password\":\"s3cr3t\xFF\"}", "s3cr3t"));
  CHECK_FALSE(says("{\"password\":\"s3cr3t\" \"", "s3cr3t"));
  CHECK_FALSE(says("[123456789x]", "123456789"));
}

TEST_CASE("duplicate members are found by the rule asked for, in small and large objects") {
  const Limits ignoring{.names = Names::ignore_case};
  CHECK(must(parse(R"({"a":1,"A":2})")).members().size() == 2);
  CHECK(says(R"({"a":1,"A":2})", "a second member 'A'", ignoring));
  std::string large = "{";
  for (int i = 0; i < 5000; ++i) large += "\"name" + std::to_string(i) + "\":1,";
  CHECK(must(parse(large + "\"last\":1}", ignoring)).members().size() == 5001);
  CHECK(says(large + "\"name3\":1}", "a second member 'name3'"));
  CHECK(says(large + "\"NAME4999\":1}", "a second member 'NAME4999'", ignoring));
  CHECK(must(parse(large + "\"NAME4999\":1}")).members().size() == 5001);
}

TEST_CASE("the same name in two objects is no duplicate") {
  CHECK(must(parse(R"([{"a":{"a":1}},{"a":2}])")).items().size() == 2);
}

TEST_CASE("an object of many members is read in little time") {
  std::string text = "{";
  for (int i = 0; i < 60000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  text += "\"end\":1}";
  const auto before = std::chrono::steady_clock::now();
  CHECK(must(parse(text)).members().size() == 60001);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}

TEST_CASE("depth is allowed to its limit and not one further") {
  CHECK(parse("[[[]]]", {.depth = 3}).has_value());
  CHECK(says("[[[[]]]]", "more than 3 levels at byte 4", {.depth = 3}));
  CHECK(says(R"({"a":{"b":{"c":{}}}})", "more than 3 levels", {.depth = 3}));
  CHECK(parse("{}", {.depth = 1}).has_value());
  CHECK(says("{}", "more than 0 levels", {.depth = 0}));
  CHECK(parse("1", {.depth = 0}).has_value());
  CHECK(parse("[[],[],[]]", {.depth = 2}).has_value());
}

TEST_CASE("size is allowed to its limit and not one byte further") {
  CHECK(parse("[1,2]", {.bytes = 5}).has_value());
  CHECK(says("[1,2] ", "more than 5 bytes", {.bytes = 5}));
}

TEST_CASE("ten megabytes of brackets fail at once") {
  const std::string brackets(std::size_t{10} * 1024 * 1024, '[');
  CHECK(says(brackets, "more than 1048576 bytes"));
  CHECK(says(brackets, "more than 32 levels at byte 33", {.bytes = brackets.size()}));
}

TEST_CASE("strings are written so that nothing in them acts on a terminal") {
  CHECK(dump(Value("a\"b\\c/\b\f\n\r\t")) == R"("a\"b\\c/\b\f\n\r\t")");
  CHECK(dump(Value("\x01\x1F\x7F"s)) == R"("\u0001\u001f\u007f")");
  CHECK(dump(Value("\0"s)) == R"("\u0000")");
  CHECK(dump(Value("\xC2\x80\xC2\x9B\xC2\x9F")) == R"("\u0080\u009b\u009f")");
  CHECK(dump(Value("\xE2\x80\xAE")) == R"("\u202e")");
  CHECK(dump(Value("\xF3\xA0\x81\x81")) == R"("\udb40\udc41")");
  CHECK(dump(Value("grüße 日本 😀")) == "\"grüße 日本 😀\"");
  CHECK(dump(Value("a\xFF\xE2\x82z")) == "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST_CASE("values are written with and without indentation") {
  auto value = Value::object();
  value.add("Name", "x")
      .add("List", Value::array({Value(std::int64_t{1}), Value(), Value(true), Value(false)}));
  value.add("None", Value::array()).add("Empty", Value::object()).add("Big", Value::number("1e999"));
  CHECK(dump(value) == R"({"Name":"x","List":[1,null,true,false],"None":[],"Empty":{},"Big":1e999})");
  CHECK(dump(value, 2) == R"({
  "Name": "x",
  "List": [
    1,
    null,
    true,
    false
  ],
  "None": [],
  "Empty": {},
  "Big": 1e999
})");
  CHECK(dump(Value(INT64_MIN)) == "-9223372036854775808");
}

TEST_CASE("each kind has a name") {
  CHECK(kind_name(Value().kind()) == "null");
  CHECK(kind_name(Value(true).kind()) == "Boolean");
  CHECK(kind_name(Value(std::int64_t{1}).kind()) == "integer");
  CHECK(kind_name(Value::number("1.5").kind()) == "number");
  CHECK(kind_name(Value("").kind()) == "string");
  CHECK(kind_name(Value::array().kind()) == "array");
  CHECK(kind_name(Value::object().kind()) == "object");
}

// Text of characters rather than bytes, so that it is UTF-8.
rc::Gen<std::string> any_text() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 0x110000)),
      [](const std::vector<std::uint32_t>& characters) {
        std::string text;
        for (const auto c : characters) append_utf8(text, c >= 0xD800 && c <= 0xDFFF ? U'?' : c);
        return text;
      });
}

Value any_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 6 : 4)) {
    case 0:
      return {};
    case 1:
      return Value(*rc::gen::arbitrary<bool>());
    case 2:
      return Value(*rc::gen::arbitrary<std::int64_t>());
    case 3:
      return Value(*any_text());
    case 4: {
      auto array = Value::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.append(any_value(depth - 1));
      return array;
    }
    default: {
      auto object = Value::object();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        object.add("n" + std::to_string(i), any_value(depth - 1));
      return object;
    }
  }
}

TEST_CASE("what is written reads back and is written the same again") {
  CHECK(rc::check([] {
    const auto value = any_value(4);
    const int indent = *rc::gen::element(-1, 0, 2);
    const auto text = dump(value, indent);
    const auto again = parse(text);
    RC_ASSERT(again.has_value());
    RC_ASSERT(dump(*again, indent) == text);
    RC_ASSERT(dump(*again) == dump(value));
  }));
}

TEST_CASE("text reads back as it was") {
  CHECK(rc::check([] {
    const auto text = *any_text();
    RC_ASSERT(test::must(parse(dump(Value(text)))).text() == text);
  }));
}

TEST_CASE("no bytes make the reader do anything but accept or refuse") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf("{}[]\",:\\u0dD8e1.-tn \x80\xE2"s));
    const auto result = parse(text);
    if (result) RC_ASSERT(parse(dump(*result)).has_value());
  }));
}

}  // namespace
}  // namespace accord::json
