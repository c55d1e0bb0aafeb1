// Partner applications: servers whose tokens are accepted (spec/commands.md 5).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/core/names.h"
#include "lib/store/connection.h"

namespace accord {

enum class TrustLevel { full, application, user };
// How tokens of this partner are trusted. Exactly one holds.
enum class TrustSource { metadata, certificate, oauth_server };
enum class LearnsOurKeysBy { unknown, metadata, file };

template <>
struct EnumNames<TrustLevel> {
  static constexpr std::array<std::pair<TrustLevel, std::string_view>, 3> table = {
      {{TrustLevel::full, "Full"}, {TrustLevel::application, "Application"}, {TrustLevel::user, "User"}}};
};
template <>
struct EnumNames<TrustSource> {
  static constexpr std::array<std::pair<TrustSource, std::string_view>, 3> table = {
      {{TrustSource::metadata, "Metadata"},
       {TrustSource::certificate, "Certificate"},
       {TrustSource::oauth_server, "OAuthServer"}}};
};
template <>
struct EnumNames<LearnsOurKeysBy> {
  static constexpr std::array<std::pair<LearnsOurKeysBy, std::string_view>, 3> table = {
      {{LearnsOurKeysBy::metadata, "Metadata"},
       {LearnsOurKeysBy::file, "File"},
       {LearnsOurKeysBy::unknown, "Unknown"}}};
};

// What is kept alike for a partner application and an OAuth server: the other side's keys, and what it knows
// of ours.
struct KeyRelation {
  std::vector<Certificate> keys =
      {};  // theirs, in the order they were given; at most 8 for a partner by certificate
  LearnsOurKeysBy learns_our_keys_by = LearnsOurKeysBy::unknown;
  std::vector<std::string> told_thumbprints = {};  // ours, that an admin told them of by hand
  std::optional<Instant> told_at = {};
  std::vector<std::string> allowed_hosts = {};  // lower case
  std::optional<std::string> ca_pem = {};
  std::optional<Instant> last_refresh = {};
  std::optional<std::string> last_refresh_result = {};
  // Our issuer name when it was registered or last told of a key of ours.
  std::optional<std::string> told_issuer = {};
};

struct PartnerApplication {
  std::int64_t id = 0;        // of the store; 0 before it is stored
  std::string identity = {};  // unique without regard to ASCII case; also Name
  std::string application_identifier = {};
  std::optional<std::string> realm = {};
  TrustLevel trust_level = TrustLevel::user;
  bool accept_security_identifier_information = false;
  bool enabled = true;
  TrustSource source = TrustSource::metadata;
  std::optional<std::string> metadata_url = {};
  bool require_trusted_for_delegation = true;
  KeyRelation relation = {};
};

// Each reads and writes a partner whole, keys included, and runs inside the caller's transaction.
[[nodiscard]] Result<std::optional<PartnerApplication>> find_partner_application(Connection& store,
                                                                                 std::string_view identity);
[[nodiscard]] Result<std::vector<PartnerApplication>> list_partner_applications(
    Connection& store);  // by identity
// The enabled partners with keys of their own whose issuer is exactly `issuer`. At most one by the rule
// below.
[[nodiscard]] Result<std::vector<PartnerApplication>> find_partner_applications_by_issuer(
    Connection& store, const IssuerName& issuer);
// The enabled partners with UseOAuthServer and this application identifier (exact).
[[nodiscard]] Result<std::vector<PartnerApplication>> find_partner_applications_by_application(
    Connection& store, std::string_view application_identifier);

// Fails with PartnerApplication.Exists (same identity), PartnerApplication.IssuerInUse (protocol.md 2.2:
// issuer id and realm, ASCII case folded, are unique over all enabled partners with keys of their own and all
// OAuth servers), and Certificate.Sha1Collision (same SHA-1, other SHA-256 anywhere in the store). Returns it
// with its id.
[[nodiscard]] Result<PartnerApplication> insert_partner_application(Connection& store,
                                                                    PartnerApplication partner);
// The same failures, but for the partner itself; PartnerApplication.NotFound if it went meanwhile.
[[nodiscard]] Result<void> update_partner_application(Connection& store, const PartnerApplication& partner);
[[nodiscard]] Result<void> remove_partner_application(Connection& store, std::int64_t id);

}  // namespace accord
