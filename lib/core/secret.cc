#include "lib/core/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/core/descriptor.h"
#include "lib/core/file.h"

namespace accord {
namespace {

constexpr std::size_t kLongestPassword = 4096;

std::string quoted(std::string_view name) {
  return "'" + std::string(name) + "'";
}

// The bytes before the line's end. One at a time: what follows the line stays in the pipe for whoever reads
// it next. `wait` runs before each read.
template <class Wait>
Result<SecretBytes> read_line(int descriptor, std::string_view name, const Wait& wait) {
  SecretBytes line(kLongestPassword + 2);
  std::size_t size = 0;
  for (;;) {
    TRY(wait());
    const ssize_t got = read(descriptor, line.data() + size, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail("File.CannotRead",
                  "cannot read a password from " + quoted(name) + ": " + describe_errno(errno),
                  std::string(name));
    }
    if (got == 0 || line.data()[size] == '\n') break;
    if (++size == line.size()) break;
  }
  if (size > 0 && line.data()[size - 1] == '\r') --size;
  if (size > kLongestPassword) {
    return fail("File.TooLarge", "the password in " + quoted(name) + " is longer than 4096 bytes",
                std::string(name));
  }
  if (size == 0) {
    return fail("Parameter.Invalid",
                "the first line of " + quoted(name) + " is empty, so there is no password", std::string(name),
                "write the password on the first line");
  }
  return SecretBytes(line.view().substr(0, size));
}

Result<void> no_wait() {
  return {};
}

constexpr std::array<int, 4> kEndingSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
volatile sig_atomic_t interrupting_signal = 0;

void note_signal(int number) {
  interrupting_signal = number;
}

// A terminal without echo for as long as it lives. A signal that would end the program is noted, and raised
// again once the terminal is as it was.
class QuietTerminal {
 public:
  explicit QuietTerminal(int terminal) : terminal_(terminal) {
    interrupting_signal = 0;
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTSTP);
    for (const int number : kEndingSignals) sigaddset(&held, number);
    pthread_sigmask(SIG_BLOCK, &held, &mask_before_);

    struct sigaction noting = {};
    noting.sa_handler = note_signal;
    for (std::size_t i = 0; i < kEndingSignals.size(); ++i)
      sigaction(kEndingSignals[i], &noting, &actions_before_[i]);

    if (tcgetattr(terminal_, &settings_before_) != 0) return;
    termios quiet = settings_before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL | ICANON;
    quiet_ = tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    if (quiet_) tcsetattr(terminal_, TCSAFLUSH, &settings_before_);
    for (std::size_t i = 0; i < kEndingSignals.size(); ++i) {
      sigaction(kEndingSignals[i], &actions_before_[i], nullptr);
    }
    if (interrupting_signal != 0) raise(interrupting_signal);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  [[nodiscard]] bool quiet() const { return quiet_; }

  // Until there is something to read.
  [[nodiscard]] Result<void> wait() const {
    pollfd input = {terminal_, POLLIN, 0};
    sigset_t open = mask_before_;
    for (const int number : kEndingSignals) sigdelset(&open, number);
    for (;;) {
      const int ready = ppoll(&input, 1, nullptr, &open);
      if (interrupting_signal != 0)
        return fail("Answer.NotPossible", "the question for a password was interrupted");
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) {
        return fail("Answer.NotPossible", "cannot wait for the terminal: " + describe_errno(errno));
      }
    }
  }

 private:
  int terminal_;
  bool quiet_ = false;
  termios settings_before_ = {};
  sigset_t mask_before_ = {};
  std::array<struct sigaction, kEndingSignals.size()> actions_before_ = {};
};

tl::unexpected<Error> no_terminal() {
  return fail("Answer.NotPossible", "a password is needed and there is no terminal to ask on", {},
              "use --password-file or --password-fd");
}

void show(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(terminal, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
}

void wipe(std::string& text) {
  // The capacity too: what a longer text left behind its end. The bytes up to the capacity are the string's
  // own.
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

void forbid_core_dumps() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

Result<SecretBytes> read_password_file(const std::string& path) {
  TRY_ASSIGN(const Descriptor file, open_to_read(path));
  return read_line(file.number(), path, no_wait);
}

Result<SecretBytes> read_password_descriptor(int descriptor) {
  return read_line(descriptor, "file descriptor " + std::to_string(descriptor), no_wait);
}

Result<SecretBytes> prompt_password(std::string_view question) {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return no_terminal();
  const QuietTerminal quiet(terminal.number());
  if (!quiet.quiet()) return no_terminal();
  show(terminal.number(), std::string(question) + ": ");
  return read_line(terminal.number(), "terminal", [&quiet] { return quiet.wait(); });
}

}  // namespace accord
