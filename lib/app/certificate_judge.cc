// What the facts mean: the findings, and the decision that the first row of the table that fits gives.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/app/certificate_health.h"
#include "lib/app/checks.h"
#include "lib/app/records.h"
#include "lib/app/rolling.h"

namespace accord {
namespace {

constexpr Duration kUsualNotice = std::chrono::days(30);

constexpr std::string_view kRequestNew =
    "request-certificate --new --self-signed --identity global --type OAuthTokenIssuer";

std::string days_text(std::int64_t days) {
  return days == 1 || days == -1 ? fmt::format("{} day", days) : fmt::format("{} days", days);
}

std::string ends_text(const Certificate& certificate, Instant now) {
  const auto at = format_instant(certificate.not_after);
  if (certificate.not_after < now) return fmt::format("ended at {}", at);
  return fmt::format("ends at {}, {} from now", at, days_text(days_left(certificate.not_after, now)));
}

// Whole days rounded down, as they are shown.
bool is_within(const Certificate& certificate, Duration threshold, Instant now) {
  return std::chrono::days(days_left(certificate.not_after, now)) <= threshold;
}

std::string thumbprint_of(const HeldCertificate& held) {
  return held.certificate.thumbprint;
}

std::string roll_command(std::string_view thumbprint, Instant date, Instant now) {
  return fmt::format("set-certificate --type OAuthTokenIssuer --thumbprint {} --roll --effective-date {}",
                     thumbprint, date <= now ? std::string("now") : format_instant(date));
}

class Judge {
 public:
  explicit Judge(const HealthFacts& facts) : facts_(facts) {}

  CertificateHealth judge() {
    find_expiry();
    find_keys();
    find_names();
    find_sharing();
    find_late_roll();
    find_refused();
    find_uninformed();
    decide();
    conclude();
    return std::move(health_);
  }

 private:
  // --- Facts, asked for more than once

  [[nodiscard]] bool is_expired(const HeldCertificate& held) const {
    return held.certificate.not_after < facts_.now;
  }
  [[nodiscard]] bool signs_now() const {
    return facts_.current && facts_.current->certificate.valid_at(facts_.now);
  }
  // The staged one that can take over: it has its key, and does not itself end soon.
  [[nodiscard]] const HeldCertificate* successor() const {
    for (const auto& staged : facts_.staged) {
      const bool lasts = !is_within(staged.certificate, facts_.warning, facts_.now);
      if (staged.has_key && lasts && staged.certificate.valid_at(std::max(staged.row.effective, facts_.now)))
        return &staged;
    }
    return nullptr;
  }
  [[nodiscard]] const HeldCertificate* staged_without_key() const {
    for (const auto& staged : facts_.staged) {
      if (!staged.has_key) return &staged;
    }
    return nullptr;
  }
  // Also one that ends soon: where nothing signs, it is better than nothing.
  [[nodiscard]] const HeldCertificate* stopgap() const {
    for (const auto& staged : facts_.staged) {
      if (staged.has_key && staged.certificate.valid_at(facts_.now)) return &staged;
    }
    return nullptr;
  }
  [[nodiscard]] Instant latest_safe() const {
    return latest_safe_date(facts_.current->certificate.not_after, facts_.rules);
  }
  // From when on it can sign without being refused by a partner that reads our metadata, if the current one
  // lasts so long.
  [[nodiscard]] Instant known_from(Instant published) const {
    return std::min(published + kRollNotice, facts_.current->certificate.not_after);
  }
  // As diagnostics.md has it, 30 days ahead or as late as is safe. Where that is too soon for partners to
  // have read one that is published since `published`, they come first: the current one still signs, and its
  // tokens end with it.
  [[nodiscard]] Instant advised_date(Instant published) const {
    return std::max({facts_.now, std::min(facts_.now + kUsualNotice, latest_safe()), known_from(published)});
  }
  [[nodiscard]] Instant advised_date(const HeldCertificate& staged) const {
    return std::max(advised_date(staged.row.published), staged.certificate.not_before);
  }
  // No earlier date would be better.
  [[nodiscard]] bool is_early_enough(const HeldCertificate& staged) const {
    return staged.row.effective <= std::max(latest_safe(), known_from(staged.row.published));
  }
  [[nodiscard]] bool is_replaced_in_time() const {
    return successor() != nullptr && facts_.current && is_early_enough(*successor());
  }

