#include "lib/store/connection.h"

#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "lib/store/certificate.h"
#include "lib/store/migrations.h"
#include "lib/store/oauth_configuration.h"
#include "lib/store/sqlite.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

std::int64_t count_domains(Connection& store) {
  return static_cast<std::int64_t>(must(list_sip_domains(store)).size());
}

std::string pragma(Connection& store, const std::string& name) {
  auto query = must(store.prepare("PRAGMA " + name));
  REQUIRE(must(query->step()));
  return query->text(0);
}

TEST_CASE_FIXTURE(FreshStore, "a change that is not committed is undone") {
  {
    const auto transaction = must(Transaction::begin_writing(*store));
    must(insert_sip_domain(*store, {.name = "gone.example"}));
    CHECK(count_domains(*store) == 1);
  }
  CHECK(count_domains(*store) == 0);
  CHECK(count_domains(*open(OpenFor::reading)) == 0);
}

TEST_CASE_FIXTURE(FreshStore, "the counter moves when another connection has changed something, and only then") {
  const auto other = open(OpenFor::reading);
  const auto before = must(other->change_counter());
  CHECK(must(other->change_counter()) == before);
  CHECK(count_domains(*other) == 0);
  CHECK(must(other->change_counter()) == before);
  {
    const auto transaction = must(Transaction::begin_writing(*store));
    must(insert_sip_domain(*store, {.name = "undone.example"}));
  }
  CHECK(must(other->change_counter()) == before);
  {
    auto transaction = must(Transaction::begin_writing(*store));
    must(insert_sip_domain(*store, {.name = "kept.example"}));
    must(transaction.commit());
  }
  const auto after = must(other->change_counter());
  CHECK(after != before);
  CHECK(must(other->change_counter()) == after);
}

