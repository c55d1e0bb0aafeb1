#include "lib/core/names.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using namespace std::string_literals;
using test::error_id;
using test::must;

TEST_CASE("an issuer name is a principal and a realm") {
  const auto name = parse_issuer_name("00000002-0000-0ff1-ce00-000000000000@contoso.com");
  REQUIRE(name.has_value());
  CHECK(name->principal == kExchangePrincipal);
  CHECK(name->realm == "contoso.com");
  CHECK(name->text() == "00000002-0000-0ff1-ce00-000000000000@contoso.com");
  CHECK(parse_issuer_name("p@") == IssuerName{"p", ""});
  CHECK(parse_issuer_name("p@*") == IssuerName{"p", "*"});
  CHECK(parse_issuer_name("p@grüße") == IssuerName{"p", "grüße"});
}

TEST_CASE("what is no issuer name is refused") {
  for (const auto& text : {""s, "p"s, "@"s, "@realm"s, "p@r@s"s, "p/h@r"s, "p@r/s"s, "p@@r"s, "p\n@r"s,
                           "p@r\x7F"s, "p@r\0"s, "p@\xC2\x85r"s, "https://sts.windows.net/tenant/"s}) {
    CAPTURE(escape_for_terminal(text));
    CHECK_FALSE(parse_issuer_name(text).has_value());
  }
}

TEST_CASE("an audience is a principal, a host and a realm") {
  const auto audience = parse_audience("p/Mail.contoso.com:444@r");
  REQUIRE(audience.has_value());
  CHECK(audience->principal == "p");
  CHECK(audience->host == "Mail.contoso.com:444");
  CHECK(audience->realm == "r");
  CHECK(audience->text() == "p/Mail.contoso.com:444@r");
  CHECK(parse_audience("p/h@").has_value());
  CHECK(parse_audience("p/MarketingServer_1@*").has_value());
}

TEST_CASE("what is no audience is refused") {
  for (const auto& text :
       {""s, "p"s, "p@r"s, "p/h"s, "p/@r"s, "/h@r"s, "p/h@r@s"s, "p/h/x@r"s, "p@r/h"s, "p/h@r/x"s, "p/h h@r"s,
        "p/h%20@r"s, "p/hä@r"s, "p/h\n@r"s, "p\x01/h@r"s, "p/h@r\x1B"s, "p/h@r\n"s}) {
    CAPTURE(escape_for_terminal(text));
    CHECK_FALSE(parse_audience(text).has_value());
  }
}

TEST_CASE("names that are accepted are written as they were read") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf("ab1.-:@/ *\x01"s));
    if (const auto issuer = parse_issuer_name(text)) RC_ASSERT(issuer->text() == text);
    if (const auto audience = parse_audience(text)) RC_ASSERT(audience->text() == text);
    RC_ASSERT(!(parse_issuer_name(text) && parse_audience(text)));
  }));
}

TEST_CASE("short names stand for the well-known principals") {
  CHECK(expand_principal("exchange") == kExchangePrincipal);
  CHECK(expand_principal("SharePoint") == kSharePointPrincipal);
  CHECK(expand_principal("LYNC") == kLyncPrincipal);
  CHECK(expand_principal("sts") == kAuthorizationServerPrincipal);
  CHECK(expand_principal("microsoft.exchange") == "microsoft.exchange");
  CHECK(must(parse_principal("Exchange")) == kExchangePrincipal);
  CHECK(must(parse_principal("hr")) == "hr");
}

TEST_CASE("principals and realms have their characters and lengths") {
  for (const auto& text :
       {""s, "a/b"s, "a@b"s, "a\nb"s, "a\0b"s, "a\x7F"s, "\xC2\x9B"s, "\xFF"s, std::string(257, 'a')}) {
    CAPTURE(escape_for_terminal(text));
    CHECK(error_id(parse_principal(text)) == "Parameter.Invalid");
    CHECK(error_id(parse_realm(text)) == "Parameter.Invalid");
  }
  CHECK(must(parse_realm("contoso.com")) == "contoso.com");
  CHECK(must(parse_realm(std::string(256, 'a'))).size() == 256);
  CHECK(error_id(parse_realm("*")) == "Parameter.Invalid");
}

TEST_CASE("a URL names its host") {
  CHECK(host_of_url("https://Ex.LitwareInc.com/autodiscover/metadata/json/1") == "ex.litwareinc.com");
  CHECK(host_of_url("HTTPS://ex.litwareinc.com") == "ex.litwareinc.com");
  CHECK(host_of_url("https://ex.litwareinc.com:443/") == "ex.litwareinc.com");
  CHECK(host_of_url("https://ex.litwareinc.com:8443?x") == "ex.litwareinc.com:8443");
  CHECK(host_of_url("https://ex:1443") == "ex:1443");
  for (const auto* url : {"", "http://ex.litwareinc.com/", "https://", "https:///x", "https://u@ex.com/",
                          "ex.com", "https://ex.com:0/", "https://ex.com:65536/", "https://ex.com:/",
                          "https://ex com/", "https://ex.com\\@evil.com/", "https://-ex.com/"}) {
    CAPTURE(url);
    CHECK_FALSE(host_of_url(url).has_value());
  }
}

TEST_CASE("an https URL is taken as it is written, or refused") {
  CHECK(must(parse_https_url("https://Ex.com/A?b=c")) == "https://Ex.com/A?b=c");
  for (const auto& url :
       {""s, "http://ex.com/"s, "ftp://ex.com/"s, "https://"s, "https://u:p@ex.com/"s, "https://ex.com/#f"s,
        "https://ex.com/ä"s, "https://ex.com/ x"s, "https://ex.com/\n"s, "https://ex.com/\0"s,
        " https://ex.com/"s, "https://ex.com/\x7F"s}) {
    CAPTURE(escape_for_terminal(url));
    CHECK(error_id(parse_https_url(url)) == "Parameter.Invalid");
  }
}

TEST_CASE("the password of a URL that names a user is not shown") {
  for (const std::string url :
       {"https://u:secret@ex.com/", "https://secret@ex.com", "https://a@secret@ex.com/x@y",
        "u:secret@ex.com/", "http://u:secret@ex.com?q"}) {
    CAPTURE(url);
    const auto refused = parse_https_url(url);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("secret") == std::string::npos);
    CHECK(refused.error().message.find("ex.com") != std::string::npos);
    CHECK(refused.error().target.find("secret") == std::string::npos);
  }
}

TEST_CASE("issuers that are URLs, of https and as ADFS writes them") {
  for (const auto* url : {"https://sts.windows.net/x/", "http://fs.contoso.com/adfs/services/trust"})
    CHECK(is_url_issuer(url));
  for (const auto* other : {"", "http", "http:/x", "HTTP://x", "ftp://x", "urn:x", "00000001-0000"})
    CHECK_FALSE(is_url_issuer(other));
}

}  // namespace
}  // namespace accord
