#include "lib/app/certificate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/app/certificate_report_parts.h"
#include "lib/app/html.h"
#include "lib/app/records.h"

namespace accord {
namespace {

using namespace certificate_page;  // NOLINT: the pieces of this page

// --- The head

// Nothing is loaded, nothing runs.
constexpr std::string_view kHead =
    R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
)";

std::string name_of(const HealthFacts& facts) {
  return facts.issuer_name.empty() ? "this deployment" : facts.issuer_name;
}

std::string head(const HealthFacts& facts) {
  return fmt::format("{}<title>Certificate report: {}, {}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
                     kHead, escape_html(name_of(facts)), date(facts.now), style_sheet());
}

std::string title(const HealthFacts& facts) {
  return fmt::format(
      "<header>\n<p class=\"kind\">Certificate report</p>\n<h1><bdi>{}</bdi></h1>\n<p>{}</p>\n</header>\n",
      escape_html(name_of(facts)), time_element(facts.now));
}

// --- The verdict

struct Manner {
  std::string_view css;
  Sign sign = Sign::neutral;
};

Manner manner_of(HealthVerdict verdict) {
  switch (verdict) {
    case HealthVerdict::ok:
      return {"good", Sign::good};
    case HealthVerdict::warning:
      return {"warn", Sign::warning};
    case HealthVerdict::critical:
      break;
  }
  return {"bad", Sign::bad};
}

Manner manner_of(Severity severity) {
  switch (severity) {
    case Severity::information:
      return {"neutral", Sign::neutral};
    case Severity::warning:
      return {"warn", Sign::warning};
    case Severity::error:
      break;
  }
  return {"bad", Sign::bad};
}

std::string banner(const CertificateHealth& health) {
  const auto [css, sign] = manner_of(health.verdict);
  return fmt::format("<p class=\"verdict {}\">{} <span><strong>{}</strong> {}</span></p>\n", css, icon(sign),
                     enum_name(health.verdict), escape_html(sentence(health.summary)));
}

// --- The figures

std::string tile(std::string_view name, std::string_view figure, std::string_view note) {
  return fmt::format("<div><dt>{}</dt><dd><b>{}</b> {}</dd></div>\n", name, escape_html(figure),
                     escape_html(note));
}

std::string current_tile(const HealthFacts& facts) {
  if (!facts.current) return tile("Current certificate", "none", "nothing can be signed");
  const auto end = facts.current->certificate.not_after;
  return tile("Current certificate", time_left(end, facts.now),
              (end < facts.now ? "ended on " : "ends on ") + date(end));
}

std::string next_tile(const HealthFacts& facts) {
  if (facts.staged.empty()) return tile("Next certificate", "none", "nothing is staged");
  const auto at = facts.staged.front().row.effective;
  return tile("Next certificate", ahead(at, facts.now), "takes over on " + date(at));
}

std::string partners_tile(const CertificateHealth& health) {
  const auto count = static_cast<std::int64_t>(health.learners.size());
  const auto ready = std::ranges::count_if(health.learners, [](const LearnerState& one) {
    return one.knows_current && one.knows_staged_in_time.value_or(true);
  });
  if (count == 0) return tile("Partners", "none", "nobody verifies our tokens yet");
  return tile("Partners", fmt::format("{} of {}", ready, count), "know our keys in time");
}

std::string findings_tile(const CertificateHealth& health) {
  const auto count = [&health](Severity severity) {
    return std::ranges::count(health.findings, severity, &Finding::severity);
  };
  if (health.findings.empty()) return tile("Findings", "none", "every check passed");
  const auto errors = count(Severity::error);
  const auto warnings = count(Severity::warning);
  if (errors + warnings == 0) return tile("Findings", "no error", "and no warning");
  if (errors == 0) return tile("Findings", counted(warnings, "warning", "warnings"), "and no error");
  return tile("Findings", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"));
}

std::string figures(const HealthFacts& facts, const CertificateHealth& health) {
  return "<dl class=\"figures\">\n" + current_tile(facts) + next_tile(facts) + partners_tile(health) +
         findings_tile(health) + "</dl>\n";
}

// --- What to do

std::string_view words_of(Decision decision) {
  switch (decision) {
    case Decision::none:
      return "Nothing has to be done";
    case Decision::stage_new:
      return "Stage a new certificate";
    case Decision::move_staged:
      return "Move the date of the staged certificate";
    case Decision::tell_partners:
      return "Tell partners of our key";
    case Decision::publish_staged:
      return "Let the staged certificate take over now";
    case Decision::restore_key:
      return "Bring the private key back";
    case Decision::make_new:
      break;
  }
  return "Make or import a new certificate now";
}

std::string list_of(const std::vector<std::string>& items) {
  std::string list;
  for (const auto& one : items) list += fmt::format("<li>{}</li>\n", escape_html(sentence(one)));
  return list.empty() ? list : "<ul>\n" + list + "</ul>\n";
}

std::string commands(const std::vector<std::string>& all) {
  std::string list;
  for (const auto& one : all) list += fmt::format("<li><pre><code>{}</code></pre></li>\n", escape_html(one));
  return list.empty() ? list
                      : "<h3>Commands, in this order</h3>\n<ol class=\"commands\">\n" + list + "</ol>\n";
}

std::string decision_section(const CertificateHealth& health) {
  const auto date_line = health.effective_date ? fmt::format("<p>Effective date: {}.</p>\n",
                                                             time_element(*health.effective_date))
                                               : "";
  return fmt::format(
      "<section>\n<h2>What to do</h2>\n<p class=\"decision\"><strong>{}.</strong> <small>Decision: "
      "{}</small></p>\n"
      "{}{}{}</section>\n",
      words_of(health.decision), enum_name(health.decision), date_line, list_of(health.evidence),
      commands(health.commands));
}

// --- Findings

std::string finding_row(const Finding& finding) {
  const auto [css, sign] = manner_of(finding.severity);
  return fmt::format(
      "<tr><th scope=\"row\" data-label=\"Id\">{}</th>"
      "<td data-label=\"Severity\"><span class=\"badge {}\">{} {}</span></td>"
      "<td data-label=\"Target\"><bdi>{}</bdi></td><td data-label=\"Seen\">{}</td><td data-label=\"To "
      "do\">{}</td></tr>\n",
      escape_html(finding.id), css, icon(sign), enum_name(finding.severity), escape_html(finding.target),
      escape_html(sentence(finding.detection)), escape_html(sentence(finding.action)));
}

std::string findings_section(const CertificateHealth& health) {
  if (health.findings.empty())
    return "<section>\n<h2>Findings</h2>\n<p>None: every check passed.</p>\n</section>\n";
  std::string rows;
  for (const auto& one : health.findings) rows += finding_row(one);
  return "<section>\n<h2>Findings</h2>\n<table class=\"stacking findings\"><thead><tr><th "
         "scope=\"col\">Id</th>"
         "<th scope=\"col\">Severity</th><th scope=\"col\">Target</th><th scope=\"col\">Seen</th>"
         "<th scope=\"col\">To do</th></tr></thead>\n<tbody>" +
         rows + "</tbody></table>\n</section>\n";
}

// --- Certificates

std::string field(std::string_view name, std::string_view html) {
  return html.empty() ? "" : fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, html);
}

std::string code(std::string_view text) {
  return fmt::format("<code>{}</code>", escape_html(text));
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all)
    text += fmt::format("{}<bdi>{}</bdi>", text.empty() ? "" : ", ", escape_html(one));
  return text;
}

