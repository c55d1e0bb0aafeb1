#include "lib/app/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "lib/core/file.h"

namespace accord {
namespace {

void to_standard_error(std::string_view text) {
  // Where this fails there is nobody left to tell.
  static_cast<void>(write_all(STDERR_FILENO, text));
}

std::int64_t monotonic_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Result<void> ProcessConsole::write_out(std::string_view text) {
  clear_progress();
  const int failure = write_all(STDOUT_FILENO, text);
  if (failure == 0) return {};
  return fail("Output.CannotWrite",
              fmt::format("standard output cannot be written: {}", describe_errno(failure)));
}

void ProcessConsole::write_error(std::string_view text) {
  clear_progress();
  to_standard_error(text);
}

Result<std::string> ProcessConsole::read_input(std::size_t limit) {
  input_is_read_ = true;
  return read_descriptor(STDIN_FILENO, limit, "standard input");
}

bool ProcessConsole::can_ask() const {
  return isatty(STDERR_FILENO) == 1 && static_cast<bool>(source_of_answers());
}

std::optional<std::string> ProcessConsole::ask(std::string_view question) {
  const auto source = source_of_answers();
  if (!source) return std::nullopt;
  write_error(question);
  std::string answer;
  char c = 0;
  while (true) {
    const auto got = ::read(source.number(), &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return answer.empty() ? std::nullopt : std::optional(answer);
    if (c == '\n') return answer;
    answer += c;
  }
}

// Standard input, or the terminal that the process was started from where standard input held records or a
// batch. A script whose input merely is no terminal is never asked.
Descriptor ProcessConsole::source_of_answers() const {
  if (isatty(STDIN_FILENO) == 1) return Descriptor(::dup(STDIN_FILENO));
  return input_is_read_ ? Descriptor(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)) : Descriptor();
}

void ProcessConsole::progress(std::size_t done, std::size_t total, std::string_view unit) {
  constexpr std::int64_t kPatience = 1000;
  constexpr std::int64_t kBetween = 100;
  constexpr std::size_t kWidth = 30;
  const auto now = monotonic_milliseconds();
  if (!started_) started_ = now;
  if (now - *started_ < kPatience || now - shown_ < kBetween || isatty(STDERR_FILENO) != 1) return;
  const auto filled = total == 0 ? 0 : kWidth * done / total;
  to_standard_error(
      fmt::format("\r[{:<{}}] {} of {} {}", std::string(filled, '#'), kWidth, done, total, unit));
  shown_ = now;
  is_shown_ = true;
}

void ProcessConsole::clear_progress() {
  if (!is_shown_) return;
  to_standard_error("\r\033[K");
  is_shown_ = false;
}

}  // namespace accord
