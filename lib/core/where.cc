#include "lib/core/where.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/core/parse.h"
#include "lib/core/pattern.h"

namespace accord {
namespace {

// Operators
// ---------------------------------------------------------------------------------------------------

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

bool is_comparison(Operator op) {
  return op < Operator::both;
}

bool takes_pattern(Operator op) {
  return op >= Operator::like && op <= Operator::not_match;
}

bool is_ordering(Operator op) {
  return op >= Operator::less && op <= Operator::greater_or_equal;
}

struct KnownOperator {
  Operator op = Operator::equal;
  Case letters = Case::ignored;
};

std::optional<Operator> find_operator(std::string_view name) {
  for (const auto& [candidate, op] : kOperators) {
    if (equals_ignoring_case(name, candidate)) return op;
  }
  return std::nullopt;
}

// `name` without its dash. Comparisons have two more names each: -ceq respects case, -ieq ignores it as -eq
// does.
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

// Errors
// ------------------------------------------------------------------------------------------------------

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  if (text.size() <= kShown) return "'" + escape_for_terminal(text) + "'";
  std::size_t end = 0;
  while (end < kShown) end += code_point_at(text, end).length;
  return "'" + escape_for_terminal(text.substr(0, end)) + "…'";
}

tl::unexpected<Error> fail_at(std::string_view text, std::size_t offset, ErrorId id, std::string message,
                              std::string advice = {}) {
  auto failure = fail(id, std::move(message), std::string(text), std::move(advice));
  std::size_t column = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++column) i += code_point_at(text, i).length;
  failure.value().column = column;
  return failure;
}

// What an expression is made of
// -------------------------------------------------------------------------------

enum class NodeKind { literal, property, list, negation, comparison, logic };

using Literal = std::variant<std::monostate, bool, std::int64_t, std::string>;
// An operator between two children of a node.
struct Step {
  Operator op = Operator::equal;
  Case letters = Case::ignored;
  std::size_t begin = 0;
  std::size_t end = 0;
  // Compiled beforehand where the right side is a literal: one of the two.
  std::shared_ptr<const Wildcard> wildcard = {};
  std::shared_ptr<const Regex> regex = {};
};

struct Node {
  NodeKind kind = NodeKind::literal;
  std::size_t begin = 0;  // where it stands in the text
  std::size_t end = 0;
  Literal literal = {};  // for a property its name
  std::vector<Node> children = {};
  std::vector<Step> steps = {};  // steps[i] stands between children[i] and children[i + 1]
};

// Tokens
// ------------------------------------------------------------------------------------------------------

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

// Word processors turn quotes and dashes into these; PowerShell takes them for the plain ones, and so do we.
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

// Parsing
// -----------------------------------------------------------------------------------------------------

constexpr std::string_view kShellAdvice =
    "put the whole expression in single quotes, so that the shell leaves its $ alone: 'Enabled -eq $true'";

