#include "lib/token/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <utility>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/handle.h"
#include "lib/core/pkcs11_key.h"
#include "lib/token/rsa.h"

namespace accord {
namespace {

using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcdsaSignature = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using Bignum = Handle<BIGNUM, BN_free>;
using X509Handle = Handle<X509, X509_free>;
using BioHandle = Handle<BIO, BIO_free>;

constexpr std::size_t kLeastRsaBits = 2048;
constexpr std::size_t kMostRsaBits = 8192;
constexpr std::size_t kMostExponentBits = 256;  // FIPS 186-5 A.1.1; longer ones only cost time
constexpr std::size_t kMostKeyIdBytes = 256;
constexpr std::size_t kEd25519KeySize = 32;
constexpr std::size_t kEd25519SignatureSize = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL's errors say nothing that we tell, and must not be found by a later call.
tl::unexpected<Error> invalid(std::string message, std::string advice = {}) {
  ERR_clear_error();
  return fail("Key.Invalid", std::move(message), {}, std::move(advice));
}

// ---- What each algorithm and each curve is made of ----

enum class Family { rsa_pkcs1, rsa_pss, ecdsa, eddsa, hmac };

struct AlgorithmFacts {
  Algorithm algorithm = Algorithm::rs256;
  Family family = Family::rsa_pkcs1;
  const char* digest = nullptr;
  std::size_t digest_size = 0;
  KeyAlgorithm key = KeyAlgorithm::rsa;  // of the signing ones
};

constexpr std::array<AlgorithmFacts, 13> kAlgorithms = {{
    {Algorithm::rs256, Family::rsa_pkcs1, "SHA256", 32, KeyAlgorithm::rsa},
    {Algorithm::rs384, Family::rsa_pkcs1, "SHA384", 48, KeyAlgorithm::rsa},
    {Algorithm::rs512, Family::rsa_pkcs1, "SHA512", 64, KeyAlgorithm::rsa},
    {Algorithm::ps256, Family::rsa_pss, "SHA256", 32, KeyAlgorithm::rsa},
    {Algorithm::ps384, Family::rsa_pss, "SHA384", 48, KeyAlgorithm::rsa},
    {Algorithm::ps512, Family::rsa_pss, "SHA512", 64, KeyAlgorithm::rsa},
    {Algorithm::es256, Family::ecdsa, "SHA256", 32, KeyAlgorithm::p256},
    {Algorithm::es384, Family::ecdsa, "SHA384", 48, KeyAlgorithm::p384},
    {Algorithm::es512, Family::ecdsa, "SHA512", 64, KeyAlgorithm::p521},
    {Algorithm::eddsa, Family::eddsa, nullptr, 0, KeyAlgorithm::ed25519},
    {Algorithm::hs256, Family::hmac, "SHA256", 32, KeyAlgorithm::rsa},
    {Algorithm::hs384, Family::hmac, "SHA384", 48, KeyAlgorithm::rsa},
    {Algorithm::hs512, Family::hmac, "SHA512", 64, KeyAlgorithm::rsa},
}};

const AlgorithmFacts& facts_of(Algorithm algorithm) {
  return *std::ranges::find(kAlgorithms, algorithm, &AlgorithmFacts::algorithm);
}

struct Curve {
  KeyAlgorithm key = KeyAlgorithm::p256;
  const char* name = nullptr;               // OpenSSL's, and the `crv` of RFC 7518 s.6.2.1.1
  std::size_t size = 0;                     // of a coordinate and of r and s
  std::string_view object_identifier = {};  // content of the DER
};

constexpr std::array<Curve, 3> kCurves = {{
    {KeyAlgorithm::p256, "P-256", 32, {"\x2A\x86\x48\xCE\x3D\x03\x01\x07", 8}},
    {KeyAlgorithm::p384, "P-384", 48, {"\x2B\x81\x04\x00\x22", 5}},
    {KeyAlgorithm::p521, "P-521", 66, {"\x2B\x81\x04\x00\x23", 5}},
}};

const Curve& curve_of(KeyAlgorithm key) {
  return *std::ranges::find(kCurves, key, &Curve::key);
}

// ---- The few forms of DER that keys come in ----

constexpr unsigned char kDerInteger = 0x02;
constexpr unsigned char kDerBitString = 0x03;
constexpr unsigned char kDerOctetString = 0x04;
constexpr unsigned char kDerObjectIdentifier = 0x06;
constexpr unsigned char kDerSequence = 0x30;
constexpr unsigned char kDerContext0 = 0xA0;
constexpr unsigned char kDerContext1 = 0xA1;

// Reads element after element; the first that is not as expected makes it fail for good.
class DerReader {
 public:
  explicit DerReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(unsigned char tag) {
    if (rest_.size() < 2 || byte(0) != tag) return refuse();
    std::size_t length = byte(1);
    std::size_t start = 2;
    if (length >= 0x80) {
      const std::size_t count = length & 0x7FU;
      if (count == 0 || count > 2 || rest_.size() < start + count) return refuse();
      length = count == 1 ? byte(2) : byte(2) * 256U + byte(3);
      if (length < (count == 1 ? 0x80U : 0x100U)) return refuse();  // DER wants the shortest form
      start += count;
    }
    if (rest_.size() - start < length) return refuse();
    const auto content = rest_.substr(start, length);
    rest_.remove_prefix(start + length);
    return content;
  }

