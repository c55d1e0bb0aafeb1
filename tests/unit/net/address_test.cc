#include "lib/net/address.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

namespace accord {
namespace {

bool is_public(const std::string& text) {
  std::array<std::uint8_t, 16> bytes = {};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return is_public_address({bytes.data(), 4});
  REQUIRE_MESSAGE(inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1, text);
  return is_public_address(bytes);
}

TEST_CASE("addresses that are something inside are not public, up to the last one of each network") {
  for (const std::string text : {"0.0.0.0",
                                 "0.255.255.255",
                                 "10.0.0.0",
                                 "10.255.255.255",
                                 "100.64.0.0",
                                 "100.127.255.255",
                                 "127.0.0.1",
                                 "127.255.255.255",
                                 "169.254.0.0",
                                 "169.254.169.254",
                                 "169.254.255.255",
                                 "172.16.0.0",
                                 "172.31.255.255",
                                 "192.0.0.0",
                                 "192.0.0.255",
                                 "192.0.2.1",
                                 "192.88.99.1",
                                 "192.168.0.0",
                                 "192.168.255.255",
                                 "198.18.0.0",
                                 "198.19.255.255",
                                 "198.51.100.7",
                                 "203.0.113.7",
                                 "224.0.0.1",
                                 "239.255.255.255",
                                 "240.0.0.0",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "::7f00:1",            // compatible: 127.0.0.1
                                 "::8.8.8.8",           // compatible, whatever it carries
                                 "::ffff:127.0.0.1",    // mapped
                                 "::ffff:10.1.2.3",     //
                                 "::ffff:8.8.8.8",      //
                                 "::ffff:0:127.0.0.1",  // translated (RFC 2765)
                                 "64:ff9b::7f00:1",     // NAT64
                                 "64:ff9b::8.8.8.8",    //
                                 "64:ff9b:1::1",        // NAT64 of one's own (RFC 8215)
                                 "100::1",              // discard
                                 "fc00::1",             // unique local
                                 "fdff:ffff::1",        //
                                 "fe80::1",             // link-local
                                 "febf::1",             //
                                 "fec0::1",             // site-local
                                 "ff02::1",             // multicast
                                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                 "2001:db8::1",                // documentation
                                 "3fff::1",                    //
                                 "2001:2::1",                  // benchmarking
                                 "2001:10::1",                 // ORCHID
                                 "2001:2f:ffff::1",            //
                                 "2002:7f00:1::1",             // 6to4 of 127.0.0.1
                                 "2002:a00:1::1",              // 6to4 of 10.0.0.1
                                 "2002:a9fe:a9fe::1",          // 6to4 of 169.254.169.254
                                 "2001:0:a00:1::f7f7:f7f7",    // Teredo, its server private
                                 "2001:0:808:808::80ff:fffe",  // Teredo, its client 127.0.0.1
                                 "1fff:ffff::1",
                                 "4000::1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
}

TEST_CASE("the addresses around those networks are public") {
  for (const std::string text : {"1.0.0.0",
                                 "9.255.255.255",
                                 "11.0.0.0",
                                 "100.63.255.255",
                                 "100.128.0.0",
                                 "126.255.255.255",
                                 "128.0.0.0",
                                 "169.253.255.255",
                                 "169.255.0.0",
                                 "172.15.255.255",
                                 "172.32.0.0",
                                 "191.255.255.255",
                                 "192.0.1.0",
                                 "192.0.3.0",
                                 "192.88.98.255",
                                 "192.88.100.0",
                                 "192.167.255.255",
                                 "192.169.0.0",
                                 "198.17.255.255",
                                 "198.20.0.0",
                                 "198.51.99.255",
                                 "198.51.101.0",
                                 "203.0.112.255",
                                 "203.0.114.0",
                                 "223.255.255.255",
                                 "8.8.8.8",
                                 "2000::1",
                                 "2001:4860:4860::8888",
                                 "2001:30::1",
                                 "2001:db7::1",
                                 "2001:db9::1",
                                 "2002:808:808::1",
                                 "2001:0:808:808::f7f7:f7f7",
                                 "2620:fe::fe",
                                 "3ffe:ffff::1",
                                 "3fff:1000::1"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
}

TEST_CASE("what is no address is not public") {
  const std::array<std::uint8_t, 17> bytes = {8, 8, 8, 8};
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(is_public_address({bytes.data(), size}) == (size == 4));
  }
}

}  // namespace
}  // namespace accord