std::string join(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

class Parser {
 public:
  Parser(std::string_view text, const RecordType& type) : text_(text), type_(type), tokenizer_(text) {}

  Result<Node> parse();

 private:
  Result<Node> parse_logic();
  Result<Node> parse_comparison();
  Result<Node> parse_list();
  Result<Node> parse_unary();
  Result<Node> parse_primary();
  Result<Node> parse_enclosed();
  Result<Node> parse_array();
  Result<Node> parse_word();
  Result<Node> parse_variable();
  Result<Node> parse_number();
  Result<Node> parse_text();
  Result<Node> property(std::string_view name, std::size_t begin, std::size_t end);

  Result<void> prepare(Step& step, Node& right) const;
  template <class Compiled>
  Result<void> prepare(std::shared_ptr<const Compiled>& ready, const Node& right,
                       Result<Compiled> compiled) const;

  Result<void> advance();
  Result<void> descend();
  [[nodiscard]] std::optional<KnownOperator> operator_here() const;
  [[nodiscard]] std::string_view source(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  // For a message: quoted text as it is, everything else in quotes.
  [[nodiscard]] std::string shown_here() const;
  [[nodiscard]] std::string_view name_of(const Token& dashed) const;
  [[nodiscard]] tl::unexpected<Error> fail_here(std::string message, std::string advice = {}) const {
    return fail_at(text_, token_.begin, "Expression.Invalid", std::move(message), std::move(advice));
  }
  [[nodiscard]] tl::unexpected<Error> no_value() const;
  [[nodiscard]] tl::unexpected<Error> no_operator() const;
  [[nodiscard]] tl::unexpected<Error> unknown_operator(std::string_view name) const;
  [[nodiscard]] tl::unexpected<Error> missing(char closing, std::size_t opening) const;

  std::string_view text_;
  const RecordType& type_;
  Tokenizer tokenizer_;
  Token token_;  // the one that comes next
  int depth_ = 0;
  bool on_the_right_ = false;  // of a comparison, where a bare word is text that lacks its quotes
};

Result<void> Parser::advance() {
  TRY_ASSIGN(token_, tokenizer_.next());
  return {};
}

Result<void> Parser::descend() {
  if (++depth_ <= kDeepestWhere) return {};
  return fail_here("the expression is nested more than " + std::to_string(kDeepestWhere) + " deep");
}

std::string_view Parser::name_of(const Token& dashed) const {
  return text_.substr(dashed.begin + code_point_at(text_, dashed.begin).length,
                      dashed.end - dashed.begin - code_point_at(text_, dashed.begin).length);
}

std::optional<KnownOperator> Parser::operator_here() const {
  if (token_.kind != TokenKind::dashed) return std::nullopt;
  return known_operator(name_of(token_));
}

Result<Node> Parser::parse() {
  if (text_.size() > kLongestWhere) {
    return fail_at(text_, kLongestWhere, "Expression.Invalid",
                   "the expression is longer than " + std::to_string(kLongestWhere) + " bytes");
  }
  TRY(advance());
  const bool block = token_.kind == TokenKind::open_brace;  // as Where-Object has it
  const std::size_t opening = token_.begin;
  if (block) TRY(advance());
  if (token_.kind == TokenKind::end && !block) {
    return fail_here("the expression is empty", "write a comparison like 'Enabled -eq $true'");
  }
  TRY_ASSIGN(auto root, parse_logic());
  if (block) {
    if (token_.kind == TokenKind::end) return missing('}', opening);
    if (token_.kind != TokenKind::close_brace) return no_operator();
    TRY(advance());
    if (token_.kind != TokenKind::end) return fail_here("nothing may follow the '}'");
  }
  if (token_.kind != TokenKind::end) return no_operator();
  return root;
}

// One level for all three, from left to right: $true -or $false -and $false is $false.
Result<Node> Parser::parse_logic() {
  TRY_ASSIGN(auto first, parse_comparison());
  Node node{.kind = NodeKind::logic, .begin = first.begin};
  node.children.push_back(std::move(first));
  for (;;) {
    const auto known = operator_here();
    if (!known || is_comparison(known->op) || known->op == Operator::negation) break;
    node.steps.push_back({.op = known->op, .begin = token_.begin, .end = token_.end});
    TRY(advance());
    TRY_ASSIGN(auto next, parse_comparison());
    node.children.push_back(std::move(next));
  }
  if (node.steps.empty()) return std::move(node.children.front());
  node.end = node.children.back().end;
  return node;
}

Result<Node> Parser::parse_comparison() {
  TRY_ASSIGN(auto first, parse_list());
  Node node{.kind = NodeKind::comparison, .begin = first.begin};
  node.children.push_back(std::move(first));
  for (;;) {
    const auto known = operator_here();
    if (!known || !is_comparison(known->op)) break;
    Step step{.op = known->op, .letters = known->letters, .begin = token_.begin, .end = token_.end};
    TRY(advance());
    const bool outer = std::exchange(on_the_right_, true);
    TRY_ASSIGN(auto right, parse_list());
    on_the_right_ = outer;
    TRY(prepare(step, right));
    node.steps.push_back(std::move(step));
    node.children.push_back(std::move(right));
  }
  if (node.steps.empty()) return std::move(node.children.front());
  node.end = node.children.back().end;
  return node;
}

Result<Node> Parser::parse_list() {
  TRY_ASSIGN(auto first, parse_unary());
  if (token_.kind != TokenKind::comma) return first;
  Node list{.kind = NodeKind::list, .begin = first.begin};
  list.children.push_back(std::move(first));
  while (token_.kind == TokenKind::comma) {
    TRY(advance());
    TRY_ASSIGN(auto next, parse_unary());
    list.children.push_back(std::move(next));
  }
  for (const auto& child : list.children) {
    if (child.kind == NodeKind::list) {
      return fail_at(text_, child.begin, "Expression.Invalid", "a list cannot be within a list");
    }
  }
  list.end = list.children.back().end;
  return list;
}

// Binds more tightly than a comma, as PowerShell's parser has it (its documentation says otherwise).
Result<Node> Parser::parse_unary() {
  const auto known = operator_here();
  if (token_.kind != TokenKind::negation && !(known && known->op == Operator::negation))
    return parse_primary();
  const std::size_t begin = token_.begin;
  TRY(descend());
  TRY(advance());
  TRY_ASSIGN(auto operand, parse_unary());
  --depth_;
  Node node{.kind = NodeKind::negation, .begin = begin, .end = operand.end};
  node.children.push_back(std::move(operand));
  return node;
}

Result<Node> Parser::parse_primary() {
  switch (token_.kind) {
    case TokenKind::open:
      return parse_enclosed();
    case TokenKind::open_list:
      return parse_array();
    case TokenKind::word:
      return parse_word();
    case TokenKind::variable:
      return parse_variable();
    case TokenKind::number:
      return parse_number();
    case TokenKind::text:
      return parse_text();
    default:
      return no_value();
  }
}

Result<Node> Parser::parse_enclosed() {
  const std::size_t opening = token_.begin;
  TRY(descend());
  TRY(advance());
  TRY_ASSIGN(auto inner, parse_logic());
  if (token_.kind == TokenKind::end) return missing(')', opening);
  if (token_.kind != TokenKind::close) return no_operator();
  inner.begin = opening;
  inner.end = token_.end;
  --depth_;
  TRY(advance());
  return inner;
}

// @(…): a list however many there are.
Result<Node> Parser::parse_array() {
  const std::size_t opening = token_.begin;
  Node list{.kind = NodeKind::list};
  TRY(descend());
  TRY(advance());
  if (token_.kind != TokenKind::close) {
    TRY_ASSIGN(auto inner, parse_logic());
    if (token_.kind == TokenKind::end) return missing(')', opening);
    if (token_.kind != TokenKind::close) return no_operator();
    if (inner.kind == NodeKind::list) {
      list = std::move(inner);
    } else {
      list.children.push_back(std::move(inner));
    }
  }
  list.begin = opening;
  list.end = token_.end;
  --depth_;
  TRY(advance());
  return list;
}

Result<Node> Parser::property(std::string_view name, std::size_t begin, std::size_t end) {
  for (const auto candidate : type_.properties) {
    if (!equals_ignoring_case(candidate, name)) continue;
    return Node{.kind = NodeKind::property, .begin = begin, .end = end, .literal = std::string(candidate)};
  }
  const auto near = nearest(name, type_.properties);
  return fail_at(
      text_, begin, "Property.Unknown", std::string(type_.name) + " has no property " + quoted(name),
      (near.empty() ? "" : "did you mean '" + near + "'? ") + "its properties are " + join(type_.properties));
}

bool is_constant(std::string_view word) {
  return equals_ignoring_case(word, "true") || equals_ignoring_case(word, "false") ||
         equals_ignoring_case(word, "null");
}

Result<Node> Parser::parse_word() {
  const auto word = source(token_);
  auto found = property(word, token_.begin, token_.end);
  if (!found && is_constant(word)) {
    return fail_here(quoted(word) + " is not a property", "write '$" + to_lower(word) + "'");
  }
  if (!found && on_the_right_) {
    return fail_here(quoted(word) + " is not a property; text is written in quotes: " + quoted(word));
  }
  if (found) TRY(advance());
  return found;
}

Result<Node> Parser::parse_variable() {
  const auto whole = source(token_);
  const auto dot = whole.find('.');
  const auto name = whole.substr(1, dot == std::string_view::npos ? dot : dot - 1);
  const bool record = name == "_" || equals_ignoring_case(name, "PSItem");
  if (!record && !is_constant(name)) {
    return fail_here("there is no variable " + quoted(whole.substr(0, dot)),
                     name.empty() ? std::string(kShellAdvice) : "there are $true, $false, $null and $_");
  }
  if (record && dot == std::string_view::npos) {
    return fail_here(quoted(whole) + " is a whole record", "write a property of it, like '$_.Identity'");
  }
  const auto member = record ? whole.substr(dot + 1) : std::string_view();
  const auto second = record ? member.find('.') : dot;
  if (second != std::string_view::npos) {
    const auto offset = record ? dot + 1 + second : dot;
    return fail_at(text_, token_.begin + offset, "Expression.Invalid",
                   quoted(whole.substr(0, offset)) + " has no properties of its own here",
                   "write the values themselves into comparisons");
  }
  Node node{.begin = token_.begin, .end = token_.end};
  if (record) {
    TRY_ASSIGN(node, property(member, token_.begin, token_.end));
  } else if (!equals_ignoring_case(name, "null")) {
    node.literal = equals_ignoring_case(name, "true");
  }
  TRY(advance());
  return node;
}

Result<std::int64_t> read_integer(std::string_view text) {
  return parse_integer(text, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max());
}

Result<Node> Parser::parse_number() {
  const auto word = source(token_);
  const auto sign = code_point_at(word, 0);
  std::string digits(word);
  if (word.front() == '+') digits.erase(0, 1);
  if (sign.value && plain(*sign.value) == '-') digits.replace(0, sign.length, "-");
  const auto number = read_integer(digits);
  if (!number) {
    return fail_here((word.front() == '+' ? read_integer(word) : number).error().message,
                     "text and dates are written in quotes: " + quoted(word));
  }
  Node node{.begin = token_.begin, .end = token_.end, .literal = *number};
  TRY(advance());
  return node;
}

Result<Node> Parser::parse_text() {
  Node node{.begin = token_.begin, .end = token_.end, .literal = std::move(token_.text)};
  TRY(advance());
  return node;
}

std::string text_of(const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&literal)) return std::to_string(*integer);
  if (const auto* boolean = std::get_if<bool>(&literal)) return *boolean ? "True" : "False";
  return {};
}