  // The magnitude of an integer that is not negative, without leading zeros; empty for zero.
  std::string_view take_unsigned() {
    auto content = take(kDerInteger);
    if (content.empty()) return refuse();
    const auto first = static_cast<unsigned char>(content[0]);
    if (first >= 0x80) return refuse();
    if (first != 0) return content;
    content.remove_prefix(1);
    if (!content.empty() && static_cast<unsigned char>(content[0]) < 0x80) return refuse();
    return content;
  }

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

 private:
  [[nodiscard]] unsigned byte(std::size_t at) const { return static_cast<unsigned char>(rest_[at]); }
  std::string_view refuse() {
    good_ = false;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool good_ = true;
};

// ---- From numbers to a handle ----

// The parameters of EVP_PKEY_fromdata, and the numbers in them. Decoders would take a third of what a verb
// may take in all; these are the numbers as they are.
class KeyParameters {
 public:
  KeyParameters() { numbers_.reserve(kMost); }

  void add_number(const char* name, std::string_view big_endian) {
    SecretBytes native(big_endian);
    std::reverse(native.data(), native.data() + native.size());  // OpenSSL wants the machine's own order
    numbers_.push_back(std::move(native));
    put(OSSL_PARAM_construct_BN(name, numbers_.back().data(), numbers_.back().size()));
  }
  void add_text(const char* name, const char* text) {
    put(OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(text), 0));
  }
  void add_bytes(const char* name, std::string_view bytes) {
    put(OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size()));
  }

  [[nodiscard]] KeyHandle build(const char* type, int selection) {
    prepare_crypto();
    parameters_[count_] = OSSL_PARAM_construct_end();
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, selection, parameters_.data()) != 1) {
      return nullptr;
    }
    return KeyHandle(key);
  }

 private:
  static constexpr std::size_t kMost = 8;
  void put(const OSSL_PARAM& parameter) { parameters_[count_++] = parameter; }

  std::array<OSSL_PARAM, kMost + 1> parameters_ = {};
  std::size_t count_ = 0;
  std::vector<SecretBytes> numbers_;
};

std::size_t bits_of(std::string_view magnitude) {
  if (magnitude.empty()) return 0;
  std::size_t bits = magnitude.size() * 8;
  for (unsigned mask = 0x80; mask != 0 && (static_cast<unsigned char>(magnitude[0]) & mask) == 0;
       mask >>= 1U) {
    --bits;
  }
  return bits;
}

bool is_odd(std::string_view magnitude) {
  return !magnitude.empty() && (static_cast<unsigned char>(magnitude.back()) & 1U) != 0;
}

std::string_view without_leading_zeros(std::string_view magnitude) {
  magnitude.remove_prefix(std::min(magnitude.find_first_not_of('\0'), magnitude.size()));
  return magnitude;
}

// protocol.md 4.5. Both without leading zeros.
Result<void> check_rsa(std::string_view modulus, std::string_view exponent) {
  const auto bits = bits_of(modulus);
  if (bits < kLeastRsaBits || bits > kMostRsaBits || !is_odd(modulus)) {
    return invalid("the RSA key has " + std::to_string(bits) +
                       " bits or an even modulus; 2048 to 8192 bits are accepted",
                   "use a key of 2048 bits or more");
  }
  // 65537 is the least odd number of 17 bits.
  const auto exponent_bits = bits_of(exponent);
  if (exponent_bits < 17 || exponent_bits > kMostExponentBits || !is_odd(exponent)) {
    return invalid("the public exponent of the RSA key is not an odd number from 65537 on",
                   "use a key with exponent 65537");
  }
  return {};
}

