// YAML out; the only file that sees yaml-cpp. (Reading comes with the topology.)
#pragma once

#include <string>

#include "lib/core/json.h"

namespace accord {

// Block style, LF at the end. Text that YAML would read as something else is quoted.
[[nodiscard]] std::string to_yaml(const json::Value& value);

}  // namespace accord
