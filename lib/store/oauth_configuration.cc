#include "lib/store/oauth_configuration.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"
#include "lib/store/column.h"

namespace accord {
namespace {

constexpr std::string_view kSelectConfiguration =
    "SELECT realm, service_name, client_authorization_oauth_server_identity, exchange_autodiscover_url, "
    "exchange_autodiscover_allowed_domains, public_url, token_lifetime, maximum_token_lifetime, clock_skew, "
    "hosts, "
    "audience_comparison, token_error_detail, replica_maximum_age FROM oauth_configuration WHERE id = 1";
constexpr std::string_view kUpdateConfiguration =
    "UPDATE oauth_configuration SET realm = ?, service_name = ?, client_authorization_oauth_server_identity "
    "= ?, "
    "exchange_autodiscover_url = ?, exchange_autodiscover_allowed_domains = ?, public_url = ?, "
    "token_lifetime = ?, "
    "maximum_token_lifetime = ?, clock_skew = ?, hosts = ?, audience_comparison = ?, token_error_detail = ?, "
    "replica_maximum_age = ? WHERE id = 1";

tl::unexpected<Error> configuration_lost(const Connection& store) {
  return fail("Store.Damaged",
              fmt::format("the store '{}' has lost its OAuth configuration", store.location()),
              store.location(), "restore it from a backup");
}

Duration read_duration(const Statement& row, int column) {
  return Duration(row.integer(column));
}

SipDomain read_domain(const Statement& row) {
  return {.id = row.integer(0), .name = row.text(1), .is_default = row.boolean(2)};
}

Result<std::optional<SipDomain>> first_domain(Statement& query) {
  TRY_ASSIGN(const bool found, query.step());
  return found ? std::optional(read_domain(query)) : std::nullopt;
}

Result<std::optional<SipDomain>> find_sip_domain_by_id(Connection& store, std::int64_t id) {
  TRY_ASSIGN(auto query, store.prepare("SELECT id, name, is_default FROM sip_domain WHERE id = ?"));
  query->bind(id);
  return first_domain(*query);
}

Result<void> clear_default(Connection& store) {
  TRY_ASSIGN(auto update, store.prepare("UPDATE sip_domain SET is_default = 0 WHERE is_default = 1"));
  return finish(*update);
}

}  // namespace

Result<OAuthConfiguration> read_oauth_configuration(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare(kSelectConfiguration));
  TRY_ASSIGN(const bool found, query->step());
  if (!found) return configuration_lost(store);
  int column = 0;
  OAuthConfiguration configuration;
  configuration.realm = query->optional_text(column++);
  configuration.service_name = query->optional_text(column++);
  configuration.client_authorization_oauth_server_identity = query->optional_text(column++);
  configuration.exchange_autodiscover_url = query->optional_text(column++);
  configuration.exchange_autodiscover_allowed_domains = list_from_text(query->text(column++));
  configuration.public_url = query->optional_text(column++);
  configuration.token_lifetime = read_duration(*query, column++);
  configuration.maximum_token_lifetime = read_duration(*query, column++);
  configuration.clock_skew = read_duration(*query, column++);
  configuration.hosts = list_from_text(query->text(column++));
  TRY_ASSIGN(configuration.audience_comparison, read_enum<AudienceComparison>(store, *query, column++));
  TRY_ASSIGN(configuration.token_error_detail, read_enum<TokenErrorDetail>(store, *query, column++));
  configuration.replica_maximum_age = read_duration(*query, column++);
  return configuration;
}

Result<void> update_oauth_configuration(Connection& store, const OAuthConfiguration& configuration) {
  TRY_ASSIGN(auto update, store.prepare(kUpdateConfiguration));
  update->bind_optional(configuration.realm)
      .bind_optional(configuration.service_name)
      .bind_optional(configuration.client_authorization_oauth_server_identity)
      .bind_optional(configuration.exchange_autodiscover_url)
      .bind(list_to_text(configuration.exchange_autodiscover_allowed_domains))
      .bind_optional(configuration.public_url)
      .bind(std::int64_t{configuration.token_lifetime.count()})
      .bind(std::int64_t{configuration.maximum_token_lifetime.count()})
      .bind(std::int64_t{configuration.clock_skew.count()})
      .bind(list_to_text(configuration.hosts))
      .bind(enum_name(configuration.audience_comparison))
      .bind(enum_name(configuration.token_error_detail))
      .bind(std::int64_t{configuration.replica_maximum_age.count()});
  return finish(*update);
}

Result<std::vector<SipDomain>> list_sip_domains(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT id, name, is_default FROM sip_domain ORDER BY name"));
  std::vector<SipDomain> domains;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return domains;
    domains.push_back(read_domain(*query));
  }
}

Result<std::optional<SipDomain>> find_sip_domain(Connection& store, std::string_view name) {
  TRY_ASSIGN(auto query, store.prepare("SELECT id, name, is_default FROM sip_domain WHERE name = ?"));
  query->bind(to_lower(name));
  return first_domain(*query);
}

Result<std::optional<SipDomain>> default_sip_domain(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT id, name, is_default FROM sip_domain WHERE is_default = 1"));
  return first_domain(*query);
}

Result<SipDomain> insert_sip_domain(Connection& store, SipDomain domain) {
  domain.name = to_lower(domain.name);
  TRY_ASSIGN(const auto same_name, find_sip_domain(store, domain.name));
  if (same_name) {
    return fail("SipDomain.Exists", fmt::format("the SIP domain '{}' already exists", domain.name),
                domain.name, "set-sip-domain changes it");
  }
  TRY_ASSIGN(const auto present_default, default_sip_domain(store));
  if (!present_default) domain.is_default = true;
  if (domain.is_default) TRY(clear_default(store));

  TRY_ASSIGN(auto insertion,
             store.prepare("INSERT INTO sip_domain (name, is_default) VALUES (?, ?) RETURNING id"));
  insertion->bind(domain.name).bind(domain.is_default);
  TRY_ASSIGN([[maybe_unused]] const bool inserted, insertion->step());
  domain.id = insertion->integer(0);
  TRY(finish(*insertion));
  return domain;
}

Result<void> make_default_sip_domain(Connection& store, std::int64_t id) {
  TRY_ASSIGN(const auto domain, find_sip_domain_by_id(store, id));
  if (!domain) {
    return fail("SipDomain.NotFound", fmt::format("the SIP domain with the id '{}' is gone", id), {},
                "get-sip-domain lists those there are");
  }
  TRY(clear_default(store));
  TRY_ASSIGN(auto update, store.prepare("UPDATE sip_domain SET is_default = 1 WHERE id = ?"));
  update->bind(id);
  return finish(*update);
}

Result<void> remove_sip_domain(Connection& store, const SipDomain& domain) {
  // As it is now, not as the caller saw it.
  TRY_ASSIGN(const auto present, find_sip_domain_by_id(store, domain.id));
  if (present && present->is_default) {
    return fail("SipDomain.IsDefault", fmt::format("the SIP domain '{}' is the default one", present->name),
                present->name, "make another the default first: set-sip-domain OTHER --is-default true");
  }
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM sip_domain WHERE id = ?"));
  removal->bind(domain.id);
  return finish(*removal);
}

Result<std::optional<std::string>> effective_realm(Connection& store,
                                                   const OAuthConfiguration& configuration) {
  if (configuration.realm && !configuration.realm->empty()) return configuration.realm;
  TRY_ASSIGN(const auto domain, default_sip_domain(store));
  return domain ? std::optional(domain->name) : std::nullopt;
}

}  // namespace accord
