#include "lib/app/deployment.h"

#include <fmt/format.h>

#include "lib/app/our_certificates.h"

namespace accord {
namespace {

Result<void> refuse_name_of_other(Connection& store, const IssuerName& name) {
  TRY_ASSIGN(const auto partners, find_partner_applications_by_issuer(store, name));
  TRY_ASSIGN(const auto servers, find_oauth_servers_by_issuer(store, name));
  if (partners.empty() && servers.empty()) return {};
  const auto& other = partners.empty() ? servers.front().identity : partners.front().identity;
  return fail("PartnerApplication.IssuerInUse",
              fmt::format("our own issuer name would be '{}', which is that of '{}'", name.text(), other),
              name.text(), "choose another realm or service name");
}

}  // namespace

std::optional<IssuerName> Deployment::issuer() const {
  if (!configuration.service_name || !effective_realm) return std::nullopt;
  return IssuerName{*configuration.service_name, *effective_realm};
}

Result<Deployment> read_deployment(Connection& store) {
  Deployment made;
  TRY_ASSIGN(made.configuration, read_oauth_configuration(store));
  TRY_ASSIGN(made.effective_realm, effective_realm(store, made.configuration));
  return made;
}

Result<IssuerName> require_issuer(const Deployment& deployment) {
  if (!deployment.configuration.service_name) {
    return fail("OAuthConfiguration.Incomplete", "this deployment has no ServiceName yet", "ServiceName",
                "set-oauth-configuration --service-name exchange|sharepoint|lync");
  }
  if (!deployment.effective_realm) {
    return fail("OAuthConfiguration.Incomplete", "this deployment has neither a Realm nor a SIP domain yet",
                "Realm", "new-sip-domain DOMAIN, or set-oauth-configuration --realm REALM");
  }
  return *deployment.issuer();
}

void warn_if_misspelt(const Environment& env, std::string_view service_name) {
  const auto near = short_name_near(service_name);
  if (near.empty()) return;
  env.warn(fmt::format(
      "ServiceName becomes '{}', which is none of exchange, sharepoint, lync and sts; did you mean '{}'?",
      service_name, near));
}

Result<Record> configuration_record(Connection& store, const Deployment& deployment) {
  std::vector<std::string> partners;
  std::vector<std::string> servers;
  TRY_ASSIGN(const auto all_partners, list_partner_applications(store));
  for (const auto& one : all_partners) partners.push_back(one.identity);
  TRY_ASSIGN(const auto all_servers, list_oauth_servers(store));
  for (const auto& one : all_servers) servers.push_back(one.identity);
  return to_record(deployment.configuration, partners, servers, deployment.effective_realm);
}

Result<void> approve_change(Environment& env, Connection& store, const Deployment& before,
                            const Deployment& after, std::string_view operation, std::string_view target,
                            const std::vector<std::string>& changes) {
  const auto old_name = before.issuer();
  const auto new_name = after.issuer();
  if (new_name && new_name != old_name) TRY(refuse_name_of_other(store, *new_name));
  Ask ask = Ask::if_confirm;
  if (old_name && new_name != old_name) {
    TRY_ASSIGN(const auto parties, trusted_parties(store));
    if (!parties.empty()) {
      ask = Ask::always;
      env.warn(fmt::format("our issuer name changes from '{}' to '{}'; tell {}", old_name->text(),
                           new_name ? new_name->text() : "(none)", fmt::join(parties, ", ")));
    }
  }
  return env.approve(operation, target, changes, ask);
}

}  // namespace accord
