// Two years of a deployment: at no second is a valid token refused or a dead key accepted, but where a
// command had said so.
//
// The story is told twice. `Life` runs it: real verbs on our store and on the stores of four partners, who
// hold copies of our keys as of the last time that they read them. The tables below are the model, written
// down by hand: who is to sign, what is to be published, what each partner knows, and which outages were
// announced. The two are compared
//   - at every second of the two years: between two commands all is a function of (rows, now), and it is
//   evaluated;
//   - with tokens that the real verb made every two hours or so and around every change, judged by the real
//   verifier of each partner's
//     store at each second at which a verdict can change: one before, that one, and one after;
//   - with tokens forged with every key that there ever was, whether it is in force, not yet, or no more.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/store/oauth_configuration.h"
#include "tests/support.h"
#include "tests/unit/app/life_deployment.h"

namespace accord {
namespace {

using test::Words;
using namespace std::chrono_literals;

#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::int64_t kStride = 1;
// Every time of day comes up, for every partner and kind of token.
constexpr auto kBetweenTokens = 115min;
#else
// A build for finding faults of memory is too slow for every second; an hour around each change it takes
// whole.
constexpr std::int64_t kStride = 61;
constexpr auto kBetweenTokens = 11h + 35min;
#endif

constexpr Instant kStart{1'798'761'600s};  // 2027-01-01T00:00:00Z
constexpr Duration kSkew = 300s;
constexpr Duration kMaximum = 25h;
constexpr Duration kUsualLifetime = 8h;

constexpr Instant at(int day, int hour = 0, int minute = 0, int second = 0) {
  return kStart + std::chrono::hours(24 * day + hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}
constexpr Instant kEnd = at(730);

// ---------------------------------------------------------------------------------------------------------------------
// The model. Times are true ones; our own clock is wrong now and then.

// X is staged and taken back, Z never assigned. Some are renewals with an older key: F with that of A, E and
// I with that of B, J of C, K of D. An RSA key is what Lync, Exchange and SharePoint have.
constexpr std::array<test::WantedCertificate, 13> kCertificates = {{
    {'A', "cert-rsa.key", at(-1), at(100, 3, 20)},
    {'B', "cert-other.key", at(40), at(240)},
    {'C', "token-rsa.key", at(100), at(400)},
    {'D', "token-rsa-other.key", at(170), at(500)},
    {'E', "cert-other.key", at(230), at(420)},
    {'F', "cert-rsa.key", at(280), at(600)},
    {'G', "token-p256.key", at(380), at(640)},
    {'H', "cert-p256.key", at(400), at(430)},
    {'I', "cert-other.key", at(641), at(900)},
    {'J', "token-rsa.key", at(680), at(1000)},
    {'K', "token-rsa-other.key", at(690), at(1000)},
    {'X', "token-ed25519.key", at(0), at(1000)},
    {'Z', "token-ed25519.key", at(0), at(1001)},
}};

struct Phase {
  Instant from = {};
  char current = 0;
  std::string_view staged = {};  // the next one first
  char previous = 0;             // 0: none
};
constexpr std::array<Phase, 28> kPhases = {{
    {at(0), 'A'},
    {at(40, 10), 'A', "B"},
    {at(70, 10), 'B', "", 'A'},
    {at(72, 9), 'B'},
    {at(100), 'B', "C"},
    {at(120), 'C', "", 'B'},
    {at(150), 'C', "X", 'B'},
    {at(160), 'C', "", 'B'},
    {at(170), 'C', "D", 'B'},
    {at(200), 'D', "", 'C'},
    {at(201, 8), 'C', "", 'D'},  // swapped back for the partner that missed it
    {at(204, 8), 'D', "", 'C'},
    {at(230, 10, 17), 'E'},  // D is compromised
    {at(280), 'E', "F"},
    {at(310), 'F', "", 'E'},
    {at(310, 0, 2), 'E', "F"},  // our clock goes back four minutes, over the date
    {at(310, 0, 4), 'F', "", 'E'},
    {at(380), 'F', "G", 'E'},
    {at(400, 12), 'H', "G", 'F'},  // at once, by a clock that is three minutes fast
    {at(400, 12, 1), 'F', "HG"},   // and is put right
    {at(400, 12, 3), 'H', "G", 'F'},
    {at(430, 5), 'G', "", 'H'},  // H has ended; the staged one is made effective
    {at(641, 6), 'I', "", 'G'},  // G has ended, and nothing was staged
    {at(680), 'I', "J", 'G'},
    {at(699, 23, 56, 40), 'J', "", 'I'},  // our clock is 200 s fast
    {at(699, 23, 58), 'I', "J", 'G'},
    {at(700), 'J', "", 'I'},
    {at(700, 10), 'K', "", 'J'},  // a second roll while tokens of I live
}};

struct ClockError {
  Instant from = {};
  Duration ahead = {};
};
constexpr std::array<ClockError, 11> kClockErrors = {{
    {at(0), 0s},
    {at(260), 200s},
    {at(262), 0s},
    {at(270), -240s},
    {at(272), 0s},
    {at(310, 0, 2), -240s},
    {at(310, 6), 0s},
    {at(399), 180s},
    {at(400, 12, 1), 0s},
    {at(699), 200s},
    {at(699, 23, 58), 0s},
}};

struct PartnerModel {
  std::string_view name;
  std::string_view principal;
  std::string_view realm;
  std::string_view host;
  // Reads our metadata for the first time at `first`, and then once in `interval`; 0: it is told by hand.
  Instant first = {};
  Duration interval = {};
};
constexpr std::array<PartnerModel, 4> kPartners = {{
    {"exchange", "00000002-0000-0ff1-ce00-000000000000", "contoso.com", "mail.contoso.com", at(0, 1, 17, 23),
     8h},
    {"sharepoint", "00000003-0000-0ff1-ce00-000000000000", "fabrikam.com", "portal.fabrikam.com",
     at(0, 22, 10, 5), 24h},
    {"scheduler", "7557eb47-c689-4224-abcf-aef9bd7573df", "contoso.com", "teams.contoso.com", at(0, 5, 41),
     13h},
    {"workflow", "00000005-0000-0ff1-ce00-000000000000", "workflow.contoso.com", "wf.contoso.com", at(0), 0s},
}};
constexpr std::size_t kWorkflow = 3;

// What workflow holds, once its admin has been told.
struct Told {
  Instant from = {};
  std::string_view keys;
};
constexpr Instant kToldOfK = at(700, 14);
constexpr std::array<Told, 12> kTold = {{
    {at(0), "A"},
    {at(45, 10), "AB"},
    {at(72, 9, 30), "B"},
    {at(101), "BC"},
    {at(202, 8), "BCD"},  // D signs since day 200
    {at(230, 14), "E"},
    {at(281), "EF"},
    {at(381), "EFG"},
    {at(400, 16), "EFGH"},
    {at(641, 10), "EFGHI"},
    {at(681), "EFGHIJ"},
    {kToldOfK, "EFGHIJK"},
}};

template <class Table>
const auto& in_force(const Table& table, Instant now) {
  const auto after = std::ranges::upper_bound(table, now, {}, [](const auto& row) { return row.from; });
  REQUIRE(after != table.begin());
  return *std::prev(after);
}

Instant ours(Instant truth) {
  return truth + in_force(kClockErrors, truth).ahead;
}

const test::WantedCertificate& wanted(char letter) {
  return *std::ranges::find(kCertificates, letter, &test::WantedCertificate::letter);
}
bool is_valid(char letter, Instant now) {
  return wanted(letter).not_before <= now && now <= wanted(letter).not_after;
}

// In the order of the document; what has ended is left out.
std::string published(Instant truth) {
  const auto& phase = in_force(kPhases, truth);
  std::string letters = fmt::format("{}{}", phase.current, phase.staged);
  if (phase.previous != 0) letters += phase.previous;
  std::erase_if(letters, [&](char one) { return ours(truth) > wanted(one).not_after; });
  return letters;
}

// 0: no token can be made.
char signer(Instant truth) {
  const auto current = in_force(kPhases, truth).current;
  return is_valid(current, ours(truth)) ? current : '\0';
}

// The last time up to `now` at which the partner read our metadata.
Instant last_read(const PartnerModel& partner, Instant now) {
  if (now < partner.first) return kStart;
  return partner.first + (now - partner.first) / partner.interval * partner.interval;
}
Instant next_read(const PartnerModel& partner, Instant now) {
  return now < partner.first ? partner.first : last_read(partner, now) + partner.interval;
}

std::string known_to(std::size_t partner, Instant now) {
  if (partner == kWorkflow) return std::string(in_force(kTold, now).keys);
  // Where every key has ended there is no document, and the copy stays what it is.
  auto read = last_read(kPartners.at(partner), now);
  while (published(read).empty()) read -= kPartners.at(partner).interval;
  return published(read);
}

// From when on the partner knows what has been published since `now`, or when it is told of it.
Instant learns(std::size_t partner, Instant now, Instant told) {
  return partner == kWorkflow ? told : next_read(kPartners.at(partner), now);
}

// Tokens of `key` that are refused although they are valid: each of these was announced.
struct Outage {
  std::size_t partner = 0;
  char key = 0;
  Instant from = {};
  Instant to = {};
  std::int64_t refused = 0;  // tokens, counted
};
std::vector<Outage> announced_outages() {
  std::vector<Outage> all = {{kWorkflow, 'D', at(200), at(202, 8)}};
  for (std::size_t i = 0; i < kPartners.size(); ++i) {
    const auto knows_e = learns(i, at(230, 10, 17), at(230, 14));
    all.push_back({i, 'E', at(230, 10, 17), knows_e});
    all.push_back({i, 'D', knows_e, at(231, 11, 22)});
    all.push_back({i, 'H', at(400, 12), learns(i, at(400, 12), at(400, 16))});
    all.push_back({i, 'I', at(641, 6), learns(i, at(641, 6), at(641, 10))});
    const auto knows_k = learns(i, at(700, 10), kToldOfK);
    all.push_back({i, 'K', at(700, 10), knows_k});
    if (i != kWorkflow) all.push_back({i, 'I', knows_k, at(701, 1, 4, 59)});
  }
  return all;
}

// The instants at which anything changes, for anybody.
std::set<Instant> all_changes() {
  std::set<Instant> changes;
  for (const auto& one : kPhases) changes.insert(one.from);
  for (const auto& one : kClockErrors) changes.insert(one.from);
  for (const auto& one : kTold) changes.insert(one.from);
  for (const auto& one : kCertificates) {
    for (const auto end : {one.not_after, one.not_after + 1s}) {
      if (end < kEnd) changes.insert(end);
    }
  }
  for (const auto& one : announced_outages()) changes.insert({one.from, one.to});
  for (std::size_t i = 0; i < kWorkflow; ++i) {
    auto before = known_to(i, kStart);
    for (auto read = kPartners.at(i).first; read < kEnd; read += kPartners.at(i).interval) {
      if (known_to(i, read) != before) changes.insert(read);
      before = known_to(i, read);
    }
  }
  return changes;
}

// ---------------------------------------------------------------------------------------------------------------------
// The life itself

Words words_of(std::string_view line) {
  Words words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::string form(Instant at) {
  return format_instant(at);
}

struct Counts {
  std::int64_t seconds = 0, minted = 0, not_minted = 0, forged = 0, verdicts = 0, mirrored = 0, health = 0,
               reads = 0;
};

struct LiveToken {
  std::string text;
  std::size_t partner = 0;
  char key = 0;
  Instant not_before = {}, expires = {};
};

// How a token is asked for.
struct Asked {
  std::string_view lifetime = {};  // empty: none is asked for
  Duration length = kUsualLifetime;
  std::string_view start = {};
  Duration early = 0s;
};
constexpr std::array<Asked, 7> kAsked = {{{"25h", 25h},
                                          {},
                                          {"24h", 24h},
                                          {"PT24H55M", 24h + 55min, "+5m", -300s},  // ends as late as any can
                                          {"60s", 60s},
                                          {"25h", 25h, "-2h", 2h},
                                          {"1h", 1h, "-59m", 59min}}};

class Life {
 public:
  Life() : outages_(announced_outages()), changes_(all_changes()) {
    for (const auto& one : kCertificates) certificates_.emplace(one.letter, folder_.make(one));
    found();
    tell();
    for (std::size_t i = 0; i < kWorkflow; ++i) {
      for (auto read = kPartners.at(i).first; read < kEnd; read += kPartners.at(i).interval)
        plan(read, [this, i] { read_our_metadata(i); });
    }
    for (const auto change : changes_) {
      for (const auto offset : {-1s, 0s, 1s}) looks_.insert(change + offset);
    }
    for (auto time = kStart; time < kEnd; time += kBetweenTokens) mints_.insert(time);
  }

  void live() {
    std::set<Instant> instants = looks_;
    instants.insert(mints_.begin(), mints_.end());
    for (const auto& [instant, _] : plans_) instants.insert(instant);
    for (const auto& one : kClockErrors) instants.insert(one.from);
    for (auto day = kStart; day < kEnd; day += 12h) instants.insert(day);
    std::erase_if(instants, [](Instant one) { return one < kStart || one >= kEnd; });
    for (const auto instant : instants) {
      judge_ends_before(instant);
      take(instant);
    }
    judge_ends_before(kEnd);
    evaluate_until(kEnd);
  }

  void report() const {
    MESSAGE(fmt::format("{} seconds evaluated{}; {} commands run, {} refreshes among them", counts_.seconds,
                        kStride == 1 ? " (every one of the two years)"
                                     : fmt::format(" (every {}th, and an hour around each change)", kStride),
                        folder_.commands(), counts_.reads));
    MESSAGE(fmt::format(
        "{} tokens minted, {} refused to be, {} forged; {} verdicts of partners, {} of test-oauth-token "
        "--as-partner; {} health checks",
        counts_.minted, counts_.not_minted, counts_.forged, counts_.verdicts, counts_.mirrored,
        counts_.health));
    for (const auto& one : outages_) {
      MESSAGE(fmt::format("announced: {} refuses tokens of {} from {} to {}: {} verdicts",
                          kPartners.at(one.partner).name, one.key, form(one.from), form(one.to),
                          one.refused));
      CHECK_MESSAGE(one.refused > 0, "nothing was refused in an announced outage");
    }
  }

 private:
  // --- Telling the story

  void plan(Instant when, std::function<void()> what) { plans_.emplace(when, std::move(what)); }

  // {A} is the thumbprint of A, {A.pem} its file with the key.
  [[nodiscard]] std::string filled(std::string text) const {
    for (const auto& [letter, own] : certificates_) {
      const auto replace = [&](const std::string& from, const std::string& to) {
        for (auto found = text.find(from); found != std::string::npos;
             found = text.find(from, found + to.size()))
          text.replace(found, from.size(), to);
      };
      replace(fmt::format("{{{}}}", letter), own.certificate.thumbprint);
      replace(fmt::format("{{{}.pem}}", letter), own.pem_path);
    }
    return text;
  }
  [[nodiscard]] std::string thumbprint(char letter) const {
    return certificates_.at(letter).certificate.thumbprint;
  }

  // What our admin types; returns what came on standard error.
  std::string admin(const std::string& line) {
    const auto words = words_of(filled(line));
    const auto outcome = folder_.run("lync.db", words, ours(now_));
    REQUIRE_MESSAGE(outcome.code == 0, fmt::format("{} at {}: {}", line, form(now_), outcome.error));
    forget_own_state();
    return outcome.error;
  }

  void expect_in(const std::string& text, const std::string& part) {
    CHECK_MESSAGE(text.find(filled(part)) != std::string::npos,
                  fmt::format("at {}: '{}' is not in\n{}", form(now_), filled(part), text));
  }

  void found() {
    const auto make = [&](const std::string& store, const std::string& service, const std::string& domain,
                          const std::string& host) {
      folder_.must_run(store, {"new-management-store", "--service-name", service, "--sip-domain", domain},
                       kStart);
      folder_.must_run(store, {"set-oauth-configuration", "--hosts", host, "--public-url", "https://" + host},
                       kStart);
    };
    now_ = kStart;
    make("lync.db", "lync", "litwareinc.com", "lync.litwareinc.com");
    admin("import-certificate --path {A.pem} --identity global --type OAuthTokenIssuer");
    admin("import-certificate --path {Z.pem}");
    const auto own = folder_.must_run("lync.db", {"export-auth-metadata"}, kStart);
    folder_.write("lync.json", own);
    documents_.assign(kPartners.size(), own);
    const auto key = std::string(ACCORD_SOURCE_DIR) + "/tests/data/cert-p384-pair.pem";
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      const auto& partner = kPartners.at(i);
      const auto store = store_of(i);
      make(store, std::string(partner.principal), std::string(partner.realm), std::string(partner.host));
      folder_.must_run(
          store, {"import-certificate", "--path", key, "--identity", "global", "--type", "OAuthTokenIssuer"},
          kStart);
      folder_.write("partner.json", folder_.must_run(store, {"export-auth-metadata"}, kStart));
      admin(fmt::format("new-partner-application {} --metadata-file {} --application-trust-level full",
                        partner.name, folder_.path("partner.json")));
      admin(fmt::format("set-partner-application {} --learns-our-keys-by {}", partner.name,
                        i == kWorkflow ? "file" : "metadata"));
      auto registration = words_of("new-partner-application lync --application-trust-level full");
      if (i == kWorkflow) {
        for (const auto& word :
             {"--application-identifier", "lync", "--realm", "litwareinc.com", "--certificate-file-data"})
          registration.emplace_back(word);
        registration.push_back(certificates_.at('A').cert_path);
      } else {
        registration.insert(registration.end(), {"--metadata-file", folder_.path("lync.json")});
      }
      folder_.must_run(store, registration, kStart);
      judges_.push_back(test::judge_of(folder_.path(store), kStart));
    }
    admin("set-partner-application workflow --told-thumbprint {A}");
  }

  [[nodiscard]] static std::string store_of(std::size_t partner) {
    return fmt::format("{}.db", kPartners.at(partner).name);
  }

  // A staged key, and workflow told of it by the commands that an admin gets printed.
  void tell_workflow(char letter, const std::string& told) {
    const auto exported =
        folder_.must_run("lync.db", {"export-certificate", "--thumbprint", thumbprint(letter)}, ours(now_));
    folder_.write("told.pem", exported);
    change_workflow({"--add-certificate-file-data", folder_.path("told.pem")});
    admin("set-partner-application workflow --told-thumbprint " + told);
  }

  void change_workflow(const Words& change) {
    Words words = {"set-partner-application", "lync"};
    words.insert(words.end(), change.begin(), change.end());
    folder_.must_run(store_of(kWorkflow), words, now_);
    judges_[kWorkflow] = test::judge_of(folder_.path(store_of(kWorkflow)), now_);
  }

  void read_our_metadata(std::size_t partner) {
    ++counts_.reads;
    const auto outcome = folder_.run("lync.db", {"export-auth-metadata"}, ours(now_));
    const bool there_is_one = !published(now_).empty();
    CHECK_MESSAGE((outcome.code == 0) == there_is_one, fmt::format("at {}: {}", form(now_), outcome.error));
    if (outcome.code != 0 || outcome.out == documents_[partner]) return;
    documents_[partner] = outcome.out;
    folder_.write("lync.json", outcome.out);
    const auto store = store_of(partner);
    folder_.must_run(store, {"set-partner-application", "lync", "--metadata-file", folder_.path("lync.json")},
                     now_);
    judges_[partner] = test::judge_of(folder_.path(store), now_);
  }

  struct Health {
    int code = 0;
    json::Value record = {};
    [[nodiscard]] std::string text(std::string_view name) const {
      return std::string(record.find_string(name).value_or(""));
    }
    [[nodiscard]] std::vector<std::string> commands() const {
      std::vector<std::string> lines;
      for (const auto& one : record.find("Commands")->items()) lines.push_back(one.text());
      return lines;
    }
    [[nodiscard]] const json::Value* finding(std::string_view id, std::string_view target) const {
      for (const auto& one : record.find("Findings")->items()) {
        if (one.find_string("Id") == id && one.find_string("Target") == target) return &one;
      }
      return nullptr;
    }
    [[nodiscard]] const json::Value* partner(std::string_view identity) const {
      for (const auto& one : record.find("Partners")->items()) {
        if (one.find_string("Identity") == identity) return &one;
      }
      return nullptr;
    }
  };

  Health health() {
    ++counts_.health;
    const auto outcome =
        folder_.run("lync.db", {"test-certificate-configuration", "--output", "json"}, ours(now_));
    REQUIRE_MESSAGE((outcome.code == 0 || outcome.code == 5 || outcome.code == 6), outcome.error);
    return {.code = outcome.code, .record = test::must(json::parse(outcome.out))};
  }

  Health expect_health(int code, const std::string& decision) {
    auto seen = health();
    CHECK_MESSAGE(
        (seen.code == code && seen.text("Decision") == decision),
        fmt::format("at {}: {} {}: {}", form(now_), seen.code, seen.text("Decision"), seen.text("Summary")));
    return seen;
  }

  void tell() {
    tell_of_the_first_roll();
    tell_of_a_moved_and_a_cancelled_roll();
    tell_of_a_missed_roll();
    tell_of_a_compromised_key();
    tell_of_an_end_with_one_staged();
    tell_of_an_end_with_none_staged();
    tell_of_a_hasty_roll();
  }

  void tell_of_the_first_roll() {
    plan(at(1, 9), [this] { expect_health(0, "None"); });
    plan(at(39, 3, 20), [this] { expect_health(0, "None"); });
    plan(at(39, 3, 20, 1), [this] {
      const auto seen = expect_health(6, "StageNew");
      expect_in(seen.commands().at(0), " --roll --effective-date " + form(at(69, 3, 20, 1)));
    });
    plan(at(40, 10), [this] {
      // The printed command makes a key; this is one from a file, staged as it says.
      const auto command = expect_health(6, "StageNew").commands().at(0);
      const auto advice = command.substr(command.find(" --roll"));
      CHECK(advice == " --roll --effective-date " + form(at(70, 10)));
      const auto said =
          admin("import-certificate --path {B.pem} --identity global --type OAuthTokenIssuer" + advice);
      expect_in(said,
                fmt::format("'workflow' refuses our tokens from {} on unless it is told of the new key: "
                            "export-certificate --thumbprint {{B}}, then set-partner-application workflow "
                            "--told-thumbprint {{A}},{{B}}",
                            form(at(70, 10))));
    });
    plan(at(45, 10), [this] {
      const auto commands = expect_health(6, "TellPartners").commands();
      REQUIRE(commands.size() == 2);
      folder_.write("told.pem", folder_.must_run("lync.db", words_of(commands[0]), ours(now_)));
      change_workflow({"--add-certificate-file-data", folder_.path("told.pem")});
      admin(commands[1]);
      expect_health(0, "None");
    });
    plan(at(71, 11, 4, 59),
         [this] { CHECK(expect_health(0, "None").finding("CERT-PREVIOUS", thumbprint('A')) == nullptr); });
    plan(at(71, 11, 5),
         [this] { CHECK(expect_health(0, "None").finding("CERT-PREVIOUS", thumbprint('A')) != nullptr); });
    plan(at(72, 9), [this] {
      const auto seen = expect_health(0, "None");
      const auto* ended = seen.finding("CERT-PREVIOUS", thumbprint('A'));
      REQUIRE(ended != nullptr);
      const auto said = admin(std::string(ended->find_string("Action").value()));
      CHECK(said.find("refused") == std::string::npos);
    });
    plan(at(72, 9, 30), [this] { change_workflow({"--remove-thumbprint", thumbprint('A')}); });
  }

  void tell_of_a_moved_and_a_cancelled_roll() {
    const auto stage = [](char letter, Instant date) {
      return fmt::format(
          "set-certificate --type OAuthTokenIssuer --thumbprint {{{}}} --roll --effective-date {}", letter,
          form(date));
    };
    plan(at(100), [this, stage] {
      admin("import-certificate --path {C.pem}");
      admin(stage('C', at(130, 12)));
    });
    plan(at(101), [this] { tell_workflow('C', "{A},{B},{C}"); });
    plan(at(105), [this, stage] { admin(stage('C', at(140, 12))); });
    plan(at(110), [this, stage] { admin(stage('C', at(120))); });
    plan(at(150), [this, stage] {
      admin("import-certificate --path {X.pem}");
      admin(stage('X', at(180)));
    });
    plan(at(160), [this] { admin("remove-certificate --type OAuthTokenIssuer --staged"); });
  }

  void tell_of_a_missed_roll() {
    plan(at(170), [this] {
      const auto said = admin(
          "import-certificate --path {D.pem} --identity global --type OAuthTokenIssuer --roll "
          "--effective-date " +
          form(at(200)));
      expect_in(said,
                fmt::format("'workflow' refuses our tokens from {} on unless it is told", form(at(200))));
    });
    // The window is foretold to the second.
    plan(at(180), [this] {
      const auto seen = expect_health(6, "TellPartners");
      const auto* warning = seen.finding("CERT-NOTIFY", "workflow");
      REQUIRE(warning != nullptr);
      expect_in(std::string(warning->find_string("Detection").value()),
                "the staged key {D}, which signs from " + form(at(200)) + " on");
      for (const auto* other : {"exchange", "sharepoint", "scheduler"})
        CHECK(seen.finding("CERT-NOTIFY", other) == nullptr);
    });
    plan(at(200, 6), [this] { expect_health(6, "TellPartners"); });
    plan(at(201, 8), [this] {
      const auto said = admin("set-certificate --type OAuthTokenIssuer --thumbprint {C}");
      CHECK(said.find("refuse") == std::string::npos);
    });
    plan(at(202, 8), [this] { tell_workflow('D', "{A},{B},{C},{D}"); });
    plan(at(204, 8), [this] {
      const auto said = admin("set-certificate --type OAuthTokenIssuer --thumbprint {D}");
      CHECK(said.find("refuse") == std::string::npos);
      expect_health(0, "None");
    });
  }

  void expect_all_uninformed(const std::string& said, char letter) {
    for (const auto* reader : {"exchange", "sharepoint", "scheduler"})
      expect_in(said, fmt::format("'{}' refuses our tokens until it reads our metadata again", reader));
    expect_in(said,
              fmt::format("'workflow' refuses our tokens until it is told of the new key: export-certificate "
                          "--thumbprint {{{}}}",
                          letter));
  }

  void tell_of_a_compromised_key() {
    plan(at(230, 10, 17), [this] {
      admin("import-certificate --path {E.pem}");
      const auto said = admin("set-certificate --type OAuthTokenIssuer --thumbprint {E} --no-previous");
      expect_all_uninformed(said, 'E');
      expect_in(said, "tokens that {D} signed are refused from now on; the last of them can live until " +
                          form(at(231, 11, 22)));
      CHECK(said.find(filled("tokens that {C}")) == std::string::npos);
    });
    plan(at(230, 14), [this] {
      change_workflow({"--certificate-file-data", certificates_.at('E').cert_path});
      admin("set-partner-application workflow --told-thumbprint {E}");
    });
    plan(at(280), [this] {
      admin(
          "import-certificate --path {F.pem} --identity global --type OAuthTokenIssuer --roll "
          "--effective-date " +
          form(at(310)));
    });
    plan(at(281), [this] { tell_workflow('F', "{E},{F}"); });
  }

  void tell_of_an_end_with_one_staged() {
    plan(at(380), [this] {
      admin(
          "import-certificate --path {G.pem} --identity global --type OAuthTokenIssuer --roll "
          "--effective-date " +
          form(at(450)));
    });
    plan(at(381), [this] { tell_workflow('G', "{E},{F},{G}"); });
    plan(at(400, 12), [this] {
      expect_all_uninformed(
          admin("import-certificate --path {H.pem} --identity global --type OAuthTokenIssuer"), 'H');
    });
    plan(at(400, 16), [this] { tell_workflow('H', "{E},{F},{G},{H}"); });
    plan(at(430), [this] { expect_health(5, "MoveStaged"); });
    plan(at(430, 0, 0, 1), [this] { expect_health(5, "PublishStaged"); });
    plan(at(430, 5), [this] {
      const auto commands = expect_health(5, "PublishStaged").commands();
      REQUIRE(commands.size() == 1);  // everyone knows G
      CHECK(commands[0] ==
            filled("set-certificate --type OAuthTokenIssuer --thumbprint {G} --roll --effective-date now"));
      CHECK(admin(commands[0]).find("refuse") == std::string::npos);
      expect_health(0, "None");
    });
  }

  void tell_of_an_end_with_none_staged() {
    plan(at(580), [this] { expect_health(6, "StageNew"); });
    plan(at(626), [this] { expect_health(5, "StageNew"); });
    plan(at(640), [this] { expect_health(5, "StageNew"); });
    plan(at(640, 0, 0, 1), [this] {
      const auto seen = expect_health(5, "MakeNew");
      const auto commands = seen.commands();
      CHECK(commands.at(0) ==
            "request-certificate --new --self-signed --identity global --type OAuthTokenIssuer");
      const auto evidence = json::dump(*seen.record.find("Evidence"));
      for (const auto& partner : kPartners) expect_in(evidence, fmt::format("to tell: {}", partner.name));
    });
    plan(at(641, 6), [this] {
      expect_all_uninformed(
          admin("import-certificate --path {I.pem} --identity global --type OAuthTokenIssuer"), 'I');
    });
    plan(at(641, 10), [this] { tell_workflow('I', "{E},{F},{G},{H},{I}"); });
  }

  void tell_of_a_hasty_roll() {
    plan(at(680), [this] {
      admin(
          "import-certificate --path {J.pem} --identity global --type OAuthTokenIssuer --roll "
          "--effective-date " +
          form(at(700)));
    });
    plan(at(681), [this] { tell_workflow('J', "{E},{F},{G},{H},{I},{J}"); });
    plan(at(700, 10), [this] {
      admin("import-certificate --path {K.pem}");
      const auto said = admin("set-certificate --type OAuthTokenIssuer --thumbprint {K}");
      expect_all_uninformed(said, 'K');
      expect_in(said, "tokens that {I} signed are refused from now on; the last of them can live until " +
                          form(at(701, 1, 4, 59)));
    });
    plan(kToldOfK, [this] { tell_workflow('K', "{E},{F},{G},{H},{I},{J},{K}"); });
  }

  // --- Living it

  void take(Instant instant) {
    evaluate_until(instant);
    now_ = instant;
    const auto [first, last] = plans_.equal_range(instant);
    for (auto step = first; step != last; ++step) step->second();
    const bool looks = looks_.contains(instant);
    if (looks) {
      for (std::size_t i = 0; i < kPartners.size(); ++i) {
        mint(i, kAsked[0]);
        mint(i, kAsked[1]);
      }
      judge_all_live();
      compare_published();
      mirror();
    }
    if (mints_.contains(instant)) {
      ++turn_;
      mint(turn_ % kPartners.size(), kAsked.at(turn_ % kAsked.size()));
    }
    if (looks || (instant - kStart) % 24h == 0s) judge_forgeries();
    if (looks || (instant - kStart) % 12h == 0s) compare_health();
    std::erase_if(live_, [&](const LiveToken& one) { return one.expires + kSkew <= instant; });
  }

  void blame(const std::string& what) {
    if (++blamed_ <= 12) FAIL_CHECK(what);
    if (blamed_ > 200) FAIL("and so on");
  }

  // --- Every second

  void forget_own_state() { rows_are_known_ = false; }

  // Thumbprints become their letters: copying long ones would take most of the time.
  void know_rows() {
    if (rows_are_known_) return;
    rows_ = test::rows_of(folder_.path("lync.db"), ours(now_));
    for (auto& row : rows_) {
      const auto own = std::ranges::find_if(certificates_, [&](const auto& one) {
        return one.second.certificate.thumbprint == row.thumbprint;
      });
      REQUIRE(own != certificates_.end());
      row.thumbprint = std::string(1, own->first);
      row.use = "u";
    }
    rows_are_known_ = true;
  }

  void evaluate_until(Instant end) {
    if (end <= evaluated_) return;
    know_rows();
    for (auto second = evaluated_; second < end;) {
      // Both are constant up to here.
      const auto& phase = in_force(kPhases, second);
      const auto ahead = in_force(kClockErrors, second).ahead;
      auto until = end;
      for (const auto& one : kPhases)
        if (one.from > second) until = std::min(until, one.from);
      for (const auto& one : kClockErrors)
        if (one.from > second) until = std::min(until, one.from);
      evaluate(phase, second, until, ahead);
      second = until;
    }
    evaluated_ = end;
  }

  void evaluate(const Phase& phase, Instant from, Instant until, Duration ahead) {
    for (auto second = from; second < until;) {
      ++counts_.seconds;
      const bool is_near = is_near_change(second);
      const bool whole = is_near || counts_.seconds % 61 == 0;
      if (!publishes(phase, second + ahead) || (whole && !has_slots_of(phase, second + ahead)))
        blame(fmt::format("at {}: the rows say otherwise", form(second)));
      second += is_near ? 1s : std::chrono::seconds(kStride);
    }
  }
  // Asked in the order of time.
  [[nodiscard]] bool is_near_change(Instant second) {
    while (near_ != changes_.end() && *near_ + 1h < second) ++near_;
    return near_ != changes_.end() && *near_ <= second + 1h + std::chrono::seconds(kStride);
  }

  // The signer first, then the others.
  [[nodiscard]] bool publishes(const Phase& phase, Instant now) const {
    const auto all = published_at(rows_, now);
    const std::size_t count = 1 + phase.staged.size() + (phase.previous != 0 ? 1 : 0);
    if (all.size() != count || all.front().thumbprint[0] != phase.current) return false;
    for (std::size_t i = 0; i < phase.staged.size(); ++i) {
      if (all[i + 1].thumbprint[0] != phase.staged[i]) return false;
    }
    return phase.previous == 0 || all.back().thumbprint[0] == phase.previous;
  }
  [[nodiscard]] bool has_slots_of(const Phase& phase, Instant now) const {
    const auto line = timeline_at(rows_, now);
    const auto is = [](const auto& row, char letter) {
      return row ? row->thumbprint[0] == letter : letter == 0;
    };
    return is(line.current, phase.current) && is(line.previous, phase.previous) &&
           std::ranges::equal(line.staged, phase.staged, {},
                              [](const auto& row) { return row.thumbprint[0]; });
  }

  // What the real code reads from the store, certificates that have ended left out.
  void compare_published() {
    std::string letters;
    for (const auto& one : test::published_of(folder_.path("lync.db"), ours(now_))) {
      for (const auto& [letter, own] : certificates_) {
        if (own.certificate.thumbprint == one.thumbprint) letters += letter;
      }
    }
    if (letters != published(now_))
      blame(fmt::format("at {}: published are '{}', not '{}'", form(now_), letters, published(now_)));
  }

  // --- Tokens

  // Our verb's answer to the wish, which the model foretells.
  void mint(std::size_t partner, const Asked& asked) {
    const auto clock = ours(now_);
    const auto key = signer(now_);
    const auto start = clock - asked.early;
    const auto end = start + asked.length;
    Words words = {"new-oauth-token", std::string(kPartners.at(partner).name)};
    if (!asked.lifetime.empty()) words.insert(words.end(), {"--lifetime", std::string(asked.lifetime)});
    if (!asked.start.empty()) words.insert(words.end(), {"--not-before", std::string(asked.start)});
    const auto outcome = folder_.run("lync.db", words, clock);
    const bool outlives = key != 0 && end > wanted(key).not_after;
    const bool is_capped = outlives && asked.lifetime.empty() && start < wanted(key).not_after;
    const int expected = key == 0 ? 1 : outlives && !is_capped ? 2 : 0;
    if (outcome.code != expected)
      return blame(fmt::format("at {}: {} ended in {}, not {}: {}", form(now_), fmt::join(words, " "),
                               outcome.code, expected, outcome.error));
    if (outcome.code != 0) {
      ++counts_.not_minted;
      if (expected == 2 && !asked.lifetime.empty()) mint(partner, kAsked[1]);
      return;
    }
    ++counts_.minted;
    keep(partner, key, test::read_minted(outcome.out.substr(0, outcome.out.find('\n'))), start,
         is_capped ? wanted(key).not_after : end);
  }

  void keep(std::size_t partner, char key, const test::MintedText& minted, Instant start, Instant end) {
    if (minted.x5t != certificates_.at(key).certificate.x5t() || minted.not_before != start ||
        minted.expires != end)
      return blame(fmt::format("at {}: a token of {} from {} to {}, not one of {} from {} to {}", form(now_),
                               minted.x5t, form(minted.not_before), form(minted.expires), key, form(start),
                               form(end)));
    LiveToken token{minted.text, partner, key, start, end};
    // The partner's clock may be slow by as much as the skew, and no more.
    judge(token, start - kSkew - 1s, known_to(partner, now_));
    judge(token, start - kSkew, known_to(partner, now_));
    judge_now(token);
    for (const auto last : {end + kSkew - 1s, end + kSkew}) ends_.emplace(last, token);
    live_.push_back(std::move(token));
  }

  [[nodiscard]] static bool is_in_time(const LiveToken& token, Instant now) {
    return token.not_before - kSkew <= now && now < token.expires + kSkew;
  }

  // Whether the partner accepts it when its own clock shows `clock`.
  bool judge(const LiveToken& token, Instant clock, const std::string& known) {
    ++counts_.verdicts;
    const auto report = test::must(verify_token(token.text, judges_[token.partner].policy, clock));
    const bool expected =
        known.find(token.key) != std::string::npos && is_valid(token.key, clock) && is_in_time(token, clock);
    if (report.accepted() != expected) {
      blame(fmt::format("at {}, by its clock {}: {} {} a token of {} from {} to {}: {}", form(now_),
                        form(clock), kPartners.at(token.partner).name, expected ? "refuses" : "accepts",
                        token.key, form(token.not_before), form(token.expires),
                        report.accepted() ? "" : report.first_failure()->reason));
    }
    return report.accepted();
  }

  // And no valid one is refused but in an announced outage; there, every one is.
  void judge_now(const LiveToken& token) {
    const bool accepted = judge(token, now_, known_to(token.partner, now_));
    if (now_ < token.not_before || now_ >= token.expires) return;
    bool is_announced = false;
    for (auto& one : outages_) {
      if (one.partner != token.partner || one.key != token.key || now_ < one.from || now_ >= one.to) continue;
      is_announced = true;
      ++one.refused;
    }
    if (accepted == is_announced) {
      blame(fmt::format("at {}: {} {} a valid token of {}", form(now_), kPartners.at(token.partner).name,
                        accepted ? "accepts, though it was to refuse," : "refuses, unannounced,", token.key));
    }
  }

  void judge_all_live() {
    for (const auto& token : live_) judge_now(token);
  }

  void judge_ends_before(Instant limit) {
    while (!ends_.empty() && ends_.begin()->first < limit) {
      now_ = ends_.begin()->first;
      judge_now(ends_.begin()->second);
      ends_.erase(ends_.begin());
    }
  }

  // What the owner of each key could make, dead or alive.
  void judge_forgeries() {
    if (forgeries_.empty() || now_ - forged_ >= 24h) forge_all();
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      auto policy = judges_[i].policy;
      policy.audience = std::string(kForgedAudience);
      const auto known = known_to(i, now_);
      for (const auto& [letter, token] : forgeries_) {
        ++counts_.verdicts;
        const bool accepted = test::must(verify_token(token, policy, now_)).accepted();
        const bool expected = known.find(letter) != std::string::npos && is_valid(letter, now_);
        if (accepted != expected)
          blame(fmt::format("at {}: {} {} what {} signed", form(now_), kPartners.at(i).name,
                            accepted ? "accepts" : "refuses", letter));
      }
    }
  }

  void forge_all() {
    forged_ = now_;
    forgeries_.clear();
    for (const auto& [letter, own] : certificates_) {
      ++counts_.forged;
      forgeries_.emplace_back(letter, test::forge(own, "00000004-0000-0ff1-ce00-000000000000@litwareinc.com",
                                                  std::string(kForgedAudience), now_, now_ + kMaximum));
    }
  }

  // The smoke test of our own store says the same of what it publishes now.
  void mirror() {
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      std::string input;
      std::string expected;
      for (const auto& token : live_) {
        if (token.partner != i) continue;
        const bool is_good = published(now_).find(token.key) != std::string::npos &&
                             is_valid(token.key, ours(now_)) && is_in_time(token, ours(now_));
        input += token.text + "\n";
        expected += is_good ? "Success\n" : "Failure\n";
        ++counts_.mirrored;
      }
      if (input.empty()) continue;
      const auto seen =
          folder_.run("lync.db",
                      {"test-oauth-token", "-", "--as-partner", std::string(kPartners.at(i).name), "--output",
                       "value", "--property", "Result"},
                      ours(now_), input);
      if (seen.out != expected)
        blame(fmt::format("at {}: as {} the verdicts are\n{}instead of\n{}{}", form(now_),
                          kPartners.at(i).name, seen.out, expected, seen.error));
    }
  }

  // Whoever does not hold the key that signs is named, and workflow is named for nothing else.
  void compare_health() {
    const auto key = signer(now_);
    if (key == 0) return;
    const auto seen = health();
    for (std::size_t i = 0; i < kPartners.size(); ++i) {
      const auto* partner = seen.partner(kPartners.at(i).name);
      REQUIRE(partner != nullptr);
      const bool said = partner->find("KnowsCurrent")->boolean();
      const bool knows = known_to(i, now_).find(key) != std::string::npos;
      const bool is_wrong = i == kWorkflow ? said != knows : said && !knows;
      if (is_wrong)
        blame(fmt::format("at {}: {} {} the key {}, and test-certificate-configuration says otherwise",
                          form(now_), kPartners.at(i).name, knows ? "knows" : "does not know", key));
    }
  }

  static constexpr std::string_view kForgedAudience = "forged/audience@contoso.com";

  test::Folder folder_;
  std::map<char, test::OwnCertificate> certificates_;
  std::vector<Judge> judges_;           // of the partners, as their stores are now
  std::vector<std::string> documents_;  // that they have read last
  std::vector<Outage> outages_;
  std::set<Instant> changes_, looks_, mints_;
  std::set<Instant>::const_iterator near_ = changes_.begin();
  std::multimap<Instant, std::function<void()>> plans_;

  Instant now_ = kStart;
  std::vector<LiveToken> live_;
  std::multimap<Instant, LiveToken> ends_;
  std::vector<std::pair<char, std::string>> forgeries_;
  Instant forged_ = {};
  std::size_t turn_ = 0;

  Assignments rows_;
  bool rows_are_known_ = false;
  Instant evaluated_ = kStart;

  Counts counts_;
  std::int64_t blamed_ = 0;
};

TEST_CASE("in two years no valid token is refused and no dead key accepted, but where it was announced") {
  Life life;
  life.live();
  life.report();
}

}  // namespace
}  // namespace accord
