#include "lib/store/trusted_key.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"
#include "lib/store/column.h"

namespace accord {
namespace {

std::string_view owner_column(OwnerKind kind) {
  return kind == OwnerKind::partner_application ? "partner_application_id" : "oauth_server_id";
}

tl::unexpected<Error> collision(const Certificate& certificate) {
  return fail("Certificate.Sha1Collision",
              fmt::format("a certificate with the thumbprint '{}' but another SHA-256 is known already",
                          certificate.thumbprint),
              certificate.thumbprint, "one of the two is forged: compare their SHA-256 with their owners");
}

Result<void> check_among_themselves(const std::vector<Certificate>& certificates) {
  std::map<std::string_view, std::string_view> seen;
  for (const auto& certificate : certificates) {
    const auto [entry, is_new] = seen.emplace(certificate.thumbprint, certificate.sha256);
    if (!is_new && entry->second != certificate.sha256) return collision(certificate);
  }
  return {};
}

// One row of each table tells: what is stored under one thumbprint has one SHA-256 already. So many partners
// may share a certificate without each new one reading them all.
constexpr std::string_view kSameThumbprint =
    "SELECT sha256 FROM (SELECT sha256 FROM certificate WHERE thumbprint = ? LIMIT 1) AS ours "
    "UNION ALL "
    "SELECT sha256 FROM (SELECT sha256 FROM trusted_key WHERE thumbprint = ? "
    "AND COALESCE(partner_application_id, 0) <> ? AND COALESCE(oauth_server_id, 0) <> ? LIMIT 1) AS theirs";

constexpr std::int64_t kNobody = -1;  // ids count from 1, and 0 stands for none in kSameThumbprint

constexpr std::string_view kHolderAmongPartners =
    "SELECT identity FROM partner_application WHERE issuer_folded = ? AND id <> ?";
constexpr std::string_view kHolderAmongServers =
    "SELECT identity FROM oauth_server WHERE issuer_folded = ? AND id <> ?";

Result<std::optional<std::string>> find_holder(Connection& store, std::string_view sql,
                                               std::string_view folded_issuer, std::int64_t other_than) {
  TRY_ASSIGN(auto query, store.prepare(sql));
  query->bind(folded_issuer).bind(other_than);
  TRY_ASSIGN(const bool found, query->step());
  return found ? std::optional(query->text(0)) : std::nullopt;
}

}  // namespace

void bind_certificate(Statement& statement, const Certificate& certificate) {
  statement.bind(certificate.thumbprint)
      .bind(certificate.sha256)
      .bind_blob(certificate.der)
      .bind(certificate.subject)
      .bind(certificate.issuer)
      .bind(certificate.serial_number)
      .bind(certificate.not_before)
      .bind(certificate.not_after)
      .bind(list_to_text(certificate.alternative_names))
      .bind(enum_name(certificate.public_key.algorithm))
      .bind_blob(certificate.public_key.bytes)
      .bind(certificate.key_size);
}

Result<Certificate> read_certificate(const Connection& store, const Statement& row, int first_column) {
  int column = first_column;
  Certificate certificate;
  certificate.thumbprint = row.text(column++);
  certificate.sha256 = row.text(column++);
  certificate.der = row.text(column++);
  certificate.subject = row.text(column++);
  certificate.issuer = row.text(column++);
  certificate.serial_number = row.text(column++);
  certificate.not_before = row.instant(column++);
  certificate.not_after = row.instant(column++);
  certificate.alternative_names = list_from_text(row.text(column++));
  TRY_ASSIGN(certificate.public_key.algorithm, read_enum<KeyAlgorithm>(store, row, column++));
  certificate.public_key.bytes = row.text(column++);
  certificate.key_size = row.integer(column++);
  return certificate;
}

void bind_relation(Statement& statement, const KeyRelation& relation) {
  statement.bind(enum_name(relation.learns_our_keys_by))
      .bind(list_to_text(relation.told_thumbprints))
      .bind_optional(relation.told_at)
      .bind(list_to_text(relation.allowed_hosts))
      .bind_optional(relation.ca_pem)
      .bind_optional(relation.last_refresh)
      .bind_optional(relation.last_refresh_result)
      .bind_optional(relation.told_issuer);
}

Result<KeyRelation> read_relation(const Connection& store, const Statement& row, int first_column) {
  int column = first_column;
  KeyRelation relation;
  TRY_ASSIGN(relation.learns_our_keys_by, read_enum<LearnsOurKeysBy>(store, row, column++));
  relation.told_thumbprints = list_from_text(row.text(column++));
  relation.told_at = row.optional_instant(column++);
  relation.allowed_hosts = list_from_text(row.text(column++));
  relation.ca_pem = row.optional_text(column++);
  relation.last_refresh = row.optional_instant(column++);
  relation.last_refresh_result = row.optional_text(column++);
  relation.told_issuer = row.optional_text(column++);
  return relation;
}

Result<std::vector<Certificate>> read_trusted_keys(Connection& store, KeyOwner owner) {
  TRY_ASSIGN(auto query,
             store.prepare(fmt::format("SELECT {}, kid FROM trusted_key WHERE {} = ? ORDER BY position",
                                       kCertificateColumns, owner_column(owner.kind))));
  query->bind(owner.id);
  std::vector<Certificate> keys;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return keys;
    TRY_ASSIGN(auto key, read_certificate(store, *query, 0));
    key.kid = query->optional_text(kCertificateColumnCount);
    keys.push_back(std::move(key));
  }
}

