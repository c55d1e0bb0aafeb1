#include "lib/core/where.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::array<std::string_view, 9> kProperties = {
    "Identity", "Enabled", "DaysLeft", "NotAfter", "Realm", "Hosts", "Empty", "Single", "Checks"};
constexpr RecordType kType{"Partner", kProperties};
constexpr Instant kNow{std::chrono::seconds{1700000000}};  // 2023-11-14T22:13:20Z

Record partner() {
  Record record(kType);
  record.add("Identity", "HRApp").add("Enabled", true).add("DaysLeft", std::int64_t{30});
  record.add("NotAfter", kNow + std::chrono::days(20)).add("Realm", Value());
  record.add("Hosts", std::vector<std::string>{"mail.a.com", "web.a.com", "b.org"});
  record.add("Empty", std::vector<std::string>{}).add("Single", std::vector<std::string>{"x.com"});
  record.add("Checks", std::vector<Record>{Record(kType)});
  return record;
}

bool holds(std::string_view text) {
  CAPTURE(text);
  return must(must(Where::parse(text, kType, kNow)).matches(partner()));
}

Error error_of(std::string_view text) {
  CAPTURE(text);
  const auto where = Where::parse(text, kType, kNow);
  if (!where) return where.error();
  const auto matched = where->matches(partner());
  REQUIRE_FALSE(matched.has_value());
  return matched.error();
}

struct Sample {
  std::string_view text;
  bool expected = false;
};

void check(const std::vector<Sample>& samples) {
  for (const auto& one : samples) {
    CAPTURE(one.text);
    CHECK(holds(one.text) == one.expected);
  }
}

struct Place {
  std::string_view text;
  std::size_t column = 0;
};

struct Wrong {
  std::string_view text;
  std::size_t column = 0;
  std::string_view message;
  std::string_view advice = {};  // a part of it
};

void check_errors(const std::vector<Wrong>& samples) {
  for (const auto& one : samples) {
    CAPTURE(one.text);
    const auto error = error_of(one.text);
    CHECK(error.id == ErrorId("Expression.Invalid"));
    CHECK(error.column == one.column);
    CHECK(error.message == one.message);
    CHECK(error.target == one.text);
    CAPTURE(error.advice);
    CHECK(error.advice.find(one.advice) != std::string::npos);
  }
}

TEST_CASE("text compares without case, and with case where asked to") {
  check({{"Identity -eq 'hrapp'", true},
         {"Identity -ieq 'hrapp'", true},
         {"Identity -ceq 'hrapp'", false},
         {"Identity -ceq 'HRApp'", true},
         {"Identity -ne 'hrapp'", false},
         {"Identity -cne 'hrapp'", true},
         {"Identity -ine 'HRAPP'", false},
         {"Identity -lt 'i'", true},
         {"Identity -gt 'HR'", true},
         {"Identity -ge 'hrapp'", true},
         {"Identity -le 'hrapp'", true},
         {"'macOS' -ilt 'MacOS'", false},
         {"'MacOS' -ilt 'macOS'", false},
         {"'macOS' -clt 'MacOS'", true},
         {"'MacOS' -clt 'macOS'", false},
         {"'b' -clt 'A'", false},
         {"'MacOS' -cge 'macOS'", true}});
}

TEST_CASE("wildcards and regular expressions are those of PowerShell") {
  check({{"Identity -like 'hr*'", true},
         {"Identity -clike 'hr*'", false},
         {"Identity -ilike '[g-i]r?p?'", true},
         {"Identity -notlike 'hr*'", false},
         {"Identity -cnotlike 'hr*'", true},
         {"Identity -match 'ra'", true},
         {"Identity -cmatch 'ra'", false},
         {"Identity -imatch '^hr\\w+$'", true},
         {"Identity -notmatch '^a'", true},
         {"Identity -cnotmatch 'ra'", true},
         {"DaysLeft -like '3*'", true},
         {"DaysLeft -like 30", true},
         {"Enabled -like 'tr*'", true},
         {"NotAfter -like '2023-12-04T*Z'", true},
         {"Realm -like '*'", true},
         {"Realm -like 'a*'", false},
         {"Realm -match ''", true},
         {"Identity -like $null", false},
         {"Identity -like Identity", true},
         {"Identity -match Identity", true},
         {"Identity -like @('hr*')", true},
         {"Identity -like @(Identity)", true},
         {"Identity -notlike Identity", false},
         {"Identity -notmatch Identity", false}});
}

