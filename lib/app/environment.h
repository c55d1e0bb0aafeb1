// What a verb may touch: the store, the clock, input and output, questions to the admin. A verb reads no
// global, no environment variable and no clock of its own.
//
// One call is one transaction: whatever a verb writes is committed after it returned success, or rolled back;
// --what-if runs the verb whole and rolls back, so that a dry run fails exactly where the real one would.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/answers.h"
#include "lib/app/common.h"
#include "lib/app/console.h"
#include "lib/app/location.h"
#include "lib/app/store_session.h"
#include "lib/core/file.h"
#include "lib/core/record.h"
#include "lib/core/writer.h"

namespace accord {

// When a change is put as a question.
enum class Ask { if_confirm, always };

// What a call is made in.
struct CallContext {
  Console& console;
  const Settings& settings;
  Instant now;
  StoreSession& session;
  Answers& answers;
  bool in_batch = false;
  // A line of an atomic batch: it is undone alone, committed with the rest, and printed after that.
  bool is_part = false;
  // The batch as a whole is a rehearsal: each line sees what those before it would have changed.
  bool whole_is_rehearsed = false;

  [[nodiscard]] CallContext with(Console& other) const {
    return {other, settings, now, session, answers, in_batch, is_part, whole_is_rehearsed};
  }
};

class Environment {
 public:
  Environment(const CallContext& context, const Verb& verb, const CommonOptions& common,
              std::string_view set);
  // What was not finished is undone.
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  [[nodiscard]] Instant now() const { return context_.now; }
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] std::string_view parameter_set() const { return set_; }
  [[nodiscard]] std::string_view verb() const { return verb_.name; }
  [[nodiscard]] bool what_if() const { return common_.what_if; }
  // Of this call, for the calls that a batch makes.
  [[nodiscard]] const CallContext& context() const { return context_; }

  // --- the store
  [[nodiscard]] Result<StoreLocation> location() const { return context_.session.location(); }
  // One consistent view; opened at the first call.
  [[nodiscard]] Result<Connection*> read() { return context_.session.read(); }
  // The write lock, taken at the first call. At the default path a missing store is made, with a warning.
  [[nodiscard]] Result<Connection*> write();
  [[nodiscard]] Result<KeyVault*> vault() { return context_.session.vault(); }
  // Ends what was begun to be read, before something that may take long: nobody waits for us meanwhile. What
  // was read is to be read again before it is changed. Inside a batch or a pipeline that writes it does
  // nothing.
  void let_go();

  // --- changes
  // To be called before the first change. --what-if says what would be done and goes on, for the
  // whole of it is rolled back. Fails with Answer.No and Answer.NotPossible. `changes`: "Property: old ->
  // new", for --what-if.
  [[nodiscard]] Result<void> approve(std::string_view operation, std::string_view target,
                                     const std::vector<std::string>& changes = {}, Ask ask = Ask::if_confirm);
  // From here on each removal is asked about, as for more than one record of a pipeline.
  void ask_before_each() { asks_always_ = true; }

  // --- output
  // Printed when the verb has succeeded and its change is stored; never half.
  void emit(Record record);                                        // the call concerns this one thing
  void emit(const RecordType& type, std::vector<Record> records);  // a listing
  void emit_text(std::string_view text);                           // as it is: a token, a document
  void warn(std::string_view text) const;                          // "WARNING: …", at once
  void verbose(std::string_view text) const;                       // only with --verbose
  void notice(std::string_view text) const;  // for people, on standard error, unless --quiet
  // An error that is told and undoes nothing: the verb goes on, and ends in the code that this returns.
  [[nodiscard]] ExitCode tell(const Error& error) const;
  // More than one thing is emitted, whatever each emit says of itself.
  void emits_many() { emits_many_ = true; }

  // --- files
  // What the admin named: a path, or - for standard input, which can be read once.
  [[nodiscard]] Result<std::string> read_file_or_input(const std::string& path,
                                                       std::size_t limit = kDefaultReadLimit);
  [[nodiscard]] Result<std::string> read_input(std::size_t limit);
  // Written when the verb has succeeded, before its records are printed; not at all with --what-if.
  enum class Existing { replace, refuse };
  [[nodiscard]] Result<void> write_file(const std::string& path, std::string content, unsigned mode = 0644,
                                        Existing existing = Existing::replace);
  // What cannot be rolled back, done when everything else has succeeded; not at all with --what-if.
  void do_last(std::function<Result<void>()> action) { last_.push_back(std::move(action)); }

  // --- for call.cc and batch.cc alone
  // Whether what is asked of the output can be done. Fails with Expression.Invalid, Property.Unknown.
  [[nodiscard]] Result<void> check_output() const;
  // Begins: with a savepoint where the call is part of a batch.
  [[nodiscard]] Result<void> begin();
  // Commits, or rolls back with --what-if; what there is to print.
  [[nodiscard]] Result<std::string> finish();
  // What was done is undone all the same, and only this is printed.
  void give_up(std::string output) { given_up_ = std::move(output); }
  [[nodiscard]] bool is_stored() const { return is_stored_; }

 private:
  [[nodiscard]] Result<std::string> read_once(const std::string& source,
                                              const std::function<Result<std::string>()>& read);
  [[nodiscard]] Result<std::string> rendered();
  [[nodiscard]] Result<void> write_files();
  [[nodiscard]] Result<void> refuse_store_files(const std::string& path) const;
  [[nodiscard]] Result<void> end(bool keep);

  CallContext context_;
  const Verb& verb_;
  const CommonOptions& common_;
  std::string set_;
  bool announced_ = false;  // --what-if said what would be done
  bool asks_always_ = false;
  bool input_is_read_ = false;
  std::optional<std::string> given_up_;
  bool is_stored_ = false;
  bool is_ended_ = false;
  std::optional<Savepoint> savepoint_;

  const RecordType* type_ = nullptr;
  std::vector<Record> records_;
  Count count_ = Count::many;
  bool emits_many_ = false;
  std::string text_;
  struct PendingFile {
    std::string path;
    std::string content;
    unsigned mode;
    Existing existing;
  };
  std::vector<PendingFile> files_;
  std::vector<std::function<Result<void>()>> last_;
};

}  // namespace accord
