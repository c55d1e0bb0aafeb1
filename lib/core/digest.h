// Digests and random bytes, from OpenSSL and the kernel.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace accord {

// Makes OpenSSL ready without reading its configuration file (OPENSSL_CONF has no effect), with the kernel as
// its source of random bytes. Cheap to call again.
void prepare_crypto();

[[nodiscard]] std::string sha1(
    std::string_view bytes);  // 20 bytes; names certificates only (RFC 7515 s.4.1.7)
[[nodiscard]] std::string sha256(std::string_view bytes);  // 32 bytes

// From getrandom(2): never fails.
void fill_random(unsigned char* bytes, std::size_t size);
[[nodiscard]] std::string random_bytes(std::size_t size);

}  // namespace accord
