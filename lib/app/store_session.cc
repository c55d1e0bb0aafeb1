#include "lib/app/store_session.h"

#include <utility>

#include "lib/core/file.h"

namespace accord {

StoreSession::StoreSession(const Settings& settings, std::optional<std::string> named)
    : settings_(settings), named_(std::move(named)) {}

void StoreSession::rehearse(bool on) {
  is_rehearsal_ = on;
  if (on || !is_in_memory_) return;
  transaction_.reset();
  connection_.reset();
  is_in_memory_ = false;
}

Result<void> StoreSession::rehearse_new_store(const std::function<Result<void>(Connection&)>& fill) {
  TRY_ASSIGN(const auto where, location());
  TRY_ASSIGN(connection_, rehearse_store(where.store, fill));
  opened_for_ = OpenFor::writing;
  is_in_memory_ = true;
  return {};
}

Result<StoreLocation> StoreSession::location() const {
  return locate_store(named_, settings_);
}

Result<void> StoreSession::open(OpenFor mode) {
  if (connection_ != nullptr && (opened_for_ == OpenFor::writing || mode == OpenFor::reading)) return {};
  TRY_ASSIGN(const auto where, location());
  auto opened = open_store(where.store, mode);
  const bool may_make = mode == OpenFor::writing && where.is_default && !opened &&
                        opened.error().id == ErrorId("Store.Missing") &&
                        !file_exists(std::string(kSystemStore));
  if (may_make && is_rehearsal_) {
    opened = rehearse_store(where.store);
    is_in_memory_ = opened.has_value();
  } else if (may_make) {
    TRY(create_store({.location = where.store}));
    made_ = where.store;
    opened = open_store(where.store, mode);
  }
  TRY_ASSIGN(connection_, std::move(opened));
  opened_for_ = mode;
  return {};
}

Result<Connection*> StoreSession::read() {
  if (transaction_) return connection_.get();
  TRY(open(OpenFor::reading));
  TRY_ASSIGN(auto begun, Transaction::begin_reading(*connection_));
  transaction_.emplace(std::move(begun));
  writing_ = false;
  return connection_.get();
}

Result<Connection*> StoreSession::write() {
  if (transaction_) TRY(check_transaction(*connection_));
  if (is_writing()) return connection_.get();
  roll_back();
  TRY(open(OpenFor::writing));
  TRY_ASSIGN(auto begun, Transaction::begin_writing(*connection_));
  transaction_.emplace(std::move(begun));
  writing_ = true;
  return connection_.get();
}

Result<KeyVault*> StoreSession::vault() {
  auto& vault = is_rehearsal_ ? rehearsed_vault_ : vault_;
  if (!vault) {
    TRY_ASSIGN(const auto where, location());
    vault.emplace(where.key_file);
    if (is_rehearsal_) vault->keep_off_disk();
  }
  return &*vault;
}

Result<void> StoreSession::commit() {
  if (!transaction_) return {};
  auto committed = is_writing() ? transaction_->commit() : Result<void>();
  transaction_.reset();
  return committed;
}

void StoreSession::roll_back() {
  transaction_.reset();
}

std::optional<std::string> StoreSession::take_news_of_new_store() {
  return std::exchange(made_, std::nullopt);
}

}  // namespace accord
