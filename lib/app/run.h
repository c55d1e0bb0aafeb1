// From a command line to an exit code: picks the verb, binds, runs, prints what came out or went wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/app/environment.h"
#include "lib/core/time.h"

namespace accord {

// `program`: argv[0]; a link named like a verb is that verb. `arguments`: the rest.
[[nodiscard]] int run(std::string_view program, const std::vector<std::string>& arguments, Console& console,
                      const Settings& settings, const Clock& clock);

// Standard input, output and error of this process.
class ProcessConsole final : public Console {
 public:
  Result<void> write_out(std::string_view text) override;
  void write_error(std::string_view text) override;
  Result<std::string> read_input(std::size_t limit) override;
  [[nodiscard]] bool can_ask() const override;
  std::optional<std::string> ask(std::string_view question) override;
};

}  // namespace accord
