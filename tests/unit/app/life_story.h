// What happens in the two years of life_test.cc, and what the commands say to it. The admins of five servers
// type real verbs; ours goes by a clock that is not always right.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/json.h"
#include "tests/support.h"
#include "tests/unit/app/life_deployment.h"
#include "tests/unit/app/life_model.h"

namespace accord::test::life {

inline Words words_of(std::string_view line) {
  Words words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

inline std::string form(Instant at) {
  return format_instant(at);
}

// What test-certificate-configuration says.
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

class Story {
 public:
  Story() {
    for (const auto& one : kCertificates) certificates_.emplace(one.letter, folder_.make(one));
    found();
    tell();
  }

 protected:
  // --- What admins do

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
    rows_are_known_ = false;
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
      judges_.push_back(judge_of(folder_.path(store), kStart));
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
    judges_[kWorkflow] = judge_of(folder_.path(store_of(kWorkflow)), now_);
  }

  void read_our_metadata(std::size_t partner) {
    ++reads_;
    const auto outcome = folder_.run("lync.db", {"export-auth-metadata"}, ours(now_));
    const bool there_is_one = !published(now_).empty();
    CHECK_MESSAGE((outcome.code == 0) == there_is_one, fmt::format("at {}: {}", form(now_), outcome.error));
    if (outcome.code != 0 || outcome.out == documents_[partner]) return;
    documents_[partner] = outcome.out;
    folder_.write("lync.json", outcome.out);
    const auto store = store_of(partner);
    folder_.must_run(store, {"set-partner-application", "lync", "--metadata-file", folder_.path("lync.json")},
                     now_);
    judges_[partner] = judge_of(folder_.path(store), now_);
  }

  Health health() {
    ++health_checks_;
    const auto outcome =
        folder_.run("lync.db", {"test-certificate-configuration", "--output", "json"}, ours(now_));
    REQUIRE_MESSAGE((outcome.code == 0 || outcome.code == 5 || outcome.code == 6), outcome.error);
    return {.code = outcome.code, .record = must(json::parse(outcome.out))};
  }

  Health expect_health(int code, const std::string& decision) {
    auto seen = health();
    CHECK_MESSAGE(
        (seen.code == code && seen.text("Decision") == decision),
        fmt::format("at {}: {} {}: {}", form(now_), seen.code, seen.text("Decision"), seen.text("Summary")));
    return seen;
  }

  void expect_all_uninformed(const std::string& said, char letter) {
    for (const auto* reader : {"exchange", "sharepoint", "scheduler"})
      expect_in(said, fmt::format("'{}' refuses our tokens until it reads our metadata again", reader));
    expect_in(said,
              fmt::format("'workflow' refuses our tokens until it is told of the new key: export-certificate "
                          "--thumbprint {{{}}}",
                          letter));
  }

  // --- When they do it

  void tell() {
    tell_of_the_first_roll();
    tell_of_a_moved_and_a_cancelled_roll();
    tell_of_a_missed_roll();
    tell_of_a_compromised_key();
    tell_of_an_end_with_one_staged();
    tell_of_an_end_with_none_staged();
    tell_of_a_hasty_roll();
    for (std::size_t i = 0; i < kWorkflow; ++i) {
      for (auto read = kPartners.at(i).first; read < kEnd; read += kPartners.at(i).interval)
        plan(read, [this, i] { read_our_metadata(i); });
    }
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

  Folder folder_;
  std::map<char, OwnCertificate> certificates_;
  std::vector<Judge> judges_;           // of the partners, as their stores are now
  std::vector<std::string> documents_;  // that they have read last
  std::multimap<Instant, std::function<void()>> plans_;
  Instant now_ = kStart;         // the true time
  bool rows_are_known_ = false;  // a command may have changed them
  std::int64_t reads_ = 0, health_checks_ = 0;
};

}  // namespace accord::test::life
