#include "lib/core/pkcs11_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "lib/core/descriptor.h"
#include "lib/core/module.h"
#include "lib/core/pkcs11_module.h"
#include "lib/core/pkcs11_uri.h"
#include "lib/core/secret.h"

namespace accord {

struct OpenedPkcs11Key {
  std::string uri = {};
  const Pkcs11Functions* functions = nullptr;
  Pkcs11Key* key = nullptr;
  std::string public_key = {};
};

namespace {

constexpr std::size_t kMostPublicKey = 4096;
constexpr std::size_t kMostSignature = 2048;

tl::unexpected<Error> unreachable(std::string message, std::string target, std::string advice = {}) {
  return fail("KeyToken.Unreachable", std::move(message), std::move(target), std::move(advice));
}

// ---- Code that is to be loaded

Result<const Pkcs11Functions*> load_functions() {
  TRY_ASSIGN(const auto* entry, load_module({.file = "accord_pkcs11.so",
                                             .entry = kPkcs11Entry,
                                             .purpose = "for keys in tokens",
                                             .error = "KeyToken.Unreachable"}));
  return static_cast<const Pkcs11Functions*>(entry);
}

// Where the library really lies; empty for that of p11-kit.
Result<std::string> checked_library(const Pkcs11Uri& uri) {
  if (uri.module_path.empty()) return std::string();
  const auto path = resolved_path(uri.module_path);
  if (!path) {
    return unreachable(fmt::format("there is no PKCS#11 library '{}'", uri.module_path), uri.module_path,
                       "correct module-path of the key's URI, or leave it out to use what p11-kit knows");
  }
  TRY_ASSIGN(const auto program, program_file("KeyToken.Unreachable"));
  TRY(check_code(*path, {0, program.owner, geteuid()}, "KeyToken.Unreachable"));
  return *path;
}

// The token's library has OpenSSL look for engines of its own, and OpenSSL asks the environment where. Ours
// is read once, when the program starts, so nothing else misses these.
void forget_variables() {
  for (const char* name :
       {"OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_ENGINES", "OPENSSL_MODULES", "PKCS11_MODULE_PATH"}) {
    unsetenv(name);
  }
}

// ---- The PIN

tl::unexpected<Error> bad_pin_file(const std::string& path, std::string_view why, std::string advice) {
  return unreachable(fmt::format("the PIN file '{}' {}", path, why), path, std::move(advice));
}

Result<SecretBytes> read_pin(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (!file || fstat(file.number(), &status) != 0) {
    return bad_pin_file(path, fmt::format("cannot be read: {}", describe_errno(errno)),
                        "correct pin-source of the key's URI, or run it as the owner of that file");
  }
  if (!S_ISREG(status.st_mode))
    return bad_pin_file(path, "is no regular file", "name a file with pin-source");
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return bad_pin_file(path, fmt::format("belongs to another user (uid {})", status.st_uid),
                        "give it to the user who signs");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return bad_pin_file(path, "can be read or written by other users", fmt::format("chmod 600 {}", path));
  }
  auto pin = read_password_descriptor(file.number());
  if (!pin || pin->view().find('\0') != std::string_view::npos) {
    return bad_pin_file(path, "does not hold a PIN on its first line", "write the PIN on the first line");
  }
  return *std::move(pin);
}

// ---- What the module says

Error explain(const Pkcs11Answer& answer, const std::string& uri) {
  const auto error = [&](std::string message, std::string advice) {
    return std::move(unreachable(std::move(message), uri, std::move(advice)).value());
  };
  const std::string_view text = answer.text;
  const auto reason = text.empty() ? std::string() : fmt::format(": {}", text);
  switch (answer.status) {
    case kPkcs11NoEngine:
      return error(fmt::format("OpenSSL's engine for PKCS#11 cannot be loaded{}", reason),
                   "install the package libengine-pkcs11-openssl");
    case kPkcs11NoLibrary:
      return error(fmt::format("the library of the token cannot be used{}", reason),
                   "register the library with p11-kit, or name it with module-path=/path in the key's URI");
    case kPkcs11OtherLibrary:
      return error(
          fmt::format("this process uses another PKCS#11 library already, '{}'", text),
          "name one library in the URIs of all keys, or none: p11-kit serves several tokens at once");
    case kPkcs11NoToken:
      return error(fmt::format("no token fits '{}', or more than one does", uri),
                   "pkcs11-tool --list-token-slots shows the tokens");
    case kPkcs11NoKey:
      return error(
          fmt::format("the token holds no private key that fits '{}'", uri),
          "pkcs11-tool --login --list-objects shows its keys; with an Ed25519 key among them, the engine "
          "finds none");
    case kPkcs11NotFound:
      return error(fmt::format("no token fits '{}', or it holds no such key", uri),
                   "pkcs11-tool --login --list-objects shows its keys");
    case kPkcs11PinWanted:
      return error(fmt::format("the token of '{}' wants a PIN and none is given", uri),
                   "add pin-source=file:/path to the URI: a file with the PIN that only its owner may read");
    case kPkcs11PinRefused:
      return error(fmt::format("the token of '{}' refuses the PIN{}", uri, reason),
                   "correct the PIN file before you try again; a few wrong PINs lock a token");
    case kPkcs11BadKey:
      return error(fmt::format("the key at '{}' is of a kind that the engine does not use", uri),
                   "use RSA, P-256 or P-384");
    default:
      return error(fmt::format("the key at '{}' cannot sign{}", uri, reason),
                   "see that the token is there and allows this key to sign");
  }
}

// Standard error leads nowhere while it lives: libraries of tokens write to it what they like, and our own
// output there is for machines too.
class QuietErrors {
 public:
  QuietErrors() : before_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    const Descriptor nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (before_ && nothing) dup2(nothing.number(), STDERR_FILENO);
  }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() {
    if (before_) dup2(before_.number(), STDERR_FILENO);
  }