TEST_CASE("the right side is converted to the type of the left") {
  check({{"Enabled -eq $true", true},     {"Enabled -eq 'true'", true},
         {"Enabled -eq '$false'", false}, {"Enabled -eq 1", true},
         {"Enabled -eq 0", false},        {"Enabled -gt $false", true},
         {"DaysLeft -eq 30", true},       {"DaysLeft -eq '30'", true},
         {"DaysLeft -eq ' 30 '", true},   {"DaysLeft -lt '100'", true},
         {"DaysLeft -gt 4", true},        {"DaysLeft -eq 'thirty'", false},
         {"DaysLeft -ne 'thirty'", true}, {"DaysLeft -gt -1", true},
         {"DaysLeft -ge +30", true},      {"'10' -lt 9", true},
         {"10 -lt '9'", false},           {"Identity -eq 5", false},
         {"$true -eq DaysLeft", true},    {"1 -eq Enabled", true}});
}

TEST_CASE("dates compare as dates, however they are written") {
  check({{"NotAfter -lt '+30d'", true},
         {"NotAfter -lt '+19d'", false},
         {"NotAfter -gt 'now'", true},
         {"NotAfter -eq '2023-12-04T22:13:20Z'", true},
         {"NotAfter -eq '12/4/2023 10:13:20 PM'", true},
         {"NotAfter -eq '+20d'", true},
         {"NotAfter -ne '+20d'", false},
         {"NotAfter -ge '2023-12-04T22:13:20Z'", true},
         {"NotAfter -ge '2023-12-04T22:13:21Z'", false},
         {"'+30d' -gt NotAfter", true},
         {"'+30d' -lt NotAfter", false},
         {"NotAfter -eq NotAfter", true},
         {"'2023-12-05','+20d' -contains NotAfter", true},
         {"NotAfter -in '2023-12-05','+21d'", false}});
}

TEST_CASE("a text literal on the left takes the type of the property") {
  check({{"'true' -eq Enabled", true},
         {"'false' -eq Enabled", false},
         {"'9' -lt DaysLeft", true},
         {"'9' -gt DaysLeft", false},
         {"'30' -le DaysLeft", true},
         {"'thirty' -eq DaysLeft", false},
         {"Enabled -in 'true','false'", true},
         {"DaysLeft -in '030'", true},
         {"'hrapp' -eq Identity", true}});
}

TEST_CASE("null equals null alone and is less than everything") {
  check({{"Realm -eq $null", true},
         {"$null -eq Realm", true},
         {"Realm -ne $null", false},
         {"Realm -eq ''", false},
         {"Realm -eq 0", false},
         {"Realm -eq $false", false},
         {"Identity -eq $null", false},
         {"Enabled -ne $null", true},
         {"Realm -lt 'a'", true},
         {"Realm -lt -5", true},
         {"Realm -lt $null", false},
         {"Realm -le $null", true},
         {"Realm -ge 'a'", false},
         {"Identity -gt $null", true},
         {"NotAfter -lt $null", false},
         {"NotAfter -gt $null", true},
         {"Realm -in 'a',$null", true}});
}

TEST_CASE("a list on the left is filtered, and what is left over is true") {
  check({{"Hosts -eq 'b.org'", true},
         {"Hosts -eq 'c.org'", false},
         {"Hosts -ne 'b.org'", true},
         {"Single -ne 'x.com'", false},
         {"Hosts -like '*.a.com'", true},
         {"-not (Hosts -like '*.net')", true},
         {"Hosts -match '^web'", true},
         {"Hosts -cmatch '^WEB'", false},
         {"Hosts -gt 'w'", true},
         {"(Hosts -like '*.a.com') -eq 'b.org'", false},
         {"Hosts -like '*.a.com' -like 'web*'", true},
         {"Hosts -eq $null", false},
         {"'','a' -eq ''", true},
         {"0 -eq Hosts", false},
         {"'b.org' -eq Hosts", true},
         {"'a' -lt Hosts", true},
         {"'a' -gt Hosts", false},
         {"DaysLeft -eq @(30)", true},
         {"Hosts -contains @('b.org')", true},
         {"'x.com' -ne Single", false},
         {"1,2,3 -gt 2", true},
         {"1,2,3 -gt 3", false},
         {"Empty -ne 'a'", false}});
}

