// Verification of assertions: what a partner application signs to get a token from an authorization server
// (protocol.md 3.4, RFC 7523 s.3).
//
// An assertion is for exactly this service, lives at most ten minutes and serves once; that it has not served
// before is the caller's to see to (lib/app/replay_cache.h), by its digest and its jti. It has rules of its
// own, and an accepted one is no token (RFC 8725 s.3.12).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/names.h"
#include "lib/core/time.h"
#include "lib/token/verify.h"

namespace accord {

inline constexpr Duration kMaximumAssertionLifetime = std::chrono::minutes(10);

// An enabled partner application with keys of its own that goes by this issuer name.
struct AssertionClient {
  std::string identity = {};
  Trust trust = Trust::user;
  std::vector<Certificate> keys = {};  // the only ones that may sign for it
};

struct AssertionPolicy {
  IssuerName own = {};              // the authorization server
  std::vector<std::string> hosts = {};  // under which it is called; as in VerifyPolicy, but empty is none
  Duration clock_skew = std::chrono::seconds(300);
  std::function<Result<std::vector<AssertionClient>>(const IssuerName&)> clients = {};
};

// What the assertion says, once it is believed.
struct AcceptedAssertion {
  std::string identity = {};  // of the partner application
  Trust trust = Trust::user;
  IssuerName client = {};  // its iss
  Instant expires = {};
  // What must not serve twice: the signed bytes, not the signature, of which an ECDSA key's owner and anybody
  // else can make a second one (n - s).
  std::string digest = {};            // SHA-256
  std::optional<std::string> jti = {};
};

class AssertionReport {
 public:
  [[nodiscard]] const std::vector<Check>& checks() const& { return checks_; }
  [[nodiscard]] const Check* first_failure() const;
  // Whether it is known who signed it: only then may the client be told what else is wrong.
  [[nodiscard]] bool is_authentic() const { return is_authentic_; }
  // Only of an accepted one; nullptr otherwise.
  [[nodiscard]] const AcceptedAssertion* assertion() const { return assertion_ ? &*assertion_ : nullptr; }

 private:
  friend class AssertionVerification;
  std::vector<Check> checks_ = {};
  bool is_authentic_ = false;
  std::optional<AcceptedAssertion> assertion_ = {};
};

// Fails only when a lookup fails; whatever is wrong with the assertion is in the report.
[[nodiscard]] Result<AssertionReport> verify_assertion(std::string_view assertion,
                                                       const AssertionPolicy& policy, Instant now);

}  // namespace accord