TEST_CASE_FIXTURE(FreshStore, "a committed change is seen by others, one that is not yet is not") {
  const auto other = open(OpenFor::reading);
  auto transaction = must(Transaction::begin_writing(*store));
  must(insert_sip_domain(*store, {.name = "one.example"}));
  CHECK(count_domains(*other) == 0);
  must(transaction.commit());
  CHECK(count_domains(*other) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "a transaction that was moved is rolled back once, by its new owner") {
  auto first = must(Transaction::begin_writing(*store));
  {
    const Transaction second(std::move(first));
    must(insert_sip_domain(*store, {.name = "gone.example"}));
  }
  changing([&] { return insert_sip_domain(*store, {.name = "kept.example"}); });
  CHECK(count_domains(*store) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "a connection can begin again after a commit or a rollback") {
  for (int i = 0; i < 3; ++i) {
    { const auto given_up = must(Transaction::begin_writing(*store)); }
    changing([&] { return insert_sip_domain(*store, {.name = "d" + std::to_string(i) + ".example"}); });
  }
  CHECK(count_domains(*store) == 3);
}

TEST_CASE_FIXTURE(FreshStore, "a savepoint undoes what came after it, and they nest") {
  auto transaction = must(Transaction::begin_writing(*store));
  auto outer = must(Savepoint::set(*store));
  must(insert_sip_domain(*store, {.name = "kept.example"}));
  {
    const auto inner = must(Savepoint::set(*store));
    must(insert_sip_domain(*store, {.name = "gone.example"}));
  }
  CHECK(count_domains(*store) == 1);
  must(outer.keep());
  must(transaction.commit());
  CHECK(count_domains(*open(OpenFor::reading)) == 1);
}

// After an error of the disk SQLite has rolled back by itself: a savepoint would begin a transaction, and
// keep it.
TEST_CASE_FIXTURE(FreshStore, "no savepoint is set where the transaction is gone") {
  auto transaction = must(Transaction::begin_writing(*store));
  must(insert_sip_domain(*store, {.name = "gone.example"}));
  store->roll_back();
  CHECK_FALSE(store->in_transaction());
  CHECK(error_id(Savepoint::set(*store)) == "Store.Failed");
  CHECK(count_domains(*store) == 0);
}

TEST_CASE_FIXTURE(FreshStore, "several reads in one transaction see one state") {
  const auto reader = open(OpenFor::reading);
  const auto view = must(Transaction::begin_reading(*reader));
  CHECK(count_domains(*reader) == 0);
  std::thread writer([this] {
    const auto own = open();
    auto transaction = must(Transaction::begin_writing(*own));
    must(insert_sip_domain(*own, {.name = "late.example"}));
    // Waits for the reader to end.
    must(transaction.commit());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(count_domains(*reader) == 0);
  reader->roll_back();
  writer.join();
  CHECK(count_domains(*reader) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "a second writer waits for the first and then succeeds") {
  auto first = must(Transaction::begin_writing(*store));
  must(insert_sip_domain(*store, {.name = "first.example"}));
  std::atomic<bool> first_is_done = false;
  bool waited = false;
  std::thread second([&] {
    const auto own = open();
    auto transaction = must(Transaction::begin_writing(*own));
    waited = first_is_done;
    must(insert_sip_domain(*own, {.name = "second.example"}));
    must(transaction.commit());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  first_is_done = true;
  must(first.commit());
  second.join();
  CHECK(waited);
  CHECK(count_domains(*store) == 2);
}

TEST_CASE_FIXTURE(FreshStore, "a store that stays busy is given up after ten seconds") {
  const auto other = open();
  const auto holder = must(Transaction::begin_writing(*other));
  const auto start = std::chrono::steady_clock::now();
  const auto refused = Transaction::begin_writing(*store);
  const auto waited = std::chrono::steady_clock::now() - start;
  REQUIRE_FALSE(refused.has_value());
  CHECK(std::string(refused.error().id.text()) == "Store.Busy");
  CHECK(waited >= std::chrono::seconds(9));
  CHECK(waited < std::chrono::seconds(12));
}

TEST_CASE_FIXTURE(FreshStore, "eight processes that write at once lose nothing") {
  constexpr int kProcesses = 8;
  constexpr int kEach = 10;
  store.reset();
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int i = 0; i < kEach; ++i) {
        auto own = open_store(location, OpenFor::writing);
        if (!own) _exit(1);
        auto transaction = Transaction::begin_writing(**own);
        if (!transaction) _exit(2);
        const auto name = "d" + std::to_string(i) + ".p" + std::to_string(process) + ".example";
        if (!insert_sip_domain(**own, {.name = name}) || !transaction->commit()) _exit(3);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (const auto child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  store = open();
  CHECK(count_domains(*store) == kProcesses * kEach);
  // The one that was first; nobody else became a second default.
  CHECK(must(default_sip_domain(*store)).has_value());
  CHECK(pragma(*store, "integrity_check") == "ok");
}

TEST_CASE_FIXTURE(FreshStore, "eight threads that write at once lose nothing") {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this, thread] {
      const auto own = open();
      for (int i = 0; i < 5; ++i) {
        auto transaction = must(Transaction::begin_writing(*own));
        must(insert_sip_domain(
            *own, {.name = "d" + std::to_string(i) + ".t" + std::to_string(thread) + ".example"}));
        must(transaction.commit());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(count_domains(*store) == 40);
}

TEST_CASE_FIXTURE(FreshStore,
                  "a writer keeps what a power cut must not take, in a mode that is safe with this SQLite") {
  changing([&] { return insert_sip_domain(*store, {.name = "one.example"}); });
  CHECK(pragma(*store, "journal_mode") == "truncate");
  CHECK(pragma(*store, "synchronous") == "3");
  CHECK(pragma(*store, "foreign_keys") == "1");
  CHECK(pragma(*store, "trusted_schema") == "0");
  CHECK(pragma(*store, "cell_size_check") == "1");
  CHECK(pragma(*store, "temp_store") == "2");
  CHECK(pragma(*store, "mmap_size") == "0");
}

TEST_CASE_FIXTURE(FreshStore, "a connection that was opened for reading writes as durably as any other") {
  const auto reader = open(OpenFor::reading);
  auto transaction = must(Transaction::begin_writing(*reader));
  CHECK(pragma(*reader, "journal_mode") == "truncate");
  CHECK(pragma(*reader, "synchronous") == "3");
  must(insert_sip_domain(*reader, {.name = "one.example"}));
  must(transaction.commit());
  CHECK(count_domains(*store) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "a store that someone put into WAL mode is taken back out of it") {
  must(store->execute("PRAGMA journal_mode = WAL"));
  REQUIRE(pragma(*store, "journal_mode") == "wal");
  store.reset();
  store = open();
  changing([&] { return insert_sip_domain(*store, {.name = "one.example"}); });
  CHECK(pragma(*store, "journal_mode") == "truncate");
}

TEST_CASE_FIXTURE(FreshStore,
                  "no statement reaches another file, loads code or rewrites the schema by hand") {
  const auto other = folder.path("other.db");
  CHECK_FALSE(store->execute("ATTACH '" + other + "' AS other").has_value());
  CHECK_FALSE(std::filesystem::exists(other));
  CHECK_FALSE(store->execute("SELECT load_extension('nothing')").has_value());
  (void)store->execute("PRAGMA writable_schema = ON");
  CHECK_FALSE(store->execute("DELETE FROM sqlite_schema").has_value());
}

TEST_CASE_FIXTURE(FreshStore, "a trigger that someone planted does not run") {
  must(
      store->execute("CREATE TRIGGER planted AFTER INSERT ON sip_domain BEGIN UPDATE oauth_configuration SET "
                     "realm = 'evil'; END"));
  changing([&] { return insert_sip_domain(*store, {.name = "one.example"}); });
  CHECK_FALSE(must(read_oauth_configuration(*store)).realm.has_value());
}

TEST_CASE_FIXTURE(FreshStore, "values come back as they went in") {
  auto query = must(store->prepare("SELECT ?, ?, ?, ?, ?"));
  const std::string odd("a\0b\xc3\xa9'\"", 7);
  const std::string blob("\0\xff\x80", 3);
  query->bind(INT64_MIN).bind(odd).bind_blob(blob).bind_null().bind("");
  REQUIRE(must(query->step()));
  CHECK(query->integer(0) == INT64_MIN);
  CHECK(query->text(1) == odd);
  CHECK(query->text(2) == blob);
  CHECK(query->is_null(3));
  CHECK_FALSE(query->optional_text(3).has_value());
  CHECK_FALSE(query->is_null(4));
  CHECK(query->optional_text(4) == std::optional<std::string>(""));
  CHECK_FALSE(must(query->step()));
}

TEST_CASE_FIXTURE(FreshStore, "an empty view binds empty text, not null") {
  auto query = must(store->prepare("SELECT ?, ?"));
  query->bind(std::string_view()).bind_blob(std::string_view());
  REQUIRE(must(query->step()));
  CHECK_FALSE(query->is_null(0));
  CHECK_FALSE(query->is_null(1));
}

TEST_CASE_FIXTURE(FreshStore, "a finished statement stays finished until it is reset") {
  auto insertion = must(store->prepare("INSERT INTO sip_domain (name, is_default) VALUES (?, ?)"));
  insertion->bind("one.example").bind(false);
  CHECK_FALSE(must(insertion->step()));
  CHECK_FALSE(must(insertion->step()));
  CHECK(count_domains(*store) == 1);
  insertion->reset();
  insertion->bind("two.example").bind(false);
  must(finish(*insertion));
  CHECK(count_domains(*store) == 2);
}

TEST_CASE_FIXTURE(FreshStore, "binding more values than there are places fails the statement") {
  auto query = must(store->prepare("SELECT ?"));
  query->bind("one").bind("two");
  CHECK(error_id(query->step()) == "Store.Failed");
}

TEST_CASE_FIXTURE(FreshStore, "SQL that is wrong fails without losing the connection") {
  CHECK(error_id(store->prepare("SELEC 1")) == "Store.Failed");
  CHECK(error_id(store->prepare("SELECT nowhere FROM sip_domain")) == "Store.Damaged");
  CHECK(error_id(store->prepare("SELECT id FROM nowhere")) == "Store.Damaged");
  CHECK(count_domains(*store) == 0);
}

// --- Migrations

constexpr Migration kSteps[] = {
    {1, ""},
    {2, "CREATE TABLE second_step (id INTEGER); INSERT INTO second_step (id) VALUES (2)"},
    {3, "ALTER TABLE second_step ADD COLUMN note TEXT"}};
constexpr Migration kBrokenSteps[] = {
    {1, ""}, {2, "CREATE TABLE second_step (id INTEGER)"}, {3, "CREATE TABLE second_step (id INTEGER)"}};

TEST_CASE_FIXTURE(FreshStore, "a store gets the steps that it lacks, in order, once") {
  must(store->set_schema_version(1));
  must(migrate(*store, kSteps));
  CHECK(must(store->schema_version()) == 3);
  must(migrate(*store, kSteps));
  auto query = must(store->prepare("SELECT id, note FROM second_step"));
  CHECK(must(query->step()));
  CHECK_FALSE(must(query->step()));
}

TEST_CASE_FIXTURE(FreshStore, "steps are taken all or none") {
  must(store->set_schema_version(1));
  CHECK_FALSE(migrate(*store, kBrokenSteps).has_value());
  CHECK(must(store->schema_version()) == 1);
  CHECK(error_id(store->prepare("SELECT id FROM second_step")) == "Store.Damaged");
  must(migrate(*store, kSteps));
}

TEST_CASE_FIXTURE(FreshStore, "of many that migrate at once, one does and the others find it done") {
  std::vector<std::thread> threads;
  std::atomic<int> migrated = 0;
  threads.reserve(4);
  std::vector<std::unique_ptr<Connection>> connections;
  connections.reserve(4);
  for (int i = 0; i < 4; ++i) connections.push_back(open());
  must(store->set_schema_version(1));
  for (auto& connection : connections) {
    threads.emplace_back([&migrated, &connection] {
      if (migrate(*connection, kSteps).has_value()) ++migrated;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(migrated == 4);
}

TEST_CASE(
    "a store of version 1 keeps its certificates, and what it published counts from when the row was "
    "written") {
  const TemporaryFolder folder;
  const auto location = folder.path("old.db");
  const auto bytes = must(build_sqlite(location, [](Connection& store) -> Result<void> {
    TRY(run_migrations(store, migrations().first(1)));
    TRY(store.execute("INSERT INTO management_store (id, store_id) VALUES (1, 'old')"));
    TRY(store.execute("INSERT INTO certificate VALUES ('" + std::string(40, 'A') + "', '" +
                      std::string(64, 'A') +
                      "', x'30', 'CN=a', 'CN=a', '01', 0, 100, '', 'RSA', x'30', 2048)"));
    return store.execute("INSERT INTO certificate_assignment VALUES ('OAuthTokenIssuer', 0, '" +
                         std::string(40, 'A') + "', 5, 7)");
  }));
  std::ofstream(location, std::ios::binary) << bytes;
  std::filesystem::permissions(location, std::filesystem::perms(0600));
  auto store = must(open_store(location, OpenFor::writing));
  CHECK(must(store->schema_version()) == latest_schema_version());
  const auto rows = must(list_assignments(*store));
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().effective == Instant(std::chrono::seconds(5)));
  CHECK(rows.front().published == Instant(std::chrono::seconds(7)));
  CHECK_FALSE(rows.front().signed_until);
}

TEST_CASE("the steps are numbered from 1 without gaps") {
  std::int64_t expected = 1;
  for (const auto& step : migrations()) {
    CHECK(step.version == expected++);
    CHECK_FALSE(step.sql.empty());
  }
}

}  // namespace
}  // namespace accord::test
