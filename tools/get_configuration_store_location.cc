// get-configuration-store-location: where the store and its key are, and which setting said so.
#include "lib/app/environment.h"
#include "lib/app/records.h"

namespace accord {
namespace {

struct Options {};

Result<ExitCode> run(Environment& env, const Options&) {
  TRY_ASSIGN(const auto where, env.location());
  env.emit(to_record(where));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Get-CsConfigurationStoreLocation",
      .summary = "Show where the store and its key file are",
      .description = "Nothing is opened: the paths are those that every verb would use.",
      .parameters = {refused_parameter("Report",
                                       "there is no report of this verb; its output is the whole of it"),
                     refused_parameter("GlobalSettingsDomainController",
                                       "there is no Active Directory here; the store holds everything")},
      .examples = {{"get-configuration-store-location",
                    "Store, key file, and the setting that each path came from."},
                   {"get-configuration-store-location --property Store --output value",
                    "The path alone, for a script."}},
      .output = &kStoreLocationType,
      .run = run,
  });
}

const Registration registration("get-configuration-store-location", declare);

}  // namespace
}  // namespace accord
