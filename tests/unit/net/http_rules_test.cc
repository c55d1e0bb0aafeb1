#include "lib/server/http_rules.h"

#include <doctest/doctest.h>

#include <string>

namespace accord {
namespace {

HeadScan scan(std::string_view bytes) {
  std::size_t checked = 0;
  return scan_head(bytes, checked);
}

TEST_CASE("a head is complete behind its empty line, however it arrives") {
  const std::string head = "GET /test HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto whole = scan(head + "BODY");
  CHECK(whole.state == Head::complete);
  CHECK(whole.end == head.size());

  std::size_t checked = 0;
  for (std::size_t size = 1; size < head.size(); ++size) {
    CAPTURE(size);
    CHECK(scan_head(std::string_view(head).substr(0, size), checked).state == Head::incomplete);
    CHECK(checked == size);
  }
  CHECK(scan_head(head, checked).state == Head::complete);
}

TEST_CASE("what programs on the way could read in another way is no head") {
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\nHost: a\n\n"), std::string_view("GET / HTTP/1.1\rHost: a"),
        std::string_view("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29), std::string_view("\r\nGET / HTTP/1.1\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost: a\x7F\r\n\r\n"), std::string_view("\x16\x03\x01")}) {
    CAPTURE(std::string(bytes));
    CHECK(scan(bytes).state == Head::bad);
  }
}

TEST_CASE("a target is a path of printable ASCII") {
  CHECK(is_plain_target("/"));
  CHECK(is_plain_target("/metadata/json/1?realm=x"));
  for (const auto* bad : {"", "*", "http://a/", "a:443", "/a b", "/\x80"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_plain_target(bad));
  }
}

TEST_CASE("nothing in a header of an answer can begin another line") {
  CHECK(is_field_value("Bearer realm=\"a\",client_id=\"b\""));
  CHECK_FALSE(is_field_value("a\r\nSet-Cookie: b"));
  CHECK_FALSE(is_field_value("a\nb"));
  CHECK_FALSE(is_field_value(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_field_value("\xC3\xA4"));
  CHECK(is_field_name("x-ms-diagnostics"));
  CHECK_FALSE(is_field_name("a b"));
  CHECK_FALSE(is_field_name(""));
}

}  // namespace
}  // namespace accord
