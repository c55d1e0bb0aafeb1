#include "lib/core/digest.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "lib/core/certificate.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

TEST_CASE("digests are those of FIPS 180") {
  prepare_crypto();
  CHECK(hex_encode(sha1("abc")) == "A9993E364706816ABA3E25717850C26C9CD0D89D");
  CHECK(hex_encode(sha1("")) == "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
  CHECK(hex_encode(sha256("abc")) == "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
}

TEST_CASE("random bytes are as many as asked for and differ each time") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto bytes = random_bytes(16);
    CHECK(bytes.size() == 16);
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(1000).size() == 1000);
}

TEST_CASE("x5t is the thumbprint in base64url") {
  CHECK(Certificate{.thumbprint = "ECC8CAF7D42F915770CFA52B2A5771F001BBC9D3"}.x5t() ==
        "7MjK99QvkVdwz6UrKldx8AG7ydM");
  CHECK(Certificate{.thumbprint = "5EAAE71447EC4B9E7FBCC0691EF174A539EA79A3"}.x5t() ==
        "XqrnFEfsS55_vMBpHvF0pTnqeaM");
}

TEST_CASE("a certificate is valid from its first to its last second") {
  const Instant first{Duration{1000}};
  const Instant last{Duration{2000}};
  const Certificate certificate{.not_before = first, .not_after = last};
  CHECK_FALSE(certificate.valid_at(first - Duration{1}));
  CHECK(certificate.valid_at(first));
  CHECK(certificate.valid_at(last));
  CHECK_FALSE(certificate.valid_at(last + Duration{1}));
}

}  // namespace
}  // namespace accord
