// openid-configuration and its JWKS (protocol.md 2.5), for document.h.
#pragma once

#include <string_view>
#include <vector>

#include "lib/core/json.h"
#include "lib/metadata/document.h"

namespace accord::metadata {

[[nodiscard]] Result<MetadataDocument> read_openid_configuration(const json::Value& json,
                                                                 const MetadataContext& context);

// Of the issuer; at least one.
[[nodiscard]] Result<std::vector<MetadataKey>> read_key_set(std::string_view text, const IssuerName& issuer,
                                                            const MetadataContext& context);

}  // namespace accord::metadata
