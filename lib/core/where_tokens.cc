#include "lib/core/where_tokens.h"

#include <algorithm>
#include <array>
#include <utility>

namespace accord::expression {
namespace {

constexpr std::array<std::pair<std::string_view, Operator>, 18> kOperators = {
    {{"eq", Operator::equal},
     {"ne", Operator::not_equal},
     {"lt", Operator::less},
     {"le", Operator::less_or_equal},
     {"gt", Operator::greater},
     {"ge", Operator::greater_or_equal},
     {"like", Operator::like},
     {"notlike", Operator::not_like},
     {"match", Operator::match},
     {"notmatch", Operator::not_match},
     {"in", Operator::in},
     {"notin", Operator::not_in},
     {"contains", Operator::contains},
     {"notcontains", Operator::not_contains},
     {"and", Operator::both},
     {"or", Operator::either},
     {"xor", Operator::exactly_one},
     {"not", Operator::negation}}};

// What other languages write.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kForeignOperators = {
    {{"=", "-eq"},
     {"==", "-eq"},
     {"===", "-ceq"},
     {"!=", "-ne"},
     {"!==", "-cne"},
     {"<>", "-ne"},
     {"<", "-lt"},
     {"<=", "-le"},
     {"=<", "-le"},
     {">", "-gt"},
     {">=", "-ge"},
     {"=>", "-ge"},
     {"&&", "-and"},
     {"&", "-and"},
     {"||", "-or"},
     {"|", "-or"},
     {"=~", "-match"},
     {"!~", "-notmatch"}}};

std::optional<Operator> find_operator(std::string_view name) {
  for (const auto& [candidate, op] : kOperators) {
    if (equals_ignoring_case(name, candidate)) return op;
  }
  return std::nullopt;
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

}  // namespace

char32_t plain(char32_t c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
      return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
      return '"';
    case 0x2013:
    case 0x2014:
    case 0x2015:
      return '-';
    case 0xA0:
      return ' ';
    default:
      return c;
  }
}

std::optional<KnownOperator> known_operator(std::string_view name) {
  if (const auto op = find_operator(name)) return KnownOperator{*op, Case::ignored};
  if (name.empty()) return std::nullopt;
  const auto op = find_operator(name.substr(1));
  if (!op || !is_comparison(*op)) return std::nullopt;
  switch (name.front()) {
    case 'c':
    case 'C':
      return KnownOperator{*op, Case::respected};
    case 'i':
    case 'I':
      return KnownOperator{*op, Case::ignored};
    default:
      return std::nullopt;
  }
}

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const auto& [known, op] : kOperators) {
    for (const auto* prefix : {"", "c", "i"}) {
      if (*prefix == '\0' || is_comparison(op)) names.push_back(prefix + std::string(known));
    }
  }
  return names;
}

std::string_view equivalent_of(std::string_view foreign) {
  for (const auto& [theirs, ours] : kForeignOperators) {
    if (theirs == foreign) return ours;
  }
  return {};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  if (text.size() <= kShown) return "'" + escape_for_terminal(text) + "'";
  std::size_t end = 0;
  while (end < kShown) end += code_point_at(text, end).length;
  return "'" + escape_for_terminal(text.substr(0, end)) + "…'";
}

tl::unexpected<Error> fail_at(std::string_view text, std::size_t offset, ErrorId id, std::string message,
                              std::string advice) {
  auto failure = fail(id, std::move(message), std::string(text), std::move(advice));
  std::size_t column = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++column) i += code_point_at(text, i).length;
  failure.value().column = column;
  return failure;
}

CodePoint Tokenizer::at(std::size_t offset) const {
  if (offset >= text_.size()) return {.value = std::nullopt, .length = 0};
  auto found = code_point_at(text_, offset);
  if (found.value) found.value = plain(*found.value);
  return found;
}

bool Tokenizer::is_at(std::size_t offset, char32_t character) const {
  return at(offset).value == character;
}

void Tokenizer::skip_blanks() {
  for (;;) {
    const auto [value, length] = at(offset_);
    if (!value || *value >= 0x80 || !is_blank(static_cast<char>(*value))) return;
    offset_ += length;
  }
}

bool Tokenizer::ends_word(std::size_t offset) const {
  const auto value = at(offset).value;
  if (offset >= text_.size()) return true;
  if (!value || *value >= 0x80) return false;
  const auto c = static_cast<char>(*value);
  return is_blank(c) || std::string_view("(){}'\",;!=<>&|`$").find(c) != std::string_view::npos;
}

std::size_t Tokenizer::end_of_name(std::size_t offset) const {
  while (offset < text_.size() && is_name_character(text_[offset])) ++offset;
  return offset;
}

// `Enabled-eq$true` is as good as with blanks.
bool Tokenizer::operator_at(std::size_t offset) const {
  if (!is_at(offset, '-')) return false;
  const std::size_t begin = offset + at(offset).length;
  const std::size_t end = end_of_name(begin);
  return ends_word(end) && known_operator(text_.substr(begin, end - begin)).has_value();
}

std::size_t Tokenizer::end_of_word(std::size_t offset) const {
  while (!ends_word(offset) && !operator_at(offset)) offset += at(offset).length;
  return offset;
}

Token Tokenizer::take(TokenKind kind, std::size_t end) {
  Token token{.kind = kind, .begin = offset_, .end = end};
  offset_ = end;
  return token;
}