std::string signing_time(const Shown& one) {
  if (one.signs_until < one.signs_from) return "never";
  return fmt::format("{} to {}", time_element(one.signs_from), time_element(one.signs_until));
}

std::string key_of(const HeldCertificate& held) {
  const auto& certificate = held.certificate;
  return fmt::format("{}, {} bits; the private key is {}", enum_name(certificate.public_key.algorithm),
                     certificate.key_size, held.has_key ? "here" : "<strong>not here</strong>");
}

std::string identity_fields(const Certificate& certificate) {
  const auto names = joined(certificate.alternative_names);
  return field("Subject", fmt::format("<bdi>{}</bdi>", escape_html(certificate.subject))) +
         field("Alternative names", names.empty() ? "none" : names) +
         field("Issuer", fmt::format("<bdi>{}</bdi>", escape_html(certificate.issuer))) +
         field("Serial number", code(certificate.serial_number)) +
         field("Thumbprint", code(certificate.thumbprint)) + field("x5t", code(certificate.x5t())) +
         field("SHA-256", code(certificate.sha256));
}

std::string days_field(Instant end, Instant now) {
  const auto days = days_left(end, now);
  return days > 0 ? std::to_string(days) : fmt::format("{} ({})", days, time_left(end, now));
}

std::string date_fields(const Shown& one, Instant now) {
  const auto& certificate = one.certificate();
  return field("NotBefore", time_element(certificate.not_before)) +
         field("NotAfter", time_element(certificate.not_after)) +
         field("Days left", days_field(certificate.not_after, now)) +
         field("Effective date", time_element(one.held->row.effective)) +
         field("Published", time_element(one.held->row.published)) + field("Signs", signing_time(one)) +
         field("Last token ends", one.last_token ? time_element(*one.last_token) : "");
}

