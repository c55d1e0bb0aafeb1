// The process's standard streams and terminal, or a test's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/descriptor.h"
#include "lib/core/error.h"

namespace accord {

class Console {
 public:
  virtual ~Console() = default;
  // Fails with Output.CannotWrite.
  [[nodiscard]] virtual Result<void> write_out(std::string_view text) = 0;
  virtual void write_error(std::string_view text) = 0;
  [[nodiscard]] virtual Result<std::string> read_input(std::size_t limit) = 0;
  // Whether a question can be asked, and its answer; nullopt at the end of input.
  [[nodiscard]] virtual bool can_ask() const = 0;
  [[nodiscard]] virtual std::optional<std::string> ask(std::string_view question) = 0;
  // How far a long piece of work is; shown on a terminal alone, and only once it has taken a while.
  virtual void progress(std::size_t done, std::size_t total, std::string_view unit) = 0;
};

// Standard input, output and error of this process.
class ProcessConsole final : public Console {
 public:
  ProcessConsole() = default;
  ProcessConsole(const ProcessConsole&) = delete;
  ProcessConsole& operator=(const ProcessConsole&) = delete;
  ~ProcessConsole() override { clear_progress(); }
  Result<void> write_out(std::string_view text) override;
  void write_error(std::string_view text) override;
  Result<std::string> read_input(std::size_t limit) override;
  [[nodiscard]] bool can_ask() const override;
  std::optional<std::string> ask(std::string_view question) override;
  void progress(std::size_t done, std::size_t total, std::string_view unit) override;

 private:
  [[nodiscard]] Descriptor source_of_answers() const;
  void clear_progress();
  bool input_is_read_ = false;  // then answers come from the terminal itself
  std::optional<std::int64_t> started_ =
      {};                   // of the work whose progress is told, in ms of the monotonic clock
  std::int64_t shown_ = 0;  // when it was told last
  bool is_shown_ = false;
};

}  // namespace accord