TEST_CASE("lists are searched with -in and -contains") {
  check({{"Identity -in 'a','hrapp'", true},
         {"Identity -cin 'a','hrapp'", false},
         {"Identity -iin @('a', 'HRAPP')", true},
         {"Identity -notin 'a','hrapp'", false},
         {"Identity -cnotin 'a','hrapp'", true},
         {"Identity -in 'hrapp'", true},
         {"Identity -in @()", false},
         {"Identity -in $null", false},
         {"'b.org' -in Hosts", true},
         {"Hosts -contains 'B.org'", true},
         {"Hosts -ccontains 'B.org'", false},
         {"Hosts -notcontains 'b.org'", false},
         {"Hosts -inotcontains 'c.org'", true},
         {"Hosts -cnotcontains 'B.org'", true},
         {"Empty -contains 'a'", false},
         {"Empty -notcontains 'a'", true},
         {"Realm -contains 'a'", false},
         {"'a','hrapp' -contains Identity", true},
         {"@(Hosts) -contains 'b.org'", true},
         {"@(Identity) -contains 'hrapp'", true},
         {"DaysLeft -in 10, 20, 30", true},
         {"DaysLeft -in (10, 20)", false},
         {"1,'x' -contains Identity", false}});
}

TEST_CASE("what is true is what PowerShell takes for true") {
  check({{"Enabled", true},  {"Identity", true},  {"''", false},
         {"' '", true},      {"DaysLeft", true},  {"0", false},
         {"-1", true},       {"Realm", false},    {"$null", false},
         {"NotAfter", true}, {"Hosts", true},     {"Empty", false},
         {"Single", true},   {"@('')", false},    {"@()", false},
         {"'',''", true},    {"Checks", true},    {"-not Identity", false},
         {"!Realm", true},   {"! ! Realm", false}});
}

TEST_CASE("precedence is PowerShell's") {
  check({// -and, -or and -xor are one level, from left to right.
         {"$true -or $false -and $false", false},
         {"$true -or ($false -and $false)", true},
         {"$true -xor $true -or $true", true},
         {"$true -or $true -xor $true", false},
         {"$false -and $true -or $true", true},
         // -not binds more tightly than comparisons.
         {"-not Enabled -eq $false", true},
         {"-not (Enabled -eq $false)", true},
         {"-not DaysLeft -eq 30", false},
         {"!$true -eq $false", true},
         // and than the comma.
         {"!$true,$true -contains $true", true},
         {"!$true,$true -contains $false", true},
         // Comparisons are one level, from left to right.
         {"'a' -eq 'b' -eq $false", true},
         {"1 -lt 2 -eq $true -ne $false", true},
         {"1 -eq 2 -eq 0", true}});
}

TEST_CASE("what the left of -and and -or decides is not looked at on the right") {
  check({{"$false -and Enabled -eq 'perhaps'", false}, {"$true -or Enabled -eq 'perhaps'", true}});
  CHECK(error_of("$true -and Enabled -eq 'perhaps'").column == 24);
  CHECK(error_of("$true -xor Enabled -eq 'perhaps'").column == 24);
}

TEST_CASE("properties are written as Where-Object has them, too") {
  check({{"$_.Enabled -eq $true", true},
         {"$PSItem.enabled", true},
         {"$psitem.Identity -eq 'hrapp'", true},
         {"{ $_.Enabled -and $_.Identity -like 'hr*' }", true},
         {"{Enabled}", true},
         {"ENABLED -EQ $TRUE -AND -NOT $FALSE", true},
         {"Enabled-eq$true", true},
         {"$_.Enabled-eq$true-and(DaysLeft-gt 5)", true},
         {"DaysLeft-in 30,40", true},
         {"30-eq 30", true},
         {"Enabled\n -and\r\n\tIdentity", true}});
}

