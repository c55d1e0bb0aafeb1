#include "lib/net/challenge.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

std::vector<Challenge> challenges(const std::string& line) {
  return must(parse_challenges({line}));
}

// `Bearer{realm=x}{client_id=y} NTLM Negotiate:abc==`: the same for whatever reads the same.
std::string shown(const std::vector<Challenge>& all) {
  std::vector<std::string> parts;
  for (const auto& one : all) {
    std::string text = one.scheme;
    if (one.token68) text += ':' + *one.token68;
    for (const auto& [name, value] : one.parameters) text += fmt::format("{{{}={}}}", name, value);
    parts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(parts, " "));
}

std::string refusal(const std::vector<std::string>& lines) {
  return error_id(parse_challenges(lines));
}

// --- The grammar

TEST_CASE("challenges, their parameters and what they share a line with are told apart") {
  struct Case {
    std::string line;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"Bearer", "Bearer"},
      {"Bearer ", "Bearer"},
      {"Bearer,NTLM", "Bearer NTLM"},
      {"Negotiate,NTLM,Basic realm=\"a\"", "Negotiate NTLM Basic{realm=a}"},
      {"Bearer a=\"1\",b=\"2\"", "Bearer{a=1}{b=2}"},
      {"Bearer a=\"1\" , b=\"2\"", "Bearer{a=1}{b=2}"},
      {"Bearer a = \"1\"\t,\tb\t=\t\"2\"", "Bearer{a=1}{b=2}"},
      {"Bearer a=\"1\",b=\"2\",Basic realm=\"c,d\",NTLM", "Bearer{a=1}{b=2} Basic{realm=c,d} NTLM"},
      {"bEARER A=\"1\"", "bEARER{A=1}"},
      // Lists may have empty elements.
      {" , ,Bearer a=\"1\", ,b=\"2\",,", "Bearer{a=1}{b=2}"},
      // Values without quotes, more of them than the grammar allows.
      {"Bearer error=invalid_token, authorization_uri=https://login.example/a?b=c, x=a@b",
       "Bearer{error=invalid_token}{authorization_uri=https://login.example/a?b=c}{x=a@b}"},
      {R"(Bearer a="say \"no\" \\ \x")", R"(Bearer{a=say "no" \ x})"},
      {R"(Bearer a="")", "Bearer{a=}"},
      {"Basic realm=\"Stra\xc3\x9f"
       "e\"",
       "Basic{realm=Stra\xc3\x9f"
       "e}"},
      // A token instead of parameters.
      {"Negotiate YII+/-._~==", "Negotiate:YII+/-._~=="},
      {"Negotiate YII==, NTLM TlRM, Bearer a=\"1\"", "Negotiate:YII== NTLM:TlRM Bearer{a=1}"},
      {"Negotiate abc", "Negotiate:abc"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.line);
    CHECK(shown(challenges(one.line)) == one.expected);
  }
}

TEST_CASE("several lines are one list, in order") {
  CHECK(shown(must(parse_challenges({"Bearer a=\"1\"", "Basic realm=\"r\", NTLM", ""}))) ==
        "Bearer{a=1} Basic{realm=r} NTLM");
  CHECK(must(parse_challenges({})).empty());
}

TEST_CASE("what could be read in two ways is refused") {
  const std::vector<std::string> cases = {
      "a=\"1\"",                         // no scheme
      "Bearer a=\"1",                    // no end
      "Bearer a=\"1\\",                  // nor here
      "Bearer a=\"1\" b=\"2\"",          // no comma
      "Bearer a=\"1\"x, b=\"2\"",        // something behind the value
      "Bearer a=, b=\"2\"",              // a token, and then a parameter
      "Bearer a=\"1\", b=",              // no value
      "Bearer a=\"1\", a=\"2\"",         // twice
      "Bearer a=\"1\", A=\"1\"",         // twice in another case
      "Basic realm=\"1\", realm=\"1\"",  // of whatever scheme
      "Negotiate YII==, a=\"1\"",        // a token and parameters
      "Bearer \"x\"",                    // no name
      "(Bearer) a=\"1\"",                // no scheme
      "Bearer a=\"1\"; b=\"2\"",         // another separator
      "Bearer a=\"one\ttwo\"",           // a control character inside
      std::string("Bearer a=\"1\0\"", 13),
      "Bearer a=\"1\x1b[31m\"",
      "Bearer a=\"1\x7f\"",
      "Bearer\r\nX: y",
      "Bearer\n",
  };
  for (const auto& line : cases) {
    CAPTURE(line);
    CHECK(refusal({line}) == "Challenge.Invalid");
  }
}

