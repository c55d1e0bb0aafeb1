// What the shells complete behind `accord` and its links, from the verbs' declarations.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/parse.h"

namespace accord {

enum class Shell { bash, zsh, fish };
template <>
struct EnumNames<Shell> {
  static constexpr std::array<std::pair<Shell, std::string_view>, 3> table = {
      {{Shell::bash, "bash"}, {Shell::zsh, "zsh"}, {Shell::fish, "fish"}}};
};
[[nodiscard]] std::string completion(Shell shell);

}  // namespace accord
