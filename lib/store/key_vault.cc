#include "lib/store/key_vault.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/aes.h>
#include <openssl/crypto.h>
#include <openssl/modes.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

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

Result<SecretBytes> read_key_file(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return cannot_open(path, errno);
  const auto checked = check_file(descriptor, path);
  auto content = checked ? read_all(descriptor, path) : Result<SecretBytes>();
  close(descriptor);
  TRY(checked);
  return content;
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

Result<void> KeyVault::create() {
  std::string content(kFilePrefix);
  {
    SecretBytes fresh(kKeySize);
    fill_random(fresh.data(), fresh.size());
    if (off_disk_) {
      key_ = std::move(fresh);
      return {};
    }
    std::string encoded = base64_encode(fresh.view());
    content.reserve(kFileSize);
    content += encoded;
    content += '\n';
    wipe(encoded);
  }
  TRY(create_folders(folder_of(path_)));
  auto created = create_file(path_, content, 0600);
  wipe(content);
  return created;
}

bool KeyVault::exists() const {
  if (off_disk_ && !key_.empty()) return true;
  struct stat status {};
  // A file that cannot be looked at is not missing: reading it will say why.
  return lstat(path_.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Result<const SecretBytes*> KeyVault::key() {
  if (key_.empty()) {
    TRY_ASSIGN(const auto content, read_key_file(path_));
    TRY_ASSIGN(key_, parse_key(content.view(), path_));
  }
  return &key_;
}

Result<std::string> KeyVault::key_id() {
  TRY_ASSIGN(const auto* secret, key());
  std::string material = "accord store key";
  material.reserve(material.size() + secret->size());
  material += secret->view();
  const std::string digest = sha256(material);
  wipe(material);
  return to_lower(hex_encode(digest.substr(0, kKeyIdBytes)));
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
