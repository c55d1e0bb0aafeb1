// This deployment's own metadata document (protocol.md 2.6).
#pragma once

#include "lib/app/deployment.h"
#include "lib/app/environment.h"
#include "lib/metadata/document.h"

namespace accord {

// Our name, our published keys and where the document is to be found. Fails with
// OAuthConfiguration.Incomplete, Certificate.NotAssigned.
[[nodiscard]] Result<MetadataDocument> our_metadata(Environment& env, Connection& store);

}  // namespace accord
