#include "lib/core/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tests/support.h"

namespace accord {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0)
    return fail("Parameter.Invalid", "'" + std::to_string(number) + "' is odd", "number", "add one");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY_ASSIGN(const int once, half(number));
  TRY(half(once));
  return half(once);
}

TEST_CASE("an error is passed on as it is") {
  CHECK(test::must(quarter(8)) == 2);
  const auto failed = quarter(6);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().id == ErrorId("Parameter.Invalid"));
  CHECK(failed.error().message == "'3' is odd");
  CHECK(failed.error().target == "number");
  CHECK(failed.error().advice == "add one");
  CHECK(failed.error().id.exit_code() == ExitCode::usage);
}

TEST_CASE("error ids are sorted and each stands once") {
  const auto before = [](const ErrorIdEntry& a, const ErrorIdEntry& b) { return a.id <= b.id; };
  CHECK(std::adjacent_find(std::begin(kErrorIds), std::end(kErrorIds), [&](const auto& a, const auto& b) {
          return !before(a, b) || a.id == b.id;
        }) == std::end(kErrorIds));
}

TEST_CASE("every exit code of an error id has a meaning and a category") {
  for (const auto& entry : kErrorIds) {
    CAPTURE(entry.id);
    CHECK_FALSE(category_of(entry.exit_code).empty());
    CHECK(std::any_of(exit_codes().begin(), exit_codes().end(),
                      [&](const auto& row) { return row.code == entry.exit_code && !row.meaning.empty(); }));
  }
  CHECK(std::is_sorted(exit_codes().begin(), exit_codes().end(),
                       [](const auto& a, const auto& b) { return a.code < b.code; }));
}

}  // namespace
}  // namespace accord
