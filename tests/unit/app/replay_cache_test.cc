#include "lib/app/replay_cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "lib/core/digest.h"

namespace accord {
namespace {

using Use = ReplayCache::Use;
constexpr Instant kNow{std::chrono::seconds(1'700'000'000)};
constexpr Duration kMinute = std::chrono::minutes(1);

TEST_CASE("what was used is known until it ends, and not after") {
  ReplayCache cache(10);
  CHECK(cache.use({sha256("a")}, kNow + kMinute, kNow) == Use::first);
  CHECK(cache.use({sha256("a")}, kNow + kMinute, kNow) == Use::again);
  CHECK(cache.use({sha256("a")}, kNow + kMinute, kNow + kMinute - Duration(1)) == Use::again);
  CHECK(cache.use({sha256("b")}, kNow + kMinute, kNow) == Use::first);
  CHECK(cache.use({sha256("c")}, kNow + 2 * kMinute, kNow + kMinute) == Use::first);
  CHECK(cache.size() == 1);
}

TEST_CASE("one key of several is enough to know it again") {
  ReplayCache cache(10);
  CHECK(cache.use({sha256("a"), sha256("jti")}, kNow + kMinute, kNow) == Use::first);
  CHECK(cache.use({sha256("b"), sha256("jti")}, kNow + kMinute, kNow) == Use::again);
  // Of one that was refused nothing is kept.
  CHECK(cache.use({sha256("b")}, kNow + kMinute, kNow) == Use::first);
}

TEST_CASE("a full cache forgets nothing early") {
  ReplayCache cache(2);
  CHECK(cache.use({sha256("a")}, kNow + kMinute, kNow) == Use::first);
  CHECK(cache.use({sha256("b")}, kNow + kMinute, kNow) == Use::first);
  CHECK(cache.use({sha256("c")}, kNow + kMinute, kNow) == Use::no_room);
  CHECK(cache.use({sha256("a")}, kNow + kMinute, kNow) == Use::again);
  CHECK(cache.use({sha256("c")}, kNow + 2 * kMinute, kNow + kMinute) == Use::first);
}

TEST_CASE("of many that come at once with the same one, one is first") {
  ReplayCache cache(1000);
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        if (cache.use({sha256(std::to_string(n))}, kNow + kMinute, kNow) == Use::first) ++first;
      }
    });
  }
  for (auto& one : threads) one.join();
  CHECK(first == 100);
}

}  // namespace
}  // namespace accord
