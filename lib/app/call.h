// One call of a verb that has been bound: it runs, asks, runs again, and is committed or undone.
#pragma once

#include <string>
#include <vector>

#include "lib/app/binder.h"
#include "lib/app/environment.h"

namespace accord {

// What was typed, and what it was understood as.
struct Call {
  const Verb* verb = nullptr;
  std::vector<std::string> arguments = {};
  BoundCall bound = {};
};

struct Performed {
  ExitCode code = ExitCode::success;
  std::string output = {};  // to be printed
  bool is_stored = false;   // a change was committed
};

// Runs it once. Where a question has to be asked it fails with Answer.No, and the context's answers have it
// pending.
[[nodiscard]] Result<Performed> perform(const Call& call, const CallContext& context);

// Runs it, and again after each question that was asked, and prints what came out.
[[nodiscard]] Result<ExitCode> perform_and_print(const Call& call, const CallContext& context);

}  // namespace accord
