// How an error is told: a line, what it is about and the way out, or one JSON object (spec/commands.md 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/app/console.h"
#include "lib/app/location.h"
#include "lib/core/error.h"
#include "lib/core/writer.h"

namespace accord {

struct ReportStyle {
  std::optional<Format> format = {};  // json and jsonl: the error is an object
  bool silent = false;
  std::string store = {};      // where the object was looked for; empty: not told
  std::string_view file = {};  // the batch that the call is a line of; then the error's `line` is the batch's
};

// Prints it, unless silent, without any token that it quotes; its exit code.
[[nodiscard]] ExitCode report(Console& console, std::string_view verb, Error error, const ReportStyle& style);

// The store that an error is to be told with: of an object that is not there, and of a store that cannot be
// used.
[[nodiscard]] std::string store_of(const Error& error, const std::optional<std::string>& named,
                                   const Settings& settings);

}  // namespace accord
