// What every test needs: results unpacked, error ids, the folders of test data.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "lib/core/error.h"

namespace accord::test {

template <class T>
T must(Result<T> result) {
  if (!result) {
    FAIL(std::string(result.error().id.text()) << ": " << result.error().message);
    throw result.error().message;
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The id of the error, or "" for success.
template <class T>
std::string error_id(const Result<T>& result) {
  return result ? std::string() : std::string(result.error().id.text());
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot read " << path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Files of our own under tests/data.
inline std::string data(const std::string& name) {
  return slurp(std::string(ACCORD_SOURCE_DIR) + "/tests/data/" + name);
}

// Public test material, read in place: $ACCORD_VECTORS, else ../shared/vectors beside the checkout. Empty
// when absent.
inline std::string vectors_folder() {
  const char* named = std::getenv("ACCORD_VECTORS");
  const std::string folder = named != nullptr ? named : std::string(ACCORD_SOURCE_DIR) + "/../shared/vectors";
  return std::ifstream(folder + "/INDEX.md").good() ? folder : std::string();
}

}  // namespace accord::test

// Leaves the test, saying so, where the public vectors are absent.
#define ACCORD_NEEDS_VECTORS()                                          \
  if (accord::test::vectors_folder().empty()) {                         \
    MESSAGE("SKIPPED: no vectors; set ACCORD_VECTORS to their folder"); \
    return;                                                             \
  }
