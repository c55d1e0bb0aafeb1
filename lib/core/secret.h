// Memory that is cleared when it goes: private keys, passwords, data keys.
//
// Move-only, so that no copy is forgotten. Never printed, never part of an Error or a Record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"

namespace accord {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  [[nodiscard]] unsigned char* data() { return bytes_.data(); }
  [[nodiscard]] const unsigned char* data() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::vector<unsigned char> bytes_;
};

// Overwrites the bytes of `text` and empties it; for strings that a library insisted on.
void wipe(std::string& text);

// The process leaves no core dump and cannot be traced by others: called once, first thing in main.
void forbid_core_dumps();

// The first line of FILE (one LF or CRLF dropped), at most 4 KiB. Fails with File.*, and with
// Parameter.Invalid when the line is empty.
[[nodiscard]] Result<SecretBytes> read_password_file(const std::string& path);
// The same from an open descriptor.
[[nodiscard]] Result<SecretBytes> read_password_descriptor(int descriptor);
// Asks on the terminal without echo. Fails with Answer.NotPossible without one.
[[nodiscard]] Result<SecretBytes> prompt_password(std::string_view question);

}  // namespace accord
