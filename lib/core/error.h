// How a function says that it failed, and what that means to whoever called the program.
//
// A function that can fail returns Result<T>; `fail()` makes the failing one. The id names what happened and
// is stable for ever; its kind, and so the exit code, follows from the table in error_ids.inc. A trust
// decision is not an error: a token that fails verification is a report (lib/token/verify.h).
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace accord {

// Exit codes of every verb (spec/commands.md 2). The numbers are the contract with scripts.
enum class ExitCode : int {
  success = 0,
  failure = 1,
  usage = 2,
  not_found = 3,
  conflict = 4,
  negative = 5,
  warning = 6,
  store = 7,
  unreachable = 8,
  unanswered = 9,
  interrupted = 130,
  terminated = 143,
};

struct ExitCodeMeaning {
  ExitCode code = ExitCode::success;
  std::string_view category;  // PowerShell's ErrorCategory of an error that ends so; empty where none does
  std::string_view meaning;
};

// The one table that help, man pages and tests read, in ascending order of the code.
[[nodiscard]] std::span<const ExitCodeMeaning> exit_codes();
[[nodiscard]] std::string_view category_of(ExitCode code);

struct ErrorIdEntry {
  std::string_view id;
  ExitCode exit_code = ExitCode::failure;
};

#include "lib/core/error_ids.inc"

// An id of the table; anything else does not compile, so no error exists that `accord help` cannot list.
class ErrorId {
 public:
  consteval ErrorId(const char* id)
      : entry_(look_up(id)) {}  // NOLINT(google-explicit-constructor): literals are ids
  [[nodiscard]] constexpr std::string_view text() const { return entry_->id; }
  [[nodiscard]] constexpr ExitCode exit_code() const { return entry_->exit_code; }
  friend bool operator==(ErrorId a, ErrorId b) { return a.entry_ == b.entry_; }

 private:
  static consteval const ErrorIdEntry* look_up(std::string_view id) {
    for (const auto& entry : kErrorIds) {
      if (entry.id == id) return &entry;
    }
    throw "this error id is not in lib/core/error_ids.inc";
  }
  const ErrorIdEntry* entry_;
};

struct Error {
  ErrorId id;
  std::string message;      // one sentence, lower case, no full stop; names the object in quotes
  std::string target = {};  // the object that it is about; may be empty
  std::string advice = {};  // the way out ("Try"); may be empty
  // Where in the target, which is then the text of an expression, in code points from 1; 0: nowhere in
  // particular.
  std::size_t column = 0;
  // The line of the input that it is about, from 1; 0: none.
  std::size_t line = 0;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] tl::unexpected<Error> fail(ErrorId id, std::string message, std::string target = {},
                                         std::string advice = {});

// The same, about `target` where an error names none: what was read from a file is about that file.
template <class T>
[[nodiscard]] Result<T> about(const std::string& target, Result<T> result) {
  if (!result && result.error().target.empty()) result.error().target = target;
  return result;
}

}  // namespace accord

#define ACCORD_CONCAT_(a, b) a##b
#define ACCORD_CONCAT(a, b) ACCORD_CONCAT_(a, b)

// Passes the error of `expression` on; otherwise goes on.
#define TRY(expression)                                                                                    \
  do {                                                                                                     \
    if (auto try_result = (expression); !try_result) return tl::unexpected(std::move(try_result).error()); \
  } while (false)

// Passes the error of `expression` on; otherwise `target` (a declaration or an lvalue) gets its value.
#define TRY_ASSIGN(target, ...) ACCORD_TRY_ASSIGN(ACCORD_CONCAT(try_result_, __LINE__), target, __VA_ARGS__)
#define ACCORD_TRY_ASSIGN(result, target, ...)                     \
  auto result = (__VA_ARGS__);                                     \
  if (!(result)) return tl::unexpected(std::move(result).error()); \
  target = *std::move(result)
