#include "lib/app/our_certificates.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/store/oauth_server.h"

namespace accord {
namespace {

struct Slotted {
  CertificateAssignment row;
  CertificateState state;
};

// Current before staged before previous, as they are published. One that is previous and staged to come back
// stands in both.
std::vector<Slotted> slots(const Timeline& line) {
  std::vector<Slotted> all;
  if (line.current) all.push_back({*line.current, CertificateState::current});
  for (const auto& row : line.staged) all.push_back({row, CertificateState::staged});
  if (line.previous) all.push_back({*line.previous, CertificateState::previous});
  return all;
}

CertificateUse use_of(const Slotted& slot, const Timeline& line) {
  CertificateUse made;
  made.assignment = slot.row;
  made.state = slot.state;
  if (slot.state == CertificateState::current && line.previous)
    made.previous_thumbprint = line.previous->thumbprint;
  return made;
}

std::vector<std::string> uses_of(const std::vector<CertificateAssignment>& rows) {
  std::vector<std::string> uses;
  for (const auto& row : rows) {
    if (std::ranges::find(uses, row.use) == uses.end()) uses.push_back(row.use);
  }
  return uses;
}

}  // namespace

Result<Timeline> timeline_of(Connection& store, std::string_view use, Instant now) {
  TRY_ASSIGN(const auto rows, list_assignments(store, use));
  return timeline_at(rows, now);
}

Result<Certificate> stored_certificate(Connection& store, std::string_view thumbprint) {
  TRY_ASSIGN(auto found, find_certificate(store, thumbprint));
  if (!found) {
    return fail("Certificate.NotFound", fmt::format("no certificate has the thumbprint '{}'", thumbprint),
                std::string(thumbprint),
                "get-certificate lists those there are; import-certificate takes one in");
  }
  return *std::move(found);
}

Result<Certificate> current_token_issuer(Connection& store, Instant now) {
  TRY_ASSIGN(const auto line, timeline_of(store, kTokenIssuerUse, now));
  if (!line.current) {
    return fail(
        "Certificate.NotAssigned", "no token-issuer certificate is assigned", std::string(kTokenIssuerUse),
        "request-certificate --new --self-signed --identity global --type OAuthTokenIssuer makes one, "
        "import-certificate takes one in");
  }
  return stored_certificate(store, line.current->thumbprint);
}

Result<std::vector<Certificate>> published_certificates(Connection& store, Instant now) {
  TRY_ASSIGN(const auto rows, list_assignments(store, kTokenIssuerUse));
  std::vector<Certificate> made;
  for (const auto& row : published_at(rows, now)) {
    TRY_ASSIGN(auto certificate, stored_certificate(store, row.thumbprint));
    if (now <= certificate.not_after) made.push_back(std::move(certificate));
  }
  return made;
}

Result<bool> is_assigned(Connection& store, std::string_view thumbprint) {
  TRY_ASSIGN(const auto rows, list_assignments(store));
  return std::ranges::any_of(rows, [&](const auto& row) { return row.thumbprint == thumbprint; });
}

Result<std::vector<Record>> certificate_records(Connection& store, Instant now,
                                                const std::vector<std::string>& uses,
                                                const std::optional<std::string>& thumbprint) {
  TRY_ASSIGN(const auto certificates, list_certificates(store));
  TRY_ASSIGN(const auto rows, list_assignments(store));
  std::vector<Record> records;
  std::vector<std::string> assigned;
  const auto wanted = [&](const std::string& one) { return !thumbprint || *thumbprint == one; };
  for (const auto& use : uses_of(rows)) {
    std::vector<CertificateAssignment> own;
    std::ranges::copy_if(rows, std::back_inserter(own), [&](const auto& row) { return row.use == use; });
    const auto line = timeline_at(own, now);
    for (const auto& slot : slots(line)) {
      assigned.push_back(slot.row.thumbprint);
      const auto found = std::ranges::find(certificates, slot.row.thumbprint, &Certificate::thumbprint);
      const bool listed = uses.empty() || std::ranges::find(uses, use) != uses.end();
      if (found != certificates.end() && listed && wanted(slot.row.thumbprint)) {
        records.push_back(to_record(*found, use_of(slot, line), now));
      }
    }
  }
  for (const auto& one : certificates) {
    const bool is_free = std::ranges::find(assigned, one.thumbprint) == assigned.end();
    if (is_free && uses.empty() && wanted(one.thumbprint)) records.push_back(to_record(one, {}, now));
  }
  return records;
}

Result<void> emit_certificate(Environment& env, Connection& store, const std::string& thumbprint) {
  TRY_ASSIGN(auto records, certificate_records(store, env.now(), {}, thumbprint));
  if (records.size() == 1) {
    env.emit(std::move(records.front()));
  } else {
    env.emit(kCertificateType, std::move(records));
  }
  return {};
}

Result<void> take_in(Environment& env, Connection& store, const Identity& identity) {
  const auto& certificate = identity.certificate;
  for (const auto& warning : identity.warnings) env.warn(warning);
  TRY(check_key(certificate));
  if (certificate.not_after < env.now()) {
    return fail("Certificate.Expired",
                fmt::format("certificate '{}' expired on {}", certificate.thumbprint,
                            format_instant(certificate.not_after)),
                certificate.thumbprint, "request-certificate --new --self-signed makes a new one");
  }
  for (const auto& oddity : oddities(certificate, env.now())) env.warn(oddity);
  TRY(insert_certificate(store, certificate));
  TRY_ASSIGN(const bool has_key, has_private_key(store, certificate.thumbprint));
  if (has_key) return {};
  TRY_ASSIGN(auto* vault, env.vault());
  return store_private_key(store, *vault, certificate, identity.key);
}

Result<std::vector<std::string>> trusted_parties(Connection& store) {
  std::vector<std::string> names;
  TRY_ASSIGN(const auto partners, list_partner_applications(store));
  for (const auto& partner : partners) names.push_back(partner.identity);
  TRY_ASSIGN(const auto servers, list_oauth_servers(store));
  for (const auto& server : servers) names.push_back(server.identity);
  return names;
}

// A call that runs again after a question cannot read its password again.
template <class Read>
Result<SecretBytes> read_once(const Environment& env, const std::string& source, const Read& read) {
  auto& secrets = env.context().answers.secrets;
  const auto known = secrets.find(source);
  if (known != secrets.end()) return SecretBytes(known->second.view());
  Result<SecretBytes> password = read();
  if (password) secrets.emplace(source, SecretBytes(password->view()));
  return password;
}

Result<void> check_exportable(std::optional<bool> exportable) {
  if (exportable.value_or(true)) return {};
  return fail(
      "Parameter.NotSupported",
      "--private-key-exportable false is not supported: who may read the store and its key can export every "
      "private key",
      "--private-key-exportable", "leave it out, and keep the key file where only the owner can read it");
}

Result<SecretBytes> read_password(const Environment& env, const PasswordOptions& options) {
  const int given =
      (options.password ? 1 : 0) + (options.password_file ? 1 : 0) + (options.password_fd ? 1 : 0);
  if (given > 1) {
    return fail("Parameter.Clash", "a password comes from one place only", "--password-file",
                "give one of --password-file, --password-fd and --password");
  }
  if (options.password_file)
    return read_once(env, *options.password_file, [&] { return read_password_file(*options.password_file); });
  if (options.password_fd) {
    const auto number = static_cast<int>(*options.password_fd);
    return read_once(env, fmt::format("descriptor {}", number),
                     [&] { return read_password_descriptor(number); });
  }
  if (!options.password) return SecretBytes();
  if (*options.password == "-" && env.context().in_batch) {
    return fail("Batch.NotAllowed", "a line of a batch cannot ask for a password", "--password",
                "give --password-file");
  }
  if (*options.password == "-") return read_once(env, "prompt", [] { return prompt_password("Password"); });
  env.warn("a password given as --password is visible to other users of this machine; use --password-file");
  return SecretBytes(*options.password);
}

}  // namespace accord
