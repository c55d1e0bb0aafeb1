#include "lib/app/service_form.h"

#include <doctest/doctest.h>

namespace accord {
namespace {

TEST_CASE("a form is read as RFC 6749 writes it") {
  const auto form = Form::parse("grant_type=http%3A%2F%2Foauth.net%2Fa&resource=a%2Fb%40c&note=a+b&empty=");
  REQUIRE(form.has_value());
  CHECK(form->find("grant_type") == "http://oauth.net/a");
  CHECK(form->find("resource") == "a/b@c");
  CHECK(form->find("note") == "a b");
  CHECK(form->find("empty") == "");
  CHECK_FALSE(form->find("Resource").has_value());
  CHECK(Form::parse("").has_value());
}

TEST_CASE("what could be read in two ways is refused") {
  for (const std::string body :
       {"a=1&a=2", "a=1&%61=2", "a", "=1", "a=1&", "a=1&&b=2", "&a=1", "a=%", "a=%4", "a=%zz", "a=b c",
        "a=\xC3\xA4", "a=%00", "a=%0D%0AX", "a=%FF", "a=%C3", "a=1\r\n"}) {
    CAPTURE(body);
    CHECK_FALSE(Form::parse(body).has_value());
  }
}

TEST_CASE("a form has a bounded number of parameters") {
  std::string body;
  for (int i = 0; i < 32; ++i) body += (body.empty() ? "p" : "&p") + std::to_string(i) + "=1";
  CHECK(Form::parse(body).has_value());
  CHECK_FALSE(Form::parse(body + "&more=1").has_value());
}

TEST_CASE("the content type is that of a form") {
  CHECK(is_form_type("application/x-www-form-urlencoded"));
  CHECK(is_form_type("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
  for (const auto* bad : {"", "application/json", "application/x-www-form-urlencoded; charset=utf-7",
                          "application/x-www-form-urlencoded, text/plain", "multipart/form-data; boundary=a"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_form_type(bad));
  }
}

}  // namespace
}  // namespace accord
