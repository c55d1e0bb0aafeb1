// set-oauth-configuration: what this deployment is called and how it judges tokens.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> identity;
  std::optional<std::string> realm;
  std::optional<std::string> service_name;
  std::optional<std::string> client_authorization_oauth_server_identity;
  std::optional<std::string> exchange_autodiscover_url;
  std::optional<std::vector<std::string>> exchange_autodiscover_allowed_domains;
  std::optional<std::string> public_url;
  std::optional<Duration> token_lifetime;
  std::optional<Duration> maximum_token_lifetime;
  std::optional<Duration> clock_skew;
  std::optional<std::vector<std::string>> hosts;
  std::optional<AudienceComparison> audience_comparison;
  std::optional<TokenErrorDetail> token_error_detail;
  std::optional<Duration> replica_maximum_age;
  bool pass_thru = false;
};

// Not given: unchanged; "": cleared.
void put(std::optional<std::string>& field, const std::optional<std::string>& given) {
  if (given) field = given->empty() ? std::nullopt : given;
}

template <class T>
void put(T& field, const std::optional<T>& given) {
  if (given) field = *given;
}

Result<void> check_range(std::string_view name, const std::optional<Duration>& given, Duration lowest,
                         Duration highest) {
  if (!given || (*given >= lowest && *given <= highest)) return {};
  return fail("Parameter.Invalid",
              fmt::format("{}: {} is not between {} and {}", name, format_duration(*given),
                          format_duration(lowest), format_duration(highest)),
              std::string(name));
}

Result<void> check_values(const Options& options) {
  using std::chrono::days;
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  TRY(check_range("--token-lifetime", options.token_lifetime, minutes(1), hours(24)));
  TRY(check_range("--maximum-token-lifetime", options.maximum_token_lifetime, minutes(5), days(7)));
  TRY(check_range("--clock-skew", options.clock_skew, seconds(0), seconds(600)));
  return check_range("--replica-maximum-age", options.replica_maximum_age, minutes(1), days(365));
}

Result<OAuthConfiguration> changed(Connection& store, OAuthConfiguration made, const Options& options) {
  put(made.realm, options.realm);
  put(made.service_name, options.service_name);
  put(made.client_authorization_oauth_server_identity, options.client_authorization_oauth_server_identity);
  put(made.exchange_autodiscover_url, options.exchange_autodiscover_url);
  put(made.exchange_autodiscover_allowed_domains, options.exchange_autodiscover_allowed_domains);
  put(made.public_url, options.public_url);
  put(made.token_lifetime, options.token_lifetime);
  put(made.maximum_token_lifetime, options.maximum_token_lifetime);
  put(made.clock_skew, options.clock_skew);
  put(made.hosts, options.hosts);
  put(made.audience_comparison, options.audience_comparison);
  put(made.token_error_detail, options.token_error_detail);
  put(made.replica_maximum_age, options.replica_maximum_age);
  if (made.maximum_token_lifetime < made.token_lifetime) {
    return fail(
        "Parameter.Invalid",
        fmt::format("MaximumTokenLifetime, {}, would be below TokenLifetime, {}",
                    format_duration(made.maximum_token_lifetime), format_duration(made.token_lifetime)),
        "--maximum-token-lifetime", "change both in one call");
  }
  if (made.client_authorization_oauth_server_identity && options.client_authorization_oauth_server_identity) {
    TRY(stored_oauth_server(store, *made.client_authorization_oauth_server_identity));
  }
  return made;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY(check_values(options));
  if (options.service_name) warn_if_misspelt(env, *options.service_name);
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(const auto before, read_deployment(*store));
  TRY_ASSIGN(const auto old_record, configuration_record(*store, before));
  TRY_ASSIGN(const auto configuration, changed(*store, before.configuration, options));
  TRY(update_oauth_configuration(*store, configuration));
  TRY_ASSIGN(const auto after, read_deployment(*store));
  TRY_ASSIGN(auto record, configuration_record(*store, after));
  TRY(approve_change(env, *store, before, after, "Set OAuth configuration", "Global",
                     changes_between(old_record, record)));
  if (options.pass_thru) env.emit(std::move(record));
  return ExitCode::success;
}

