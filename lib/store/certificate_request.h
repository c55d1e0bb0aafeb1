// Requests that a certification authority has not answered yet, each with the private key of its certificate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/store/connection.h"
#include "lib/store/key_vault.h"

namespace accord {

struct CertificateRequest {
  std::int64_t id = 0;  // never used again
  Instant created = {};
  std::vector<std::string> uses = {};  // what the certificate is meant for
  std::string subject = {};            // RFC 2253 order
  std::vector<std::string> alternative_names = {};
  std::string der = {};  // PKCS#10
  PublicKeyBytes public_key = {};
  std::int64_t key_size = 0;
};

// By id, which is their order of age.
[[nodiscard]] Result<std::vector<CertificateRequest>> list_certificate_requests(Connection& store);
[[nodiscard]] Result<std::optional<CertificateRequest>> find_certificate_request(Connection& store,
                                                                                 std::int64_t id);
// Seals its key under the store key of `vault`; returns it with its id. Fails with StoreKey.*.
[[nodiscard]] Result<CertificateRequest> insert_certificate_request(Connection& store, KeyVault& vault,
                                                                    CertificateRequest request,
                                                                    const PrivateKeyBytes& key);
// Its key goes with it. One that is not there is no error.
[[nodiscard]] Result<void> remove_certificate_request(Connection& store, std::int64_t id);
// Fails with StoreKey.* when it cannot be decrypted.
[[nodiscard]] Result<PrivateKeyBytes> load_request_key(Connection& store, KeyVault& vault,
                                                       const CertificateRequest& request);

}  // namespace accord
