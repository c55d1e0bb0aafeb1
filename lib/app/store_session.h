// The store of one process: opened when it is first needed, one transaction at a time.
//
// A call of its own reads or writes in a transaction that ends with the call. The calls of an atomic batch
// share one: each is undone alone by going back to where it began (Savepoint), and all are committed
// together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/app/location.h"
#include "lib/store/connection.h"
#include "lib/store/key_vault.h"
#include "lib/store/store.h"

namespace accord {

class StoreSession {
 public:
  // `named`: --store.
  StoreSession(const Settings& settings, std::optional<std::string> named);

  // From here on nothing that outlives the process may be made, or it may (--what-if).
  void rehearse(bool on);

  [[nodiscard]] Result<StoreLocation> location() const;
  // One consistent view; begun at the first call. A later write() ends it, and the connection with it.
  [[nodiscard]] Result<Connection*> read();
  // The write lock, taken at the first call. At the default path a missing store is made.
  [[nodiscard]] Result<Connection*> write();
  [[nodiscard]] Result<KeyVault*> vault();

  // Whether something may have been written in the transaction under way.
  [[nodiscard]] bool is_writing() const { return transaction_ && writing_; }
  // Whether the engine has rolled the transaction under way back by itself: nothing of it is left, and
  // nothing may follow.
  [[nodiscard]] bool is_lost() const { return transaction_ && !connection_->in_transaction(); }
  // Ends the transaction under way, if there is one.
  [[nodiscard]] Result<void> commit();
  void roll_back();

  // In place of a store that a rehearsed call would make: one in memory, for what follows in this process.
  [[nodiscard]] Result<void> rehearse_new_store(const std::function<Result<void>(Connection&)>& fill);

  // The path of a store that write() has made, once.
  [[nodiscard]] std::optional<std::string> take_news_of_new_store();

 private:
  [[nodiscard]] Result<void> open(OpenFor mode);

  const Settings& settings_;
  std::optional<std::string> named_;
  bool is_rehearsal_ = false;
  std::unique_ptr<Connection> connection_;
  OpenFor opened_for_ = OpenFor::reading;
  bool is_in_memory_ = false;  // the store that the real call would make
  std::optional<Transaction> transaction_;
  bool writing_ = false;
  std::optional<KeyVault> vault_;
  std::optional<KeyVault> rehearsed_vault_;
  std::optional<std::string> made_;
};

}  // namespace accord
