// Opening and creating a management store: permissions, schema version, engine by location.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/core/error.h"
#include "lib/store/connection.h"

namespace accord {

enum class OpenFor { reading, writing };

// Opens the store at `location` (a file path; "postgresql://…" is Parameter.NotSupported until that engine is
// there). Checks that file and folder belong to the caller or root and are not writable by others
// (Store.NotPermitted), that it is a store of ours (Store.Damaged), and that its schema is not newer than
// ours (Store.Newer). An older schema is migrated when opening for writing and when opening for reading as
// far as the caller may write. Fails with Store.Missing when there is none, Store.Busy, Store.Failed.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_store(const std::string& location, OpenFor mode);

struct NewStore {
  std::string location = {};
  std::optional<std::string> reader_group = {};  // mode 0640 and this group
};
// Whether create_store could make it, as far as that can be told without making anything. Fails as
// create_store would.
[[nodiscard]] Result<void> check_new_store(const NewStore& request);

// Creates an empty store (mode 0600, its folder 0700 if that had to be made), whole or not at all: it is
// built under a temporary name and linked into place. Fails with Store.Exists when anything is there. `fill`
// writes what the store holds from the start; when it fails, there is no store.
[[nodiscard]] Result<void> create_store(const NewStore& request,
                                        const std::function<Result<void>(Connection&)>& fill = {});

// What create_store would make at `location`, in memory alone: for what is only rehearsed.
[[nodiscard]] Result<std::unique_ptr<Connection>> rehearse_store(
    const std::string& location, const std::function<Result<void>(Connection&)>& fill = {});

// A random identifier made with the store; binds private keys to it.
[[nodiscard]] Result<std::string> store_id(Connection& store);

// The schema version of this program.
[[nodiscard]] std::int64_t latest_schema_version();

}  // namespace accord