TEST_CASE("quotes are doubled or escaped as in PowerShell") {
  check({{"'it''s' -eq \"it's\"", true},
         {"\"say \"\"hi\"\"\" -eq 'say \"hi\"'", true},
         {"\"a`\"b\" -eq 'a\"b'", true},
         {"\"a``b\" -eq 'a`b'", true},
         {"\"`$true\" -eq '$true'", true},
         {"\"costs 5$\" -eq 'costs 5$'", true},
         {"\"`t\" -match '^\\t$'", true},
         {"\"`u{20AC}\" -eq '\u20AC'", true},
         {"\"`q\" -eq 'q'", true},
         {"'a`n' -eq \"a``n\"", true},
         {"'' -eq \"\"", true},
         {"'a''' -like '*['']'", true}});
}

TEST_CASE("quotes and dashes of a word processor are taken for plain ones") {
  check({{"Identity \u2013eq \u2018hrapp\u2019", true},
         {"Identity \u2014like \u201Chr*\u201D", true},
         {"DaysLeft -gt \u20131", true},
         {"Identity\u00A0-eq 'hrapp'", true},
         {"'it\u2019\u2019s' -eq 'it\u2019\u2019s'", true}});
}

TEST_CASE("a record that lacks a property has null there") {
  CHECK(must(must(Where::parse("Identity -eq $null", kType, kNow)).matches(Record(kType))));
}

TEST_CASE("an expression outlives the text and the parser, and can be copied") {
  auto where = std::optional(
      must(Where::parse(std::string("Identity -match 'hr' -and Identity -eq 'hrapp'"), kType, kNow)));
  const auto copy = *where;
  where.reset();
  CHECK(must(copy.matches(partner())));
  const Record empty(kType);
  CHECK_FALSE(must(copy.matches(empty)));
}

TEST_CASE("an unknown property is pointed at, with the one that was meant") {
  for (const auto& one : std::vector<Place>{{"Enabeld -eq $true", 1},
                                            {"DaysLeft -gt 5 -and $_.Enabeld", 21},
                                            {"DaysLeft -gt 5 -and Enabeld", 21},
                                            {"Enabeld 'x", 1},
                                            {"(Enabeld)", 2},
                                            {"!Enabeld", 2}}) {
    CAPTURE(one.text);
    const auto error = error_of(one.text);
    CHECK(error.id == ErrorId("Property.Unknown"));
    CHECK(error.column == one.column);
    CHECK(error.target == one.text);
    CHECK(error.message == "Partner has no property 'Enabeld'");
    CHECK(error.advice ==
          "did you mean 'Enabled'? its properties are Identity, Enabled, DaysLeft, NotAfter, Realm, Hosts, "
          "Empty, "
          "Single, Checks");
  }
}

TEST_CASE("a text without its quotes is told so") {
  check_errors(
      {{"Identity -eq Current", 14, "'Current' is not a property; text is written in quotes: 'Current'"},
       {"Identity -like mail.*", 16, "'mail.*' is not a property; text is written in quotes: 'mail.*'"},
       {"Identity -in 'a', b", 19, "'b' is not a property; text is written in quotes: 'b'"},
       {"Identity -eq -foo", 14, "a value is expected here, not '-foo'", "in quotes: '-foo'"},
       {"NotAfter -lt +30d", 14, "'+30d' is not a whole number", "in quotes: '+30d'"},
       {"NotAfter -lt 2030-01-31", 14, "'2030-01-31' is not a whole number", "in quotes: '2030-01-31'"},
       {"Enabled -eq true", 13, "'true' is not a property", "write '$true'"},
       {"null -eq Realm", 1, "'null' is not a property", "write '$null'"}});
}

