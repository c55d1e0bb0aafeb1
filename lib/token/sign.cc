#include "lib/token/sign.h"

#include "lib/core/encoding.h"
#include "lib/token/jws.h"

namespace accord {
namespace {

std::string unsigned_part(const json::Value& header, const json::Value& claims) {
  return base64url_encode(json::dump(header)) + '.' + base64url_encode(json::dump(claims));
}

}  // namespace

Result<std::string> sign_token(const json::Value& claims, const Key& key, Algorithm algorithm,
                               std::string_view x5t) {
  auto header = json::Value::object();
  header.add("typ", "JWT");
  header.add("alg", enum_name(algorithm));
  header.add("x5t", x5t);
  auto token = unsigned_part(header, claims);
  TRY_ASSIGN(const auto signature, key.sign(algorithm, token));
  token += '.' + base64url_encode(signature);
  if (token.size() > kMaximumTokenBytes) {
    return fail("Token.CannotMint", "the token would be larger than any receiver reads", {},
                "leave out claims");
  }
  return token;
}

std::string unsigned_token(const json::Value& claims) {
  auto header = json::Value::object();
  header.add("typ", "JWT");
  header.add("alg", "none");
  return unsigned_part(header, claims) + '.';
}

}  // namespace accord
