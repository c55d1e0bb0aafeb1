#include "lib/app/batch.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/app/console.h"
#include "lib/app/run.h"
#include "lib/core/time.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

using Words = std::vector<std::string>;

std::vector<Words> words_of(std::string_view text) {
  std::vector<Words> made;
  for (auto& line : must(read_batch(text))) made.push_back(std::move(line.words));
  return made;
}

std::vector<std::size_t> numbers_of(std::string_view text) {
  std::vector<std::size_t> made;
  for (const auto& line : must(read_batch(text))) made.push_back(line.number);
  return made;
}

std::size_t newlines_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST_CASE("words are read as a shell quotes them") {
  struct Sample {
    std::string_view text;
    Words expected;
  };
  const std::vector<Sample> samples = {
      {"a b", {"a", "b"}},
      {"  a\t b \t", {"a", "b"}},
      {"'a b' c", {"a b", "c"}},
      {"\"a b\" c", {"a b", "c"}},
      {"a\\ b c", {"a b", "c"}},
      {"'a''b'\"c\"d", {"abcd"}},
      {"''", {""}},
      {"\"\" x", {"", "x"}},
      {"a''", {"a"}},
      {R"('a\b' 'a\\b')", {R"(a\b)", R"(a\\b)"}},
      {R"("a\b" "a\\b" "a\"b" "\n")", {R"(a\b)", R"(a\b)", "a\"b", R"(\n)"}},
      {R"("it's" 'a "b"')", {"it's", "a \"b\""}},
      {R"(\'\"\\\#\$)", {"'\"\\#$"}},
      {"a#b #c", {"a#b"}},
      {"a '#b' \\#c \"#d\"", {"a", "#b", "#c", "#d"}},
      {"$x $(y) `z` ~ * ? {a,b} !", {"$x", "$(y)", "`z`", "~", "*", "?", "{a,b}", "!"}},
      {"-Enabled:$false -Name:'a b'", {"-Enabled:$false", "-Name:a b"}},
      {"--name=\"a b\"", {"--name=a b"}},
      {"a\\", {"a"}},
      {"caf\u00e9 '\u20ac'", {"caf\u00e9", "\u20ac"}},
      {std::string_view("a\0b", 3), {std::string("a\0b", 3)}},
  };
  for (const auto& one : samples) {
    CAPTURE(one.text);
    CHECK(words_of(one.text) == std::vector<Words>{one.expected});
  }
}

TEST_CASE("lines without a word are left out, and the others keep their numbers") {
  CHECK(must(read_batch("")).empty());
  CHECK(must(read_batch("\n \n\t\n# x\n   # y 'z\n\r\n\\\n")).empty());
  CHECK(numbers_of("a") == std::vector<std::size_t>{1});
  CHECK(numbers_of("a\nb\n") == std::vector<std::size_t>{1, 2});
  CHECK(numbers_of("\n\na\n# x\n\nb") == std::vector<std::size_t>{3, 6});
  CHECK(numbers_of("a\r\n\r\nb\r\n") == std::vector<std::size_t>{1, 3});
  CHECK(words_of("a x\r\nb 'y'\r\n") == std::vector<Words>{{"a", "x"}, {"b", "y"}});
}

TEST_CASE("a line goes on after a backslash, and has the number of its first word") {
  CHECK(words_of("a \\\n b \\\r\n\tc\nd") == std::vector<Words>{{"a", "b", "c"}, {"d"}});
  CHECK(numbers_of("a \\\n b \\\n c\nd") == std::vector<std::size_t>{1, 4});
  CHECK(numbers_of("\\\n\\\n a\nb") == std::vector<std::size_t>{3, 4});
  // What begins as a remark does not go on.
  CHECK(words_of("a # b \\\nc") == std::vector<Words>{{"a"}, {"c"}});
  CHECK(words_of("a 'b \\\\'\nc") == std::vector<Words>{{"a", "b \\\\"}, {"c"}});
}