TEST_CASE("operators that are none are told from those that are") {
  check_errors({{"Enabled -eqq $true", 9, "'-eqq' is no operator", "did you mean '-eq'?"},
                {"Enabled -notlik 'a'", 9, "'-notlik' is no operator", "did you mean '-notlike'?"},
                {"Enabled -replace 'a'", 9, "'-replace' is no operator", "-eq -ne"},
                {"Enabled -cand $true", 9, "'-cand' is no operator", "did you mean '-and'?"},
                {"-nott Enabled", 1, "'-nott' is no operator", "did you mean '-not'?"},
                {"Enabled = $true", 9, "'=' is no operator", "write '-eq'"},
                {"Enabled == $true", 9, "'==' is no operator", "write '-eq'"},
                {"Enabled != $true", 9, "'!=' is no operator", "write '-ne'"},
                {"DaysLeft>5", 9, "'>' is no operator", "write '-gt'"},
                {"DaysLeft <= 5", 10, "'<=' is no operator", "write '-le'"},
                {"Enabled && Realm", 9, "'&&' is no operator", "write '-and'"},
                {"Enabled || Realm", 9, "'||' is no operator", "write '-or'"},
                {"Enabled eq $true", 9, "'eq' is no operator", "write '-eq'"},
                {"Enabled AND Realm", 9, "'AND' is no operator", "write '-and'"},
                {"Enabled $true", 9, "an operator is expected here, not '$true'", "-and"},
                {"Enabled -not $true", 9, "an operator is expected here, not '-not'"},
                {"Identity 'a'", 10, "an operator is expected here, not 'a'"}});
}

TEST_CASE("what is missing or too much is pointed at") {
  check_errors({{"", 1, "the expression is empty", "Enabled -eq $true"},
                {"  ", 3, "the expression is empty"},
                {"Enabled -eq", 12, "the expression ends where a value is expected", "single quotes"},
                {"Enabled -eq ", 13, "the expression ends where a value is expected"},
                {"Enabled -and", 13, "the expression ends where a value is expected"},
                {"-not", 5, "the expression ends where a value is expected"},
                {"1,", 3, "the expression ends where a value is expected"},
                {"{", 2, "the expression ends where a value is expected"},
                {"(Enabled", 9, "')' is missing", "column 1"},
                {"Enabled -and (Realm", 20, "')' is missing", "column 14"},
                {"Identity -in @('a'", 19, "')' is missing", "column 14"},
                {"(Enabled Realm)", 10, "an operator is expected here, not 'Realm'"},
                {"Enabled)", 8, "')' closes nothing"},
                {"Enabled}", 8, "'}' closes nothing"},
                {"{ Enabled", 10, "'}' is missing", "column 1"},
                {"{ Enabled } x", 13, "nothing may follow the '}'"},
                {"Enabled -and { Realm }", 14, "'{' is only understood around the whole expression", "'('"},
                {"()", 2, "a value is expected here, not ')'"},
                {"-eq 5", 1, "a value is expected here, not '-eq'"},
                {"Enabled -eq -eq", 13, "a value is expected here, not '-eq'"},
                {"Enabled -eq = 5", 13, "a value is expected here, not '='"},
                {"Enabled; Realm", 8, "an operator is expected here, not ';'"},
                {"Identity -eq 'abc", 14, "the quote that starts here is not closed"},
                {"Identity -eq \"abc'", 14, "the quote that starts here is not closed"},
                {"Identity -eq \"abc`", 14, "the quote that starts here is not closed"},
                {"'\u20AC\u20AC' -eq 'x", 10, "the quote that starts here is not closed"}});
}

TEST_CASE("variables, members and numbers that are not understood are pointed at") {
  check_errors(
      {{"$x -eq 1", 1, "there is no variable '$x'", "$null"},
       {"$ -eq 1", 1, "there is no variable '$'", "single quotes"},
       {"Enabled -and $_", 14, "'$_' is a whole record", "$_.Identity"},
       {"$_.Hosts.Count -gt 1", 9, "'$_.Hosts' has no properties of its own here"},
       {"$true.x", 6, "'$true' has no properties of its own here"},
       {"Identity -eq \"a$x\"", 16, "'$' would insert a variable here, and there are none", "single quotes"},
       {"Identity -eq \"$(x)\"", 15, "'$' would insert a variable here, and there are none"},
       {"Identity -eq \"`u{D800}\"", 15, "this is no character"},
       {"DaysLeft -lt 5.5", 14, "'5.5' is not a whole number"},
       {"DaysLeft -lt 9223372036854775808", 14,
        "'9223372036854775808' is not within -9223372036854775808 to 9223372036854775807"},
       {"Identity -in ('a','b'),'c'", 14, "a list cannot be within a list"},
       {"Identity -in Hosts,'c'", 14, "a list cannot be within a list"}});
}

