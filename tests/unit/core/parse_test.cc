#include "lib/core/parse.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/certificate.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

TEST_CASE("Booleans have six spellings, in any case") {
  for (const auto* text : {"$true", "true", "1", "TRUE", "$True"}) CHECK(parse_boolean(text) == true);
  for (const auto* text : {"$false", "false", "0", "FALSE", "$False"}) CHECK(parse_boolean(text) == false);
  for (const auto* text : {"", "yes", "no", "$", "2", " true", "truee", "on"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_boolean(text).has_value());
  }
}

TEST_CASE("integers are read within their bounds") {
  CHECK(must(parse_integer("0", 0, 600)) == 0);
  CHECK(must(parse_integer("600", 0, 600)) == 600);
  CHECK(must(parse_integer("-5", -5, 5)) == -5);
  CHECK(must(parse_integer("9223372036854775807", INT64_MIN, INT64_MAX)) == INT64_MAX);
  CHECK(must(parse_integer("-9223372036854775808", INT64_MIN, INT64_MAX)) == INT64_MIN);
  for (const auto* text :
       {"601", "-1", "", "-", "+5", " 5", "5 ", "5x", "0x5", "1e2", "5.0", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK(error_id(parse_integer(text, 0, 600)) == "Parameter.Invalid");
  }
}

TEST_CASE("a thumbprint is found in what people paste") {
  const std::string expected = "ECC8CAF7D42F915770CFA52B2A5771F001BBC9D3";
  CHECK(must(parse_thumbprint(expected)) == expected);
  CHECK(must(parse_thumbprint("ecc8caf7d42f915770cfa52b2a5771f001bbc9d3")) == expected);
  CHECK(must(parse_thumbprint("\xE2\x80\x8E ec c8 ca f7 d4 2f 91 57 70 cf a5 2b 2a 57 71 f0 01 bb c9 d3")) ==
        expected);
  CHECK(must(parse_thumbprint("EC:C8:CA:F7:D4:2F:91:57:70:CF:A5:2B:2A:57:71:F0:01:BB:C9:D3")) == expected);
}

TEST_CASE("a thumbprint of another length says how many digits it has") {
  const auto published = parse_thumbprint("B142918E463981A76503828BB1278391B716280987B");
  REQUIRE_FALSE(published.has_value());
  CHECK(error_id(published) == "Parameter.Invalid");
  CHECK(published.error().message.find("has 43") != std::string::npos);
  CHECK(error_id(parse_thumbprint("ECC8CAF7D42F915770CFA52B2A5771F001BBC9D")) == "Parameter.Invalid");
  CHECK(error_id(parse_thumbprint("")) == "Parameter.Invalid");
  CHECK(error_id(parse_thumbprint("GCC8CAF7D42F915770CFA52B2A5771F001BBC9D3")) == "Parameter.Invalid");
  CHECK(error_id(parse_thumbprint("ECC8CAF7D42F915770CFA52B2A5771F001BBC9D3\n")) == "Parameter.Invalid");
}

TEST_CASE("lists are split at commas") {
  CHECK(split_list("a,b") == std::vector<std::string>{"a", "b"});
  CHECK(split_list(" a , b c ,,") == std::vector<std::string>{"a", "b c"});
  CHECK(split_list("").empty());
  CHECK(split_list(" , ").empty());
}

TEST_CASE("domain names have two labels at least") {
  CHECK(must(parse_domain_name("LitwareInc.com")) == "litwareinc.com");
  CHECK(must(parse_domain_name(std::string(63, 'a') + ".com")).size() == 67);
  for (const auto& text : std::vector<std::string>{"", "com", ".com", "a.", "a..b", "-a.com", "a-.com",
                                                   "a b.com", "ä.com", "a.com:443", "https://a.com", "a.com/",
                                                   "*.a.com", std::string(64, 'a') + ".com"}) {
    CAPTURE(text);
    CHECK(error_id(parse_domain_name(text)) == "Parameter.Invalid");
  }
}

TEST_CASE("a domain name has 253 characters at most") {
  std::string name = std::string(61, 'a');
  for (int i = 0; i < 3; ++i) name += "." + std::string(63, 'b');
  CHECK(name.size() == 253);
  CHECK(parse_domain_name(name).has_value());
  CHECK_FALSE(parse_domain_name("a" + name).has_value());
}

TEST_CASE("hosts may have one label and a port") {
  CHECK(must(parse_host("Mail.LitwareInc.com")) == "mail.litwareinc.com");
  CHECK(must(parse_host("marketingserver")) == "marketingserver");
  CHECK(must(parse_host("host:1")) == "host:1");
  CHECK(must(parse_host("10.0.0.1:65535")) == "10.0.0.1:65535");
  for (const auto* text : {"", ":443", "host:", "host:0", "host:65536", "host:443:1", "host:4a", "host:-1",
                           "host:+1", "host/", "https://host", "ho st", "host\n", "a@b"}) {
    CAPTURE(text);
    CHECK(error_id(parse_host(text)) == "Parameter.Invalid");
  }
}

TEST_CASE("names of an enumeration are read in any case and written in one") {
  CHECK(enum_name(KeyAlgorithm::p256) == "P-256");
  CHECK(parse_enum<KeyAlgorithm>("ed25519") == KeyAlgorithm::ed25519);
  CHECK_FALSE(parse_enum<KeyAlgorithm>("P-25").has_value());
  CHECK_FALSE(parse_enum<KeyAlgorithm>("").has_value());
}

}  // namespace
}  // namespace accord