  // --- Findings

  void add(std::string_view id, Severity severity, std::string target, std::string detection,
           std::string action) {
    health_.findings.push_back(
        {std::string(id), severity, std::move(target), std::move(detection), std::move(action)});
  }

  void find_expiry() {
    if (!facts_.current) {
      add("CERT-MISSING", Severity::error, std::string(kTokenIssuerUse),
          "no token-issuer certificate is assigned",
          stopgap() != nullptr ? "make the staged one effective now"
                               : fmt::format("{}, or import-certificate and set-certificate", kRequestNew));
    } else {
      find_end_of(*facts_.current, "current", is_replaced_in_time());
    }
    for (const auto& staged : facts_.staged) find_end_of(staged, "staged", false);
    if (facts_.previous && is_expired(*facts_.previous)) {
      add("CERT-EXPIRY", Severity::information, thumbprint_of(*facts_.previous),
          fmt::format("the previous certificate {}", ends_text(facts_.previous->certificate, facts_.now)),
          "remove-certificate --type OAuthTokenIssuer --previous takes it away");
    }
  }

  void find_end_of(const HeldCertificate& held, std::string_view which, bool is_planned) {
    if (which == "current" && held.certificate.not_before > facts_.now) {
      add("CERT-EXPIRY", Severity::error, thumbprint_of(held),
          fmt::format("the current certificate is not valid before {}",
                      format_instant(held.certificate.not_before)),
          "carry out the decision, or set the clock right");
    }
    if (!is_within(held.certificate, facts_.warning, facts_.now)) return;
    const bool critical = is_within(held.certificate, facts_.critical, facts_.now);
    const auto detection =
        fmt::format("the {} certificate {}", which, ends_text(held.certificate, facts_.now));
    if (is_planned && !is_expired(held)) {
      add("CERT-EXPIRY", Severity::information, thumbprint_of(held), detection,
          fmt::format("nothing: {} takes over at {}", thumbprint_of(*successor()),
                      format_instant(successor()->row.effective)));
      return;
    }
    add("CERT-EXPIRY", critical ? Severity::error : Severity::warning, thumbprint_of(held), detection,
        which == "staged" ? "stage one that lasts longer: --replace-staged" : "carry out the decision");
  }

  // The previous one signs no more: its key is of no interest.
  void find_keys() {
    const auto find = [&](const HeldCertificate& held, std::string_view which) {
      if (!held.has_key) {
        add("CERT-KEY", Severity::error, thumbprint_of(held),
            fmt::format("the {} certificate is assigned, and its private key is not in this store", which),
            "import-certificate with the PFX that holds both; do not make a new one");
      }
      if (held.weakness) {
        add("CERT-WEAK", Severity::error, thumbprint_of(held),
            fmt::format("the {} certificate: {}", which, *held.weakness),
            "replace it with an RSA key of 2048 bits or more, P-256, P-384 or Ed25519");
      }
    };
    if (facts_.current) find(*facts_.current, "current");
    for (const auto& staged : facts_.staged) find(staged, "staged");
  }

  void find_names() {
    const auto find = [&](const HeldCertificate& held, std::string_view which) {
      if (held.uncovered_domains.empty()) return;
      add("CERT-NAMES", Severity::warning, thumbprint_of(held),
          fmt::format("the {} certificate does not name the SIP domain{} {}", which,
                      held.uncovered_domains.size() == 1 ? "" : "s", fmt::join(held.uncovered_domains, ", ")),
          "the next one that request-certificate makes names every SIP domain");
    };
    if (facts_.current) find(*facts_.current, "current");
    for (const auto& staged : facts_.staged) find(staged, "staged");
  }

  void find_sharing() {
    if (!facts_.current || facts_.current->other_uses.empty()) return;
    add("CERT-SHARED", Severity::warning, thumbprint_of(*facts_.current),
        fmt::format("the token issuer's certificate serves {} as well",
                    fmt::join(facts_.current->other_uses, ", ")),
        "give the token issuer a certificate of its own, so that renewing the other use changes nothing "
        "here");
  }

