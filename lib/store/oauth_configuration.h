// The one OAuth configuration, `global`, and the SIP domains that its realm defaults to (spec/commands.md 5
// and 6).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/parse.h"
#include "lib/core/time.h"
#include "lib/store/connection.h"

namespace accord {

enum class AudienceComparison { exact, ignore_case };
enum class TokenErrorDetail { full, minimal };

template <>
struct EnumNames<AudienceComparison> {
  static constexpr std::array<std::pair<AudienceComparison, std::string_view>, 2> table = {
      {{AudienceComparison::exact, "Exact"}, {AudienceComparison::ignore_case, "IgnoreCase"}}};
};
template <>
struct EnumNames<TokenErrorDetail> {
  static constexpr std::array<std::pair<TokenErrorDetail, std::string_view>, 2> table = {
      {{TokenErrorDetail::full, "Full"}, {TokenErrorDetail::minimal, "Minimal"}}};
};

struct OAuthConfiguration {
  std::optional<std::string> realm = {};  // empty: the default SIP domain
  std::optional<std::string> service_name = {};
  std::optional<std::string> client_authorization_oauth_server_identity = {};
  std::optional<std::string> exchange_autodiscover_url = {};
  std::vector<std::string> exchange_autodiscover_allowed_domains = {};
  std::optional<std::string> public_url = {};
  Duration token_lifetime = std::chrono::hours(8);
  Duration maximum_token_lifetime = std::chrono::hours(25);
  Duration clock_skew = std::chrono::seconds(300);
  std::vector<std::string> hosts = {};
  AudienceComparison audience_comparison = AudienceComparison::exact;
  TokenErrorDetail token_error_detail = TokenErrorDetail::full;
  Duration replica_maximum_age = std::chrono::hours(24);
};

[[nodiscard]] Result<OAuthConfiguration> read_oauth_configuration(Connection& store);
[[nodiscard]] Result<void> update_oauth_configuration(Connection& store,
                                                      const OAuthConfiguration& configuration);

struct SipDomain {
  std::int64_t id = 0;
  std::string name = {};  // lower case
  bool is_default = false;
};

[[nodiscard]] Result<std::vector<SipDomain>> list_sip_domains(Connection& store);  // by name
[[nodiscard]] Result<std::optional<SipDomain>> find_sip_domain(Connection& store, std::string_view name);
[[nodiscard]] Result<std::optional<SipDomain>> default_sip_domain(Connection& store);
// The first becomes the default. With is_default, the default moves to it. Fails with SipDomain.Exists.
[[nodiscard]] Result<SipDomain> insert_sip_domain(Connection& store, SipDomain domain);
[[nodiscard]] Result<void> make_default_sip_domain(Connection& store, std::int64_t id);
// Fails with SipDomain.IsDefault for the default one, which includes the last.
[[nodiscard]] Result<void> remove_sip_domain(Connection& store, const SipDomain& domain);

// Realm, or else the default SIP domain; nullopt when there is neither.
[[nodiscard]] Result<std::optional<std::string>> effective_realm(Connection& store,
                                                                 const OAuthConfiguration& configuration);

}  // namespace accord
