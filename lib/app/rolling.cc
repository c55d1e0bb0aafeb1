#include "lib/app/rolling.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"
#include "lib/store/refused_signer.h"

namespace accord {
namespace {

// A date that a script computed a moment ago is still "now".
constexpr Duration kJustNow = std::chrono::minutes(5);

// --- One change of the rows of one use

struct Change {
  std::string use;
  Instant now;
  Assignments before, after;
  std::vector<RefusedSigner> refused;  // because of it
  std::vector<RefusedSigner> known;    // of earlier changes
};

Result<Change> plan(const Environment& env, Connection& store, const std::string& use, Assignments before,
                    Assignments after) {
  Change change{
      .use = use, .now = env.now(), .before = std::move(before), .after = {}, .refused = {}, .known = {}};
  TRY_ASSIGN(const auto configuration, read_oauth_configuration(store));
  TRY_ASSIGN(change.known, list_refused_signers(store, use));
  const auto rules = token_rules(configuration);
  change.after = recalling(std::move(after), change.known, rules);
  // Only tokens outlive the change of a certificate.
  if (use != kTokenIssuerUse) return change;
  for (auto& one : refused_signers(change.before, change.after, change.now, rules)) {
    // No token outlives the certificate that signed it.
    TRY_ASSIGN(const auto certificate, stored_certificate(store, one.thumbprint));
    one.until = std::min(one.until, certificate.not_after + std::chrono::seconds(1));
    if (one.from < one.until) change.refused.push_back(std::move(one));
  }
  return change;
}

void warn_of_refused(const Environment& env, const Change& change) {
  for (const auto& one : change.refused) {
    if (std::ranges::find(change.known, one) != change.known.end()) continue;
    const auto when = one.from <= change.now ? "now" : format_instant(one.from);
    env.warn(fmt::format("tokens that {} signed are refused from {} on; the last of them can live until {}",
                         one.thumbprint, when, format_instant(one.until)));
  }
}

Result<void> carry_out(Connection& store, const Change& change) {
  auto remembered = change.refused;
  for (const auto& one : change.known) {
    const bool is_back = std::ranges::find(change.after, one.thumbprint,
                                           &CertificateAssignment::thumbprint) != change.after.end();
    const bool is_new =
        std::ranges::find(change.refused, one.thumbprint, &RefusedSigner::thumbprint) != change.refused.end();
    if (one.until > change.now && !is_back && !is_new) remembered.push_back(one);
  }
  TRY(replace_refused_signers(store, change.use, remembered));
  return replace_assignments(store, change.use, change.after);
}

std::string thumbprint_or_none(const std::optional<CertificateAssignment>& row) {
  return row ? row->thumbprint : "(none)";
}

// --- Who has to be told

void name_uninformed(const Environment& env, const KeyLearner& learner, const CertificateAssignment& row) {
  const auto learns = learns_at(learner, row.thumbprint, row.published);
  if (learns && *learns <= std::max(row.effective, env.now())) return;
  const bool at_once = row.effective <= env.now();
  const auto until =
      at_once ? std::string("refuses our tokens until it")
              : fmt::format("refuses our tokens from {} on unless it", format_instant(row.effective));
  if (learns) {
    env.warn(fmt::format("'{}' {} {} our metadata {}", learner.identity, until,
                         at_once ? "reads" : "has read", at_once ? "again" : "by then"));
  } else {
    env.warn(fmt::format("'{}' {} is told of the new key: {}, then {}", learner.identity, until,
                         export_command(row.thumbprint), told_command(learner, {row.thumbprint})));
  }
}

Result<void> name_all_uninformed(const Environment& env, Connection& store,
                                 const CertificateAssignment& row) {
  TRY_ASSIGN(const auto learners, key_learners(store));
  for (const auto& learner : learners) name_uninformed(env, learner, row);
  return {};
}

const CertificateAssignment& row_of(const Assignments& rows, std::string_view thumbprint, Instant effective) {
  return *std::ranges::find_if(
      rows, [&](const auto& row) { return row.thumbprint == thumbprint && row.effective == effective; });
}

// --- At once

Result<void> assign_use_at_once(Environment& env, Connection& store, const std::string& use,
                                const Certificate& certificate, Previous previous) {
  TRY_ASSIGN(const auto rows, list_assignments(store, use));
  const auto line = timeline_at(rows, env.now());
  const bool stays = line.current && line.current->thumbprint == certificate.thumbprint;
  if (stays && (previous == Previous::keep || !line.previous)) {
    env.verbose(fmt::format("{} is the current {} already", certificate.thumbprint, use));
    return {};
  }
  const bool issuer = use == kTokenIssuerUse;
  // Only the token issuer has a previous one: what it signed is still on its way.
  const bool keeps = issuer && previous == Previous::keep;
  TRY_ASSIGN(const auto change, plan(env, store, use, rows,
                                     assign_at_once(rows, use, certificate.thumbprint, env.now(), keeps)));
  const bool replaces = issuer && line.current;
  if (replaces) {
    const auto now_line = timeline_at(change.after, env.now());
    TRY(name_all_uninformed(env, store, *now_line.current));
    warn_of_refused(env, change);
  }
  TRY(env.approve(
      fmt::format("Assign certificate to {}", use), certificate.thumbprint,
      {fmt::format("{}: {} -> {}", use, thumbprint_or_none(line.current), certificate.thumbprint)},
      replaces ? Ask::always : Ask::if_confirm));
  return carry_out(store, change);
}

// --- Staged

Result<void> check_validity(const Certificate& certificate, Instant at) {
  if (certificate.valid_at(at)) return {};
  return fail("Certificate.Expired",
              fmt::format("certificate '{}' is not valid at {}: it is valid from {} to {}",
                          certificate.thumbprint, format_instant(at), format_instant(certificate.not_before),
                          format_instant(certificate.not_after)),
              certificate.thumbprint, "assign one that is valid then");
}

tl::unexpected<Error> too_late(const Certificate& current, Instant date, std::string_view why,
                               std::string advice) {
  return fail("Certificate.RollTooLate",
              fmt::format("the date {} is too late: the current certificate '{}' ends at {}{}",
                          format_instant(date), current.thumbprint, format_instant(current.not_after), why),
              format_instant(date), std::move(advice));
}

// Near its end no date leaves partners the time that both keys take. Then any date before the end is better
// than at once: partners get what time there is, and no token outlives the certificate.
Result<void> check_date(const Environment& env, const std::string& use, const Certificate& current,
                        Instant date, const TokenRules& rules) {
  const bool issuer = use == kTokenIssuerUse;
  const auto latest = issuer ? latest_safe_date(current.not_after, rules) : current.not_after;
  if (date <= latest) return {};
  const bool is_in_time = latest >= env.now() + (issuer ? kRollNotice : Duration());
  const auto safe = fmt::format("the latest safe date is --effective-date {}", format_instant(latest));
  if (date > current.not_after) {
    if (is_in_time) return too_late(current, date, "", safe);
    if (current.not_after <= env.now()) return too_late(current, date, "", "use --effective-date now");
    return too_late(current, date, "",
                    fmt::format("the latest date that leaves no gap is --effective-date {}",
                                format_instant(current.not_after)));
  }
  if (is_in_time) {
    return too_late(current, date,
                    ", and partners need time to read the new key and to see the last tokens of the old",
                    safe);
  }
  env.warn(fmt::format("{} is late: tokens that the current certificate signs until then end with it, at {}",
                       format_instant(date), format_instant(current.not_after)));
  return {};
}

Result<void> check_staged(const Timeline& line, std::string_view use, const Certificate& certificate,
                          bool replace_staged) {
  for (const auto& row : line.staged) {
    if (row.thumbprint == certificate.thumbprint || replace_staged) continue;
    return fail("Certificate.AlreadyStaged",
                fmt::format("'{}' is staged as {} for {} already", row.thumbprint, use,
                            format_instant(row.effective)),
                row.thumbprint, "add --replace-staged, or take it back: remove-certificate --staged");
  }
  return {};
}

std::string staged_text(const Timeline& line) {
  if (line.staged.empty()) return "(none)";
  const auto& row = line.staged.front();
  return fmt::format("{} at {}", row.thumbprint, format_instant(row.effective));
}

Result<void> stage_use(Environment& env, Connection& store, const std::string& use,
                       const Certificate& certificate, const RollOptions& roll) {
  const auto date = *roll.effective_date;
  TRY_ASSIGN(const auto rows, list_assignments(store, use));
  const auto line = timeline_at(rows, env.now());
  if (!line.current) {
    return fail("Certificate.NotAssigned",
                fmt::format("no current certificate is assigned to {}: there is none to roll", use), use,
                "leave out --roll and --effective-date: the first one is assigned at once");
  }
  if (line.current->thumbprint == certificate.thumbprint) {
    env.warn(fmt::format("{} is the current {} already; nothing is staged", certificate.thumbprint, use));
    return {};
  }
  TRY(check_staged(line, use, certificate, roll.replace_staged));
  TRY(check_validity(certificate, date));
  TRY_ASSIGN(const auto current, stored_certificate(store, line.current->thumbprint));
  TRY_ASSIGN(const auto configuration, read_oauth_configuration(store));
  TRY(check_date(env, use, current, date, token_rules(configuration)));
  TRY_ASSIGN(const auto change,
             plan(env, store, use, rows, stage(rows, use, certificate.thumbprint, date, env.now())));
  if (use == kTokenIssuerUse) {
    TRY(name_all_uninformed(env, store, row_of(change.after, certificate.thumbprint, date)));
    warn_of_refused(env, change);
  }
  TRY(env.approve(fmt::format("Stage certificate for {}", use), certificate.thumbprint,
                  {fmt::format("{}: staged {} -> {} at {}", use, staged_text(line), certificate.thumbprint,
                               format_instant(date))}));
  if (!env.what_if())
    env.notice(fmt::format("{} takes over as {} at {}.", certificate.thumbprint, use, format_instant(date)));
  return carry_out(store, change);
}

// --- Taking away

Result<void> refuse_while_trusted(const Environment& env, Connection& store, const std::string& use) {
  if (use != kTokenIssuerUse || env.common().force) return {};
  TRY_ASSIGN(const auto parties, trusted_parties(store));
  if (parties.empty()) return {};
  return fail(
      "Certificate.InUse",
      fmt::format("the token issuer signs for {}: without it no token can be made", fmt::join(parties, ", ")),
      use, "assign another with set-certificate, or add --force");
}

std::string_view name_of(Slot slot) {
  switch (slot) {
    case Slot::current:
      return "current";
    case Slot::previous:
      return "previous";
    case Slot::staged:
      return "staged";
  }
  return "";
}

std::optional<CertificateAssignment> row_in(const Timeline& line, Slot slot) {
  if (slot == Slot::current) return line.current;
  if (slot == Slot::previous) return line.previous;
  return line.staged.empty() ? std::nullopt : std::optional(line.staged.front());
}

Assignments without(const Assignments& rows, Slot slot, Instant now) {
  switch (slot) {
    case Slot::current:
      return without_current(rows, now);
    case Slot::previous:
      return without_previous(rows, now);
    case Slot::staged:
      return without_staged(rows, now);
  }
  return rows;
}

}  // namespace

Result<void> check_roll(const RollOptions& options, Instant now) {
  if (options.roll && !options.effective_date) {
    return fail("Parameter.Missing", "--roll needs --effective-date", "--effective-date",
                "add --effective-date DATE, or now for at once");
  }
  if (!options.roll && options.effective_date) {
    return fail("Parameter.Missing", "--effective-date needs --roll", "--roll",
                "add --roll, or leave the date out to assign at once");
  }
  if (!options.roll && options.replace_staged)
    return fail("Parameter.Missing", "--replace-staged needs --roll", "--roll",
                "add --roll --effective-date DATE");
  if (options.effective_date && *options.effective_date + kJustNow < now) {
    return fail("Parameter.Invalid",
                fmt::format("--effective-date: {} has passed", format_instant(*options.effective_date)),
                "--effective-date", "give a date ahead, or now");
  }
  return {};
}

TokenRules token_rules(const OAuthConfiguration& configuration) {
  return {.maximum_lifetime = configuration.maximum_token_lifetime, .clock_skew = configuration.clock_skew};
}

Instant latest_safe_date(Instant not_after, const TokenRules& rules) {
  return not_after - rules.tail() - kRefreshInterval;
}

Result<void> assign(Environment& env, Connection& store, const std::vector<std::string>& uses,
                    const Certificate& certificate, const RollOptions& roll, Previous previous) {
  const bool at_once = !roll.effective_date || *roll.effective_date <= env.now();
  for (const auto& use : uses) {
    if (use == kTokenIssuerUse) {
      TRY_ASSIGN(const bool has_key, has_private_key(store, certificate.thumbprint));
      if (!has_key) {
        return fail("Certificate.NoKey",
                    fmt::format("certificate '{}' has no private key in this store", certificate.thumbprint),
                    certificate.thumbprint, "import-certificate with a PFX brings both");
      }
      if (at_once) TRY(check_validity(certificate, env.now()));
    }
    TRY(at_once ? assign_use_at_once(env, store, use, certificate, previous)
                : stage_use(env, store, use, certificate, roll));
  }
  return {};
}

Result<void> publish_staged(Environment& env, Connection& store, const std::string& use) {
  TRY_ASSIGN(const auto line, timeline_of(store, use, env.now()));
  if (line.staged.empty()) {
    return fail("Certificate.NotAssigned", fmt::format("no staged certificate is assigned to {}", use), use,
                "get-certificate lists what is assigned");
  }
  TRY_ASSIGN(const auto certificate, stored_certificate(store, line.staged.front().thumbprint));
  return assign(env, store, {use}, certificate);
}

Result<void> unassign(Environment& env, Connection& store, const std::string& use, Slot slot,
                      const std::optional<std::string>& expected) {
  TRY_ASSIGN(const auto rows, list_assignments(store, use));
  const auto found = row_in(timeline_at(rows, env.now()), slot);
  if (!found) {
    return fail("Certificate.NotAssigned",
                fmt::format("no {} certificate is assigned to {}", name_of(slot), use), use,
                "get-certificate lists what is assigned");
  }
  // Whoever names a certificate means that one, not what has taken its place meanwhile.
  if (expected && *expected != found->thumbprint) {
    return fail("Certificate.Changed",
                fmt::format("the {} {} certificate is '{}', not '{}'", name_of(slot), use, found->thumbprint,
                            *expected),
                *expected, "get-certificate lists what is assigned now");
  }
  if (slot == Slot::current) TRY(refuse_while_trusted(env, store, use));
  TRY_ASSIGN(const auto change, plan(env, store, use, rows, without(rows, slot, env.now())));
  warn_of_refused(env, change);
  TRY(env.approve(
      fmt::format("Remove certificate from {}", use), found->thumbprint,
      {fmt::format("{}: {}{} -> (none)", use, slot == Slot::current ? "" : fmt::format("{} ", name_of(slot)),
                   found->thumbprint)},
      Ask::always));
  return carry_out(store, change);
}

}  // namespace accord
