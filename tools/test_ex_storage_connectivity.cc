// test-ex-storage-connectivity: whether Exchange takes our tokens for a user whose items are to be stored
// there.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/connectivity.h"
#include "lib/app/records.h"
#include "lib/core/names.h"

namespace accord {
namespace {

struct Options : FetchOptions {
  std::string sip_uri;
  std::optional<std::string> folder;
  std::optional<std::string> target_uri;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  LiveCall call;
  static_cast<FetchOptions&>(call) = options;
  call.user.sip = options.sip_uri;
  TRY_ASSIGN(auto test, test_path_to_exchange(env, call, options.target_uri));
  test.skip("Storage",
            fmt::format("{} is not opened and no item is written: the test ends with the trust",
                        options.folder ? fmt::format("folder '{}'", *options.folder) : "the mailbox"));
  emit_tests(env, {test}, true);
  return live_exit_code(test);
}

Verb declare() {
  return define<Options>({
      .original = "Test-CsExStorageConnectivity",
      .summary = "Test whether Exchange takes our tokens for a user",
      .description =
          "Calls the Exchange of ExchangeAutodiscoverUrl with a token that speaks for the user, as "
          "test-oauth-connectivity does. No folder is opened and nothing is written there. Exit code 0: the "
          "token was accepted; 5: it was not, or the path ended before.",
      .parameters = with(
          {
              parameter("SipUri", &Options::sip_uri,
                        {.help = "The user's SIP address.",
                         .mandatory = true,
                         .first = true,
                         .aliases = {"s"},
                         .check = check_sip_address}),
              parameter("Folder", &Options::folder,
                        {.help = "The folder that is meant; it is named, not opened.", .type = "ExchFolder"}),
              own(parameter("TargetUri", &Options::target_uri,
                            {.help = "The URL to call.",
                             .type = "Uri",
                             .default_text = "ExchangeAutodiscoverUrl",
                             .check = parse_https_url})),
              refused_parameter("Binding", "servers are called over https and nothing else; leave it out",
                                {"b"}),
              refused_parameter("DeleteItem",
                                "no item is written, so that there is none to delete; leave it out"),
              refused_parameter(
                  "HostNameStorageService",
                  "there is no storage service in between: Exchange is called directly; --target-uri "
                  "names it",
                  {"h"}),
              refused_parameter("UseCache", "nothing is kept between two calls; leave it out"),
          },
          fetch_parameters<Options>()),
      .examples = {{"test-ex-storage-connectivity --sip-uri sip:kenmyer@litwareinc.com", "For people."},
                   {"test-ex-storage-connectivity kenmyer@litwareinc.com --folder Dropbox --output json",
                    "For a program, as the original is called."}},
      .output = &kConnectionTestType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("test-ex-storage-connectivity", declare);

}  // namespace
}  // namespace accord
