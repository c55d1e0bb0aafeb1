#include "lib/cert/timeline.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace accord {

namespace {

// From the first to the last to take over. Of two that take over in the same second the one that was written
// later comes later, and of two written in the same second the one that stands later in `rows`.
Assignments in_order(Assignments rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.effective != b.effective ? a.effective < b.effective : a.updated < b.updated;
  });
  return rows;
}

const CertificateAssignment* find_in(const Assignments& rows, std::string_view thumbprint) {
  const auto found = std::ranges::find(rows, thumbprint, &CertificateAssignment::thumbprint);
  return found == rows.end() ? nullptr : &*found;
}

// A row written now. What partners could read without a break until now, they could read since then.
CertificateAssignment row_for(const Assignments& before, std::string_view use, std::string_view thumbprint,
                              Instant effective, Instant now) {
  const auto published = published_at(before, now);
  const auto* known = find_in(published, thumbprint);
  return {.use = std::string(use),
          .thumbprint = std::string(thumbprint),
          .effective = effective,
          .updated = now,
          .published = known != nullptr ? std::min(known->published, now) : now};
}

void keep(Assignments& rows, const std::optional<CertificateAssignment>& row) {
  if (row) rows.push_back(*row);
}

// --- Periods of signing

// The row of `ordered` that signs at `at`.
const CertificateAssignment* signer_at(const Assignments& ordered, Instant at) {
  const CertificateAssignment* signer = nullptr;
  for (const auto& row : ordered) {
    if (row.effective <= at) signer = &row;
  }
  return signer;
}

// The last second up to `limit` in which `thumbprint` signs by these rows. A period ends where another's
// begins.
std::optional<Instant> last_signing(const Assignments& ordered, std::string_view thumbprint, Instant limit) {
  std::optional<Instant> last;
  for (std::size_t i = 0; i < ordered.size() && ordered[i].effective <= limit; ++i) {
    if (ordered[i].thumbprint != thumbprint) continue;
    const bool goes_on = i + 1 == ordered.size() || ordered[i + 1].effective > limit;
    const auto end = goes_on ? limit : ordered[i + 1].effective - std::chrono::seconds(1);
    if (end >= ordered[i].effective) last = end;
  }
  return last;
}

// The last second in which `thumbprint` may have signed by `now`: what the rows say, and what they remember.
std::optional<Instant> known_signing(const Assignments& ordered, std::string_view thumbprint, Instant now) {
  auto last = last_signing(ordered, thumbprint, now);
  for (const auto& row : ordered) {
    if (row.thumbprint == thumbprint && row.signed_until)
      last = std::max(last.value_or(*row.signed_until), *row.signed_until);
  }
  return last;
}

// Rows that go take what they show with them: the rest remembers it.
Assignments remembering(Assignments after, const Assignments& before, Instant now) {
  const auto ordered = in_order(before);
  for (auto& row : after) row.signed_until = known_signing(ordered, row.thumbprint, now);
  return after;
}

// The instants from `now` on at which what is published can change.
std::vector<Instant> changes_from(const Assignments& ordered, Instant now) {
  std::vector<Instant> instants = {now};
  for (const auto& row : ordered) {
    if (row.effective > now) instants.push_back(row.effective);
  }
  return instants;
}

// The first time that `thumbprint` is refused under `rows` while tokens of it live.
std::optional<RefusedSigner> refusal_of(std::string_view thumbprint, const Assignments& before,
                                        const Assignments& rows, Instant now, const TokenRules& rules) {
  const auto signed_before = known_signing(before, thumbprint, now);
  for (const auto at : changes_from(rows, now)) {
    if (find_in(published_at(rows, at), thumbprint) != nullptr) continue;
    auto last = signed_before;
    if (at > now) {
      const auto later = last_signing(rows, thumbprint, at - std::chrono::seconds(1));
      if (later && *later >= now) last = std::max(last.value_or(*later), *later);
    }
    if (!last || *last + rules.tail() <= at) return std::nullopt;
    return RefusedSigner{std::string(thumbprint), at, *last + rules.tail()};
  }
  return std::nullopt;
}

}  // namespace

