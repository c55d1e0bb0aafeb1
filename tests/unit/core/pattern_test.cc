#include "lib/core/pattern.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

bool like(std::string_view text, std::string_view pattern, Case letters = Case::ignored) {
  return must(Wildcard::parse(pattern, letters)).matches(text);
}

bool found(std::string_view text, std::string_view pattern, Case letters = Case::ignored) {
  return must(must(Regex::compile(pattern, letters)).search(text));
}

std::size_t column(const Result<Wildcard>& failed) {
  return failed ? 0 : failed.error().column;
}

struct Sample {
  std::string_view text;
  std::string_view pattern;
  bool matches = false;
};

TEST_CASE("wildcards match as in PowerShell") {
  for (const auto& one : std::vector<Sample>{
           {"PowerShell", "*shell", true},
           {"PowerShell", "Power?hell", true},
           {"PowerShell", "Power[p-w]hell", true},
           {"PowerShell", "Power[a-d]hell", false},
           {"PowerShell", "shell", false},
           {"PowerShell", "PowerShell?", false},
           {"", "", true},
           {"", "*", true},
           {"", "?", false},
           {"a", "", false},
           {"abc", "a*b*c*", true},
           {"abab", "*ab", true},
           {"abac", "*ab", false},
           {"12*4", "12`*4", true},
           {"1234", "12`*4", false},
           {"a[b", "a`[b", true},
           {"a`b", "a``b", true},
           {"a`", "a`", true},
           {"x]", "x]", true},
           {"]", "[]]", true},
           {"a", "[]a]", true},
           {"-", "[a-]", true},
           {"-", "[-a]", true},
           {"b", "[a-]", false},
           {"-", "[a`-c]", true},
           {"b", "[a`-c]", false},
           {"]", "[a`]]", true},
           {"^", "[^a]", true},
           {"b", "[^a]", false},
           {"c", "[^a-d]", true},
           {"\n", "?", true},
       }) {
    CAPTURE(one.text);
    CAPTURE(one.pattern);
    CHECK(like(one.text, one.pattern) == one.matches);
  }
}

TEST_CASE("a wildcard takes one character at a time, however many bytes it has") {
  CHECK(like("M\u00FCller", "M?ller"));
  CHECK_FALSE(like("M\u00FCller", "M??ller"));
  CHECK(like("\u00FC", "[\u00E4-\u00FF]"));
  CHECK_FALSE(like("\u0105", "[\u00E4-\u00FF]"));
  CHECK(like("\xFF\xFE", "??"));
  CHECK(like("\xFF", "\xFF"));
  CHECK_FALSE(like("\xFE", "\xFF"));
  CHECK(like("a\u20ACb", "*b"));
  CHECK_FALSE(like("\u20AC", "*\xAC"));
}

TEST_CASE("the case of ASCII matters to a wildcard only when asked to") {
  CHECK(like("HRApp", "hrapp"));
  CHECK(like("Q", "[p-r]"));
  CHECK(like("q", "[P-R]"));
  CHECK_FALSE(like("\u00C4", "\u00E4"));
  CHECK_FALSE(like("HRApp", "hrapp", Case::respected));
  CHECK_FALSE(like("Q", "[p-r]", Case::respected));
  CHECK(like("HRApp", "HR*", Case::respected));
}

TEST_CASE("an ill-formed set is an error that points at its bracket") {
  for (const auto* pattern : {"ab[", "ab[c", "ab[]", "ab[c`]", "ab[d-b]"}) {
    CAPTURE(pattern);
    const auto failed = Wildcard::parse(pattern);
    CHECK(error_id(failed) == "Expression.Invalid");
    CHECK(column(failed) == 3);
  }
  CHECK(column(Wildcard::parse("\u20AC[")) == 2);
  CHECK(must(Wildcard::parse(std::string(kLongestPattern, 'a'))).matches(std::string(kLongestPattern, 'A')));
  CHECK(error_id(Wildcard::parse(std::string(kLongestPattern + 1, 'a'))) == "Expression.Invalid");
}

// Tries everything.
bool reference(std::u32string_view text, std::u32string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return reference(text, pattern.substr(1)) || (!text.empty() && reference(text.substr(1), pattern));
  }
  if (text.empty()) return false;
  if (pattern[0] == '?') return reference(text.substr(1), pattern.substr(1));
  if (pattern[0] == '[') {
    const auto end = pattern.find(']');
    const auto set = pattern.substr(1, end - 1);
    const bool ranged = set.size() == 3 && set[1] == '-';
    const bool fits = ranged ? set[0] <= text[0] && text[0] <= set[2] : set.find(text[0]) != set.npos;
    return fits && reference(text.substr(1), pattern.substr(end + 1));
  }
  return pattern[0] == text[0] && reference(text.substr(1), pattern.substr(1));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += part;
  return text;
}