Result<KeyHandle> rsa_public(std::string_view modulus, std::string_view exponent) {
  TRY(check_rsa(modulus, exponent));
  KeyHandle key(make_rsa_handle({.modulus = modulus, .exponent = exponent}));
  if (!key) return invalid("the RSA key cannot be used");
  return key;
}

Result<KeyHandle> rsa_public_from_der(std::string_view der) {
  DerReader file(der);
  DerReader fields(file.take(kDerSequence));
  const auto modulus = fields.take_unsigned();
  const auto exponent = fields.take_unsigned();
  if (!file.finished() || !fields.finished()) return invalid("the RSA key is not a PKCS#1 public key");
  return rsa_public(modulus, exponent);
}

Result<KeyHandle> rsa_private_from_der(std::string_view der) {
  DerReader file(der);
  DerReader fields(file.take(kDerSequence));
  const bool two_primes = fields.take_unsigned().empty() && fields.good();
  std::array<std::string_view, 8> numbers = {};
  for (auto& number : numbers) number = fields.take_unsigned();
  const bool complete = std::ranges::none_of(numbers, &std::string_view::empty);
  if (!two_primes || !complete || !file.finished() || !fields.finished()) {
    return invalid("the RSA key is not a PKCS#1 private key of two primes");
  }
  TRY(check_rsa(numbers[0], numbers[1]));
  KeyHandle key(make_rsa_handle({.modulus = numbers[0],
                                 .exponent = numbers[1],
                                 .private_exponent = numbers[2],
                                 .prime1 = numbers[3],
                                 .prime2 = numbers[4],
                                 .exponent1 = numbers[5],
                                 .exponent2 = numbers[6],
                                 .coefficient = numbers[7]}));
  if (!key) return invalid("the RSA key cannot be used");
  return key;
}

// OpenSSL refuses a point off the curve and coordinates outside the field; the groups have no cofactor, so
// nothing else can be wrong with a point.
Result<KeyHandle> ec_public(const Curve& curve, std::string_view point) {
  if (point.size() != 1 + 2 * curve.size || point[0] != '\x04') {
    return invalid(std::string("the ") + curve.name + " key is not an uncompressed point of that curve");
  }
  KeyParameters parameters;
  parameters.add_text(OSSL_PKEY_PARAM_GROUP_NAME, curve.name);
  parameters.add_bytes(OSSL_PKEY_PARAM_PUB_KEY, point);
  auto key = parameters.build("EC", EVP_PKEY_PUBLIC_KEY);
  if (!key) return invalid(std::string("the ") + curve.name + " key is no point of that curve");
  return key;
}

Result<KeyHandle> ec_private_from_der(const Curve& curve, std::string_view der) {
  const auto bad =
      std::string("the ") + curve.name + " key is not an EC private key of that curve with its public key";
  DerReader file(der);
  DerReader fields(file.take(kDerSequence));
  const auto version = fields.take_unsigned();
  const auto scalar = fields.take(kDerOctetString);
  DerReader parameters_field(fields.take(kDerContext0));
  const auto object_identifier = parameters_field.take(kDerObjectIdentifier);
  DerReader public_field(fields.take(kDerContext1));
  const auto bits = public_field.take(kDerBitString);
  if (!file.finished() || !fields.finished() || !parameters_field.finished() || !public_field.finished()) {
    return invalid(bad);
  }
  if (version != "\x01" || object_identifier != curve.object_identifier || scalar.size() != curve.size ||
      bits.size() != 2 + 2 * curve.size || bits[0] != '\0') {
    return invalid(bad);
  }
  KeyParameters parameters;
  parameters.add_text(OSSL_PKEY_PARAM_GROUP_NAME, curve.name);
  parameters.add_bytes(OSSL_PKEY_PARAM_PUB_KEY, bits.substr(1));
  parameters.add_number(OSSL_PKEY_PARAM_PRIV_KEY, scalar);
  auto key = parameters.build("EC", EVP_PKEY_KEYPAIR);
  if (!key) return invalid(bad);
  return key;
}

