// What is recognised in a pasted text, and that no token of it comes out again.
#include "lib/app/diagnosis.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidcheck.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

TEST_CASE("compact tokens are taken out of a text, and nothing else") {
  CHECK(without_tokens("").empty());
  CHECK(without_tokens("the text as it is") == "the text as it is");
  CHECK(without_tokens("a eyJhbGciOiJub25lIn0.e30. b") == "a (token) b");
  CHECK(without_tokens("'eyJh.eyJi.c-_='") == "'(token)'");
  CHECK(without_tokens("eyJh eyJi") == "(token) (token)");
  CHECK(without_tokens("xeyJ") == "x(token)");
}

TEST_CASE("no part of a token comes out, wherever it stands in the text") {
  const std::string token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";
  const std::vector<std::string> frames = {
      "2000001;reason=\"{}\"",
      "2000001;reason=\"x\";source=\"{}\"",
      "2000001;reason=\"x\";error_category=\"{}\"",
      "WWW-Authenticate: Bearer client_id=\"{}\"",
      "WWW-Authenticate: Bearer realm=\"a\", trusted_issuers=\"b,{}\"",
      "WWW-Authenticate: Bearer error=\"{}\", error_description=\"{}\"",
      "{{\"error\":\"{}\"}}",
      "{{\"error\":\"invalid_grant\",\"error_description\":\"ACS50012: {} Trace ID: {}\"}}",
      "{{\"error\":\"x\",\"trace_id\":\"{}\",\"correlation_id\":\"{}\"}}",
      "AADSTS70002: {}",
      "Authorization: Bearer {}\nx-ms-diagnostics: 2000001",
      "{}",
      "Bearer {}",
      "Negotiate {}",
      "Bearer a=\"1\", {}=\"2\", {}=\"3\"",
  };
  for (const auto& frame : frames) {
    CAPTURE(frame);
    std::string text = frame;
    for (const auto& [from, to] : {std::pair<std::string, std::string>("{{", "\x01"),
                                   {"}}", "\x02"},
                                   {"{}", token},
                                   {"\x01", "{"},
                                   {"\x02", "}"}}) {
      for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    }
    const auto result = diagnose_text(text);
    std::string shown;
    if (result) {
      for (const auto& one : *result) {
        shown += fmt::format("{} {} {} {} {} {} {}", one.code.value_or(""), one.category.value_or(""),
                             one.reason.value_or(""), one.meaning, one.cause, one.next,
                             fmt::join(one.evidence, " "));
      }
    } else {
      shown = result.error().message + result.error().target + result.error().advice;
    }
    for (const auto* part : {"eyJ0eXAi", "eyJhdWQi", "c2lnbmF0"})
      CHECK(shown.find(part) == std::string::npos);
  }
}

std::string kinds(const std::string& text) {
  const auto result = diagnose_text(text);
  if (!result) return error_id(result);
  std::vector<std::string> all;
  for (const auto& one : *result) all.emplace_back(enum_name(one.kind));
  return fmt::format("{}", fmt::join(all, " "));
}

TEST_CASE("a text is told by what it holds") {
  CHECK(kinds("2000003") == "Diagnostics");
  CHECK(kinds("  28020 ; source=\"x\"") == "Diagnostics");
  CHECK(kinds("x-ms-diagnostics:2000003\r\nWWW-Authenticate:Bearer\r\n") == "Diagnostics Challenge");
  CHECK(kinds("HTTP/1.1 400 Bad Request\n\n{\"error\":\n\"invalid_grant\"}\n") == "TokenError");
  CHECK(kinds("INVALID_GRANT") == "TokenError");
  CHECK(kinds("it says AADSTS50012 now") == "TokenError");
  CHECK(kinds("ntlm") == "Challenge");
  for (const auto* nothing :
       {"", "\n\n", "123", "12345 pieces", "invalid_grant, it said", "the bearer", "[]"})
    CHECK(kinds(nothing) == "Test.NothingTested");
  CHECK(kinds("{\"error\":") == "Json.Invalid");
  CHECK(kinds("{}") == "Challenge.Invalid");
  CHECK(kinds("x-ms-diagnostics: none") == "Challenge.Invalid");
}

TEST_CASE("every code of the public messages is known, and each names a row or admits that none fits") {
  ACCORD_NEEDS_VECTORS();
  std::istringstream file(test::slurp(test::vectors_folder() + "/http-messages/challenges.txt"));
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (!starts_with_ignoring_case(line, "x-ms-diagnostics:")) continue;
    for (const auto& one : must(diagnose_text(line))) {
      CAPTURE(line);
      CHECK(one.known);
      CHECK_FALSE(one.meaning.empty());
      CHECK_FALSE(one.cause.empty());
      CHECK_FALSE(one.next.empty());
      ++count;
    }
  }
  CHECK(count == 12);
}

// The rows of the two tables of the specification.
std::set<std::string> specified_rows() {
  std::ifstream file(std::string(ACCORD_SOURCE_DIR) + "/../shared/spec/diagnostics.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    const auto id = line.substr(std::min<std::size_t>(2, line.size()), line.find(' ', 2) - 2);
    if (line.starts_with("| ") && id.find('-') != std::string::npos && id == to_upper(id)) rows.insert(id);
  }
  return rows;
}

TEST_CASE("every row that an explanation names is one of the specification") {
  const auto rows = specified_rows();
  if (rows.empty()) {
    MESSAGE("SKIPPED: no specification beside the checkout");
    return;
  }
  CHECK(rows.size() > 25);
  for (const auto* code :
       {"2000000",       "2000001",      "2000002",     "2000003",  "2000004", "2000005",
        "2000006",       "2000007",      "2000008",     "2000009",  "2000020", "4000000",
        "3005004",       "3001000",      "3001003",     "28020",    "28029",   "invalid_client",
        "invalid_grant", "AADSTS700016", "AADSTS90002", "ACS50012", "ACS90011"}) {
    for (const auto& one : must(diagnose_text(code))) {
      for (const auto& row : one.rows) {
        CAPTURE(code);
        CAPTURE(row);
        CHECK(rows.contains(row));
      }
    }
  }
}

TEST_CASE("no text makes it do anything but explain or refuse") {
  CHECK(rc::check([] {
    const auto line = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("Bearer {\"}=,;:\n\r\t0129eyJ.<>ACS \x80")));
    static_cast<void>(diagnose_text(line));
    static_cast<void>(diagnose_text("WWW-Authenticate: " + line));
    static_cast<void>(diagnose_text("x-ms-diagnostics: 2000003;" + line));
  }));
}

}  // namespace
}  // namespace accord
