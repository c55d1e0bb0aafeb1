#include "lib/store/certificate.h"

#include <fmt/format.h>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/store/column.h"
#include "lib/store/store.h"
#include "lib/store/store_key.h"
#include "lib/store/trusted_key.h"

namespace accord {
namespace {

constexpr std::string_view kSelectAssignments =
    "SELECT use, thumbprint, effective, updated, published, signed_until FROM certificate_assignment {} "
    "ORDER BY use, effective, position";
constexpr std::string_view kInsertAssignment =
    "INSERT INTO certificate_assignment (use, position, thumbprint, effective, updated, published, "
    "signed_until) VALUES (?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kStoreKey =
    "INSERT INTO private_key (thumbprint, algorithm, wrapped_data_key, ciphertext, uri) "
    "VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (thumbprint) DO UPDATE SET algorithm = excluded.algorithm, "
    "wrapped_data_key = excluded.wrapped_data_key, ciphertext = excluded.ciphertext, uri = excluded.uri";
constexpr std::string_view kSelectKey =
    "SELECT algorithm, wrapped_data_key, ciphertext, uri FROM private_key WHERE thumbprint = ?";

constexpr std::string_view kSelectSealedKeys =
    "SELECT private_key.thumbprint, certificate.sha256, algorithm, wrapped_data_key, ciphertext "
    "FROM private_key JOIN certificate ON certificate.thumbprint = private_key.thumbprint "
    "WHERE uri IS NULL ORDER BY private_key.thumbprint";
constexpr std::string_view kSealAgain =
    "UPDATE private_key SET wrapped_data_key = ?, ciphertext = ? WHERE thumbprint = ?";
constexpr std::string_view kSelectRequestKeys =
    "SELECT id, der, public_key_algorithm, wrapped_data_key, ciphertext FROM certificate_request ORDER BY id";
constexpr std::string_view kSealRequestAgain =
    "UPDATE certificate_request SET wrapped_data_key = ?, ciphertext = ? WHERE id = ?";

// --- Certificates

Result<std::vector<Certificate>> read_certificates(Connection& store, Statement& query) {
  std::vector<Certificate> certificates;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return certificates;
    TRY_ASSIGN(auto certificate, read_certificate(store, query, 0));
    certificates.push_back(std::move(certificate));
  }
}

tl::unexpected<Error> not_stored(const std::string& thumbprint) {
  return fail("Certificate.NotFound", fmt::format("there is no certificate '{}'", thumbprint), thumbprint,
              "get-certificate lists those there are");
}

Result<void> check_stored(Connection& store, const std::string& thumbprint) {
  TRY_ASSIGN(auto query, store.prepare("SELECT 1 FROM certificate WHERE thumbprint = ?"));
  query->bind(thumbprint);
  TRY_ASSIGN(const bool found, query->step());
  if (!found) return not_stored(thumbprint);
  return {};
}

// --- The store key

// Of the key that sealed the private keys; means nothing while there are none.
Result<std::string> recorded_key_id(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT key_id FROM management_store WHERE id = 1"));
  TRY_ASSIGN([[maybe_unused]] const bool found, query->step());
  return query->text(0);
}

Result<void> record_key_id(Connection& store, std::string_view key_id) {
  TRY_ASSIGN(auto update, store.prepare("UPDATE management_store SET key_id = ? WHERE id = 1"));
  update->bind(key_id);
  return finish(*update);
}

}  // namespace

Result<void> check_store_key(Connection& store, KeyVault& vault) {
  TRY_ASSIGN(const auto expected, recorded_key_id(store));
  const auto found = vault.use(expected);
  if (found.value_or(false)) return {};
  if (!vault.exists()) {
    return fail(
        "StoreKey.Missing",
        fmt::format(
            "the store key '{}' is missing, and the private keys of the store '{}' cannot be used without it",
            vault.path(), store.location()),
        vault.path(), "restore the file from its backup, or name it with ACCORD_KEY_FILE");
  }
  TRY(found);
  TRY_ASSIGN(const auto actual, vault.key_id());
  return fail(
      "StoreKey.Wrong",
      fmt::format(
          "the file '{}' holds the store key {}, but the private keys of the store '{}' need the key {}",
          vault.path(), actual, store.location(), expected),
      vault.path(), "restore the file that belongs to this store, or name it with ACCORD_KEY_FILE");
}

namespace {

// While the store has no private keys, any store key is as good as another. But one that is just being
// changed is not about to go: the key that the store records comes first.
Result<void> adopt_store_key(Connection& store, KeyVault& vault) {
  TRY_ASSIGN(const auto recorded, recorded_key_id(store));
  if (vault.use(recorded).value_or(false)) return {};
  if (!vault.exists()) TRY(vault.create());
  TRY_ASSIGN(const auto key_id, vault.key_id());
  return record_key_id(store, key_id);
}

}  // namespace