  void find_late_roll() {
    if (!facts_.current || is_expired(*facts_.current)) return;
    for (const auto& staged : facts_.staged) {
      if (staged.row.effective <= latest_safe()) continue;
      const auto end = facts_.current->certificate.not_after;
      const bool after = staged.row.effective > end;
      add("CERT-ROLL-LATE", Severity::warning, thumbprint_of(staged),
          fmt::format("it takes over at {}, {} the current certificate ends at {}",
                      format_instant(staged.row.effective), after ? "after" : "too shortly before",
                      format_instant(end)),
          is_early_enough(staged) ? "nothing: an earlier date leaves partners no time to read the new key"
                                  : roll_command(thumbprint_of(staged), advised_date(staged), facts_.now));
    }
  }

  void find_refused() {
    for (const auto& one : facts_.refused) {
      if (one.until <= facts_.now) continue;
      const bool already = one.from <= facts_.now;
      add("CERT-PREVIOUS", Severity::warning, one.thumbprint,
          fmt::format("tokens that it signed {} refused{}, and the last of them can live until {}",
                      already ? "are" : "will be",
                      already ? std::string() : fmt::format(" from {} on", format_instant(one.from)),
                      format_instant(one.until)),
          already ? "callers get new tokens by then; set-certificate with this thumbprint accepts them again"
                  : "move the roll to a later date, or tell callers to get new tokens then");
    }
    const auto end = last_token_of_previous(facts_);
    if (end && *end <= facts_.now && !is_expired(*facts_.previous)) {
      add("CERT-PREVIOUS", Severity::information, thumbprint_of(*facts_.previous),
          fmt::format("the last token that the previous certificate signed has ended at {}",
                      format_instant(*end)),
          "remove-certificate --type OAuthTokenIssuer --previous");
    }
  }

  // --- Partners

  void find_uninformed() {
    for (const auto& learner : facts_.learners) {
      LearnerState state{.learner = learner};
      // Nobody is told of a certificate that does not sign.
      if (signs_now()) state.knows_current = knows(learner, *facts_.current, facts_.now);
      if (!facts_.staged.empty()) {
        const auto& next = facts_.staged.front();
        state.knows_staged_in_time = knows(learner, next, std::max(next.row.effective, facts_.now));
      }
      state.text = text_of(state);
      untold_.emplace_back(learner, std::vector<std::string>());
      if (!state.knows_current) find_uninformed(learner, *facts_.current, false);
      if (state.knows_staged_in_time == false) find_uninformed(learner, facts_.staged.front(), true);
      health_.learners.push_back(std::move(state));
    }
  }

  [[nodiscard]] static bool knows(const KeyLearner& learner, const HeldCertificate& held, Instant at) {
    const auto learns = learns_at(learner, held.certificate.thumbprint, held.row.published);
    return learns && *learns <= at;
  }

  // What gives a partner that reads our metadata the time to know the staged key, if the current one lasts so
  // long.
  std::string later_roll(const HeldCertificate& staged) {
    if (!signs_now() || known_from(staged.row.published) <= staged.row.effective)
      return "have the partner read our metadata by then";
    later_roll_ = roll_command(thumbprint_of(staged), known_from(staged.row.published), facts_.now);
    return later_roll_;
  }

  void find_uninformed(const KeyLearner& learner, const HeldCertificate& held, bool is_staged) {
    const auto& thumbprint = held.certificate.thumbprint;
    const auto which = is_staged ? fmt::format("the staged key {}, which signs from {} on", thumbprint,
                                               format_instant(held.row.effective))
                                 : fmt::format("the current key {}", thumbprint);
    if (const auto learns = learns_at(learner, thumbprint, held.row.published)) {
      add("CERT-NOTIFY", Severity::warning, learner.identity,
          fmt::format(
              "it may not have read {}: it has been published since {}, and partners read it within a day",
              which, format_instant(held.row.published)),
          is_staged ? later_roll(held)
                    : fmt::format("have the partner read our metadata now, or wait until {}",
                                  format_instant(*learns)));
      return;
    }
    add("CERT-NOTIFY", Severity::warning, learner.identity,
        fmt::format("it may not hold {}: {}", which,
                    learner.learns_by == LearnsOurKeysBy::file ? "it learns our keys by file"
                                                               : "how it learns our keys is not known"),
        fmt::format("{}, then {}", export_command(thumbprint), told_command(learner, {thumbprint})));
    untold_.back().second.push_back(thumbprint);
  }

