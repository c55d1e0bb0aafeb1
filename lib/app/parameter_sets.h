// Which parameter set a call is of (spec/commands.md 1): what goes together, and what must be given.
#pragma once

#include <string_view>
#include <vector>

#include "lib/app/verb.h"

namespace accord {

// The first set that all of `given` belong to and that lacks nothing; empty where the verb has no sets. Fails
// with Parameter.Clash, naming what cannot be given together, and Parameter.Missing, naming what must be
// given besides.
[[nodiscard]] Result<std::string_view> choose_set(const Verb& verb,
                                                  const std::vector<std::string_view>& given);

}  // namespace accord
