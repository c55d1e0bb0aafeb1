#include "lib/app/certificate_report.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <functional>

#include "lib/app/html.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/file.h"

namespace accord {
namespace {

using std::chrono::days;
using std::chrono::hours;

Instant at(std::string_view text) {
  return parse_instant(text, {}).value();
}

const Instant kNow = at("2026-11-24T06:11:54Z");

// --- What a page is made of

Certificate certificate(std::string_view name, Instant from, Instant until) {
  Certificate made;
  made.der = name;
  made.thumbprint = hex_encode(sha1(name));
  made.sha256 = hex_encode(sha256(name));
  made.subject = fmt::format("CN={},O=Litware", name);
  made.issuer = made.subject;
  made.serial_number = made.thumbprint.substr(0, 16);
  made.not_before = from;
  made.not_after = until;
  made.alternative_names = {"litwareinc.com", "sip.litwareinc.com"};
  made.key_size = 2048;
  return made;
}

HeldCertificate held(std::string_view name, Instant from, Instant until, Instant effective) {
  HeldCertificate made;
  made.certificate = certificate(name, from, until);
  made.row = {.use = "OAuthTokenIssuer",
              .thumbprint = made.certificate.thumbprint,
              .effective = effective,
              .updated = effective,
              .published = std::min(effective, kNow - hours(30))};
  return made;
}

struct Page {
  HealthFacts facts = {};
  CertificateHealth health = {};
  [[nodiscard]] std::string html() const { return certificate_report(facts, health); }

  void add_party(std::string_view identity, std::string_view by, std::optional<Instant> refresh,
                 bool is_oauth_server = false) {
    TrustedParty party;
    party.identity = identity;
    party.is_oauth_server = is_oauth_server;
    party.issuer = "00000002-0000-0ff1-ce00-000000000000@litwareinc.com";
    party.trusted_by = by;
    if (by != "the authorization server")
      party.keys = {certificate(identity, kNow - days(300), kNow + days(900))};
    party.last_refresh = refresh;
    facts.parties.push_back(party);
  }