Timeline timeline_at(const Assignments& rows, Instant now) {
  const auto ordered = in_order(rows);
  const auto first_ahead =
      std::find_if(ordered.begin(), ordered.end(), [&](const auto& row) { return row.effective > now; });
  Timeline timeline;
  timeline.staged.assign(first_ahead, ordered.end());
  if (first_ahead == ordered.begin()) return timeline;
  timeline.current = *std::prev(first_ahead);
  // A certificate that was assigned twice in a row is not its own predecessor.
  const auto previous =
      std::find_if(std::make_reverse_iterator(first_ahead), ordered.rend(),
                   [&](const auto& row) { return row.thumbprint != timeline.current->thumbprint; });
  if (previous != ordered.rend()) timeline.previous = *previous;
  return timeline;
}

Assignments published_at(const Assignments& rows, Instant now) {
  const auto line = timeline_at(rows, now);
  Assignments published;
  const auto add = [&](const CertificateAssignment& row) {
    if (find_in(published, row.thumbprint) == nullptr) published.push_back(row);
  };
  if (line.current) add(*line.current);
  for (const auto& row : line.staged) add(row);
  if (line.previous) add(*line.previous);
  return published;
}

Assignments assign_at_once(const Assignments& rows, std::string_view use, std::string_view thumbprint,
                           Instant now, bool keep_previous) {
  const auto before = timeline_at(rows, now);
  const bool already_current = before.current && before.current->thumbprint == thumbprint;
  Assignments after;
  // What ends being current becomes previous; where nothing changes hands, the previous one stays what it is.
  if (keep_previous) keep(after, already_current ? before.previous : before.current);
  if (already_current) {
    after.push_back(*before.current);
  } else {
    // Whatever order the rows come back in from the store, the new one must be the later of the two.
    for (auto& row : after) row.effective = std::min(row.effective, now - std::chrono::seconds(1));
    after.push_back(row_for(rows, use, thumbprint, now, now));
  }
  // A staged certificate that took over early is staged no more.
  std::ranges::copy_if(before.staged, std::back_inserter(after),
                       [&](const auto& row) { return row.thumbprint != thumbprint; });
  return remembering(std::move(after), rows, now);
}

Assignments stage(const Assignments& rows, std::string_view use, std::string_view thumbprint,
                  Instant effective, Instant now) {
  auto after = without_staged(rows, now);
  after.push_back(row_for(rows, use, thumbprint, effective, now));
  return remembering(std::move(after), rows, now);
}

Assignments without_staged(const Assignments& rows, Instant now) {
  const auto line = timeline_at(rows, now);
  Assignments after;
  keep(after, line.previous);
  keep(after, line.current);
  return remembering(std::move(after), rows, now);
}

Assignments without_previous(const Assignments& rows, Instant now) {
  const auto line = timeline_at(rows, now);
  Assignments after;
  keep(after, line.current);
  std::ranges::copy(line.staged, std::back_inserter(after));
  return remembering(std::move(after), rows, now);
}

Assignments without_current(const Assignments& rows, Instant now) {
  return remembering(timeline_at(rows, now).staged, rows, now);
}

std::vector<RefusedSigner> refused_signers(const Assignments& before, const Assignments& after, Instant now,
                                           const TokenRules& rules) {
  const auto ordered_before = in_order(before);
  const auto ordered_after = in_order(after);
  Assignments concerned = published_at(before, now);
  std::ranges::copy(after, std::back_inserter(concerned));
  std::vector<RefusedSigner> refused;
  for (const auto& row : concerned) {
    const bool done = std::ranges::find(refused, row.thumbprint, &RefusedSigner::thumbprint) != refused.end();
    const auto found =
        done ? std::nullopt : refusal_of(row.thumbprint, ordered_before, ordered_after, now, rules);
    if (found) refused.push_back(*found);
  }
  return refused;
}

Assignments recalling(Assignments rows, const std::vector<RefusedSigner>& refused, const TokenRules& rules) {
  for (auto& row : rows) {
    const auto known = std::ranges::find(refused, row.thumbprint, &RefusedSigner::thumbprint);
    if (known == refused.end()) continue;
    const auto last = known->until - rules.tail();
    row.signed_until = std::max(row.signed_until.value_or(last), last);
  }
  return rows;
}

std::optional<Instant> stopped_signing(const Assignments& rows, std::string_view thumbprint, Instant now) {
  const auto ordered = in_order(rows);
  const auto* signer = signer_at(ordered, now);
  if (signer == nullptr || signer->thumbprint == thumbprint) return std::nullopt;
  const auto last = last_signing(ordered, thumbprint, now);
  return last ? std::optional(*last + std::chrono::seconds(1)) : std::nullopt;
}

}  // namespace accord
