#include "lib/app/replay_cache.h"

#include <algorithm>
#include <cassert>

namespace accord {

void ReplayCache::forget_ended(Instant now) {
  while (!endings_.empty() && endings_.top().first <= now) {
    used_.erase(endings_.top().second);
    endings_.pop();
  }
}

ReplayCache::Use ReplayCache::use(const std::vector<std::string>& keys, Instant end, Instant now) {
  std::vector<Digest> digests;
  for (const auto& key : keys) {
    assert(key.size() == Digest().size());
    std::copy(key.begin(), key.end(), digests.emplace_back().begin());
  }
  const std::lock_guard guard(lock_);
  forget_ended(now);
  if (std::ranges::any_of(digests, [&](const auto& one) { return used_.contains(one); })) return Use::again;
  if (used_.size() + digests.size() > most_) return Use::no_room;
  for (const auto& one : digests) {
    used_.insert(one);
    endings_.emplace(end, one);
  }
  return Use::first;
}

std::size_t ReplayCache::size() const {
  const std::lock_guard guard(lock_);
  return used_.size();
}

}  // namespace accord
