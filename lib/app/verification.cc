#include "lib/app/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "lib/app/deployment.h"
#include "lib/app/our_certificates.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

Trust trust_of(TrustLevel level) {
  switch (level) {
    case TrustLevel::full:
      return Trust::full;
    case TrustLevel::application:
      return Trust::application;
    case TrustLevel::user:
      return Trust::user;
  }
  return Trust::user;
}

TrustedApplication application_of(const PartnerApplication& partner) {
  return {.identity = partner.identity,
          .trust = trust_of(partner.trust_level),
          .accept_sid = partner.accept_security_identifier_information,
          .require_trusted_for_delegation = partner.require_trusted_for_delegation,
          .realm = partner.realm};
}

TrustedIssuer issuer_of(const PartnerApplication& partner) {
  return {.identity = partner.identity,
          .is_oauth_server = false,
          .accept_sid = partner.accept_security_identifier_information,
          .realm = partner.realm.value_or(""),
          .keys = partner.relation.keys,
          .application = application_of(partner)};
}

TrustedIssuer issuer_of(const OAuthServer& server) {
  return {.identity = server.identity,
          .is_oauth_server = true,
          .accept_sid = server.accept_security_identifier_information,
          .realm = server.realm,
          .keys = server.relation.keys,
          .application = {}};
}

bool is_named(const PartnerApplication& partner, const IssuerName& issuer) {
  return partner.enabled && partner.source != TrustSource::oauth_server &&
         partner.application_identifier == issuer.principal && partner.realm.value_or("") == issuer.realm;
}

bool is_named(const OAuthServer& server, const IssuerName& issuer) {
  return server.enabled && server.is_named(issuer);
}

TrustLookups lookups_on_demand(Connection& store) {
  TrustLookups made;
  made.issuers = [&store](const IssuerName& issuer) -> Result<std::vector<TrustedIssuer>> {
    std::vector<TrustedIssuer> found;
    TRY_ASSIGN(const auto partners, find_partner_applications_by_issuer(store, issuer));
    for (const auto& one : partners) {
      if (is_named(one, issuer)) found.push_back(issuer_of(one));
    }
    TRY_ASSIGN(const auto servers, find_oauth_servers_by_issuer(store, issuer));
    for (const auto& one : servers) {
      if (is_named(one, issuer)) found.push_back(issuer_of(one));
    }
    return found;
  };
  made.applications = [&store](std::string_view identifier) -> Result<std::vector<TrustedApplication>> {
    std::vector<TrustedApplication> found;
    TRY_ASSIGN(const auto partners, find_partner_applications_by_application(store, identifier));
    for (const auto& one : partners) found.push_back(application_of(one));
    return found;
  };
  return made;
}

Result<TrustLookups> lookups_at_once(Connection& store) {
  struct All {
    std::vector<PartnerApplication> partners;
    std::vector<OAuthServer> servers;
  };
  auto all = std::make_shared<All>();
  TRY_ASSIGN(all->partners, list_partner_applications(store));
  TRY_ASSIGN(all->servers, list_oauth_servers(store));
  TrustLookups made;
  made.issuers = [all](const IssuerName& issuer) -> Result<std::vector<TrustedIssuer>> {
    std::vector<TrustedIssuer> found;
    for (const auto& one : all->partners) {
      if (is_named(one, issuer)) found.push_back(issuer_of(one));
    }
    for (const auto& one : all->servers) {
      if (is_named(one, issuer)) found.push_back(issuer_of(one));
    }
    return found;
  };
  made.applications = [all](std::string_view identifier) -> Result<std::vector<TrustedApplication>> {
    std::vector<TrustedApplication> found;
    for (const auto& one : all->partners) {
      const bool fits =
          one.enabled && one.source == TrustSource::oauth_server && one.application_identifier == identifier;
      if (fits) found.push_back(application_of(one));
    }
    return found;
  };
  return made;
}

// The same issuers with these keys in place of their own.
void replace_keys(TrustLookups& lookups, std::vector<Certificate> keys) {
  lookups.issuers = [issuers = lookups.issuers,
                     keys = std::move(keys)](const IssuerName& name) -> Result<std::vector<TrustedIssuer>> {
    TRY_ASSIGN(auto found, issuers(name));
    for (auto& one : found) one.keys = keys;
    return found;
  };
}

// One issuer that is trusted whatever the store says, with the settings of the registered one if there is
// one.
void trust_only(TrustLookups& lookups, const IssuerName& name, TrustedIssuer issuer) {
  lookups.issuers = [issuers = lookups.issuers, name, issuer = std::move(issuer)](
                        const IssuerName& wanted) -> Result<std::vector<TrustedIssuer>> {
    if (wanted != name) return std::vector<TrustedIssuer>{};
    TRY_ASSIGN(auto registered, issuers(wanted));
    if (registered.size() != 1) return std::vector{issuer};
    registered.front().keys = issuer.keys;
    return registered;
  };
}

