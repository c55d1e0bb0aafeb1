// An open file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "lib/core/error.h"

namespace accord {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Fails with File.NotFound or File.CannotRead.
[[nodiscard]] Result<Descriptor> open_to_read(const std::string& path);

// All of it, however often it takes; 0, or the errno that it failed with.
[[nodiscard]] int write_all(int descriptor, std::string_view content);

// "permission denied", …: the C locale's text in lower case.
[[nodiscard]] std::string describe_errno(int number);

}  // namespace accord
