// accord_pkcs11.so: keys in PKCS#11 tokens, through OpenSSL's engine.
//
// Debian's engine is linked to the shared libcrypto, the program to a copy of its own, so this is a module
// that the program loads when such a key is used. The interface of engines is deprecated; here alone it is
// used.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "lib/core/handle.h"
#include "lib/core/pkcs11_module.h"

namespace accord {

struct Pkcs11Key {
  EVP_PKEY* key = nullptr;
  char* pin = nullptr;  // kept for keys that want it for each signature (CKA_ALWAYS_AUTHENTICATE)
  bool was_asked = false;
  ~Pkcs11Key() {
    EVP_PKEY_free(key);
    if (pin != nullptr) OPENSSL_clear_free(pin, std::strlen(pin));
  }
};

namespace {

constexpr std::size_t kMostPath = 4096;  // PATH_MAX

// OpenSSL loads an engine once a process, and this one starts one library in its life. Nothing is ever given
// back: its end would be C_Finalize, and with it that of every key.
struct TheEngine {
  ENGINE* engine = nullptr;
  char library[kMostPath] = {};  // the one that it has started; empty before
  bool has_pin = false;          // and gives it to whatever token it meets next
};
TheEngine the_engine;

void say(Pkcs11Answer* answer, Pkcs11Status status, const char* text) {
  answer->status = status;
  const std::string_view whole = text == nullptr ? "" : text;
  answer->text[whole.copy(answer->text, sizeof(answer->text) - 1)] = '\0';
}

Pkcs11Key* refuse(Pkcs11Answer* answer, Pkcs11Status status, const char* text = nullptr) {
  say(answer, status, text);
  ERR_clear_error();
  return nullptr;
}

// The first call decides: OPENSSL_CONF is not read, now or later, and nothing runs at exit while the token's
// library is on its way out too.
void prepare() {
  constexpr std::uint64_t kHow =
      OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_ENGINE_DYNAMIC;
  OPENSSL_init_crypto(kHow, nullptr);
}

// ---- Errors

// Libraries of error numbers are told by their names: their numbers are given out when they are loaded.
struct Causes {
  const char* of_token = nullptr;  // what the token's library answered
  int code = 0;                    // its CKR_ value
  bool engine_did_not_start = false;
};

Causes take_causes() {
  constexpr int kInvalidParameter = 103;  // the engine's, when the library or its slots cannot be had
  Causes causes;
  while (const auto error = ERR_get_error()) {
    const char* name = ERR_lib_error_string(error);
    const std::string_view library = name == nullptr ? "" : name;
    if (library == "PKCS#11 module") {
      causes.of_token = ERR_reason_error_string(error);
      causes.code = ERR_GET_REASON(error);
    }
    if (library == "pkcs11 engine" && ERR_GET_REASON(error) == kInvalidParameter)
      causes.engine_did_not_start = true;
  }
  return causes;
}

// The engine takes a PIN of these lengths from a user interface; another has to be set beforehand.
bool can_be_asked_for(const char* pin) {
  constexpr std::size_t kShortestPin = 4;
  constexpr std::size_t kLongestPin = 32;
  return std::strlen(pin) >= kShortestPin && std::strlen(pin) <= kLongestPin;
}

// PKCS #11 v2.40, CKR_PIN_INCORRECT to CKR_PIN_LOCKED and CKR_USER_PIN_NOT_INITIALIZED.
bool is_about_pin(int code) {
  return (code >= 0xA0 && code <= 0xA4) || code == 0x102;
}

// Why there is no key, as far as can be told. The engine says nothing of a token but that it asks for the PIN
// of the one that fits: only where it would ask does silence mean that there is none.
Pkcs11Key* refuse_missing(const Pkcs11Key& key, bool would_ask, const char* library, Pkcs11Answer* answer) {
  const auto causes = take_causes();
  if (causes.engine_did_not_start && causes.of_token != nullptr)
    return refuse(answer, kPkcs11NoLibrary, causes.of_token);
  if (causes.engine_did_not_start) return refuse(answer, kPkcs11NoToken);
  std::snprintf(the_engine.library, kMostPath, "%s", library);
  if (key.was_asked && key.pin == nullptr) return refuse(answer, kPkcs11PinWanted);
  if (is_about_pin(causes.code)) return refuse(answer, kPkcs11PinRefused, causes.of_token);
  if (key.was_asked) return refuse(answer, kPkcs11NoKey);
  return refuse(answer, would_ask ? kPkcs11NoToken : kPkcs11NotFound);
}

// ---- The PIN

int give_pin(UI* ui, UI_STRING* question) {
  auto* key = static_cast<Pkcs11Key*>(UI_get0_user_data(ui));
  const auto kind = UI_get_string_type(question);
  if (kind != UIT_PROMPT && kind != UIT_VERIFY) return 1;
  key->was_asked = true;
  return key->pin != nullptr && UI_set_result(ui, question, key->pin) == 0 ? 1 : 0;
}

// Never the terminal: without a PIN the answer is no.
UI_METHOD* pin_from_key() {
  static UI_METHOD* const method = [] {
    auto* made = UI_create_method("accord");
    if (made != nullptr) UI_method_set_reader(made, give_pin);
    return made;
  }();
  return method;
}

// ---- The engine

bool path_of_engine(char* path) {
  const char* folder = OPENSSL_info(OPENSSL_INFO_ENGINES_DIR);  // compiled in; OPENSSL_ENGINES has no say
  return folder != nullptr && std::snprintf(path, kMostPath, "%s/pkcs11.so", folder) < int{kMostPath};
}

bool command(ENGINE* engine, const char* name, const char* value) {
  return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1;
}

bool load_engine(const char* path) {
  if (the_engine.engine != nullptr) return true;
  Handle<ENGINE, ENGINE_free> engine(ENGINE_by_id("dynamic"));
  if (!engine || !command(engine.get(), "SO_PATH", path) || !command(engine.get(), "ID", "pkcs11") ||
      !command(engine.get(), "LIST_ADD", "0") || !command(engine.get(), "DIR_LOAD", "0") ||
      !command(engine.get(), "LOAD", nullptr) || !command(engine.get(), "QUIET", nullptr) ||
      ENGINE_ctrl(engine.get(), ENGINE_CTRL_SET_USER_INTERFACE, 0, pin_from_key(), nullptr) != 1 ||
      ENGINE_init(engine.get()) != 1) {
    return false;
  }
  the_engine.engine = engine.release();
  return true;
}

// p11-kit's library that stands for all that are registered: beside the folder of the engines.
bool path_of_proxy(char* path) {
  char unresolved[kMostPath];
  const char* folder = OPENSSL_info(OPENSSL_INFO_ENGINES_DIR);
  return folder != nullptr &&
         std::snprintf(unresolved, kMostPath, "%s/../p11-kit-proxy.so", folder) < int{kMostPath} &&
         realpath(unresolved, path) != nullptr;
}

// Loaded here first, because the engine would print why it cannot.
const char* why_not_loadable(const char* library) {
  void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (loaded != nullptr && dlsym(loaded, "C_GetFunctionList") != nullptr) return nullptr;
  const char* why = dlerror();
  return why != nullptr ? why : "it has no functions of PKCS#11";
}

bool set_up(const Pkcs11Key& key, const char* library, bool asks) {
  auto* engine = the_engine.engine;
  // The library is always set: PKCS11_MODULE_PATH would name another.
  if (!command(engine, "MODULE_PATH", library)) return false;
  if (key.pin == nullptr) return true;
  the_engine.has_pin = true;
  return command(engine, "FORCE_LOGIN", nullptr) && (asks || command(engine, "PIN", key.pin));
}

// ---- What the program calls

Pkcs11Key* open_key(const char* library, const char* uri, const char* pin, Pkcs11Answer* answer) {
  prepare();
  char engine_path[kMostPath];
  if (!path_of_engine(engine_path)) return refuse(answer, kPkcs11NoEngine);
  char proxy_path[kMostPath];
  if (library == nullptr && path_of_proxy(proxy_path)) library = proxy_path;
  if (library == nullptr) return refuse(answer, kPkcs11NoLibrary, "p11-kit-proxy.so is not installed");

  if (!load_engine(engine_path)) return refuse(answer, kPkcs11NoEngine, engine_path);
  if (the_engine.library[0] != '\0' && std::strcmp(the_engine.library, library) != 0)
    return refuse(answer, kPkcs11OtherLibrary, the_engine.library);
  // A PIN that the engine has would be tried on this key's token.
  if (pin == nullptr && the_engine.has_pin) return refuse(answer, kPkcs11PinWanted);
  if (const char* why = why_not_loadable(library)) return refuse(answer, kPkcs11NoLibrary, why);

  std::unique_ptr<Pkcs11Key> key(new (std::nothrow) Pkcs11Key);
  if (!key) return refuse(answer, kPkcs11NoEngine, "out of memory");
  key->pin = pin == nullptr ? nullptr : OPENSSL_strdup(pin);
  const bool asks = pin != nullptr && !the_engine.has_pin && can_be_asked_for(pin);
  if (!set_up(*key, library, asks)) return refuse(answer, kPkcs11NoEngine, engine_path);
  ERR_clear_error();
  key->key = ENGINE_load_private_key(the_engine.engine, uri, pin_from_key(), key.get());
  if (key->key == nullptr) return refuse_missing(*key, asks, library, answer);
  std::snprintf(the_engine.library, kMostPath, "%s", library);
  const int kind = EVP_PKEY_get_base_id(key->key);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC) return refuse(answer, kPkcs11BadKey);
  say(answer, kPkcs11Done, nullptr);
  ERR_clear_error();
  return key.release();
}

std::size_t public_key(Pkcs11Key* key, unsigned char* bytes, std::size_t most) {
  const int size = i2d_PUBKEY(key->key, nullptr);
  const bool written =
      size > 0 && static_cast<std::size_t>(size) <= most && i2d_PUBKEY(key->key, &bytes) == size;
  ERR_clear_error();
  return written ? static_cast<std::size_t>(size) : 0;
}

std::size_t sign(Pkcs11Key* key, const char* digest, const unsigned char* message, std::size_t size,
                 unsigned char* signature, std::size_t most, Pkcs11Answer* answer) {
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const auto room = static_cast<std::size_t>(EVP_PKEY_get_size(key->key));
  std::size_t written = most;
  ERR_clear_error();
  // A key that wants its PIN each time asks whoever was named last.
  if (context && room <= most &&
      ENGINE_ctrl(the_engine.engine, ENGINE_CTRL_SET_CALLBACK_DATA, 0, key, nullptr) == 1 &&
      EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key->key, nullptr) == 1 &&
      EVP_DigestSign(context.get(), signature, &written, message, size) == 1) {
    say(answer, kPkcs11Done, nullptr);
    ERR_clear_error();
    return written;
  }
  const auto causes = take_causes();
  say(answer, is_about_pin(causes.code) ? kPkcs11PinRefused : kPkcs11CannotSign, causes.of_token);
  return 0;
}

}  // namespace

// What kPkcs11Entry names.
extern "C" {
extern const Pkcs11Functions accord_pkcs11_1 __attribute__((visibility("default")));
const Pkcs11Functions accord_pkcs11_1 = {open_key, public_key, sign};
}

}  // namespace accord
