#include "lib/store/connection.h"

#include <fmt/format.h>

namespace accord {

Result<void> finish(Statement& statement) {
  for (;;) {
    TRY_ASSIGN(const bool has_row, statement.step());
    if (!has_row) return {};
  }
}

Result<Transaction> Transaction::begin_writing(Connection& store) {
  TRY(store.begin_writing());
  return Transaction(store);
}

Result<Transaction> Transaction::begin_reading(Connection& store) {
  TRY(store.begin_reading());
  return Transaction(store);
}

Result<void> check_transaction(const Connection& store) {
  if (store.in_transaction()) return {};
  return fail("Store.Failed", fmt::format("the store '{}' has undone the change by itself", store.location()),
              store.location(), "see the error before this one, and run it again");
}

Result<Savepoint> Savepoint::set(Connection& store) {
  TRY(check_transaction(store));
  TRY(store.execute("SAVEPOINT place"));
  return Savepoint(store);
}

Savepoint::~Savepoint() {
  // Where this fails the transaction is gone already, and its commit will say so.
  if (store_ != nullptr) static_cast<void>(undo());
}

Result<void> Savepoint::keep() {
  return std::exchange(store_, nullptr)->execute("RELEASE SAVEPOINT place");
}

Result<void> Savepoint::undo() {
  return std::exchange(store_, nullptr)->execute("ROLLBACK TO SAVEPOINT place; RELEASE SAVEPOINT place");
}

Result<void> Transaction::commit() {
  TRY(store_->commit());
  store_ = nullptr;
  return {};
}

}  // namespace accord
