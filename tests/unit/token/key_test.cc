#include "lib/token/key.h"

#include <rapidcheck.h>

#include <array>

#include "tests/unit/token/token_kit.h"

namespace accord {
namespace {

using test::data;
using test::error_id;
using test::must;
using test::private_bytes;
using test::public_bytes;

const std::vector<std::pair<std::string, std::vector<Algorithm>>>& algorithms_of_keys() {
  static const std::vector<std::pair<std::string, std::vector<Algorithm>>> table = {
      {"rsa",
       {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
        Algorithm::ps512}},
      {"p256", {Algorithm::es256}},
      {"p384", {Algorithm::es384}},
      {"p521", {Algorithm::es512}},
      {"ed25519", {Algorithm::eddsa}}};
  return table;
}

bool is_in(const std::vector<Algorithm>& list, Algorithm one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

json::Value jwk(std::string_view text) {
  return must(json::parse(text));
}

constexpr std::string_view kSecret =
    R"({"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})";  // 32 bytes

TEST_CASE("an algorithm is known by its exact spelling only") {
  CHECK(parse_algorithm("RS256") == Algorithm::rs256);
  CHECK(parse_algorithm("EdDSA") == Algorithm::eddsa);
  for (const auto* name : {"rs256", "Rs256", "RS256 ", "", "none", "EDDSA", "RSA"}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(parse_algorithm(name));
  }
}

TEST_CASE("every kind of key of a server has one algorithm, but for P-521") {
  CHECK(s2s_algorithm(KeyAlgorithm::rsa) == Algorithm::rs256);
  CHECK(s2s_algorithm(KeyAlgorithm::p256) == Algorithm::es256);
  CHECK(s2s_algorithm(KeyAlgorithm::p384) == Algorithm::es384);
  CHECK(s2s_algorithm(KeyAlgorithm::ed25519) == Algorithm::eddsa);
  CHECK_FALSE(s2s_algorithm(KeyAlgorithm::p521));
}

TEST_CASE("a key signs and its public half verifies, with its own algorithms and no others") {
  for (const auto& one : algorithms_of_keys()) {
    const auto& name = one.first;
    const auto& own = one.second;
    const auto signer = must(Key::from_private(private_bytes(name)));
    const auto verifier = must(Key::from_public(public_bytes(name)));
    for (const auto& inner : EnumNames<Algorithm>::table) {
      const auto& algorithm = inner.first;
      const auto& spelling = inner.second;
      CAPTURE(std::string(name));
      CAPTURE(spelling);
      CHECK(verifier.allows(algorithm) == is_in(own, algorithm));
      const auto signature = signer.sign(algorithm, "message");
      if (!is_in(own, algorithm)) {
        CHECK(error_id(signature) == "Key.Invalid");
        continue;
      }
      CHECK(verifier.verify(algorithm, "message", must(signature)));
      CHECK_FALSE(verifier.verify(algorithm, "massage", *signature));
      CHECK_FALSE(verifier.verify(algorithm, "message", *signature + '\0'));
      CHECK_FALSE(verifier.verify(algorithm, "message", signature->substr(0, signature->size() - 1)));
      CHECK_FALSE(verifier.verify(algorithm, "message", '\0' + *signature));
      CHECK_FALSE(verifier.verify(algorithm, "message", ""));
      for (const auto other : own) {
        if (other != algorithm) CHECK_FALSE(verifier.verify(other, "message", *signature));
      }
    }
    CHECK(error_id(verifier.sign(own[0], "message")) == "Key.Invalid");
  }
}

TEST_CASE("a signature of another key of the same kind does not verify") {
  const auto signature =
      must(must(Key::from_private(private_bytes("rsa-other"))).sign(Algorithm::rs256, "message"));
  CHECK_FALSE(must(Key::from_public(public_bytes("rsa"))).verify(Algorithm::rs256, "message", signature));
}

TEST_CASE("an ECDSA signature needs r and s from 1 to n-1 in their full length") {
  const auto key = must(Key::from_public(public_bytes("p256")));
  const auto order = hex_decode("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551").value();
  const auto good = must(must(Key::from_private(private_bytes("p256"))).sign(Algorithm::es256, "message"));
  REQUIRE(key.verify(Algorithm::es256, "message", good));
  const auto zero = std::string(32, '\0');
  const auto r = good.substr(0, 32);
  const auto s = good.substr(32);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"both zero", zero + zero},
      {"r zero", zero + s},
      {"s zero", r + zero},
      {"r is n", order + s},
      {"s is n", r + order},
      {"both n", order + order},
      {"largest", std::string(64, '\xFF')},
      {"swapped", s + r},
      {"only r", r},
      {"longer halves", std::string(1, '\0') + r + std::string(1, '\0') + s}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& signature = one.second;
    CAPTURE(std::string(name));
    CHECK_FALSE(key.verify(Algorithm::es256, "message", signature));
  }
}

