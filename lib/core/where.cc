#include "lib/core/where.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/core/parse.h"
#include "lib/core/pattern.h"
#include "lib/core/where_syntax.h"

namespace accord {
namespace expression {
namespace {

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
    // Not moved out of the result: g++ 12 warns falsely of the variant then.
    const auto operand = value_of(child);
    if (!operand) return operand;
    if (operand->list() != nullptr) {
      if (node.children.size() == 1) return operand;  // @(Hosts) is Hosts
      return fail_for(operand->begin, "a list cannot be within a list");
    }
    list.push_back(*operand);
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
}  // namespace expression

bool is_where_operator(std::string_view name) {
  return expression::known_operator(name).has_value();
}

struct Where::Expression {
  std::string text;
  Instant now;
  expression::Node root;
};

Result<Where> Where::parse(std::string_view text, const RecordType& type, Instant now) {
  TRY_ASSIGN(auto root, expression::parse(text, type));
  return Where(std::make_shared<const Expression>(Expression{std::string(text), now, std::move(root)}));
}

Result<bool> Where::matches(const Record& record) const {
  const expression::Evaluation evaluation(expression_->text, expression_->now, record);
  TRY_ASSIGN(const auto result, evaluation.value_of(expression_->root));
  return expression::truth_of(result);
}

}  // namespace accord
