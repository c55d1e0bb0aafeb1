#include "lib/core/digest.h"

// The functions of EVP look their algorithm up in a provider first: 3.5 million instructions, more than all
// the rest of a short verb's start-up. These need nothing set up.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace accord {
namespace {

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int random_for_openssl(unsigned char* bytes, int size) {
  fill_random(bytes, static_cast<std::size_t>(size));
  return 1;
}

// Ours instead of a generator that is seeded from the kernel: blinding an RSA key takes one number, and
// setting such a generator up costs as much as a third of a signature.
bool use_kernel_for_random() {
  static const RAND_METHOD method = {.seed = nullptr,
                                     .bytes = random_for_openssl,
                                     .cleanup = nullptr,
                                     .add = nullptr,
                                     .pseudorand = random_for_openssl,
                                     .status = [] { return 1; }};
  return RAND_set_rand_method(&method) == 1;
}

bool set_up_openssl() {
  // Its messages are never shown, so it need not load them.
  constexpr std::uint64_t kWithout =
      OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;
  return OPENSSL_init_crypto(kWithout, nullptr) == 1 && use_kernel_for_random();
}

}  // namespace

void prepare_crypto() {
  static const bool ready = set_up_openssl();
  // It fails only where memory is gone at the very start; nothing can be said about a key after that.
  if (!ready) std::abort();
}

std::string sha1(std::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, bytes.data(), bytes.size());
  SHA1_Final(bytes_of(digest), &context);
  return digest;
}

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(bytes_of(digest), &context);
  return digest;
}

void fill_random(unsigned char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(bytes, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      // A kernel without getrandom(2): going on with predictable bytes would be worse than ending.
      std::abort();
    }
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_random(bytes_of(bytes), size);
  return bytes;
}

}  // namespace accord
