// Bytes as text: hex, base64, base64url, UTF-8, and text that is safe to show on a terminal.
//
// Bytes are std::string throughout the project; SecretBytes (secret.h) where they are a key.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace accord {

// RFC 4648 s.5 without padding (RFC 7515 s.2).
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

// Strict: no padding, no white space, no foreign character, spare bits zero. nullopt otherwise.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

// RFC 4648 s.4 with padding, on one line.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

enum class Blanks { refused, ignored };

// Strict as above but with padding required. Blanks::ignored drops white space first, as PEM and XML bodies
// need.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text,
                                                       Blanks blanks = Blanks::refused);

// Upper-case, no separators.
[[nodiscard]] std::string hex_encode(std::string_view bytes);
// Either case, no separators, even length. nullopt otherwise.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

// One character of UTF-8 (RFC 3629) and the number of bytes it takes. A byte that begins none has no value
// and length 1.
struct CodePoint {
  std::optional<char32_t> value = {};
  std::size_t length = 1;
};

// The character at `offset`, which lies inside the text.
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t offset);
void append_utf8(std::string& text, char32_t character);

// False for controls, format characters (bidirectional overrides, zero-width ones), line separators, private
// use and non-characters: what a terminal acts upon, or shows nothing for.
[[nodiscard]] bool is_printing(char32_t character);

// RFC 3629: no surrogates, no overlong forms.
[[nodiscard]] bool is_utf8(std::string_view text);

// The number of terminal columns, one per code point but for wide ones (two) and combining ones (none).
[[nodiscard]] std::size_t display_width(std::string_view text);

// `text` with every control and non-printing character, and every byte that is not UTF-8, written as \n, \t,
// \xNN or \u{NNNN}, so that stored or received text cannot steer a terminal. Bidirectional overrides count as
// non-printing; backslashes stay as they are.
[[nodiscard]] std::string escape_for_terminal(std::string_view text);

// ASCII only: text in stores and tokens never folds by locale.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
[[nodiscard]] std::string_view trim(std::string_view text);

[[nodiscard]] std::string_view without_byte_order_mark(std::string_view content);

// As one word of a POSIX shell, in single quotes where it needs them: for commands that messages propose.
[[nodiscard]] std::string shell_quoted(std::string_view text);

// PowerShell's wildcards * and ?, without regard to ASCII case.
[[nodiscard]] bool matches_wildcard(std::string_view text, std::string_view pattern);
[[nodiscard]] bool has_wildcard(std::string_view text);

// The candidate that is fewest edits away from `text`, without regard to case; empty when all are far off.
template <class Range>
[[nodiscard]] std::string nearest(std::string_view text, const Range& candidates);

[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string nearest(std::string_view text, const Range& candidates) {
  std::size_t best = text.size() / 3 + 2;
  std::string found;
  for (const auto& candidate : candidates) {
    // Each edit changes the length by one at most, so a text of any size is told apart at once.
    const std::string_view name = candidate;
    if (std::max(name.size(), text.size()) - std::min(name.size(), text.size()) >= best) continue;
    const auto distance = edit_distance(text, name);
    if (distance < best) {
      best = distance;
      found = std::string(candidate);
    }
  }
  return found;
}

}  // namespace accord
