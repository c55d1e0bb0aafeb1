// Where the store and its key file are, and which setting said so (spec/commands.md 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

// The environment variables that Accord reads, and no others; all empty in a set-uid process.
struct Settings {
  std::optional<std::string> accord_store = {};
  std::optional<std::string> accord_key_file = {};
  std::optional<std::string> home = {};
  std::optional<std::string> xdg_data_home = {};
  std::optional<std::string> no_color = {};
  std::optional<std::string> term = {};
  std::optional<std::string> columns = {};
  bool root = false;
};

[[nodiscard]] Settings settings_of_process();

struct StoreLocation {
  std::string store = {};
  std::string store_source = {};  // "--store", "ACCORD_STORE", "default"
  std::string key_file = {};
  std::string key_file_source = {};  // "ACCORD_KEY_FILE", "default"
  bool is_default = false;
};

// The default of root; others must not shadow it by a store of their own.
inline constexpr std::string_view kSystemStore = "/var/lib/accord/store.db";

// Fails with Store.Missing when neither a path nor a home folder is known.
[[nodiscard]] Result<StoreLocation> locate_store(const std::optional<std::string>& named,
                                                 const Settings& settings);

}  // namespace accord
