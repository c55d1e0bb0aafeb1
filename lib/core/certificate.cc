#include "lib/core/certificate.h"

#include "lib/core/encoding.h"

namespace accord {

std::string Certificate::x5t() const {
  return base64url_encode(hex_decode(thumbprint).value_or(std::string()));
}

}  // namespace accord