TEST_CASE("patterns that are ill-formed are pointed into before there is a record") {
  for (const auto& one : std::vector<Place>{
           {"Identity -like 'ab[c'", 19}, {"Identity -match 'a('", 20}, {"Identity -match \"`t(\"", 17}}) {
    CAPTURE(one.text);
    const auto failed = Where::parse(one.text, kType, kNow);
    REQUIRE(error_id(failed) == "Expression.Invalid");
    CHECK(failed.error().column == one.column);
    CHECK(failed.error().target == one.text);
  }
}

TEST_CASE("values that cannot be compared are an error at the one to blame") {
  check_errors({{"Enabled -eq 'perhaps'", 13, "'perhaps' is neither true nor false", "$true"},
                {"'perhaps' -eq Enabled", 1, "'perhaps' is neither true nor false"},
                {"Enabled -in 'perhaps','true'", 13, "'perhaps' is neither true nor false"},
                {"DaysLeft -lt 'soon'", 14, "'soon' is not a whole number"},
                {"'soon' -lt DaysLeft", 1, "'soon' is not a whole number"},
                {"NotAfter -eq 5", 14, "a date cannot be compared with '5'", "in quotes"},
                {"NotAfter -eq $true", 14, "a date cannot be compared with 'True'"},
                {"DaysLeft -eq NotAfter", 14, "a date cannot be compared with a number"},
                {"Enabled -eq NotAfter", 13, "a date cannot be compared with a Boolean"},
                {"Checks -eq 'a'", 1, "this is a list of records, which cannot be compared"},
                {"'a' -in Checks", 9, "this is a list of records, which cannot be compared"},
                {"Identity -contains 'a'", 1, "'-contains' needs a list on its left", "-like '*part*'"},
                {"Hosts -in 'a','b'", 1, "'-in' takes one value on its left, not a list", "-contains"},
                {"Identity -eq 'a','b'", 14, "'-eq' takes one value on its right, not a list", "-in"},
                {"Identity -like 'a','b'", 16, "'-like' takes one value on its right, not a list"},
                {"Identity -like Hosts", 16, "'-like' takes one value on its right, not a list"},
                {"Hosts -ceq Hosts", 12, "'-ceq' takes one value on its right, not a list"},
                {"Hosts -contains ('a','b')", 17, "'-contains' takes one value on its right, not a list"}});
}

TEST_CASE("an unreadable date says why and where") {
  for (const auto& one : std::vector<Place>{
           {"NotAfter -lt 'soon'", 14}, {"'soon' -gt NotAfter", 1}, {"Identity -eq NotAfter", 1}}) {
    CAPTURE(one.text);
    const auto error = error_of(one.text);
    CHECK(error.id == ErrorId("Expression.Invalid"));
    CHECK(error.column == one.column);
    CHECK(error.message.find(one.text.find("soon") != std::string_view::npos ? "'soon'" : "'HRApp'") !=
          std::string::npos);
  }
}