// What can be told of the right side before there is a record. A list of one is that one, unless it is
// searched.
Result<void> Parser::prepare(Step& step, Node& right) const {
  if (right.kind == NodeKind::list && step.op != Operator::in && step.op != Operator::not_in) {
    if (right.children.size() != 1) {
      const auto op = quoted(text_.substr(step.begin, step.end - step.begin));
      return fail_at(text_, right.begin, "Expression.Invalid",
                     op + " takes one value on its right, not a list",
                     "use -in to look for a value in a list");
    }
    right = Node(std::move(right.children.front()));
  }
  if (!takes_pattern(step.op) || right.kind != NodeKind::literal) return {};
  if (step.op == Operator::like || step.op == Operator::not_like) {
    return prepare(step.wildcard, right, Wildcard::parse(text_of(right.literal), step.letters));
  }
  return prepare(step.regex, right, Regex::compile(text_of(right.literal), step.letters));
}

template <class Compiled>
Result<void> Parser::prepare(std::shared_ptr<const Compiled>& ready, const Node& right,
                             Result<Compiled> compiled) const {
  if (compiled) {
    ready = std::make_shared<const Compiled>(*std::move(compiled));
    return {};
  }
  auto& error = compiled.error();
  auto failure = fail_at(text_, right.begin, error.id, error.message, error.advice);
  // Into the quotes, where every character between them stands for itself.
  const auto pattern = text_of(right.literal);
  if (right.end - right.begin == pattern.size() + 2) failure.value().column += error.column;
  return failure;
}

