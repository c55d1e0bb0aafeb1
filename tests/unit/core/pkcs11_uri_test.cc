#include "lib/core/pkcs11_uri.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

std::string refusal(std::string_view uri) {
  const auto parsed = parse_pkcs11_uri(uri);
  return parsed ? std::string() : parsed.error().message;
}

TEST_CASE("a URI is taken apart into the key, the PIN's file and the library") {
  const auto uri = must(parse_pkcs11_uri(
      "pkcs11:token=My%20token;manufacturer=SoftHSM%20project;serial=0a;model=v2;id=%00%a3;"
      "object=caf%C3%A9;type=private?pin-source=file:/etc/token_pin&module-path=/usr/lib/x.so"));
  CHECK(
      uri.key ==
      "pkcs11:token=My%20token;manufacturer=SoftHSM%20project;serial=0a;model=v2;id=%00%A3;object=caf%C3%A9");
  CHECK(uri.token == "token=My%20token;manufacturer=SoftHSM%20project;serial=0a;model=v2;");
  CHECK(uri.pin_file == "/etc/token_pin");
  CHECK(uri.module_path == "/usr/lib/x.so");
}

TEST_CASE("attributes of the query may stand in the path, as many write them") {
  const auto uri = must(parse_pkcs11_uri("pkcs11:object=k;pin-source=/run/pin;module-path=/usr/lib/x.so"));
  CHECK(uri.key == "pkcs11:object=k");
  CHECK(uri.pin_file == "/run/pin");
  CHECK(uri.module_path == "/usr/lib/x.so");
}

TEST_CASE("a file of a PIN is named by its absolute path, as a file URI or alone") {
  struct Row {
    std::string_view source;
    std::string_view path;  // empty: refused
  };
  for (const auto& row : std::vector<Row>{{"file:/a/pin", "/a/pin"},
                                          {"file:///a/pin", "/a/pin"},
                                          {"/a/pin", "/a/pin"},
                                          {"/a%20b/p%3Bn", "/a b/p;n"},
                                          {"file://host/pin", ""},
                                          {"//host/pin", ""},
                                          {"file:pin", ""},
                                          {"pin", ""},
                                          {"", ""},
                                          {"|/bin/askpass", ""},
                                          {"https://a.example/pin", ""}}) {
    CAPTURE(row.source);
    const auto uri = parse_pkcs11_uri("pkcs11:object=k?pin-source=" + std::string(row.source));
    CHECK(uri.has_value() == !row.path.empty());
    if (uri) CHECK(uri->pin_file == row.path);
  }
}

TEST_CASE("what is no well-formed URI of a private key is refused") {
  for (const std::string_view uri : {"",
                                     "pkcs11",
                                     "PKCS11:object=k",
                                     "file:/key.pem",
                                     "pkcs11:",
                                     "pkcs11:token=t",
                                     "pkcs11:token=t;object=",
                                     "pkcs11:object",
                                     "pkcs11:=k",
                                     "pkcs11:object=k;",
                                     "pkcs11:;object=k",
                                     "pkcs11:object=k;;token=t",
                                     "pkcs11:object=k?",
                                     "pkcs11:object=k?&pin-source=/p",
                                     "pkcs11:object=k?pin-source=/p;x",
                                     "pkcs11:object=a b",
                                     "pkcs11:object=caf\xC3\xA9",
                                     "pkcs11:object=%",
                                     "pkcs11:object=%4",
                                     "pkcs11:object=%4g",
                                     "pkcs11:object=%00",
                                     "pkcs11:object=%ff",
                                     "pkcs11:object=%1b",
                                     "pkcs11:object=a%0Ab",
                                     "pkcs11:object=a\"b",
                                     "pkcs11:Object=k",
                                     "pkcs11:object=k;type=public",
                                     "pkcs11:object=k;type=cert",
                                     "pkcs11:object=k;module-path=libtoken.so",
                                     "pkcs11:object=k;slot-id=0",
                                     "pkcs11:object=k;library-version=2",
                                     "pkcs11:object=k?module-name=softhsm2",
                                     "pkcs11:object=k;vendor=x"}) {
    CAPTURE(uri);
    CHECK(error_id(parse_pkcs11_uri(uri)) == "Parameter.Invalid");
    CHECK(error_id(check_pkcs11_uri(uri)) == "Parameter.Invalid");
  }
  CHECK(error_id(parse_pkcs11_uri("pkcs11:object=" + std::string(5000, 'k'))) == "Parameter.Invalid");
}

TEST_CASE("no attribute may stand twice, wherever it stands") {
  CHECK(refusal("pkcs11:object=k;object=k") == "the PKCS#11 URI has 'object' twice");
  CHECK(refusal("pkcs11:object=k;pin-source=/a?pin-source=/b") == "the PKCS#11 URI has 'pin-source' twice");
}

TEST_CASE("an id is bytes, and the zero byte is one of them") {
  CHECK(must(parse_pkcs11_uri("pkcs11:id=%00%01")).key == "pkcs11:id=%00%01");
  CHECK(must(parse_pkcs11_uri("pkcs11:id=%FFa")).key == "pkcs11:id=%FFa");
}

TEST_CASE("no error repeats what was given, which may be a PIN") {
  for (const std::string_view uri :
       {"pkcs11:object=k;pin-value=s3cr3t", "pkcs11:object=k?pin-value=s3cr3t", "pkcs11:s3cr3t", "s3cr3t",
        "pkcs11:object=k;s3cr3t", "pkcs11:object=k;s3cr3t=1", "pkcs11:object=k;pin-source=s3cr3t",
        "pkcs11:object=s3cr3t%", "pkcs11:object=k;module-path=s3cr3t", "pkcs11:object=k;slot-id=s3cr3t",
        "pkcs11:pin-value=s3cr3t;pin-value=s3cr3t"}) {
    CAPTURE(uri);
    const auto parsed = parse_pkcs11_uri(uri);
    REQUIRE(error_id(parsed) == "Parameter.Invalid");
    const auto& error = parsed.error();
    CHECK((error.message + error.advice + error.target).find("s3cr3t") == std::string::npos);
  }
  CHECK(parse_pkcs11_uri("pkcs11:object=k;pin-value=1").error().advice.find("pin-source=file:/path") !=
        std::string::npos);
}

TEST_CASE("a good URI is kept as it was written, and the key's own URI reads back as itself") {
  const std::string uri = "pkcs11:token=%61cc;object=k?pin-source=file:/p";
  CHECK(must(check_pkcs11_uri(uri)) == uri);
  CHECK(rc::check([](const std::string& id) {
    std::string text = "pkcs11:id=%2A";
    for (const char c : id) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
    const auto once = parse_pkcs11_uri(text);
    RC_ASSERT(once.has_value());
    RC_ASSERT(parse_pkcs11_uri(once->key)->key == once->key);
  }));
}

TEST_CASE("any text is taken or refused") {
  CHECK(rc::check([](const std::string& rest) {
    const auto parsed = parse_pkcs11_uri("pkcs11:object=k" + rest);
    RC_ASSERT(parsed || parsed.error().id == ErrorId("Parameter.Invalid"));
  }));
}

}  // namespace
}  // namespace accord
