// Private keys that stay in a PKCS#11 token: found by their URI, used through accord_pkcs11.so, which is
// loaded when the first of them is opened and not before.
//
// What is loaded into the process must belong to somebody whom its user trusts anyway, and so must its
// folder; neither may be writable by others. The module lies in ../lib/accord beside the program and belongs
// to root or to the program's owner. A module-path in the URI is code too, and the URI lies in the store: the
// library that it names must belong to one of these or to the caller, whose the store is. What p11-kit loads
// is decided by the system's configuration, as for every other program.
#pragma once

#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

struct OpenedPkcs11Key;

// A handle: the opened key behind it lives as long as the process, so that a thousand signatures open it
// once.
class TokenKey {
 public:
  // Reads the PIN file, which must be readable by its owner alone, and logs in once. A PIN that its token
  // refused is not tried again in this process: a token is locked after a few wrong ones. Fails with
  // KeyToken.Unreachable, and Parameter.Invalid where it is no such URI.
  [[nodiscard]] static Result<TokenKey> open(const std::string& uri);

  [[nodiscard]] const std::string& uri() const;
  // SubjectPublicKeyInfo, DER.
  [[nodiscard]] const std::string& public_key() const;
  // As OpenSSL gives it: PKCS#1 v1.5 of RSA, DER of ECDSA. Fails with KeyToken.Unreachable.
  [[nodiscard]] Result<std::string> sign(const char* digest, std::string_view message) const;

 private:
  explicit TokenKey(const OpenedPkcs11Key* opened) : opened_(opened) {}
  const OpenedPkcs11Key* opened_;
};

}  // namespace accord
