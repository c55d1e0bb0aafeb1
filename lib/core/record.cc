#include "lib/core/record.h"

#include "lib/core/encoding.h"

namespace accord {

const Value* Record::find(std::string_view name) const {
  for (const auto& [candidate, value] : properties_) {
    if (equals_ignoring_case(candidate, name)) return &value;
  }
  return nullptr;
}

}  // namespace accord
