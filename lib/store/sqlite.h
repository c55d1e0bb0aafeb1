// The SQLite engine. sqlite.cc is the only file that sees sqlite3.h, and the only one with SQL that is
// SQLite's own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lib/core/error.h"
#include "lib/store/connection.h"

namespace accord {

enum class SqliteAccess { reading, writing };

// Opens the existing file at `path`, which must be absolute and free of symbolic links; errors name
// `location` instead. Fails with Store.Damaged when it is no database of ours, with Store.NotPermitted when
// it cannot be written but `access` asks for that. A connection for reading may still begin to write where
// the caller may.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path,
                                                              const std::string& location,
                                                              SqliteAccess access);

// A new database of ours in memory, filled by `fill` in one transaction; it goes with the connection.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_sqlite_in_memory(
    const std::string& location, const std::function<Result<void>(Connection&)>& fill);

// The bytes of a new database of ours, made in memory and filled by `fill` in one transaction.
[[nodiscard]] Result<std::string> build_sqlite(const std::string& location,
                                               const std::function<Result<void>(Connection&)>& fill);

}  // namespace accord
