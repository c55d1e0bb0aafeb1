#include "lib/app/certificate_report_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "lib/app/html.h"
#include "lib/app/records.h"

namespace accord::certificate_page {
namespace {

constexpr Duration kSecond{1};

// --- Certificates

Shown shown(const HeldCertificate& held, std::string state) {
  const auto from = std::max(held.row.effective, held.certificate.not_before);
  return {.held = &held,
          .state = std::move(state),
          .signs_from = from,
          .signs_until = held.certificate.not_after};
}

// Each signs until the next one takes over.
void end_where_the_next_begins(std::vector<Shown>& all) {
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    all[i].signs_until = std::min(all[i].signs_until, all[i + 1].held->row.effective - kSecond);
}

// --- Parties

std::string trouble_with_keys_of(const TrustedParty& party, Instant now) {
  // A partner behind an authorization server has no keys of its own; a disabled one is meant to be refused.
  if (!party.enabled || (party.keys.empty() && party.trusted_by == "the authorization server")) return {};
  if (party.keys.empty()) return "no key of it is known";
  const auto ended = [now](const Certificate& key) { return key.not_after < now; };
  return std::ranges::all_of(party.keys, ended) ? "all its keys have expired" : "";
}

std::string trouble_of(const LearnerState& state) {
  if (!state.knows_current) return "may not know our current key";
  return state.knows_staged_in_time.value_or(true) ? "" : "may not know our next key in time";
}

// --- Words

std::string grouped(std::int64_t number) {
  auto digits = std::to_string(number);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (auto at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string rough(Duration duration) {
  using std::chrono::days, std::chrono::hours, std::chrono::minutes;
  if (duration < minutes(1)) return counted(duration.count(), "second", "seconds");
  if (duration < hours(1)) return counted(floor<minutes>(duration).count(), "minute", "minutes");
  if (duration < hours(48)) return counted(floor<hours>(duration).count(), "hour", "hours");
  return counted(floor<days>(duration).count(), "day", "days");
}

// "request-certificate --new": to be copied as it is.
bool begins_with_command(std::string_view text) {
  return text.substr(0, text.find(' ')).find('-') != text.npos;
}

}  // namespace

std::vector<Shown> shown_certificates(const HealthFacts& facts) {
  std::vector<Shown> all;
  if (facts.previous) {
    all.push_back(shown(*facts.previous, "Previous"));
    all.back().is_previous = true;
  }
  if (facts.current) all.push_back(shown(*facts.current, "Current"));
  for (std::size_t i = 0; i < facts.staged.size(); ++i) {
    const auto place = facts.staged.size() > 1 ? fmt::format(" ({} of {})", i + 1, facts.staged.size()) : "";
    all.push_back(shown(facts.staged[i], "Staged" + place));
    all.back().is_staged = true;
  }
  end_where_the_next_begins(all);
  if (facts.previous) all.front().last_token = last_token_of_previous(facts);
  return all;
}

std::vector<Party> parties(const HealthFacts& facts, const CertificateHealth& health) {
  std::map<std::pair<bool, std::string>, Party> found;
  const auto party = [&found](bool is_oauth_server, const std::string& identity) -> Party& {
    auto& one = found[{is_oauth_server, identity}];
    one.identity = identity;
    one.is_oauth_server = is_oauth_server;
    return one;
  };
  for (const auto& one : facts.parties) {
    auto& made = party(one.is_oauth_server, one.identity);
    made.trusted = &one;
    made.last_refresh = one.last_refresh;
    made.trouble_with_its_keys = trouble_with_keys_of(one, facts.now);
  }
  for (const auto& state : health.learners) {
    auto& made = party(state.learner.is_oauth_server, state.learner.identity);
    made.verifies = &state;
    if (!made.last_refresh) made.last_refresh = state.learner.last_refresh;
    made.trouble_with_ours = trouble_of(state);
  }
  std::vector<Party> all;
  all.reserve(found.size());
  for (auto& [key, one] : found) all.push_back(std::move(one));
  return all;
}

std::string date(Instant at) {
  return format_instant(at).substr(0, 10);
}

std::string minute(Instant at) {
  const auto text = format_instant(at);
  return text.substr(0, 10) + " " + text.substr(11, 5);
}

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string ago(Instant at, Instant now) {
  if (at > now) return ahead(at, now);  // the clock ran back
  return now - at < std::chrono::minutes(1) ? "just now" : rough(now - at) + " ago";
}

std::string ahead(Instant at, Instant now) {
  return at > now ? "in " + rough(at - now) : ago(at, now);
}

std::string time_left(Instant end, Instant now) {
  if (end < now) return "expired " + ago(end, now);
  const auto days = days_left(end, now);
  return days == 0 ? rough(end - now) + " left" : counted(days, "day", "days") + " left";
}

std::string short_thumbprint(std::string_view thumbprint) {
  return shortened(thumbprint, 9);
}

std::string sentence(std::string_view text) {
  std::string made(text);
  if (made.empty() || begins_with_command(text)) return made;
  if (made.front() >= 'a' && made.front() <= 'z') made.front() = static_cast<char>(made.front() - 'a' + 'A');
  if (made.back() != '.' && made.back() != ':') made += '.';
  return made;
}

std::string time_element(Instant at) {
  const auto text = format_instant(at);
  return fmt::format(R"(<time datetime="{}">{} {} UTC</time>)", text, text.substr(0, 10), text.substr(11, 8));
}

std::string icon(Sign sign) {
  constexpr std::array<std::pair<Sign, std::string_view>, 4> kShapes = {
      {{Sign::good, R"(<circle cx="8" cy="8" r="7"/><path d="M4.5 8.5l2.5 2.5l4.5-5.5"/>)"},
       {Sign::warning, R"(<path class="body" d="M8 1L15.5 14.5H.5z"/><path d="M8 6v4M8 11.7v1.3"/>)"},
       {Sign::bad,
        R"(<path class="body" d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z"/><path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"/>)"},
       {Sign::neutral, R"(<circle cx="8" cy="8" r="7"/><path d="M8 7v4.5M8 4v1.4"/>)"}}};
  for (const auto& [one, shape] : kShapes) {
    if (one == sign)
      return fmt::format(R"(<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{}</svg>)", shape);
  }
  return {};
}

}  // namespace accord::certificate_page
