// test-oauth-connectivity: call another server with a token of ours, step by step.
#include "lib/app/checks.h"
#include "lib/app/connectivity.h"
#include "lib/app/records.h"
#include "lib/core/names.h"

namespace accord {
namespace {

enum class Service { ews, autod, generic };

}  // namespace

template <>
struct EnumNames<Service> {
  static constexpr std::array<std::pair<Service, std::string_view>, 3> table = {
      {{Service::ews, "EWS"}, {Service::autod, "AutoD"}, {Service::generic, "Generic"}}};
};

namespace {

struct Options : FetchOptions {
  std::optional<Service> service;
  std::string target_uri;
  std::optional<std::string> mailbox;
  bool app_only = false;
  std::optional<std::string> partner;
};

// A URL without a path is that of the host: the service is where Exchange has it.
std::string target_of(const Options& options) {
  const auto& uri = options.target_uri;
  const auto slash = uri.find('/', std::string_view("https://").size());
  const bool has_path = slash != std::string::npos && slash + 1 < uri.size();
  if (has_path || options.service == Service::generic) return uri;
  const auto origin = uri.substr(0, slash);
  return origin + (options.service == Service::ews ? "/ews/exchange.asmx" : "/autodiscover/autodiscover.svc");
}

Result<ExitCode> run(Environment& env, const Options& options) {
  LiveCall call;
  static_cast<FetchOptions&>(call) = options;
  call.url = target_of(options);
  call.partner = options.partner;
  if (options.mailbox && options.app_only) env.verbose("--app-only: the mailbox does not go into the token.");
  if (!options.app_only) call.user.smtp = options.mailbox;
  TRY_ASSIGN(const auto test, test_live_path(env, call));
  emit_tests(env, {test}, true);
  return live_exit_code(test);
}

Verb declare() {
  return define<Options>({
      .original = "Test-OAuthConnectivity",
      .summary = "Call another server with a token of ours, step by step",
      .description =
          "Calls the URL without a token, reads whom the server trusts, gets or signs a token for exactly "
          "this "
          "host, and calls again with it: numbered steps with what was seen, and what a refusal means. The "
          "token goes to this host alone and is never shown. Exit code 0: the token was accepted; 5: it was "
          "not, or the path ended before.",
      .parameters = with(
          {
              parameter(
                  "Service", &Options::service,
                  {.help = "What is called; of EWS and AutoD the host alone will do.", .mandatory = true}),
              parameter(
                  "TargetUri", &Options::target_uri,
                  {.help = "The URL to call.", .type = "Uri", .mandatory = true, .check = parse_https_url}),
              parameter("Mailbox", &Options::mailbox,
                        {.help = "The mail address of the user for whom is called. [an app-only token]",
                         .check = check_address}),
              parameter("AppOnly", &Options::app_only, {.help = "Call as an application, without a user."}),
              own(parameter("Partner", &Options::partner,
                            {.help = "The partner application that is called. [by the server's challenge]",
                             .completion = "get-partner-application --property Identity"})),
              refused_parameter("ReloadConfig", "the store is read again by every call; leave it out"),
              refused_parameter("UseCachedToken", "no token is kept: each call makes its own; leave it out"),
          },
          fetch_parameters<Options>()),
      .examples =
          {{"test-oauth-connectivity --service ews --target-uri https://mail.contoso.com/ews/exchange.asmx "
            "--mailbox kenmyer@contoso.com",
            "Whether Exchange takes our tokens that speak for a user."},
           {"test-oauth-connectivity --service autod --target-uri https://autodiscover.contoso.com "
            "--app-only "
            "--output json",
            "The same of Autodiscover, as an application, for a program."}},
      .output = &kConnectionTestType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-oauth-connectivity", declare);

}  // namespace
}  // namespace accord
