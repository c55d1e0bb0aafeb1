#include "lib/app/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "lib/app/exchange.h"
#include "lib/app/unsupported.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

// What other programs call it, and what it is called here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSynonyms = {{{"delete", "remove"},
                                                                                     {"clear", "remove"},
                                                                                     {"add", "new"},
                                                                                     {"create", "new"},
                                                                                     {"register", "new"},
                                                                                     {"list", "get"},
                                                                                     {"show", "get"},
                                                                                     {"change", "set"}}};

// A verb of the same noun first: "delete-sip-domain" is nearer to remove-sip-domain than to get-sip-domain.
std::string verb_close_to(std::string_view name) {
  const auto dash = std::min(name.find('-'), name.size());
  for (const auto& [theirs, ours] : kSynonyms) {
    if (!equals_ignoring_case(name.substr(0, dash), theirs)) continue;
    const auto* verb = find_verb(std::string(ours) + std::string(name.substr(dash)));
    if (verb != nullptr) return std::string(verb->name());
  }
  std::vector<std::string_view> names;
  for (const auto* verb : all_verbs()) names.push_back(verb->name());
  return nearest(name, names);
}

}  // namespace

Result<Verb> declared_verb(std::string_view name) {
  if (auto verb = exchange_verb(name)) return *std::move(verb);
  if (const auto* found = find_verb(name)) return found->declare();
  if (const auto why = why_unsupported(name); !why.empty()) {
    return fail("Verb.NotSupported", fmt::format("'{}' is not supported: {}", escape_for_terminal(name), why),
                std::string(name));
  }
  if (equals_ignoring_case(name, "get-help") || equals_ignoring_case(name, "get-command")) {
    return fail("Verb.Unknown", fmt::format("there is no verb '{}'", escape_for_terminal(name)),
                std::string(name), "accord help lists them all, accord help VERB shows one");
  }
  const auto close = verb_close_to(name);
  return fail("Verb.Unknown", fmt::format("there is no verb '{}'", escape_for_terminal(name)),
              std::string(name),
              close.empty() ? "accord help lists them all"
                            : fmt::format("did you mean '{}'?   accord help lists them all", close));
}

}  // namespace accord
