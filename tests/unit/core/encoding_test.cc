#include "lib/core/encoding.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <string>
#include <vector>

namespace accord {
namespace {

using namespace std::string_literals;

TEST_CASE("base64url reads back what it wrote, without padding") {
  CHECK(rc::check([](const std::string& bytes) {
    const auto text = base64url_encode(bytes);
    RC_ASSERT(text.find_first_of("+/=") == std::string::npos);
    RC_ASSERT(base64url_decode(text) == bytes);
  }));
}

TEST_CASE("base64 with padding reads back what it wrote") {
  CHECK(rc::check([](const std::string& bytes) {
    const auto text = base64_encode(bytes);
    RC_ASSERT(text.size() % 4 == 0);
    RC_ASSERT(base64_decode(text) == bytes);
  }));
}

TEST_CASE("the vectors of RFC 4648 come out") {
  CHECK(base64_encode("") == "");
  CHECK(base64_encode("f") == "Zg==");
  CHECK(base64_encode("fo") == "Zm8=");
  CHECK(base64_encode("foo") == "Zm9v");
  CHECK(base64_encode("foobar") == "Zm9vYmFy");
  CHECK(base64url_encode("\xFB\xFF\xBF") == "-_-_");
  CHECK(base64_encode("\xFB\xFF\xBF") == "+/+/");
}

TEST_CASE("base64url is read strictly") {
  for (const auto* text :
       {"Zg==", "Zg=", "Z", "Zm9vY", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zh", "Zm9", "Zg.."}) {
    CAPTURE(text);
    CHECK_FALSE(base64url_decode(text).has_value());
  }
  CHECK_FALSE(base64url_decode("Zm\0v"s).has_value());
  CHECK(base64url_decode("Zg") == "f");
  CHECK(base64url_decode("Zm8") == "fo");
}

TEST_CASE("every last character of an x5t other than the canonical ones is refused") {
  const std::string beginning = "7MjK99QvkVdwz6UrKldx8AG7yd";
  const std::string canonical = "AEIMQUYcgkosw048";
  for (const char last : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"s) {
    CAPTURE(last);
    CHECK(base64url_decode(beginning + last).has_value() == (canonical.find(last) != std::string::npos));
  }
}

TEST_CASE("base64 demands its padding and drops blanks only when asked to") {
  for (const auto* text :
       {"Zg", "Zg=", "Zg===", "Zg==Zg==", "=", "====", "Zh==", "Zm9=", "Z===", "Zm9v\n", "-_-_"}) {
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text).has_value());
  }
  CHECK(base64_decode(" Zm9v\r\n\tYmFy\n", Blanks::ignored) == "foobar");
  CHECK_FALSE(base64_decode("Zm9v!", Blanks::ignored).has_value());
}

TEST_CASE("hex is upper-case out and either case in") {
  CHECK(hex_encode("\x01\xAB\xFF"s) == "01ABFF");
  CHECK(hex_decode("01abFF") == "\x01\xAB\xFF");
  CHECK(hex_decode("") == "");
  for (const auto* text : {"0", "0g", "0x", "01 2", "01:2"}) {
    CAPTURE(text);
    CHECK_FALSE(hex_decode(text).has_value());
  }
}

TEST_CASE("every code point survives UTF-8 and every surrogate is refused") {
  for (char32_t character = 0; character <= 0x10FFFF; character += character < 0x3000 ? 1 : 0x1F) {
    std::string text;
    append_utf8(text, character);
    const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (is_utf8(text) == is_surrogate) FAIL("U+" << static_cast<unsigned>(character));
    if (!is_surrogate && code_point_at(text, 0).value != character)
      FAIL("U+" << static_cast<unsigned>(character));
  }
}

TEST_CASE("what is not UTF-8 is known for it") {
  for (const auto& text : {"\x80"s, "\xC0\x80"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s,
                           "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "\xC3"s,
                           "\xE2\x82"s, "a\xF0\x9F\x98"s, "\xC3("s}) {
    CAPTURE(hex_encode(text));
    CHECK_FALSE(is_utf8(text));
  }
  CHECK(is_utf8("\xF4\x8F\xBF\xBF"));
  CHECK(is_utf8("grüße 日本 😀\0"s));
}

TEST_CASE("columns are counted as a terminal counts them") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("grüße") == 5);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("😀") == 2);
  CHECK(display_width("\xFF\xFF") == 2);
}

