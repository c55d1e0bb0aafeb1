#include "lib/store/key_vault.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/aes.h>
#include <openssl/crypto.h>
#include <openssl/modes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/file.h"

namespace accord {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::string_view kFilePrefix = "accord-store-key-1 ";
constexpr std::size_t kBase64Size = 44;
constexpr std::size_t kFileSize = kFilePrefix.size() + kBase64Size + 1;
constexpr std::chrono::seconds kLockLimit{10};
constexpr std::chrono::milliseconds kLockWait{2};

// What is sealed is part of what it is bound to: one can never be taken for the other.
std::string data_key_binding(std::string_view binding) {
  return "data key|" + std::string(binding);
}
std::string payload_binding(std::string_view binding) {
  return "private key|" + std::string(binding);
}

// --- The file

tl::unexpected<Error> invalid(const std::string& path, std::string_view why, std::string advice) {
  return fail("StoreKey.Invalid", fmt::format("the store key '{}' {}", path, why), path, std::move(advice));
}

tl::unexpected<Error> not_a_key(const std::string& path) {
  return invalid(path, "is not a store key file",
                 "restore it from its backup, or name another with ACCORD_KEY_FILE");
}

tl::unexpected<Error> cannot_open(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) {
    return fail("StoreKey.Missing", fmt::format("there is no store key '{}'", path), path,
                "restore the file from its backup, or name it with ACCORD_KEY_FILE");
  }
  if (number == ELOOP) return invalid(path, "is a symbolic link", "name the file that it leads to");
  return invalid(path, fmt::format("cannot be read: {}", std::strerror(number)),
                 "run it as the owner of the store");
}

Result<void> check_file(int descriptor, const std::string& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return cannot_open(path, errno);
  if (!S_ISREG(status.st_mode)) return not_a_key(path);
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return invalid(path, fmt::format("belongs to another user (uid {})", status.st_uid),
                   "run it as that user");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return invalid(path, "can be read or written by other users", fmt::format("chmod 600 {}", path));
  }
  return {};
}

