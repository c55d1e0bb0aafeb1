#include "lib/core/secret.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/support.h"

namespace accord {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);

// The exit status of a process that runs `body` in a session of its own; -SIGNAL when a signal ended it.
int status_of(const std::function<int()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setsid();
    _exit(body());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// A terminal whose other end the test holds.
struct Terminal {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::string name = {};

  Terminal() {
    REQUIRE(master >= 0);
    REQUIRE(grantpt(master) == 0);
    REQUIRE(unlockpt(master) == 0);
    name = ptsname(master);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { close(master); }

  [[nodiscard]] std::string read_until(const std::string& end) const {
    std::string seen;
    char c = 0;
    while (seen.find(end) == std::string::npos && read(master, &c, 1) == 1) seen += c;
    return seen;
  }
  void type(const std::string& text) const {
    REQUIRE(write(master, text.data(), text.size()) == ssize_t(text.size()));
  }
};

bool echoes(int terminal) {
  termios settings = {};
  return tcgetattr(terminal, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
}

TEST_CASE("a secret moves and leaves nothing behind") {
  SecretBytes first(std::string_view("secret"));
  CHECK(first.view() == "secret");
  SecretBytes second(std::move(first));
  CHECK(second.view() == "secret");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  SecretBytes third(4);
  CHECK(third.view() == std::string_view("\0\0\0\0", 4));
  third = std::move(second);
  CHECK(third.view() == "secret");
  CHECK(second.empty());  // NOLINT(bugprone-use-after-move): as above
}

TEST_CASE("a wiped text is overwritten and empty") {
  std::string text = "a secret that is too long for the string itself";
  const char* bytes = text.data();
  const auto size = text.size();
  wipe(text);
  CHECK(text.empty());
  CHECK(text.capacity() >= size);
  for (std::size_t i = 1; i < size; ++i) CHECK(bytes[i] == 0);
  wipe(text);
  CHECK(text.empty());
}

TEST_CASE("a process that forbids core dumps makes none") {
  CHECK(status_of([] {
          forbid_core_dumps();
          rlimit limit = {1, 1};
          getrlimit(RLIMIT_CORE, &limit);
          return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0
                                                                                                       : 1;
        }) == 0);
}

TEST_CASE("without a terminal a password cannot be asked for") {
  CHECK(status_of(
            [] { return test::error_id(prompt_password("Password")) == "Answer.NotPossible" ? 0 : 1; }) == 0);
}

// Runs `body` in a process whose terminal this is, while `user` sits at the other end.
int status_at(const Terminal& terminal, const std::function<int(int)>& body,
              const std::function<void()>& user) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setsid();
    const int own =
        open(terminal.name.c_str(), O_RDWR);  // NOLINT(android-cloexec-open): becomes the terminal
    ioctl(own, TIOCSCTTY, 0);
    _exit(body(own));
  }
  user();
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_CASE("a password is asked for without echo, and the echo comes back") {
  const Terminal terminal;
  const int held = open(terminal.name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::string shown;
  const int status = status_at(
      terminal,
      [](int own) {
        const auto password = prompt_password("Password of x.pfx");
        if (!password || password->view() != "s3cr3t") return 1;
        return echoes(own) ? 0 : 2;
      },
      [&] {
        shown = terminal.read_until("Password of x.pfx: ");
        CHECK_FALSE(echoes(held));
        terminal.type("s3cr3t\n");
        shown += terminal.read_until("\n");
      });
  CHECK(status == 0);
  CHECK(shown == "Password of x.pfx: \r\n");
  close(held);
}

TEST_CASE("a prompt that is interrupted ends as the signal says, with the echo back") {
  const Terminal terminal;
  const int held = open(terminal.name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int status = status_at(
      terminal,
      [](int) {
        signal(SIGINT, SIG_DFL);  // the test program has a handler of its own
        const auto password = prompt_password("Password");
        return password ? 1 : 2;
      },
      [&] {
        (void)terminal.read_until("Password: ");
        terminal.type("s3c\x03");
      });
  CHECK(status == -SIGINT);
  CHECK(echoes(held));
  close(held);
}

TEST_CASE("a prompt that a handler interrupts is an error, and an empty answer too") {
  const Terminal terminal;
  const auto handled = [](int own) {
    signal(SIGINT, [](int) {});
    if (test::error_id(prompt_password("First")) != "Answer.NotPossible") return 1;
    if (!echoes(own)) return 2;
    return test::error_id(prompt_password("Second")) == "Parameter.Invalid" ? 0 : 3;
  };
  CHECK(status_at(terminal, handled, [&] {
          (void)terminal.read_until("First: ");
          terminal.type("\x03");
          (void)terminal.read_until("Second: ");
          terminal.type("\n");
          (void)terminal.read_until("\n");
        }) == 0);
}

}  // namespace
}  // namespace accord
