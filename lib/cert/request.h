// PKCS#10: the request for a certificate that goes to a certification authority, and the authority's answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/cert/certificate.h"

namespace accord {

struct NewRequest {
  std::string der = {};
  std::string subject = {};  // RFC 2253 order
  std::vector<std::string> alternative_names = {};
  PublicKeyBytes public_key = {};
  std::int64_t key_size = 0;  // as in Certificate
  PrivateKeyBytes key = {};
};

// A new key, and a request that it signs. What is asked for beyond the subject (alternative names, KeyUsage
// and EKU, as make_self_signed has them) stands in its extensionRequest (RFC 2985, 5.4.2). Fails with
// Parameter.Invalid.
[[nodiscard]] Result<NewRequest> make_request(const NewCertificate& wanted);
[[nodiscard]] std::string request_pem(std::string_view der);

struct AuthorityAnswer {
  std::vector<Certificate> certificates = {};  // each once, in the order of the file
  // A certificate of the authority's chain may be one that we cannot read.
  std::optional<Error> first_unreadable = {};
};

// An authority's answer: certificates as PEM, a certificate as DER, PKCS#7 (CMS) as DER or PEM, and either
// as base64 without PEM's lines. At least one certificate, and no byte behind it. Nothing of it is trusted:
// who signed what is not looked at. Fails with Certificate.Invalid, naming what the file is instead.
[[nodiscard]] Result<AuthorityAnswer> read_answer(std::string_view content);

// The certificate and the key that was made for its request, after a look at whether they belong together.
// Fails with Key.Invalid.
[[nodiscard]] Result<Identity> pair_with_key(Certificate certificate, PrivateKeyBytes key);

}  // namespace accord