  LearnerState& add_learner(std::string_view identity, LearnsOurKeysBy by, bool is_oauth_server = false) {
    KeyLearner learner;
    learner.identity = identity;
    learner.is_oauth_server = is_oauth_server;
    learner.learns_by = by;
    facts.learners.push_back(learner);
    LearnerState state;
    state.learner = learner;
    state.text = by == LearnsOurKeysBy::metadata ? "reads our metadata" : "has to be told by hand";
    health.learners.push_back(state);
    return health.learners.back();
  }
};

Page bare() {
  Page page;
  page.facts.now = kNow;
  page.facts.issuer_name = "00000004-0000-0ff1-ce00-000000000000@litwareinc.com";
  page.health.summary = "every partner knows the key that signs, and it ends in 488 days";
  return page;
}

Page well() {
  auto page = bare();
  page.facts.current =
      held("Litware OAuth 2023", at("2023-03-27"), at("2028-03-26T23:59:59Z"), at("2023-04-01"));
  page.add_party("exchange", "metadata", kNow - hours(5));
  page.add_party("sharepoint", "metadata", kNow - hours(2));
  page.add_learner("exchange", LearnsOurKeysBy::metadata);
  page.add_learner("sharepoint", LearnsOurKeysBy::metadata);
  page.health.evidence = {"the current certificate ends on 2028-03-26, in 488 days"};
  return page;
}

// The roll is tomorrow, and one partner was not told.
Page ordinary() {
  auto page = bare();
  auto& [facts, health] = page;
  facts.previous = held("Litware OAuth 2017", at("2017-01-10"), at("2027-01-09T23:59:59Z"), at("2017-01-11"));
  facts.current = held("Litware OAuth 2021", at("2021-11-20"), at("2027-01-20T11:00:00Z"), kNow - hours(20));
  facts.staged = {held("Litware OAuth 2026", at("2026-11-20"), at("2031-11-19T23:59:59Z"), kNow + hours(28))};
  page.add_party("exchange", "metadata", kNow - hours(5));
  page.add_party("hr", "certificate", std::nullopt);
  page.add_party("sharepoint", "metadata", kNow - days(9));
  page.add_party("acs", "metadata", kNow - hours(3), true);
  page.add_learner("exchange", LearnsOurKeysBy::metadata).knows_staged_in_time = true;
  auto& told_by_hand = page.add_learner("hr", LearnsOurKeysBy::file);
  told_by_hand.knows_staged_in_time = false;
  page.add_learner("sharepoint", LearnsOurKeysBy::metadata).knows_staged_in_time = true;
  page.add_learner("acs", LearnsOurKeysBy::metadata, true).knows_staged_in_time = true;
  const auto& next = facts.staged.front().certificate.thumbprint;
  health.verdict = HealthVerdict::warning;
  health.decision = Decision::tell_partners;
  health.summary = "tell the partner 'hr' of the staged certificate before it takes over on 2026-11-25";
  health.evidence = {"the staged certificate takes over on 2026-11-25T10:11:54Z",
                     "3 of 4 partners read our metadata, and have had 30 hours for it",
                     "'hr' was given a file, and was not told of the staged one"};
  health.commands = {fmt::format("export-certificate --thumbprint {} --output-file litware.cer", next),
                     fmt::format("set-partner-application hr --told-thumbprint {}", next)};
  health.findings = {
      {"CERT-NOTIFY", Severity::warning, "hr", "it holds the current certificate only, and reads no metadata",
       "send it the staged certificate, then record that with set-partner-application --told-thumbprint"},
      {"CERT-PREVIOUS", Severity::information, facts.previous->certificate.thumbprint,
       "tokens that it signed are accepted until 2026-11-24T11:16:54Z", "remove it after that"}};
  return page;
}

Page critical() {
  auto page = ordinary();
  auto& [facts, health] = page;
  facts.previous.reset();
  facts.staged.clear();
  facts.current->certificate.not_after = kNow + days(5) + hours(3);
  facts.current->row.effective = at("2021-11-21");
  facts.current->has_key = false;
  facts.current->weakness = "its RSA key has 1024 bits, and partners take none under 2048";
  facts.current->other_uses = {"WebServicesExternal"};
  facts.current->uncovered_domains = {"fabrikam.example"};
  for (auto& one : health.learners) one.knows_staged_in_time.reset();
  health.learners[1].knows_current = false;
  health.verdict = HealthVerdict::critical;
  health.decision = Decision::stage_new;
  health.effective_date = kNow + days(3);
  health.summary = "the current certificate ends in 5 days, and nothing is staged";
  health.evidence = {"the current certificate ends on 2026-11-29T09:11:54Z, in 5 days",
                     "partners that read metadata need 24 hours to learn the next one"};
  health.commands = {
      "request-certificate --new --type OAuthTokenIssuer --roll --effective-date 2026-11-27T06:11:54Z"};
  health.findings.pop_back();
  health.findings.insert(
      health.findings.begin(),
      {{"CERT-EXPIRY", Severity::error, facts.current->certificate.thumbprint,
        "5 days left, critical from 14 on",
        "request-certificate --new --type OAuthTokenIssuer --roll --effective-date 2026-11-27T06:11:54Z"},
       {"CERT-KEY", Severity::error, facts.current->certificate.thumbprint,
        "its private key is not in this store", "import-certificate from the server that has it"}});
  facts.refused = {{hex_encode(sha1("gone")), kNow - hours(3), kNow + hours(22)}};
  return page;
}

Page many() {
  auto page = ordinary();
  for (int i = 0; i < 196; ++i) {
    const auto identity = fmt::format("partner-{:03}.contoso.example", i);
    if (i % 7 == 6) {
      page.add_party(identity, "the authorization server", std::nullopt);
      continue;
    }
    page.add_party(identity, "metadata", kNow - hours(i % 40));
    auto& state = page.add_learner(identity, LearnsOurKeysBy::metadata);
    state.knows_staged_in_time = i % 50 != 3;
  }
  return page;
}

// Certificates that end in other centuries, and too many of them.
Page far() {
  auto page = well();
  auto& facts = page.facts;
  facts.previous = held("expired long ago", at("1999-01-01"), at("2004-12-31T23:59:59Z"), at("1999-02-01"));
  facts.current = held("for ever", at("2010-06-01"), kLatestInstant, at("2010-06-02"));
  facts.staged = {held("next century", at("2020-01-01"), at("2185-05-05"), kNow + days(400)),
                  held("short", kNow - days(1), kNow + days(410), kNow + days(405)),
                  held("after all", kNow + days(300), at("2185-05-06"), kNow + days(5000))};
  return page;
}

// Everything happens within a day.
Page crowded() {
  auto page = ordinary();
  auto& facts = page.facts;
  facts.current->certificate.not_after = kNow + hours(30);
  facts.staged = {held("first", kNow - hours(2), kNow + hours(40), kNow + hours(20)),
                  held("second", kNow - hours(1), kNow + days(40), kNow + hours(21))};
  page.add_party("another-partner-with-a-name-of-some-length", "metadata", kNow - hours(1));
  return page;
}

const std::string kLong = std::string(250, 'x') + "<&\"'";
const std::string kHostile = "</title><script>alert(1)</script><img src=x onerror=alert(1)>";
const std::string kForeign =
    "שלום & مرحبا 日本語 🦊\n\x1b[31m\xe2\x80\xae"
    "evil\xff";

Page hostile() {
  auto page = ordinary();
  auto& [facts, health] = page;
  facts.issuer_name = kHostile;
  facts.current->certificate.subject = "CN=" + kHostile;
  facts.current->certificate.alternative_names = {kLong, kForeign};
  facts.current->weakness = kHostile;
  facts.current->other_uses = {kForeign};
  for (const auto& name : {kLong, kHostile, kForeign}) {
    page.add_party(name, "metadata", kNow - hours(4));
    page.add_learner(name, LearnsOurKeysBy::unknown).knows_current = false;
    health.findings.push_back({"CERT-NOTIFY", Severity::warning, name, name, name});
    health.commands.push_back("set-partner-application " + shell_quoted(name));
  }
  health.summary = kHostile;
  health.evidence = {kForeign, kLong};
  return page;
}

Page empty() {
  Page page;
  page.facts.now = kNow;
  page.health.verdict = HealthVerdict::critical;
  page.health.decision = Decision::make_new;
  page.health.summary = "no certificate is assigned";
  return page;
}

struct Example {
  std::string name;
  std::function<Page()> make;
};

const std::vector<Example> kExamples = {{"well", well},       {"ordinary", ordinary}, {"critical", critical},
                                        {"many", many},       {"far", far},           {"crowded", crowded},
                                        {"hostile", hostile}, {"empty", empty}};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto i = text.find(part); i != text.npos; i = text.find(part, i + part.size())) ++count;
  return count;
}

