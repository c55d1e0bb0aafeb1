#include "lib/token/jws.h"

#include <fmt/format.h>
#include <rapidcheck.h>

#include "tests/unit/token/token_kit.h"

namespace accord {
namespace {

using test::error_id;
using test::must;
using test::segment;

const std::string kHeader = segment(R"({"alg":"none"})");

TEST_CASE("a compact token comes apart into header, payload, signature and what was signed") {
  const auto token = kHeader + '.' + segment("any bytes") + '.' + segment("sig");
  const auto jws = must(parse_compact(token));
  CHECK(jws.header.find_string("alg") == "none");
  CHECK(jws.payload == "any bytes");
  CHECK(jws.signature == "sig");
  CHECK(jws.signing_input == kHeader + '.' + segment("any bytes"));
  CHECK(must(parse_compact(kHeader + "..")).payload.empty());
  CHECK(must(parse_compact(kHeader + "." + segment("x") + ".")).signature.empty());
}

TEST_CASE("what is not strictly a compact token is refused") {
  const auto payload = segment("{}");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"empty", ""},
      {"one segment", kHeader},
      {"two segments", kHeader + '.' + payload},
      {"four segments", kHeader + '.' + payload + ".."},
      {"empty header", '.' + payload + '.'},
      {"only dots", ".."},
      {"padding", kHeader + '.' + payload + ".QQ=="},
      {"plus", kHeader + '.' + payload + ".ab+d"},
      {"slash", kHeader + '.' + payload + ".ab/d"},
      {"line feed at the end", kHeader + '.' + payload + ".\n"},
      {"blank in front", ' ' + kHeader + '.' + payload + '.'},
      {"blank within", kHeader + ". " + payload + '.'},
      {"not ASCII", kHeader + '.' + payload + ".\xC3\xA4"},
      {"NUL", kHeader + '.' + payload + '.' + std::string(1, '\0')},
      {"spare bits", kHeader + '.' + payload + ".QR"},
      {"lonely character", kHeader + '.' + payload + ".Q"},
      {"JSON serialisation", R"({"payload":"e30","signature":"AA"})"},
      {"header no object", segment("[]") + '.' + payload + '.'},
      {"header a string", segment("\"alg\"") + '.' + payload + '.'},
      {"header no JSON", segment("alg") + '.' + payload + '.'},
      {"header with BOM", segment("\xEF\xBB\xBF{}") + '.' + payload + '.'},
      {"header with a member twice", segment(R"({"alg":"RS256","alg":"none"})") + '.' + payload + '.'},
      {"header with a member twice, escaped",
       segment(R"({"alg":"RS256","\u0061lg":"none"})") + '.' + payload + '.'},
      {"header of bad UTF-8", segment("{\"a\":\"\xFF\"}") + '.' + payload + '.'},
      {"header with a lone surrogate", segment(R"({"a":"\ud800"})") + '.' + payload + '.'},
      {"header with text behind", segment("{} {}") + '.' + payload + '.'}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& token = one.second;
    CAPTURE(name);
    CHECK(error_id(parse_compact(token)) == "Token.Malformed");
  }
}

TEST_CASE("an encrypted token and JSON serialisation are called by their names") {
  CHECK(parse_compact("a.b.c.d.e").error().message.find("JWE") != std::string::npos);
  CHECK(parse_compact(" {\"payload\":\"\"}").error().message.find("JSON serialisation") != std::string::npos);
}

TEST_CASE("a token of 16 KiB is read, and one byte more is not") {
  const auto token = [](std::size_t size) {
    const auto frame = kHeader + "..";
    return kHeader + '.' + std::string(size - frame.size(), 'A') + '.';
  };
  std::size_t largest = kMaximumTokenBytes;
  while ((largest - kHeader.size() - 2) % 4 == 1) --largest;  // no base64url text has that length
  CHECK(error_id(parse_compact(token(largest))).empty());
  CHECK(error_id(parse_compact(token(kMaximumTokenBytes + 1))) == "Token.Malformed");
  CHECK(error_id(parse_compact(std::string(kMaximumTokenBytes * 640, 'A'))) == "Token.Malformed");
}

TEST_CASE("JSON nests up to sixteen deep") {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 1; i < depth; ++i) text += R"({"a":)";
    return text + "{}" + std::string(depth - 1, '}');
  };
  CHECK(error_id(parse_compact(segment(nested(16)) + "..")).empty());
  CHECK(error_id(parse_compact(segment(nested(17)) + "..")) == "Token.Malformed");
  CHECK(error_id(parse_claims(must(parse_compact(kHeader + '.' + segment(nested(16)) + '.')))).empty());
  CHECK(error_id(parse_claims(must(parse_compact(kHeader + '.' + segment(nested(17)) + '.')))) ==
        "Token.Malformed");
}

TEST_CASE("claims are a JSON object and nothing else") {
  for (const auto* payload : {"", "[]", "1", "{", R"({"a":1,"a":2})", R"({"a":{"b":1,"b":1}})",
                              R"({"a\u0000":1})", "{\"a\":1}\n{}", "\xEF\xBB\xBF{}"}) {
    CAPTURE(std::string(payload));
    CHECK(error_id(parse_claims(must(parse_compact(kHeader + '.' + segment(payload) + '.')))) ==
          "Token.Malformed");
  }
  CHECK(must(parse_claims(must(parse_compact(kHeader + '.' + segment(R"({"a":"b"})") + '.'))))
            .find_string("a") == "b");
}

TEST_CASE("a message about a token never repeats it") {
  const auto secret = std::string("c2VjcmV0");
  for (const auto& token :
       {secret, fmt::format("{0}.{0}.{0}", secret), fmt::format("{0}.{1}=.{1}", kHeader, secret),
        fmt::format("{}.{}.", segment(R"({"secret":1,"secret":2})"), secret)}) {
    const auto parsed = parse_compact(token);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(secret) == std::string::npos);
    CHECK(parsed.error().message.find("secret") == std::string::npos);
    CHECK(parsed.error().target.empty());
  }
}

TEST_CASE("any bytes come to a verdict, and what is read is what was written") {
  CHECK(rc::check("bytes", [](const std::string& text) {
    const auto parsed = parse_compact(text);
    RC_ASSERT(parsed || error_id(parsed) == "Token.Malformed");
  }));
  CHECK(rc::check("payload and signature", [](const std::string& payload, const std::string& signature) {
    const auto token = kHeader + '.' + segment(payload) + '.' + segment(signature);
    const auto parsed = parse_compact(token);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->payload == payload);
    RC_ASSERT(parsed->signature == signature);
  }));
}

}  // namespace
}  // namespace accord
