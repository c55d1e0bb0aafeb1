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

// What one record of a pipeline gives to the call that it stands for.
struct RecordValues {
  struct Given {
    std::string_view parameter;
    std::vector<std::string> values = {};
  };
  std::vector<Given> given = {};
};

struct BoundCall {
  std::shared_ptr<void> options;  // what verb.make_options made
  CommonOptions common;
  std::string_view set;  // the parameter set that the call is of; empty where the verb has none
  std::vector<std::string_view> given;  // names of the parameters that were given
  bool takes_records = false;  // "-" stands where the identity would: bind_call() again for each record
};

// Fails with Parameter.*; help and version are honoured before anything else is judged. `record`: what "-" in
// the identity's place stands for; without one the call is judged as far as it can be, and its options lack
// that.
[[nodiscard]] Result<BoundCall> bind_call(const Verb& verb, const std::vector<std::string>& arguments,
                                          Instant now, const RecordValues* record = nullptr);

// What the arguments ask for, as far as that can be told when they cannot be bound: how to print the error.
struct Requested {
  std::optional<Format> format = {};
  bool silence = false;  // --error-action silently-continue
  bool goes_on = false;  // that, or continue
  std::optional<std::string> store = {};
  bool nagios = false;  // of a verb that has --nagios: end as monitoring plugins do
};
[[nodiscard]] Requested requested(const Verb& verb, const std::vector<std::string>& arguments);

}  // namespace accord