// What went wrong
// -----------------------------------------------------------------------------------------------

tl::unexpected<Error> Parser::missing(char closing, std::size_t opening) const {
  const auto at = fail_at(text_, opening, "Expression.Invalid", "").value().column;
  return fail_here(std::string("'") + closing + "' is missing",
                   "it belongs to what is opened at column " + std::to_string(at));
}

std::string_view equivalent_of(std::string_view foreign) {
  for (const auto& [theirs, ours] : kForeignOperators) {
    if (theirs == foreign) return ours;
  }
  return {};
}

tl::unexpected<Error> Parser::unknown_operator(std::string_view name) const {
  constexpr std::size_t kFewEdits = 2;
  std::vector<std::string> names;
  for (const auto& [known, op] : kOperators) {
    for (const auto* prefix : {"", "c", "i"}) {
      if (*prefix == '\0' || is_comparison(op)) names.push_back(prefix + std::string(known));
    }
  }
  const auto near = nearest(name, names);
  const auto far = near.empty() || edit_distance(to_lower(name), near) > kFewEdits;
  return fail_here(quoted("-" + std::string(name)) + " is no operator",
                   far ? "use -eq -ne -lt -le -gt -ge -like -match -in -contains, -and -or -xor -not"
                       : "did you mean '-" + near + "'?");
}

std::string Parser::shown_here() const {
  const auto shown = quoted(source(token_));
  return token_.kind == TokenKind::text ? shown.substr(1, shown.size() - 2) : shown;
}

