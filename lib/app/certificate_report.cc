#include "lib/app/certificate_report.h"

namespace accord {

std::string certificate_report(const HealthFacts&, const CertificateHealth& health) {
  return health.summary;
}

}  // namespace accord