// The y coordinates of the points of small order, with their encodings beyond the field: under such a "key"
// one signature fits many messages, so whoever registered it registered everybody.
bool has_small_order(std::string_view point) {
  constexpr std::array<std::string_view, 7> kSmallOrder = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05",
      "C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A",
      "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
      "EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
      "EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F"};
  std::string unsigned_point(point);
  unsigned_point.back() = static_cast<char>(static_cast<unsigned char>(unsigned_point.back()) & 0x7FU);
  return std::ranges::find(kSmallOrder, hex_encode(unsigned_point)) != kSmallOrder.end();
}

Result<KeyHandle> ed25519_public(std::string_view bytes) {
  if (bytes.size() != kEd25519KeySize) return invalid("the Ed25519 key does not have 32 bytes");
  if (has_small_order(bytes)) return invalid("the Ed25519 key is a point of small order, which binds nobody");
  prepare_crypto();
  KeyHandle key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(bytes), bytes.size()));
  if (!key) return invalid("the Ed25519 key cannot be used");
  return key;
}

Result<KeyHandle> ed25519_private(std::string_view bytes) {
  if (bytes.size() != kEd25519KeySize) return invalid("the Ed25519 key does not have 32 bytes");
  prepare_crypto();
  KeyHandle key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, bytes_of(bytes), bytes.size()));
  if (!key) return invalid("the Ed25519 key cannot be used");
  return key;
}

// ---- Signing and verifying ----

std::string hmac(const AlgorithmFacts& facts, const SecretBytes& secret, std::string_view message) {
  prepare_crypto();
  std::string code(facts.digest_size, '\0');
  std::size_t size = 0;
  const auto* made = EVP_Q_mac(nullptr, "HMAC", nullptr, facts.digest, nullptr, secret.data(), secret.size(),
                               bytes_of(message), message.size(), bytes_of(code), code.size(), &size);
  if (made == nullptr || size != facts.digest_size) return {};
  return code;
}

// RFC 7518 s.3.5: the salt is as long as the digest; anything else is another algorithm.
bool set_padding(EVP_PKEY_CTX* context, Family family) {
  if (family == Family::rsa_pkcs1) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (family != Family::rsa_pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool verify_with_handle(EVP_PKEY* key, const AlgorithmFacts& facts, std::string_view message,
                        std::string_view signature) {
  if (facts.algorithm == Algorithm::rs256) return verify_rs256(key, message, signature);
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const bool valid = context &&
                     EVP_DigestVerifyInit_ex(context.get(), &key_context, facts.digest, nullptr, nullptr, key,
                                             nullptr) == 1 &&
                     set_padding(key_context, facts.family) &&
                     EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                                      message.size()) == 1;
  ERR_clear_error();
  return valid;
}

// Empty when it cannot be done.
std::string sign_with_handle(EVP_PKEY* key, const AlgorithmFacts& facts, std::string_view message) {
  if (facts.algorithm == Algorithm::rs256) return sign_rs256(key, message);
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = signature.size();
  const bool made =
      context &&
      EVP_DigestSignInit_ex(context.get(), &key_context, facts.digest, nullptr, nullptr, key, nullptr) == 1 &&
      set_padding(key_context, facts.family) &&
      EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  signature.resize(made ? size : 0);
  return signature;
}

// In [1, n-1]: zeros verify anything where they are let through (RFC 7518 s.3.4, SEC 1 4.1.4).
bool is_scalar(const BIGNUM* number, const BIGNUM* order) {
  return number != nullptr && BN_is_zero(number) == 0 && BN_is_negative(number) == 0 &&
         BN_cmp(number, order) < 0;
}

// r || s, as JWS writes it, to the DER that OpenSSL reads; empty when it is no signature of that curve.
std::string ecdsa_to_der(EVP_PKEY* key, std::size_t size, std::string_view signature) {
  if (signature.size() != 2 * size) return {};
  const auto half = static_cast<int>(size);
  Bignum r(BN_bin2bn(bytes_of(signature), half, nullptr));
  Bignum s(BN_bin2bn(bytes_of(signature.substr(size)), half, nullptr));
  BIGNUM* order_pointer = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order_pointer) != 1) return {};
  const Bignum order(order_pointer);
  if (!is_scalar(r.get(), order.get()) || !is_scalar(s.get(), order.get())) return {};
  const EcdsaSignature pair(ECDSA_SIG_new());
  if (!pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // the pair owns them now
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (length <= 0) return {};
  std::string der(static_cast<std::size_t>(length), '\0');
  auto* end = bytes_of(der);
  i2d_ECDSA_SIG(pair.get(), &end);
  return der;
}

