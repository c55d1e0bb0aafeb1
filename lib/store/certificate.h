// Our own certificates, what they are used for, and their private keys at rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/store/connection.h"
#include "lib/store/key_vault.h"

namespace accord {

[[nodiscard]] Result<std::vector<Certificate>> list_certificates(Connection& store);  // by thumbprint
[[nodiscard]] Result<std::optional<Certificate>> find_certificate(Connection& store,
                                                                  std::string_view thumbprint);
// Storing the same certificate again is no error and changes nothing. Fails with Certificate.Sha1Collision.
[[nodiscard]] Result<void> insert_certificate(Connection& store, const Certificate& certificate);
// Its key and assignments go with it.
[[nodiscard]] Result<void> remove_certificate(Connection& store, std::string_view thumbprint);

// All rows, or those of one use; by use, then effective date.
[[nodiscard]] Result<std::vector<CertificateAssignment>> list_assignments(
    Connection& store, std::optional<std::string_view> use = {});
// Replaces all rows of `use` by these (timeline.h decides what they are).
[[nodiscard]] Result<void> replace_assignments(Connection& store, std::string_view use,
                                               const std::vector<CertificateAssignment>& assignments);

[[nodiscard]] Result<bool> has_private_key(Connection& store, std::string_view thumbprint);
// Whether anything is encrypted under the store key: private keys of certificates and of requests.
[[nodiscard]] Result<bool> has_any_sealed_key(Connection& store);
[[nodiscard]] Result<std::int64_t> count_sealed_keys(Connection& store);
// Encrypts under the store key of `vault`, or keeps where the key lies. The certificate must be stored.
[[nodiscard]] Result<void> store_private_key(Connection& store, KeyVault& vault,
                                             const Certificate& certificate, const PrivateKeyBytes& key);
// Fails with Certificate.NoKey when none is stored, StoreKey.* when it cannot be decrypted.
[[nodiscard]] Result<PrivateKeyBytes> load_private_key(Connection& store, KeyVault& vault,
                                                       const Certificate& certificate);

struct KeyIds {
  std::string before = {};
  std::string after = {};
};
// Opens every sealed key with the store key of `vault`, seals it again under that of `fresh`, and records
// whose key that is; a store without sealed keys only records it. The files are the caller's business
// (KeyChange). Fails with StoreKey.*, naming the certificate or request whose key does not open.
[[nodiscard]] Result<KeyIds> seal_all_again(Connection& store, KeyVault& vault, KeyVault& fresh);

}  // namespace accord
