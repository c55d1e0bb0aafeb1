#include "lib/store/partner_application.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"
#include "lib/store/column.h"
#include "lib/store/trusted_key.h"

namespace accord {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, identity, application_identifier, realm, trust_level, "
    "accept_security_identifier_information, enabled, "
    "source, metadata_url, require_trusted_for_delegation, {} FROM partner_application {}";
constexpr int kFirstRelationColumn = 10;

constexpr std::string_view kInsert =
    "INSERT INTO partner_application (identity, identity_folded, application_identifier, realm, "
    "issuer_folded, trust_level, "
    "accept_security_identifier_information, enabled, source, metadata_url, require_trusted_for_delegation, "
    "learns_our_keys_by, told_thumbprints, told_at, allowed_hosts, ca_pem, last_refresh, "
    "last_refresh_result, told_issuer) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
constexpr std::string_view kUpdate =
    "UPDATE partner_application SET identity = ?, identity_folded = ?, application_identifier = ?, realm = "
    "?, "
    "issuer_folded = ?, trust_level = ?, accept_security_identifier_information = ?, enabled = ?, source = "
    "?, "
    "metadata_url = ?, require_trusted_for_delegation = ?, learns_our_keys_by = ?, told_thumbprints = ?, "
    "told_at = ?, "
    "allowed_hosts = ?, ca_pem = ?, last_refresh = ?, last_refresh_result = ?, told_issuer = ? WHERE id = ? "
    "RETURNING id";
constexpr std::string_view kSameIdentity =
    "SELECT identity FROM partner_application WHERE identity_folded = ? AND id <> ?";

KeyOwner owner_of(const PartnerApplication& partner) {
  return {OwnerKind::partner_application, partner.id};
}

// Null while it takes no part in the rule that issuers are unique.
std::optional<std::string> folded_issuer(const PartnerApplication& partner) {
  if (!partner.enabled || partner.source == TrustSource::oauth_server || !partner.realm) return std::nullopt;
  return fold_issuer(partner.application_identifier, *partner.realm);
}

void bind_partner(Statement& statement, const PartnerApplication& partner) {
  statement.bind(partner.identity)
      .bind(to_lower(partner.identity))
      .bind(partner.application_identifier)
      .bind_optional(partner.realm)
      .bind_optional(folded_issuer(partner))
      .bind(enum_name(partner.trust_level))
      .bind(partner.accept_security_identifier_information)
      .bind(partner.enabled)
      .bind(enum_name(partner.source))
      .bind_optional(partner.metadata_url)
      .bind(partner.require_trusted_for_delegation);
  bind_relation(statement, partner.relation);
}

// Without its keys.
Result<PartnerApplication> read_partner(const Connection& store, const Statement& row) {
  int column = 0;
  PartnerApplication partner;
  partner.id = row.integer(column++);
  partner.identity = row.text(column++);
  partner.application_identifier = row.text(column++);
  partner.realm = row.optional_text(column++);
  TRY_ASSIGN(partner.trust_level, read_enum<TrustLevel>(store, row, column++));
  partner.accept_security_identifier_information = row.boolean(column++);
  partner.enabled = row.boolean(column++);
  TRY_ASSIGN(partner.source, read_enum<TrustSource>(store, row, column++));
  partner.metadata_url = row.optional_text(column++);
  partner.require_trusted_for_delegation = row.boolean(column++);
  TRY_ASSIGN(partner.relation, read_relation(store, row, kFirstRelationColumn));
  return partner;
}

Result<std::unique_ptr<Statement>> select_partners(Connection& store, std::string_view condition) {
  return store.prepare(fmt::format(fmt::runtime(kSelect), kRelationColumns, condition));
}

Result<std::vector<PartnerApplication>> read_partners(Connection& store, Statement& query) {
  std::vector<PartnerApplication> partners;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return partners;
    TRY_ASSIGN(auto partner, read_partner(store, query));
    partners.push_back(std::move(partner));
  }
}

Result<std::vector<PartnerApplication>> read_partners_with_keys(Connection& store, Statement& query) {
  TRY_ASSIGN(auto partners, read_partners(store, query));
  for (auto& partner : partners) {
    TRY_ASSIGN(partner.relation.keys, read_trusted_keys(store, owner_of(partner)));
  }
  return partners;
}

