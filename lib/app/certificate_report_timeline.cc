// Which rows, bars and marks the time lines of the certificate report hold. Two drawings: a certificate lasts
// years, what has to be done about it takes weeks.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "lib/app/certificate_report_parts.h"
#include "lib/app/html.h"
#include "lib/app/time_chart.h"

namespace accord::certificate_page {
namespace {

using std::chrono::days;

constexpr Duration kFarthest = days(15 * 365);  // of the drawing of years, to either side of now
constexpr std::size_t kMostNamedParties = 5;    // beyond it, their names would hide the dates

struct Range {
  Instant from = {}, until = {};
  [[nodiscard]] Duration length() const { return until - from; }
  void include(Instant at, Duration before, Duration after) {
    from = std::min(from, at - before);
    until = std::max(until, at + after);
  }
};

// From the first NotBefore to the last NotAfter, as far as that can be drawn: some certificates are valid to
// the year 9999.
Range years(const std::vector<Shown>& all, Instant now) {
  const Instant earliest = now - kFarthest;
  const Instant latest = now + kFarthest;
  Range range{now - days(30), now + days(30)};
  for (const auto& one : all) {
    range.include(std::clamp(one.certificate().not_before, earliest, latest), {}, {});
    range.include(std::clamp(one.certificate().not_after, earliest, latest), {}, {});
  }
  const auto margin = range.length() / 40;
  return {range.from - margin, range.until + margin};
}

// The weeks around now, and what is due in the months that follow.
Range weeks(const std::vector<Shown>& all, const HealthFacts& facts, const CertificateHealth& health) {
  Range range{facts.now - days(14), facts.now + days(42)};
  const auto include_if_near = [&range, &facts](Instant at, Duration after) {
    if (at > facts.now - days(30) && at < facts.now + days(120)) range.include(at, days(3), after);
  };
  for (const auto& one : all) {
    include_if_near(one.held->row.effective, days(14));
    if (!one.is_previous) include_if_near(one.certificate().not_after, days(7));
    if (one.last_token) include_if_near(*one.last_token, days(3));
  }
  if (health.effective_date) include_if_near(*health.effective_date, days(14));
  return range;
}

// --- Rows

std::string tip(const Shown& one) {
  const auto& certificate = one.certificate();
  return fmt::format("{} {}: {}, valid {} to {} UTC", one.state, certificate.thumbprint, certificate.subject,
                     minute(certificate.not_before), minute(certificate.not_after));
}

ChartRow row_of(const Shown& one, const HealthFacts& facts) {
  const auto& certificate = one.certificate();
  const auto left = time_left(certificate.not_after, facts.now);
  const auto key = one.held->has_key ? "" : ", no private key";
  ChartRow row{.name = one.state, .tip = tip(one)};
  row.details = {fmt::format("{}, {}{}", certificate.thumbprint, left, key),
                 fmt::format("{}, {}{}", short_thumbprint(certificate.thumbprint), left, key),
                 fmt::format("{}{}", short_thumbprint(certificate.thumbprint), key)};
  row.spans.push_back({certificate.not_before, certificate.not_after, Look::valid});
  row.spans.push_back({one.signs_from, one.signs_until, one.held->has_key ? Look::signs : Look::keyless});
  if (one.last_token) {
    const auto signing_ends = std::max(one.signs_until, one.held->row.signed_until.value_or(one.signs_until));
    row.spans.push_back({signing_ends, *one.last_token, Look::tail});
  }
  if (!one.is_previous) {
    const auto end = certificate.not_after;
    row.spans.push_back({std::max(certificate.not_before, end - facts.warning), end, Look::warning});
    row.spans.push_back({std::max(certificate.not_before, end - facts.critical), end, Look::critical});
  }
  return row;
}

ChartRow row_of_years(const Shown& one, const HealthFacts& facts, const Range& range) {
  auto row = row_of(one, facts);
  const auto& certificate = one.certificate();
  // An end outside is told at the edge, where the bar has an arrow.
  const auto edge = [&range](Instant at) { return std::clamp(at, range.from, range.until); };
  row.marks.push_back({edge(certificate.not_before), date(certificate.not_before)});
  row.marks.push_back({edge(certificate.not_after), date(certificate.not_after)});
  if (one.is_staged)
    row.marks.push_back({edge(one.held->row.effective), "takes over " + date(one.held->row.effective)});
  return row;
}

void mark_what_is_staged(ChartRow& row, const CertificateAssignment& assignment) {
  row.marks.push_back({assignment.effective, "takes over " + minute(assignment.effective)});
  row.marks.push_back({assignment.published, "published " + minute(assignment.published)});
  const auto read = assignment.published + kRefreshInterval;
  row.marks.push_back({read, "learnt by " + minute(read)});
}

void mark_the_end(ChartRow& row, const Shown& one, const HealthFacts& facts) {
  const auto end = one.certificate().not_after;
  row.marks.push_back({end, (end < facts.now ? "ended " : "ends ") + minute(end)});
  if (one.is_previous) return;
  // A zone that began long ago, or with the certificate, is news to nobody.
  for (const auto& [zone, name] :
       {std::pair{facts.warning, "warning from "}, std::pair{facts.critical, "critical from "}}) {
    if (end - zone > one.certificate().not_before) row.marks.push_back({end - zone, name + date(end - zone)});
  }
}

ChartRow row_of_weeks(const Shown& one, const HealthFacts& facts) {
  auto row = row_of(one, facts);
  if (one.is_staged) {
    mark_what_is_staged(row, one.held->row);
  } else if (!one.is_previous) {
    row.marks.push_back({one.signs_from, "signs from " + minute(one.signs_from)});
  }
  if (one.last_token)
    row.marks.push_back(
        {*one.last_token, (*one.last_token < facts.now ? "its last token ended " : "its last token ends ") +
                              minute(*one.last_token)});
  mark_the_end(row, one, facts);
  return row;
}

// What is advised and not staged yet.
std::optional<ChartRow> advised_row(const HealthFacts& facts, const CertificateHealth& health,
                                    const Range& range) {
  if (!health.effective_date || health.decision != Decision::stage_new) return std::nullopt;
  const auto at = *health.effective_date;
  return ChartRow{.name = "To be staged",
                  .details = {"a new certificate, as advised above", "a new certificate"},
                  .tip = "What the report advises",
                  .spans = {{std::max(at, facts.now), range.until, Look::planned}},
                  .marks = {{at, "takes over " + minute(at)}}};
}

std::string refresh_summary(const std::vector<Party>& all, std::int64_t reads, std::int64_t fresh) {
  const auto never = static_cast<std::int64_t>(all.size()) - reads;
  return fmt::format("{} of {} within 24 hours{}", fresh, all.size(),
                     never > 0 ? fmt::format(", {} never", never) : "");
}

ChartRow refresh_row(const std::vector<Party>& all, const HealthFacts& facts, const Range& range) {
  ChartRow row{.name = "Partners' keys, last read", .tip = "When we last read the keys of each partner"};
  std::int64_t reads = 0;
  std::int64_t fresh = 0;
  for (const auto& one : all) {
    if (!one.last_refresh) continue;
    ++reads;
    if (facts.now - *one.last_refresh <= kRefreshInterval) ++fresh;
    if (*one.last_refresh >= range.from)
      row.marks.push_back(
          {*one.last_refresh, shortened(one.identity, 16) + ", " + ago(*one.last_refresh, facts.now)});
  }
  if (row.marks.size() > kMostNamedParties) {
    for (auto& mark : row.marks) mark.label.clear();
  }
  row.details = {refresh_summary(all, reads, fresh), fmt::format("{} of {} in 24 h", fresh, all.size())};
  return row;
}

// --- The drawings

std::string described(const std::vector<Shown>& all) {
  std::string text;
  for (const auto& one : all) text += tip(one) + ". ";
  return text;
}

TimeChart chart_of_years(const std::vector<Shown>& all, const HealthFacts& facts, const Range& near) {
  const auto range = years(all, facts.now);
  TimeChart chart{.id = "years",
                  .title = "When each certificate is valid",
                  .description = described(all),
                  .from = range.from,
                  .until = range.until,
                  .now = facts.now,
                  .close_up = std::pair{near.from, near.until}};
  for (const auto& one : all) {
    if (one.is_staged) chart.handovers.push_back(one.held->row.effective);
    chart.rows.push_back(row_of_years(one, facts, range));
  }
  return chart;
}

TimeChart chart_of_weeks(const std::vector<Shown>& all, const HealthFacts& facts,
                         const CertificateHealth& health, const Range& range) {
  TimeChart chart{.id = "weeks",
                  .title = fmt::format("The weeks around {}", date(facts.now)),
                  .description = described(all),
                  .from = range.from,
                  .until = range.until,
                  .now = facts.now};
  for (const auto& one : all) {
    if (one.is_staged) chart.handovers.push_back(one.held->row.effective);
    chart.rows.push_back(row_of_weeks(one, facts));
  }
  if (auto row = advised_row(facts, health, range)) {
    chart.handovers.push_back(*health.effective_date);
    chart.rows.push_back(std::move(*row));
  }
  const auto everyone = parties(facts, health);
  if (!everyone.empty()) chart.rows.push_back(refresh_row(everyone, facts, range));
  return chart;
}

std::string figure(const TimeChart& chart, std::string_view caption) {
  return fmt::format("<figure>\n<figcaption>{}</figcaption>\n{}{}</figure>\n", caption,
                     draw(chart, ChartWidth::wide), draw(chart, ChartWidth::narrow));
}

struct LegendItem {
  Look look = Look::valid;
  std::string_view shape;
  std::string_view words;
};

// Of what is drawn, and nothing else.
std::string legend(const TimeChart& chart) {
  constexpr std::array<LegendItem, 7> kItems = {
      {{Look::signs, R"(<rect class="signs" y="2" width="24" height="12"/>)", "signs our tokens"},
       {Look::keyless, R"(<rect class="keyless" x="1" y="2" width="22" height="12"/>)",
        "should sign, but its key is not here"},
       {Look::valid, R"(<rect class="valid" y="4" width="24" height="8"/>)", "valid"},
       {Look::tail, R"(<rect class="tail" x="1" y="2" width="22" height="12"/>)",
        "its last tokens are still accepted"},
       {Look::planned, R"(<rect class="planned" x="1" y="2" width="22" height="12"/>)", "advised"},
       {Look::warning, R"(<rect class="warning" y="6" width="24" height="3"/>)", "ends soon: warning"},
       {Look::critical, R"(<rect class="critical" y="5" width="24" height="6"/>)",
        "ends very soon: critical"}}};
  const auto is_drawn = [&chart](Look look) {
    return std::ranges::any_of(chart.rows, [look](const ChartRow& row) {
      return std::ranges::find(row.spans, look, &ChartSpan::look) != row.spans.end();
    });
  };
  std::string items;
  const auto add = [&items](std::string_view shape, std::string_view words) {
    items += fmt::format(
        "<li><svg class=\"chart key\" viewBox=\"0 0 24 16\" aria-hidden=\"true\">{}</svg> {}</li>\n", shape,
        words);
  };
  for (const auto& [look, shape, words] : kItems) {
    if (is_drawn(look)) add(shape, words);
  }
  if (!chart.handovers.empty()) add(R"(<path class="handover" d="M12 0V16"/>)", "the next one takes over");
  return "<ul class=\"legend\">\n" + items + "</ul>\n";
}

}  // namespace

std::string timeline_section(const HealthFacts& facts, const CertificateHealth& health) {
  std::string section = "<section>\n<h2>Time line</h2>\n";
  const auto all = shown_certificates(facts);
  if (all.empty()) return section + "<p>There is no certificate to draw.</p>\n</section>\n";

  const auto near = weeks(all, facts, health);
  const auto around_now = chart_of_weeks(all, facts, health, near);
  section += legend(around_now);
  auto caption =
      fmt::format("The weeks around now, {} to {}. All times are UTC.", date(near.from), date(near.until));
  if (!facts.staged.empty())
    caption += " A key that is published is learnt within 24 hours by those who read our metadata.";
  section += figure(around_now, caption);
  section +=
      figure(chart_of_years(all, facts, near),
             "The whole validity of each certificate. The shaded strip is what the drawing above shows.");
  return section + "</section>\n";
}

}  // namespace accord::certificate_page
