// --where: PowerShell's comparison expressions over the properties of a record (spec/commands.md 2), such as
//
//   Enabled -eq $true -and (Identity -like 'Ex*' -or NotAfter -lt '+30d')
//
// Precedence, the conversion of the right side to the type of the left and the filtering of lists are those
// of PowerShell, and $_.Enabled is another way to write Enabled. What differs is stricter: a date or Boolean
// that cannot be read is an error, not $false, and a text literal on the left takes the type of the property.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/record.h"
#include "lib/core/time.h"

namespace accord {

inline constexpr std::size_t kLongestWhere = 16384;
inline constexpr int kDeepestWhere = 64;

// Whether `name`, without its dash, is one of the operators: eq, ceq, like, and, not …
[[nodiscard]] bool is_where_operator(std::string_view name);

class Where {
 public:
  // `now` is what '+30d' and 'now' are relative to. Fails with Expression.Invalid, and with Property.Unknown
  // for a name that the type does not have; the target is the whole text, the column where it went wrong.
  static Result<Where> parse(std::string_view text, const RecordType& type, Instant now);

  // Of the type that was given to parse(); a property that the record lacks is null. Fails with
  // Expression.Invalid and the column of the operand where values cannot be compared, or a pattern takes too
  // long.
  [[nodiscard]] Result<bool> matches(const Record& record) const;

 private:
  struct Expression;
  explicit Where(std::shared_ptr<const Expression> expression) : expression_(std::move(expression)) {}

  std::shared_ptr<const Expression> expression_;
};

}  // namespace accord
