// What a verb may touch: the store, the clock, input and output, questions to the admin. A verb reads no
// global, no environment variable and no clock of its own.
//
// One call is one transaction: whatever a verb writes is committed after it returned success, or rolled back;
// --what-if runs the verb whole and rolls back, so that a dry run fails exactly where the real one would.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/common.h"
#include "lib/app/location.h"
#include "lib/core/record.h"
#include "lib/core/writer.h"
#include "lib/store/connection.h"
#include "lib/store/key_vault.h"

namespace accord {

// The process's standard streams and terminal, or a test's.
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
};

// When a change is put as a question.
enum class Ask { if_confirm, always };

// What the admin answered so far in one call. No lock is held while a question waits: the verb is rolled
// back, the question is asked, and after a Yes the verb runs again from the start, on the store as it is by
// then.
struct Answers {
  std::vector<std::string> approved = {};   // operations, in the order they were asked
  std::optional<std::string> pending = {};  // the question that stopped the verb
  std::string pending_operation = {};
  std::vector<std::string> said = {};  // warnings that were printed already
};

class Environment {
 public:
  Environment(Console& console, const Settings& settings, Instant now, std::string_view verb,
              const CommonOptions& common, std::string_view set, Answers& answers);

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] std::string_view parameter_set() const { return set_; }
  [[nodiscard]] std::string_view verb() const { return verb_; }
  [[nodiscard]] bool what_if() const { return common_.what_if; }

  // --- the store
  // -----------------------------------------------------------------------------------------------------
  [[nodiscard]] Result<StoreLocation> location() const;
  // One consistent view; opened at the first call.
  [[nodiscard]] Result<Connection*> read();
  // The write lock, taken at the first call. At the default path a missing store is made, with a warning.
  [[nodiscard]] Result<Connection*> write();
  [[nodiscard]] Result<KeyVault*> vault();

  // --- changes
  // -------------------------------------------------------------------------------------------------------
  // To be called before the first change. True: go on. --what-if says what would be done and goes on, for the
  // whole of it is rolled back. Fails with Answer.No and Answer.NotPossible. `changes`: "Property: old ->
  // new", for --what-if. `consequence` is said before a question that is always asked.
  [[nodiscard]] Result<void> approve(std::string_view operation, std::string_view target,
                                     const std::vector<std::string>& changes = {}, Ask ask = Ask::if_confirm);

  // --- output
  // --------------------------------------------------------------------------------------------------------
  // Printed when the verb has succeeded and its change is stored; never half.
  void emit(Record record);                                        // the call concerns this one thing
  void emit(const RecordType& type, std::vector<Record> records);  // a listing
  void emit_text(std::string text);                                // as it is: a token, a document
  void warn(std::string_view text) const;                          // "WARNING: …", at once
  void verbose(std::string_view text) const;                       // only with --verbose
  void notice(std::string_view text) const;  // for people, on standard error, unless --quiet

  // --- files
  // ---------------------------------------------------------------------------------------------------------
  // What the admin named: a path, or - for standard input.
  [[nodiscard]] Result<std::string> read_file_or_input(const std::string& path,
                                                       std::size_t limit = 1024 * 1024);
  // Written when the verb has succeeded, before its records are printed; not at all with --what-if.
  enum class Existing { replace, refuse };
  [[nodiscard]] Result<void> write_file(const std::string& path, std::string content, unsigned mode = 0644,
                                        Existing existing = Existing::replace);

  // Commits, or rolls back with --what-if, and prints. Called by run.cc alone.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> open(bool writing);
  [[nodiscard]] Result<std::string> rendered() const;

  Console& console_;
  const Settings& settings_;
  Instant now_;
  std::string verb_;
  const CommonOptions& common_;
  std::string set_;
  Answers& answers_;
  bool announced_ = false;     // --what-if said what would be done
  std::size_t questions_ = 0;  // asked so far in this run

  std::unique_ptr<Connection> connection_;
  std::optional<Transaction> transaction_;
  bool writing_ = false;
  std::optional<KeyVault> vault_;

  const RecordType* type_ = nullptr;
  std::vector<Record> records_;
  Count count_ = Count::many;
  std::string text_;
  struct PendingFile {
    std::string path;
    std::string content;
    unsigned mode;
    Existing existing;
  };
  std::vector<PendingFile> files_;
};

}  // namespace accord
