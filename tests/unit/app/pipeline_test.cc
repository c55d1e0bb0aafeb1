#include "lib/app/pipeline.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/record.h"
#include "lib/core/writer.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::array<std::string_view, 6> kProperties = {"Identity", "Enabled", "DaysLeft",
                                                         "Hosts",    "State",   "Realm"};
constexpr RecordType kType{"Thing", kProperties};

RecordInput identity_input() {
  return {.type = &kType, .take = {{.property = "Identity", .parameter = "Name"}}};
}

RecordInput state_input() {
  return {.type = &kType,
          .take = {{.property = "Hosts", .parameter = "Host"},
                   {.property = "State", .parameter = "Previous", .when = "Previous"},
                   {.property = "State", .parameter = "Staged", .when = "Staged"}}};
}

// "line Name=value,value Previous=true", a record a line.
std::string shown(const std::vector<PipedRecord>& records) {
  std::string text;
  for (const auto& record : records) {
    text += std::to_string(record.line);
    for (const auto& given : record.values.given) {
      text += " " + std::string(given.parameter) + "=";
      for (std::size_t i = 0; i < given.values.size(); ++i) text += (i > 0 ? "," : "") + given.values[i];
    }
    text += "\n";
  }
  return text;
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
}

TEST_CASE("records give the values that the verb takes, each with its line") {
  const auto read = [](std::string_view text) { return shown(must(read_records(text, identity_input()))); };
  CHECK(read("").empty());
  CHECK(read("\n \n\t\r\n").empty());
  CHECK(read(R"({"Identity":"a"})") == "1 Name=a\n");
  CHECK(read("{\"Identity\":\"a\"}\n{\"Identity\":\"b\"}\n") == "1 Name=a\n2 Name=b\n");
  CHECK(read("\n\n{\"Identity\":\"a\"}\r\n\r\n  {\"Identity\":\"b\"}  ") == "3 Name=a\n5 Name=b\n");
  CHECK(read(R"({"Enabled":true,"DaysLeft":3,"Hosts":[],"Realm":null,"Identity":"a b"})") == "1 Name=a b\n");
  CHECK(read(R"({"Identity":"\"\\\u00e9\ud83d\ude00"})") == "1 Name=\"\\\u00e9\U0001F600\n");
}

TEST_CASE("a switch is given where its property has the value") {
  const auto read = [](std::string_view text) { return shown(must(read_records(text, state_input()))); };
  CHECK(read(R"({"Hosts":"a","State":"Previous"})") == "1 Host=a Previous=true\n");
  CHECK(read(R"({"Hosts":"a","State":"Staged"})") == "1 Host=a Staged=true\n");
  CHECK(read(R"({"Hosts":"a","State":"Current"})") == "1 Host=a\n");
  CHECK(read(R"({"Hosts":"a","State":null})") == "1 Host=a\n");
  // Without it, what stands for the previous one would mean the current one.
  CHECK(error_id(read_records(R"({"Hosts":"a"})", state_input())) == "Pipeline.Invalid");
  CHECK(read(R"({"Hosts":"a","State":"previous"})") == "1 Host=a\n");
}

TEST_CASE("what is no record of the type is refused with its line") {
  const std::vector<std::string_view> samples = {
      "a",
      "{",
      R"({"Identity":"a)",
      R"({"Identity":"a"},)",
      R"({"Identity":"a"}{"Identity":"b"})",
      R"({"Identity":"a","Identity":"a"})",
      R"({'Identity':'a'})",
      R"([{"Identity":"a"}])",
      R"(["a"])",
      "\"a\"",
      "12",
      "true",
      "null",
      "[]",
      "{}",
      R"({"Enabled":true})",
      R"({"Identity":null})",
      R"({"Identity":""})",
      R"({"Identity":[]})",
      R"({"Identity":12})",
      R"({"Identity":1.5})",
      R"({"Identity":true})",
      R"({"Identity":{}})",
      R"({"Identity":{"Name":"a"}})",
      R"({"Identity":[1]})",
      R"({"Identity":["a"]})",
      R"({"Identity":["a",null]})",
      R"({"identity":"a"})",
      R"({"Identity":"a","Nonsense":1})",
      R"({"Identity":"a","enabled":true})",
      "{\"Identity\":\"\xFF\"}",
      R"({"Identity":"\ud83d"})",
      R"({"Identity":"a"} # remark)",
  };
  for (const auto sample : samples) {
    CAPTURE(sample);
    const auto text = "{\"Identity\":\"x\"}\n\n" + std::string(sample) + "\n{\"Identity\":\"y\"}\n";
    const auto read = read_records(text, identity_input());
    REQUIRE(error_id(read) == "Pipeline.Invalid");
    CHECK(read.error().line == 3);
    CHECK_FALSE(read.error().target.empty());
    CHECK_FALSE(read.error().advice.empty());
  }
}

