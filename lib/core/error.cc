#include "lib/core/error.h"

#include <array>
#include <utility>

namespace accord {
namespace {

constexpr std::array<ExitCodeMeaning, 12> kExitCodes = {{
    {ExitCode::success, "", "Done, or nothing to do; a test that passed"},
    {ExitCode::failure, "NotSpecified", "The operation failed for a reason that no other code names"},
    {ExitCode::usage, "InvalidArgument",
     "Wrong usage: verb, parameter, value or parameter set; or a test was given nothing to judge"},
    {ExitCode::not_found, "ObjectNotFound", "Not found"},
    {ExitCode::conflict, "ResourceExists", "Exists already, or was changed by someone else meanwhile"},
    {ExitCode::negative, "InvalidResult",
     "A test's verdict is negative, or a document contradicts what is stored"},
    {ExitCode::warning, "", "A configuration test passed with warnings"},
    {ExitCode::store, "ResourceUnavailable",
     "The store or its key file is missing, busy, damaged, of a newer version, or not permitted"},
    {ExitCode::unreachable, "ConnectionError",
     "The other server could not be reached or did not answer as it must"},
    {ExitCode::unanswered, "OperationStopped",
     "An answer was needed and none could be had, or the answer was no"},
    {ExitCode::interrupted, "", "Ended by SIGINT; nothing changed"},
    {ExitCode::terminated, "", "Ended by SIGTERM; nothing changed"},
}};

}  // namespace

std::span<const ExitCodeMeaning> exit_codes() {
  return kExitCodes;
}

std::string_view category_of(ExitCode code) {
  for (const auto& row : kExitCodes) {
    if (row.code == code) return row.category;
  }
  return "NotSpecified";
}

tl::unexpected<Error> fail(ErrorId id, std::string message, std::string target, std::string advice) {
  return tl::unexpected(Error{id, std::move(message), std::move(target), std::move(advice)});
}

}  // namespace accord
