#include "lib/app/dispatch.h"

#include <fmt/format.h>

#include <vector>

#include "lib/app/exchange.h"
#include "lib/app/unsupported.h"
#include "lib/core/encoding.h"

namespace accord {

Result<Verb> declared_verb(std::string_view name) {
  if (auto verb = exchange_verb(name)) return *std::move(verb);
  if (const auto* found = find_verb(name)) return found->declare();
  if (const auto why = why_unsupported(name); !why.empty()) {
    return fail("Verb.NotSupported", fmt::format("'{}' is not supported: {}", escape_for_terminal(name), why),
                std::string(name));
  }
  std::vector<std::string_view> names;
  for (const auto* verb : all_verbs()) names.push_back(verb->name());
  const auto close = nearest(name, names);
  return fail("Verb.Unknown", fmt::format("there is no verb '{}'", escape_for_terminal(name)),
              std::string(name),
              close.empty() ? "accord help lists them all"
                            : fmt::format("did you mean '{}'?   accord help lists them all", close));
}

}  // namespace accord
