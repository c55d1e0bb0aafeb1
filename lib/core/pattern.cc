#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/core/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "lib/core/encoding.h"
#include "lib/core/handle.h"

namespace accord {
namespace {

constexpr char32_t kNotACharacter = 0x110000;  // and the byte that is none, so that it equals only itself

char32_t lower(char32_t c) {
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

char32_t upper(char32_t c) {
  return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

// The character at `offset`, which moves behind it.
char32_t take_character(std::string_view text, std::size_t& offset) {
  const auto [value, length] = code_point_at(text, offset);
  const char32_t character = value.value_or(kNotACharacter + static_cast<unsigned char>(text[offset]));
  offset += length;
  return character;
}

std::vector<char32_t> characters_of(std::string_view text) {
  std::vector<char32_t> characters;
  characters.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) characters.push_back(take_character(text, offset));
  return characters;
}

tl::unexpected<Error> ill_formed(std::string_view pattern, std::size_t column, std::string message,
                                 std::string advice = {}) {
  auto failure = fail("Expression.Invalid", std::move(message), std::string(pattern), std::move(advice));
  failure.value().column = column;
  return failure;
}

Result<void> check_length(std::string_view pattern) {
  if (pattern.size() <= kLongestPattern) return {};
  return ill_formed(pattern, 1, "a pattern is longer than " + std::to_string(kLongestPattern) + " bytes");
}

std::size_t column_of(std::string_view text, std::size_t offset) {
  return characters_of(text.substr(0, offset)).size() + 1;
}

}  // namespace

class Wildcard::Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern), characters_(characters_of(pattern)) {}

  [[nodiscard]] bool at_end() const { return next_ == characters_.size(); }
  Result<Element> parse_element();

 private:
  Result<Element> parse_set();
  char32_t take_escaped();
  [[nodiscard]] bool is_at(std::size_t place, char32_t character) const {
    return place < characters_.size() && characters_[place] == character;
  }

  std::string_view pattern_;
  std::vector<char32_t> characters_;
  std::size_t next_ = 0;
};

// A backtick before nothing stands for itself.
char32_t Wildcard::Parser::take_escaped() {
  if (is_at(next_, '`') && next_ + 1 < characters_.size()) ++next_;
  return characters_[next_++];
}

Result<Wildcard::Element> Wildcard::Parser::parse_element() {
  if (is_at(next_, '[')) return parse_set();
  const char32_t plain = characters_[next_];
  const char32_t character = take_escaped();
  if (plain == '*') return Element{.any_text = true};
  if (plain == '?') return Element{.ranges = {{0, kNotACharacter + 0xFF}}};
  return Element{.ranges = {{character, character}}};
}

Result<Wildcard::Element> Wildcard::Parser::parse_set() {
  Element set;
  const std::size_t opening = next_++;
  // As in PowerShell, a bracket that comes first stands for itself, and so does a dash at either end.
  for (bool first = true; !at_end(); first = false) {
    if (is_at(next_, ']') && !first) {
      ++next_;
      return set;
    }
    Range range{.first = take_escaped()};
    range.last = range.first;
    if (is_at(next_, '-') && next_ + 1 < characters_.size() && !is_at(next_ + 1, ']')) {
      ++next_;
      range.last = take_escaped();
    }
    if (range.last < range.first) {
      return ill_formed(pattern_, opening + 1, "a range in this set of the wildcard pattern runs backwards",
                        "write the lower character first, like [a-z]");
    }
    set.ranges.push_back(range);
  }
  return ill_formed(pattern_, opening + 1, "this set of the wildcard pattern is not closed",
                    "write ']' at its end, or '`[' for the bracket itself");
}

Result<Wildcard> Wildcard::parse(std::string_view pattern, Case letters) {
  TRY(check_length(pattern));
  Wildcard wildcard;
  wildcard.letters_ = letters;
  Parser parser(pattern);
  while (!parser.at_end()) {
    TRY_ASSIGN(auto element, parser.parse_element());
    wildcard.elements_.push_back(std::move(element));
  }
  return wildcard;
}

bool Wildcard::fits(const Element& element, char32_t character) const {
  const auto has = [&element](char32_t one) {
    return std::any_of(element.ranges.begin(), element.ranges.end(),
                       [one](const Range& range) { return range.first <= one && one <= range.last; });
  };
  if (has(character)) return true;
  return letters_ == Case::ignored && (has(lower(character)) || has(upper(character)));
}