// The unique indexes are the guarantee; these reads exist to say who is in the way.
Result<void> check_identity(Connection& store, const PartnerApplication& partner) {
  TRY_ASSIGN(auto query, store.prepare(kSameIdentity));
  query->bind(to_lower(partner.identity)).bind(partner.id);
  TRY_ASSIGN(const bool found, query->step());
  if (!found) return {};
  return fail("PartnerApplication.Exists",
              fmt::format("a partner application named '{}' already exists", query->text(0)),
              partner.identity, "set-partner-application changes it");
}

Result<void> check_issuer(Connection& store, const PartnerApplication& partner) {
  const auto issuer = folded_issuer(partner);
  if (!issuer) return {};
  TRY_ASSIGN(const auto holder, find_issuer_holder(store, *issuer, owner_of(partner)));
  if (!holder) return {};
  return fail("PartnerApplication.IssuerInUse",
              fmt::format("the issuer '{}@{}' belongs to {}", partner.application_identifier, *partner.realm,
                          *holder),
              partner.identity, fmt::format("remove {} first, or keep this one disabled", *holder));
}

Result<void> check(Connection& store, const PartnerApplication& partner) {
  TRY(check_identity(store, partner));
  TRY(check_issuer(store, partner));
  return check_sha1_collisions(store, partner.relation.keys, owner_of(partner));
}

}  // namespace

Result<std::optional<PartnerApplication>> find_partner_application(Connection& store,
                                                                   std::string_view identity) {
  TRY_ASSIGN(auto query, select_partners(store, "WHERE identity_folded = ?"));
  query->bind(to_lower(identity));
  TRY_ASSIGN(auto partners, read_partners_with_keys(store, *query));
  return partners.empty() ? std::nullopt : std::optional(std::move(partners.front()));
}

Result<std::vector<PartnerApplication>> list_partner_applications(Connection& store) {
  TRY_ASSIGN(auto query, select_partners(store, "ORDER BY identity_folded"));
  TRY_ASSIGN(auto partners, read_partners(store, *query));
  // One query for the keys of all, not one for each.
  TRY_ASSIGN(auto keys, read_all_trusted_keys(store, OwnerKind::partner_application));
  for (auto& partner : partners) partner.relation.keys = std::move(keys[partner.id]);
  return partners;
}

Result<std::vector<PartnerApplication>> find_partner_applications_by_issuer(Connection& store,
                                                                            const IssuerName& issuer) {
  TRY_ASSIGN(auto query,
             select_partners(store,
                             "WHERE issuer_folded = ? AND application_identifier = ? AND realm = ? "
                             "ORDER BY identity_folded"));
  query->bind(fold_issuer(issuer.principal, issuer.realm)).bind(issuer.principal).bind(issuer.realm);
  return read_partners_with_keys(store, *query);
}

Result<std::vector<PartnerApplication>> find_partner_applications_by_application(
    Connection& store, std::string_view application_identifier) {
  TRY_ASSIGN(auto query,
             select_partners(store,
                             "WHERE application_identifier = ? AND source = 'OAuthServer' AND enabled = 1 "
                             "ORDER BY identity_folded"));
  query->bind(application_identifier);
  return read_partners_with_keys(store, *query);
}

Result<PartnerApplication> insert_partner_application(Connection& store, PartnerApplication partner) {
  partner.id = 0;
  TRY(check(store, partner));
  TRY_ASSIGN(auto insertion, store.prepare(kInsert));
  bind_partner(*insertion, partner);
  TRY_ASSIGN([[maybe_unused]] const bool inserted, insertion->step());
  partner.id = insertion->integer(0);
  TRY(finish(*insertion));
  TRY(replace_trusted_keys(store, owner_of(partner), partner.relation.keys));
  return partner;
}

Result<void> update_partner_application(Connection& store, const PartnerApplication& partner) {
  TRY(check(store, partner));
  TRY_ASSIGN(auto update, store.prepare(kUpdate));
  bind_partner(*update, partner);
  update->bind(partner.id);
  TRY_ASSIGN(const bool found, update->step());
  if (!found) {
    return fail("PartnerApplication.NotFound",
                fmt::format("the partner application '{}' is gone", partner.identity), partner.identity,
                "get-partner-application lists those there are");
  }
  TRY(finish(*update));
  return replace_trusted_keys(store, owner_of(partner), partner.relation.keys);
}

Result<void> remove_partner_application(Connection& store, std::int64_t id) {
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM partner_application WHERE id = ?"));
  removal->bind(id);
  return finish(*removal);
}

}  // namespace accord
