// From the name of a verb, in any spelling, to its declaration.
#pragma once

#include <string_view>

#include "lib/app/verb.h"

namespace accord {

// "new-partner-application", "New-CsPartnerApplication", "New-PartnerApplication" … Fails with Verb.Unknown,
// suggesting the nearest, and Verb.NotSupported, saying why.
[[nodiscard]] Result<Verb> declared_verb(std::string_view name);

}  // namespace accord