Result<std::string> check_service_name(std::string_view text) {
  return parse_principal(text);
}

Verb declare() {
  return define<Options>({
      .original = "Set-CsOAuthConfiguration",
      .summary = "Change the OAuth configuration",
      .description =
          "A change of ServiceName or of the effective realm renames this deployment for every partner: it "
          "names the old and the new name and asks while there are any.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter("Identity", &Options::identity,
                        {.help = "global.", .default_text = "global", .first = true, .check = check_global}),
              parameter("Realm", &Options::realm,
                        {.help = "Our realm; empty means the default SIP domain.",
                         .empty = Empty::clears,
                         .check = parse_realm}),
              parameter("ServiceName", &Options::service_name,
                        {.help = "What we are: exchange, sharepoint, lync, sts or another identifier.",
                         .check = check_service_name}),
              parameter("ClientAuthorizationOAuthServerIdentity",
                        &Options::client_authorization_oauth_server_identity,
                        {.help = "The OAuth server that clients are sent to.",
                         .empty = Empty::clears,
                         .completion = "get-oauth-server --property Identity"}),
              parameter("ExchangeAutodiscoverUrl", &Options::exchange_autodiscover_url,
                        {.help = "Where Exchange's Autodiscover service is.",
                         .empty = Empty::clears,
                         .check = parse_https_url}),
              parameter("ExchangeAutodiscoverAllowedDomains", &Options::exchange_autodiscover_allowed_domains,
                        {.help = "Domains that Autodiscover may lead to.", .empty = Empty::clears}),
              parameter("PublicUrl", &Options::public_url,
                        {.help = "Where our metadata document is: its URL, or that of the host.",
                         .origin = Origin::accord,
                         .empty = Empty::clears,
                         .check = parse_https_url}),
              parameter("TokenLifetime", &Options::token_lifetime,
                        {.help = "Of tokens that we make; 1m to 24h.", .origin = Origin::accord}),
              parameter("MaximumTokenLifetime", &Options::maximum_token_lifetime,
                        {.help = "Of tokens that we accept; 5m to 7d, not below TokenLifetime.",
                         .origin = Origin::accord}),
              parameter("ClockSkew", &Options::clock_skew,
                        {.help = "How far clocks may differ; 0s to 600s.", .origin = Origin::accord}),
              parameter(
                  "Hosts", &Options::hosts,
                  {.help = "Names that an audience may carry; one without a port stands for every port.",
                   .origin = Origin::accord,
                   .empty = Empty::clears,
                   .check = parse_host}),
              parameter(
                  "AudienceComparison", &Options::audience_comparison,
                  {.help = "How principal and realm of an audience compare.", .origin = Origin::accord}),
              parameter("TokenErrorDetail", &Options::token_error_detail,
                        {.help = "Whether a refused caller is told why before its signature was good.",
                         .origin = Origin::accord}),
              parameter("ReplicaMaximumAge", &Options::replica_maximum_age,
                        {.help = "How old a local replica may be.", .origin = Origin::accord}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print the changed record.", .origin = Origin::accord}),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
              refused_parameter("Instance",
                                "live objects do not cross processes; give the properties as parameters"),
              refused_parameter("ClientAdalAuthOverride",
                                "it concerns sign-in of clients, which is not managed here"),
              refused_parameter("AlternateAudienceUrl", "give the names an audience may carry with --hosts"),
              refused_parameter("AdditionalAudienceUrls",
                                "give the names an audience may carry with --hosts"),
          },
      .examples = {{"set-oauth-configuration --service-name lync --hosts lync.litwareinc.com",
                    "Says what we are and under which name we are called."},
                   {"set-oauth-configuration --realm contoso.com --what-if",
                    "Says who would have to be told."},
                   {"set-oauth-configuration --realm \"\" --confirm=false",
                    "Back to the default SIP domain."}},
      .output = &kOAuthConfigurationType,
      .input = {.type = &kOAuthConfigurationType,
                .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("set-oauth-configuration", declare);

}  // namespace
}  // namespace accord
