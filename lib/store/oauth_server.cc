#include "lib/store/oauth_server.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"
#include "lib/store/column.h"
#include "lib/store/trusted_key.h"

namespace accord {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, identity, issuer_identifier, realm, metadata_url, authorization_uri_override, type, "
    "accept_security_identifier_information, enabled, token_endpoint, authorization_endpoint, {} FROM "
    "oauth_server {}";
constexpr int kFirstRelationColumn = 11;

constexpr std::string_view kInsert =
    "INSERT INTO oauth_server (identity, identity_folded, issuer_identifier, realm, issuer_folded, "
    "metadata_url, "
    "authorization_uri_override, type, accept_security_identifier_information, enabled, token_endpoint, "
    "authorization_endpoint, learns_our_keys_by, told_thumbprints, told_at, allowed_hosts, ca_pem, "
    "last_refresh, "
    "last_refresh_result, told_issuer) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
constexpr std::string_view kUpdate =
    "UPDATE oauth_server SET identity = ?, identity_folded = ?, issuer_identifier = ?, realm = ?, "
    "issuer_folded = ?, "
    "metadata_url = ?, authorization_uri_override = ?, type = ?, accept_security_identifier_information = ?, "
    "enabled = ?, "
    "token_endpoint = ?, authorization_endpoint = ?, learns_our_keys_by = ?, told_thumbprints = ?, told_at = "
    "?, allowed_hosts = ?, "
    "ca_pem = ?, "
    "last_refresh = ?, last_refresh_result = ?, told_issuer = ? WHERE id = ? RETURNING id";
constexpr std::string_view kSameIdentity =
    "SELECT identity FROM oauth_server WHERE identity_folded = ? AND id <> ?";

KeyOwner owner_of(const OAuthServer& server) {
  return {OwnerKind::oauth_server, server.id};
}

// Disabled or not: a server that is enabled again must not find its issuer taken.
std::string folded_issuer(const OAuthServer& server) {
  return fold_issuer(server.issuer_identifier, server.realm);
}

void bind_server(Statement& statement, const OAuthServer& server) {
  statement.bind(server.identity)
      .bind(to_lower(server.identity))
      .bind(server.issuer_identifier)
      .bind(server.realm)
      .bind(folded_issuer(server))
      .bind_optional(server.metadata_url)
      .bind_optional(server.authorization_uri_override)
      .bind(enum_name(server.type))
      .bind(server.accept_security_identifier_information)
      .bind(server.enabled)
      .bind_optional(server.token_endpoint)
      .bind_optional(server.authorization_endpoint);
  bind_relation(statement, server.relation);
}

// Without its keys.
Result<OAuthServer> read_server(const Connection& store, const Statement& row) {
  int column = 0;
  OAuthServer server;
  server.id = row.integer(column++);
  server.identity = row.text(column++);
  server.issuer_identifier = row.text(column++);
  server.realm = row.text(column++);
  server.metadata_url = row.optional_text(column++);
  server.authorization_uri_override = row.optional_text(column++);
  TRY_ASSIGN(server.type, read_enum<OAuthServerType>(store, row, column++));
  server.accept_security_identifier_information = row.boolean(column++);
  server.enabled = row.boolean(column++);
  server.token_endpoint = row.optional_text(column++);
  server.authorization_endpoint = row.optional_text(column++);
  TRY_ASSIGN(server.relation, read_relation(store, row, kFirstRelationColumn));
  return server;
}

Result<std::unique_ptr<Statement>> select_servers(Connection& store, std::string_view condition) {
  return store.prepare(fmt::format(fmt::runtime(kSelect), kRelationColumns, condition));
}

Result<std::vector<OAuthServer>> read_servers(Connection& store, Statement& query) {
  std::vector<OAuthServer> servers;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return servers;
    TRY_ASSIGN(auto server, read_server(store, query));
    servers.push_back(std::move(server));
  }
}

Result<std::vector<OAuthServer>> read_servers_with_keys(Connection& store, Statement& query) {
  TRY_ASSIGN(auto servers, read_servers(store, query));
  for (auto& server : servers) {
    TRY_ASSIGN(server.relation.keys, read_trusted_keys(store, owner_of(server)));
  }
  return servers;
}