  [[nodiscard]] std::string text_of(const LearnerState& state) const {
    const auto by = state.learner.learns_by == LearnsOurKeysBy::metadata ? "reads our metadata"
                    : state.learner.learns_by == LearnsOurKeysBy::file
                        ? "is told by file"
                        : "how it learns our keys is not known";
    std::string text = by;
    if (signs_now())
      text += state.knows_current ? "; knows the current key" : "; may not know the current key";
    if (state.knows_staged_in_time) {
      text += *state.knows_staged_in_time ? ", will know the staged one in time"
                                          : ", may not know the staged one in time";
    }
    return text;
  }

  // --- The decision

  void set(Decision decision, HealthVerdict verdict, std::string summary) {
    health_.decision = decision;
    health_.verdict = std::max(health_.verdict, verdict);
    health_.summary = std::move(summary);
  }
  void say(std::string evidence) { health_.evidence.push_back(std::move(evidence)); }
  void run(std::string command) { health_.commands.push_back(std::move(command)); }

  void decide() {
    describe();
    if (!signs_now()) return decide_without_signer();
    if (!facts_.current->has_key) {
      return set(Decision::restore_key, HealthVerdict::critical,
                 "import the private key of the current certificate here; do not make a new one");
    }
    const bool ends_soon = is_within(facts_.current->certificate, facts_.warning, facts_.now);
    if (ends_soon && successor() == nullptr) return stage_new();
    if (const auto* keyless = staged_without_key()) {
      return set(Decision::restore_key, HealthVerdict::critical,
                 fmt::format("import the private key of the staged certificate {} before it takes over",
                             thumbprint_of(*keyless)));
    }
    if (successor() != nullptr && !is_early_enough(*successor())) return move_staged();
    if (has_uninformed()) return tell_partners();
    if (!facts_.staged.empty()) {
      return set(Decision::none, HealthVerdict::ok,
                 fmt::format("nothing to do: {} takes over at {}", thumbprint_of(facts_.staged.front()),
                             format_instant(facts_.staged.front().row.effective)));
    }
    set(Decision::none, HealthVerdict::ok, "nothing to do");
  }

  void describe() {
    if (facts_.current) {
      say(fmt::format("current: {}, {}; it signs since {}", thumbprint_of(*facts_.current),
                      ends_text(facts_.current->certificate, facts_.now),
                      format_instant(facts_.current->row.effective)));
    } else {
      say("current: none");
    }
    for (const auto& staged : facts_.staged) {
      say(fmt::format("staged: {}, {}; it takes over at {}, published since {}", thumbprint_of(staged),
                      ends_text(staged.certificate, facts_.now), format_instant(staged.row.effective),
                      format_instant(staged.row.published)));
    }
    if (const auto end = last_token_of_previous(facts_)) {
      say(fmt::format("previous: {}, {}; the last token that it signed {} at {}",
                      thumbprint_of(*facts_.previous), ends_text(facts_.previous->certificate, facts_.now),
                      *end <= facts_.now ? "has ended" : "ends", format_instant(*end)));
    }
    if (facts_.learners.empty()) return;
    const auto informed = std::ranges::count_if(health_.learners, [](const auto& one) {
      return one.knows_current && one.knows_staged_in_time.value_or(true);
    });
    say(fmt::format("partners: {} of {} know our keys, or will in time", informed, health_.learners.size()));
  }

