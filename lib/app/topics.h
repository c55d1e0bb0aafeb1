// The help topics that concern all verbs: `accord help output` and its like.
#pragma once

#include <span>
#include <string_view>

namespace accord {

struct Topic {
  std::string_view name;
  std::string_view text;
};

[[nodiscard]] std::span<const Topic> topics();

}  // namespace accord
