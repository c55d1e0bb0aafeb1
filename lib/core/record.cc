#include "lib/core/record.h"

#include "lib/core/encoding.h"

namespace accord {

// Not inline: every verb has a chain of these, and g++ 12 warns falsely of the variant that it moves there.
Record& Record::add(std::string_view name, Value value) {
  properties_.emplace_back(name, std::move(value));
  return *this;
}

const Value* Record::find(std::string_view name) const {
  for (const auto& [candidate, value] : properties_) {
    if (equals_ignoring_case(candidate, name)) return &value;
  }
  return nullptr;
}

}  // namespace accord