// Where a value should be.
tl::unexpected<Error> Parser::no_value() const {
  const auto found = source(token_);
  switch (token_.kind) {
    case TokenKind::end:
      return fail_here("the expression ends where a value is expected", std::string(kShellAdvice));
    case TokenKind::dashed:
      if (!operator_here() && !on_the_right_) return unknown_operator(name_of(token_));
      return fail_here("a value is expected here, not " + quoted(found),
                       operator_here() ? "" : "text is written in quotes: " + quoted(found));
    case TokenKind::open_brace:
      return fail_here("'{' is only understood around the whole expression", "use '(' and ')' within");
    default:
      return fail_here("a value is expected here, not " + quoted(found));
  }
}

// Where an operator should be, or the end.
tl::unexpected<Error> Parser::no_operator() const {
  const auto found = source(token_);
  switch (token_.kind) {
    case TokenKind::close:
    case TokenKind::close_brace:
      return fail_here(quoted(found) + " closes nothing");
    case TokenKind::foreign: {
      const auto ours = equivalent_of(found);
      return fail_here(quoted(found) + " is no operator",
                       ours.empty() ? "" : "write '" + std::string(ours) + "'");
    }
    case TokenKind::word:
      if (known_operator(found))
        return fail_here(quoted(found) + " is no operator", "write '-" + to_lower(found) + "'");
      break;
    case TokenKind::dashed:
      if (!operator_here()) return unknown_operator(name_of(token_));
      break;
    default:
      break;
  }
  return fail_here("an operator is expected here, not " + shown_here(),
                   "compare with -eq, -like and their like; join comparisons with -and or -or");
}

// Values while a record is judged
// -----------------------------------------------------------------------------

struct Operand;
using Operands = std::vector<Operand>;
struct Records {
  std::size_t size = 0;
};

// Text is seen where it is: in the record, or in the expression.
struct Operand {
  std::variant<std::monostate, bool, std::int64_t, std::string_view, Instant, Operands, Records> value = {};
  std::size_t begin = 0;
  bool literal = false;   // a value alone that the expression says
  bool filtered = false;  // a list that a comparison left over

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  [[nodiscard]] const Operands* list() const { return std::get_if<Operands>(&value); }
  [[nodiscard]] const std::string_view* text() const { return std::get_if<std::string_view>(&value); }
  template <class T>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<T>(value);
  }
};

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// PowerShell's idea of true.
bool truth_of(const Operand& operand) {
  return std::visit(Overloaded{
                        [](std::monostate) { return false; },
                        [](bool boolean) { return boolean; },
                        [](std::int64_t integer) { return integer != 0; },
                        [](std::string_view text) { return !text.empty(); },
                        [](Instant) { return true; },
                        [&](const Operands& list) {
                          // An element that fits is an answer even where it is empty itself.
                          if (list.size() == 1 && !operand.filtered) return truth_of(list.front());
                          return !list.empty();
                        },
                        [](const Records& records) { return records.size > 0; },
                    },
                    operand.value);
}

std::string text_of(const Operand& operand) {
  return std::visit(Overloaded{
                        [](bool boolean) { return std::string(boolean ? "True" : "False"); },
                        [](std::int64_t integer) { return std::to_string(integer); },
                        [](std::string_view text) { return std::string(text); },
                        [](Instant at) { return format_instant(at); },
                        [](const auto&) { return std::string(); },
                    },
                    operand.value);
}

Operand operand_of(const Value& value, std::size_t begin) {
  Operand operand{.begin = begin};
  std::visit(Overloaded{
                 [&](const std::string& text) { operand.value = std::string_view(text); },
                 [&](const std::vector<std::string>& texts) {
                   Operands list;
                   for (const auto& text : texts) {
                     list.push_back({.value = std::string_view(text), .begin = begin});
                   }
                   operand.value = std::move(list);
                 },
                 [&](const std::vector<Record>& records) { operand.value = Records{records.size()}; },
                 [&](const auto& other) { operand.value = other; },
             },
             value);
  return operand;
}

// Null is less than everything, but equal to itself alone.
enum class Order { less, equal, greater, different };

template <class T>
Order order_of(const T& a, const T& b) {
  return a < b ? Order::less : b < a ? Order::greater : Order::equal;
}

Order mirrored(Order order) {
  return order == Order::less ? Order::greater : order == Order::greater ? Order::less : order;
}

