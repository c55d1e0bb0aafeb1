#include "lib/store/store.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "lib/store/oauth_configuration.h"
#include "tests/unit/store/store_fixture.h"

namespace accord::test {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::string open_error(const std::string& location, OpenFor mode = OpenFor::reading) {
  return error_id(open_store(location, mode));
}

// Runs `work` in a child and gives its wait status.
template <class F>
int in_child(F work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

constexpr uid_t kNobodyUser = 65534;

// As another user, where this one may become that; returns the error id.
std::string error_as_nobody(const std::string& location, OpenFor mode) {
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  in_child([&] {
    if (setgroups(0, nullptr) != 0 || setgid(kNobodyUser) != 0 || setuid(kNobodyUser) != 0) _exit(1);
    auto opened = open_store(location, mode);
    std::string id = opened ? "opened" : error_id(opened);
    if (opened) {
      const auto configuration = read_oauth_configuration(**opened);
      id = configuration ? "read" : error_id(configuration);
    }
    if (write(channel[1], id.data(), id.size()) < 0) _exit(1);
  });
  close(channel[1]);
  char buffer[64] = {};
  const auto size = read(channel[0], buffer, sizeof buffer);
  close(channel[0]);
  return {buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::vector<std::string> domain_names(Connection& store) {
  std::vector<std::string> names;
  for (const auto& domain : must(list_sip_domains(store))) names.push_back(domain.name);
  return names;
}

TEST_CASE_FIXTURE(FreshStore,
                  "a new store opens for reading and writing, is private and holds the defaults") {
  CHECK(mode_of(location) == 0600);
  CHECK(must(store->schema_version()) == latest_schema_version());
  CHECK(latest_schema_version() >= 1);
  const auto reader = open(OpenFor::reading);
  CHECK(must(read_oauth_configuration(*reader)).token_lifetime == std::chrono::hours(8));
  CHECK(reader->location() == location);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "the identifier of a store stays and differs from that of another store") {
  const auto id = must(store_id(*store));
  CHECK(id.size() == 32);
  store.reset();
  CHECK(must(store_id(*open())) == id);
  const FreshStore other;
  CHECK(must(store_id(*other.store)) != id);
}

TEST_CASE_FIXTURE(FreshStore, "a store is made with the folders that are missing, closed to others") {
  const auto deep = folder.path("a/b/store.db");
  must(create_store({.location = deep}));
  CHECK(mode_of(folder.path("a")) == 0700);
  CHECK(mode_of(folder.path("a/b")) == 0700);
  CHECK(open_error(deep) == "");
}

TEST_CASE_FIXTURE(FreshStore, "whatever is there already is neither replaced nor added to") {
  store.reset();
  const auto before = slurp(location);
  CHECK(error_id(create_store({.location = location})) == "Store.Exists");
  CHECK(slurp(location) == before);

  SUBCASE("a text file") {
    spew(folder.path("other"), "text");
  }
  SUBCASE("a folder") {
    REQUIRE(mkdir(folder.path("other").c_str(), 0700) == 0);
  }
  SUBCASE("a link that leads nowhere") {
    REQUIRE(symlink("/nonexistent/store", folder.path("other").c_str()) == 0);
  }
  CHECK(error_id(create_store({.location = folder.path("other")})) == "Store.Exists");
  CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("a new store has what it starts with, and there is none when that fails") {
  const TemporaryFolder folder;
  const auto location = folder.path("store.db");
  const auto fill = [](Connection& store) -> Result<void> {
    TRY(insert_sip_domain(store, {.name = "one.example"}));
    return {};
  };
  const auto fail_after = [&fill](Connection& store) -> Result<void> {
    TRY(fill(store));
    return fill(store);
  };
  CHECK(error_id(create_store({.location = location}, fail_after)) == "SipDomain.Exists");
  CHECK(files_in(folder.path()) == 0);
  must(create_store({.location = location}, fill));
  CHECK(domain_names(*must(open_store(location, OpenFor::reading))) ==
        std::vector<std::string>{"one.example"});
}

TEST_CASE("of many that make the same store at once, one succeeds and the others are told that it exists") {
  const TemporaryFolder folder;
  const auto location = folder.path("store.db");
  std::vector<std::string> outcomes(8);
  std::vector<std::thread> threads;
  threads.reserve(outcomes.size());
  for (auto& outcome : outcomes) {
    threads.emplace_back([&outcome, &location] { outcome = error_id(create_store({.location = location})); });
  }
  for (auto& thread : threads) thread.join();
  CHECK(std::count(outcomes.begin(), outcomes.end(), "") == 1);
  CHECK(std::count(outcomes.begin(), outcomes.end(), "Store.Exists") == 7);
  CHECK(open_error(location) == "");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a store for a group of readers can be read by them and written by the owner alone") {
  const TemporaryFolder folder;
  const auto location = folder.path("made/store.db");
  const auto* group = getgrgid(getgid());
  REQUIRE(group != nullptr);
  must(create_store({.location = location, .reader_group = group->gr_name}));
  CHECK(mode_of(location) == 0640);
  CHECK(mode_of(folder.path("made")) == 0750);
  struct stat status {};
  REQUIRE(stat(location.c_str(), &status) == 0);
  CHECK(status.st_gid == getgid());
}

TEST_CASE("a group that does not exist is refused and nothing is made") {
  const TemporaryFolder folder;
  const auto made =
      create_store({.location = folder.path("made/store.db"), .reader_group = "no-such-group-here"});
  CHECK(error_id(made) == "Parameter.Invalid");
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE_FIXTURE(FreshStore, "a store that is not there is missing, and the error says how to make one") {
  const auto opened = open_store(folder.path("nowhere.db"), OpenFor::reading);
  CHECK(error_id(opened) == "Store.Missing");
  CHECK(opened.error().advice == "new-management-store --store " + folder.path("nowhere.db"));
  CHECK(open_error(folder.path("no/such/folder.db")) == "Store.Missing");
  CHECK(open_error(location + "/below") == "Store.Missing");
  CHECK(open_error(folder.path("nowhere.db"), OpenFor::writing) == "Store.Missing");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "names that SQLite gives a meaning are just files") {
  CHECK(open_error(folder.path(":memory:")) == "Store.Missing");
  CHECK(open_error("file:" + location) == "Store.Missing");
  CHECK(open_error("") != "");
}

TEST_CASE("a PostgreSQL server is refused without repeating what its address may hold") {
  const std::string address = "postgresql://user:hunter2@db/accord";
  const auto opened = open_store(address, OpenFor::reading);
  CHECK(error_id(opened) == "Parameter.NotSupported");
  CHECK(opened.error().message.find("hunter2") == std::string::npos);
  CHECK(opened.error().target.find("hunter2") == std::string::npos);
  CHECK(error_id(create_store({.location = address})) == "Parameter.NotSupported");
}

TEST_CASE_FIXTURE(FreshStore, "what is not a store of ours is called damaged") {
  store.reset();
  auto content = slurp(location);
  REQUIRE(content.size() > 20 * 4096);
  SUBCASE("text") {
    content = "just some text that is long enough to be looked at as the header of a database file, surely";
  }
  SUBCASE("a short text") {
    content = "x";
  }
  SUBCASE("nothing") {
    content.clear();
  }
  SUBCASE("half of a store") {
    content.resize(content.size() / 2 / 4096 * 4096);
  }
  SUBCASE("a part of the first page") {
    content.resize(1000);
  }
  SUBCASE("a part of the header") {
    content.resize(50);
  }
  SUBCASE("a database of another program") {
    content.replace(68, 4, "\1\2\3\4");
  }
  SUBCASE("a database of no program") {
    content.replace(68, 4, std::string(4, '\0'));
  }
  SUBCASE("no schema") {
    content.replace(60, 4, std::string(4, '\0'));
  }
  SUBCASE("a negative version") {
    content.replace(60, 4, "\xff\xff\xff\xff");
  }
  spew(location, content);
  CHECK(open_error(location, OpenFor::reading) == "Store.Damaged");
  CHECK(open_error(location, OpenFor::writing) == "Store.Damaged");
  CHECK(slurp(location) == content);
}

TEST_CASE_FIXTURE(FreshStore, "a page that was overwritten is found when it is read") {
  store.reset();
  auto content = slurp(location);
  for (std::size_t page = 4096; page < content.size(); page += 4096)
    content.replace(page, 4096, std::string(4096, '\x55'));
  spew(location, content);
  const auto opened = open_store(location, OpenFor::reading);
  const auto id = opened ? error_id(read_oauth_configuration(**opened)) : error_id(opened);
  CHECK(id == "Store.Damaged");
}

TEST_CASE_FIXTURE(FreshStore, "a store without one of its tables is damaged") {
  must(store->execute("DROP TABLE sip_domain"));
  CHECK(error_id(list_sip_domains(*store)) == "Store.Damaged");
  must(store->execute("DELETE FROM oauth_configuration"));
  CHECK(error_id(read_oauth_configuration(*store)) == "Store.Damaged");
  must(store->execute("DELETE FROM management_store"));
  CHECK(error_id(store_id(*store)) == "Store.Damaged");
}

TEST_CASE_FIXTURE(FreshStore, "a newer store is refused, naming both versions, and stays as it is") {
  must(store->set_schema_version(latest_schema_version() + 1));
  store.reset();
  const auto before = slurp(location);
  for (const auto mode : {OpenFor::reading, OpenFor::writing}) {
    const auto opened = open_store(location, mode);
    CHECK(error_id(opened) == "Store.Newer");
    CHECK(opened.error().message.find(std::to_string(latest_schema_version() + 1)) != std::string::npos);
    CHECK(opened.error().message.find("up to " + std::to_string(latest_schema_version())) !=
          std::string::npos);
  }
  CHECK(slurp(location) == before);
}

TEST_CASE_FIXTURE(FreshStore, "a store that others may write is refused, and the error says what to type") {
  std::string blamed;
  std::string advice = "chmod go-w ";
  SUBCASE("its group writes the file") {
    REQUIRE(chmod(location.c_str(), 0660) == 0);
    blamed = location;
  }
  SUBCASE("the world writes the file") {
    REQUIRE(chmod(location.c_str(), 0602) == 0);
    blamed = location;
  }
  SUBCASE("the group writes the folder") {
    REQUIRE(chmod(folder.path().c_str(), 0770) == 0);
    blamed = folder.path();
  }
  SUBCASE("the world writes the folder") {
    REQUIRE(chmod(folder.path().c_str(), 0707) == 0);
    blamed = folder.path();
  }
  SUBCASE("the folder is for everybody, as /tmp is") {
    REQUIRE(chmod(folder.path().c_str(), 01777) == 0);
    advice = "give the store a folder of its own: --store ";
    blamed = folder.path() + "/accord/store.db";
  }
  for (const auto mode : {OpenFor::reading, OpenFor::writing}) {
    const auto opened = open_store(location, mode);
    CHECK(error_id(opened) == "Store.NotPermitted");
    CHECK(opened.error().advice == advice + blamed);
  }
}

TEST_CASE_FIXTURE(FreshStore, "others may read a store") {
  REQUIRE(chmod(location.c_str(), 0644) == 0);
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  CHECK(open_error(location) == "");
}

TEST_CASE_FIXTURE(FreshStore, "no store is made in a folder that others may write") {
  REQUIRE(chmod(folder.path().c_str(), 01777) == 0);
  CHECK(error_id(create_store({.location = folder.path("other.db")})) == "Store.NotPermitted");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE_FIXTURE(FreshStore, "a link to a store is refused, a link on the way to its folder is not") {
  REQUIRE(symlink(location.c_str(), folder.path("link.db").c_str()) == 0);
  CHECK(open_error(folder.path("link.db")) == "Store.NotPermitted");

  const TemporaryFolder other;
  REQUIRE(symlink(folder.path().c_str(), other.path("way").c_str()) == 0);
  CHECK(open_error(other.path("way/store.db")) == "");
  must(create_store({.location = other.path("way/second.db")}));
  CHECK(open_error(folder.path("second.db")) == "");
}

TEST_CASE_FIXTURE(FreshStore, "what is no regular file is refused without waiting for it") {
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  CHECK(open_error(folder.path("pipe")) == "Store.NotPermitted");
  CHECK(open_error(folder.path()) == "Store.NotPermitted");
  CHECK(open_error("/dev/null") == "Store.NotPermitted");
}

TEST_CASE_FIXTURE(FreshStore,
                  "a store of root can be read by others where its mode says so, and not written") {
  if (geteuid() != 0) {
    MESSAGE("needs root, to have a store that belongs to root");
    return;
  }
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  CHECK(error_as_nobody(location, OpenFor::reading) == "Store.NotPermitted");
  REQUIRE(chmod(location.c_str(), 0644) == 0);
  CHECK(error_as_nobody(location, OpenFor::reading) == "read");
  CHECK(error_as_nobody(location, OpenFor::writing) == "Store.NotPermitted");

  SUBCASE("a store of a third user is refused even to root") {
    REQUIRE(chown(location.c_str(), 12345, static_cast<gid_t>(-1)) == 0);
    CHECK(open_error(location) == "Store.NotPermitted");
    CHECK(error_as_nobody(location, OpenFor::reading) == "Store.NotPermitted");
  }
  SUBCASE("and so is one in the folder of a third user") {
    REQUIRE(chown(folder.path().c_str(), 12345, static_cast<gid_t>(-1)) == 0);
    CHECK(open_error(location) == "Store.NotPermitted");
  }
}

// Leaves a change in the file that was not committed, and the journal that undoes it.
void die_in_mid_change(const std::string& location) {
  const int status = in_child([&location] {
    auto opened = open_store(location, OpenFor::writing);
    if (!opened || !(*opened)->begin_writing() || !insert_sip_domain(**opened, {.name = "lost.example"}))
      _exit(1);
    // A cache too small for the change: pages go to the file before the commit does.
    if (!(*opened)->execute("PRAGMA cache_size = 1; PRAGMA cache_spill = 1")) _exit(1);
    for (int i = 0; i < 200; ++i) {
      if (!insert_partner_application(**opened, make_partner("lost" + std::to_string(i)))) _exit(1);
    }
    raise(SIGKILL);
  });
  REQUIRE(WIFSIGNALED(status));
}

TEST_CASE_FIXTURE(FreshStore, "a writer that is killed in mid change leaves the state before it") {
  changing([&] { return insert_sip_domain(*store, {.name = "kept.example"}); });
  store.reset();
  const auto before = slurp(location);
  die_in_mid_change(location);
  REQUIRE(slurp(location) != before);
  REQUIRE(std::filesystem::file_size(location + "-journal") > 0);

  SUBCASE("as the next reader sees it") {
    const auto reader = open(OpenFor::reading);
    CHECK(domain_names(*reader) == std::vector<std::string>{"kept.example"});
    CHECK(must(list_partner_applications(*reader)).empty());
  }
  SUBCASE("as the next writer sees it") {
    const auto writer = open();
    CHECK(domain_names(*writer) == std::vector<std::string>{"kept.example"});
    const auto transaction = must(Transaction::begin_writing(*writer));
    must(insert_sip_domain(*writer, {.name = "next.example"}));
  }
  SUBCASE("while one who may not write is told who can undo it") {
    if (geteuid() != 0) {
      MESSAGE("needs root, to become another user");
      return;
    }
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    REQUIRE(chmod(location.c_str(), 0644) == 0);
    REQUIRE(chmod((location + "-journal").c_str(), 0644) == 0);
    CHECK(error_as_nobody(location, OpenFor::reading) == "Store.NotPermitted");
  }
}

TEST_CASE_FIXTURE(FreshStore,
                  "a store that was moved away is not written under its old name or its new one") {
  must(list_sip_domains(*store));
  REQUIRE(rename(location.c_str(), folder.path("moved.db").c_str()) == 0);
  const auto before = slurp(folder.path("moved.db"));
  const auto changed = changing([&] { return insert_sip_domain(*store, {.name = "one.example"}); });
  CHECK(error_id(changed) == "Store.Failed");
  CHECK(slurp(folder.path("moved.db")) == before);
  CHECK_FALSE(std::filesystem::exists(location));
}

TEST_CASE_FIXTURE(FreshStore, "a disk that is full fails the change and nothing else") {
  const auto before = domain_names(*store);
  const int status = in_child([this] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    auto opened = open_store(location, OpenFor::writing);
    if (!opened || setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    auto transaction = Transaction::begin_writing(**opened);
    if (!transaction) _exit(2);
    auto inserted = insert_partner_application(**opened, make_partner("large"));
    const auto result = inserted ? transaction->commit() : Result<void>(tl::unexpected(inserted.error()));
    _exit(error_id(result) == "Store.Failed" ? 0 : 3);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(domain_names(*open()) == before);
}

}  // namespace
}  // namespace accord::test
