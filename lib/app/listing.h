// What get verbs share: an exact identity, a pattern, or everything.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/app/environment.h"
#include "lib/core/encoding.h"
#include "lib/core/record.h"

namespace accord {

// Emits those of `all` whose `name` matches the pattern; all of them without one.
template <class T, class Name>
void emit_matching(Environment& env, const RecordType& type, const std::vector<T>& all, Name name,
                   const std::optional<std::string>& pattern) {
  std::vector<Record> records;
  for (const auto& one : all) {
    if (!pattern || matches_wildcard(std::invoke(name, one), *pattern)) records.push_back(to_record(one));
  }
  env.emit(type, std::move(records));
}

// The identity when it names one thing exactly; nullptr when everything or a pattern is asked for.
[[nodiscard]] inline const std::string* exact(const std::optional<std::string>& identity) {
  return identity && !has_wildcard(*identity) ? &*identity : nullptr;
}

// The pattern of a listing: --filter, or an identity with wildcards.
[[nodiscard]] inline std::optional<std::string> pattern_of(const std::optional<std::string>& identity,
                                                           const std::optional<std::string>& filter) {
  return filter ? filter : identity;
}

}  // namespace accord
