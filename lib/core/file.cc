#include "lib/core/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "lib/core/descriptor.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

std::string quoted(std::string_view name) {
  return "'" + std::string(name) + "'";
}

tl::unexpected<Error> cannot_write(const std::string& path, int number, std::string advice = {}) {
  return fail("File.CannotWrite", "cannot write " + quoted(path) + ": " + describe_errno(number), path,
              std::move(advice));
}

// SIGINT, SIGTERM and SIGHUP wait while it lives, so that no temporary file is left behind.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&held, number);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_ = {};
};

// A name that is removed again unless kept.
class TemporaryName {
 public:
  explicit TemporaryName(std::string path) : path_(std::move(path)) {}
  TemporaryName(TemporaryName&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryName& operator=(TemporaryName&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

// 0, or the errno of what went wrong.
int write_durably(int descriptor, std::string_view content, unsigned mode) {
  if (fchmod(descriptor, static_cast<mode_t>(mode)) != 0) return errno;
  if (const int failure = write_all(descriptor, content)) return failure;
  return fsync(descriptor) == 0 ? 0 : errno;
}

// A rename lasts once its folder is on disk. Some file systems cannot sync folders and say EINVAL.
int sync_folder(const std::string& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return errno == EACCES ? 0 : errno;
  return fsync(opened.number()) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

// A file that is being written and has no name yet, so that nothing is left of it whatever happens; on file
// systems that cannot do this, it has a hidden name that goes when it goes.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::string& folder) : hidden_(std::string()) {
    if (access("/proc/self/fd", X_OK) == 0) {
      file_ = Descriptor(open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
      if (file_) return;
    }
    std::string name = folder + "/.accord-XXXXXX";
    file_ = Descriptor(mkostemp(name.data(), O_CLOEXEC));
    failure_ = errno;
    if (file_) hidden_ = TemporaryName(std::move(name));
  }

  // Each gives 0, or the errno of what went wrong.
  [[nodiscard]] int write(std::string_view content, unsigned mode) const {
    return file_ ? write_durably(file_.number(), content, mode) : failure_;
  }
  // Gives it a name; EEXIST when there is one of that name.
  [[nodiscard]] int name(const std::string& path) const {
    const auto unnamed = "/proc/self/fd/" + std::to_string(file_.number());
    const auto& source = hidden_.path().empty() ? unnamed : hidden_.path();
    return linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
  }
  // Gives it a name that something else may have until now.
  [[nodiscard]] int take_over(const std::string& path) {
    if (hidden_.path().empty()) {
      TemporaryName temporary(folder_of(path) + "/.accord-" + to_lower(hex_encode(random_bytes(8))));
      if (const int failure = name(temporary.path())) {
        temporary.keep();
        return failure;
      }
      hidden_ = std::move(temporary);
    }
    if (rename(hidden_.path().c_str(), path.c_str()) != 0) return errno;
    hidden_.keep();
    return 0;
  }

 private:
  Descriptor file_;
  TemporaryName hidden_;
  int failure_ = 0;
};

Result<void> replace(const std::string& path, std::string_view content, unsigned mode) {
  const SignalsHeld held;
  UnfinishedFile file(folder_of(path));
  if (const int failure = file.write(content, mode)) return cannot_write(path, failure);
  if (const int failure = file.take_over(path)) return cannot_write(path, failure);
  if (const int failure = sync_folder(folder_of(path))) return cannot_write(path, failure);
  return {};
}

Result<void> write_through(const std::string& path, std::string_view content) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (!file) return cannot_write(path, errno);
  if (const int failure = write_all(file.number(), content)) return cannot_write(path, failure);
  return {};
}

tl::unexpected<Error> exists(const std::string& path) {
  return fail("File.Exists", "there is a file " + quoted(path) + " already", path, "choose another name");
}

// The file that a link leads to, so that replacing keeps the link; the path itself where it leads nowhere.
std::string resolve_link(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string target(resolved);
  std::free(resolved);  // NOLINT(cppcoreguidelines-no-malloc): realpath's contract
  return target;
}

}  // namespace

int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string describe_errno(int number) {
  std::array<char, 256> buffer{};
  std::string text = strerror_r(number, buffer.data(), buffer.size());
  // "Permission denied" in the middle of a sentence; "RFS specific error" keeps its capitals.
  if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text.replace(0, 1, to_lower(text.substr(0, 1)));
  return text;
}

Result<Descriptor> open_to_read(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  if (file) return file;
  const int failure = errno;
  if (failure == ENOENT || failure == ENOTDIR) {
    return fail("File.NotFound", "there is no file " + quoted(path), path, "check the name of the file");
  }
  return fail("File.CannotRead", "cannot read " + quoted(path) + ": " + describe_errno(failure), path);
}

Result<std::string> read_descriptor(int descriptor, std::size_t limit, std::string_view name) {
  std::string content;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail("File.CannotRead", "cannot read " + quoted(name) + ": " + describe_errno(errno),
                  std::string(name));
    }
    if (got == 0) return content;
    if (static_cast<std::size_t>(got) > limit - content.size()) {
      return fail("File.TooLarge", quoted(name) + " is larger than " + std::to_string(limit) + " bytes",
                  std::string(name));
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  TRY_ASSIGN(const Descriptor file, open_to_read(path));
  return read_descriptor(file.number(), limit, path);
}

Result<void> write_file(const std::string& path, std::string_view content, unsigned mode) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return cannot_write(path, EISDIR);
    if (!S_ISREG(status.st_mode)) return write_through(path, content);
  }
  return replace(resolve_link(path), content, mode);
}

