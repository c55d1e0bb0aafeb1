#include "lib/app/common.h"

#include <algorithm>

namespace accord {
namespace {

constexpr std::string_view kNoReplica =
    "local replicas are not in this version; leave it out to read the store itself";

Parameter refused(std::string_view name, std::string_view why) {
  return own(refused_parameter(name, why));
}

std::vector<Parameter> every_common_parameter() {
  using O = CommonOptions;
  return {
      parameter("WhatIf", &O::what_if,
                {.help = "Say what would be done, and change nothing.", .aliases = {"wi"}}),
      parameter("Confirm", &O::confirm,
                {.help = "Ask before each change; --confirm=false answers Yes to what would be asked.",
                 .aliases = {"cf"}}),
      parameter("Force", &O::force,
                {.help = "Answer Yes, and override the refusals whose message names --force."}),
      parameter("Verbose", &O::verbose, {.help = "Say more on standard error.", .aliases = {"vb"}}),
      own(parameter("Quiet", &O::quiet, {.help = "No warnings."})),
      parameter("ErrorAction", &O::error_action,
                {.help = "silently-continue prints no error; the exit code stays.",
                 .type = "ActionPreference",
                 .default_text = "stop",
                 .aliases = {"ea"}}),
      own(parameter("Output", &O::output,
                    {.help = "The form of what is printed.", .type = "Form", .aliases = {"Format"}})),
      own(parameter("Property", &O::property, {.help = "These properties only, in this order."})),
      own(parameter("Where", &O::where,
                    {.help = "Only the records for which this comparison is true.", .type = "Expression"})),
      own(parameter("Sort", &O::sort,
                    {.help = "In the order of these properties; 'DaysLeft desc' for the reverse."})),
      own(parameter("First", &O::first, {.help = "No more than so many records."})),
      own(parameter("Store", &O::store,
                    {.help = "The store to use.", .type = "Path", .default_text = "$ACCORD_STORE"})),
      own(parameter("NoColor", &O::no_color, {.help = "No colours."})),
      own(parameter("Help", &O::help, {.help = "This text."})),
      own(parameter("Version", &O::version, {.help = "The version of Accord."})),
      refused("WarningAction", "warnings always go to standard error; use --quiet to have none"),
      refused("ErrorVariable", "a process has no PowerShell variables; redirect standard error instead"),
      refused("OutVariable", "a process has no PowerShell variables; redirect standard output instead"),
      refused("Debug", "there is no debug stream; use --verbose"),
  };
}

}  // namespace

bool asks_for_records(const CommonOptions& common) {
  return common.output || !common.property.empty() || common.where || !common.sort.empty() || common.first;
}

std::vector<Parameter> common_parameters(const Verb& verb) {
  auto made = every_common_parameter();
  // The original's get cmdlets have it, and so its prefixes.
  made.push_back(refused_parameter("LocalStore", kNoReplica));
  if (!verb.original.starts_with("Get-")) made.back() = own(std::move(made.back()));
  for (auto& one : made) {
    const bool is_taken =
        std::ranges::find(verb.parameters, one.name, &Parameter::name) != verb.parameters.end();
    if (!is_taken || one.details.aliases.empty()) continue;
    one.name = one.details.aliases.front();
    one.details.aliases.clear();
  }
  return made;
}

}  // namespace accord