TEST_CASE("a quote that is not closed on its line is an error of that line") {
  struct Sample {
    std::string_view text;
    std::size_t line = 0;
    std::string_view quote;
  };
  const std::vector<Sample> samples = {
      {"'", 1, "'"},
      {"\"", 1, "\""},
      {"a\nb 'c\nd'\n", 2, "'"},
      {"a\n\n\"b\\\"\n", 3, "\""},
      {"a \\\n b \\\n 'c\n", 3, "'"},
      {"# it's\nit's\n", 2, "'"},
      {"'a\r\n", 1, "'"},
      {"'a' \"b' c", 1, "\""},
      {"'a\\'\n''' x", 2, "'"},
  };
  for (const auto& one : samples) {
    CAPTURE(one.text);
    const auto read = read_batch(one.text);
    REQUIRE(error_id(read) == "Batch.Invalid");
    CHECK(read.error().line == one.line);
    CHECK(read.error().target == one.quote);
    CHECK_FALSE(read.error().advice.empty());
  }
}

TEST_CASE("what a shell takes for itself is told apart from the same characters as text") {
  const auto operator_of = [](std::string_view text) {
    return must(read_batch(text)).front().shell_operator;
  };
  for (const std::string word : {"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1"}) {
    CAPTURE(word);
    // The first of its characters that is not a digit tells.
    const std::string first(1, word[word.find_first_not_of("2")]);
    CHECK(operator_of("a " + word + " b") == first);
    CHECK(operator_of(word) == first);
    CHECK(operator_of("a x" + word + "x") == first);
    CHECK(operator_of("a '" + word + "'").empty());
    CHECK(operator_of("a \"" + word + "\"").empty());
    CHECK(operator_of("a # " + word).empty());
    // One line's does not count for the next.
    CHECK(must(read_batch("a " + word + "\nb c"))[1].shell_operator.empty());
  }
  CHECK(operator_of("a ; b | c") == ";");
  CHECK(operator_of("https://a.example/?b=1\\&c=2").empty());
  CHECK(operator_of("https://a.example/?b=1&c=2") == "&");
}

// ---------------------------------------------------------------------------------------------------------------------
// Any words, quoted in any way

// Words of all bytes but a line break, which no quoting takes in; those that mean something come often.
rc::Gen<std::string> any_word() {
  const auto character = rc::gen::weightedOneOf<char>(
      {{3, rc::gen::element(' ', '\t', '\r', '\'', '"', '\\', '#', '$', '|', ';', '-')},
       {2, rc::gen::inRange<char>('a', 'e')},
       {1, rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != '\n'; })}});
  return rc::gen::container<std::string>(character);
}

std::string quoted(char c, int style) {
  if (style == 0 && c != '\'') return std::string("'") + c + "'";
  if (style == 1) return c == '"' || c == '\\' ? std::string("\"\\") + c + '"' : std::string("\"") + c + '"';
  return std::string("\\") + c;
}

// The whole word in one way where it can be written so, or each character in a way of its own.
std::string quoted(const std::string& word) {
  const auto style = *rc::gen::inRange(0, 4);
  if (word.empty()) return style % 2 == 0 ? "''" : "\"\"";
  if (style == 0 && word.find('\'') == std::string::npos) return "'" + word + "'";
  std::string made;
  for (const char c : word) {
    if (style == 1 && (c == '"' || c == '\\')) made += '\\';
    made += style == 1 ? std::string(1, c) : quoted(c, style == 3 ? *rc::gen::inRange(0, 3) : 2);
  }
  return style == 1 ? '"' + made + '"' : made;
}

