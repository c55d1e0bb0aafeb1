// Which certificate of one use is staged, current or previous at an instant: one pure function of rows and
// time, used by signing, publishing, accepting and display alike (protocol.md 4.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"

namespace accord {

struct Timeline {
  std::optional<CertificateAssignment> current = {};
  std::optional<CertificateAssignment> previous = {};
  std::optional<CertificateAssignment> staged = {};
};

// `rows`: those of one use, any order.
[[nodiscard]] Timeline timeline_at(const std::vector<CertificateAssignment>& rows, Instant now);

// The rows after `thumbprint` became current at `now`: what was current is previous, what was previous goes
// unless it is the one named, a staged one stays. keep_previous false: a compromised key goes at once.
[[nodiscard]] std::vector<CertificateAssignment> assign_at_once(
    const std::vector<CertificateAssignment>& rows, std::string_view use, std::string_view thumbprint,
    Instant now, bool keep_previous = true);

}  // namespace accord
