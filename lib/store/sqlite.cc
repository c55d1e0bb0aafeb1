#include "lib/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "lib/core/digest.h"

namespace accord {
namespace {

constexpr std::int64_t kApplicationId = 0x41434344;  // "ACCD", in bytes 68 to 71 of the file
constexpr std::chrono::milliseconds kBusyLimit{10'000};
constexpr std::chrono::microseconds kShortestWait{1'000};
constexpr std::chrono::microseconds kLongestWait{25'000};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

struct FreeMemory {
  void operator()(unsigned char* bytes) const { sqlite3_free(bytes); }
};

// --- Errors

std::string system_reason(sqlite3* database) {
  const int number = database == nullptr ? 0 : sqlite3_system_errno(database);
  return number == 0 ? std::string() : std::string(": ") + std::strerror(number);
}

tl::unexpected<Error> read_only_failure(int code, const std::string& location) {
  if (code == SQLITE_READONLY_DBMOVED) {
    return fail("Store.Failed",
                fmt::format("the store '{}' was moved or replaced while it was in use", location), location,
                "run it again");
  }
  if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY ||
      code == SQLITE_READONLY_CANTLOCK) {
    return fail(
        "Store.NotPermitted",
        fmt::format("the store '{}' holds an interrupted change that only one who may write it can undo",
                    location),
        location, "run any verb, for example get-oauth-configuration, as the owner of the store");
  }
  return fail("Store.NotPermitted", fmt::format("the store '{}' cannot be written by this user", location),
              location, "run it as the owner of the store");
}

tl::unexpected<Error> access_failure(sqlite3* database, int code, const std::string& location) {
  const int number = database == nullptr ? 0 : sqlite3_system_errno(database);
  const bool denied = number == EACCES || number == EPERM || number == EROFS || code == SQLITE_PERM ||
                      code == SQLITE_AUTH || code == SQLITE_CANTOPEN_SYMLINK;
  if (!denied) {
    return fail("Store.Failed",
                fmt::format("the store '{}' cannot be opened{}", location, system_reason(database)), location,
                "check that the store and its folder are there");
  }
  return fail(
      "Store.NotPermitted",
      fmt::format("the store '{}' or its folder is closed to this user{}", location, system_reason(database)),
      location, "run it as the owner of the store");
}

tl::unexpected<Error> statement_failure(sqlite3* database, const std::string& location) {
  const std::string detail = database == nullptr ? "no detail" : sqlite3_errmsg(database);
  if (detail.starts_with("no such table") || detail.starts_with("no such column")) {
    return fail("Store.Damaged",
                fmt::format("the store '{}' lacks a part of its schema: {}", location, detail), location,
                "restore it from a backup");
  }
  return fail("Store.Failed", fmt::format("the store '{}' refused a statement: {}", location, detail),
              location);
}

tl::unexpected<Error> sqlite_failure(sqlite3* database, int code, const std::string& location) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail("Store.Busy", fmt::format("the store '{}' is in use by another process", location),
                  location, "run it again in a moment");
    case SQLITE_NOTADB:
      return fail("Store.Damaged",
                  fmt::format("'{}' is not a management store: it is no SQLite database", location), location,
                  "name another store with --store, or restore this one from a backup");
    case SQLITE_CORRUPT:
      return fail("Store.Damaged", fmt::format("the store '{}' is damaged", location), location,
                  "restore it from a backup");
    case SQLITE_READONLY:
      return read_only_failure(code, location);
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return access_failure(database, code, location);
    case SQLITE_FULL:
      return fail("Store.Failed", fmt::format("there is no room for the store '{}' to change", location),
                  location, "make room on the disk and run it again; nothing was changed");
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_NOMEM) break;
      return fail(
          "Store.Failed",
          fmt::format("the store '{}' could not be read or written{}", location, system_reason(database)),
          location, "check the disk and run it again");
    case SQLITE_NOMEM:
      break;
    default:
      return statement_failure(database, location);
  }
  return fail("Memory.Exhausted", fmt::format("there is not enough memory to use the store '{}'", location),
              location);
}

// --- Waiting for locks

// What is left of the time that one transaction may wait for others.
struct Patience {
  std::chrono::steady_clock::duration left = kBusyLimit;
};

std::chrono::microseconds next_wait(int attempts) {
  const auto ceiling = std::min(kShortestWait * (1 << std::min(attempts, 10)), kLongestWait);
  std::uint32_t dice = 0;
  fill_random(reinterpret_cast<unsigned char*>(&dice), sizeof dice);
  // Waiters that woke together would meet again and again; so each waits its own while.
  return ceiling / 2 + std::chrono::microseconds(dice % static_cast<std::uint32_t>(ceiling.count() / 2 + 1));
}

int wait_for_lock(void* context, int attempts) {
  auto& patience = *static_cast<Patience*>(context);
  if (patience.left <= std::chrono::steady_clock::duration::zero()) return 0;
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(
      std::min<std::chrono::steady_clock::duration>(next_wait(attempts), patience.left));
  patience.left -= std::chrono::steady_clock::now() - start;
  return 1;
}

// --- Statements

// Compiled statements that nobody uses at the moment: compiling one takes longer than running it.
using IdleStatements = std::map<std::string, StatementHandle, std::less<>>;

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* database, IdleStatements::node_type compiled, IdleStatements& idle,
                  const std::string& location)
      : database_(database),
        compiled_(std::move(compiled)),
        idle_(idle),
        handle_(compiled_.mapped()),
        location_(location) {}
  ~SqliteStatement() override {
    reset();
    // Where the same statement was compiled twice at once, one of the two goes.
    idle_.insert(std::move(compiled_));
  }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  using Statement::bind;
  Statement& bind(std::int64_t value) override {
    return note(sqlite3_bind_int64(handle_.get(), ++bound_, value));
  }
  Statement& bind(std::string_view text) override {
    return note(
        sqlite3_bind_text64(handle_.get(), ++bound_, data(text), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  }
  Statement& bind_blob(std::string_view bytes) override {
    return note(sqlite3_bind_blob64(handle_.get(), ++bound_, data(bytes), bytes.size(), SQLITE_TRANSIENT));
  }
  Statement& bind_null() override { return note(sqlite3_bind_null(handle_.get(), ++bound_)); }

  Result<bool> step() override {
    if (bind_status_ != SQLITE_OK) return sqlite_failure(database_, bind_status_, location_);
    // SQLite would begin anew, and insert a second time.
    if (finished_) return false;
    const int status = sqlite3_step(handle_.get());
    if (status == SQLITE_ROW) return true;
    finished_ = true;
    if (status == SQLITE_DONE) return false;
    auto failure = sqlite_failure(database_, status, location_);
    sqlite3_reset(handle_.get());
    return failure;
  }

  void reset() override {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    bound_ = 0;
    bind_status_ = SQLITE_OK;
    finished_ = false;
  }

  bool is_null(int column) const override {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(handle_.get(), column); }
  std::string text(int column) const override {
    const void* bytes = sqlite3_column_type(handle_.get(), column) == SQLITE_BLOB
                            ? sqlite3_column_blob(handle_.get(), column)
                            : sqlite3_column_text(handle_.get(), column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
  }

 private:
  // A null pointer would bind NULL where empty text is meant.
  static const char* data(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

  Statement& note(int status) {
    if (bind_status_ == SQLITE_OK) bind_status_ = status;
    return *this;
  }

  sqlite3* database_;
  IdleStatements::node_type compiled_;
  IdleStatements& idle_;
  const StatementHandle& handle_;
  const std::string& location_;
  int bound_ = 0;
  int bind_status_ = SQLITE_OK;
  bool finished_ = false;
};

// --- Connections

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(Database database, std::string location)
      : database_(std::move(database)), location_(std::move(location)) {
    sqlite3_busy_handler(database_.get(), wait_for_lock, &patience_);
  }

  Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override {
    if (!in_transaction()) patience_ = {};
    auto known = idle_.find(sql);
    if (known == idle_.end()) {
      TRY_ASSIGN(auto handle, compile(sql));
      known = idle_.emplace(sql, std::move(handle)).first;
    }
    return std::unique_ptr<Statement>(
        std::make_unique<SqliteStatement>(database_.get(), idle_.extract(known), idle_, location_));
  }

  Result<void> execute(std::string_view sql) override {
    const std::string text(sql);
    const int status = sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) return failure(status);
    return {};
  }

  Result<void> begin_writing() override {
    patience_ = {};
    if (is_read_only()) return read_only_failure(SQLITE_READONLY, location_);
    TRY(make_durable());
    return execute("BEGIN IMMEDIATE");
  }
  Result<void> begin_reading() override {
    patience_ = {};
    return execute("BEGIN");
  }
  Result<void> commit() override { return execute("COMMIT"); }
  bool in_transaction() const override { return sqlite3_get_autocommit(database_.get()) == 0; }
  void roll_back() override {
    // Some failures have rolled back already.
    if (in_transaction()) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  Result<std::int64_t> schema_version() override { return integer_of("PRAGMA user_version"); }
  Result<void> set_schema_version(std::int64_t version) override {
    return execute(fmt::format("PRAGMA user_version = {}", version));
  }
  Result<std::int64_t> change_counter() override { return integer_of("PRAGMA data_version"); }
  const std::string& location() const override { return location_; }

  bool is_read_only() const { return sqlite3_db_readonly(database_.get(), "main") == 1; }

  Result<void> check_application() {
    TRY_ASSIGN(const auto application, integer_of("PRAGMA application_id"));
    if (application == kApplicationId) return {};
    return fail("Store.Damaged",
                fmt::format("'{}' is not a management store: it is a database of something else", location_),
                location_, "name another store with --store");
  }
  Result<void> set_application() {
    return execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
  }

  Result<std::string> serialize() {
    sqlite3_int64 size = 0;
    const std::unique_ptr<unsigned char, FreeMemory> bytes(
        sqlite3_serialize(database_.get(), "main", &size, 0));
    if (bytes == nullptr) return failure(SQLITE_NOMEM);
    return std::string(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
  }

 private:
  tl::unexpected<Error> failure(int status) const {
    return sqlite_failure(database_.get(), status, location_);
  }

  Result<StatementHandle> compile(std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    const int status =
        sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
    if (status != SQLITE_OK) return failure(status);
    return StatementHandle(handle);
  }

  Result<std::string> value_of(std::string_view sql) {
    TRY_ASSIGN(const auto statement, prepare(sql));
    TRY_ASSIGN(const bool has_row, statement->step());
    return has_row ? statement->text(0) : std::string();
  }
  Result<std::int64_t> integer_of(std::string_view sql) {
    TRY_ASSIGN(const auto statement, prepare(sql));
    TRY_ASSIGN(const bool has_row, statement->step());
    return has_row ? statement->integer(0) : 0;
  }

  // Before the first change only: a reader pays nothing for it. Not WAL: SQLite before 3.51.3 can lose a
  // database in that mode when many processes write. EXTRA also syncs the folder when the journal goes, so
  // that a commit stays.
  Result<void> make_durable() {
    if (durable_) return {};
    TRY_ASSIGN(const auto mode, value_of("PRAGMA journal_mode = TRUNCATE"));
    if (mode != "truncate" && mode != "memory") {
      return fail("Store.Failed",
                  fmt::format("the store '{}' is held in the journal mode '{}'", location_, mode), location_,
                  "end the other programs that use it, then run it again");
    }
    // What is replaced is overwritten: a private key under an old store key must not stay in a free part of
    // the file. Debian builds SQLite so, others may not.
    TRY(execute("PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON"));
    durable_ = true;
    return {};
  }

  Database database_;
  IdleStatements idle_;  // gone before the database is closed
  std::string location_;
  Patience patience_ = {};
  bool durable_ = false;
};

void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    // A mapped file that is cut short by another program is a SIGBUS here; reading says SQLITE_CORRUPT.
    sqlite3_config(SQLITE_CONFIG_MMAP_SIZE, sqlite3_int64{0}, sqlite3_int64{0});
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

// The file may have been made by someone who wants to run code here: triggers, views and functions in its
// schema get nowhere, and no statement reaches another file.
int harden(sqlite3* database) {
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  return sqlite3_exec(database, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY", nullptr, nullptr,
                      nullptr);
}

Result<std::unique_ptr<SqliteConnection>> connect(const std::string& path, const std::string& location,
                                                  int flags) {
  prepare_library();
  sqlite3* handle = nullptr;
  // No mutex: one connection serves one thread.
  int status =
      sqlite3_open_v2(path.c_str(), &handle,
                      flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database(handle);
  if (status == SQLITE_OK) status = harden(handle);
  if (status != SQLITE_OK) return sqlite_failure(handle, status, location);
  return std::make_unique<SqliteConnection>(std::move(database), location);
}

Result<std::unique_ptr<SqliteConnection>> make_in_memory(
    const std::string& location, const std::function<Result<void>(Connection&)>& fill) {
  TRY_ASSIGN(auto store, connect(":memory:", location, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY));
  TRY_ASSIGN(auto transaction, Transaction::begin_writing(*store));
  TRY(store->set_application());
  TRY(fill(*store));
  TRY(transaction.commit());
  return store;
}

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path, const std::string& location,
                                                SqliteAccess access) {
  // READWRITE for readers too, because whoever may write must be able to undo what a killed writer left;
  // SQLite opens read-only by itself where writing is denied.
  TRY_ASSIGN(auto store, connect(path, location, SQLITE_OPEN_READWRITE));
  TRY(store->check_application());
  if (access == SqliteAccess::writing && store->is_read_only())
    return read_only_failure(SQLITE_READONLY, location);
  return std::unique_ptr<Connection>(std::move(store));
}

Result<std::unique_ptr<Connection>> open_sqlite_in_memory(
    const std::string& location, const std::function<Result<void>(Connection&)>& fill) {
  TRY_ASSIGN(auto store, make_in_memory(location, fill));
  return std::unique_ptr<Connection>(std::move(store));
}

Result<std::string> build_sqlite(const std::string& location,
                                 const std::function<Result<void>(Connection&)>& fill) {
  TRY_ASSIGN(auto store, make_in_memory(location, fill));
  return store->serialize();
}

}  // namespace accord