// The whole file, or the first bytes of one that is too long.
Result<SecretBytes> read_all(int descriptor, const std::string& path) {
  SecretBytes buffer(kFileSize + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const auto count = read(descriptor, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_open(path, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  return SecretBytes(buffer.view().substr(0, size));
}

// O_NONBLOCK: opening a pipe must not wait for its writer.
Descriptor open_key_file(const std::string& path) {
  return Descriptor(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

Result<SecretBytes> read_key_file(const std::string& path) {
  const Descriptor file = open_key_file(path);
  if (!file) return cannot_open(path, errno);
  TRY(check_file(file.number(), path));
  return read_all(file.number(), path);
}

Result<SecretBytes> parse_key(std::string_view content, const std::string& path) {
  if (content.size() != kFileSize || !content.starts_with(kFilePrefix) || !content.ends_with('\n'))
    return not_a_key(path);
  auto decoded = base64_decode(content.substr(kFilePrefix.size(), kBase64Size));
  if (!decoded || decoded->size() != kKeySize) return not_a_key(path);
  SecretBytes key{std::string_view(*decoded)};
  wipe(*decoded);
  return key;
}

Result<SecretBytes> read_key(const std::string& path) {
  TRY_ASSIGN(const auto content, read_key_file(path));
  return parse_key(content.view(), path);
}

// To be wiped by the caller.
std::string file_content(const SecretBytes& key) {
  std::string encoded = base64_encode(key.view());
  std::string content;
  content.reserve(kFileSize);
  content.append(kFilePrefix).append(encoded).append("\n");
  wipe(encoded);
  return content;
}

SecretBytes make_key() {
  SecretBytes fresh(kKeySize);
  fill_random(fresh.data(), fresh.size());
  return fresh;
}

std::string id_of(const SecretBytes& key) {
  std::string material = "accord store key";
  material.reserve(material.size() + key.size());
  material += key.view();
  const std::string digest = sha256(material);
  wipe(material);
  return to_lower(hex_encode(digest.substr(0, kKeyIdBytes)));
}

bool holds(const std::string& path, std::string_view id) {
  const auto key = read_key(path);
  return key && id_of(*key) == id;
}

Result<void> write_key(const std::string& path, const SecretBytes& key) {
  std::string content = file_content(key);
  auto written = create_file(path, content, 0600);
  wipe(content);
  return written;
}

// --- A key beside the key

bool is_there(const std::string& path) {
  struct stat status {};
  // A file that cannot be looked at is not missing: reading it will say why.
  return lstat(path.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// Whoever removes or renames one of the two files holds this lock on the key file. It ends with the process,
// however that ends. An empty descriptor: someone else has it.
Result<Descriptor> try_to_lock(const std::string& path) {
  Descriptor file = open_key_file(path);
  if (!file) return cannot_open(path, errno);
  while (flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Descriptor();
    if (errno != EINTR) return invalid(path, fmt::format("cannot be locked: {}", describe_errno(errno)), {});
  }
  // Who had it before may have put another file there: that is the one to lock, then.
  struct stat locked {};
  struct stat named {};
  const bool same = fstat(file.number(), &locked) == 0 && lstat(path.c_str(), &named) == 0 &&
                    locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
  return same ? std::move(file) : Descriptor();
}

Result<Descriptor> lock(const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + kLockLimit;
  while (std::chrono::steady_clock::now() < end) {
    TRY_ASSIGN(auto locked, try_to_lock(path));
    if (locked) return locked;
    std::this_thread::sleep_for(kLockWait);
  }
  return fail("Store.Busy", fmt::format("the store key '{}' is being changed by another process", path), path,
              "run it again in a moment");
}

// 0, or the errno of what went wrong.
int take_place(const std::string& path) {
  if (rename(next_key_file(path).c_str(), path.c_str()) != 0) return errno;
  const Descriptor folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Should it not reach the disk, both files are there again after a power cut, and the key is found.
  if (folder) fsync(folder.number());
  return 0;
}

// Ends the change to the key `id` that another process began and did not end. It is left for later where
// someone is at it, or may write neither file: the key can be read where it is.
void finish_change(const std::string& path, std::string_view id) {
  const auto locked = try_to_lock(path);
  if (!locked) {
    // Without an old key there is nothing to lock, and nothing that could be lost by it.
    if (locked.error().id == ErrorId("StoreKey.Missing"))
      renameat2(AT_FDCWD, next_key_file(path).c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    return;
  }
  // By now the next change may have put its own key there, which the store does not name yet.
  if (*locked && holds(next_key_file(path), id)) take_place(path);
}

// --- AES-256-GCM

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL's GCM over OpenSSL's AES, without EVP: fetching the cipher by name from a provider costs more than
// signing a token does.
class Gcm {
 public:
  Gcm(const SecretBytes& key, std::string_view nonce, std::string_view binding) {
    AES_set_encrypt_key(key.data(), kKeySize * 8, &schedule_);
    context_.reset(CRYPTO_gcm128_new(&schedule_, reinterpret_cast<block128_f>(AES_encrypt)));
    if (!context_) return;
    CRYPTO_gcm128_setiv(context_.get(), bytes_of(nonce), nonce.size());
    good_ = CRYPTO_gcm128_aad(context_.get(), bytes_of(binding), binding.size()) == 0;
  }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  ~Gcm() { OPENSSL_cleanse(&schedule_, sizeof(schedule_)); }

  [[nodiscard]] bool encrypt(std::string_view plain, unsigned char* out) {
    return good_ && CRYPTO_gcm128_encrypt(context_.get(), bytes_of(plain), out, plain.size()) == 0;
  }
  [[nodiscard]] bool decrypt(std::string_view sealed, unsigned char* out) {
    return good_ && CRYPTO_gcm128_decrypt(context_.get(), bytes_of(sealed), out, sealed.size()) == 0;
  }
  void tag(unsigned char* out) { CRYPTO_gcm128_tag(context_.get(), out, kTagSize); }
  // Compares in constant time.
  [[nodiscard]] bool has_tag(std::string_view expected) {
    return CRYPTO_gcm128_finish(context_.get(), bytes_of(expected), expected.size()) == 0;
  }

 private:
  struct Release {
    void operator()(GCM128_CONTEXT* context) const { CRYPTO_gcm128_release(context); }  // clears it as well
  };
  AES_KEY schedule_ = {};
  std::unique_ptr<GCM128_CONTEXT, Release> context_;
  bool good_ = false;
};

tl::unexpected<Error> cipher_failed() {
  return fail("Internal.Unexpected", "the cipher AES-256-GCM cannot be used", {},
              "check the installation of OpenSSL");
}

// Nonce, ciphertext, tag.
Result<std::string> encrypt(const SecretBytes& key, std::string_view plain, std::string_view binding) {
  std::string sealed(kNonceSize + plain.size() + kTagSize, '\0');
  unsigned char* nonce = bytes_of(sealed);
  unsigned char* body = nonce + kNonceSize;
  fill_random(nonce, kNonceSize);
  Gcm gcm(key, std::string_view(sealed).substr(0, kNonceSize), binding);
  if (!gcm.encrypt(plain, body)) return cipher_failed();
  gcm.tag(body + plain.size());
  return sealed;
}

// nullopt: key, binding or ciphertext is not what was sealed.
std::optional<SecretBytes> decrypt(const SecretBytes& key, std::string_view sealed,
                                   std::string_view binding) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const auto body = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  SecretBytes plain(body.size());
  Gcm gcm(key, sealed.substr(0, kNonceSize), binding);
  if (!gcm.decrypt(body, plain.data()) || !gcm.has_tag(sealed.substr(sealed.size() - kTagSize)))
    return std::nullopt;
  return plain;
}

}  // namespace

std::string next_key_file(const std::string& path) {
  return path + ".new";
}

Result<void> KeyVault::create() {
  SecretBytes fresh = make_key();
  if (off_disk_) {
    key_ = std::move(fresh);
    return {};
  }
  TRY(create_folders(folder_of(path_)));
  return write_key(path_, fresh);
}

bool KeyVault::exists() const {
  return (off_disk_ && !key_.empty()) || is_there(path_);
}

Result<const SecretBytes*> KeyVault::key() {
  if (key_.empty()) {
    TRY_ASSIGN(key_, read_key(path_));
  }
  return &key_;
}

Result<std::string> KeyVault::key_id() {
  TRY_ASSIGN(const auto* secret, key());
  return id_of(*secret);
}

Result<bool> KeyVault::take_from(const std::string& path, std::string_view id) {
  TRY_ASSIGN(auto found, read_key(path));
  if (id_of(found) != id) return false;
  key_ = std::move(found);
  return true;
}

// Why three looks are enough. A change of the store key writes FILE.new, commits the new id to the store, and
// renames FILE.new to FILE. The id asked for is that of a transaction of ours, and while that is open no
// change can commit (SQLite waits for readers before a commit, and there is one writer). So the only change
// whose rename can still be under way is the one that committed this id, and its key is in FILE.new until the
// rename and in FILE from the rename on. A key that is in neither when we look at one and then at the other
// was renamed in between, and the last look finds it. A next change may write its own key to FILE.new
// meanwhile, but first it sees to that rename, and does not rename again before its commit.
//
// Finishing the rename for another process needs the lock: seeing the right key in FILE.new and renaming are
// two steps, and between them another process may finish it and the next change write FILE.new. Its key would
// replace the one that the store names, and be the wrong one should that change never commit.
Result<bool> KeyVault::use(std::string_view id) {
  if (!key_.empty() && id_of(key_) == id) return true;
  // What is in memory is older than the last change; a rehearsed key is nowhere else.
  if (!off_disk_) key_ = {};
  if (take_from(path_, id).value_or(false)) return true;
  const auto in_waiting = take_from(next_key_file(path_), id);
  if (in_waiting.value_or(false)) {
    if (!off_disk_) finish_change(path_, id);
    return true;
  }
  auto last = take_from(path_, id);
  const bool blocked = !in_waiting && in_waiting.error().id != ErrorId("StoreKey.Missing");
  if (!last.value_or(false) && blocked) return tl::unexpected(in_waiting.error());
  return last;
}

KeyVault KeyVault::with_fresh_key() const {
  KeyVault fresh(path_);
  fresh.off_disk_ = true;
  fresh.key_ = make_key();
  return fresh;
}

Result<void> KeyChange::check(const KeyVault& current) {
  const auto path = next_key_file(current.path());
  TRY(check_creatable(path));
  // What a change left is replaced; a file of anybody else is not.
  if (!is_there(path) || read_key(path)) return {};
  return fail("File.Exists",
              fmt::format("'{}' is where the new store key would be written, and is no store key", path),
              path, "move it elsewhere");
}

Result<KeyChange> KeyChange::begin(KeyVault& current) {
  const auto& path = current.path();
  TRY_ASSIGN(const auto id, current.key_id());
  TRY_ASSIGN(auto locked, lock(path));
  TRY(check(current));
  if (!holds(path, id)) {
    const int failure = holds(next_key_file(path), id) ? take_place(path) : ENOENT;
    if (failure != 0) {
      return fail("StoreKey.Wrong", fmt::format("the store key '{}' was replaced by another meanwhile", path),
                  path, "run it again");
    }
    // The lock was that of the file which is gone now.
    TRY_ASSIGN(locked, lock(path));
  }
  return KeyChange(path, std::move(locked));
}

Result<void> KeyChange::put_beside(const KeyVault& fresh) {
  const auto path = next_key_file(path_);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail("File.CannotWrite", fmt::format("cannot replace '{}': {}", path, describe_errno(errno)),
                path);
  }
  return write_key(path, fresh.key_);
}

Result<void> KeyChange::put_in_place() {
  const int failure = take_place(path_);
  if (failure == 0) return {};
  return fail(
      "File.CannotWrite",
      fmt::format("cannot rename '{}' to '{}': {}", next_key_file(path_), path_, describe_errno(failure)),
      path_);
}

Result<SealedKey> KeyVault::seal(std::string_view plain, std::string_view binding) {
  TRY_ASSIGN(const auto* secret, key());
  prepare_crypto();
  SecretBytes data_key(kKeySize);
  fill_random(data_key.data(), data_key.size());
  SealedKey sealed;
  TRY_ASSIGN(sealed.wrapped_data_key, encrypt(*secret, data_key.view(), data_key_binding(binding)));
  TRY_ASSIGN(sealed.ciphertext, encrypt(data_key, plain, payload_binding(binding)));
  return sealed;
}

Result<SecretBytes> KeyVault::open(const SealedKey& sealed, std::string_view binding) {
  TRY_ASSIGN(const auto* secret, key());
  prepare_crypto();
  const auto data_key = decrypt(*secret, sealed.wrapped_data_key, data_key_binding(binding));
  if (data_key && data_key->size() == kKeySize) {
    if (auto plain = decrypt(*data_key, sealed.ciphertext, payload_binding(binding)))
      return *std::move(plain);
  }
  return fail(
      "StoreKey.Wrong", fmt::format("a private key does not open with the store key '{}'", path_), path_,
      "it is damaged or from another store: restore store and store key from the same backup, or import the "
      "certificate with its key again");
}

}  // namespace accord