TEST_CASE("wildcards agree with trying everything") {
  CHECK(rc::check([] {
    const auto short_list = [](auto elements) {
      return rc::gen::resize(10, rc::gen::container<std::vector<std::string>>(elements));
    };
    const auto text = joined(*short_list(rc::gen::element<std::string>("a", "b", "c", "d")));
    const auto pattern =
        joined(*short_list(rc::gen::element<std::string>("a", "b", "c", "*", "*", "?", "[ab]", "[b-d]")));
    const std::u32string wide_text(text.begin(), text.end());
    const std::u32string wide_pattern(pattern.begin(), pattern.end());
    RC_ASSERT(like(text, pattern, Case::respected) == reference(wide_text, wide_pattern));
  }));
}

TEST_CASE("no bytes upset a wildcard") {
  CHECK(rc::check([](const std::string& pattern, const std::string& text) {
    const auto wildcard = Wildcard::parse(pattern);
    if (!wildcard) {
      RC_ASSERT(wildcard.error().column >= 1U);
      RC_ASSERT(wildcard.error().column <= pattern.size());
      return;
    }
    RC_ASSERT(wildcard->matches(text) == wildcard->matches(text));
  }));
}

TEST_CASE("asterisks do not multiply the time that a wildcard takes") {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(like(std::string(4000, 'a'), pattern + "b"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("a regular expression is looked for anywhere, without case unless asked to") {
  CHECK(found("PowerShell", "shell"));
  CHECK_FALSE(found("PowerShell", "shell", Case::respected));
  CHECK(found("PowerShell", "^Power\\w+$", Case::respected));
  CHECK_FALSE(found("bag", "b[iou]g"));
  CHECK(found("", ""));
  CHECK(found("a\nb", "a$.^b") == false);
  CHECK(found("line\n", "line$"));
  CHECK(found("CONTOSO\\jsmith", "^(?<domain>.+)\\\\(?<user>.+)$"));
}

TEST_CASE("a regular expression sees characters where the pattern is UTF-8") {
  CHECK(found("M\u00DCLLER", "^m\u00FCller$"));
  CHECK(found("M\u00FCller", "^\\w+$"));
  CHECK(found("M\u00FCller", "^M.ller$"));
  CHECK(found("A", "^\\u0041$", Case::respected));
  CHECK(found("\xFFname", "name$"));
  CHECK_FALSE(found("\xFF", "^.$"));
  CHECK(found("\xFF", "^\xFF$"));
}

TEST_CASE("an ill-formed regular expression is an error that points into it") {
  const auto failed = Regex::compile("\u20AC(a");
  CHECK(error_id(failed) == "Expression.Invalid");
  CHECK(failed.error().column == 4);
  CHECK(failed.error().message.find("parenthesis") != std::string::npos);
  for (const auto* pattern : {"*", "[", "(?<", "a{2,1}", "\\C", "(?<=a+)b", "((a{0,99}){0,99}){0,99}"}) {
    CAPTURE(pattern);
    CHECK(error_id(Regex::compile(pattern)) == "Expression.Invalid");
  }
  CHECK(error_id(Regex::compile(std::string(kLongestPattern + 1, 'a'))) == "Expression.Invalid");
  CHECK(Regex::compile(std::string(kLongestPattern, 'a')).has_value());
}

TEST_CASE("a regular expression that would take for ever is given up") {
  const std::string many(4000, 'a');
  for (const std::string_view pattern : {"(a+)+[xy]", "(a|aa)+[xy]", "(a|a)*[xy]", "(.*)(.*)(.*)[xy]",
                                         "(?=(a+))a*[xy]\\1", "(*LIMIT_MATCH=4000000000)(a+)+[xy]"}) {
    CAPTURE(pattern);
    const auto regex = must(Regex::compile(pattern));
    const auto begin = std::chrono::steady_clock::now();
    const auto searched = regex.search(many);
    CHECK(error_id(searched) == "Expression.Invalid");
    CHECK(searched.error().message == "the regular expression takes too long");
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  }
}

TEST_CASE("a regular expression is not given up because the text is long") {
  const std::string many(100'000, 'a');
  CHECK(found(many + "@b", "a+@b"));
  CHECK_FALSE(found(many, "^a*[xy]"));
  CHECK_FALSE(found(std::string(4000, 'a'), "a*+[xy]"));
}

TEST_CASE("no bytes upset a regular expression") {
  CHECK(rc::check([] {
    const auto bytes = rc::gen::oneOf(rc::gen::arbitrary<char>(),
                                      rc::gen::elementOf(std::string("ab(|)[]{1,2}*+?\\^$.-:=!<>PRdw")));
    const auto pattern = *rc::gen::container<std::string>(bytes);
    const auto text = *rc::gen::container<std::string>(bytes);
    const auto regex = Regex::compile(pattern);
    if (!regex) {
      RC_ASSERT(regex.error().column >= 1U);
      RC_ASSERT(regex.error().column <= pattern.size() + 1);
      return;
    }
    const auto searched = regex->search(text);
    RC_ASSERT(searched.has_value() || error_id(searched) == "Expression.Invalid");
  }));
}

TEST_CASE("a regular expression without repetition finds what a plain search finds") {
  CHECK(rc::check([] {
    const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("abAB")));
    const auto text = *letters;
    const auto part = *rc::gen::resize(3, letters);
    RC_ASSERT(found(text, part, Case::respected) == (text.find(part) != std::string::npos));
  }));
}

}  // namespace
}  // namespace accord
