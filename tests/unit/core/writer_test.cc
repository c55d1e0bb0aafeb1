#include "lib/core/writer.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "lib/core/json.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::array<std::string_view, 7> kPartnerProperties = {"Name",  "Enabled", "Realm", "Port",
                                                                "Since", "Hosts",   "Checks"};
constexpr RecordType kPartner{"Partner", kPartnerProperties};
constexpr std::array<std::string_view, 3> kCheckProperties = {"Name", "Result", "Detail"};
constexpr RecordType kCheck{"Check", kCheckProperties};

Record check(std::string name, std::string result, std::string detail) {
  Record record(kCheck);
  record.add("Name", std::move(name)).add("Result", std::move(result)).add("Detail", std::move(detail));
  return record;
}

Record partner() {
  Record record(kPartner);
  record.add("Name", "HR, \"main\"")
      .add("Enabled", true)
      .add("Realm", Value())
      .add("Port", std::int64_t{443})
      .add("Since", Instant{Duration{1700000000}})
      .add("Hosts", std::vector<std::string>{"a.com", "b.com"})
      .add("Checks",
           std::vector<Record>{check("token.form", "Pass", "three segments"), check("audience", "Fail", "")});
  return record;
}

Record bare(const std::string& name) {
  Record record(kPartner);
  record.add("Name", name).add("Enabled", false).add("Realm", "").add("Port", std::int64_t{-1});
  record.add("Since", Value()).add("Hosts", std::vector<std::string>{}).add("Checks", std::vector<Record>{});
  return record;
}

std::string shown(const std::vector<Record>& records, Format format, Count count = Count::many,
                  const std::vector<std::string>& wanted = {}) {
  return render(records, must(select_properties(kPartner, wanted)), format, count);
}

TEST_CASE("a record finds its properties in any case") {
  const auto record = partner();
  REQUIRE(record.find("PORT") != nullptr);
  CHECK(std::get<std::int64_t>(*record.find("PORT")) == 443);
  CHECK(record.find("Por") == nullptr);
  CHECK(&record.type() == &kPartner);
  CHECK(value_or_null(std::optional<std::string>()).index() == 0);
  CHECK(std::get<std::string>(value_or_null(std::optional<std::string>("x"))) == "x");
}

TEST_CASE("a list is a block a record, with a blank line between") {
  CHECK(shown({partner(), bare("x")}, Format::list) ==
        "Name    : HR, \"main\"\n"
        "Enabled : True\n"
        "Realm   :\n"
        "Port    : 443\n"
        "Since   : 2023-11-14T22:13:20Z\n"
        "Hosts   : a.com, b.com\n"
        "Checks  : token.form  Pass  three segments\n"
        "          audience    Fail\n"
        "\n"
        "Name    : x\n"
        "Enabled : False\n"
        "Realm   :\n"
        "Port    : -1\n"
        "Since   :\n"
        "Hosts   :\n"
        "Checks  :\n");
}

TEST_CASE("a table has a header, dashes and aligned columns without trailing blanks") {
  CHECK(
      shown({bare("日本"), bare("x"), partner()}, Format::table, Count::many, {"Name", "Enabled", "Realm"}) ==
      "Name       Enabled Realm\n"
      "----       ------- -----\n"
      "日本       False\n"
      "x          False\n"
      "HR, \"main\" True\n");
  CHECK(shown({partner()}, Format::table, Count::one, {"checks"}) ==
        "Checks\n"
        "------\n"
        "token.form=Pass; audience=Fail\n");
}

TEST_CASE("JSON is an object for one thing and an array for any number") {
  const std::vector<std::string> two = {"Name", "Realm"};
  CHECK(shown({bare("x")}, Format::json, Count::one, two) == "{\n  \"Name\": \"x\",\n  \"Realm\": \"\"\n}\n");
  CHECK(shown({bare("x")}, Format::json, Count::many, two) ==
        "[\n  {\n    \"Name\": \"x\",\n    \"Realm\": \"\"\n  }\n]\n");
  CHECK(shown({}, Format::json) == "[]\n");
}

