// The certificate report: one self-contained HTML page, readable on a phone and in print, without a script
// (spec/commands.md 6, test-certificate-configuration --report).
#pragma once

#include <string>

#include "lib/app/certificate_health.h"

namespace accord {

// UTF-8. The time line and the trust map are drawn as inline SVG; every text from the store is escaped.
[[nodiscard]] std::string certificate_report(const HealthFacts& facts, const CertificateHealth& health);

}  // namespace accord