TEST_CASE("any words, quoted in any way and joined by any blanks, are read as the same words") {
  CHECK(rc::check([] {
    const auto lines = *rc::gen::resize(
        10, rc::gen::container<std::vector<Words>>(rc::gen::nonEmpty(rc::gen::container<Words>(any_word()))));
    std::string text;
    std::vector<std::size_t> numbers;
    for (const auto& line : lines) {
      text += *rc::gen::element<std::string>("", "\n", " \t", "# 'x\n", "\r\n", "\\\n");
      numbers.push_back(newlines_in(text) + 1);
      for (const auto& word : line)
        text += quoted(word) + *rc::gen::element<std::string>(" ", "\t", "  ", " \\\n", " \\\r\n\t", "\t\r ");
      text += *rc::gen::element<std::string>("\n", "\r\n", " # it's\n");
    }
    if (!text.empty() && *rc::gen::arbitrary<bool>()) text.pop_back();
    RC_ASSERT(words_of(text) == lines);
    RC_ASSERT(numbers_of(text) == numbers);
    for (const auto& line : must(read_batch(text))) RC_ASSERT(line.shell_operator.empty());
  }));
}

void check_sound(const std::string& text) {
  const auto lines = newlines_in(text) + 1;
  const auto read = read_batch(text);
  if (!read) {
    RC_ASSERT(read.error().id == ErrorId("Batch.Invalid"));
    RC_ASSERT(read.error().line >= 1U);
    RC_ASSERT(read.error().line <= lines);
    return;
  }
  std::size_t last = 0;
  for (const auto& line : *read) {
    RC_ASSERT(line.number > last);
    RC_ASSERT(line.number <= lines);
    RC_ASSERT_FALSE(line.words.empty());
    last = line.number;
  }
}

TEST_CASE("any bytes are lines, in their order, or an error of a line that is there") {
  CHECK(rc::check("of all kinds", [](const std::string& text) { check_sound(text); }));
  CHECK(rc::check("those that mean something", [] {
    check_sound(*rc::gen::container<std::string>(
        rc::gen::element('\n', '\r', '\\', '\'', '"', '#', ' ', 'a', '|', '\0')));
  }));
}

TEST_CASE("what stands before a quote that is not closed does not change where it is") {
  CHECK(rc::check([] {
    const auto before = *rc::gen::container<std::string>(rc::gen::element('\n', 'a', ' ', '#'));
    const auto read = read_batch(before + "\n'x\n");
    RC_ASSERT_FALSE(read.has_value());
    RC_ASSERT(read.error().line == newlines_in(before) + 2);
  }));
}

// ---------------------------------------------------------------------------------------------------------------------
// Batches beside the same calls one by one

namespace fs = std::filesystem;

class SilentConsole final : public Console {
 public:
  explicit SilentConsole(std::string input) : input_(std::move(input)) {}
  Result<void> write_out(std::string_view text) override {
    out += text;
    return {};
  }
  void write_error(std::string_view text) override { error += text; }
  Result<std::string> read_input(std::size_t) override { return input_; }
  [[nodiscard]] bool can_ask() const override { return false; }
  std::optional<std::string> ask(std::string_view) override { return std::nullopt; }
  void progress(std::size_t, std::size_t, std::string_view) override {}

  std::string out = {};
  std::string error = {};

 private:
  std::string input_;
};

// A folder with a store that is copied for each run.
class Stores {
 public:
  Stores() {
    std::string made = (fs::temp_directory_path() / "accord-batch-XXXXXX").string();
    REQUIRE(mkdtemp(made.data()) != nullptr);
    folder_ = made;
    REQUIRE(
        call(first(), {"new-management-store", "--service-name", "lync", "--sip-domain", "d.example"}).code ==
        0);
  }
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;
  ~Stores() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string first() const { return (folder_ / "first.db").string(); }
  [[nodiscard]] std::string copied(const std::string& name) const {
    const auto copy = folder_ / name;
    fs::copy_file(first(), copy, fs::copy_options::overwrite_existing);
    return copy.string();
  }

