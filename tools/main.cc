// One program, one link a verb: argv[0] or argv[1] picks it.
#include <sys/stat.h>

#include <csignal>
#include <string>
#include <vector>

#include "lib/app/run.h"
#include "lib/core/secret.h"

int main(int count, char** values) {
  accord::forbid_core_dumps();
  umask(077);
  // A full disk and a closed pipe are errors that we report ourselves.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  if (count < 1) return static_cast<int>(accord::ExitCode::usage);
  accord::ProcessConsole console;
  return accord::run(values[0], std::vector<std::string>(values + 1, values + count), console,
                     accord::settings_of_process(), accord::SystemClock());
}
