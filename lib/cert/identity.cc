// Certificates that come with their private key: PKCS#12 and PEM files.
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "lib/cert/certificate.h"
#include "lib/cert/key.h"
#include "lib/cert/openssl.h"
#include "lib/cert/password_based.h"
#include "lib/cert/pem.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord {

namespace {

using openssl::KeyHandle;
using openssl::X509Handle;

constexpr int kDeepestSafe = 4;

// What a file holds, before key and certificate have found each other.
struct Contents {
  std::vector<KeyHandle> keys = {};
  std::vector<Certificate> certificates = {};
  std::vector<std::string> warnings = {};
  std::optional<Error> first_unreadable = {};
};

tl::unexpected<Error> invalid(std::string message, std::string advice = {}) {
  return fail("Certificate.Invalid", std::move(message), {}, std::move(advice));
}

tl::unexpected<Error> damaged(std::string_view form) {
  return invalid(fmt::format("the {} file is damaged or cut off", form), "copy or export the file again");
}

tl::unexpected<Error> wrong_password(bool given) {
  if (!given) {
    return fail("Certificate.WrongPassword", "the file is protected by a password and none was given", {},
                "give its password with --password-file");
  }
  return fail("Certificate.WrongPassword", "the password does not open the file", {},
              "check the password; a file that was damaged on the way looks the same");
}

std::string describe(const Certificate& certificate) {
  return fmt::format("'{}' ({})", certificate.subject, certificate.thumbprint);
}

// A certificate of somebody's chain may be one that we cannot read; that matters only if it turns out to be
// the key's.
void keep_certificate(Contents& contents, std::string_view der) {
  auto certificate = parse_certificate(der);
  if (certificate) {
    contents.certificates.push_back(*std::move(certificate));
  } else if (!contents.first_unreadable) {
    contents.first_unreadable = std::move(certificate).error();
  }
}

void warn_of_old_cipher(std::vector<std::string>& warnings, std::string_view cipher) {
  auto warning =
      fmt::format("the file uses old encryption ({}); the key is stored with new encryption", cipher);
  if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
    warnings.push_back(std::move(warning));
}

// "no password" and "the empty password" are two things in PKCS#12, and programs differ in which they write.
struct Password {
  const char* text = nullptr;
  int size = 0;
};

using SafeBags = STACK_OF(PKCS12_SAFEBAG);
void free_bags(SafeBags* bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
using SafeBagsHandle = openssl::Handle<SafeBags, free_bags>;

using Safes = STACK_OF(PKCS7);
void free_safes(Safes* safes) {
  sk_PKCS7_pop_free(safes, PKCS7_free);
}
using SafesHandle = openssl::Handle<Safes, free_safes>;

// One attempt to read a PKCS#12 file with one password. The bags are walked here, not by PKCS12_parse, which
// takes the last of several keys and does not say how anything was encrypted.
class Pkcs12Reader {
 public:
  Pkcs12Reader(PKCS12* file, Password password, bool password_given)
      : file_(file), password_(password), password_given_(password_given) {}

  Result<Contents> read() {
    TRY(check_integrity());
    const SafesHandle safes(PKCS12_unpack_authsafes(file_));
    if (!safes) return damaged("PFX");
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) TRY(read_safe(sk_PKCS7_value(safes.get(), i)));
    return std::move(contents_);
  }

 private:
  Result<void> check_integrity() {
    has_mac_ = PKCS12_mac_present(file_) == 1;
    if (!has_mac_) return {};
    const ASN1_INTEGER* rounds = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &rounds, file_);
    std::int64_t count = 1;
    if (rounds != nullptr && ASN1_INTEGER_get_int64(&count, rounds) != 1) count = kMostRounds + 1;
    TRY(spend(count));
    ERR_clear_error();
    if (PKCS12_verify_mac(file_, password_.text, password_.size) == 1) return {};
    // Without an entry in the queue the check was made and came out wrong; any entry means that it could not
    // be made.
    if (ERR_peek_error() == 0) return wrong_password(password_given_);
    return damaged("PFX");
  }

  Result<void> spend(std::int64_t rounds) {
    if (rounds >= 1 && rounds <= rounds_left_) {
      rounds_left_ -= rounds;
      return {};
    }
    return invalid(fmt::format("the PFX file asks for more than {} rounds of key derivation", kMostRounds),
                   "export the file again with fewer rounds");
  }

