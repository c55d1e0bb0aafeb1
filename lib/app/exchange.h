// The cmdlets of Exchange that do what verbs of ours do, under names of their own: New-AuthServer is
// new-oauth-server, and its -AuthMetadataUrl is --metadata-url. One table in exchange.cc says what is what.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lib/app/verb.h"

namespace accord {

// The verb as Exchange spells it: `New-PartnerApplication`, `Set-AuthConfig`, in any case; those whose noun
// is not ours in kebab case too. Our own parameter names go on working. nullopt: no cmdlet of Exchange is
// called so.
[[nodiscard]] std::optional<Verb> exchange_verb(std::string_view name);

// The cmdlets of Exchange that act as this verb.
[[nodiscard]] std::vector<std::string_view> exchange_names_of(std::string_view verb);

}  // namespace accord
