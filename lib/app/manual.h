// Help, manual pages and the machine-readable surface, all from the verbs' declarations.
#pragma once

#include <string>
#include <string_view>

#include "lib/app/verb.h"
#include "lib/core/json.h"

namespace accord {

[[nodiscard]] std::string version_text();

// VERB --help.
[[nodiscard]] std::string help_page(const Verb& verb);
// All verbs, by noun.
[[nodiscard]] std::string help_overview();
// exit-codes, output, time, environment, pipeline, where. Fails with Topic.Unknown.
[[nodiscard]] Result<std::string> help_topic(std::string_view topic);
[[nodiscard]] std::vector<std::string> help_topics();

// `accord help --output json` (spec/commands.md 1).
[[nodiscard]] json::Value surface();
// One element of its "verbs".
[[nodiscard]] json::Value surface_of(const Verb& verb);

// mdoc source of a verb's page in section 1.
[[nodiscard]] std::string manual_page(const Verb& verb);

}  // namespace accord
