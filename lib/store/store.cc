#include "lib/store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "lib/core/descriptor.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/core/file.h"
#include "lib/store/migrations.h"
#include "lib/store/sqlite.h"

namespace accord {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

Result<void> refuse_other_engines(const std::string& location) {
  if (!starts_with_ignoring_case(location, "postgresql://") &&
      !starts_with_ignoring_case(location, "postgres://"))
    return {};
  // The location may hold a password: it is not repeated.
  return fail("Parameter.NotSupported", "a PostgreSQL server cannot hold the store yet", {},
              "name a file with --store instead");
}

tl::unexpected<Error> missing(const std::string& location) {
  return fail("Store.Missing", fmt::format("there is no store at '{}'", location), location,
              fmt::format("new-management-store --store {}", shell_quoted(location)));
}

tl::unexpected<Error> not_permitted(const std::string& location, int number) {
  return fail("Store.NotPermitted",
              fmt::format("the store '{}' cannot be reached: {}", location, std::strerror(number)), location,
              "run it as the owner of the store");
}

tl::unexpected<Error> unreachable(const std::string& location, int number) {
  if (number == ENOENT || number == ENOTDIR) return missing(location);
  if (number == EACCES || number == EPERM) return not_permitted(location, number);
  return fail("Store.Failed",
              fmt::format("the store '{}' cannot be reached: {}", location, std::strerror(number)), location);
}

// Whoever may write the file or its folder decides whom we trust.
Result<void> check_owner(const struct stat& status, std::string_view what, const std::string& path,
                         const std::string& location) {
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return fail("Store.NotPermitted",
                fmt::format("the {} '{}' belongs to another user (uid {})", what, path, status.st_uid),
                location, "use a store of your own, or run it as that user");
  }
  if ((status.st_mode & kWritableByOthers) == 0) return {};
  // A folder for everybody, as /tmp is, stays as it is: the store needs one of its own.
  const bool shared = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  return fail("Store.NotPermitted", fmt::format("the {} '{}' can be written by other users", what, path),
              location,
              shared ? fmt::format("give the store a folder of its own: --store {}/accord/store.db", path)
                     : fmt::format("chmod go-w {}", path));
}

std::string name_of(const std::string& location) {
  return location.substr(location.rfind('/') + 1);
}

// The folder of the store without symbolic links, fit to hold it. What is judged is where the links lead, so
// that one that is turned elsewhere meanwhile gains nothing.
Result<std::string> checked_folder(const std::string& location) {
  const std::string folder = folder_of(location);
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(folder.c_str(), nullptr), &std::free);
  if (resolved == nullptr) return unreachable(location, errno);
  struct stat status {};
  if (lstat(resolved.get(), &status) != 0) return unreachable(location, errno);
  TRY(check_owner(status, "folder", folder, location));
  return std::string(resolved.get());
}

// Only the owner of the folder and root can put something else there after this: that is what was checked
// first.
Result<std::string> checked_path(const std::string& location) {
  TRY_ASSIGN(const auto folder, checked_folder(location));
  const std::string path = folder + '/' + name_of(location);
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return unreachable(location, errno);
  if (S_ISLNK(status.st_mode)) {
    return fail("Store.NotPermitted", fmt::format("the store '{}' is a symbolic link", location), location,
                "name the file that it leads to");
  }
  if (!S_ISREG(status.st_mode)) {
    return fail("Store.NotPermitted", fmt::format("the store '{}' is not a regular file", location), location,
                "name another store with --store");
  }
  TRY(check_owner(status, "store", location, location));
  if (status.st_size == 0) {
    return fail("Store.Damaged", fmt::format("'{}' is not a management store: it is empty", location),
                location, "name another store with --store, or restore this one from a backup");
  }
  return path;
}

Result<void> bring_up_to_date(Connection& store) {
  TRY_ASSIGN(const auto version, store.schema_version());
  if (version <= 0) {
    return fail("Store.Damaged", fmt::format("the store '{}' has no schema", store.location()),
                store.location(), "restore it from a backup");
  }
  // Every read verb comes by here: asking the file once is enough.
  if (version == latest_schema_version()) return {};
  auto migrated = migrate(store, migrations());
  if (!migrated && migrated.error().id == ErrorId("Store.NotPermitted")) {
    return fail("Store.NotPermitted",
                fmt::format("the store '{}' has schema version {}, this program needs version {}, and this "
                            "user cannot change it",
                            store.location(), version, latest_schema_version()),
                store.location(),
                "run any verb, for example get-oauth-configuration, as the owner of the store");
  }
  return migrated;
}

// --- Creating

Result<void> fill_new_store(Connection& store) {
  TRY(run_migrations(store, migrations()));
  TRY_ASSIGN(auto insertion, store.prepare("INSERT INTO management_store (id, store_id) VALUES (1, ?)"));
  insertion->bind(to_lower(hex_encode(random_bytes(16))));
  return finish(*insertion);
}