Result<void> prepare_store_key(Connection& store, KeyVault& vault) {
  TRY_ASSIGN(const bool has_keys, has_any_sealed_key(store));
  return has_keys ? check_store_key(store, vault) : adopt_store_key(store, vault);
}

namespace {

// What a sealed key is bound to: moved to another certificate or store, it does not open.
std::string certificate_binding(std::string_view store_identifier, std::string_view digest,
                                std::string_view algorithm) {
  return fmt::format("{}|{}|{}", store_identifier, digest, algorithm);
}

Result<std::string> binding_of(Connection& store, const Certificate& certificate, KeyAlgorithm algorithm) {
  TRY_ASSIGN(const auto store_identifier, store_id(store));
  return certificate_binding(store_identifier, certificate.sha256, enum_name(algorithm));
}

// --- Sealing all keys again

struct SealedRow {
  std::string whose = {};  // as a person knows it
  std::string thumbprint = {};
  std::int64_t request = 0;  // instead of a thumbprint
  std::string binding = {};
  SealedKey sealed = {};
};

Result<std::vector<SealedRow>> sealed_certificate_keys(Connection& store,
                                                       const std::string& store_identifier) {
  TRY_ASSIGN(auto query, store.prepare(kSelectSealedKeys));
  std::vector<SealedRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return rows;
    const auto thumbprint = query->text(0);
    rows.push_back({.whose = fmt::format("certificate '{}'", thumbprint),
                    .thumbprint = thumbprint,
                    .binding = certificate_binding(store_identifier, query->text(1), query->text(2)),
                    .sealed = {.wrapped_data_key = query->text(3), .ciphertext = query->text(4)}});
  }
}

Result<std::vector<SealedRow>> sealed_request_keys(Connection& store, const std::string& store_identifier) {
  TRY_ASSIGN(auto query, store.prepare(kSelectRequestKeys));
  std::vector<SealedRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return rows;
    const auto digest = hex_encode(sha256(query->text(1)));
    rows.push_back({.whose = fmt::format("certificate request '{}'", query->integer(0)),
                    .request = query->integer(0),
                    .binding = fmt::format("{}|request|{}|{}", store_identifier, digest, query->text(2)),
                    .sealed = {.wrapped_data_key = query->text(3), .ciphertext = query->text(4)}});
  }
}

Result<SecretBytes> open_row(KeyVault& vault, const SealedRow& row) {
  auto opened = vault.open(row.sealed, row.binding);
  if (opened || opened.error().id != ErrorId("StoreKey.Wrong")) return opened;
  return fail("StoreKey.Wrong",
              fmt::format("the private key of {} does not open with the store key '{}'; nothing was changed",
                          row.whose, vault.path()),
              row.thumbprint.empty() ? std::to_string(row.request) : row.thumbprint, opened.error().advice);
}

Result<void> seal_rows_again(Connection& store, KeyVault& vault, KeyVault& fresh,
                             const std::vector<SealedRow>& rows, std::string_view update) {
  TRY_ASSIGN(auto statement, store.prepare(update));
  for (const auto& row : rows) {
    TRY_ASSIGN(const auto plain, open_row(vault, row));
    TRY_ASSIGN(const auto sealed, fresh.seal(plain.view(), row.binding));
    statement->reset();
    statement->bind_blob(sealed.wrapped_data_key).bind_blob(sealed.ciphertext);
    row.thumbprint.empty() ? statement->bind(row.request) : statement->bind(row.thumbprint);
    TRY(finish(*statement));
  }
  return {};
}

}  // namespace

Result<std::vector<Certificate>> list_certificates(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare(fmt::format("SELECT {} FROM certificate ORDER BY thumbprint",
                                                   kCertificateColumns)));
  return read_certificates(store, *query);
}

Result<std::optional<Certificate>> find_certificate(Connection& store, std::string_view thumbprint) {
  TRY_ASSIGN(auto query, store.prepare(fmt::format("SELECT {} FROM certificate WHERE thumbprint = ?",
                                                   kCertificateColumns)));
  query->bind(to_upper(thumbprint));
  TRY_ASSIGN(auto found, read_certificates(store, *query));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<void> insert_certificate(Connection& store, const Certificate& certificate) {
  TRY(check_sha1_collisions(store, {certificate}));
  // After the check above, the same thumbprint is the same certificate.
  TRY_ASSIGN(auto insertion, store.prepare(fmt::format(
                                 "INSERT INTO certificate ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                 "ON CONFLICT (thumbprint) DO NOTHING",
                                 kCertificateColumns)));
  bind_certificate(*insertion, certificate);
  return finish(*insertion);
}

Result<void> remove_certificate(Connection& store, std::string_view thumbprint) {
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM certificate WHERE thumbprint = ?"));
  removal->bind(to_upper(thumbprint));
  return finish(*removal);
}

Result<std::vector<CertificateAssignment>> list_assignments(Connection& store,
                                                            std::optional<std::string_view> use) {
  TRY_ASSIGN(auto query,
             store.prepare(fmt::format(fmt::runtime(kSelectAssignments), use ? "WHERE use = ?" : "")));
  if (use) query->bind(*use);
  std::vector<CertificateAssignment> assignments;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return assignments;
    assignments.push_back({.use = query->text(0),
                           .thumbprint = query->text(1),
                           .effective = query->instant(2),
                           .updated = query->instant(3),
                           .published = query->instant(4),
                           .signed_until = query->optional_instant(5)});
  }
}