// Only the last asterisk is ever tried again: what an earlier one could take more, the last one can as well.
bool Wildcard::matches(std::string_view text) const {
  std::size_t offset = 0;
  std::size_t next = 0;
  std::size_t retry_offset = 0;
  std::optional<std::size_t> after_asterisk;
  while (offset < text.size()) {
    if (next < elements_.size() && elements_[next].any_text) {
      after_asterisk = ++next;
      retry_offset = offset;
      continue;
    }
    std::size_t behind = offset;
    if (next < elements_.size() && fits(elements_[next], take_character(text, behind))) {
      offset = behind;
      ++next;
    } else if (after_asterisk) {
      take_character(text, retry_offset);
      offset = retry_offset;
      next = *after_asterisk;
    } else {
      return false;
    }
  }
  while (next < elements_.size() && elements_[next].any_text) ++next;
  return next == elements_.size();
}

namespace {

// Deterministic, unlike a clock: a search is given up on a slow machine exactly where it is on a fast one.
constexpr std::size_t kMostSteps = 1'000'000;
constexpr std::size_t kCharactersPerStep = 16;  // that a repetition passes in the time of a step
constexpr std::uint32_t kMostHeapKib = 8'192;

struct Budget {
  std::size_t spent = 0;
  std::size_t position = 0;
};

// PCRE2's own limit counts anew at every place where a match might start, so it bounds no search of a long
// text. Callouts before every item of the pattern see them all, and how far a repetition went before.
int spend(pcre2_callout_block* block, void* data) {
  auto& budget = *static_cast<Budget*>(data);
  const std::size_t position = block->current_position;
  if (position > budget.position) budget.spent += (position - budget.position) / kCharactersPerStep;
  budget.position = position;
  return ++budget.spent > kMostSteps ? PCRE2_ERROR_CALLOUT : 0;
}

using Code = Handle<pcre2_code, pcre2_code_free>;
using CompileContext = Handle<pcre2_compile_context, pcre2_compile_context_free>;
using MatchContext = Handle<pcre2_match_context, pcre2_match_context_free>;
using MatchData = Handle<pcre2_match_data, pcre2_match_data_free>;

PCRE2_SPTR units(std::string_view text) {
  // Null is refused by some functions even for no length.
  return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

std::uint32_t options_for(std::string_view pattern, Case letters) {
  // .NET's \u0041, its Unicode classes, and several groups of one name.
  std::uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_ALT_BSUX | PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C;
  if (letters == Case::ignored) options |= PCRE2_CASELESS;
  options |= is_utf8(pattern) ? PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF : PCRE2_NEVER_UTF;
  return options;
}

}  // namespace

struct Regex::Program {
  Code code;
};

Result<Regex> Regex::compile(std::string_view pattern, Case letters) {
  TRY(check_length(pattern));
  const CompileContext context(pcre2_compile_context_create(nullptr));
  if (!context) return fail("Memory.Exhausted", "there is no memory for a regular expression");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(units(pattern), pattern.size(), options_for(pattern, letters), &error, &offset,
                          context.get()));
  if (!code) {
    return ill_formed(pattern, column_of(pattern, std::min(offset, pattern.size())),
                      "the regular expression is not well formed: " + message_of(error),
                      "write a backslash before a character of .*+?()[]{}|^$\\ that stands for itself");
  }
  return Regex(std::string(pattern), std::make_shared<const Program>(Program{std::move(code)}));
}

Result<bool> Regex::search(std::string_view text) const {
  const MatchContext context(pcre2_match_context_create(nullptr));
  const MatchData match(pcre2_match_data_create(1, nullptr));
  if (!context || !match) return fail("Memory.Exhausted", "there is no memory for a regular expression");
  Budget budget;
  pcre2_set_callout(context.get(), spend, &budget);
  pcre2_set_match_limit(context.get(), kMostSteps);
  pcre2_set_depth_limit(context.get(), kMostSteps);
  pcre2_set_heap_limit(context.get(), kMostHeapKib);
  const int found =
      pcre2_match(program_->code.get(), units(text), text.size(), 0, 0, match.get(), context.get());
  if (found >= 0) return true;
  switch (found) {
    case PCRE2_ERROR_NOMATCH:
      return false;
    case PCRE2_ERROR_CALLOUT:
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
      return ill_formed(pattern_, 1, "the regular expression takes too long",
                        "avoid a repetition of a repetition, like (a+)+, or use -like");
    case PCRE2_ERROR_NOMEMORY:
      return fail("Memory.Exhausted", "there is no memory for a regular expression");
    default:
      return ill_formed(pattern_, 1, "the regular expression cannot be used: " + message_of(found));
  }
}

}  // namespace accord
