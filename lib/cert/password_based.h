// Password-based encryption as PKCS#12 and PKCS#8 files state it, for the sources of lib/cert alone.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <string>

#include "lib/core/error.h"

namespace accord {

// How many rounds of key derivation one file may cost, all its parts together: some seconds. Without a limit
// a file of 2 KiB could keep us busy for days.
inline constexpr std::int64_t kMostRounds = 10'000'000;

struct PasswordBasedEncryption {
  std::string old_cipher = {};  // "RC2", "3DES" …: empty when the cipher is one of today
  bool needs_legacy_module = false;
  std::int64_t rounds = 0;  // scrypt counted as if it were PBKDF2
};

// Fails with Certificate.Invalid for what cannot be decrypted here.
[[nodiscard]] Result<PasswordBasedEncryption> examine_encryption(const X509_ALGOR* algorithm);

// OpenSSL's module with RC2, RC4 and DES, for as long as this lives. The folder is the one OpenSSL was built
// with, so that the environment (OPENSSL_MODULES) cannot name another.
class LegacyModule {
 public:
  LegacyModule() = default;
  LegacyModule(const LegacyModule&) = delete;
  LegacyModule& operator=(const LegacyModule&) = delete;
  ~LegacyModule();

  // Cheap to call again. Fails with Certificate.Invalid, naming the file that is missing.
  [[nodiscard]] Result<void> load();

 private:
  OSSL_PROVIDER* provider_ = nullptr;
};

}  // namespace accord
