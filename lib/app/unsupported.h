// Cmdlets of the original products that have no verb, each with a reason: an admin who types one is told what
// to use.
#pragma once

#include <string_view>

namespace accord {

// Why the cmdlet of this name is not carried over; empty for a name that is none of theirs.
[[nodiscard]] std::string_view why_unsupported(std::string_view name);

}  // namespace accord