Result<void> check_writable(const std::string& path) {
  struct stat status = {};
  const bool is_there = stat(path.c_str(), &status) == 0;
  if (is_there && S_ISDIR(status.st_mode)) return cannot_write(path, EISDIR);
  const bool is_replaced = !is_there || S_ISREG(status.st_mode);
  if (!is_replaced) return access(path.c_str(), W_OK) == 0 ? Result<void>() : cannot_write(path, errno);
  const auto target = resolve_link(path);
  if (nearest_folder(target) != folder_of(target)) return cannot_write(path, ENOENT);
  return check_creatable(target);
}

std::string nearest_folder(const std::string& path) {
  struct stat status = {};
  std::string folder = folder_of(path);
  while (stat(folder.c_str(), &status) != 0 && errno == ENOENT && folder != folder_of(folder))
    folder = folder_of(folder);
  return folder;
}

Result<void> check_creatable(const std::string& path) {
  const auto folder = nearest_folder(path);
  struct stat status = {};
  if (stat(folder.c_str(), &status) != 0) return cannot_write(path, errno);
  if (!S_ISDIR(status.st_mode)) return cannot_write(path, ENOTDIR);
  return access(folder.c_str(), W_OK | X_OK) == 0 ? Result<void>() : cannot_write(path, errno);
}

bool is_regular_file(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_same_file(const std::string& path, const std::string& other) {
  struct stat one = {};
  struct stat two = {};
  return stat(path.c_str(), &one) == 0 && stat(other.c_str(), &two) == 0 && one.st_dev == two.st_dev &&
         one.st_ino == two.st_ino;
}

Result<void> create_file(const std::string& path, std::string_view content, unsigned mode) {
  const SignalsHeld held;
  struct stat status = {};
  if (lstat(path.c_str(), &status) == 0) return exists(path);
  const UnfinishedFile file(folder_of(path));
  if (const int failure = file.write(content, mode)) return cannot_write(path, failure);
  if (const int failure = file.name(path))
    return failure == EEXIST ? exists(path) : cannot_write(path, failure);
  if (const int failure = sync_folder(folder_of(path))) return cannot_write(path, failure);
  return {};
}

Result<void> create_folders(const std::string& path) {
  std::size_t end = 0;
  while (end != std::string::npos) {
    end = path.find('/', end + 1);
    const std::string folder = path.substr(0, end);
    if (folder.empty() || mkdir(folder.c_str(), 0700) == 0) continue;
    // mkdir says EACCES or EROFS also of folders that are there already.
    const int failure = errno;
    if (failure != EEXIST && !file_exists(folder)) {
      return fail("File.CannotWrite",
                  "cannot create the folder " + quoted(folder) + ": " + describe_errno(failure), folder);
    }
  }
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail("File.CannotWrite", quoted(path) + " is not a folder", path);
  }
  return {};
}

bool file_exists(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace accord