TEST_CASE("a parameter may be in two challenges, and not twice in one that goes over a comma") {
  CHECK(refusal({"Bearer a=\"1\"", "Basic a=\"1\""}).empty());
  // A line begins with a scheme: what a second line adds is no parameter of the first.
  CHECK(refusal({"Bearer a=\"1\"", "a=\"2\""}) == "Challenge.Invalid");
}

TEST_CASE("a text is read up to 16 KiB over all lines, and not further") {
  const auto line = [](std::size_t size) { return "Bearer a=\"" + std::string(size - 11, 'x') + "\""; };
  CHECK(refusal({line(16 * 1024)}).empty());
  CHECK(refusal({line(16 * 1024 + 1)}) == "Challenge.Invalid");
  CHECK(refusal({line(8 * 1024), line(8 * 1024)}).empty());
  CHECK(refusal({line(8 * 1024), line(8 * 1024 + 1)}) == "Challenge.Invalid");
}

TEST_CASE("what an error quotes cannot steer a terminal") {
  const auto result = parse_challenges({"Bearer a=\"1\", A=\"2\""});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message == "the parameter 'a' is there twice");
}

// --- Bearer

TEST_CASE("the Bearer challenge is found among others, with each of its parameters") {
  const auto bearer = must(bearer_challenge(challenges(
      R"(NTLM, bearer Client_Id="c", realm="r", trusted_issuers="a@*, b@r ,https://sts.example/*/", )"
      R"(token_types="one  two", authorization_uri="https://u", error="invalid_token", error_description="d")")));
  REQUIRE(bearer.has_value());
  CHECK(bearer->client_id == "c");
  CHECK(bearer->realm == "r");
  CHECK(bearer->trusted_issuers == std::vector<std::string>{"a@*", "b@r", "https://sts.example/*/"});
  CHECK(bearer->token_types == std::vector<std::string>{"one", "two"});
  CHECK(bearer->authorization_uri == "https://u");
  CHECK(bearer->error == "invalid_token");
  CHECK(bearer->error_description == "d");
}

TEST_CASE("an empty list of issuers is not an absent one") {
  CHECK(must(bearer_challenge(challenges("Bearer trusted_issuers=\"\"")))->trusted_issuers ==
        std::vector<std::string>());
  CHECK_FALSE(must(bearer_challenge(challenges("Bearer")))->trusted_issuers.has_value());
}

TEST_CASE("there is at most one Bearer challenge") {
  CHECK_FALSE(must(bearer_challenge(challenges("NTLM, Basic realm=\"Bearer\""))).has_value());
  CHECK(error_id(bearer_challenge(challenges("Bearer a=\"1\", BEARER b=\"2\""))) == "Challenge.Invalid");
}

// --- Diagnostics

TEST_CASE("a line of diagnostics is read in the spellings of the three products") {
  const auto exchange =
      must(parse_diagnostics(R"(2000003;reason="R; \"x\".";error_category="invalid_resource")"));
  CHECK(exchange.code == 2000003);
  CHECK(exchange.reason == "R; \"x\".");
  CHECK(exchange.category == "invalid_resource");
  CHECK_FALSE(exchange.source.has_value());
  CHECK(must(parse_diagnostics(R"(3005004;reason="R";category="invalid_client")")).category ==
        "invalid_client");
  CHECK(must(parse_diagnostics(R"(28020;source="s.example";reason="R")")).source == "s.example");
  CHECK(must(parse_diagnostics("28020")).code == 28020);
  CHECK(must(parse_diagnostics(" 28020 ; Reason = plain text ; other=\"x\";")).reason == "plain text");
}

TEST_CASE("what is no line of diagnostics is refused") {
  for (const std::string text :
       {"", "x", "-1", "2000003x;reason=\"R\"", "99999999999", "2000003 reason=\"R\"", "2000003;reason",
        "2000003;reason=\"R", "2000003;reason=\"R\" x", "2000003;reason=\"a\";reason=\"b\"",
        "2000003;category=\"a\";error_category=\"b\"", "2000003;reason=\"a\nb\"",
        "2000003;reason=\"\x1b[0m\"", "2000003;reason=\"a\tb\"", "2000003;=\"a\""}) {
    CAPTURE(text);
    CHECK(error_id(parse_diagnostics(text)) == "Challenge.Invalid");
  }
}

// --- Token endpoints

TEST_CASE("a token endpoint's error is read with the codes of its text and of its list") {
  const auto entra = must(parse_token_error(
      R"({"error":"invalid_client","error_description":"AADSTS70002: Error. AADSTS50012: Bad x5t.\r\nTrace ID: t-1\r\nCorrelation ID: c-1",)"
      R"("error_codes":[70002,50012,7000215],"timestamp":"2026-01-01 00:00:00Z","trace_id":"t-2"})"));
  CHECK(entra.error == "invalid_client");
  CHECK(entra.codes == std::vector<std::string>{"AADSTS70002", "AADSTS50012", "AADSTS7000215"});
  CHECK(entra.trace_id == "t-2");
  CHECK(entra.correlation_id == "c-1");
  const auto plain = must(parse_token_error(R"({"error":"invalid_grant"})"));
  CHECK(plain.codes.empty());
  CHECK_FALSE(plain.description.has_value());
  CHECK_FALSE(plain.trace_id.has_value());
  // What only looks like a code is none.
  CHECK(
      must(
          parse_token_error(
              R"({"error":"e","error_description":"MACS1 ACS ACSx ACS1234567890","error_codes":["1",-1,1.5]})"))
          .codes.empty());
}

TEST_CASE("what is no error of a token endpoint is refused") {
  CHECK(error_id(parse_token_error("")) == "Json.Invalid");
  CHECK(error_id(parse_token_error("<html>")) == "Json.Invalid");
  CHECK(error_id(parse_token_error(R"({"error":"a","error":"b"})")) == "Json.Invalid");
  for (const auto* text : {"[]", "{}", "\"error\"", R"({"error":1})", R"({"error":""})"}) {
    CAPTURE(text);
    CHECK(error_id(parse_token_error(text)) == "Challenge.Invalid");
  }
}

TEST_CASE("numbers of a token endpoint's answer may be strings") {
  const auto text = must(parse_token_answer(
      R"({"token_type":"Bearer","expires_in":"86399","not_before":"1590151376","expires_on":"1590238076","resource":"r","access_token":"a.b.c"})"));
  CHECK(text.access_token == "a.b.c");
  CHECK(text.token_type == "Bearer");
  CHECK(text.expires_in == 86399);
  CHECK(text.not_before == 1590151376);
  CHECK(text.expires_on == 1590238076);
  CHECK(text.resource == "r");
  const auto number =
      must(parse_token_answer(R"({"access_token":"a","token_type":"bearer","expires_in":3600})"));
  CHECK(number.expires_in == 3600);
  CHECK_FALSE(number.not_before.has_value());
}

TEST_CASE("an answer without a token, or with numbers out of bounds, is refused, and quotes no token") {
  for (const auto* text :
       {"{}", R"({"token_type":"Bearer"})", R"({"access_token":"","token_type":"Bearer"})",
        R"({"access_token":["secret"],"token_type":"Bearer"})", R"({"access_token":"secret"})",
        R"({"access_token":"secret","token_type":"Bearer","expires_in":-1})",
        R"({"access_token":"secret","token_type":"Bearer","expires_in":"1e3"})",
        R"({"access_token":"secret","token_type":"Bearer","expires_in":3162240001})",
        R"({"access_token":"secret","token_type":"Bearer","not_before":253402300800})",
        R"({"access_token":"secret","token_type":"Bearer","expires_on":1.5})",
        R"({"access_token":"secret","token_type":"Bearer","expires_in":true})"}) {
    CAPTURE(text);
    const auto result = parse_token_answer(text);
    CHECK(error_id(result) == "Challenge.Invalid");
    if (!result) CHECK(result.error().message.find("secret") == std::string::npos);
  }
}

// --- Real messages

struct Message {
  std::vector<std::string> challenges = {};
  std::vector<std::string> diagnostics = {};
};

std::vector<Message> real_messages() {
  std::istringstream file(test::slurp(test::vectors_folder() + "/http-messages/challenges.txt"));
  std::vector<Message> messages;
  bool is_open = false;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.empty() || line.starts_with("#")) {
      is_open = false;
    } else if (colon != std::string::npos) {
      if (!is_open) messages.emplace_back();
      is_open = true;
      auto& list = equals_ignoring_case(line.substr(0, colon), "WWW-Authenticate")
                       ? messages.back().challenges
                       : messages.back().diagnostics;
      list.push_back(line.substr(colon + 2));
    }
  }
  return messages;
}

TEST_CASE("every real message is read, and as what it is") {
  ACCORD_NEEDS_VECTORS();
  const auto all = real_messages();
  REQUIRE(all.size() == 11);
  std::vector<std::string> schemes;
  std::vector<std::string> codes;
  for (const auto& message : all) {
    const auto read = must(parse_challenges(message.challenges));
    std::string line;
    for (const auto& one : read) line += (line.empty() ? "" : " ") + one.scheme;
    if (!line.empty()) schemes.push_back(line);
    must(bearer_challenge(read));
    for (const auto& one : message.diagnostics)
      codes.push_back(std::to_string(must(parse_diagnostics(one)).code));
  }
  CHECK(schemes == std::vector<std::string>{"Bearer Basic", "Bearer Basic", "Bearer",
                                            "Bearer Negotiate NTLM Basic", "Bearer MsRtcOAuth",
                                            "Bearer MsRtcOAuth", "Bearer", "Bearer"});
  CHECK(fmt::format("{}", fmt::join(codes, " ")) ==
        "2000003 2000004 2000003 2000005 2000005 2000001 4000000 28020 28029 3005004 3001000 3001003");
}

TEST_CASE("the real challenges say what their comments say") {
  ACCORD_NEEDS_VECTORS();
  const auto all = real_messages();
  const auto bearer = [&](std::size_t i) {
    return *must(bearer_challenge(must(parse_challenges(all[i].challenges))));
  };
  CHECK(bearer(0).trusted_issuers == std::vector<std::string>{"00000001-0001-0000-c000-000000000000@*"});
  CHECK(must(parse_challenges(all[0].challenges)).back().parameter("realm") == "");
  CHECK(bearer(1).trusted_issuers->size() == 2);
  CHECK(bearer(1).token_types.size() == 2);
  CHECK_FALSE(bearer(1).realm.has_value());
  CHECK(bearer(2).error == "invalid_token");
  CHECK(must(parse_diagnostics(all[2].diagnostics.front())).category == "invalid_resource");
  // All in one line; the parameter before the next scheme is the Bearer's, the realm is not.
  CHECK(bearer(3).error == "invalid_token");
  CHECK_FALSE(bearer(3).realm.has_value());
  CHECK(bearer(3).token_types.size() == 1);  // the trace lost a blank
  // Lync's, which trusts one, and another, which trusts nobody.
  CHECK(bearer(6).trusted_issuers ==
        std::vector<std::string>{"00000002-0000-0ff1-ce00-000000000000@contoso.com"});
  CHECK(bearer(7).trusted_issuers == std::vector<std::string>());
  CHECK(must(parse_challenges(all[7].challenges)).back().parameter("href") ==
        "https://foobar.com/WebTicket/oauthtoken");
  // SharePoint's: the realm is first, a URL and upper-case letters are among the issuers.
  CHECK(must(parse_challenges(all[8].challenges)).front().parameters.front().first == "realm");
  CHECK(bearer(8).trusted_issuers->at(2) == "https://sts.windows.net/*/");
  CHECK_FALSE(bearer(9).trusted_issuers.has_value());
}

TEST_CASE("real answers of token endpoints are read") {
  ACCORD_NEEDS_VECTORS();
  std::istringstream file(test::slurp(test::vectors_folder() + "/http-messages/challenges.txt"));
  std::vector<std::string> bodies;
  const std::string mark = "# body: ";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(mark)) bodies.push_back(line.substr(mark.size()));
  }
  REQUIRE(bodies.size() == 3);
  CHECK(must(parse_token_error(bodies[0])).error == "invalid_client");
  const auto acs = must(parse_token_error(bodies[1]));
  CHECK(acs.codes == std::vector<std::string>{"ACS50012"});
  CHECK(acs.trace_id == "1cbb053d-a57f-422d-a70f-dd96745b6b75");
  CHECK(acs.correlation_id == "487f7b50-705e-4a7f-ac26-de033f805640");
  CHECK(must(parse_token_answer(bodies[2])).expires_in == 86399);
}