Result<Token> Tokenizer::next() {
  skip_blanks();
  if (offset_ >= text_.size()) return take(TokenKind::end, offset_);
  const auto [value, length] = at(offset_);
  const std::size_t behind = offset_ + length;
  switch (value.value_or(0)) {
    case '(':
      return take(TokenKind::open, behind);
    case ')':
      return take(TokenKind::close, behind);
    case '{':
      return take(TokenKind::open_brace, behind);
    case '}':
      return take(TokenKind::close_brace, behind);
    case ',':
      return take(TokenKind::comma, behind);
    case '\'':
      return take_single_quoted();
    case '"':
      return take_double_quoted();
    case '$':
      return take_variable();
    case '@':
      if (is_at(behind, '(')) return take(TokenKind::open_list, behind + 1);
      return take_word();
    case '-':
      if (behind < text_.size() && is_letter(text_[behind])) {
        return take(TokenKind::dashed, end_of_name(behind));
      }
      return take_word();
    case '!':
      if (!is_at(behind, '=') && !is_at(behind, '~')) return take(TokenKind::negation, behind);
      [[fallthrough]];
    case '=':
    case '<':
    case '>':
    case '&':
    case '|': {
      std::size_t end = behind;
      while (end < text_.size() && std::string_view("=<>&|~").find(text_[end]) != std::string_view::npos)
        ++end;
      return take(TokenKind::foreign, end);
    }
    default:
      return ends_word(offset_) ? take(TokenKind::unknown, behind) : take_word();
  }
}

Token Tokenizer::take_word() {
  // The first character is part of it whatever it is, so that there always is progress.
  const std::size_t end = end_of_word(offset_ + at(offset_).length);
  std::size_t digits = offset_;
  if (is_at(digits, '-') || is_at(digits, '+')) digits += at(digits).length;
  const bool number = digits < end && is_digit(text_[digits]);
  return take(number ? TokenKind::number : TokenKind::word, end);
}

Token Tokenizer::take_variable() {
  std::size_t end = end_of_name(offset_ + 1);
  while (end + 1 < text_.size() && text_[end] == '.' && is_name_character(text_[end + 1])) {
    end = end_of_name(end + 1);
  }
  return take(TokenKind::variable, end);
}

tl::unexpected<Error> not_closed(std::string_view text, std::size_t opening) {
  return fail_at(text, opening, "Expression.Invalid", "the quote that starts here is not closed");
}

Result<Token> Tokenizer::take_single_quoted() {
  Token token{.kind = TokenKind::text, .begin = offset_};
  offset_ += at(offset_).length;
  while (offset_ < text_.size()) {
    const auto length = at(offset_).length;
    if (is_at(offset_, '\'')) {
      if (!is_at(offset_ + length, '\'')) {
        token.end = offset_ += length;
        return token;
      }
      offset_ += length;  // two of them are one
    }
    token.text += text_.substr(offset_, at(offset_).length);
    offset_ += at(offset_).length;
  }
  return not_closed(text_, token.begin);
}

Result<Token> Tokenizer::take_double_quoted() {
  Token token{.kind = TokenKind::text, .begin = offset_};
  offset_ += at(offset_).length;
  while (offset_ < text_.size()) {
    const auto [value, length] = at(offset_);
    if (value == '"') {
      if (!is_at(offset_ + length, '"')) {
        token.end = offset_ += length;
        return token;
      }
      offset_ += length;
    } else if (value == '`') {
      if (offset_ + 1 >= text_.size()) break;
      TRY(append_escaped(token.text));
      continue;
    } else if (value == '$' && offset_ + 1 < text_.size()) {
      const char following = text_[offset_ + 1];
      if (is_name_character(following) ||
          std::string_view("({$?^:").find(following) != std::string_view::npos) {
        return fail_at(text_, offset_, "Expression.Invalid",
                       "'$' would insert a variable here, and there are none",
                       "write the text in single quotes, or '`$' for the character itself");
      }
    }
    token.text += text_.substr(offset_, at(offset_).length);
    offset_ += at(offset_).length;
  }
  return not_closed(text_, token.begin);
}

// A backtick and what follows it, which is there.
Result<void> Tokenizer::append_escaped(std::string& text) {
  const char escaped = text_[++offset_];
  if (escaped == 'u' && is_at(offset_ + 1, '{')) return append_code_point(text);
  constexpr std::string_view kNames = "0abefnrtv";
  constexpr std::string_view kMeanings("\0\a\b\x1B\f\n\r\t\v", 9);
  const auto known = kNames.find(escaped);
  const auto length = code_point_at(text_, offset_).length;
  text += known == std::string_view::npos ? text_.substr(offset_, length) : kMeanings.substr(known, 1);
  offset_ += length;
  return {};
}

// `u{1F511}
Result<void> Tokenizer::append_code_point(std::string& text) {
  constexpr std::size_t kMostDigits = 6;
  std::size_t end = offset_ + 2;
  char32_t value = 0;
  for (; end < text_.size() &&
         std::string_view("0123456789abcdefABCDEF").find(text_[end]) != std::string_view::npos;
       ++end) {
    const char digit = text_[end];
    value = (value << 4 | static_cast<char32_t>(is_digit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10)) &
            0xFFFFFFF;
  }
  const std::size_t digits = end - offset_ - 2;
  const bool character = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
  if (digits == 0 || digits > kMostDigits || !character || !is_at(end, '}')) {
    return fail_at(text_, offset_ - 1, "Expression.Invalid", "this is no character",
                   "write `u{…} with the hexadecimal number of a character inside");
  }
  append_utf8(text, value);
  offset_ = end + 1;
  return {};
}

}  // namespace accord::expression