TEST_CASE("a pattern that takes too long is an error at the pattern") {
  Record record(kType);
  record.add("Identity", std::string(200, 'a'));
  const auto where = must(Where::parse("Identity -match '(a+)+[xy]'", kType, kNow));
  const auto matched = where.matches(record);
  REQUIRE(error_id(matched) == "Expression.Invalid");
  CHECK(matched.error().message == "the regular expression takes too long");
  CHECK(matched.error().column == 17);
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST_CASE("nesting and length have limits, chains have none") {
  CHECK(holds(repeated("(", kDeepestWhere) + "1" + repeated(")", kDeepestWhere)));
  CHECK(error_of(repeated("(", kDeepestWhere + 1) + "1" + repeated(")", kDeepestWhere + 1)).column ==
        kDeepestWhere + 1);
  CHECK(error_of(repeated("!", kDeepestWhere + 1) + "1").column == kDeepestWhere + 1);
  CHECK(holds(repeated("!", kDeepestWhere) + "1"));
  CHECK(holds(repeated("!0 -and (1) -and 1 -in @(1) -and ", kDeepestWhere + 1) + "1"));
  CHECK(error_of(repeated("@(", 8000) + "1").id == ErrorId("Expression.Invalid"));
  CHECK(holds(repeated("(1)-and ", 2000) + "1"));
  CHECK(holds("1" + repeated(" -eq 1", 2000)));
  CHECK(holds(repeated("1,", 8000) + "1 -eq 1"));
  CHECK(holds("'" + std::string(kLongestWhere - 2, 'a') + "'"));
  const auto error = error_of("'" + std::string(kLongestWhere, 'a') + "'");
  CHECK(error.message == "the expression is longer than 16384 bytes");
  CHECK(error.column == kLongestWhere + 1);
}

TEST_CASE("an error shows no more of a long word than its beginning, and nothing that steers a terminal") {
  CHECK(error_of("Identity -eq " + std::string(5000, 'x')).message.size() < 300);
  CHECK(error_of("Identity -eq x\x1B[31m").message.find('\x1B') == std::string::npos);
}

std::size_t characters_in(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += code_point_at(text, i).length;
  return count;
}

TEST_CASE("no text upsets the parser, and every error lies within the text or just behind it") {
  const std::vector<std::string> pieces = {"Enabled",
                                           "Identity",
                                           "Hosts",
                                           "NotAfter",
                                           "DaysLeft",
                                           "Realm",
                                           "Checks",
                                           "$_.",
                                           "$true",
                                           "$null",
                                           "$",
                                           "-eq",
                                           "-like",
                                           "-match",
                                           "-in",
                                           "-contains",
                                           "-and",
                                           "-or",
                                           "-xor",
                                           "-not",
                                           "!",
                                           "(",
                                           ")",
                                           "@(",
                                           "{",
                                           "}",
                                           ",",
                                           "'",
                                           "\"",
                                           "`",
                                           "'a*'",
                                           "'['",
                                           "'('",
                                           "'+1d'",
                                           "'true'",
                                           "5",
                                           "-5",
                                           " ",
                                           " ",
                                           " ",
                                           "\n",
                                           "=",
                                           "\xFF",
                                           "\u20AC",
                                           "\u2018",
                                           "\u2013",
                                           std::string(1, '\0'),
                                           "`u{",
                                           ".",
                                           "x"};
  const auto piece = rc::gen::oneOf(rc::gen::elementOf(pieces), rc::gen::elementOf(pieces),
                                    rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  CHECK(rc::check([&] {
    std::string text;
    for (const auto& one : *rc::gen::container<std::vector<std::string>>(piece)) text += one;
    const auto where = Where::parse(text, kType, kNow);
    const auto matched = where ? where->matches(partner()) : tl::unexpected(where.error());
    if (matched) return;
    RC_ASSERT(matched.error().target == text);
    RC_ASSERT(matched.error().column >= 1U);
    RC_ASSERT(matched.error().column <= characters_in(text) + 1);
    RC_ASSERT(!matched.error().message.empty());
  }));
}

// A second, plain evaluator: a tree that knows its own answer, printed with as few or as many parentheses as
// one likes.

struct Tree {
  // Binds: 0 joined by -and and its like, 1 compared, 2 a list, 3 anything closer.
  int level = 3;
  bool answer = false;
  std::string op = {};
  std::shared_ptr<const Tree> left = {};
  std::shared_ptr<const Tree> right = {};
  std::string leaf = {};
};

std::string lower(std::string_view text) {
  return to_lower(text);
}

const std::vector<std::string> kWords = {"", "a", "A", "b", "ab", "aB", "HRApp", "hrapp", "z"};

template <class T>
bool ordered(const std::string& op, const T& a, const T& b) {
  if (op == "-eq") return a == b;
  if (op == "-ne") return a != b;
  if (op == "-lt") return a < b;
  if (op == "-le") return a <= b;
  if (op == "-gt") return a > b;
  return a >= b;
}

rc::Gen<std::string> any_ordering() {
  return rc::gen::element<std::string>("-eq", "-ne", "-lt", "-le", "-gt", "-ge");
}

Tree text_comparison() {
  const auto op = *any_ordering();
  const auto word = *rc::gen::elementOf(kWords);
  return {.level = 1,
          .answer = ordered(op, lower("HRApp"), lower(word)),
          .leaf = "Identity " + op + " '" + word + "'"};
}

Tree number_comparison() {
  const auto op = *any_ordering();
  const auto number = *rc::gen::inRange(-40, 40);
  const auto quote = *rc::gen::element<std::string>("", "'");
  return {.level = 1,
          .answer = ordered(op, 30, number),
          .leaf = "DaysLeft " + op + " " + quote + std::to_string(number) + quote};
}

Tree date_comparison() {
  const auto op = *any_ordering();
  const auto days = *rc::gen::inRange(18, 23);
  return {.level = 1,
          .answer = ordered(op, 20, days),
          .leaf = "$_.NotAfter " + op + " '+" + std::to_string(days) + "d'"};
}

Tree membership() {
  const auto words =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kWords)));
  const bool exact = *rc::gen::arbitrary<bool>();
  const bool positive = *rc::gen::arbitrary<bool>();
  bool found = false;
  std::string list;
  for (const auto& word : words) {
    found = found || (exact ? word == "HRApp" : lower(word) == "hrapp");
    list += (list.empty() ? "'" : ",'") + word + "'";
  }
  const auto op = std::string(exact ? "c" : "") + (positive ? "" : "not") + "in ";
  return {.level = 1, .answer = found == positive, .leaf = "Identity -" + op + list};
}