// Without the first letter, which the page may write as a capital.
std::string tail_of(const std::string& text) {
  return text.substr(static_cast<unsigned char>(text.front()) < 0x80 ? 1 : 0);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("text becomes text in HTML, whatever it holds") {
  CHECK(escape_html("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(escape_html("&lt;") == "&amp;lt;");
  CHECK(escape_html("a\n\x1b") == "a\\n\\x1B");
  CHECK(escape_html("\xe2\x80\xae") == "\\u{202E}");
  CHECK(escape_html("\xff") == "\\xFF");
  CHECK(escape_html("日本語 🦊") == "日本語 🦊");
}

TEST_CASE("a text is shortened between two characters, and counts columns") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "ab…");
  CHECK(shortened("日本語", 5) == "日本…");
  CHECK(shortened("日本語", 4) == "日…");
  CHECK(shortened("", 4).empty());
  CHECK(shortened("a\nb", 4) == "a\\nb");
}

TEST_CASE("a page loads nothing and runs nothing") {
  for (const auto& example : kExamples) {
    CAPTURE(example.name);
    const auto html = example.make().html();
    CHECK(has(html, "default-src 'none'"));
    for (const auto* part :
         {"<script", "<img", "<iframe", "<link", "@import", "url(", "http://", "https://", " src=x>"})
      CHECK_FALSE(has(html, part));
    if (example.name != "hostile") CHECK_FALSE(has(html, "src="));
  }
}

TEST_CASE("the same state gives the same bytes") {
  for (const auto& example : kExamples) CHECK(example.make().html() == example.make().html());
}

TEST_CASE("a page holds every certificate, finding, command, partner and piece of evidence") {
  for (const auto& example : kExamples) {
    CAPTURE(example.name);
    const auto page = example.make();
    const auto html = page.html();
    auto all = page.facts.staged;
    if (page.facts.current) all.push_back(*page.facts.current);
    if (page.facts.previous) all.push_back(*page.facts.previous);
    for (const auto& one : all) {
      const auto& certificate = one.certificate;
      for (const auto& text :
           {certificate.thumbprint, certificate.sha256, certificate.x5t(), certificate.serial_number,
            escape_html(certificate.subject), format_instant(certificate.not_before),
            format_instant(certificate.not_after), format_instant(one.row.effective)})
        CHECK(has(html, text));
      for (const auto& name : certificate.alternative_names) CHECK(has(html, escape_html(name)));
    }
    for (const auto& one : page.health.findings) {
      for (const auto& text : {one.id, one.target, one.detection, one.action})
        CHECK(has(html, escape_html(tail_of(text))));
    }
    for (const auto& one : page.health.commands) CHECK(has(html, "<code>" + escape_html(one) + "</code>"));
    for (const auto& one : page.health.evidence) CHECK(has(html, escape_html(tail_of(one))));
    for (const auto& one : page.facts.parties)
      CHECK(has(html, "<bdi>" + escape_html(one.identity) + "</bdi>"));
    CHECK(has(html, escape_html(tail_of(page.health.summary))));
  }
}

TEST_CASE("the verdict and the decision stand in words") {
  CHECK(has(well().html(), "<strong>Ok</strong>"));
  CHECK(has(ordinary().html(), "<strong>Warning</strong> Tell the partner &#39;hr&#39;"));
  CHECK(has(ordinary().html(), "Decision: TellPartners"));
  CHECK(has(critical().html(), "<strong>Critical</strong>"));
  auto page = well();
  for (const auto& [decision, name] : EnumNames<Decision>::table) {
    page.health.decision = decision;
    CHECK(has(page.html(), fmt::format("Decision: {}<", name)));
  }
}

TEST_CASE("a finding's action is a sentence, or a command that can be copied") {
  auto page = well();
  page.health.findings = {
      {"CERT-KEY", Severity::error, "x", "its key is not here", "request-certificate --new"},
      {"CERT-WEAK", Severity::error, "x", "1024 bits", "make a new one"}};
  CHECK(has(page.html(), ">request-certificate --new</td>"));
  CHECK(has(page.html(), ">Its key is not here.</td>"));
  CHECK(has(page.html(), ">Make a new one.</td>"));
}

TEST_CASE("a state without certificates and partners says so") {
  const auto html = empty().html();
  CHECK(has(html, "There is no certificate to draw"));
  CHECK(has(html, "There is neither a partner application nor an OAuth server"));
  CHECK(has(html, "None is assigned"));
  CHECK(has(html, "this deployment"));
  CHECK_FALSE(has(html, "role=\"img\""));
}

TEST_CASE("tokens of the previous one live as long as its last signature allows, and no longer than it") {
  auto page = ordinary();
  // The current one took over 20 h ago. A token lives 25 h, clocks differ by
  // 5 min.
  CHECK(has(page.html(), "its last token ends 2026-11-24 11:16"));
  CHECK(has(page.html(), R"(<time datetime="2026-11-24T11:16:54Z">)"));
  page.facts.previous->row.signed_until = kNow - hours(10);
  CHECK(has(page.html(), R"(<time datetime="2026-11-24T21:16:54Z">)"));
  page.facts.previous->row.signed_until = kNow - days(3);
  CHECK(has(page.html(), R"(<time datetime="2026-11-24T11:16:54Z">)"));
  page.facts.previous->certificate.not_after = kNow + hours(1);
  CHECK(has(page.html(), "its last token ends 2026-11-24 07:11"));
}

TEST_CASE("each certificate signs until the next one takes over, or until it ends") {
  auto page = ordinary();
  const auto signs = [&page] {
    const auto html = page.html();
    std::vector<std::string> times;
    for (auto i = html.find(">Signs<"); i != html.npos; i = html.find(">Signs<", i + 1)) {
      const auto row = html.substr(i, html.find("</tr>", i) - i);
      const auto first = row.find("datetime=\"");
      times.push_back(first == row.npos
                          ? "never"
                          : row.substr(first + 10, 20) + " " + row.substr(row.rfind("datetime=\"") + 10, 20));
    }
    return times;
  };
  // The page shows the current, the staged and the previous one.
  CHECK(signs() == std::vector<std::string>{"2026-11-23T10:11:54Z 2026-11-25T10:11:53Z",
                                            "2026-11-25T10:11:54Z 2031-11-19T23:59:59Z",
                                            "2017-01-11T00:00:00Z 2026-11-23T10:11:53Z"});
  page.facts.current->certificate.not_after = kNow - days(1);  // before it took over
  CHECK(signs().front() == "never");
}

TEST_CASE("what is advised is drawn, until something is staged") {
  auto page = critical();
  CHECK(has(page.html(), "To be staged"));
  CHECK(has(page.html(), "takes over 2026-11-27 06:11"));
  CHECK(has(page.html(), "should sign, but its key is not here"));
  page.health.effective_date.reset();
  CHECK_FALSE(has(page.html(), "To be staged"));
}

TEST_CASE("a certificate's last second is a day that is left, the next one is not") {
  auto page = well();
  page.facts.current->certificate.not_after = kNow;
  CHECK(has(page.html(), "<b>0 seconds left</b>"));
  page.facts.current->certificate.not_after = kNow - Duration(1);
  CHECK(has(page.html(), "<b>expired just now</b>"));
  page.facts.current->certificate.not_after = kNow + days(1);
  CHECK(has(page.html(), "<b>1 day left</b>"));
  page.facts.current->certificate.not_after = kNow + days(1234);
  CHECK(has(page.html(), "<b>1,234 days left</b>"));
}

TEST_CASE("of many partners those in trouble get boxes and the others rows") {
  const auto html = many().html();
  CHECK(count_of(html, "<li class=\"party\"><div class=\"box\"><strong><bdi>") == 4);
  CHECK(count_of(html, "<th scope=\"row\" data-label=\"Who\">") == 196);
  CHECK(has(html, "196 of 200 stand well"));
  CHECK(html.size() < 200'000);
}

TEST_CASE("a partner is drawn with what is wrong in either direction") {
  auto page = ordinary();
  CHECK(has(page.html(), "it verifies our tokens: may not know our next key in time"));
  CHECK(has(page.html(), "3 of 4 stand well"));
  page.facts.parties[1].keys[0].not_after = kNow - Duration(1);
  page.facts.parties[0].keys.clear();
  page.facts.parties[2].enabled = false;
  const auto html = page.html();
  CHECK(has(html, "all its keys have expired"));
  CHECK(has(html, "no key of it is known"));
  CHECK(has(html, "disabled: we refuse its tokens"));
  CHECK(has(html, "2 of 4 stand well"));
}

TEST_CASE("one who only verifies, and one who only issues, are in the map") {
  auto page = bare();
  page.add_party("issues", "the authorization server", std::nullopt);
  page.add_learner("verifies", LearnsOurKeysBy::metadata);
  CHECK(has(page.html(), "it verifies none of our tokens itself"));
  CHECK(has(page.html(), "we accept no tokens of it"));
}

// What an admin must be able to read there, a text a line.
std::string texts_of(const Page& page) {
  std::string texts;
  const auto add = [&texts](std::string_view text) { texts += escape_for_terminal(text) + "\n"; };
  const auto& facts = page.facts;
  for (const auto& one : facts.staged) add(one.certificate.thumbprint);
  for (const auto* one : {&facts.current, &facts.previous}) {
    if (*one) add((*one)->certificate.thumbprint);
  }
  for (const auto& one : facts.parties) add(one.identity);
  for (const auto& one : page.health.learners) add(one.learner.identity);
  for (const auto& one : page.health.findings) add(one.id);
  for (const auto& one : page.health.commands) add(one);
  return texts;
}

// tests/cli/report_test.py opens these pages in a browser.
TEST_CASE("the example pages are written where ACCORD_REPORT_FOLDER says") {
  const char* folder = std::getenv("ACCORD_REPORT_FOLDER");
  if (folder == nullptr) return;
  for (const auto& example : kExamples) {
    const auto page = example.make();
    const auto path = fmt::format("{}/{}", folder, example.name);
    CHECK(write_file(path + ".html", page.html()).has_value());
    CHECK(write_file(path + ".texts", texts_of(page)).has_value());
  }
}

}  // namespace accord