std::string ecdsa_from_der(std::size_t size, std::string_view der) {
  const auto* start = bytes_of(der);
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &start, static_cast<long>(der.size())));
  if (!pair) return {};
  std::string signature(2 * size, '\0');
  const auto half = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes_of(signature), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes_of(signature) + size, half) != half) {
    return {};
  }
  return signature;
}

}  // namespace

struct Key::Parts {
  KeyHandle handle = {};                  // of everything but an HMAC secret
  std::optional<KeyAlgorithm> type = {};  // not set: an HMAC secret
  SecretBytes secret = {};
  bool can_sign = false;
  std::optional<TokenKey> in_token = {};  // `handle` is its public half then
  std::optional<std::string> id = {};
  std::optional<Algorithm> only = {};  // the JWK's alg

  [[nodiscard]] bool can_do(Algorithm algorithm) const {
    const auto& facts = facts_of(algorithm);
    // A type without a secret never does HMAC: the oldest trick is to pass a public key off as one (RFC 8725
    // s.2.1).
    if (facts.family == Family::hmac) return !type && secret.size() >= facts.digest_size;
    return type && *type == facts.key;
  }
};

Key::Key(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Key::Key(Key&&) noexcept = default;
Key& Key::operator=(Key&&) noexcept = default;
Key::~Key() = default;

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto& [algorithm, spelling] : EnumNames<Algorithm>::table) {
    if (spelling == name) return algorithm;
  }
  return std::nullopt;
}

std::optional<Algorithm> s2s_algorithm(KeyAlgorithm key) {
  switch (key) {
    case KeyAlgorithm::rsa:
      return Algorithm::rs256;
    case KeyAlgorithm::p256:
      return Algorithm::es256;
    case KeyAlgorithm::p384:
      return Algorithm::es384;
    case KeyAlgorithm::ed25519:
      return Algorithm::eddsa;
    case KeyAlgorithm::p521:
      return std::nullopt;
  }
  return std::nullopt;
}

namespace {

Result<KeyHandle> public_handle(KeyAlgorithm algorithm, std::string_view bytes) {
  if (algorithm == KeyAlgorithm::rsa) return rsa_public_from_der(bytes);
  if (algorithm == KeyAlgorithm::ed25519) return ed25519_public(bytes);
  return ec_public(curve_of(algorithm), bytes);
}

Result<KeyHandle> private_handle(KeyAlgorithm algorithm, std::string_view bytes) {
  if (algorithm == KeyAlgorithm::rsa) return rsa_private_from_der(bytes);
  if (algorithm == KeyAlgorithm::ed25519) return ed25519_private(bytes);
  return ec_private_from_der(curve_of(algorithm), bytes);
}

}  // namespace

Result<Key> Key::from_public(const PublicKeyBytes& bytes) {
  auto parts = std::make_unique<Parts>();
  TRY_ASSIGN(parts->handle, public_handle(bytes.algorithm, bytes.bytes));
  parts->type = bytes.algorithm;
  return Key(std::move(parts));
}

Result<Key> Key::from_private(const PrivateKeyBytes& bytes) {
  if (!bytes.uri.empty()) return from_token(bytes);
  auto parts = std::make_unique<Parts>();
  TRY_ASSIGN(parts->handle, private_handle(bytes.algorithm, bytes.bytes.view()));
  parts->type = bytes.algorithm;
  parts->can_sign = true;
  return Key(std::move(parts));
}

const std::optional<std::string>& Key::id() const {
  return parts_->id;
}

bool Key::allows(Algorithm algorithm) const {
  if (parts_->only && *parts_->only != algorithm) return false;
  return parts_->can_do(algorithm);
}

