#include "lib/core/module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "lib/core/descriptor.h"
#include "lib/core/file.h"

namespace accord {
namespace {

Result<void> check_trusted(const std::string& path, std::initializer_list<uid_t> owners, ErrorId error) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0)
    return fail(error, fmt::format("'{}' cannot be looked at: {}", path, describe_errno(errno)), path);
  if (std::ranges::find(owners, status.st_uid) == owners.end()) {
    return fail(
        error,
        fmt::format("'{}' is not loaded, because it belongs to another user (uid {})", path, status.st_uid),
        path, fmt::format("chown root {}", path));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(error, fmt::format("'{}' is not loaded, because other users can write it", path), path,
                fmt::format("chmod go-w {}", path));
  }
  return {};
}

}  // namespace

std::optional<std::string> resolved_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real ? std::optional<std::string>(real.get()) : std::nullopt;
}

Result<void> check_code(const std::string& path, std::initializer_list<uid_t> owners, ErrorId error) {
  TRY(check_trusted(path, owners, error));
  return check_trusted(folder_of(path), owners, error);
}

Result<ProgramFile> program_file(ErrorId error) {
  constexpr const char* kSelf = "/proc/self/exe";
  struct stat status = {};
  const auto path = resolved_path(kSelf);
  if (!path || stat(kSelf, &status) != 0) {
    return fail(error, "the program cannot find its own file, beside which its modules lie", kSelf,
                "mount /proc");
  }
  return ProgramFile{.path = *path, .owner = status.st_uid};
}

Result<const void*> load_module(const Module& module) {
  TRY_ASSIGN(const auto program, program_file(module.error));
  const auto wanted = fmt::format("{}/lib/accord/{}", folder_of(folder_of(program.path)), module.file);
  const auto path = resolved_path(wanted);
  if (!path) {
    return fail(module.error, fmt::format("the module {} is missing: '{}'", module.purpose, wanted), wanted,
                "install Accord as a whole: the program looks for ../lib/accord beside its own folder");
  }
  TRY(check_code(*path, {0, program.owner}, module.error));
  void* loaded = dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);
  const void* entry = loaded != nullptr ? dlsym(loaded, module.entry) : nullptr;
  if (entry != nullptr) return entry;
  const char* why = dlerror();
  return fail(module.error,
              fmt::format("the module {} cannot be loaded: {}", module.purpose, why == nullptr ? "" : why),
              *path, "install the module and the program from the same version of Accord");
}

}  // namespace accord
