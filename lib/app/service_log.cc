#include "lib/app/service_log.h"

#include <fmt/format.h>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::size_t kLongestShown = 200;
constexpr std::size_t kMarkBytes = 4;

// Of bounded length, on one line, without a blank that would look like the next field.
std::string shown(std::string_view text) {
  return escape_for_terminal(text.substr(0, kLongestShown));
}

}  // namespace

std::string token_mark(std::string_view token) {
  return to_lower(hex_encode(sha256(token).substr(0, kMarkBytes)));
}

void ServiceLog::write(std::string line) {
  line += '\n';
  const std::lock_guard guard(lock_);
  console_.write_error(line);
}

void ServiceLog::request(Instant now, const ServerRequest& request, const ServerResponse& response,
                         std::chrono::microseconds took, const LogNotes& notes) {
  if (speaks_ == Speaks::no) return;
  auto line = fmt::format("{} {} {} {} {} {} {:.1f}ms", format_instant(now), request.peer, shown(request.method),
                          shown(request.path()), response.status, response.body.size(),
                          static_cast<double>(took.count()) / 1000);
  for (const auto& [name, value] : notes) line += fmt::format(" {}='{}'", name, shown(value));
  write(std::move(line));
}

void ServiceLog::refused(Instant now, std::string_view peer, int status, std::string_view why) {
  if (speaks_ == Speaks::no) return;
  write(fmt::format("{} {} - - {} 0 0.0ms refused='{}'", format_instant(now), peer, status, shown(why)));
}

void ServiceLog::note(Instant now, std::string_view text) {
  if (speaks_ == Speaks::no) return;
  write(fmt::format("{} - {}", format_instant(now), escape_for_terminal(text)));
}

}  // namespace accord
