// Patterns for text, compiled once and matched often: PowerShell's wildcards and regular expressions.
//
// Neither runs away: a wildcard takes no more than pattern times text, a regular expression is given up with
// an error. Errors are Expression.Invalid; their target is the pattern, their column lies in it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"

namespace accord {

inline constexpr std::size_t kLongestPattern = 4096;

enum class Case { ignored, respected };

// `*` any text, `?` one character, `[a-fx]` one of a set, and a backtick before a character that stands for
// itself. The whole text has to match. Case::ignored ignores that of ASCII.
class Wildcard {
 public:
  // Fails where a set is not closed or a range runs backwards, and over kLongestPattern bytes.
  static Result<Wildcard> parse(std::string_view pattern, Case letters = Case::ignored);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  struct Range {
    char32_t first = 0;
    char32_t last = 0;
  };
  // One character of a set of ranges; none: the asterisk.
  struct Element {
    bool any_text = false;
    std::vector<Range> ranges = {};
  };

  class Parser;

  [[nodiscard]] bool fits(const Element& element, char32_t character) const;

  std::vector<Element> elements_;
  Case letters_ = Case::ignored;
};

// A regular expression in Perl's form, which is that of .NET but for its rarest constructs. It is looked for
// anywhere in the text. Case::ignored ignores that of Unicode.
class Regex {
 public:
  // Fails where the pattern is ill-formed, and over kLongestPattern bytes. A pattern that is not UTF-8 is one
  // of bytes.
  static Result<Regex> compile(std::string_view pattern, Case letters = Case::ignored);

  // Fails where the search takes too long: after the same number of steps on every machine, some ten
  // milliseconds.
  [[nodiscard]] Result<bool> search(std::string_view text) const;

 private:
  struct Program;
  explicit Regex(std::string pattern, std::shared_ptr<const Program> program)
      : pattern_(std::move(pattern)), program_(std::move(program)) {}

  std::string pattern_;
  std::shared_ptr<const Program> program_;
};

}  // namespace accord
