// What a --where expression is made of, and how it is read. For where.cc alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/core/pattern.h"
#include "lib/core/record.h"
#include "lib/core/where_tokens.h"

namespace accord::expression {

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

// Any whole number that fits. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::int64_t> read_integer(std::string_view text);

// Precedence as PowerShell has it, limits and errors as where.h says.
[[nodiscard]] Result<Node> parse(std::string_view text, const RecordType& type);

}  // namespace accord::expression
