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

// Emits the one record of a certificate, or all of them where it has several uses.
[[nodiscard]] Result<void> emit_certificate(Environment& env, Connection& store,
                                            const std::string& thumbprint);
// One record for each use of each certificate, Unassigned for those without; `uses` and `thumbprint` narrow.
[[nodiscard]] Result<std::vector<Record>> certificate_records(Connection& store, Instant now,
                                                              const std::vector<std::string>& uses,
                                                              const std::optional<std::string>& thumbprint);

// Takes a certificate and its key into the store; the same one again changes nothing. Fails with
// Certificate.Expired, Certificate.Weak, Certificate.Sha1Collision.
[[nodiscard]] Result<void> take_in(Environment& env, Connection& store, const Identity& identity);

// Partners and OAuth servers that exist, by identity.
[[nodiscard]] Result<std::vector<std::string>> trusted_parties(Connection& store);

// Where a password comes from: at most one is given.
struct PasswordOptions {
  std::optional<std::string> password = {};  // itself; "-" prompts
  std::optional<std::string> password_file = {};
  std::optional<std::int64_t> password_fd = {};
  [[nodiscard]] bool has_password() const { return password || password_file || password_fd; }
};
// Empty when none is given. Fails with Parameter.Clash, File.*, Answer.NotPossible, Batch.NotAllowed.
[[nodiscard]] Result<SecretBytes> read_password(const Environment& env, const PasswordOptions& options);

// -PrivateKeyExportable: true is how it is; false fails with Parameter.NotSupported.
[[nodiscard]] Result<void> check_exportable(std::optional<bool> exportable);

// Their parameters, for verbs whose options are derived from them; `origin` is that of -Password.
template <class O>
[[nodiscard]] std::vector<Parameter> password_parameters(Origin origin,
                                                         const std::vector<std::string_view>& sets = {}) {
  return {
      own(parameter<O>("PasswordFile", &PasswordOptions::password_file,
                       {.help = "A file whose first line is the password.", .type = "Path", .sets = sets})),
      own(parameter<O>("PasswordFd", &PasswordOptions::password_fd,
                       {.help = "An open descriptor to read the password from.", .sets = sets})),
      parameter<O>("Password", &PasswordOptions::password,
                   {.help = "The password itself, visible to other users; - asks for it.",
                    .sets = sets,
                    .origin = origin,
                    .empty = Empty::is_a_value}),
  };
}

}  // namespace accord
