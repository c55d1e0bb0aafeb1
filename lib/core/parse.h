// Text from a command line into values: each says what was wrong and what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"

namespace accord {

// $true $false true false 1 0, any case (spec/commands.md 1). nullopt for anything else.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

// Decimal, an optional minus. Fails with Parameter.Invalid outside [lowest, highest].
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text, std::int64_t lowest,
                                                 std::int64_t highest);

// 40 hex digits after blanks, colons and U+200E are dropped; upper-case. Fails with Parameter.Invalid, saying
// how many digits there were (protocol.md 4.4).
[[nodiscard]] Result<std::string> parse_thumbprint(std::string_view text);

// Comma separated; blanks around commas are dropped, and so are empty items.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

// An ASCII domain name with at least two labels, in lower case. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::string> parse_domain_name(std::string_view text);

// host or host:port (protocol.md 1.2), in lower case. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::string> parse_host(std::string_view text);

// Names of the values of an enumeration, in the order of help; specialised beside the enumeration:
//   template <> struct EnumNames<TrustLevel> { static constexpr std::array<std::pair<TrustLevel,
//   std::string_view>, 3> table = …; };
template <class E>
struct EnumNames;

template <class E>
[[nodiscard]] std::string_view enum_name(E value) {
  for (const auto& [candidate, name] : EnumNames<E>::table) {
    if (candidate == value) return name;
  }
  return {};
}

// Any case; nullopt when no value has that name.
template <class E>
[[nodiscard]] std::optional<E> parse_enum(std::string_view text);

}  // namespace accord

#include "lib/core/encoding.h"

namespace accord {

template <class E>
std::optional<E> parse_enum(std::string_view text) {
  for (const auto& [candidate, name] : EnumNames<E>::table) {
    if (equals_ignoring_case(text, name)) return candidate;
  }
  return std::nullopt;
}

}  // namespace accord
