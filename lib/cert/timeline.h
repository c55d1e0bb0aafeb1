// Which certificate of one use is current, staged or previous at an instant, and how commands change the rows
// that say so: pure functions of rows and time, used by signing, publishing, accepting and display alike
// (protocol.md 4.3). Nothing here is ever moved by a background job.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/certificate.h"

namespace accord {

using Assignments = std::vector<CertificateAssignment>;

struct Timeline {
  std::optional<CertificateAssignment> current = {};   // signs
  std::optional<CertificateAssignment> previous = {};  // has signed; accepted until it expires or is removed
  Assignments staged =
      {};  // take over later, the next one first; more than one only where the clock ran back
};

// `rows`: those of one use, any order.
[[nodiscard]] Timeline timeline_at(const Assignments& rows, Instant now);

// What is published and accepted, in this order: current, staged, previous; none twice (protocol.md 2.6).
[[nodiscard]] Assignments published_at(const Assignments& rows, Instant now);

// --- Changes. Each gives the rows after it; `published` of a certificate that stays published is kept.

// `thumbprint` is current from `now` on: what was current is previous, what was previous goes unless it is
// the one named, a staged one stays. keep_previous false: a compromised key goes at once.
[[nodiscard]] Assignments assign_at_once(const Assignments& rows, std::string_view use,
                                         std::string_view thumbprint, Instant now, bool keep_previous = true);

// `thumbprint` takes over at `effective`, after `now`, in place of whatever was staged.
[[nodiscard]] Assignments stage(const Assignments& rows, std::string_view use, std::string_view thumbprint,
                                Instant effective, Instant now);

[[nodiscard]] Assignments without_staged(const Assignments& rows, Instant now);
[[nodiscard]] Assignments without_previous(const Assignments& rows, Instant now);
// Nothing may step into its place: the previous one goes with it.
[[nodiscard]] Assignments without_current(const Assignments& rows, Instant now);

// --- What a change costs

struct TokenRules {
  Duration maximum_lifetime = std::chrono::hours(25);
  Duration clock_skew = std::chrono::seconds(300);
  // How long after a key's last signature a token of it can still be accepted.
  [[nodiscard]] Duration tail() const { return maximum_lifetime + clock_skew; }
};

// What the change from `before` to `after` at `now` refuses too early, at once or at a later instant of
// `after`. The end of a certificate's validity is not looked at: no token outlives the certificate that
// signed it.
[[nodiscard]] std::vector<RefusedSigner> refused_signers(const Assignments& before, const Assignments& after,
                                                         Instant now, const TokenRules& rules);

// The rows, with what is known from earlier changes of those that come back.
[[nodiscard]] Assignments recalling(Assignments rows, const std::vector<RefusedSigner>& refused,
                                    const TokenRules& rules);

// When `thumbprint` signs no more at the latest, by these rows: the instant at which another took over.
// nullopt while it may go on, and for one that never signed.
[[nodiscard]] std::optional<Instant> stopped_signing(const Assignments& rows, std::string_view thumbprint,
                                                     Instant now);

}  // namespace accord
