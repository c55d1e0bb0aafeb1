// The words of a --where expression: operators, names, quoted text. For where_syntax.cc and where.cc alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/core/error.h"
#include "lib/core/pattern.h"

namespace accord::expression {

enum class Operator {
  // comparisons
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  like,
  not_like,
  match,
  not_match,
  in,
  not_in,
  contains,
  not_contains,
  // and what joins them
  both,
  either,
  exactly_one,
  negation,
};

[[nodiscard]] constexpr bool is_comparison(Operator op) {
  return op < Operator::both;
}

[[nodiscard]] constexpr bool takes_pattern(Operator op) {
  return op >= Operator::like && op <= Operator::not_match;
}

[[nodiscard]] constexpr bool is_ordering(Operator op) {
  return op >= Operator::less && op <= Operator::greater_or_equal;
}

struct KnownOperator {
  Operator op = Operator::equal;
  Case letters = Case::ignored;
};

// `name` without its dash. Comparisons have two more names each: -ceq respects case, -ieq ignores it as -eq
// does.
[[nodiscard]] std::optional<KnownOperator> known_operator(std::string_view name);
// All of them, without their dashes.
[[nodiscard]] std::vector<std::string> operator_names();
// What another language's operator is here: "-eq" for "=="; empty where it is none.
[[nodiscard]] std::string_view equivalent_of(std::string_view foreign);

// In quotes, safe to show, and cut short where it is long.
[[nodiscard]] std::string quoted(std::string_view text);
// `offset`: where in the expression, in bytes.
[[nodiscard]] tl::unexpected<Error> fail_at(std::string_view text, std::size_t offset, ErrorId id,
                                            std::string message, std::string advice = {});

// Word processors turn quotes and dashes into others; PowerShell takes them for the plain ones, and so do we.
[[nodiscard]] char32_t plain(char32_t c);

enum class TokenKind {
  end,
  open,        // (
  open_list,   // @(
  close,       // )
  open_brace,  // {
  close_brace,
  comma,
  dashed,    // -eq, and every other dash with a letter behind it
  negation,  // !
  foreign,   // == and its like
  text,
  number,
  variable,  // $_.Name as a whole, or $true
  word,
  unknown,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text = {};  // what a quoted text says
};

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  Result<Token> next();

 private:
  [[nodiscard]] CodePoint at(std::size_t offset) const;
  [[nodiscard]] bool is_at(std::size_t offset, char32_t character) const;
  [[nodiscard]] bool ends_word(std::size_t offset) const;
  [[nodiscard]] bool operator_at(std::size_t offset) const;
  [[nodiscard]] std::size_t end_of_name(std::size_t offset) const;
  [[nodiscard]] std::size_t end_of_word(std::size_t offset) const;
  void skip_blanks();
  Token take(TokenKind kind, std::size_t end);
  Token take_word();
  Token take_variable();
  Result<Token> take_single_quoted();
  Result<Token> take_double_quoted();
  Result<void> append_escaped(std::string& text);
  Result<void> append_code_point(std::string& text);

  std::string_view text_;
  std::size_t offset_ = 0;
};

}  // namespace accord::expression
