// What a store engine must offer. SQL is written once, against this, in the subset that SQLite 3.40 and
// PostgreSQL 15 share: `?` parameters, RETURNING, ON CONFLICT; no SQL outside lib/store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/time.h"

namespace accord {

// One prepared statement, which must not outlive its connection. Binding goes from the first `?` to the last,
// once each; columns count from 0.
class Statement {
 public:
  virtual ~Statement() = default;
  virtual Statement& bind(std::int64_t value) = 0;
  virtual Statement& bind(std::string_view text) = 0;
  virtual Statement& bind_blob(std::string_view bytes) = 0;
  virtual Statement& bind_null() = 0;

  // True: there is a row to read. False: finished. RETURNING rows must be drained before a commit.
  [[nodiscard]] virtual Result<bool> step() = 0;
  // Makes it ready to be bound and run again.
  virtual void reset() = 0;

  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string text(int column) const = 0;  // text or blob; empty for null

  // Shorthands over the above.
  Statement& bind_optional(const std::optional<std::string>& text) {
    return text ? bind(*text) : bind_null();
  }
  Statement& bind_optional(const std::optional<Instant>& at) { return at ? bind(*at) : bind_null(); }
  Statement& bind(Instant at) { return bind(static_cast<std::int64_t>(at.time_since_epoch().count())); }
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(bool value) { return bind(std::int64_t{value ? 1 : 0}); }
  [[nodiscard]] bool boolean(int column) const { return integer(column) != 0; }
  [[nodiscard]] Instant instant(int column) const { return Instant(Duration(integer(column))); }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }
  [[nodiscard]] std::optional<Instant> optional_instant(int column) const {
    return is_null(column) ? std::nullopt : std::optional(instant(column));
  }
};

// Runs it to the end, past its rows.
[[nodiscard]] Result<void> finish(Statement& statement);

class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
  // Several statements without parameters or rows: migrations.
  [[nodiscard]] virtual Result<void> execute(std::string_view sql) = 0;

  // Takes the write lock at once, waiting for it at most 10 s with jitter (Store.Busy after that).
  [[nodiscard]] virtual Result<void> begin_writing() = 0;
  // One consistent view for several reads.
  [[nodiscard]] virtual Result<void> begin_reading() = 0;
  // On success the change survives a power cut.
  [[nodiscard]] virtual Result<void> commit() = 0;
  virtual void roll_back() = 0;
  // False also after the engine has rolled back by itself, as it does where the disk is full or fails.
  [[nodiscard]] virtual bool in_transaction() const = 0;

  [[nodiscard]] virtual Result<std::int64_t> schema_version() = 0;
  [[nodiscard]] virtual Result<void> set_schema_version(std::int64_t version) = 0;
  // Another number than before whenever somebody else, through another connection, has committed since. Not
  // for use in a transaction, where nothing changes.
  [[nodiscard]] virtual Result<std::int64_t> change_counter() = 0;
  // As errors name it: the path of the file.
  [[nodiscard]] virtual const std::string& location() const = 0;
};

// A transaction that rolls back unless it was committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin_writing(Connection& store);
  [[nodiscard]] static Result<Transaction> begin_reading(Connection& store);
  Transaction(Transaction&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (store_ != nullptr) store_->roll_back();
  }
  [[nodiscard]] Result<void> commit();

 private:
  explicit Transaction(Connection& store) : store_(&store) {}
  Connection* store_;
};

// Fails with Store.Failed where the engine has rolled back by itself: what follows would stand alone, and
// stay.
[[nodiscard]] Result<void> check_transaction(const Connection& store);

// A place inside a transaction: what comes after it is undone, unless it was kept. They nest. Fails with
// Store.Failed where there is no transaction any more.
class Savepoint {
 public:
  [[nodiscard]] static Result<Savepoint> set(Connection& store);
  Savepoint(Savepoint&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}
  Savepoint& operator=(Savepoint&&) = delete;
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();
  [[nodiscard]] Result<void> keep();
  [[nodiscard]] Result<void> undo();

 private:
  explicit Savepoint(Connection& store) : store_(&store) {}
  Connection* store_;
};

}  // namespace accord
