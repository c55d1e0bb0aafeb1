// What was warned of when a change let tokens be refused before they ended, kept until the last of them has.
#pragma once

#include <string_view>
#include <vector>

#include "lib/core/certificate.h"
#include "lib/store/connection.h"

namespace accord {

[[nodiscard]] Result<std::vector<RefusedSigner>> list_refused_signers(Connection& store,
                                                                      std::string_view use);
[[nodiscard]] Result<void> replace_refused_signers(Connection& store, std::string_view use,
                                                   const std::vector<RefusedSigner>& refused);

}  // namespace accord
