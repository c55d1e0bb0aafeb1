// What partner applications and OAuth servers share: their keys, what they know of ours, and that no two of
// them speak for one issuer. Everything here runs inside the caller's transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/names.h"
#include "lib/store/connection.h"
#include "lib/store/partner_application.h"

namespace accord {

enum class OwnerKind { partner_application, oauth_server };

struct KeyOwner {
  OwnerKind kind = OwnerKind::partner_application;
  std::int64_t id = 0;
};

// The columns of a certificate, alike in every table that has them, in the order of bind_certificate and
// read_certificate.
inline constexpr std::string_view kCertificateColumns =
    "thumbprint, sha256, der, subject, issuer, serial_number, not_before, not_after, alternative_names, "
    "public_key_algorithm, public_key, key_size";
inline constexpr int kCertificateColumnCount = 12;
void bind_certificate(Statement& statement, const Certificate& certificate);
[[nodiscard]] Result<Certificate> read_certificate(const Connection& store, const Statement& row,
                                                   int first_column);

// The columns of a KeyRelation but for its keys.
inline constexpr std::string_view kRelationColumns =
    "learns_our_keys_by, told_thumbprints, told_at, allowed_hosts, ca_pem, last_refresh, "
    "last_refresh_result, "
    "told_issuer";
void bind_relation(Statement& statement, const KeyRelation& relation);
[[nodiscard]] Result<KeyRelation> read_relation(const Connection& store, const Statement& row,
                                                int first_column);

[[nodiscard]] Result<std::vector<Certificate>> read_trusted_keys(Connection& store, KeyOwner owner);
// Of all owners of a kind, by id.
[[nodiscard]] Result<std::map<std::int64_t, std::vector<Certificate>>> read_all_trusted_keys(
    Connection& store, OwnerKind kind);
[[nodiscard]] Result<void> replace_trusted_keys(Connection& store, KeyOwner owner,
                                                const std::vector<Certificate>& keys);

// Fails with Certificate.Sha1Collision when one of these has the SHA-1 but not the SHA-256 of another of
// these or of any certificate of the store, but for the keys of `replaced`, which they are to take the place
// of.
[[nodiscard]] Result<void> check_sha1_collisions(Connection& store,
                                                 const std::vector<Certificate>& certificates,
                                                 std::optional<KeyOwner> replaced = {});

// As the unique indexes hold it: "principal@realm" in ASCII lower case. An issuer that is a URL is one
// whatever its realm: tokens carry the URL alone.
[[nodiscard]] std::string fold_issuer(std::string_view principal, std::string_view realm);

// Who speaks for the issuer already, other than `self`: "the partner application 'x'", "the OAuth server
// 'y'".
[[nodiscard]] Result<std::optional<std::string>> find_issuer_holder(Connection& store,
                                                                    std::string_view folded_issuer,
                                                                    KeyOwner self);

}  // namespace accord
