#include "lib/net/address.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace accord {
namespace {

using Bytes = std::span<const std::uint8_t>;

template <std::size_t Size>
struct Network {
  std::array<std::uint8_t, Size> prefix;
  std::size_t bits;
};

template <std::size_t Size>
bool is_in(Bytes address, const Network<Size>& network) {
  const auto whole = network.bits / 8;
  const auto rest = network.bits % 8;
  if (!std::equal(address.begin(), address.begin() + whole, network.prefix.begin())) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xffU << (8 - rest);
  return (address[whole] & mask) == (network.prefix[whole] & mask);
}

template <class Networks>
bool is_in_any(Bytes address, const Networks& networks) {
  return std::ranges::any_of(networks, [&](const auto& network) { return is_in(address, network); });
}

// IANA's registry of special-purpose IPv4 addresses, and multicast.
constexpr std::array<Network<4>, 15> kSpecialV4 = {{
    {{0, 0, 0, 0}, 8},        // this host (RFC 791)
    {{10, 0, 0, 0}, 8},       // private (RFC 1918)
    {{100, 64, 0, 0}, 10},    // shared, of carriers (RFC 6598)
    {{127, 0, 0, 0}, 8},      // loopback
    {{169, 254, 0, 0}, 16},   // link-local, with the metadata services of clouds (RFC 3927)
    {{172, 16, 0, 0}, 12},    // private
    {{192, 0, 0, 0}, 24},     // protocol assignments (RFC 6890)
    {{192, 0, 2, 0}, 24},     // documentation (RFC 5737)
    {{192, 88, 99, 0}, 24},   // 6to4 relays, given up (RFC 7526)
    {{192, 168, 0, 0}, 16},   // private
    {{198, 18, 0, 0}, 15},    // benchmarking (RFC 2544)
    {{198, 51, 100, 0}, 24},  // documentation
    {{203, 0, 113, 0}, 24},   // documentation
    {{224, 0, 0, 0}, 4},      // multicast
    {{240, 0, 0, 0}, 4},      // reserved, and broadcast
}};

// All that is given out on the internet (RFC 4291 s.2.4); not in it are loopback, unspecified, mapped and
// compatible (::/8), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), unique local (fc00::/7), link-local (fe80::/10),
// site-local and multicast.
constexpr Network<16> kGlobalV6 = {{0x20}, 3};
constexpr std::array<Network<16>, 5> kSpecialV6 = {{
    {{0x20, 0x01, 0x00, 0x02}, 48},  // benchmarking (RFC 5180)
    {{0x20, 0x01, 0x00, 0x10}, 28},  // ORCHID (RFC 4843)
    {{0x20, 0x01, 0x00, 0x20}, 28},  // ORCHIDv2 (RFC 7343)
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation (RFC 3849)
    {{0x3f, 0xff}, 20},              // documentation (RFC 9637)
}};
constexpr Network<16> kSixToFour = {{0x20, 0x02}, 16};
constexpr Network<16> kTeredo = {{0x20, 0x01}, 32};

bool is_public_v4(Bytes address) {
  return !is_in_any(address, kSpecialV4);
}

// RFC 4380 s.4: the server, and the client with each bit turned over.
bool is_public_teredo(Bytes address) {
  std::array<std::uint8_t, 4> client = {};
  std::ranges::transform(address.subspan(12), client.begin(),
                         [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
  return is_public_v4(address.subspan(4, 4)) && is_public_v4(client);
}

bool is_public_v6(Bytes address) {
  if (!is_in(address, kGlobalV6) || is_in_any(address, kSpecialV6)) return false;
  if (is_in(address, kSixToFour)) return is_public_v4(address.subspan(2, 4));
  if (is_in(address, kTeredo)) return is_public_teredo(address);
  return true;
}

}  // namespace

bool is_public_address(std::span<const std::uint8_t> address) {
  if (address.size() == 4) return is_public_v4(address);
  return address.size() == 16 && is_public_v6(address);
}

}  // namespace accord
