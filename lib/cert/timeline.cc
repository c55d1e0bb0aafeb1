#include "lib/cert/timeline.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace accord {

namespace {

// From the first to the last to take over. Of two that take over in the same second the one that was written
// later comes later, and of two written in the same second the one that stands later in `rows`.
std::vector<CertificateAssignment> in_order(std::vector<CertificateAssignment> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.effective != b.effective ? a.effective < b.effective : a.updated < b.updated;
  });
  return rows;
}

}  // namespace

Timeline timeline_at(const std::vector<CertificateAssignment>& rows, Instant now) {
  const auto ordered = in_order(rows);
  const auto first_ahead =
      std::find_if(ordered.begin(), ordered.end(), [&](const auto& row) { return row.effective > now; });
  Timeline timeline;
  if (first_ahead != ordered.end()) timeline.staged = *first_ahead;
  if (first_ahead == ordered.begin()) return timeline;
  timeline.current = *std::prev(first_ahead);
  // A certificate that was assigned twice in a row is not its own predecessor.
  const auto previous =
      std::find_if(std::make_reverse_iterator(first_ahead), ordered.rend(),
                   [&](const auto& row) { return row.thumbprint != timeline.current->thumbprint; });
  if (previous != ordered.rend()) timeline.previous = *previous;
  return timeline;
}

std::vector<CertificateAssignment> assign_at_once(const std::vector<CertificateAssignment>& rows,
                                                  std::string_view use, std::string_view thumbprint,
                                                  Instant now, bool keep_previous) {
  auto before = timeline_at(rows, now);
  const bool already_current = before.current && before.current->thumbprint == thumbprint;
  std::vector<CertificateAssignment> after;
  if (keep_previous) {
    // What ends being current becomes previous; where nothing changes hands, the previous one stays what it
    // is.
    auto& kept = already_current ? before.previous : before.current;
    if (kept) after.push_back(*std::move(kept));
  }
  if (already_current) {
    after.push_back(*std::move(before.current));
  } else {
    // Whatever order the rows come back in from the store, the new one must be the later of the two.
    for (auto& row : after) row.effective = std::min(row.effective, now - std::chrono::seconds(1));
    after.push_back(
        {.use = std::string(use), .thumbprint = std::string(thumbprint), .effective = now, .updated = now});
  }
  // A staged certificate that took over early is staged no more.
  if (before.staged && before.staged->thumbprint != thumbprint) after.push_back(*std::move(before.staged));
  return after;
}

}  // namespace accord
