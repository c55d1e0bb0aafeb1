#include "lib/store/certificate_request.h"

#include <fmt/format.h>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/store/column.h"
#include "lib/store/store.h"
#include "lib/store/store_key.h"

namespace accord {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, created, uses, subject, alternative_names, der, public_key_algorithm, public_key, key_size "
    "FROM certificate_request {} ORDER BY id";
constexpr std::string_view kInsert =
    "INSERT INTO certificate_request (created, uses, subject, alternative_names, der, public_key_algorithm, "
    "public_key, key_size, wrapped_data_key, ciphertext) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";

Result<CertificateRequest> read_request(const Connection& store, const Statement& row) {
  CertificateRequest request;
  request.id = row.integer(0);
  request.created = row.instant(1);
  request.uses = list_from_text(row.text(2));
  request.subject = row.text(3);
  request.alternative_names = list_from_text(row.text(4));
  request.der = row.text(5);
  TRY_ASSIGN(request.public_key.algorithm, read_enum<KeyAlgorithm>(store, row, 6));
  request.public_key.bytes = row.text(7);
  request.key_size = row.integer(8);
  return request;
}

Result<std::vector<CertificateRequest>> read_requests(const Connection& store, Statement& query) {
  std::vector<CertificateRequest> requests;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return requests;
    TRY_ASSIGN(auto request, read_request(store, query));
    requests.push_back(std::move(request));
  }
}

// What a sealed key is bound to: moved to another request, certificate or store, it does not open.
Result<std::string> binding_of(Connection& store, const CertificateRequest& request) {
  TRY_ASSIGN(const auto store_identifier, store_id(store));
  return fmt::format("{}|request|{}|{}", store_identifier, hex_encode(sha256(request.der)),
                     enum_name(request.public_key.algorithm));
}

}  // namespace

Result<std::vector<CertificateRequest>> list_certificate_requests(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare(fmt::format(fmt::runtime(kSelect), "")));
  return read_requests(store, *query);
}

Result<std::optional<CertificateRequest>> find_certificate_request(Connection& store, std::int64_t id) {
  TRY_ASSIGN(auto query, store.prepare(fmt::format(fmt::runtime(kSelect), "WHERE id = ?")));
  query->bind(id);
  TRY_ASSIGN(auto found, read_requests(store, *query));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<CertificateRequest> insert_certificate_request(Connection& store, KeyVault& vault,
                                                      CertificateRequest request,
                                                      const PrivateKeyBytes& key) {
  TRY(prepare_store_key(store, vault));
  TRY_ASSIGN(const auto binding, binding_of(store, request));
  TRY_ASSIGN(const auto sealed, vault.seal(key.bytes.view(), binding));
  TRY_ASSIGN(auto insertion, store.prepare(kInsert));
  insertion->bind(request.created)
      .bind(list_to_text(request.uses))
      .bind(request.subject)
      .bind(list_to_text(request.alternative_names))
      .bind_blob(request.der)
      .bind(enum_name(request.public_key.algorithm))
      .bind_blob(request.public_key.bytes)
      .bind(request.key_size)
      .bind_blob(sealed.wrapped_data_key)
      .bind_blob(sealed.ciphertext);
  TRY_ASSIGN([[maybe_unused]] const bool has_row, insertion->step());
  request.id = insertion->integer(0);
  TRY(finish(*insertion));
  return request;
}

Result<void> remove_certificate_request(Connection& store, std::int64_t id) {
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM certificate_request WHERE id = ?"));
  removal->bind(id);
  return finish(*removal);
}

Result<PrivateKeyBytes> load_request_key(Connection& store, KeyVault& vault,
                                         const CertificateRequest& request) {
  TRY_ASSIGN(auto query,
             store.prepare("SELECT wrapped_data_key, ciphertext FROM certificate_request WHERE id = ?"));
  query->bind(request.id);
  TRY_ASSIGN([[maybe_unused]] const bool found, query->step());
  TRY(check_store_key(store, vault));
  TRY_ASSIGN(const auto binding, binding_of(store, request));
  PrivateKeyBytes key;
  key.algorithm = request.public_key.algorithm;
  TRY_ASSIGN(key.bytes,
             vault.open({.wrapped_data_key = query->text(0), .ciphertext = query->text(1)}, binding));
  return key;
}

}  // namespace accord