std::string certificate_card(const Shown& one, Instant now) {
  const auto& held = *one.held;
  return fmt::format("<div class=\"card\"><h3>{}</h3>\n<table class=\"fields\">{}{}{}{}{}{}</table></div>\n",
                     one.state, identity_fields(held.certificate), date_fields(one, now),
                     field("Key", key_of(held)),
                     field("Weakness", held.weakness ? escape_html(*held.weakness) : ""),
                     field("Other uses", joined(held.other_uses)),
                     field("SIP domains not named", joined(held.uncovered_domains)));
}

std::string refused_list(const HealthFacts& facts) {
  std::string list;
  for (const auto& one : facts.refused)
    list += fmt::format("<li>{}: refused from {}, its last token ends {}</li>\n", code(one.thumbprint),
                        time_element(one.from), time_element(one.until));
  return list.empty() ? list : "<h3>Refused while their tokens live</h3>\n<ul>\n" + list + "</ul>\n";
}

std::string certificates_section(const HealthFacts& facts) {
  std::string cards;
  auto all = shown_certificates(facts);
  // Those that matter most first: what has been is read last.
  std::stable_partition(all.begin(), all.end(), [](const Shown& one) { return !one.is_previous; });
  for (const auto& one : all) cards += certificate_card(one, facts.now);
  return fmt::format(
      "<section>\n<h2>Certificates</h2>\n{}{}</section>\n",
      cards.empty() ? "<p>None is assigned.</p>\n" : "<div class=\"cards\">\n" + cards + "</div>\n",
      refused_list(facts));
}

std::string footer(const HealthFacts& facts) {
  return fmt::format(
      "<footer>\n<p>Made by test-certificate-configuration with a warning at {} and a critical state at {} "
      "before the "
      "end. A token lives {} at most, and clocks may differ by {}. All times are UTC. No private key is in "
      "this page.</p>\n</footer>\n",
      format_duration(facts.warning), format_duration(facts.critical),
      format_duration(facts.rules.maximum_lifetime), format_duration(facts.rules.clock_skew));
}

}  // namespace

std::string certificate_report(const HealthFacts& facts, const CertificateHealth& health) {
  return head(facts) + title(facts) + "<main>\n" + banner(health) + figures(facts, health) +
         decision_section(health) + findings_section(health) + timeline_section(facts, health) +
         trust_map_section(facts, health) + certificates_section(facts) + "</main>\n" + footer(facts) +
         "</body>\n</html>\n";
}

}  // namespace accord