  struct Outcome {
    int code = 0;
    std::string out = {};
  };
  static Outcome call(const std::string& store, const Words& words, std::string input = {}) {
    SilentConsole console(std::move(input));
    const Settings settings{.accord_store = store};
    const FixedClock clock(Instant(std::chrono::seconds(1700000000)));
    const int code = run("accord", words, console, settings, clock);
    return {.code = code, .out = console.out};
  }
  // All that the lines can change.
  static std::string state(const std::string& store) {
    return call(store, {"get-sip-domain", "--output", "jsonl"}).out +
           call(store, {"get-oauth-configuration", "--output", "jsonl"}).out;
  }

 private:
  fs::path folder_;
};

std::vector<Words> any_lines() {
  const auto domain = [] { return *rc::gen::element<std::string>("a.example", "b.example", "d.example"); };
  std::vector<Words> lines(*rc::gen::inRange<std::size_t>(0, 7));
  for (auto& line : lines) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1:
        line = {"new-sip-domain", domain(), "--output", "jsonl"};
        break;
      case 2:
        line = {"set-sip-domain", domain(), "--is-default", "true"};
        break;
      case 3:
        line = {"remove-sip-domain", domain()};
        break;
      case 4:
        line = {"get-sip-domain", "--output", "jsonl"};
        break;
      default:
        line = {"set-oauth-configuration", "--clock-skew", *rc::gen::element<std::string>("1m", "2m", "1h")};
        break;
    }
  }
  return lines;
}

std::string as_text(const std::vector<Words>& lines) {
  std::string text;
  for (const auto& line : lines) {
    for (const auto& word : line) text += "'" + word + "' ";
    text += "\n";
  }
  return text;
}

// The same calls by themselves: what they print together, and the first code that is not 0. `all`: those
// after a failure too.
Stores::Outcome one_by_one(const std::string& store, const std::vector<Words>& lines, bool all) {
  Stores::Outcome outcome;
  for (const auto& line : lines) {
    const auto made = Stores::call(store, line);
    outcome.out += made.out;
    if (outcome.code == 0) outcome.code = made.code;
    if (made.code != 0 && !all) break;
  }
  return outcome;
}

TEST_CASE("a batch does what its lines do by themselves, up to the first error or to the end") {
  const Stores stores;
  CHECK(rc::check([&] {
    const auto lines = any_lines();
    const bool goes_on = *rc::gen::arbitrary<bool>();
    const auto singly = stores.copied("singly.db");
    const auto together = stores.copied("together.db");
    const auto expected = one_by_one(singly, lines, goes_on);
    const auto made = Stores::call(
        together, {"invoke-batch", "-", "--error-action", goes_on ? "continue" : "stop"}, as_text(lines));
    RC_ASSERT(made.code == expected.code);
    RC_ASSERT(made.out == expected.out);
    RC_ASSERT(Stores::state(together) == Stores::state(singly));
  }));
}

TEST_CASE("an atomic batch does all of that or nothing, and a rehearsal foretells which") {
  const Stores stores;
  CHECK(rc::check([&] {
    const auto lines = any_lines();
    const auto singly = stores.copied("singly.db");
    const auto together = stores.copied("together.db");
    const auto before = Stores::state(together);
    const auto rehearsed =
        Stores::call(together, {"invoke-batch", "-", "--atomic", "--what-if"}, as_text(lines));
    RC_ASSERT(Stores::state(together) == before);
    const auto made = Stores::call(together, {"invoke-batch", "-", "--atomic"}, as_text(lines));
    RC_ASSERT(rehearsed.code == made.code);
    // Lines that cannot be understood are found before the first one runs, so another error may be the first.
    const auto expected = one_by_one(singly, lines, false);
    RC_ASSERT((made.code == 0) == (expected.code == 0));
    RC_ASSERT(made.out == (made.code == 0 ? expected.out : std::string()));
    RC_ASSERT(Stores::state(together) == (made.code == 0 ? Stores::state(singly) : before));
  }));
}

}  // namespace
}  // namespace accord
