// Deprecated in favour of EVP; rsa.h says why they are used all the same.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/token/rsa.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <utility>

#include "lib/core/digest.h"
#include "lib/core/handle.h"

namespace accord {
namespace {

using Rsa = Handle<RSA, RSA_free>;
using Bignum = Handle<BIGNUM, BN_clear_free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Bignum number(std::string_view magnitude) {
  return Bignum(BN_bin2bn(bytes_of(magnitude), static_cast<int>(magnitude.size()), nullptr));
}

// The setters of OpenSSL take their numbers over if they succeed, and only then.
bool set_key(RSA* key, Bignum modulus, Bignum exponent, Bignum private_exponent) {
  if (!modulus || !exponent || RSA_set0_key(key, modulus.get(), exponent.get(), private_exponent.get()) != 1)
    return false;
  static_cast<void>(modulus.release());
  static_cast<void>(exponent.release());
  static_cast<void>(private_exponent.release());
  return true;
}

bool set_primes(RSA* key, Bignum prime1, Bignum prime2) {
  if (RSA_set0_factors(key, prime1.get(), prime2.get()) != 1) return false;
  static_cast<void>(prime1.release());
  static_cast<void>(prime2.release());
  return true;
}

bool set_remainders(RSA* key, Bignum exponent1, Bignum exponent2, Bignum coefficient) {
  if (RSA_set0_crt_params(key, exponent1.get(), exponent2.get(), coefficient.get()) != 1) return false;
  static_cast<void>(exponent1.release());
  static_cast<void>(exponent2.release());
  static_cast<void>(coefficient.release());
  return true;
}

bool set_private(RSA* key, const RsaNumbers& numbers) {
  return set_primes(key, number(numbers.prime1), number(numbers.prime2)) &&
         set_remainders(key, number(numbers.exponent1), number(numbers.exponent2),
                        number(numbers.coefficient));
}

// Without const, as RSA_sign wants it; it changes caches behind a lock only.
RSA* rsa_of(const EVP_PKEY* key) {
  return const_cast<RSA*>(EVP_PKEY_get0_RSA(key));
}

}  // namespace

EVP_PKEY* make_rsa_handle(const RsaNumbers& numbers) {
  prepare_crypto();
  const bool has_private = !numbers.private_exponent.empty();
  Rsa key(RSA_new());
  auto private_exponent = has_private ? number(numbers.private_exponent) : nullptr;
  if (!key || (has_private && !private_exponent) ||
      !set_key(key.get(), number(numbers.modulus), number(numbers.exponent), std::move(private_exponent)) ||
      (has_private && !set_private(key.get(), numbers))) {
    return nullptr;
  }
  EVP_PKEY* handle = EVP_PKEY_new();
  if (handle != nullptr && EVP_PKEY_assign_RSA(handle, key.get()) == 1) {
    static_cast<void>(key.release());
    return handle;
  }
  EVP_PKEY_free(handle);
  return nullptr;
}

std::string sign_rs256(const EVP_PKEY* key, std::string_view message) {
  const auto digest = sha256(message);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  unsigned size = 0;
  const bool made = RSA_sign(NID_sha256, bytes_of(digest), static_cast<unsigned>(digest.size()),
                             reinterpret_cast<unsigned char*>(signature.data()), &size, rsa_of(key)) == 1;
  ERR_clear_error();
  signature.resize(made ? size : 0);
  return signature;
}

bool verify_rs256(const EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const auto digest = sha256(message);
  const bool valid =
      RSA_verify(NID_sha256, bytes_of(digest), static_cast<unsigned>(digest.size()), bytes_of(signature),
                 static_cast<unsigned>(signature.size()), rsa_of(key)) == 1;
  ERR_clear_error();
  return valid;
}

}  // namespace accord
