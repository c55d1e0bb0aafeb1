// Verification of server-to-server tokens: every check of protocol.md 1.10 in its order, as a report.
//
// A report says for each check whether it passed, and why not. Claims are reached only through a report that
// accepted the token. Nothing here opens a store, a file or a connection: what the deployment trusts comes
// through TrustSource lookups, and the time is a parameter.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/error.h"
#include "lib/core/names.h"
#include "lib/core/time.h"
#include "lib/token/key.h"

namespace accord {

enum class Outcome { pass, warn, fail, skip };
template <>
struct EnumNames<Outcome> {
  static constexpr std::array<std::pair<Outcome, std::string_view>, 4> table = {
      {{Outcome::pass, "Pass"}, {Outcome::warn, "Warn"}, {Outcome::fail, "Fail"}, {Outcome::skip, "Skip"}}};
};

// protocol.md 3.3.
struct Diagnostic {
  int code = 0;
  std::string_view category;
};
inline constexpr Diagnostic kInvalidSignature{2000000, "invalid_signature"};
inline constexpr Diagnostic kInvalidToken{2000001, "invalid_token"};
inline constexpr Diagnostic kTokenExpired{2000002, "token_expired"};
inline constexpr Diagnostic kInvalidResource{2000003, "invalid_resource"};
inline constexpr Diagnostic kInvalidTenant{2000004, "invalid_tenant"};
inline constexpr Diagnostic kInvalidUser{2000005, "invalid_user"};
inline constexpr Diagnostic kInvalidClient{2000006, "invalid_client"};
inline constexpr Diagnostic kInvalidCertificate{2000009, "invalid_certificate"};

struct Check {
  std::string_view name;  // "token.form", "audience.host" …: stable
  Outcome outcome = Outcome::skip;
  std::string detail = {};     // what was expected and what was found; claimed values as "claimed …"
  Diagnostic diagnostic = {};  // of a failure
  std::string reason = {};     // of a failure: the text for x-ms-diagnostics
};

enum class TokenProfile { app_only, user_context, delegated };
template <>
struct EnumNames<TokenProfile> {
  static constexpr std::array<std::pair<TokenProfile, std::string_view>, 3> table = {
      {{TokenProfile::app_only, "AppOnly"},
       {TokenProfile::user_context, "UserContext"},
       {TokenProfile::delegated, "Delegated"}}};
};

// How far an application is trusted: ApplicationTrustLevel.
enum class Trust { full, application, user };

// An application as the rules need it.
struct TrustedApplication {
  std::string identity = {};  // of the partner application
  Trust trust = Trust::user;
  bool accept_sid = false;
  bool require_trusted_for_delegation = true;
  std::optional<std::string> realm = {};
};

// A partner application with keys of its own, or an OAuth server: enabled, and exactly of this issuer.
struct TrustedIssuer {
  std::string identity = {};
  bool is_oauth_server = false;
  bool accept_sid = false;  // of an OAuth server
  std::string realm = {};
  std::vector<Certificate> keys = {};   // the only ones that may sign for it
  TrustedApplication application = {};  // of a partner application
};

struct TrustLookups {
  // All that are registered and enabled for this issuer. iss of URL form comes with an empty realm.
  std::function<Result<std::vector<TrustedIssuer>>(const IssuerName&)> issuers;
  // The enabled partners with UseOAuthServer and this application identifier.
  std::function<Result<std::vector<TrustedApplication>>(std::string_view application_identifier)>
      applications;
};

struct VerifyPolicy {
  std::string service_name = {};     // ours
  std::string effective_realm = {};  // ours
  // Names that an audience may carry; an entry without a port stands for every port. Empty: any name equal to
  // or below a SIP domain at a label boundary.
  std::vector<std::string> hosts = {};
  std::vector<std::string> sip_domains = {};
  bool audience_ignores_case = false;
  Duration clock_skew = std::chrono::seconds(300);
  Duration maximum_lifetime = std::chrono::hours(25);
  std::optional<std::string> only_partner = {};  // --partner: the token must come from this identity
  std::optional<std::string> audience = {};      // --audience: replaces the rule on principal, host and realm
  TrustLookups trust = {};
};

// What the token says, once it is believed.
struct AcceptedToken {
  TokenProfile profile = TokenProfile::app_only;
  std::string partner = {};  // identity of the partner application that counts
  std::string issuer = {};
  std::optional<std::string> user = {};
  std::optional<std::string> user_kind = {};  // "Sid", "Upn", "Smtp", "Sip"
};

class TokenReport {
 public:
  [[nodiscard]] bool accepted() const;
  [[nodiscard]] const std::vector<Check>& checks() const& { return checks_; }
  // Of a report that is about to go: `for (const auto& check : verify_jws(…).checks())` would else read what
  // is gone.
  [[nodiscard]] std::vector<Check> checks() && { return std::move(checks_); }
  // The first failed check, in the order of the rules; nullptr when accepted.
  [[nodiscard]] const Check* first_failure() const;
  // Only of an accepted token whose claims were judged; nullptr otherwise, and always of verify_jws.
  [[nodiscard]] const AcceptedToken* token() const;
  // The OAuth server that the token names as its issuer, where it names a certificate that this one is not
  // known to have: its document may have to be read again. Anyone can write such a token.
  [[nodiscard]] const std::optional<std::string>& unknown_key_of() const { return unknown_key_of_; }

 private:
  friend class Verification;
  friend class JwsVerification;
  std::vector<Check> checks_ = {};
  bool accepted_ = false;
  std::optional<AcceptedToken> token_ = {};
  std::optional<std::string> unknown_key_of_ = {};
};

// The rules of verify_token in the order of their checks, one check each; for pages of documentation and for
// tests.
struct TokenRule {
  std::string_view name;      // of its check
  std::string_view citation;  // where the rule comes from
};
[[nodiscard]] std::vector<TokenRule> token_rules();

// Fails only when a lookup fails; whatever is wrong with the token is in the report.
[[nodiscard]] Result<TokenReport> verify_token(std::string_view token, const VerifyPolicy& policy,
                                               Instant now);

// --profile jws: compact form, header, key and signature; the payload may be any bytes, no claim is read.
// `kid` in the header selects among the keys; without one, every fitting key is tried.
[[nodiscard]] TokenReport verify_jws(std::string_view token, const std::vector<Key>& keys);

// `2000003;reason="…";error_category="invalid_resource"` with quotes and control characters escaped
// (protocol.md 3.3). Minimal detail answers 2000001 for everything that failed before the signature passed.
[[nodiscard]] std::string diagnostics_line(const TokenReport& report, bool minimal);

}  // namespace accord
