// test-unified-contact-store: whether Exchange takes our tokens, on which contacts kept there depend.
#include "lib/app/checks.h"
#include "lib/app/connectivity.h"
#include "lib/app/records.h"
#include "lib/core/names.h"

namespace accord {
namespace {

struct Options : FetchOptions {
  std::optional<std::string> target_fqdn;
  std::optional<std::string> user_sip_address;
  std::optional<std::string> target_uri;
};

constexpr std::string_view kNoRegistrar = "no user signs in at a registrar here; leave it out";
constexpr std::string_view kNoVariables = "there are no variables; redirect the output";
constexpr std::string_view kNoSetup = "contacts are not moved here; leave it out";

Result<ExitCode> run(Environment& env, const Options& options) {
  LiveCall call;
  static_cast<FetchOptions&>(call) = options;
  if (options.target_fqdn)
    env.verbose("-TargetFqdn is accepted for compatibility: the store stands for every server of its pools.");
  call.user.sip = options.user_sip_address;
  TRY_ASSIGN(auto test, test_path_to_exchange(env, call, options.target_uri));
  test.skip("Contacts", "no contact is read or written: the test ends with the trust");
  emit_tests(env, {test}, true);
  return live_exit_code(test);
}

Verb declare() {
  return define<Options>({
      .original = "Test-CsUnifiedContactStore",
      .summary = "Test whether Exchange takes our tokens, on which contacts kept there depend",
      .description =
          "Calls the Exchange of ExchangeAutodiscoverUrl with a token of ours, as test-oauth-connectivity "
          "does. "
          "No contact is read or written. Exit code 0: the token was accepted; 5: it was not, or the path "
          "ended before.",
      .parameters = with(
          {
              parameter("TargetFqdn", &Options::target_fqdn,
                        {.help = "Accepted for compatibility: the store stands for every pool.",
                         .first = true,
                         .aliases = {"t"}}),
              parameter("UserSipAddress", &Options::user_sip_address,
                        {.help = "The user's SIP address. [an app-only token]",
                         .aliases = {"ua"},
                         .check = check_sip_address}),
              own(parameter("TargetUri", &Options::target_uri,
                            {.help = "The URL to call.",
                             .type = "Uri",
                             .default_text = "ExchangeAutodiscoverUrl",
                             .check = parse_https_url})),
              refused_parameter("UserCredential", "no user signs in: the token speaks for --user-sip-address",
                                {"uc"}),
              refused_parameter("Authentication", kNoRegistrar, {"Ath"}),
              refused_parameter("RegistrarPort", kNoRegistrar, {"rp"}),
              refused_parameter("OutLoggerVariable", kNoVariables, {"olv"}),
              refused_parameter("OutVerboseVariable", kNoVariables, {"ovv"}),
              refused_parameter("Setup", kNoSetup),
              refused_parameter("SetupAndRun", kNoSetup),
          },
          fetch_parameters<Options>()),
      .examples = {{"test-unified-contact-store --user-sip-address sip:kenmyer@litwareinc.com",
                    "For people."},
                   {"test-unified-contact-store --output json", "As an application, for a program."}},
      .output = &kConnectionTestType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-unified-contact-store", declare);

}  // namespace
}  // namespace accord
