#include "lib/app/certificate_health.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/our_certificates.h"
#include "lib/app/rolling.h"
#include "lib/core/encoding.h"
#include "lib/store/refused_signer.h"

namespace accord {
namespace {

bool is_or_is_below(std::string_view name, std::string_view domain) {
  if (equals_ignoring_case(name, domain)) return true;
  return name.size() > domain.size() && name[name.size() - domain.size() - 1] == '.' &&
         equals_ignoring_case(name.substr(name.size() - domain.size()), domain);
}

// The values of a subject in RFC 2253 form: "CN=a,O=b" -> "a", "b". An escaped comma splits as well, which
// does no harm to domain names.
std::vector<std::string_view> subject_values(std::string_view subject) {
  std::vector<std::string_view> values;
  while (!subject.empty()) {
    const auto end = std::min(subject.find(','), subject.size());
    const auto part = subject.substr(0, end);
    values.push_back(part.substr(std::min(part.find('=') + 1, part.size())));
    subject.remove_prefix(std::min(end + 1, subject.size()));
  }
  return values;
}

// The default SIP domain belongs in the subject, the others among the alternative names (diagnostics.md,
// CERT-NAMES).
std::vector<std::string> uncovered(const Certificate& certificate, const std::vector<SipDomain>& domains) {
  std::vector<std::string> missing;
  const auto in_subject = subject_values(certificate.subject);
  for (const auto& domain : domains) {
    const auto covers = [&](std::string_view name) { return is_or_is_below(name, domain.name); };
    const bool covered = domain.is_default ? std::ranges::any_of(in_subject, covers)
                                           : std::ranges::any_of(certificate.alternative_names, covers);
    if (!covered) missing.push_back(domain.name);
  }
  return missing;
}

struct Context {
  Connection& store;
  Assignments all_rows;
  std::vector<SipDomain> domains;
};

Result<HeldCertificate> held(Context& context, const CertificateAssignment& row) {
  HeldCertificate made{.row = row};
  TRY_ASSIGN(made.certificate, stored_certificate(context.store, row.thumbprint));
  TRY_ASSIGN(made.has_key, has_private_key(context.store, row.thumbprint));
  for (const auto& other : context.all_rows) {
    const bool is_other_use = other.thumbprint == row.thumbprint && other.use != row.use;
    if (is_other_use && std::ranges::find(made.other_uses, other.use) == made.other_uses.end())
      made.other_uses.push_back(other.use);
  }
  if (const auto judged = check_key(made.certificate); !judged) made.weakness = judged.error().message;
  made.uncovered_domains = uncovered(made.certificate, context.domains);
  return made;
}

// A reader of the store who may not read its key learns all the rest.
bool may_read(const std::string& key_file) {
  return access(key_file.c_str(), R_OK) == 0 || errno != EACCES;
}

// The private key opens and belongs to the certificate: what it was sealed with is bound to both.
Result<void> check_private_key(Environment& env, Connection& store, const HeldCertificate& held) {
  TRY_ASSIGN(auto* vault, env.vault());
  if (!held.has_key || !may_read(vault->path())) return {};
  TRY(load_private_key(store, *vault, held.certificate));
  return {};
}

std::string trusted_by(const PartnerApplication& partner) {
  switch (partner.source) {
    case TrustSource::metadata:
      return "metadata";
    case TrustSource::certificate:
      return "certificate";
    case TrustSource::oauth_server:
      return "the authorization server";
  }
  return "";
}

Result<std::vector<TrustedParty>> parties_of(Connection& store) {
  std::vector<TrustedParty> parties;
  TRY_ASSIGN(auto partners, list_partner_applications(store));
  for (auto& one : partners) {
    parties.push_back({.identity = one.identity,
                       .is_oauth_server = false,
                       .enabled = one.enabled,
                       .issuer = one.realm ? IssuerName{one.application_identifier, *one.realm}.text()
                                           : one.application_identifier,
                       .trusted_by = trusted_by(one),
                       .keys = std::move(one.relation.keys),
                       .last_refresh = one.relation.last_refresh});
  }
  TRY_ASSIGN(auto servers, list_oauth_servers(store));
  for (auto& one : servers) {
    parties.push_back({.identity = one.identity,
                       .is_oauth_server = true,
                       .enabled = one.enabled,
                       .issuer = IssuerName{one.issuer_identifier, one.realm}.text(),
                       .trusted_by = "metadata",
                       .keys = std::move(one.relation.keys),
                       .last_refresh = one.relation.last_refresh});
  }
  return parties;
}

}  // namespace

Result<HealthFacts> gather(Environment& env, Duration warning, Duration critical) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto deployment, read_deployment(*store));
  HealthFacts facts{.now = env.now(), .warning = warning, .critical = critical};
  facts.rules = token_rules(deployment.configuration);
  if (const auto issuer = deployment.issuer()) facts.issuer_name = issuer->text();

  Context context{.store = *store, .all_rows = {}, .domains = {}};
  TRY_ASSIGN(context.all_rows, list_assignments(*store));
  TRY_ASSIGN(context.domains, list_sip_domains(*store));
  TRY_ASSIGN(const auto line, timeline_of(*store, kTokenIssuerUse, env.now()));
  if (line.current) {
    TRY_ASSIGN(facts.current, held(context, *line.current));
    TRY(check_private_key(env, *store, *facts.current));
  }
  if (line.previous) {
    TRY_ASSIGN(facts.previous, held(context, *line.previous));
  }
  for (const auto& row : line.staged) {
    TRY_ASSIGN(auto staged, held(context, row));
    TRY(check_private_key(env, *store, staged));
    facts.staged.push_back(std::move(staged));
  }
  TRY_ASSIGN(facts.learners, key_learners(*store));
  TRY_ASSIGN(facts.refused, list_refused_signers(*store, kTokenIssuerUse));
  TRY_ASSIGN(facts.parties, parties_of(*store));
  return facts;
}

}  // namespace accord