  Result<void> prepare_decryption(const X509_ALGOR* algorithm) {
    TRY_ASSIGN(const auto encryption, examine_encryption(algorithm));
    TRY(spend(encryption.rounds));
    if (encryption.needs_legacy_module) TRY(legacy_.load());
    if (!encryption.old_cipher.empty()) warn_of_old_cipher(contents_.warnings, encryption.old_cipher);
    return {};
  }

  // After a good integrity check the password is right, and what cannot be decrypted is damaged.
  [[nodiscard]] tl::unexpected<Error> cannot_decrypt() const {
    return has_mac_ ? damaged("PFX") : wrong_password(password_given_);
  }

  Result<void> read_safe(PKCS7* safe) {
    if (PKCS7_type_is_data(safe)) {
      const SafeBagsHandle bags(PKCS12_unpack_p7data(safe));
      return bags ? read_bags(bags.get(), 1) : Result<void>(damaged("PFX"));
    }
    if (!PKCS7_type_is_encrypted(safe) || safe->d.encrypted == nullptr ||
        safe->d.encrypted->enc_data == nullptr) {
      return invalid("the PFX file is encrypted to a certificate, not with a password",
                     "export it again with a password");
    }
    TRY(prepare_decryption(safe->d.encrypted->enc_data->algorithm));
    const SafeBagsHandle bags(PKCS12_unpack_p7encdata(safe, password_.text, password_.size));
    return bags ? read_bags(bags.get(), 1) : Result<void>(cannot_decrypt());
  }

  Result<void> read_bags(const SafeBags* bags, int depth) {
    if (depth > kDeepestSafe) return damaged("PFX");
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      TRY(read_bag(sk_PKCS12_SAFEBAG_value(bags, i), depth));
    }
    return {};
  }

  Result<void> read_bag(const PKCS12_SAFEBAG* bag, int depth) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_keyBag:
        return add_key(PKCS12_SAFEBAG_get0_p8inf(bag));
      case NID_pkcs8ShroudedKeyBag:
        return add_encrypted_key(PKCS12_SAFEBAG_get0_pkcs8(bag));
      case NID_certBag:
        return add_certificate(bag);
      case NID_safeContentsBag: {
        const auto* inner = PKCS12_SAFEBAG_get0_safes(bag);
        return inner != nullptr ? read_bags(inner, depth + 1) : Result<void>(damaged("PFX"));
      }
      default:
        return {};  // revocation lists and other secrets are no business of ours
    }
  }

  Result<void> add_encrypted_key(const X509_SIG* encrypted) {
    const X509_ALGOR* algorithm = nullptr;
    if (encrypted == nullptr) return damaged("PFX");
    X509_SIG_get0(encrypted, &algorithm, nullptr);
    TRY(prepare_decryption(algorithm));
    const openssl::Pkcs8Handle key(PKCS8_decrypt(encrypted, password_.text, password_.size));
    return key ? add_key(key.get()) : Result<void>(cannot_decrypt());
  }

  Result<void> add_key(const PKCS8_PRIV_KEY_INFO* plain) {
    KeyHandle key(plain != nullptr ? EVP_PKCS82PKEY(plain) : nullptr);
    if (!key) return invalid("the private key of the PFX file is not a valid key");
    contents_.keys.push_back(std::move(key));
    return {};
  }

  Result<void> add_certificate(const PKCS12_SAFEBAG* bag) {
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return {};
    const X509Handle x509(PKCS12_SAFEBAG_get1_cert(bag));
    unsigned char* der = nullptr;
    const int size = x509 ? i2d_X509(x509.get(), &der) : -1;
    if (size <= 0) return damaged("PFX");
    const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    keep_certificate(contents_, bytes);
    return {};
  }

  PKCS12* file_;
  Password password_;
  bool password_given_;
  bool has_mac_ = false;
  std::int64_t rounds_left_ = kMostRounds;
  LegacyModule legacy_;
  Contents contents_;
};