  void decide_without_signer() {
    const auto what = !facts_.current               ? "no certificate signs"
                      : is_expired(*facts_.current) ? "the current certificate has ended"
                                                    : "the current certificate is not valid yet";
    if (const auto* staged = stopgap()) {
      set(Decision::publish_staged, HealthVerdict::critical,
          fmt::format("{}: make the staged one effective now; do not make a third", what));
      run(roll_command(thumbprint_of(*staged), facts_.now, facts_.now));
      tell_everyone_of(*staged);
      return;
    }
    set(Decision::make_new, HealthVerdict::critical,
        fmt::format("{}: request or import a new one now{}", what,
                    facts_.learners.empty() ? "" : ", and tell every partner"));
    run(std::string(kRequestNew));
    // It would take over from the new one at its date.
    if (!facts_.staged.empty()) run("remove-certificate --type OAuthTokenIssuer --staged");
    if (facts_.learners.empty()) return;
    for (const auto& learner : facts_.learners) say(fmt::format("to tell: {}", learner.identity));
    run("export-certificate --type OAuthTokenIssuer --output-file issuer.pem");
  }

  void tell_everyone_of(const HeldCertificate& held) {
    bool exported = false;
    for (const auto& learner : facts_.learners) {
      const auto learns = learns_at(learner, thumbprint_of(held), held.row.published);
      if (learns && *learns <= facts_.now) continue;
      say(fmt::format("to tell: {}", learner.identity));
      if (!exported) run(export_command(thumbprint_of(held)));
      exported = true;
      run(told_command(learner, {thumbprint_of(held)}));
    }
  }

  void stage_new() {
    const auto date = advised_date(facts_.now);
    health_.effective_date = date;
    const bool critical = is_within(facts_.current->certificate, facts_.critical, facts_.now);
    set(Decision::stage_new, critical ? HealthVerdict::critical : HealthVerdict::warning,
        fmt::format("stage a new certificate that takes over at {}", format_instant(date)));
    run(fmt::format("{} --roll --effective-date {}{}", kRequestNew,
                    date <= facts_.now ? std::string("now") : format_instant(date),
                    facts_.staged.empty() ? "" : " --replace-staged"));
  }

  void move_staged() {
    const auto date = advised_date(*successor());
    health_.effective_date = date;
    set(Decision::move_staged, HealthVerdict::warning,
        fmt::format("let the staged certificate take over earlier, at {}", format_instant(date)));
    run(roll_command(thumbprint_of(*successor()), date, facts_.now));
  }

  [[nodiscard]] bool has_uninformed() const {
    return std::ranges::any_of(health_.learners, [](const auto& one) {
      return !one.knows_current || !one.knows_staged_in_time.value_or(true);
    });
  }

  void tell_partners() {
    set(Decision::tell_partners, HealthVerdict::warning, "tell the partners that may not know our keys");
    if (!later_roll_.empty()) run(later_roll_);
    std::vector<std::string> exported;
    for (const auto& [learner, thumbprints] : untold_) {
      for (const auto& one : thumbprints) {
        if (std::ranges::find(exported, one) != exported.end()) continue;
        exported.push_back(one);
        run(export_command(one));
      }
      if (!thumbprints.empty()) run(told_command(learner, thumbprints));
    }
  }

  void conclude() {
    std::ranges::stable_sort(health_.findings, std::greater<>(), &Finding::severity);
    if (health_.findings.empty()) return;
    const auto worst = health_.findings.front().severity;
    if (worst == Severity::error) health_.verdict = HealthVerdict::critical;
    if (worst == Severity::warning) health_.verdict = std::max(health_.verdict, HealthVerdict::warning);
    if (health_.decision == Decision::none && health_.verdict != HealthVerdict::ok)
      health_.summary = "nothing has to be rolled; the findings say what to mend";
  }

  const HealthFacts& facts_;
  CertificateHealth health_;
  std::string later_roll_;  // a command; empty: the date leaves partners enough time
  std::vector<std::pair<KeyLearner, std::vector<std::string>>>
      untold_;  // who has to be told of which thumbprints
};

}  // namespace

std::optional<Instant> last_token_of_previous(const HealthFacts& facts) {
  if (!facts.previous || !facts.current) return std::nullopt;
  const auto& held = *facts.previous;
  auto stopped = facts.current->row.effective;
  if (held.row.signed_until) stopped = std::max(stopped, *held.row.signed_until);
  return std::min(stopped + facts.rules.tail(), held.certificate.not_after + std::chrono::seconds(1));
}

CertificateHealth judge(const HealthFacts& facts) {
  return Judge(facts).judge();
}

}  // namespace accord
