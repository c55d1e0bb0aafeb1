// The store key: 32 random bytes in a file of their own (0600) that encrypt the private keys of one store.
//
// Each private key has its own AES-256-GCM data key, which the store key wraps; both bind the store's id, the
// certificate's SHA-256 and the kind of key as associated data, so that a row moved to another place does not
// open. The file is read only when a key is stored or loaded. Losing it is an error that names it, never a
// new key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/core/error.h"
#include "lib/core/secret.h"

namespace accord {

struct SealedKey {
  std::string wrapped_data_key = {};  // nonce, ciphertext, tag
  std::string ciphertext = {};        // nonce, ciphertext, tag
};

class KeyVault {
 public:
  explicit KeyVault(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }

  // From here on a new key stays in memory and goes with this vault: for what is only rehearsed.
  void keep_off_disk() { off_disk_ = true; }

  // Makes a new key file; fails with File.Exists if one is there.
  [[nodiscard]] Result<void> create();
  [[nodiscard]] bool exists() const;
  // Identifies the key without revealing it: 16 hex digits. Fails with StoreKey.Missing, StoreKey.Invalid
  // (not such a file, or others may read or write it).
  [[nodiscard]] Result<std::string> key_id();

  // `binding`: what both ciphertexts are bound to.
  [[nodiscard]] Result<SealedKey> seal(std::string_view plain, std::string_view binding);
  // Fails with StoreKey.Wrong when it does not open.
  [[nodiscard]] Result<SecretBytes> open(const SealedKey& sealed, std::string_view binding);

 private:
  [[nodiscard]] Result<const SecretBytes*> key();
  std::string path_;
  bool off_disk_ = false;
  SecretBytes key_ = {};
};

}  // namespace accord