TEST_CASE("the error says what kind of record was wanted, and names the property") {
  const auto error_of = [](std::string_view text) {
    const auto read = read_records(text, identity_input());
    REQUIRE_FALSE(read.has_value());
    return read.error();
  };
  const auto other = error_of(R"({"Identity":"a","AuthToken":"x"})");
  CHECK(other.message.find("Thing") != std::string::npos);
  CHECK(other.message.find("'AuthToken'") != std::string::npos);
  CHECK(other.target == "AuthToken");
  const auto missing = error_of(R"({"Enabled":true})");
  CHECK(missing.message.find("Identity") != std::string::npos);
  CHECK(missing.advice.find("--property") != std::string::npos);
  const auto escape = error_of("{\"a\\u001bb\":1}");
  CHECK(escape.message.find('\x1b') == std::string::npos);
}

// ---------------------------------------------------------------------------------------------------------------------
// What the writer writes

rc::Gen<std::string> any_name() {
  const auto character = rc::gen::weightedOneOf<std::string>(
      {{4, rc::gen::element<std::string>("a", "B", "7", "-", ".")},
       {2, rc::gen::element<std::string>(" ", "\"", "\\", "{", "}", "[", ",", ":", "\n", "\r", "\t", "\x01")},
       {2, rc::gen::element<std::string>("\u00e9", "\u20ac", "\U0001F600", "\u2028", "\ufeff")}});
  return rc::gen::map(
      rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(character))),
      [](const std::vector<std::string>& parts) {
        std::string made;
        for (const auto& part : parts) made += part;
        return made;
      });
}

Record record_named(const std::string& name) {
  Record record(kType);
  record.add("Identity", name).add("Enabled", *rc::gen::arbitrary<bool>());
  record.add("DaysLeft", *rc::gen::arbitrary<std::int64_t>());
  record.add("Hosts", *rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(any_name())));
  record.add("State", Value()).add("Realm", *any_name());
  return record;
}

std::string written(const std::vector<std::string>& names) {
  std::vector<Record> records;
  records.reserve(names.size());
  for (const auto& name : names) records.push_back(record_named(name));
  return render(records, kProperties, Format::jsonl, Count::many);
}

TEST_CASE("what get verbs write as jsonl is read as the same names, a line each") {
  CHECK(rc::check([] {
    const auto names = *rc::gen::resize(20, rc::gen::container<std::vector<std::string>>(any_name()));
    const auto records = must(read_records(written(names), identity_input()));
    RC_ASSERT(records.size() == names.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      RC_ASSERT(records[i].line == i + 1);
      RC_ASSERT(records[i].values.given.size() == 1U);
      RC_ASSERT(records[i].values.given.front().parameter == "Name");
      RC_ASSERT(records[i].values.given.front().values == std::vector<std::string>{names[i]});
    }
  }));
}

TEST_CASE("a stream that was cut off within a line is refused at that line") {
  CHECK(rc::check([] {
    const auto names =
        *rc::gen::resize(10, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(any_name())));
    const auto text = written(names);
    const auto cut = text.substr(0, *rc::gen::inRange<std::size_t>(0, text.size() + 1));
    const auto read = read_records(cut, identity_input());
    const bool is_whole = cut.empty() || cut.ends_with('\n') || text.substr(cut.size()).starts_with('\n');
    RC_ASSERT(read.has_value() == is_whole);
    if (is_whole) {
      RC_ASSERT(read->size() == lines_of(cut) - (cut.empty() || cut.ends_with('\n') ? 1 : 0));
    } else {
      RC_ASSERT(read.error().line == lines_of(cut));
    }
  }));
}

TEST_CASE("any text is records or an error of a line that is there") {
  const auto check = [](const std::string& text) {
    const auto read = read_records(text, identity_input());
    if (!read) {
      RC_ASSERT(read.error().id == ErrorId("Pipeline.Invalid"));
      RC_ASSERT(read.error().line >= 1U);
      RC_ASSERT(read.error().line <= lines_of(text));
      return;
    }
    std::size_t last = 0;
    for (const auto& record : *read) {
      RC_ASSERT(record.line > last);
      last = record.line;
    }
    RC_ASSERT(last <= lines_of(text));
  };
  CHECK(rc::check("any bytes", [&](const std::string& text) { check(text); }));
  CHECK(rc::check("a record with some bytes changed", [&] {
    auto text = written({"a", "b", "c"});
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i)
      text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    check(text);
  }));
}

}  // namespace
}  // namespace accord