Result<void> replace_assignments(Connection& store, std::string_view use,
                                 const std::vector<CertificateAssignment>& assignments) {
  for (const auto& assignment : assignments) TRY(check_stored(store, assignment.thumbprint));
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM certificate_assignment WHERE use = ?"));
  removal->bind(use);
  TRY(finish(*removal));

  TRY_ASSIGN(auto insertion, store.prepare(kInsertAssignment));
  for (std::size_t position = 0; position < assignments.size(); ++position) {
    const auto& assignment = assignments[position];
    insertion->reset();
    insertion->bind(use)
        .bind(static_cast<std::int64_t>(position))
        .bind(assignment.thumbprint)
        .bind(assignment.effective)
        .bind(assignment.updated)
        .bind(assignment.published)
        .bind_optional(assignment.signed_until);
    TRY(finish(*insertion));
  }
  return {};
}

Result<bool> has_private_key(Connection& store, std::string_view thumbprint) {
  TRY_ASSIGN(auto query, store.prepare("SELECT 1 FROM private_key WHERE thumbprint = ?"));
  query->bind(to_upper(thumbprint));
  return query->step();
}

Result<bool> has_any_sealed_key(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT 1 FROM private_key WHERE uri IS NULL "
                                       "UNION ALL SELECT 1 FROM certificate_request LIMIT 1"));
  return query->step();
}

Result<std::int64_t> count_sealed_keys(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT (SELECT COUNT(*) FROM private_key WHERE uri IS NULL) + "
                                       "(SELECT COUNT(*) FROM certificate_request)"));
  TRY_ASSIGN([[maybe_unused]] const bool found, query->step());
  return query->integer(0);
}

Result<KeyIds> seal_all_again(Connection& store, KeyVault& vault, KeyVault& fresh) {
  TRY(prepare_store_key(store, vault));
  KeyIds ids;
  TRY_ASSIGN(ids.before, vault.key_id());
  TRY_ASSIGN(ids.after, fresh.key_id());
  TRY_ASSIGN(const auto store_identifier, store_id(store));
  TRY_ASSIGN(const auto certificates, sealed_certificate_keys(store, store_identifier));
  TRY(seal_rows_again(store, vault, fresh, certificates, kSealAgain));
  TRY_ASSIGN(const auto requests, sealed_request_keys(store, store_identifier));
  TRY(seal_rows_again(store, vault, fresh, requests, kSealRequestAgain));
  TRY(record_key_id(store, ids.after));
  return ids;
}

Result<void> store_private_key(Connection& store, KeyVault& vault, const Certificate& certificate,
                               const PrivateKeyBytes& key) {
  TRY(check_stored(store, certificate.thumbprint));
  SealedKey sealed;
  if (key.uri.empty()) {
    TRY(prepare_store_key(store, vault));
    TRY_ASSIGN(const auto binding, binding_of(store, certificate, key.algorithm));
    TRY_ASSIGN(sealed, vault.seal(key.bytes.view(), binding));
  }
  TRY_ASSIGN(auto insertion, store.prepare(kStoreKey));
  insertion->bind(certificate.thumbprint)
      .bind(enum_name(key.algorithm))
      .bind_blob(sealed.wrapped_data_key)
      .bind_blob(sealed.ciphertext)
      .bind_optional(key.uri.empty() ? std::nullopt : std::optional(key.uri));
  return finish(*insertion);
}

Result<PrivateKeyBytes> load_private_key(Connection& store, KeyVault& vault, const Certificate& certificate) {
  TRY_ASSIGN(auto query, store.prepare(kSelectKey));
  query->bind(certificate.thumbprint);
  TRY_ASSIGN(const bool found, query->step());
  if (!found) {
    return fail("Certificate.NoKey",
                fmt::format("the store has no private key for the certificate '{}'", certificate.thumbprint),
                certificate.thumbprint, "import it with its key: import-certificate --path FILE");
  }
  PrivateKeyBytes key;
  TRY_ASSIGN(key.algorithm, read_enum<KeyAlgorithm>(store, *query, 0));
  if (auto uri = query->optional_text(3)) {
    key.uri = *std::move(uri);
    return key;
  }
  TRY(check_store_key(store, vault));
  TRY_ASSIGN(const auto binding, binding_of(store, certificate, key.algorithm));
  TRY_ASSIGN(key.bytes,
             vault.open({.wrapped_data_key = query->text(1), .ciphertext = query->text(2)}, binding));
  return key;
}

}  // namespace accord
