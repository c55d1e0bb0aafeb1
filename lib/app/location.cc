#include "lib/app/location.h"

#include <unistd.h>

#include <cstdlib>

namespace accord {
namespace {

// Not set and set to nothing are the same: an unset variable never names a store.
std::optional<std::string> variable(const char* name) {
  const char* value = secure_getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Result<std::string> default_store(const Settings& settings) {
  if (settings.root) return std::string(kSystemStore);
  if (settings.xdg_data_home) return *settings.xdg_data_home + "/accord/store.db";
  if (settings.home) return *settings.home + "/.local/share/accord/store.db";
  return fail("Store.Missing", "no store is named, and HOME is not set", "",
              "name one with --store PATH or ACCORD_STORE");
}

bool is_server(std::string_view location) {
  return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

}  // namespace

Settings settings_of_process() {
  return {.accord_store = variable("ACCORD_STORE"),
          .accord_key_file = variable("ACCORD_KEY_FILE"),
          .home = variable("HOME"),
          .xdg_data_home = variable("XDG_DATA_HOME"),
          .no_color = variable("NO_COLOR"),
          .term = variable("TERM"),
          .columns = variable("COLUMNS"),
          .root = geteuid() == 0};
}

Result<StoreLocation> locate_store(const std::optional<std::string>& named, const Settings& settings) {
  StoreLocation made;
  if (named) {
    made.store = *named;
    made.store_source = "--store";
  } else if (settings.accord_store) {
    made.store = *settings.accord_store;
    made.store_source = "ACCORD_STORE";
  } else {
    TRY_ASSIGN(made.store, default_store(settings));
    made.store_source = "default";
    made.is_default = true;
  }
  if (settings.accord_key_file) {
    made.key_file = *settings.accord_key_file;
    made.key_file_source = "ACCORD_KEY_FILE";
    return made;
  }
  made.key_file_source = "default";
  if (!is_server(made.store)) {
    made.key_file = made.store + ".key";
    return made;
  }
  TRY_ASSIGN(const auto beside, default_store(settings));
  made.key_file = beside.substr(0, beside.rfind('/')) + "/store.key";
  return made;
}

}  // namespace accord
