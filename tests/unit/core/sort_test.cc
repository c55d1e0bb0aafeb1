#include "lib/core/sort.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::array<std::string_view, 7> kProperties = {"Name",  "DaysLeft", "Enabled", "NotAfter",
                                                         "Hosts", "Checks",   "Place"};
constexpr RecordType kType{"Certificate", kProperties};

struct Row {
  Value name = {};
  Value days = {};
  Value enabled = {};
  Value not_after = {};
  Value hosts = {};
  Value checks = {};
};

std::vector<Record> records_of(const std::vector<Row>& rows) {
  std::vector<Record> records;
  for (const auto& row : rows) {
    Record record(kType);
    record.add("Name", row.name).add("DaysLeft", row.days).add("Enabled", row.enabled);
    record.add("NotAfter", row.not_after).add("Hosts", row.hosts).add("Checks", row.checks);
    record.add("Place", static_cast<std::int64_t>(records.size()));
    records.push_back(std::move(record));
  }
  return records;
}

// Where each record was before.
std::vector<std::int64_t> sorted(const std::vector<Row>& rows, const std::vector<std::string>& keys) {
  auto records = records_of(rows);
  sort_records(records, must(parse_sort_keys(keys, kType)));
  std::vector<std::int64_t> places;
  places.reserve(records.size());
  for (const auto& record : records) places.push_back(std::get<std::int64_t>(*record.find("Place")));
  return places;
}

using Places = std::vector<std::int64_t>;

Value text(const char* value) {
  return std::string(value);
}

TEST_CASE("sort keys are a property and perhaps a direction, in any case") {
  const std::vector<std::string> keys = {"daysleft DESC", "  Name ", "Enabled\tasc", "Hosts Descending",
                                         "Place ascending"};
  const auto parsed = must(parse_sort_keys(keys, kType));
  REQUIRE(parsed.size() == 5);
  CHECK(parsed[0].property == "DaysLeft");
  CHECK(parsed[0].direction == Direction::descending);
  CHECK(parsed[1].property == "Name");
  CHECK(parsed[1].direction == Direction::ascending);
  CHECK(parsed[2].direction == Direction::ascending);
  CHECK(parsed[3].direction == Direction::descending);
  CHECK(parsed[4].direction == Direction::ascending);
  CHECK(must(parse_sort_keys({}, kType)).empty());
}

TEST_CASE("a sort key that is none is refused") {
  const auto error = [](const std::string& key) {
    return error_id(parse_sort_keys(std::vector{key}, kType));
  };
  CHECK(error("Nmae") == "Property.Unknown");
  CHECK(error("desc") == "Property.Unknown");
  CHECK(error("Name down") == "Parameter.Invalid");
  CHECK(error("Name desc Place") == "Parameter.Invalid");
  CHECK(error("") == "Parameter.Invalid");
  CHECK(error("  ") == "Parameter.Invalid");
}

TEST_CASE("text is sorted without case, and what is equal stays in its order") {
  const std::vector<Row> rows = {{.name = text("b")}, {.name = text("A")}, {.name = text("B")},
                                 {.name = text("a")}, {.name = text("")},  {.name = text("ab")}};
  CHECK(sorted(rows, {"Name"}) == Places{4, 1, 3, 5, 0, 2});
  CHECK(sorted(rows, {"Name desc"}) == Places{0, 2, 5, 1, 3, 4});
  CHECK(sorted(rows, {}) == Places{0, 1, 2, 3, 4, 5});
}

TEST_CASE("numbers, instants and Booleans are sorted by value") {
  const auto day = [](std::int64_t days) { return Instant{std::chrono::days(days)}; };
  const std::vector<Row> rows = {{.days = std::int64_t{10}, .enabled = true, .not_after = day(300)},
                                 {.days = std::int64_t{9}, .enabled = false, .not_after = day(20000)},
                                 {.days = std::int64_t{-1}, .enabled = true, .not_after = day(4)}};
  CHECK(sorted(rows, {"DaysLeft"}) == Places{2, 1, 0});
  CHECK(sorted(rows, {"NotAfter desc"}) == Places{1, 0, 2});
  CHECK(sorted(rows, {"Enabled"}) == Places{1, 0, 2});
  CHECK(sorted(rows, {"Enabled desc", "DaysLeft"}) == Places{2, 0, 1});
}

TEST_CASE("lists are sorted by their text, lists of records by their length") {
  using List = std::vector<std::string>;
  const std::vector<Record> one(1, Record(kType));
  const std::vector<Row> rows = {{.hosts = List{"b"}, .checks = one},
                                 {.hosts = List{"A", "z"}, .checks = std::vector<Record>{}},
                                 {.hosts = List{"a", "c"}, .checks = std::vector<Record>{}},
                                 {.hosts = List{}, .checks = one}};
  CHECK(sorted(rows, {"Hosts"}) == Places{3, 2, 1, 0});
  CHECK(sorted(rows, {"Checks desc"}) == Places{0, 3, 1, 2});
  CHECK(sorted({{.hosts = List{"ab"}}, {.hosts = List{"a", "b"}}}, {"Hosts"}) == Places{1, 0});
}

TEST_CASE("null is first, and last in descending order") {
  const std::vector<Row> rows = {{.name = text("")}, {}, {.name = text("a")}, {}};
  CHECK(sorted(rows, {"Name"}) == Places{1, 3, 0, 2});
  CHECK(sorted(rows, {"Name desc"}) == Places{2, 0, 1, 3});
}

TEST_CASE("sorting is stable and ordered by every key") {
  CHECK(rc::check([](bool descending) {
    std::vector<Row> rows;
    const auto count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i) {
      Row row;
      if (*rc::gen::inRange(0, 4) > 0) row.name = *rc::gen::element<std::string>("a", "A", "b", "B", "aa");
      if (*rc::gen::inRange(0, 4) > 0) row.days = *rc::gen::inRange<std::int64_t>(-2, 3);
      rows.push_back(row);
    }
    const auto places = sorted(rows, {descending ? "Name desc" : "Name", "DaysLeft"});
    RC_ASSERT(places.size() == rows.size());
    // Null is below every text, and -10 below every number of days here.
    const auto name = [&](std::int64_t place) {
      const auto* value = std::get_if<std::string>(&rows[static_cast<std::size_t>(place)].name);
      return value != nullptr ? "+" + to_lower(*value) : std::string();
    };
    const auto days = [&](std::int64_t place) {
      const auto* value = std::get_if<std::int64_t>(&rows[static_cast<std::size_t>(place)].days);
      return value != nullptr ? *value : -10;
    };
    for (std::size_t i = 1; i < places.size(); ++i) {
      const auto before = places[i - 1];
      const auto after = places[i];
      if (name(before) != name(after)) {
        RC_ASSERT((name(before) < name(after)) != descending);
      } else if (days(before) != days(after)) {
        RC_ASSERT(days(before) < days(after));
      } else {
        RC_ASSERT(before < after);
      }
    }
  }));
}

}  // namespace
}  // namespace accord