TEST_CASE("the salt of an RSA-PSS signature is exactly as long as the digest") {
  const auto key = must(Key::from_public(public_bytes("rsa")));
  CHECK(key.verify(Algorithm::ps256, "message", data("token-rsa-salt32.sig")));
  CHECK_FALSE(key.verify(Algorithm::ps256, "message", data("token-rsa-salt20.sig")));
}

TEST_CASE("an RSA signature that is not below the modulus is refused") {
  const auto key = must(Key::from_public(public_bytes("rsa")));
  CHECK_FALSE(key.verify(Algorithm::rs256, "message", std::string(256, '\xFF')));
  CHECK_FALSE(key.verify(Algorithm::rs256, "message", std::string(256, '\0')));
  CHECK_FALSE(key.verify(Algorithm::rs256, "message", std::string(255, '\0') + '\x01'));
}

TEST_CASE("a weak or damaged public key is refused") {
  const auto rsa = public_bytes("rsa").bytes;
  const auto point = public_bytes("p256").bytes;
  auto off_curve = point;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  auto compressed = point.substr(0, 33);
  compressed[0] = '\x02';
  struct Case {
    std::string name;
    PublicKeyBytes bytes;
  };
  const std::vector<Case> cases = {
      {"RSA of 1024 bits", public_bytes("rsa1024")},
      {"RSA with exponent 3", public_bytes("rsa-e3")},
      {"RSA cut short", {KeyAlgorithm::rsa, rsa.substr(0, rsa.size() - 1)}},
      {"RSA with something behind it", {KeyAlgorithm::rsa, rsa + '\0'}},
      {"RSA, empty", {KeyAlgorithm::rsa, ""}},
      {"RSA as a SubjectPublicKeyInfo", {KeyAlgorithm::rsa, data("token-rsa.pub")}},
      {"point off the curve", {KeyAlgorithm::p256, off_curve}},
      {"point of another curve", {KeyAlgorithm::p384, point}},
      {"coordinates beyond the field", {KeyAlgorithm::p256, '\x04' + std::string(64, '\xFF')}},
      {"zero point", {KeyAlgorithm::p256, '\x04' + std::string(64, '\0')}},
      {"point at infinity", {KeyAlgorithm::p256, std::string(1, '\0')}},
      {"compressed point", {KeyAlgorithm::p256, compressed}},
      {"Ed25519, short", {KeyAlgorithm::ed25519, std::string(31, 'x')}},
      {"Ed25519, identity", {KeyAlgorithm::ed25519, '\x01' + std::string(31, '\0')}},
      {"Ed25519, order two",
       {KeyAlgorithm::ed25519, hex_decode("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                                          "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")
                                   .value()}},
      {"Ed25519, order eight, negative",
       {KeyAlgorithm::ed25519, hex_decode("26E8958FC2B227B045C3F489F2EF98F0"
                                          "D5DFAC05D3C63339B13802886D53FC85")
                                   .value()}}};
  for (const auto& one : cases) {
    CAPTURE(one.name);
    CHECK(error_id(Key::from_public(one.bytes)) == "Key.Invalid");
  }
}

TEST_CASE("an RSA exponent is odd and 65537 or more, and a modulus has 2048 to 8192 bits") {
  const auto make = [](const std::string& modulus, const std::string& exponent) {
    auto value = json::Value::object();
    value.add("kty", "RSA");
    value.add("n", base64url_encode(modulus));
    value.add("e", base64url_encode(exponent));
    return error_id(Key::from_jwk(value));
  };
  const auto modulus = [](std::size_t bytes, char first = '\x80') {
    return first + std::string(bytes - 1, '\x01');
  };
  const std::string usual = {'\x01', '\0', '\x01'};
  CHECK(make(modulus(256), usual).empty());
  CHECK(make('\0' + modulus(256), '\0' + usual).empty());
  CHECK(make(modulus(1024), usual).empty());
  CHECK(make(modulus(256, '\x7F'), usual) == "Key.Invalid");   // 2047 bits
  CHECK(make(modulus(1025, '\x01'), usual) == "Key.Invalid");  // 8193 bits
  CHECK(make(modulus(255) + '\x02', usual) == "Key.Invalid");  // even
  CHECK(make(modulus(256), {'\x01', '\0', '\x03'}).empty());
  CHECK(make(modulus(256), {'\x01', '\0', '\0'}) == "Key.Invalid");  // even
  CHECK(make(modulus(256), {'\xFF', '\xFF'}) == "Key.Invalid");      // 65535
  CHECK(make(modulus(256), "\x03") == "Key.Invalid");
  CHECK(make(modulus(256), "\x01") == "Key.Invalid");
  CHECK(make(modulus(256), std::string(33, '\x01')) == "Key.Invalid");
}

TEST_CASE("a damaged private key is refused") {
  for (const auto* name : {"rsa", "p256", "ed25519"}) {
    const auto whole = private_bytes(name);
    const std::string text(whole.bytes.view());
    const std::vector<std::string> damaged = {text.substr(0, text.size() - 1), text + '\0', std::string(),
                                              'x' + text};
    for (const auto& bytes : damaged) {
      CAPTURE(std::string(name));
      CAPTURE(bytes.size());
      CHECK(error_id(Key::from_private({whole.algorithm, SecretBytes(bytes)})) == "Key.Invalid");
    }
  }
  CHECK(error_id(Key::from_private({KeyAlgorithm::p384, SecretBytes(data("token-p256.key"))})) ==
        "Key.Invalid");
  CHECK(error_id(Key::from_private(private_bytes("rsa1024"))) == "Key.Invalid");
}

TEST_CASE("a key in a token that cannot be reached is an error of the token, and Ed25519 is refused before") {
  const auto in_token = [](KeyAlgorithm algorithm, std::string uri) {
    return Key::from_private({.algorithm = algorithm, .bytes = {}, .uri = std::move(uri)});
  };
  CHECK(error_id(in_token(KeyAlgorithm::rsa, "pkcs11:object=k;module-path=/nowhere.so")) ==
        "KeyToken.Unreachable");
  CHECK(error_id(in_token(KeyAlgorithm::p256, "pkcs11:object=k;pin-value=1")) == "Parameter.Invalid");
  CHECK(error_id(in_token(KeyAlgorithm::ed25519, "pkcs11:object=k;module-path=/nowhere.so")) ==
        "Key.Invalid");
}

TEST_CASE("a key belongs to its own public half alone") {
  for (const auto* name : {"rsa", "p256", "p384", "ed25519"}) {
    CAPTURE(std::string(name));
    const auto key = must(Key::from_private(private_bytes(name)));
    for (const auto* other : {"rsa", "rsa-other", "p256", "p384", "ed25519"}) {
      CAPTURE(std::string(other));
      CHECK(key.belongs_to(public_bytes(other)) == (std::string_view(name) == other));
    }
  }
}

TEST_CASE("a JWK that was made for something else does not verify") {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"not an object", R"([])"},
      {"no kty", R"({"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"kty of other case", R"({"kty":"Oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"use enc", R"({"kty":"oct","use":"enc","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"use no string", R"({"kty":"oct","use":1,"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"key_ops sign",
       R"({"kty":"oct","key_ops":["sign"],"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"key_ops empty", R"({"kty":"oct","key_ops":[],"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"key_ops no array",
       R"({"kty":"oct","key_ops":"verify","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"alg of other type",
       R"({"kty":"oct","alg":"RS256","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"alg needs more", R"({"kty":"oct","alg":"HS512","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"alg none", R"({"kty":"oct","alg":"none","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"alg null", R"({"kty":"oct","alg":null,"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"secret of 31 bytes", R"({"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA"})"},
      {"no secret", R"({"kty":"oct"})"},
      {"empty secret", R"({"kty":"oct","k":""})"},
      {"secret not base64url", R"({"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="})"},
      {"kid no string", R"({"kty":"oct","kid":7,"k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"})"},
      {"unknown curve", R"({"kty":"EC","crv":"P-224","x":"AA","y":"AA"})"},
      {"X25519", R"({"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"})"},
      {"short coordinate", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"}};
  for (const auto& one : refused) {
    const auto& name = one.first;
    const auto& text = one.second;
    CAPTURE(std::string(name));
    CHECK(error_id(Key::from_jwk(jwk(text))) == "Key.Invalid");
  }
  CHECK(must(Key::from_jwk(jwk(kSecret))).allows(Algorithm::hs256));
  CHECK_FALSE(
      must(Key::from_jwk(jwk(kSecret))).allows(Algorithm::hs384));  // a longer digest wants a longer secret
  CHECK_FALSE(must(Key::from_jwk(jwk(kSecret))).allows(Algorithm::rs256));
}

TEST_CASE("the JWK's alg narrows what it may be used with, and kid names it") {
  const auto key = must(Key::from_jwk(jwk(
      R"({"kty":"oct","kid":"a","alg":"HS256","key_ops":["sign","verify"],"use":"sig",)"
      R"("k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMw"})")));
  CHECK(key.id() == "a");
  CHECK(key.allows(Algorithm::hs256));
  CHECK_FALSE(key.allows(Algorithm::hs512));
  CHECK_FALSE(must(Key::from_jwk(jwk(kSecret))).id());
}

TEST_CASE("an HMAC code is compared whole") {
  const auto key = must(Key::from_jwk(jwk(kSecret)));
  const auto code = must(key.sign(Algorithm::hs256, "message"));
  CHECK(code.size() == 32);
  CHECK(key.verify(Algorithm::hs256, "message", code));
  CHECK_FALSE(key.verify(Algorithm::hs256, "message", code.substr(0, 31)));
  CHECK_FALSE(key.verify(Algorithm::hs256, "message", ""));
  CHECK_FALSE(key.verify(Algorithm::hs256, "message", code + code));
}

TEST_CASE("a public key is read from DER and PEM of a key or a certificate") {
  const auto pem = [](const std::string& label, const std::string& der) {
    return "-----BEGIN " + label + "-----\n" + base64_encode(der) + "\n-----END " + label + "-----\n";
  };
  for (const auto& one : algorithms_of_keys()) {
    const auto& name = one.first;
    const auto& own = one.second;
    CAPTURE(std::string(name));
    const auto signature = must(must(Key::from_private(private_bytes(name))).sign(own[0], "message"));
    const auto der = data("token-" + name + ".pub");
    CHECK(must(read_key(der)).verify(own[0], "message", signature));
    CHECK(must(read_key(pem("PUBLIC KEY", der))).verify(own[0], "message", signature));
    CHECK(error_id(read_key(der + '\n')) == "Key.Invalid");
    if (name == "p521") continue;
    const auto certificate = data("token-" + name + ".cer");
    CHECK(must(read_key(certificate)).verify(own[0], "message", signature));
    CHECK(must(read_key("Bag Attributes\n" + pem("CERTIFICATE", certificate)))
              .verify(own[0], "message", signature));
    CHECK(error_id(read_key(certificate + '\0')) == "Key.Invalid");
    CHECK(error_id(read_key(pem("CERTIFICATE", certificate) + pem("CERTIFICATE", certificate))) ==
          "Key.Invalid");
    CHECK(error_id(read_key(pem("RSA PRIVATE KEY", data("token-" + name + ".key")))) == "Key.Invalid");
  }
  CHECK(error_id(read_key("")) == "Key.Invalid");
  CHECK(error_id(read_key("-----BEGIN PUBLIC KEY-----\nAAAA")) == "Key.Invalid");
  CHECK(error_id(read_key("{\"kty\":")) == "Json.Invalid");
  CHECK(error_id(read_key(R"({"keys":[]})")) == "Key.Invalid");
  CHECK(error_id(read_key(data("token-rsa1024.pub"))) == "Key.Invalid");
  CHECK(must(read_key(std::string(kSecret) + "\r\n")).allows(Algorithm::hs256));
}

TEST_CASE("a key set keeps what can verify and leaves out the rest") {
  const auto set = must(read_key_set(R"({"keys":[{"kty":"oct","kid":"a","k":"short"},{"kty":"new"},)" +
                                     std::string(kSecret) + "]}"));
  CHECK(set.size() == 1);
  CHECK(error_id(read_key_set(R"({"keys":[{"kty":"new"}]})")) == "Key.Invalid");
  CHECK(error_id(read_key_set(R"({"keys":{}})")) == "Key.Invalid");
  CHECK(error_id(read_key_set(R"([])")) == "Key.Invalid");
  CHECK(error_id(read_key_set(R"({"keys":[],"keys":[]})")) == "Json.Invalid");
}

TEST_CASE("of the published key set of RFC 7517 the encryption key is left out") {
  ACCORD_NEEDS_VECTORS();
  const auto set = must(read_key_set(test::slurp(test::vectors_folder() + "/rfc-jose/rfc7517_A.1.jwkset")));
  REQUIRE(set.size() == 1);
  CHECK(set[0].id() == "2011-04-29");
  CHECK(set[0].allows(Algorithm::rs256));
  CHECK_FALSE(set[0].allows(Algorithm::ps256));
}

TEST_CASE("no damage to a signature verifies") {
  for (const auto* name : {"rsa", "p256", "ed25519"}) {
    CAPTURE(std::string(name));
    const auto algorithm = s2s_algorithm(test::algorithm_of(name)).value();
    const auto& signer = test::signing_key(name);
    const auto good = must(signer.sign(algorithm, "message"));
    CHECK(rc::check("one byte is changed", [&] {
      auto bad = good;
      const auto at = *rc::gen::inRange<std::size_t>(0, bad.size());
      const auto mask = *rc::gen::inRange(1, 256);
      bad[at] = static_cast<char>(bad[at] ^ mask);
      RC_ASSERT_FALSE(signer.verify(algorithm, "message", bad));
    }));
  }
}

}  // namespace
}  // namespace accord
