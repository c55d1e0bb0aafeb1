// The store key: 32 random bytes in a file of their own (0600) that encrypt the private keys of one store.
//
// Each private key has its own AES-256-GCM data key, which the store key wraps; both bind the store's id, the
// certificate's SHA-256 and the kind of key as associated data, so that a row moved to another place does not
// open. The file is read only when a key is stored or loaded. Losing it is an error that names it, never a
// new key.
//
// A store key is changed in two files, the store and the key file, and no system call changes both at once.
// So the new key lies beside the old one, in FILE.new, before the store says that it is the one; whoever
// reads takes the key that the store names (KeyVault::use), wherever it lies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/core/descriptor.h"
#include "lib/core/error.h"
#include "lib/core/secret.h"

namespace accord {

// Where the next key of the file `path` lies while it is being changed.
[[nodiscard]] std::string next_key_file(const std::string& path);

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
  // From here on the key of this id is used, wherever it lies: in memory, in the file, or in FILE.new, from
  // where it is put in its place if that can be done without waiting. `id` is to be what the store records in
  // the transaction under way. False: no key has this id, and that of the file is used. Fails as key_id does.
  [[nodiscard]] Result<bool> use(std::string_view id);
  // For the same file, a fresh key that is in memory alone: KeyChange writes it.
  [[nodiscard]] KeyVault with_fresh_key() const;

  // `binding`: what both ciphertexts are bound to.
  [[nodiscard]] Result<SealedKey> seal(std::string_view plain, std::string_view binding);
  // Fails with StoreKey.Wrong when it does not open.
  [[nodiscard]] Result<SecretBytes> open(const SealedKey& sealed, std::string_view binding);

 private:
  friend class KeyChange;
  [[nodiscard]] Result<const SecretBytes*> key();
  [[nodiscard]] Result<bool> take_from(const std::string& path, std::string_view id);
  std::string path_;
  bool off_disk_ = false;
  SecretBytes key_ = {};
};

// Another key takes the place of a store's key. Begun under the store's write lock, with all private keys
// sealed again; between the two steps the store commits the new key's id. A process that ends at any point
// leaves a pair of store and files that opens.
class KeyChange {
 public:
  // Whether the key beside `current` could be written, as far as that can be told without writing. Fails with
  // File.Exists where something else is in its place, and as create_file does.
  [[nodiscard]] static Result<void> check(const KeyVault& current);

  // Waits until nobody else touches the key files, 10 s at most (Store.Busy), and brings a change that was
  // interrupted to its end. Fails with StoreKey.* where the files no longer hold the key of `current`.
  [[nodiscard]] static Result<KeyChange> begin(KeyVault& current);
  // Before the commit: the fresh key is on disk, beside the current one.
  [[nodiscard]] Result<void> put_beside(const KeyVault& fresh);
  // After the commit, whose key is in use with or without this. Fails with File.CannotWrite.
  [[nodiscard]] Result<void> put_in_place();

 private:
  KeyChange(std::string path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Descriptor lock_;
};

}  // namespace accord
