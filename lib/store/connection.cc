#include "lib/store/connection.h"

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

Result<void> Transaction::commit() {
  TRY(store_->commit());
  store_ = nullptr;
  return {};
}

}  // namespace accord