Result<std::optional<gid_t>> look_up_group(const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  std::vector<char> buffer(std::size_t{64} * 1024);
  struct group entry {};
  struct group* found = nullptr;
  if (getgrnam_r(name->c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return fail("Parameter.Invalid", fmt::format("there is no group '{}'", *name), *name,
                "name a group of this machine with --reader-group");
  }
  return entry.gr_gid;
}

tl::unexpected<Error> cannot_create(const std::string& location, int number) {
  const std::string message =
      fmt::format("the store '{}' cannot be created: {}", location, std::strerror(number));
  if (number == EACCES || number == EPERM || number == EROFS) {
    return fail("Store.NotPermitted", message, location, "name a store in a folder of your own with --store");
  }
  return fail("Store.Failed", message, location);
}

tl::unexpected<Error> already_there(const std::string& location) {
  return fail("Store.Exists", fmt::format("there is something at '{}' already", location), location,
              "use it as it is, or name another path with --store");
}

// The group may pass through the folders that were made for the store, and see nothing but that.
Result<void> open_folders_to(gid_t group, const std::vector<std::string>& folders,
                             const std::string& location) {
  for (const auto& folder : folders) {
    if (chown(folder.c_str(), static_cast<uid_t>(-1), group) != 0 || chmod(folder.c_str(), 0750) != 0) {
      return cannot_create(location, errno);
    }
  }
  return {};
}

Result<void> make_folders(const std::string& location, std::optional<gid_t> group) {
  std::vector<std::string> made;
  struct stat status {};
  for (std::string folder = folder_of(location); stat(folder.c_str(), &status) != 0 && errno == ENOENT;
       folder = folder_of(folder)) {
    made.push_back(folder);
  }
  if (made.empty()) return {};
  if (auto created = create_folders(folder_of(location)); !created) {
    return fail("Store.NotPermitted", created.error().message, location,
                "name a store in a folder of your own with --store");
  }
  return group ? open_folders_to(*group, made, location) : Result<void>();
}

// Nothing is there yet, and something could be.
Result<void> check_location(const std::string& location) {
  TRY(refuse_other_engines(location));
  struct stat status {};
  if (lstat(location.c_str(), &status) == 0) return already_there(location);
  if (!name_of(location).empty()) return {};
  return fail("Parameter.Invalid", fmt::format("'{}' does not name a file", location), location,
              "name a file with --store");
}

// A file that is removed under this name when it goes, whatever it is called besides by then.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string pattern) : path_(std::move(pattern)) {
    descriptor_ = mkostemp(path_.data(), O_CLOEXEC);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(path_.c_str());
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
};

bool give_to(int descriptor, std::optional<gid_t> group) {
  if (!group) return fchmod(descriptor, 0600) == 0;
  return fchown(descriptor, static_cast<uid_t>(-1), *group) == 0 && fchmod(descriptor, 0640) == 0;
}

bool sync_folder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = fsync(descriptor) == 0;
  close(descriptor);
  return synced;
}

// link(2) puts the whole file there or fails: of two that race, one wins.
Result<void> publish(const std::string& folder, const std::string& location, std::string_view bytes,
                     std::optional<gid_t> group) {
  const TemporaryFile file(fmt::format("{}/.{}.XXXXXX", folder, name_of(location)));
  if (file.descriptor() < 0) return cannot_create(location, errno);
  if (const int failure = write_all(file.descriptor(), bytes)) return cannot_create(location, failure);
  if (!give_to(file.descriptor(), group) || fsync(file.descriptor()) != 0)
    return cannot_create(location, errno);
  if (link(file.path().c_str(), (folder + '/' + name_of(location)).c_str()) != 0) {
    return errno == EEXIST ? already_there(location) : cannot_create(location, errno);
  }
  if (!sync_folder(folder)) return cannot_create(location, errno);
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> open_store(const std::string& location, OpenFor mode) {
  TRY(refuse_other_engines(location));
  TRY_ASSIGN(const auto path, checked_path(location));
  const auto access = mode == OpenFor::writing ? SqliteAccess::writing : SqliteAccess::reading;
  TRY_ASSIGN(auto store, open_sqlite(path, location, access));
  TRY(bring_up_to_date(*store));
  return store;
}

Result<void> check_new_store(const NewStore& request) {
  TRY(check_location(request.location));
  TRY(look_up_group(request.reader_group));
  if (nearest_folder(request.location) == folder_of(request.location)) TRY(checked_folder(request.location));
  if (const auto possible = check_creatable(request.location); !possible) {
    return fail("Store.NotPermitted", possible.error().message, request.location,
                "name a store in a folder of your own with --store");
  }
  return {};
}

Result<void> create_store(const NewStore& request, const std::function<Result<void>(Connection&)>& fill) {
  TRY(check_location(request.location));
  TRY_ASSIGN(const auto group, look_up_group(request.reader_group));
  TRY(make_folders(request.location, group));
  TRY_ASSIGN(const auto folder, checked_folder(request.location));
  TRY_ASSIGN(const auto bytes, build_sqlite(request.location, [&](Connection& store) -> Result<void> {
               TRY(fill_new_store(store));
               return fill ? fill(store) : Result<void>();
             }));
  return publish(folder, request.location, bytes, group);
}

Result<std::unique_ptr<Connection>> rehearse_store(const std::string& location,
                                                   const std::function<Result<void>(Connection&)>& fill) {
  return open_sqlite_in_memory(location, [&](Connection& store) -> Result<void> {
    TRY(fill_new_store(store));
    return fill ? fill(store) : Result<void>();
  });
}

Result<std::string> store_id(Connection& store) {
  TRY_ASSIGN(auto query, store.prepare("SELECT store_id FROM management_store WHERE id = 1"));
  TRY_ASSIGN(const bool found, query->step());
  if (!found) {
    return fail("Store.Damaged", fmt::format("the store '{}' has lost its identifier", store.location()),
                store.location(), "restore it from a backup");
  }
  return query->text(0);
}

}  // namespace accord