Result<std::map<std::int64_t, std::vector<Certificate>>> read_all_trusted_keys(Connection& store,
                                                                               OwnerKind kind) {
  const auto owner = owner_column(kind);
  TRY_ASSIGN(auto query,
             store.prepare(fmt::format(
                 "SELECT {0}, {1}, kid FROM trusted_key WHERE {0} IS NOT NULL ORDER BY {0}, position", owner,
                 kCertificateColumns)));
  std::map<std::int64_t, std::vector<Certificate>> keys;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return keys;
    TRY_ASSIGN(auto key, read_certificate(store, *query, 1));
    key.kid = query->optional_text(1 + kCertificateColumnCount);
    keys[query->integer(0)].push_back(std::move(key));
  }
}

Result<void> replace_trusted_keys(Connection& store, KeyOwner owner, const std::vector<Certificate>& keys) {
  const auto column = owner_column(owner.kind);
  TRY_ASSIGN(auto removal, store.prepare(fmt::format("DELETE FROM trusted_key WHERE {} = ?", column)));
  removal->bind(owner.id);
  TRY(finish(*removal));

  TRY_ASSIGN(auto insertion, store.prepare(fmt::format("INSERT INTO trusted_key ({}, position, {}, kid) "
                                                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                                       column, kCertificateColumns)));
  for (std::size_t position = 0; position < keys.size(); ++position) {
    insertion->reset();
    insertion->bind(owner.id).bind(static_cast<std::int64_t>(position));
    bind_certificate(*insertion, keys[position]);
    insertion->bind_optional(keys[position].kid);
    TRY(finish(*insertion));
  }
  return {};
}

Result<void> check_sha1_collisions(Connection& store, const std::vector<Certificate>& certificates,
                                   std::optional<KeyOwner> replaced) {
  TRY(check_among_themselves(certificates));
  // An owner that is not stored yet has the id 0, and so has the other column of every row.
  const auto replaced_among = [&replaced](OwnerKind kind) {
    return replaced && replaced->kind == kind && replaced->id > 0 ? replaced->id : kNobody;
  };
  TRY_ASSIGN(auto query, store.prepare(kSameThumbprint));
  for (const auto& certificate : certificates) {
    query->reset();
    query->bind(certificate.thumbprint)
        .bind(certificate.thumbprint)
        .bind(replaced_among(OwnerKind::partner_application))
        .bind(replaced_among(OwnerKind::oauth_server));
    for (;;) {
      TRY_ASSIGN(const bool found, query->step());
      if (!found) break;
      if (query->text(0) != certificate.sha256) return collision(certificate);
    }
  }
  return {};
}

std::string fold_issuer(std::string_view principal, std::string_view realm) {
  return to_lower(principal) + '@' + (is_url_issuer(principal) ? std::string() : to_lower(realm));
}

Result<std::optional<std::string>> find_issuer_holder(Connection& store, std::string_view folded_issuer,
                                                      KeyOwner self) {
  const auto self_among = [&self](OwnerKind kind) { return self.kind == kind ? self.id : kNobody; };
  TRY_ASSIGN(const auto partner, find_holder(store, kHolderAmongPartners, folded_issuer,
                                             self_among(OwnerKind::partner_application)));
  if (partner) return fmt::format("the partner application '{}'", *partner);
  TRY_ASSIGN(const auto server,
             find_holder(store, kHolderAmongServers, folded_issuer, self_among(OwnerKind::oauth_server)));
  if (server) return fmt::format("the OAuth server '{}'", *server);
  return std::nullopt;
}

}  // namespace accord
