// The steps of schemas/store/*.sql, embedded at build time, and running those that a store has not had yet.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/core/error.h"
#include "lib/store/connection.h"

namespace accord {

struct Migration {
  std::int64_t version = 0;  // that the store has afterwards
  std::string_view sql = {};
};

// All steps, in order, numbered from 1 without gaps. Generated: see embed_schema.cmake.
[[nodiscard]] std::span<const Migration> migrations();

// Brings the store to the version of the last step: all missing steps in one transaction, or none of them.
// Does nothing, and takes no lock, when there is nothing to do. Fails with Store.Newer when the store is
// ahead of the steps.
[[nodiscard]] Result<void> migrate(Connection& store, std::span<const Migration> steps);

// The same inside a transaction of the caller.
[[nodiscard]] Result<void> run_migrations(Connection& store, std::span<const Migration> steps);

}  // namespace accord
