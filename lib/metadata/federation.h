// FederationMetadata.xml of Azure AD and ADFS (protocol.md 2.4), for document.h. Reading XML and its
// signature is the work of accord_xml.so.
#pragma once

#include <string_view>

#include "lib/metadata/document.h"

namespace accord::metadata {

[[nodiscard]] Result<MetadataDocument> read_federation(std::string_view text, const MetadataContext& context);

}  // namespace accord::metadata