// As in PowerShell, what differs in case only has the small letters first.
Order order_of_text(std::string_view a, std::string_view b, Case letters) {
  const auto order = order_of(to_lower(a), to_lower(b));
  return order == Order::equal && letters == Case::respected ? order_of(b, a) : order;
}

bool holds(Operator op, Order order) {
  switch (op) {
    case Operator::equal:
      return order == Order::equal;
    case Operator::not_equal:
      return order != Order::equal;
    case Operator::less:
      return order == Order::less;
    case Operator::less_or_equal:
      return order == Order::less || order == Order::equal;
    case Operator::greater:
      return order == Order::greater;
    default:
      return order == Order::greater || order == Order::equal;
  }
}

class Evaluation {
 public:
  Evaluation(std::string_view text, Instant now, const Record& record)
      : text_(text), now_(now), record_(record) {}

  [[nodiscard]] Result<Operand> value_of(const Node& node) const;

 private:
  [[nodiscard]] Result<Operand> value_of_list(const Node& node) const;
  [[nodiscard]] Result<Operand> value_of_logic(const Node& node) const;
  [[nodiscard]] Result<Operand> value_of_comparison(const Node& node) const;
  [[nodiscard]] Result<Operand> compare(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<Operand> look_in(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<Operand> look_for(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<Operand> compare_with_list(const Step& step, const Operand& left,
                                                  const Operand& right) const;
  [[nodiscard]] Result<bool> test(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<bool> test_pattern(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<bool> is_among(const Step& step, const Operand& list, const Operand& wanted) const;
  [[nodiscard]] Result<Order> order(const Step& step, const Operand& left, const Operand& right) const;
  [[nodiscard]] Result<Order> order_as_left(const Step& step, const Operand& left,
                                            const Operand& right) const;
  [[nodiscard]] Result<bool> to_boolean(const Operand& operand) const;
  [[nodiscard]] Result<Instant> to_instant(const Operand& operand) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> to_integer(const Step& step,
                                                               const Operand& operand) const;

  template <class Keep>
  [[nodiscard]] Result<Operand> filter(const Operand& list, Keep keep) const;
  [[nodiscard]] std::string name_of(const Step& step) const {
    return quoted(text_.substr(step.begin, step.end - step.begin));
  }
  [[nodiscard]] tl::unexpected<Error> fail_for(std::size_t offset, std::string message,
                                               std::string advice = {}) const {
    return fail_at(text_, offset, "Expression.Invalid", std::move(message), std::move(advice));
  }

  std::string_view text_;
  Instant now_;
  const Record& record_;
};

Operand operand_of(const Node& literal) {
  Operand operand{.begin = literal.begin, .literal = true};
  std::visit(Overloaded{
                 [&](const std::string& text) { operand.value = std::string_view(text); },
                 [&](const auto& other) { operand.value = other; },
             },
             literal.literal);
  return operand;
}

Result<Operand> Evaluation::value_of(const Node& node) const {
  switch (node.kind) {
    case NodeKind::literal:
      return operand_of(node);
    case NodeKind::property: {
      const Value* value = record_.find(std::get<std::string>(node.literal));
      return value != nullptr ? operand_of(*value, node.begin) : Operand{.begin = node.begin};
    }
    case NodeKind::negation: {
      TRY_ASSIGN(const auto operand, value_of(node.children.front()));
      return Operand{.value = !truth_of(operand), .begin = node.begin};
    }
    case NodeKind::list:
      return value_of_list(node);
    case NodeKind::comparison:
      return value_of_comparison(node);
    case NodeKind::logic:
      break;
  }
  return value_of_logic(node);
}

Result<Operand> Evaluation::value_of_list(const Node& node) const {
  Operands list;
  for (const auto& child : node.children) {
    TRY_ASSIGN(auto operand, value_of(child));
    if (operand.list() != nullptr) {
      if (node.children.size() == 1) return operand;  // @(Hosts) is Hosts
      return fail_for(operand.begin, "a list cannot be within a list");
    }
    list.push_back(std::move(operand));
  }
  return Operand{.value = std::move(list), .begin = node.begin};
}

Result<Operand> Evaluation::value_of_logic(const Node& node) const {
  TRY_ASSIGN(const auto first, value_of(node.children.front()));
  bool result = truth_of(first);
  for (std::size_t i = 0; i < node.steps.size(); ++i) {
    const auto op = node.steps[i].op;
    if ((op == Operator::both && !result) || (op == Operator::either && result)) continue;
    TRY_ASSIGN(const auto next, value_of(node.children[i + 1]));
    result = op == Operator::exactly_one ? result != truth_of(next) : truth_of(next);
  }
  return Operand{.value = result, .begin = node.begin};
}

Result<Operand> Evaluation::value_of_comparison(const Node& node) const {
  TRY_ASSIGN(auto result, value_of(node.children.front()));
  for (std::size_t i = 0; i < node.steps.size(); ++i) {
    TRY_ASSIGN(const auto right, value_of(node.children[i + 1]));
    TRY_ASSIGN(result, compare(node.steps[i], result, right));
  }
  return result;
}

template <class Keep>
Result<Operand> Evaluation::filter(const Operand& list, Keep keep) const {
  Operands kept;
  for (const auto& element : *list.list()) {
    TRY_ASSIGN(const bool fits, keep(element));
    if (fits) kept.push_back(element);
  }
  return Operand{.value = std::move(kept), .begin = list.begin, .filtered = true};
}

Result<Operand> Evaluation::compare(const Step& step, const Operand& left, const Operand& right) const {
  for (const Operand* operand : {&left, &right}) {
    if (operand->is<Records>()) {
      return fail_for(operand->begin, "this is a list of records, which cannot be compared");
    }
  }
  if (step.op == Operator::in || step.op == Operator::not_in) return look_in(step, left, right);
  if (step.op == Operator::contains || step.op == Operator::not_contains) return look_for(step, left, right);
  if (right.list() != nullptr) return compare_with_list(step, left, right);
  const auto fits = [&](const Operand& element) { return test(step, element, right); };
  if (left.list() != nullptr) return filter(left, fits);
  TRY_ASSIGN(const bool result, fits(left));
  return Operand{.value = result, .begin = left.begin};
}

Result<Operand> Evaluation::look_in(const Step& step, const Operand& left, const Operand& right) const {
  if (left.list() != nullptr) {
    return fail_for(left.begin, name_of(step) + " takes one value on its left, not a list",
                    "use -contains to look for a value in a list on the left");
  }
  TRY_ASSIGN(const bool found, is_among(step, right, left));
  return Operand{.value = found == (step.op == Operator::in), .begin = left.begin};
}

Result<Operand> Evaluation::look_for(const Step& step, const Operand& left, const Operand& right) const {
  if (left.list() == nullptr && !left.is_null()) {
    return fail_for(left.begin, name_of(step) + " needs a list on its left",
                    "to look for a part of a text write -like '*part*'");
  }
  if (right.list() != nullptr) {
    return fail_for(right.begin, name_of(step) + " looks for one value, not for a list");
  }
  bool found = false;
  if (left.list() != nullptr) {
    TRY_ASSIGN(found, is_among(step, left, right));
  }
  return Operand{.value = found == (step.op == Operator::contains), .begin = left.begin};
}

// 'a.com' -eq Hosts: PowerShell would compare with the joined list, which cannot be meant.
Result<Operand> Evaluation::compare_with_list(const Step& step, const Operand& left,
                                              const Operand& right) const {
  if (left.list() != nullptr || takes_pattern(step.op)) {
    return fail_for(right.begin, name_of(step) + " takes one value on its right, not a list",
                    "use -contains or -in to look for a value in a list");
  }
  return filter(right, [&](const Operand& element) { return test(step, left, element); });
}

// The elements decide on the type, as if each stood on the left of -eq. A value alone is a list of one.
Result<bool> Evaluation::is_among(const Step& step, const Operand& list, const Operand& wanted) const {
  const std::span<const Operand> elements =
      list.list() != nullptr ? std::span(*list.list()) : std::span(&list, 1);
  for (const auto& element : elements) {
    TRY_ASSIGN(const auto found, order(step, element, wanted));
    if (found == Order::equal) return true;
  }
  return false;
}

Result<bool> Evaluation::test(const Step& step, const Operand& left, const Operand& right) const {
  if (takes_pattern(step.op)) return test_pattern(step, left, right);
  TRY_ASSIGN(const auto found, order(step, left, right));
  return holds(step.op, found);
}

Result<bool> Evaluation::test_pattern(const Step& step, const Operand& left, const Operand& right) const {
  const auto text = text_of(left);
  const bool positive = step.op == Operator::like || step.op == Operator::match;
  const auto pointing = [&](Error error) {
    return fail_at(text_, right.begin, error.id, std::move(error.message), std::move(error.advice));
  };
  if (step.op == Operator::like || step.op == Operator::not_like) {
    if (step.wildcard) return step.wildcard->matches(text) == positive;
    const auto wildcard = Wildcard::parse(text_of(right), step.letters);
    if (!wildcard) return pointing(wildcard.error());
    return wildcard->matches(text) == positive;
  }
  const auto* regex = step.regex.get();
  std::optional<Regex> compiled;
  if (regex == nullptr) {
    auto result = Regex::compile(text_of(right), step.letters);
    if (!result) return pointing(result.error());
    regex = &compiled.emplace(*std::move(result));
  }
  const auto found = regex->search(text);
  if (!found) return pointing(found.error());
  return *found == positive;
}

// The right side as the type of the left, but for text literals on the left, which take the type of the
// right.
Result<Order> Evaluation::order(const Step& step, const Operand& left, const Operand& right) const {
  if (left.is_null() || right.is_null()) return order_of(!left.is_null(), !right.is_null());
  const bool swapped = left.text() != nullptr && right.text() == nullptr &&
                       (right.is<Instant>() || (left.literal && !right.literal));
  if (!swapped) return order_as_left(step, left, right);
  TRY_ASSIGN(const auto found, order_as_left(step, right, left));
  return mirrored(found);
}

Result<Order> Evaluation::order_as_left(const Step& step, const Operand& left, const Operand& right) const {
  if (const auto* text = left.text()) {
    if (right.text() != nullptr) return order_of_text(*text, *right.text(), step.letters);
    return order_of_text(*text, text_of(right), step.letters);
  }
  if (const auto* boolean = std::get_if<bool>(&left.value)) {
    TRY_ASSIGN(const bool other, to_boolean(right));
    return order_of(*boolean, other);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&left.value)) {
    TRY_ASSIGN(const auto other, to_integer(step, right));
    return other ? order_of(*integer, *other) : Order::different;
  }
  TRY_ASSIGN(const auto other, to_instant(right));
  return order_of(std::get<Instant>(left.value), other);
}

Result<bool> Evaluation::to_boolean(const Operand& operand) const {
  if (operand.is<Instant>()) return fail_for(operand.begin, "a date cannot be compared with a Boolean");
  if (const auto* text = operand.text()) {
    const auto boolean = parse_boolean(*text);
    if (!boolean) {
      return fail_for(operand.begin, quoted(*text) + " is neither true nor false",
                      "write '$true' or '$false'");
    }
    return *boolean;
  }
  return truth_of(operand);
}

Result<Instant> Evaluation::to_instant(const Operand& operand) const {
  if (const auto* at = std::get_if<Instant>(&operand.value)) return *at;
  const auto* text = operand.text();
  if (text == nullptr) {
    return fail_for(operand.begin, "a date cannot be compared with " + quoted(text_of(operand)),
                    "write a date in quotes, like '2030-01-31' or '+30d'");
  }
  auto at = parse_instant(*text, now_);
  if (!at) return fail_for(operand.begin, at.error().message, at.error().advice);
  return *at;
}

// Nothing where it is text that is no number; that has no order.
Result<std::optional<std::int64_t>> Evaluation::to_integer(const Step& step, const Operand& operand) const {
  if (const auto* integer = std::get_if<std::int64_t>(&operand.value)) return *integer;
  if (const auto* boolean = std::get_if<bool>(&operand.value)) return *boolean ? 1 : 0;
  const auto* text = operand.text();
  if (text == nullptr) return fail_for(operand.begin, "a date cannot be compared with a number");
  const auto number = read_integer(trim(*text));
  if (number) return *number;
  if (is_ordering(step.op)) return fail_for(operand.begin, number.error().message);
  return std::nullopt;
}

}  // namespace

struct Where::Expression {
  std::string text;
  Instant now;
  Node root;
};

Result<Where> Where::parse(std::string_view text, const RecordType& type, Instant now) {
  TRY_ASSIGN(auto root, Parser(text, type).parse());
  return Where(std::make_shared<const Expression>(Expression{std::string(text), now, std::move(root)}));
}

Result<bool> Where::matches(const Record& record) const {
  const Evaluation evaluation(expression_->text, expression_->now, record);
  TRY_ASSIGN(const auto result, evaluation.value_of(expression_->root));
  return truth_of(result);
}

}  // namespace accord
