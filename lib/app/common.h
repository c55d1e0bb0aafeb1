// The parameters that every verb has (spec/commands.md 1, "common parameters").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/verb.h"
#include "lib/core/writer.h"

namespace accord {

enum class ErrorAction { stop, continue_, silently_continue };

template <>
struct EnumNames<ErrorAction> {
  static constexpr std::array<std::pair<ErrorAction, std::string_view>, 4> table = {
      {{ErrorAction::stop, "stop"},
       {ErrorAction::continue_, "continue"},
       {ErrorAction::silently_continue, "silently-continue"},
       {ErrorAction::silently_continue, "SilentlyContinue"}}};
};

struct CommonOptions {
  bool what_if = false;
  Toggle confirm = {};
  bool force = false;
  bool verbose = false;
  bool quiet = false;
  std::optional<ErrorAction> error_action = {};
  std::optional<Format> output = {};
  std::vector<std::string> property = {};
  std::optional<std::string> where = {};
  std::vector<std::string> sort = {};
  std::optional<std::int64_t> first = {};
  std::optional<std::string> store = {};
  bool no_color = false;
  bool help = false;
  bool version = false;
};

// Whether records are asked for, where a verb would otherwise print text.
[[nodiscard]] bool asks_for_records(const CommonOptions& common);

// Those of `verb`. One whose name is taken there goes by its alias: -Output of request-certificate is the
// original's, and the common one is -Format.
[[nodiscard]] std::vector<Parameter> common_parameters(const Verb& verb);

}  // namespace accord