 private:
  Descriptor before_;
};

// Nothing of it is ever given back.
struct Known {
  std::mutex mutex = {};  // held during every call of the module
  std::map<std::string, OpenedPkcs11Key> keys = {};
  // By token and PIN file: what the token said to the PIN.
  std::map<std::string, Pkcs11Answer> refused = {};
};

Known& known() {
  static auto* const all = new Known;
  return *all;
}

std::string login_of(const Pkcs11Uri& uri) {
  return fmt::format("{}\n{}\n{}", uri.module_path, uri.token, uri.pin_file);
}

Result<OpenedPkcs11Key> open_key(const std::string& uri) {
  // Libraries of tokens believe the environment, which in a set-uid program is somebody else's.
  if (getauxval(AT_SECURE) != 0) return unreachable("a set-uid program does not use keys in tokens", uri);
  TRY_ASSIGN(const auto parsed, parse_pkcs11_uri(uri));
  const auto refused = known().refused.find(login_of(parsed));
  if (refused != known().refused.end()) return tl::unexpected(explain(refused->second, uri));
  TRY_ASSIGN(const auto* functions, load_functions());
  TRY_ASSIGN(const auto library, checked_library(parsed));
  SecretBytes pin;
  if (!parsed.pin_file.empty()) {
    TRY_ASSIGN(const auto line, read_pin(parsed.pin_file));
    pin = SecretBytes(line.size() + 1);  // with a NUL behind it
    std::ranges::copy(line.view(), pin.data());
  }
  forget_variables();
  const QuietErrors quiet;
  Pkcs11Answer answer = {};
  auto* key = functions->open(library.empty() ? nullptr : library.c_str(), parsed.key.c_str(),
                              pin.empty() ? nullptr : pin.view().data(), &answer);
  if (key == nullptr) {
    if (answer.status == kPkcs11PinRefused) known().refused.emplace(login_of(parsed), answer);
    return tl::unexpected(explain(answer, uri));
  }
  std::array<unsigned char, kMostPublicKey> bytes;
  const auto size = functions->public_key(key, bytes.data(), bytes.size());
  if (size == 0) {
    return unreachable(fmt::format("the token does not tell the public key of '{}'", uri), uri,
                       "put the public key into the token beside the private one");
  }
  return OpenedPkcs11Key{.uri = uri,
                         .functions = functions,
                         .key = key,
                         .public_key = std::string(reinterpret_cast<const char*>(bytes.data()), size)};
}

}  // namespace

Result<TokenKey> TokenKey::open(const std::string& uri) {
  const std::lock_guard<std::mutex> held(known().mutex);
  const auto opened = known().keys.find(uri);
  if (opened != known().keys.end()) return TokenKey(&opened->second);
  TRY_ASSIGN(auto key, open_key(uri));
  return TokenKey(&known().keys.emplace(uri, std::move(key)).first->second);
}

const std::string& TokenKey::uri() const {
  return opened_->uri;
}

const std::string& TokenKey::public_key() const {
  return opened_->public_key;
}

Result<std::string> TokenKey::sign(const char* digest, std::string_view message) const {
  const std::lock_guard<std::mutex> held(known().mutex);
  std::string signature(kMostSignature, '\0');
  Pkcs11Answer answer = {};
  const auto size = opened_->functions->sign(
      opened_->key, digest, reinterpret_cast<const unsigned char*>(message.data()), message.size(),
      reinterpret_cast<unsigned char*>(signature.data()), signature.size(), &answer);
  if (size == 0) return tl::unexpected(explain(answer, opened_->uri));
  signature.resize(size);
  return signature;
}

}  // namespace accord
