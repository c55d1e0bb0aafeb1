// Handles of OpenSSL's X.509 and PKCS#12 objects, for the sources of lib/cert alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/core/handle.h"

namespace accord::openssl {

using accord::Handle;

using X509Handle = Handle<X509, X509_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using BioHandle = Handle<BIO, BIO_free_all>;
using BignumHandle = Handle<BIGNUM, BN_free>;
using Pkcs12Handle = Handle<PKCS12, PKCS12_free>;
using Pkcs8Handle = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedKeyHandle = Handle<X509_SIG, X509_SIG_free>;
using RequestHandle = Handle<X509_REQ, X509_REQ_free>;
using Pkcs7Handle = Handle<PKCS7, PKCS7_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

using Extensions = STACK_OF(X509_EXTENSION);
inline void free_extensions(Extensions* extensions) {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using ExtensionsHandle = Handle<Extensions, free_extensions>;

// OpenSSL's error queue belongs to the thread: whoever fails because of it leaves it empty.
struct CleanErrors {
  CleanErrors() { ERR_clear_error(); }
  ~CleanErrors() { ERR_clear_error(); }
  CleanErrors(const CleanErrors&) = delete;
  CleanErrors& operator=(const CleanErrors&) = delete;
};

inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// `decode` is a d2i function. Null when `der` is not one such object from the first byte to the last.
template <class HandleType, class Decode>
HandleType decode_whole(Decode decode, std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const unsigned char* const end = at + der.size();
  HandleType object(decode(nullptr, &at, static_cast<long>(der.size())));
  if (at != end) object.reset();
  return object;
}

// `encode` is an i2d function. Empty when it fails.
template <class T>
std::string encode_whole(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

inline std::string content_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// RFC 2253 but with UTF-8 as it is. A name whose strings are not what they claim to be is written in
// hexadecimal.
[[nodiscard]] std::string name_text(const X509_NAME* name);

}  // namespace accord::openssl
