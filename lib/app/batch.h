// Many verbs in one process, one a line (spec/commands.md 3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/app/environment.h"

namespace accord {

struct BatchLine {
  std::size_t number = 0;  // where it begins, from 1
  std::vector<std::string> words = {};
  std::string shell_operator = {};  // the first of | & ; < > ( ) outside quotes; empty: none
};

// Words as a shell quotes them: '…', "…" with \" and \\, \ before one character, # comments; a \ at the end
// of a line goes on in the next. $, ~ and * are not special. Lines without a word are left out. Fails with
// Batch.Invalid, whose `line` says where.
[[nodiscard]] Result<std::vector<BatchLine>> read_batch(std::string_view text);

// Each line is a change of its own, or all of them are one.
enum class Atomic { no, yes };

// Reads the lines, runs them in order and reports each error with `file` and the line. Atomic: one
// transaction, nothing runs before every line is understood, and what they print is printed after it. The
// exit code is the first that is not success; it stops there unless --error-action continue was given, to the
// batch or on that line, and an atomic batch then changes nothing.
[[nodiscard]] Result<ExitCode> run_batch(Environment& env, const std::string& file, std::string_view text,
                                         Atomic atomic);

}  // namespace accord