// A PKCS#8 key in a PEM file, where a wrong password cannot be told from damage.
Result<KeyHandle> decrypt_pkcs8(std::string_view der, const SecretBytes& password, Contents& contents) {
  const auto encrypted = openssl::decode_whole<openssl::EncryptedKeyHandle>(d2i_X509_SIG, der);
  if (!encrypted) return damaged("PEM");
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(encrypted.get(), &algorithm, nullptr);
  TRY_ASSIGN(const auto encryption, examine_encryption(algorithm));
  LegacyModule legacy;
  if (encryption.needs_legacy_module) TRY(legacy.load());
  if (!encryption.old_cipher.empty()) warn_of_old_cipher(contents.warnings, encryption.old_cipher);
  const auto text = password.view();
  const openssl::Pkcs8Handle plain(
      PKCS8_decrypt(encrypted.get(), text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  if (!plain) return wrong_password(!password.empty());
  KeyHandle key(EVP_PKCS82PKEY(plain.get()));
  if (!key) return invalid("the private key of the PEM file is not a valid key");
  return key;
}

Result<KeyHandle> plain_pkcs8(std::string_view der) {
  const auto plain = openssl::decode_whole<openssl::Pkcs8Handle>(d2i_PKCS8_PRIV_KEY_INFO, der);
  KeyHandle key(plain ? EVP_PKCS82PKEY(plain.get()) : nullptr);
  if (!key) return invalid("the private key of the PEM file is not a valid key");
  return key;
}

int hand_over_password(char* buffer, int size, int /*for_writing*/, void* password) {
  const auto text = static_cast<const SecretBytes*>(password)->view();
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

// "RSA PRIVATE KEY" and "EC PRIVATE KEY", which may be encrypted in the way of RFC 1421.
Result<KeyHandle> traditional_key(PemBlock& block, int type, const SecretBytes& password,
                                  Contents& contents) {
  EVP_CIPHER_INFO cipher = {};
  if (PEM_get_EVP_CIPHER_INFO(block.headers.data(), &cipher) != 1) return damaged("PEM");
  long size = static_cast<long>(block.content.size());
  const bool encrypted = cipher.cipher != nullptr;
  if (encrypted) {
    warn_of_old_cipher(contents.warnings, "traditional PEM");
    if (password.empty()) return wrong_password(false);
    auto* argument = const_cast<SecretBytes*>(&password);  // NOLINT: the callback only reads through it
    if (PEM_do_header(&cipher, block.content.data(), &size, hand_over_password, argument) != 1) {
      return wrong_password(true);
    }
  }
  const unsigned char* at = block.content.data();
  KeyHandle key(d2i_PrivateKey(type, nullptr, &at, size));
  // One wrong password in 256 leaves padding that looks right.
  if (!key && encrypted) return wrong_password(true);
  if (!key) return invalid("the private key of the PEM file is not a valid key");
  return key;
}

Result<KeyHandle> read_pem_key(PemBlock& block, const SecretBytes& password, Contents& contents) {
  if (block.label == PEM_STRING_PKCS8) return decrypt_pkcs8(block.content.view(), password, contents);
  if (block.label == PEM_STRING_PKCS8INF) return plain_pkcs8(block.content.view());
  if (block.label == PEM_STRING_RSA) return traditional_key(block, EVP_PKEY_RSA, password, contents);
  if (block.label == PEM_STRING_ECPRIVATEKEY) return traditional_key(block, EVP_PKEY_EC, password, contents);
  return invalid(fmt::format("a '{}' is not supported", escape_for_terminal(block.label)),
                 "convert the key to PKCS#8 (openssl pkcs8 -topk8)");
}

Result<Contents> read_pem_contents(std::string_view content, const SecretBytes& password) {
  TRY_ASSIGN(auto blocks, pem_blocks(content));
  Contents contents;
  for (auto& block : blocks) {
    if (block.label == PEM_STRING_X509 || block.label == PEM_STRING_X509_OLD) {
      keep_certificate(contents, block.content.view());
    } else if (block.label.ends_with("PRIVATE KEY")) {
      TRY_ASSIGN(auto key, read_pem_key(block, password, contents));
      contents.keys.push_back(std::move(key));
    }
  }
  return contents;
}

Result<Contents> read_pkcs12_contents(std::string_view content, const SecretBytes& password) {
  const auto file = openssl::decode_whole<openssl::Pkcs12Handle>(d2i_PKCS12, content);
  if (!file) return damaged("PFX");
  if (!password.empty()) {
    const Password given{.text = password.view().data(), .size = static_cast<int>(password.size())};
    return Pkcs12Reader(file.get(), given, true).read();
  }
  auto contents = Pkcs12Reader(file.get(), Password{.text = "", .size = 0}, false).read();
  if (contents || contents.error().id != ErrorId("Certificate.WrongPassword")) return contents;
  return Pkcs12Reader(file.get(), Password{}, false).read();
}

// The public halves agree, and yet the private one may be nonsense: a signature that verifies settles it.
bool signs_for(EVP_PKEY* private_key, const Certificate& certificate) {
  constexpr std::string_view kProbe = "probe";
  const auto public_key = open_key(certificate.public_key);
  const auto* digest = digest_of(certificate.public_key.algorithm);
  const openssl::DigestContext signing(EVP_MD_CTX_new());
  const openssl::DigestContext checking(EVP_MD_CTX_new());
  if (!public_key || !signing || !checking) return false;
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(private_key)), '\0');
  auto size = signature.size();
  auto* bytes = reinterpret_cast<unsigned char*>(signature.data());
  return EVP_DigestSignInit(signing.get(), nullptr, digest, nullptr, private_key) == 1 &&
         EVP_DigestSign(signing.get(), bytes, &size, openssl::bytes_of(kProbe), kProbe.size()) == 1 &&
         EVP_DigestVerifyInit(checking.get(), nullptr, digest, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(checking.get(), bytes, size, openssl::bytes_of(kProbe), kProbe.size()) == 1;
}

tl::unexpected<Error> no_key(std::string message, std::string advice) {
  return fail("Certificate.NoKey", std::move(message), {}, std::move(advice));
}

// Of several for one key, as a renewal leaves them, the one that lasts longest.
std::vector<Certificate>::iterator certificate_of(const PublicKeyBytes& key, std::vector<Certificate>& all) {
  auto chosen = all.end();
  for (auto at = all.begin(); at != all.end(); ++at) {
    const bool fits = at->public_key.algorithm == key.algorithm && at->public_key.bytes == key.bytes;
    if (fits && (chosen == all.end() || at->not_after > chosen->not_after)) chosen = at;
  }
  return chosen;
}

// The certificate whose public key is the private key's own; the others are named in the warnings.
Result<Identity> join(Contents contents) {
  if (contents.keys.empty()) {
    return no_key("the file holds no private key", "export the certificate together with its private key");
  }
  if (contents.keys.size() > 1) {
    return invalid(fmt::format("the file holds {} private keys, which leaves open which one is meant",
                               contents.keys.size()),
                   "export one certificate with its key by itself");
  }
  auto* key = contents.keys.front().get();
  TRY_ASSIGN(const auto public_half, public_half_of(key));
  TRY_ASSIGN(auto compact, compact_private_key(key));
  Identity identity{.certificate = {}, .key = std::move(compact), .warnings = std::move(contents.warnings)};
  const auto chosen = certificate_of(public_half, contents.certificates);
  const bool found = chosen != contents.certificates.end();
  for (auto at = contents.certificates.begin(); at != contents.certificates.end(); ++at) {
    if (at == chosen) continue;
    identity.warnings.push_back(
        fmt::format("the file also holds certificate {}, which was ignored", describe(*at)));
  }
  if (found) identity.certificate = std::move(*chosen);
  if (!found && contents.first_unreadable) return tl::unexpected(*std::move(contents.first_unreadable));
  if (!found) {
    return no_key(contents.certificates.empty() ? "the file holds a private key and no certificate"
                                                : "no certificate of the file belongs to its private key",
                  "export the certificate together with its own private key");
  }
  if (!signs_for(key, identity.certificate)) {
    return invalid(
        fmt::format("the private key does not sign for its certificate {}", describe(identity.certificate)),
        "the file is damaged; export it again");
  }
  return identity;
}

bool is_certificate(std::string_view content) {
  return read_certificate(content).has_value();
}

}  // namespace

Result<Identity> read_identity(std::string_view content, const SecretBytes& password) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  if (looks_like_pem(content)) {
    TRY_ASSIGN(auto contents, read_pem_contents(content, password));
    return join(std::move(contents));
  }
  if (is_pkcs12(content)) {
    TRY_ASSIGN(auto contents, read_pkcs12_contents(content, password));
    return join(std::move(contents));
  }
  if (is_certificate(content)) {
    return no_key("the file holds a certificate without its private key",
                  "export the certificate together with its private key, as a PFX");
  }
  return invalid("the file is neither a PFX (PKCS#12) nor a PEM file, or it is cut off",
                 "give a .pfx or .p12 file, or a PEM file with certificate and private key");
}

}  // namespace accord
