// What a test verb finds (spec/diagnostics.md): a row of its tables, with what was seen and what to do.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/parse.h"
#include "lib/core/record.h"

namespace accord {

enum class Severity { information, warning, error };
template <>
struct EnumNames<Severity> {
  static constexpr std::array<std::pair<Severity, std::string_view>, 3> table = {
      {{Severity::information, "Information"}, {Severity::warning, "Warning"}, {Severity::error, "Error"}}};
};

struct Finding {
  std::string id = {};  // "CERT-EXPIRY", stable
  Severity severity = Severity::information;
  std::string target = {};
  std::string detection = {};  // what was seen
  std::string action = {};     // what to do
};

[[nodiscard]] Record to_record(const Finding& finding);

}  // namespace accord
