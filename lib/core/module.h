// Modules of ours: shared libraries that are loaded when something needs them, because what they are linked
// to would cost every other call its start-up.
//
// They lie in ../lib/accord beside the program and belong to root or to the program's owner; neither they nor
// their folder may be writable by others. Each shows one symbol, a constant struct of plain C functions,
// whose name carries a number that changes with the struct, so that a module of another version is not found.
// They are linked to the shared copies of what the program has copies of its own (libcrypto, the C++
// runtime), so nothing of either may cross.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

struct Module {
  std::string_view file;     // "accord_net.so"
  const char* entry;         // its symbol
  std::string_view purpose;  // "for the network": stands behind "the module" in errors
  ErrorId error = "Module.Unusable";
};

// The address of its symbol; loaded once a process and never unloaded. Fails with the module's error.
[[nodiscard]] Result<const void*> load_module(const Module& module);

// Where the program itself lies.
struct ProgramFile {
  std::string path = {};
  uid_t owner = 0;
};
[[nodiscard]] Result<ProgramFile> program_file(ErrorId error);

// The path without symbolic links. nullopt: there is nothing.
[[nodiscard]] std::optional<std::string> resolved_path(const std::string& path);

// A file of code that is to be loaded, and its folder: who may write that may put another in its place. Fails
// with `error`.
[[nodiscard]] Result<void> check_code(const std::string& path, std::initializer_list<uid_t> owners,
                                      ErrorId error);

}  // namespace accord
