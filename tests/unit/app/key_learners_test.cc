#include "lib/app/key_learners.h"

#include <doctest/doctest.h>

#include "tests/unit/store/store_fixture.h"

namespace accord {
namespace {

const Instant kPublished{std::chrono::seconds(1'795'521'600)};

TEST_CASE("one that reads our metadata has learnt a key a refresh interval after it was published") {
  const KeyLearner reader{.identity = "exchange", .learns_by = LearnsOurKeysBy::metadata};
  CHECK(learns_at(reader, "NEW", kPublished) == kPublished + std::chrono::hours(24));
}

TEST_CASE("one that was told has always known the key, however it learns the others") {
  for (const auto by : {LearnsOurKeysBy::unknown, LearnsOurKeysBy::metadata, LearnsOurKeysBy::file}) {
    const KeyLearner told{.identity = "hr", .learns_by = by, .told_thumbprints = {"OLD", "NEW"}};
    CHECK(learns_at(told, "NEW", kPublished) == Instant::min());
  }
}

TEST_CASE("one that is told by file, or in a way that is not known, never learns by itself") {
  for (const auto by : {LearnsOurKeysBy::unknown, LearnsOurKeysBy::file}) {
    const KeyLearner untold{.identity = "hr", .learns_by = by, .told_thumbprints = {"OLD"}};
    CHECK_FALSE(learns_at(untold, "NEW", kPublished).has_value());
  }
}

TEST_CASE("the command that records what was told names all that was told before") {
  const KeyLearner partner{.identity = "hr", .told_thumbprints = {"A", "B"}};
  CHECK(told_command(partner, {"C"}) == "set-partner-application hr --told-thumbprint A,B,C");
  const KeyLearner server{.identity = "acs", .is_oauth_server = true};
  CHECK(told_command(server, {"C"}) == "set-oauth-server acs --told-thumbprint C");
}

TEST_CASE("a name with blanks and quotes is quoted for the shell") {
  const KeyLearner partner{.identity = "it's $HOME"};
  CHECK(told_command(partner, {"C"}) == R"(set-partner-application 'it'\''s $HOME' --told-thumbprint C)");
}

TEST_CASE("the certificate is exported by its thumbprint") {
  CHECK(export_command("ABC") == "export-certificate --thumbprint ABC");
}

TEST_CASE_FIXTURE(test::FreshStore,
                  "partners come first, then servers, and none whose tokens come from a server") {
  const auto add = [&](PartnerApplication partner) {
    changing([&] { return insert_partner_application(*store, partner); });
  };
  auto by_document = test::make_partner("zebra");
  by_document.source = TrustSource::metadata;
  by_document.relation = test::make_relation({test::make_certificate("zebra")});
  add(by_document);
  auto disabled = test::make_partner("archive");
  disabled.enabled = false;
  add(disabled);
  add({.identity = "hosted", .application_identifier = "hosted", .source = TrustSource::oauth_server});
  changing([&] { return insert_oauth_server(*store, test::make_server("acs")); });

  const auto learners = test::must(key_learners(*store));
  REQUIRE(learners.size() == 3);
  CHECK(learners[0].identity == "archive");
  CHECK_FALSE(learners[0].is_oauth_server);
  CHECK(learners[0].learns_by == LearnsOurKeysBy::unknown);
  CHECK(learners[1].identity == "zebra");
  CHECK(learners[1].learns_by == LearnsOurKeysBy::file);
  CHECK(learners[1].told_thumbprints == std::vector<std::string>{"AA", "BB"});
  CHECK(learners[1].last_refresh == Instant(Duration(1'700'000'001)));
  CHECK(learners[2].identity == "acs");
  CHECK(learners[2].is_oauth_server);
}

TEST_CASE_FIXTURE(test::FreshStore, "without partners nobody has to know our keys") {
  CHECK(test::must(key_learners(*store)).empty());
}

}  // namespace
}  // namespace accord
