// Files as wholes: read with a limit, written so that a reader sees the old or the new content and never a
// part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

inline constexpr std::size_t kDefaultReadLimit = std::size_t{1024} * 1024;

// The whole of `path`. Fails with File.NotFound, File.CannotRead, or File.TooLarge over `limit` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit = kDefaultReadLimit);
// The rest of an open descriptor; `name` stands in errors.
[[nodiscard]] Result<std::string> read_descriptor(int descriptor, std::size_t limit, std::string_view name);

// Replaces `path` atomically and durably (temporary file in the same folder, fsync, rename, fsync of the
// folder). What is not a regular file (/dev/stdout, a pipe) is written to and never replaced. Fails with
// File.CannotWrite.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view content,
                                      unsigned mode = 0644);

// Whether write_file could write there, as far as that can be told without writing. Fails as write_file
// would.
[[nodiscard]] Result<void> check_writable(const std::string& path);

// The folder that holds `path`, or the nearest one above it that is there.
[[nodiscard]] std::string nearest_folder(const std::string& path);
// Whether that folder lets something be made in it. Fails with File.CannotWrite, naming `path`.
[[nodiscard]] Result<void> check_creatable(const std::string& path);

// Whether both lead to one file that is there.
[[nodiscard]] bool is_same_file(const std::string& path, const std::string& other);

// Creates `path` with `mode`, durably; fails with File.Exists if anything is there.
[[nodiscard]] Result<void> create_file(const std::string& path, std::string_view content, unsigned mode);

// Creates every missing folder of `path` with mode 0700.
[[nodiscard]] Result<void> create_folders(const std::string& path);

[[nodiscard]] bool file_exists(const std::string& path);
// What a link leads to counts.
[[nodiscard]] bool is_regular_file(const std::string& path);

// The folder that holds `path`: "." for a bare name.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace accord
