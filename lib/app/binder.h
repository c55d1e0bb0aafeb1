// A command line becomes typed options: PowerShell and POSIX spellings, prefixes, positions, parameter sets
// (spec/commands.md 1). The only file that sees CLI11 is binder.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/common.h"
#include "lib/app/verb.h"

namespace accord {

struct BoundCall {
  std::shared_ptr<void> options;  // what verb.make_options made
  CommonOptions common;
  std::string_view set;  // the parameter set that the call is of; empty where the verb has none
  std::vector<std::string_view> given;  // names of the parameters that were given
  std::vector<std::string> warnings;    // e.g. that a parameter is ignored
};

// Fails with Parameter.*; help and version are honoured before anything else is judged.
[[nodiscard]] Result<BoundCall> bind(const Verb& verb, const std::vector<std::string>& arguments,
                                     Instant now);

// The form that the arguments ask for, as far as that can be told when they cannot be bound: how to print the
// error.
[[nodiscard]] std::optional<Format> requested_format(const Verb& verb,
                                                     const std::vector<std::string>& arguments);

// The same for --error-action silently-continue.
[[nodiscard]] bool requested_silence(const std::vector<std::string>& arguments);

}  // namespace accord
