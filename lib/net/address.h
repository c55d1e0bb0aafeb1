// Which IP addresses stand for a server out on the internet, and which for something inside (design:
// reliability 5 "Metadata fetch", S3).
#pragma once

#include <cstdint>
#include <span>

namespace accord {

// Of 4 or 16 bytes of network order. False for loopback, private, link-local, shared, benchmarking,
// documentation, multicast, unspecified and reserved addresses, for IPv6 forms that carry an IPv4 address
// (mapped, compatible, NAT64), for 6to4 and Teredo where the IPv4 address within is not public, and for
// whatever is not 4 or 16 bytes long.
[[nodiscard]] bool is_public_address(std::span<const std::uint8_t> address);

}  // namespace accord