bool Key::verify(Algorithm algorithm, std::string_view message, std::string_view signature) const {
  if (!allows(algorithm) || signature.empty()) return false;
  const auto& facts = facts_of(algorithm);
  auto* handle = parts_->handle.get();
  switch (facts.family) {
    case Family::rsa_pkcs1:
    case Family::rsa_pss:
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(handle)) &&
             verify_with_handle(handle, facts, message, signature);
    case Family::ecdsa: {
      const auto der = ecdsa_to_der(handle, curve_of(facts.key).size, signature);
      return !der.empty() && verify_with_handle(handle, facts, message, der);
    }
    case Family::eddsa:
      return signature.size() == kEd25519SignatureSize &&
             verify_with_handle(handle, facts, message, signature);
    case Family::hmac: {
      const auto code = hmac(facts, parts_->secret, message);
      return !code.empty() && code.size() == signature.size() &&
             CRYPTO_memcmp(code.data(), signature.data(), code.size()) == 0;
    }
  }
  return false;
}

Result<std::string> Key::sign(Algorithm algorithm, std::string_view message) const {
  if (!parts_->can_sign) return invalid("the key has no private part to sign with");
  if (!allows(algorithm)) {
    return invalid("the key cannot sign with '" + std::string(enum_name(algorithm)) + "'");
  }
  if (parts_->in_token) return sign_in_token(algorithm, message);
  const auto& facts = facts_of(algorithm);
  std::string signature;
  if (facts.family == Family::hmac) {
    signature = hmac(facts, parts_->secret, message);
  } else {
    signature = sign_with_handle(parts_->handle.get(), facts, message);
    if (facts.family == Family::ecdsa) signature = ecdsa_from_der(curve_of(facts.key).size, signature);
  }
  if (signature.empty()) return invalid("signing with the key failed");
  return signature;
}

bool Key::belongs_to(const PublicKeyBytes& bytes) const {
  if (parts_->type != bytes.algorithm) return false;
  const auto other = public_handle(bytes.algorithm, bytes.bytes);
  const bool same = other && EVP_PKEY_eq(parts_->handle.get(), other->get()) == 1;
  ERR_clear_error();
  return same;
}

Result<std::string> Key::sign_in_token(Algorithm algorithm, std::string_view message) const {
  const auto& facts = facts_of(algorithm);
  if (facts.family != Family::rsa_pkcs1 && facts.family != Family::ecdsa) {
    return invalid("a key in a token does not sign with '" + std::string(enum_name(algorithm)) + "' here");
  }
  TRY_ASSIGN(auto signature, parts_->in_token->sign(facts.digest, message));
  if (facts.family == Family::ecdsa) signature = ecdsa_from_der(curve_of(facts.key).size, signature);
  // One that was disturbed while it computed can give its private key away with a single wrong signature.
  if (verify(algorithm, message, signature)) return signature;
  return fail("KeyToken.Unreachable",
              "the token gave a signature of '" + parts_->in_token->uri() + "' that is not valid",
              parts_->in_token->uri(), "have the token checked; do not use it meanwhile");
}

// ---- JSON Web Keys ----

namespace {

Result<std::string> jwk_bytes(const json::Value& jwk, std::string_view name) {
  const auto text = jwk.find_string(name);
  auto bytes = text ? base64url_decode(*text) : std::nullopt;
  if (!bytes || bytes->empty()) {
    return invalid("the member '" + std::string(name) + "' of the JWK is missing or not base64url");
  }
  return *std::move(bytes);
}

Result<KeyHandle> rsa_from_jwk(const json::Value& jwk) {
  TRY_ASSIGN(const auto modulus, jwk_bytes(jwk, "n"));
  TRY_ASSIGN(const auto exponent, jwk_bytes(jwk, "e"));
  return rsa_public(without_leading_zeros(modulus), without_leading_zeros(exponent));
}

// RFC 7518 s.6.2.1.2: coordinates have their full length.
Result<KeyHandle> ec_from_jwk(const json::Value& jwk, const Curve& curve) {
  TRY_ASSIGN(const auto x, jwk_bytes(jwk, "x"));
  TRY_ASSIGN(const auto y, jwk_bytes(jwk, "y"));
  if (x.size() != curve.size || y.size() != curve.size) {
    return invalid(std::string("the coordinates of the JWK do not have the length of ") + curve.name);
  }
  return ec_public(curve, '\x04' + x + y);
}

// RFC 7517 s.4.2 and 4.3: what its owner made for something else does not verify here.
Result<void> check_use(const json::Value& jwk) {
  if (const auto* use = jwk.find("use"); use != nullptr && !(use->is_string() && use->text() == "sig")) {
    return invalid("the JWK is not for signatures: its 'use' is not 'sig'");
  }
  if (const auto* operations = jwk.find("key_ops"); operations != nullptr) {
    const bool verifies =
        operations->is_array() && std::ranges::any_of(operations->items(), [](const auto& item) {
          return item.is_string() && item.text() == "verify";
        });
    if (!verifies) return invalid("the JWK is not for verifying: its 'key_ops' do not name 'verify'");
  }
  return {};
}

Result<std::optional<std::string>> jwk_id(const json::Value& jwk) {
  const auto* id = jwk.find("kid");
  if (id == nullptr) return std::nullopt;
  if (!id->is_string() || id->text().size() > kMostKeyIdBytes) {
    return invalid("the 'kid' of the JWK is not a string of at most 256 bytes");
  }
  return id->text();
}

}  // namespace

