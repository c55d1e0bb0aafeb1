// What has been used once and must not be used again until it has ended by itself: assertions. Kept in memory,
// for the life of the service; bounded, and full is an answer of its own, because forgetting early would
// let one be used twice.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/core/time.h"

namespace accord {

class ReplayCache {
 public:
  explicit ReplayCache(std::size_t most) : most_(most) {}

  enum class Use { first, again, no_room };
  // `keys`: SHA-256 digests, of which one is enough to know it again. Remembered until `end` where the answer
  // is `first`. May be called from several threads at once.
  [[nodiscard]] Use use(const std::vector<std::string>& keys, Instant end, Instant now);

  [[nodiscard]] std::size_t size() const;

 private:
  using Digest = std::array<char, 32>;
  struct Hash {
    std::size_t operator()(const Digest& digest) const {
      return std::hash<std::string_view>()({digest.data(), digest.size()});
    }
  };
  using Ending = std::pair<Instant, Digest>;
  void forget_ended(Instant now);

  const std::size_t most_;
  mutable std::mutex lock_;
  std::unordered_set<Digest, Hash> used_;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings_;  // the next one first
};

}  // namespace accord
