// Our own certificates in the store: which signs, which are published, how one is taken in and assigned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/app/environment.h"
#include "lib/app/records.h"
#include "lib/cert/certificate.h"
#include "lib/cert/timeline.h"
#include "lib/store/certificate.h"

namespace accord {

[[nodiscard]] Result<Timeline> timeline_of(Connection& store, std::string_view use, Instant now);

// The certificate of this thumbprint. Fails with Certificate.NotFound, which suggests those there are.
[[nodiscard]] Result<Certificate> stored_certificate(Connection& store, std::string_view thumbprint);

// The current token issuer. Fails with Certificate.NotAssigned.
[[nodiscard]] Result<Certificate> current_token_issuer(Connection& store, Instant now);

// What metadata publishes and a partner accepts: current, staged, previous, those within their validity
// (protocol.md 4.3).
[[nodiscard]] Result<std::vector<Certificate>> published_certificates(Connection& store, Instant now);

// Whether a certificate has any row of any use.
[[nodiscard]] Result<bool> is_assigned(Connection& store, std::string_view thumbprint);

// One record for each use of each certificate, Unassigned for those without; `uses` and `thumbprint` narrow.
[[nodiscard]] Result<std::vector<Record>> certificate_records(Connection& store, Instant now,
                                                              const std::vector<std::string>& uses,
                                                              const std::optional<std::string>& thumbprint);

// Takes a certificate and its key into the store; the same one again changes nothing. Fails with Certificate.Expired,
// Certificate.Weak, Certificate.Sha1Collision.
[[nodiscard]] Result<void> take_in(Environment& env, Connection& store, const Identity& identity);

enum class Previous { keep, drop };
// Assigns it to each use at once, after asking where a current token issuer is replaced, and names the partners that
// refuse us until they know the new key.
[[nodiscard]] Result<void> assign_now(Environment& env, Connection& store, const std::vector<std::string>& uses,
                                      const Certificate& certificate, Previous previous = Previous::keep);

// Partners and OAuth servers that exist, by identity.
[[nodiscard]] Result<std::vector<std::string>> trusted_parties(Connection& store);

// Where a password comes from: at most one is given.
struct PasswordSource {
  std::optional<std::string> plain = {};  // "-" prompts
  std::optional<std::string> file = {};
  std::optional<std::int64_t> descriptor = {};
  [[nodiscard]] bool given() const { return plain || file || descriptor; }
};
[[nodiscard]] Result<SecretBytes> read_password(const Environment& env, const PasswordSource& source);

}  // namespace accord