// --- For any input

const std::string kTokenCharacters = "abcXYZ019!#$%&'*+-.^_`|~";

rc::Gen<std::string> any_token() {
  return rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(kTokenCharacters)));
}

std::string written(const std::vector<Challenge>& all) {
  std::string line;
  for (const auto& one : all) {
    if (!line.empty()) line += *rc::gen::element<std::string>(",", ", ", " ,, ");
    line += one.scheme;
    if (one.token68) line += " " + *one.token68;
    std::string separator = " ";
    for (const auto& [name, value] : one.parameters) {
      line += separator + name + *rc::gen::element<std::string>("=", " = ") + "\"";
      for (const char c : value) {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
      }
      line += '"';
      separator = *rc::gen::element<std::string>(",", ", ");
    }
  }
  return line;
}

TEST_CASE("any challenges read as they were written, in one line or in several") {
  CHECK(rc::check([] {
    std::vector<Challenge> all(*rc::gen::inRange<std::size_t>(0, 5));
    for (auto& one : all) {
      one.scheme = *any_token();
      if (*rc::gen::inRange(0, 4) == 0) {
        one.token68 = *rc::gen::nonEmpty(
                          rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcZ09-._~+/")))) +
                      std::string(*rc::gen::inRange<std::size_t>(0, 3), '=');
        continue;
      }
      for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        auto name = *any_token();
        if (one.parameter(name)) continue;
        one.parameters.emplace_back(std::move(name),
                                    *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')));
      }
    }
    const auto together = parse_challenges({written(all)});
    RC_ASSERT(together.has_value());
    RC_ASSERT(shown(*together) == shown(all));
    std::vector<std::string> lines;
    for (const auto& one : all) lines.push_back(written({one}));
    const auto apart = parse_challenges(lines);
    RC_ASSERT(apart.has_value());
    RC_ASSERT(shown(*apart) == shown(all));
  }));
}

TEST_CASE("no changed byte of a real line does anything but read or be refused") {
  const std::vector<std::string> lines = {
      R"(Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="a@b,c@*", error="invalid_token",Negotiate,NTLM abc==,Basic realm="a\"b")",
      R"(2000003;reason="The \"hostname\" is invalid.";error_category="invalid_resource")",
      R"({"error":"invalid_client","error_description":"ACS50012: no.\r\nTrace ID: 1","error_codes":[50012]})"};
  CHECK(rc::check([&] {
    auto line = *rc::gen::elementOf(lines);
    for (int i = *rc::gen::inRange(1, 4); i > 0 && !line.empty(); --i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          line[at] = *rc::gen::arbitrary<char>();
          break;
        case 1:
          line.erase(at, *rc::gen::inRange<std::size_t>(1, 9));
          break;
        default:
          line.insert(at, 1, *rc::gen::elementOf(std::string("\"\\,;= \t\r\n")));
      }
    }
    const auto read = parse_challenges({line});
    if (read) {
      static_cast<void>(bearer_challenge(*read));
      for (const auto& one : *read) {
        RC_ASSERT_FALSE(one.scheme.empty());
        for (const auto& [name, value] : one.parameters) {
          RC_ASSERT(std::ranges::none_of(
              value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
        }
      }
    }
    static_cast<void>(parse_diagnostics(line));
    static_cast<void>(parse_token_error(line));
    static_cast<void>(parse_token_answer(line));
  }));
}

}  // namespace
}  // namespace accord
