// RS256, which the servers that Accord speaks for sign with, on OpenSSL's RSA functions themselves. The way
// over EVP fetches key type, signature, digest and random generator by name from a provider first: a third of
// all that a signing verb does. A handle made here serves EVP as well, for the other algorithms.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

namespace accord {

// Magnitudes, big-endian. A public key has the first two only.
struct RsaNumbers {
  std::string_view modulus = {};
  std::string_view exponent = {};
  std::string_view private_exponent = {};
  std::string_view prime1 = {};
  std::string_view prime2 = {};
  std::string_view exponent1 = {};
  std::string_view exponent2 = {};
  std::string_view coefficient = {};
};

// The caller frees it; nullptr when memory is gone. The numbers are taken as they are.
[[nodiscard]] EVP_PKEY* make_rsa_handle(const RsaNumbers& numbers);

// Empty when it cannot be done.
[[nodiscard]] std::string sign_rs256(const EVP_PKEY* key, std::string_view message);
[[nodiscard]] bool verify_rs256(const EVP_PKEY* key, std::string_view message, std::string_view signature);

}  // namespace accord