Result<Key> Key::from_jwk(const json::Value& jwk) {
  if (!jwk.is_object()) return invalid("a JWK must be a JSON object");
  TRY(check_use(jwk));
  auto parts = std::make_unique<Parts>();
  TRY_ASSIGN(parts->id, jwk_id(jwk));

  const auto type = jwk.find_string("kty").value_or("");
  const auto curve_name = jwk.find_string("crv").value_or("");
  const auto* curve = std::ranges::find_if(kCurves, [&](const Curve& one) { return curve_name == one.name; });
  if (type == "RSA") {
    TRY_ASSIGN(parts->handle, rsa_from_jwk(jwk));
    parts->type = KeyAlgorithm::rsa;
  } else if (type == "EC" && curve != kCurves.end()) {
    TRY_ASSIGN(parts->handle, ec_from_jwk(jwk, *curve));
    parts->type = curve->key;
  } else if (type == "OKP" && curve_name == "Ed25519") {
    TRY_ASSIGN(const auto bytes, jwk_bytes(jwk, "x"));
    TRY_ASSIGN(parts->handle, ed25519_public(bytes));
    parts->type = KeyAlgorithm::ed25519;
  } else if (type == "oct") {
    TRY_ASSIGN(auto secret, jwk_bytes(jwk, "k"));
    parts->secret = SecretBytes(secret);
    wipe(secret);
    parts->can_sign = true;
    // RFC 7518 s.3.2; the shortest digest is that of HS256.
    if (!parts->can_do(Algorithm::hs256))
      return invalid("the HMAC secret of the JWK is shorter than 32 bytes");
  } else {
    return invalid("the JWK is of a kind that cannot verify signatures here",
                   "RSA, EC with P-256, P-384 or P-521, OKP with Ed25519, and oct are known");
  }

  if (const auto* name = jwk.find("alg"); name != nullptr) {
    parts->only = name->is_string() ? parse_algorithm(name->text()) : std::nullopt;
    if (!parts->only || !parts->can_do(*parts->only)) {
      return invalid("the 'alg' of the JWK is no signature algorithm that such a key can do");
    }
  }
  return Key(std::move(parts));
}

// ---- Files ----

namespace {

std::string number_of(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* pointer = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &pointer) != 1) return {};
  const Bignum number(pointer);
  std::string bytes(std::max(size, static_cast<std::size_t>(BN_num_bytes(number.get()))), '\0');
  if (BN_bn2binpad(number.get(), bytes_of(bytes), static_cast<int>(bytes.size())) < 0) return {};
  return bytes;
}

// The same key, built again from its numbers: so every key passes the same tests, whatever file it came in.
Result<PublicKeyBytes> public_bytes_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    std::string bytes(kEd25519KeySize, '\0');
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, bytes_of(bytes), &size) != 1)
      return invalid("the Ed25519 key cannot be read");
    return PublicKeyBytes{KeyAlgorithm::ed25519, bytes};
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    unsigned char* der = nullptr;
    const int length = i2d_PublicKey(key, &der);
    if (length <= 0) return invalid("the RSA key cannot be read");
    PublicKeyBytes bytes{KeyAlgorithm::rsa,
                         std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length))};
    OPENSSL_free(der);
    return bytes;
  }
  std::array<char, 64> group = {};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    const int nid = OBJ_txt2nid(group.data());
    for (const auto& curve : kCurves) {
      if (EC_curve_nist2nid(curve.name) != nid) continue;
      return PublicKeyBytes{curve.key, '\x04' + number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.size) +
                                           number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.size)};
    }
  }
  return invalid("the public key is of a kind that cannot verify signatures here",
                 "RSA, P-256, P-384, P-521 and Ed25519 are known");
}

