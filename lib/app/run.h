// From a command line to an exit code: picks the verb, binds, runs, prints what came out or went wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/app/console.h"
#include "lib/app/location.h"
#include "lib/core/time.h"

namespace accord {

// `program`: argv[0]; a link named like a verb is that verb. `arguments`: the rest.
[[nodiscard]] int run(std::string_view program, const std::vector<std::string>& arguments, Console& console,
                      const Settings& settings, const Clock& clock);

}  // namespace accord
