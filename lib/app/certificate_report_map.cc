// Who trusts whom, by what: we in the middle, a box for each partner, and between the two an arrow for either
// direction. Boxes of HTML, not a drawing: names of any length wrap, and any number of rows can be read.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/certificate_report_parts.h"
#include "lib/app/html.h"

namespace accord::certificate_page {
namespace {

// Of those who are well, more than this go into a table; the others keep their boxes, up to the second
// number.
constexpr std::size_t kMostBoxes = 12;
constexpr std::size_t kMostTroubledBoxes = 30;

std::string arrow(std::string_view css, Sign sign, std::string_view text) {
  return fmt::format(R"(<p class="arrow {}">{} {}</p>)", css, icon(sign), text);
}

// --- Words: escaped

std::string keys_of(const TrustedParty& party) {
  if (party.keys.empty()) return {};
  const auto last = std::ranges::max_element(party.keys, {}, &Certificate::not_after);
  const auto count = static_cast<std::int64_t>(party.keys.size());
  return fmt::format("{}, valid until {}", counted(count, "key", "keys"), date(last->not_after));
}

std::string incoming_words(const Party& party) {
  if (party.trusted == nullptr) return "we accept no tokens of it";
  const auto& trusted = *party.trusted;
  if (!trusted.enabled) return "disabled: we refuse its tokens";
  return "we accept its tokens: by " +
         escape_html(trusted.trusted_by.empty() ? "unknown" : trusted.trusted_by);
}

std::string incoming_details(const Party& party, Instant now) {
  std::string text = party.trouble_with_its_keys;
  const auto add = [&text](std::string_view more) {
    if (more.empty()) return;
    if (!text.empty()) text += "; ";
    text += more;
  };
  if (party.trusted != nullptr) add(keys_of(*party.trusted));
  if (party.last_refresh) add("keys last read " + ago(*party.last_refresh, now));
  return text;
}

std::string outgoing_words(const Party& party) {
  if (party.verifies == nullptr) return "it verifies none of our tokens itself";
  return party.trouble_with_ours.empty() ? "it verifies our tokens: up to date"
                                         : "it verifies our tokens: " + party.trouble_with_ours;
}

std::string outgoing_details(const Party& party) {
  return party.verifies == nullptr ? "" : escape_html(party.verifies->text);
}

std::string lines(const std::string& words, const std::string& details) {
  return details.empty() ? words : fmt::format("{}<small>{}</small>", words, details);
}

// --- Boxes

std::string incoming(const Party& party, Instant now) {
  const auto text = lines(incoming_words(party), incoming_details(party, now));
  if (party.trusted == nullptr || !party.trusted->enabled) return arrow("none", Sign::neutral, text);
  return party.trouble_with_its_keys.empty() ? arrow("in", Sign::good, text)
                                             : arrow("in broken", Sign::bad, text);
}

std::string outgoing(const Party& party) {
  const auto text = lines(outgoing_words(party), outgoing_details(party));
  if (party.verifies == nullptr) return arrow("none", Sign::neutral, text);
  if (party.trouble_with_ours.empty()) return arrow("out", Sign::good, text);
  return arrow("out broken", party.verifies->knows_current ? Sign::warning : Sign::bad, text);
}

std::string box(const Party& party, Instant now) {
  const auto issuer = party.trusted == nullptr || party.trusted->issuer.empty()
                          ? ""
                          : fmt::format("<small><bdi>{}</bdi></small>", escape_html(party.trusted->issuer));
  return fmt::format(
      "<li class=\"party\"><div class=\"box\"><strong><bdi>{}</bdi></strong>{}</div>\n"
      "<div class=\"arrows\">{}\n{}</div></li>\n",
      escape_html(party.identity), issuer, incoming(party, now), outgoing(party));
}

// --- The map

using Chosen = std::vector<const Party*>;

std::string side(std::string_view css, std::string_view heading, const Chosen& all, std::size_t others,
                 Instant now) {
  std::string boxes;
  for (const auto* one : all) boxes += box(*one, now);
  if (others > 0)
    boxes += fmt::format(
        "<li class=\"party\"><div class=\"box\"><strong>{} more</strong></div>"
        "<div class=\"arrows\">{}</div></li>\n",
        others, arrow("none", Sign::neutral, "in the table below"));
  if (boxes.empty()) return {};
  return fmt::format("<div class=\"side {}\"><h3>{}</h3>\n<ul>{}</ul></div>\n", css, heading, boxes);
}

std::string table_of(const Chosen& all, Instant now) {
  if (all.empty()) return {};
  std::string rows;
  for (const auto* one : all) {
    rows += fmt::format(
        "<tr><th scope=\"row\" data-label=\"Who\"><bdi>{}</bdi></th>"
        "<td data-label=\"Is\">{}</td><td data-label=\"Its tokens\">{}</td>"
        "<td data-label=\"Our tokens\">{}</td></tr>\n",
        escape_html(one->identity), one->is_oauth_server ? "OAuth server" : "partner",
        lines(incoming_words(*one), incoming_details(*one, now)),
        lines(outgoing_words(*one), outgoing_details(*one)));
  }
  return "<h3>The others</h3>\n<table class=\"stacking\"><thead><tr><th scope=\"col\">Who</th>"
         "<th scope=\"col\">Is</th><th scope=\"col\">Its tokens</th><th scope=\"col\">Our "
         "tokens</th></tr></thead>\n"
         "<tbody>" +
         rows + "</tbody></table>\n";
}

struct Split {
  Chosen boxes, rows;
};

// Those with a trouble get boxes first.
Split split(const std::vector<Party>& all) {
  Split made;
  for (const auto& one : all) {
    const bool is_boxed = one.is_well() ? all.size() <= kMostBoxes : made.boxes.size() < kMostTroubledBoxes;
    (is_boxed ? made.boxes : made.rows).push_back(&one);
  }
  return made;
}

Chosen of_kind(const Chosen& all, bool is_oauth_server) {
  Chosen made;
  std::ranges::copy_if(all, std::back_inserter(made),
                       [&](const Party* one) { return one->is_oauth_server == is_oauth_server; });
  return made;
}

std::string we(const HealthFacts& facts) {
  const auto key = facts.current ? short_thumbprint(facts.current->certificate.thumbprint) : "no certificate";
  return fmt::format(
      "<div class=\"we\"><div class=\"we-label\"><strong>We</strong>"
      "<small><bdi>{}</bdi></small><small>sign with {}</small></div></div>\n",
      escape_html(facts.issuer_name.empty() ? "without a name yet" : facts.issuer_name), escape_html(key));
}

std::string summary(const std::vector<Party>& all) {
  const auto well = std::ranges::count_if(all, &Party::is_well);
  const auto size = static_cast<std::int64_t>(all.size());
  if (well == size) return "All of them stand well.";
  return fmt::format("{} of {} stand well; the others are marked.", well, size);
}

}  // namespace

std::string trust_map_section(const HealthFacts& facts, const CertificateHealth& health) {
  const auto all = parties(facts, health);
  std::string section = "<section>\n<h2>Who trusts whom</h2>\n";
  if (all.empty())
    return section + "<p>There is neither a partner application nor an OAuth server.</p>\n</section>\n";

  const auto [boxes, rows] = split(all);
  const auto partners =
      side("partners", "Partner applications", of_kind(boxes, false), of_kind(rows, false).size(), facts.now);
  const auto servers =
      side("servers", "OAuth servers", of_kind(boxes, true), of_kind(rows, true).size(), facts.now);
  const bool both = !partners.empty() && !servers.empty();
  section += fmt::format("<p>{}</p>\n<div class=\"map{}\">\n{}{}{}</div>\n", summary(all),
                         both ? " two-sided" : "", partners, we(facts), servers);
  return section + table_of(rows, facts.now) + "</section>\n";
}

}  // namespace accord::certificate_page
