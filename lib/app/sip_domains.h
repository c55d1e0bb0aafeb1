// A SIP domain by name, for the verbs that take one.
#pragma once

#include "lib/app/records.h"
#include "lib/store/oauth_configuration.h"

namespace accord {

// Fails with SipDomain.NotFound, suggesting the nearest.
[[nodiscard]] Result<SipDomain> stored_sip_domain(Connection& store, std::string_view name);

}  // namespace accord