// The unique indexes are the guarantee; these reads exist to say who is in the way.
Result<void> check_identity(Connection& store, const OAuthServer& server) {
  TRY_ASSIGN(auto query, store.prepare(kSameIdentity));
  query->bind(to_lower(server.identity)).bind(server.id);
  TRY_ASSIGN(const bool found, query->step());
  if (!found) return {};
  return fail("OAuthServer.Exists", fmt::format("an OAuth server named '{}' already exists", query->text(0)),
              server.identity, "set-oauth-server changes it");
}

Result<void> check_issuer(Connection& store, const OAuthServer& server) {
  TRY_ASSIGN(const auto holder, find_issuer_holder(store, folded_issuer(server), owner_of(server)));
  if (!holder) return {};
  return fail(
      "OAuthServer.IssuerInUse",
      fmt::format("the issuer '{}@{}' belongs to {}", server.issuer_identifier, server.realm, *holder),
      server.identity, fmt::format("remove {} first", *holder));
}

Result<void> check(Connection& store, const OAuthServer& server) {
  TRY(check_identity(store, server));
  TRY(check_issuer(store, server));
  return check_sha1_collisions(store, server.relation.keys, owner_of(server));
}

}  // namespace

bool OAuthServer::is_named(const IssuerName& issuer) const {
  return issuer_identifier == issuer.principal && (is_url_issuer(issuer.principal) || realm == issuer.realm);
}

Result<std::optional<OAuthServer>> find_oauth_server(Connection& store, std::string_view identity) {
  TRY_ASSIGN(auto query, select_servers(store, "WHERE identity_folded = ?"));
  query->bind(to_lower(identity));
  TRY_ASSIGN(auto servers, read_servers_with_keys(store, *query));
  return servers.empty() ? std::nullopt : std::optional(std::move(servers.front()));
}

Result<std::vector<OAuthServer>> list_oauth_servers(Connection& store) {
  TRY_ASSIGN(auto query, select_servers(store, "ORDER BY identity_folded"));
  TRY_ASSIGN(auto servers, read_servers(store, *query));
  // One query for the keys of all, not one for each.
  TRY_ASSIGN(auto keys, read_all_trusted_keys(store, OwnerKind::oauth_server));
  for (auto& server : servers) server.relation.keys = std::move(keys[server.id]);
  return servers;
}

Result<std::vector<OAuthServer>> find_oauth_servers_by_issuer(Connection& store, const IssuerName& issuer) {
  TRY_ASSIGN(auto query, select_servers(store,
                                        "WHERE issuer_folded = ? AND issuer_identifier = ? "
                                        "ORDER BY identity_folded"));
  query->bind(fold_issuer(issuer.principal, issuer.realm)).bind(issuer.principal);
  TRY_ASSIGN(auto servers, read_servers_with_keys(store, *query));
  // The index ignores case; names are compared by bytes.
  std::erase_if(servers, [&](const OAuthServer& one) { return !one.is_named(issuer); });
  return servers;
}

Result<OAuthServer> insert_oauth_server(Connection& store, OAuthServer server) {
  server.id = 0;
  TRY(check(store, server));
  TRY_ASSIGN(auto insertion, store.prepare(kInsert));
  bind_server(*insertion, server);
  TRY_ASSIGN([[maybe_unused]] const bool inserted, insertion->step());
  server.id = insertion->integer(0);
  TRY(finish(*insertion));
  TRY(replace_trusted_keys(store, owner_of(server), server.relation.keys));
  return server;
}

Result<void> update_oauth_server(Connection& store, const OAuthServer& server) {
  TRY(check(store, server));
  TRY_ASSIGN(auto update, store.prepare(kUpdate));
  bind_server(*update, server);
  update->bind(server.id);
  TRY_ASSIGN(const bool found, update->step());
  if (!found) {
    return fail("OAuthServer.NotFound", fmt::format("the OAuth server '{}' is gone", server.identity),
                server.identity, "get-oauth-server lists those there are");
  }
  TRY(finish(*update));
  return replace_trusted_keys(store, owner_of(server), server.relation.keys);
}

Result<void> remove_oauth_server(Connection& store, std::int64_t id) {
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM oauth_server WHERE id = ?"));
  removal->bind(id);
  return finish(*removal);
}

}  // namespace accord