// A certificate or a SubjectPublicKeyInfo, with nothing behind it.
Result<Key> key_from_der(std::string_view der) {
  if (der.size() > INT_MAX) return invalid("the file is too large for a key");
  prepare_crypto();
  const auto size = static_cast<long>(der.size());
  const auto* end = bytes_of(der) + der.size();
  KeyHandle key;
  const auto* start = bytes_of(der);
  if (const X509Handle certificate(d2i_X509(nullptr, &start, size)); certificate && start == end) {
    key.reset(X509_get_pubkey(certificate.get()));
  } else {
    start = bytes_of(der);
    key.reset(d2i_PUBKEY(nullptr, &start, size));
    if (start != end) key.reset();
  }
  if (!key) {
    return invalid("the file holds no public key that can be read",
                   "give a JWK, or PEM or DER of a certificate or a public key");
  }
  TRY_ASSIGN(const auto bytes, public_bytes_of(key.get()));
  ERR_clear_error();
  return Key::from_public(bytes);
}

constexpr std::string_view kPemBegin = "-----BEGIN ";

Result<Key> key_from_pem(std::string_view text) {
  const auto begin = text.find(kPemBegin);
  if (text.find(kPemBegin, begin + 1) != std::string_view::npos) {
    return invalid("the file holds more than one PEM block",
                   "give a file with one certificate or one public key");
  }
  const BioHandle bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), INT_MAX))));
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (!bio || PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1)
    return invalid("the PEM block is damaged");
  const std::string kind(label);
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  if (kind == PEM_STRING_PUBLIC || kind == PEM_STRING_X509 || kind == PEM_STRING_X509_OLD)
    return key_from_der(der);
  wipe(der);
  return invalid(
      "the file holds neither a public key nor a certificate but '" + escape_for_terminal(kind) + "'",
      "give the public key or the certificate; a private key does not belong here");
}

}  // namespace

// That it is the certificate's is for the caller to see to, with belongs_to.
Result<Key> Key::from_token(const PrivateKeyBytes& bytes) {
  if (bytes.algorithm == KeyAlgorithm::ed25519) {
    return invalid("OpenSSL's engine for PKCS#11 does not sign with Ed25519 keys",
                   "use an RSA, P-256 or P-384 key in the token");
  }
  TRY_ASSIGN(const auto opened, TokenKey::open(bytes.uri));
  TRY_ASSIGN(auto key, key_from_der(opened.public_key()));
  if (key.parts_->type != bytes.algorithm) {
    return fail("Key.Invalid",
                "the key at '" + bytes.uri + "' is not of the kind " +
                    std::string(enum_name(bytes.algorithm)) + ", which the certificate has",
                bytes.uri, "name the key that belongs to the certificate");
  }
  key.parts_->in_token = opened;
  key.parts_->can_sign = true;
  return key;
}

Result<Key> read_key(std::string_view content) {
  if (trim(content).starts_with('{')) {
    TRY_ASSIGN(const auto jwk, json::parse(trim(content)));
    if (jwk.find("keys") != nullptr && jwk.find("kty") == nullptr) {
      return invalid("the file holds a key set, not one key", "give it as a key set");
    }
    return Key::from_jwk(jwk);
  }
  if (content.find(kPemBegin) != std::string_view::npos) return key_from_pem(content);
  return key_from_der(content);
}

Result<std::vector<Key>> read_key_set(std::string_view content) {
  TRY_ASSIGN(const auto document, json::parse(trim(content)));
  const auto* items = document.find("keys");
  if (items == nullptr || !items->is_array()) {
    return invalid("the file is not a JWK set: it has no array 'keys'");
  }
  std::vector<Key> keys;
  for (const auto& item : items->items()) {
    if (auto key = Key::from_jwk(item)) keys.push_back(*std::move(key));
  }
  if (keys.empty()) return invalid("the key set holds no key that can verify signatures");
  return keys;
}

}  // namespace accord