TEST_CASE("text is shown so that it cannot steer a terminal") {
  CHECK(escape_for_terminal("plain 'text' \\ grüße 日本 😀") == "plain 'text' \\ grüße 日本 😀");
  CHECK(escape_for_terminal("a\nb\tc") == "a\\nb\\tc");
  CHECK(escape_for_terminal("\x1B[31m\r\x7F") == "\\x1B[31m\\x0D\\x7F");
  CHECK(escape_for_terminal("\0"s) == "\\x00");
  CHECK(escape_for_terminal("\xC2\x9B") == "\\u{009B}");
  CHECK(escape_for_terminal("\xE2\x80\xAE") == "\\u{202E}");
  CHECK(escape_for_terminal("\xE2\x80\x8E") == "\\u{200E}");
  CHECK(escape_for_terminal("\xE2\x80\xA8") == "\\u{2028}");
  CHECK(escape_for_terminal("\xEF\xBB\xBF") == "\\u{FEFF}");
  CHECK(escape_for_terminal("\xF3\xA0\x81\x81") == "\\u{E0041}");
  CHECK(escape_for_terminal("\xF4\x8F\xBF\xBF") == "\\u{10FFFF}");
  CHECK(escape_for_terminal("a\xFF\xC3") == "a\\xFF\\xC3");
}

TEST_CASE("whatever is shown is printing UTF-8, and showing it again changes nothing") {
  CHECK(rc::check([](const std::string& bytes) {
    const auto shown = escape_for_terminal(bytes);
    RC_ASSERT(is_utf8(shown));
    for (std::size_t i = 0; i < shown.size(); i += code_point_at(shown, i).length) {
      RC_ASSERT(is_printing(*code_point_at(shown, i).value));
    }
    RC_ASSERT(escape_for_terminal(shown) == shown);
  }));
}

TEST_CASE("case folds in ASCII only") {
  CHECK(to_lower("AZ[Ä") == "az[Ä");
  CHECK(to_upper("az{ä") == "AZ{ä");
  CHECK(equals_ignoring_case("Exchange", "eXCHANGE"));
  CHECK_FALSE(equals_ignoring_case("Exchange", "Exchang"));
  CHECK_FALSE(equals_ignoring_case("Ä", "ä"));
  CHECK(starts_with_ignoring_case("HTTPS://x", "https://"));
  CHECK_FALSE(starts_with_ignoring_case("http", "https"));
}

TEST_CASE("blanks at both ends are trimmed") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("  ").empty());
}

TEST_CASE("wildcards match as in PowerShell, without regard to case") {
  struct Case {
    const char* text;
    const char* pattern;
    bool expected;
  };
  for (const auto& one : std::array<Case, 16>{{{"exchange", "ex*", true},
                                               {"exchange", "EX*GE", true},
                                               {"exchange", "*", true},
                                               {"", "*", true},
                                               {"", "", true},
                                               {"", "?", false},
                                               {"exchange", "exchange?", false},
                                               {"exchange", "?xchange", true},
                                               {"exchange", "xchange", false},
                                               {"exchange", "exchang", false},
                                               {"aXbXc", "a*X*c", true},
                                               {"aab", "*ab", true},
                                               {"abcabd", "*abd*", true},
                                               {"abc", "*d*", false},
                                               {"ü", "?", true},
                                               {"a", "**?**", true}}}) {
    CAPTURE(one.text);
    CAPTURE(one.pattern);
    CHECK(matches_wildcard(one.text, one.pattern) == one.expected);
  }
  CHECK(has_wildcard("a*"));
  CHECK(has_wildcard("a?"));
  CHECK_FALSE(has_wildcard("a"));
}

TEST_CASE("a wildcard pattern made to be slow is not") {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  CHECK_FALSE(matches_wildcard(std::string(5000, 'a') + 'b', pattern));
}

TEST_CASE("the nearest name is found, and none when all are far off") {
  const std::vector<std::string> names = {"exchange", "sharepoint", "lync"};
  CHECK(nearest("exchnge", names) == "exchange");
  CHECK(nearest("SharePiont", names) == "sharepoint");
  CHECK(nearest("zzzzzzzzzzzz", names).empty());
  CHECK(nearest(std::string(10'000'000, 'x'), names).empty());  // at once: no table of that size is filled
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ABC", "abc") == 0);
}

}  // namespace
}  // namespace accord