TEST_CASE("JSON keeps the types of values and prints null") {
  CHECK(
      shown({partner()}, Format::jsonl) ==
      R"({"Name":"HR, \"main\"","Enabled":true,"Realm":null,"Port":443,"Since":"2023-11-14T22:13:20Z",)"
      R"("Hosts":["a.com","b.com"],"Checks":[{"Name":"token.form","Result":"Pass","Detail":"three segments"},)"
      R"({"Name":"audience","Result":"Fail","Detail":""}]})"
      "\n");
  CHECK(shown({bare("x"), bare("y")}, Format::jsonl, Count::one, {"Name", "Hosts"}) ==
        "{\"Name\":\"x\",\"Hosts\":[]}\n{\"Name\":\"y\",\"Hosts\":[]}\n");
}

TEST_CASE("YAML has the same shape as JSON") {
  CHECK(shown({partner()}, Format::yaml, Count::one) ==
        "Name: \"HR, \\\"main\\\"\"\n"
        "Enabled: true\n"
        "Realm: null\n"
        "Port: 443\n"
        "Since: \"2023-11-14T22:13:20Z\"\n"
        "Hosts:\n"
        "  - a.com\n"
        "  - b.com\n"
        "Checks:\n"
        "  - Name: token.form\n"
        "    Result: Pass\n"
        "    Detail: three segments\n"
        "  - Name: audience\n"
        "    Result: Fail\n"
        "    Detail: \"\"\n");
  CHECK(shown({bare("x"), bare("z")}, Format::yaml, Count::many, {"Name", "Hosts"}) ==
        "- Name: x\n  Hosts: []\n- Name: z\n  Hosts: []\n");
  CHECK(shown({}, Format::yaml) == "[]\n");
}

TEST_CASE("CSV quotes what RFC 4180 says and always has its header") {
  CHECK(shown({partner(), bare(" x")}, Format::csv) ==
        "Name,Enabled,Realm,Port,Since,Hosts,Checks\n"
        "\"HR, \"\"main\"\"\",True,,443,2023-11-14T22:13:20Z,\"a.com,b.com\",token.form=Pass; audience=Fail\n"
        "\" x\",False,,-1,,,\n");
  CHECK(shown({}, Format::csv, Count::many, {"name", "PORT"}) == "Name,Port\n");
}

TEST_CASE("the value form prints values alone, one a line") {
  CHECK(shown({partner(), bare("x")}, Format::value, Count::many, {"Name", "Realm", "Enabled"}) ==
        "HR, \"main\"\n\nTrue\nx\n\nFalse\n");
}

TEST_CASE("nothing is printed of no records but where a document must be") {
  for (const auto format : {Format::list, Format::table, Format::value, Format::jsonl}) {
    CHECK(shown({}, format).empty());
  }
}

TEST_CASE("no stored text forges a line or steers the terminal, in any form") {
  const auto evil = bare("x\nName : y\x1B[2J\xE2\x80\xAE");
  for (const auto& entry : EnumNames<Format>::table) {
    CAPTURE(entry.second);
    const auto text = shown({evil}, entry.first, Count::one, {"Name", "Enabled"});
    CHECK(text.find('\x1B') == std::string::npos);
    CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
    CHECK(text.find("\nName : y") == std::string::npos);
  }
  CHECK(shown({evil}, Format::csv, Count::one, {"Name"}) == "Name\nx\\nName : y\\x1B[2J\\u{202E}\n");
}

TEST_CASE("JSON output reads back as it was meant") {
  const auto text = shown({bare("x\n\"\\\x7F\xFF")}, Format::json, Count::one);
  const auto value = must(json::parse(text));
  CHECK(value.find_string("Name") == "x\n\"\\\x7F\xEF\xBF\xBD");
}

TEST_CASE("five properties print as a list, four as a table") {
  CHECK(default_format(5) == Format::list);
  CHECK(default_format(4) == Format::table);
  CHECK(default_format(1) == Format::table);
}

TEST_CASE("properties are selected in the order wanted and spelt as the type does") {
  CHECK(must(select_properties(kPartner, std::vector<std::string>{"port", "NAME"})) ==
        std::vector<std::string_view>{"Port", "Name"});
  CHECK(must(select_properties(kPartner, {})).size() == 7);
  const auto unknown = select_properties(kPartner, std::vector<std::string>{"Nam"});
  CHECK(error_id(unknown) == "Property.Unknown");
  CHECK(unknown.error().advice.find("Name, Enabled, Realm") != std::string::npos);
}

}  // namespace
}  // namespace accord