Tree leaf() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return text_comparison();
    case 1:
      return number_comparison();
    case 2:
      return date_comparison();
    case 3:
      return membership();
    case 4:
      return {.answer = false,
              .leaf = *rc::gen::element<std::string>("$false", "Realm", "0", "''", "$null", "Empty")};
    case 5:
      return {.answer = true,
              .leaf = *rc::gen::element<std::string>("$true", "Enabled", "7", "'x'", "Hosts", "Single")};
    default:
      return {.level = 1, .answer = true, .leaf = "Hosts -like '*.a.com'"};
  }
}

Tree tree(int depth) {
  const auto kind = depth == 0 ? 0 : *rc::gen::inRange(0, 6);
  if (kind <= 1) return leaf();
  const auto left = std::make_shared<const Tree>(tree(depth - 1));
  if (kind == 2)
    return {.answer = !left->answer, .op = *rc::gen::element<std::string>("-not ", "!"), .left = left};
  const auto right = std::make_shared<const Tree>(tree(depth - 1));
  if (kind == 3) {
    // Both sides as Booleans, whatever they are.
    const auto negated = [](const std::shared_ptr<const Tree>& operand) {
      return std::make_shared<const Tree>(Tree{.answer = !operand->answer, .op = "!", .left = operand});
    };
    const auto op = *rc::gen::element<std::string>(" -eq ", " -ne ");
    return {.level = 1,
            .answer = (left->answer == right->answer) == (op == " -eq "),
            .op = op,
            .left = negated(left),
            .right = negated(right)};
  }
  const auto op = *rc::gen::element<std::string>(" -and ", " -or ", " -xor ");
  const bool answer = op == " -and "  ? left->answer && right->answer
                      : op == " -or " ? left->answer || right->answer
                                      : left->answer != right->answer;
  return {.level = 0, .answer = answer, .op = op, .left = left, .right = right};
}

std::string printed(const Tree& one, bool sparing);

// An operand where at least `level` is needed to stand without parentheses.
std::string operand(const Tree& one, int level, bool sparing) {
  const auto text = printed(one, sparing);
  return sparing && one.level >= level ? text : "(" + text + ")";
}

std::string printed(const Tree& one, bool sparing) {
  if (!one.left) return one.leaf;
  if (!one.right) return one.op + operand(*one.left, 3, sparing);
  // From left to right: an operator of the same level needs parentheses on the right only.
  return operand(*one.left, one.level, sparing) + one.op + operand(*one.right, one.level + 1, sparing);
}

TEST_CASE("parsing and matching agree with a plain evaluator, with few parentheses as with many") {
  CHECK(rc::check([] {
    const auto one = tree(5);
    for (const bool sparing : {true, false}) {
      const auto text = printed(one, sparing);
      const auto where = Where::parse(text, kType, kNow);
      RC_LOG() << text << " " << (where ? "" : where.error().message) << std::endl;
      RC_ASSERT(where.has_value());
      const auto matched = where->matches(partner());
      RC_ASSERT(matched.has_value());
      RC_ASSERT(*matched == one.answer);
    }
  }));
}

}  // namespace
}  // namespace accord
