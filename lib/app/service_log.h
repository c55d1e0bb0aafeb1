// The access log: a line a request on standard error, of what was asked, answered and recognised. Never a
// token, an assertion or a query: of tokens, the first eight hex digits of their SHA-256.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/app/console.h"
#include "lib/core/time.h"
#include "lib/net/server.h"

namespace accord {

// What is noted of a request while it is handled: names of ours, values from anywhere.
using LogNotes = std::vector<std::pair<std::string_view, std::string>>;

// How a token is named in the log.
[[nodiscard]] std::string token_mark(std::string_view token);

class ServiceLog {
 public:
  enum class Speaks { yes, no };
  ServiceLog(Console& console, Speaks speaks) : console_(console), speaks_(speaks) {}

  // Each may be called from several threads at once.
  void request(Instant now, const ServerRequest& request, const ServerResponse& response,
               std::chrono::microseconds took, const LogNotes& notes);
  void refused(Instant now, std::string_view peer, int status, std::string_view why);
  // Of the service itself.
  void note(Instant now, std::string_view text);

 private:
  void write(std::string line);

  Console& console_;
  Speaks speaks_;
  std::mutex lock_;
};

}  // namespace accord