TrustedIssuer fully_trusted(std::string identity, std::string realm, std::vector<Certificate> keys) {
  TrustedIssuer made{.identity = identity, .realm = realm, .keys = std::move(keys)};
  made.application = {.identity = std::move(identity),
                      .trust = Trust::full,
                      .accept_sid = true,
                      .require_trusted_for_delegation = true,
                      .realm = std::move(realm)};
  return made;
}

// What the partner would use: its own name, our published keys, and full trust in us.
Result<void> judge_as_partner(Environment& env, Connection& store, const VerifyRequest& request,
                              const IssuerName& own, Judge& judge) {
  TRY_ASSIGN(const auto partner, stored_partner(store, *request.as_partner));
  auto host = request.host;
  if (!host && partner.metadata_url) host = host_of_url(*partner.metadata_url);
  if (!host) {
    return fail("Parameter.Missing",
                fmt::format("'{}' has no MetadataUrl to take a host from", partner.identity), "--host",
                "add --host, the name under which the partner is called");
  }
  TRY_ASSIGN(auto keys, published_certificates(store, request.at.value_or(env.now())));
  judge.policy.service_name = partner.application_identifier;
  judge.policy.effective_realm = partner.realm.value_or(own.realm);
  judge.policy.hosts = {*host};
  auto issuer = fully_trusted(own.text(), own.realm, std::move(keys));
  judge.policy.trust.issuers = [own, issuer](const IssuerName& wanted) -> Result<std::vector<TrustedIssuer>> {
    return wanted == own ? std::vector{issuer} : std::vector<TrustedIssuer>{};
  };
  judge.policy.trust.applications = [](std::string_view) -> Result<std::vector<TrustedApplication>> {
    return std::vector<TrustedApplication>{};
  };
  judge.assumptions.push_back(
      fmt::format("as partner '{}': it is {} at {} and trusts {} fully, with the keys that we publish",
                  partner.identity, partner.application_identifier, *host, own.text()));
  return {};
}

Result<void> assume_metadata(Environment& env, const std::string& path, Judge& judge) {
  TRY_ASSIGN(auto read, read_trust_document(env, path));
  const auto& name = read.document.issuer;
  judge.assumptions.push_back(
      fmt::format("metadata of '{}' from a file, trusted fully where it is not registered", name.text()));
  trust_only(judge.policy.trust, name, fully_trusted(name.text(), name.realm, std::move(read.keys)));
  return {};
}

Result<void> assume_key(Environment& env, const std::string& path, Judge& judge) {
  TRY_ASSIGN(const auto content, env.read_file_or_input(path));
  auto certificate = read_certificate(content);
  if (!certificate) {
    Error error = std::move(certificate).error();
    error.advice =
        "server-to-server tokens name a certificate (x5t): give one, or use --profile jws for a bare key";
    return tl::unexpected(std::move(error));
  }
  judge.assumptions.push_back(
      fmt::format("the issuer's key is certificate {} from a file", certificate->thumbprint));
  replace_keys(judge.policy.trust, {*std::move(certificate)});
  return {};
}

}  // namespace

Result<Judge> make_judge(Connection& store, Load load) {
  TRY_ASSIGN(const auto deployment, read_deployment(store));
  TRY_ASSIGN(const auto own, require_issuer(deployment));
  TRY_ASSIGN(const auto domains, list_sip_domains(store));

  Judge judge;
  judge.minimal_detail = deployment.configuration.token_error_detail == TokenErrorDetail::minimal;
  judge.policy.service_name = own.principal;
  judge.policy.effective_realm = own.realm;
  judge.policy.hosts = deployment.configuration.hosts;
  for (const auto& domain : domains) judge.policy.sip_domains.push_back(domain.name);
  judge.policy.audience_ignores_case =
      deployment.configuration.audience_comparison == AudienceComparison::ignore_case;
  judge.policy.clock_skew = deployment.configuration.clock_skew;
  judge.policy.maximum_lifetime = deployment.configuration.maximum_token_lifetime;
  if (load == Load::at_once) {
    TRY_ASSIGN(judge.policy.trust, lookups_at_once(store));
  } else {
    judge.policy.trust = lookups_on_demand(store);
  }
  return judge;
}

Result<Judge> make_judge(Environment& env, const VerifyRequest& request, Load load) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(auto judge, make_judge(*store, load));
  const IssuerName own{judge.policy.service_name, judge.policy.effective_realm};
  if (request.partner) {
    TRY_ASSIGN(const auto partner, stored_partner(*store, *request.partner));
    judge.policy.only_partner = partner.identity;
  }
  if (request.as_partner) TRY(judge_as_partner(env, *store, request, own, judge));
  if (request.metadata_file) TRY(assume_metadata(env, *request.metadata_file, judge));
  if (request.key_file) TRY(assume_key(env, *request.key_file, judge));
  if (request.audience) {
    judge.policy.audience = request.audience;
    judge.assumptions.push_back(fmt::format("the audience is to be '{}'", *request.audience));
  }
  return judge;
}

}  // namespace accord
