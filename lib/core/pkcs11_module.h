// What accord_pkcs11.so (lib/pkcs11) offers to the program: plain C, because the two are linked to different
// copies of OpenSSL and of the C++ runtime, and nothing of either may cross from one to the other.
//
// A change of anything here takes a new number in kPkcs11Entry, so that a module of another version is not
// found.
#pragma once

#include <cstddef>

namespace accord {

extern "C" {

enum Pkcs11Status : int {
  kPkcs11Done = 0,
  kPkcs11NoEngine,      // OpenSSL's engine is not installed, or does not load
  kPkcs11NoLibrary,     // the token's library does not load or does not start
  kPkcs11OtherLibrary,  // the process uses another, and one is all it can
  kPkcs11NoToken,       // none fits the URI, or several do
  kPkcs11NoKey,         // the token is there, and such a key is not
  kPkcs11NotFound,      // one of the two
  kPkcs11PinWanted,     // and none was given
  kPkcs11PinRefused,    // wrong, locked, expired …
  kPkcs11BadKey,        // of a kind that the engine cannot use
  kPkcs11CannotSign,
};

struct Pkcs11Answer {
  int status;
  char text[512];  // what went wrong, or what it is about; never a secret
};

struct Pkcs11Key;  // an opened one; it lives as long as the process

struct Pkcs11Functions {
  // `library`: of the token; null is p11-kit's. `pin`: null is none. At most one log-in is tried.
  Pkcs11Key* (*open)(const char* library, const char* uri, const char* pin, Pkcs11Answer* answer);
  // SubjectPublicKeyInfo, DER. Gives the size, or 0 where it is over `most` or cannot be had.
  std::size_t (*public_key)(Pkcs11Key* key, unsigned char* bytes, std::size_t most);
  // As EVP_DigestSign gives it. Gives the size, or 0 with `answer`.
  std::size_t (*sign)(Pkcs11Key* key, const char* digest, const unsigned char* message, std::size_t size,
                      unsigned char* signature, std::size_t most, Pkcs11Answer* answer);
};

}  // extern "C"

// The one symbol that the module shows: const Pkcs11Functions.
inline constexpr char kPkcs11Entry[] = "accord_pkcs11_1";

}  // namespace accord
