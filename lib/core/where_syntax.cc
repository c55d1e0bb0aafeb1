#include "lib/core/where_syntax.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include "lib/core/parse.h"
#include "lib/core/where.h"

namespace accord::expression {
namespace {

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
  // What is left of $_.Name when a shell has put its own $_ there.
  if (name.find_first_of("./") != std::string_view::npos) {
    return fail_at(text_, begin, "Property.Unknown",
                   std::string(type_.name) + " has no property " + quoted(name), std::string(kShellAdvice));
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

// PowerShell's ways to say when.
bool is_moment(std::string_view word) {
  return equals_ignoring_case(word, "now") || equals_ignoring_case(word, "Get-Date") ||
         starts_with_ignoring_case(word, "[datetime");
}

Result<Node> Parser::parse_word() {
  const auto word = source(token_);
  auto found = property(word, token_.begin, token_.end);
  if (!found && is_constant(word)) {
    return fail_here(quoted(word) + " is not a property", "write '$" + to_lower(word) + "'");
  }
  if (!found && is_moment(word)) {
    return fail_here(quoted(word) + " is not evaluated here",
                     "a point in time is written in quotes: 'now', '+60d', '-3d', '2026-12-01'");
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
                     name.empty()
                         ? std::string(kShellAdvice)
                         : "there are $true, $false, $null and $_; a variable of the shell stands outside of "
                           "the single quotes: 'Identity -eq \"'\"$x\"'\"'");
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

tl::unexpected<Error> Parser::unknown_operator(std::string_view name) const {
  constexpr std::size_t kFewEdits = 2;
  const auto names = operator_names();
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
      return fail_here(
          "a value is expected here, not " + quoted(found),
          operator_here() ? std::string(kShellAdvice) : "text is written in quotes: " + quoted(found));
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

}  // namespace

Result<std::int64_t> read_integer(std::string_view text) {
  return parse_integer(text, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max());
}

Result<Node> parse(std::string_view text, const RecordType& type) {
  return Parser(text, type).parse();
}

}  // namespace accord::expression
