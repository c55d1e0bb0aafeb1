#include "lib/app/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/file.h"
#include "lib/store/store.h"

namespace accord {
Environment::Environment(Console& console, const Settings& settings, Instant now, std::string_view verb,
                         const CommonOptions& common, std::string_view set, Answers& answers)
    : console_(console),
      settings_(settings),
      now_(now),
      verb_(verb),
      common_(common),
      set_(set),
      answers_(answers) {}

Result<StoreLocation> Environment::location() const {
  return locate_store(common_.store, settings_);
}

Result<void> Environment::open(bool writing) {
  TRY_ASSIGN(const auto where, location());
  const auto mode = writing ? OpenFor::writing : OpenFor::reading;
  auto opened = open_store(where.store, mode);
  const bool may_make = writing && where.is_default && !what_if() && !opened &&
                        opened.error().id == ErrorId("Store.Missing") &&
                        !file_exists(std::string(kSystemStore));
  if (may_make) {
    TRY(create_store({.location = where.store}));
    warn(fmt::format("created a new store at {}", where.store));
    opened = open_store(where.store, mode);
  }
  TRY_ASSIGN(connection_, std::move(opened));
  return {};
}

Result<Connection*> Environment::read() {
  if (connection_ == nullptr) {
    TRY(open(false));
    TRY_ASSIGN(auto transaction, Transaction::begin_reading(*connection_));
    transaction_.emplace(std::move(transaction));
  }
  return connection_.get();
}

Result<Connection*> Environment::write() {
  if (connection_ != nullptr && writing_) return connection_.get();
  transaction_.reset();
  TRY(open(true));
  TRY_ASSIGN(auto transaction, Transaction::begin_writing(*connection_));
  transaction_.emplace(std::move(transaction));
  writing_ = true;
  return connection_.get();
}

Result<KeyVault*> Environment::vault() {
  if (!vault_) {
    TRY_ASSIGN(const auto where, location());
    vault_.emplace(where.key_file);
    if (what_if()) vault_->keep_off_disk();
  }
  return &*vault_;
}

Result<void> Environment::approve(std::string_view operation, std::string_view target,
                                  const std::vector<std::string>& changes, Ask ask) {
  const auto what = fmt::format("Performing the operation \"{}\" on target \"{}\".", operation,
                                escape_for_terminal(target));
  if (what_if()) {
    announced_ = true;
    console_.write_error(fmt::format("What if: {}\n", what));
    for (const auto& change : changes)
      console_.write_error(fmt::format("  {}\n", escape_for_terminal(change)));
    return {};
  }
  const bool asked = common_.confirm.on() || (ask == Ask::always && !common_.confirm.off() && !common_.force);
  if (!asked) return {};
  const auto question = questions_++;
  if (question < answers_.approved.size() && answers_.approved[question] == operation) return {};
  if (!console_.can_ask()) {
    return fail("Answer.NotPossible",
                fmt::format("this needs an answer, and there is no terminal to ask on: {}", operation),
                std::string(target), "add --confirm=false to answer Yes beforehand");
  }
  answers_.approved.resize(std::min(answers_.approved.size(), question));
  answers_.pending = what;
  answers_.pending_operation = operation;
  return fail("Answer.No", "the answer was no; nothing was changed", std::string(target));
}

void Environment::emit(Record record) {
  type_ = &record.type();
  count_ = Count::one;
  records_.clear();
  records_.push_back(std::move(record));
}

void Environment::emit(const RecordType& type, std::vector<Record> records) {
  type_ = &type;
  count_ = Count::many;
  records_ = std::move(records);
}

void Environment::emit_text(std::string text) {
  text_ += text;
}

void Environment::warn(std::string_view text) const {
  auto line = fmt::format("WARNING: {}\n", escape_for_terminal(text));
  // A verb that runs again after an answer has said this before.
  if (common_.quiet || std::ranges::find(answers_.said, line) != answers_.said.end()) return;
  console_.write_error(line);
  answers_.said.push_back(std::move(line));
}

void Environment::verbose(std::string_view text) const {
  if (common_.verbose) console_.write_error(fmt::format("VERBOSE: {}\n", escape_for_terminal(text)));
}

void Environment::notice(std::string_view text) const {
  if (!common_.quiet) console_.write_error(fmt::format("{}\n", text));
}

Result<std::string> Environment::read_file_or_input(const std::string& path, std::size_t limit) {
  return path == "-" ? console_.read_input(limit) : read_file(path, limit);
}

Result<void> Environment::write_file(const std::string& path, std::string content, unsigned mode,
                                     Existing existing) {
  // Judged now, so that --what-if and a refusal come before anything else is done.
  if (existing == Existing::refuse && file_exists(path)) {
    return fail("File.Exists", fmt::format("'{}' exists already", path), path,
                "name another file, or add --force");
  }
  files_.push_back({path, std::move(content), mode, existing});
  return {};
}

Result<std::string> Environment::rendered() const {
  if (type_ == nullptr) return text_;
  TRY_ASSIGN(const auto properties, select_properties(*type_, common_.property));
  return render(records_, properties, common_.output.value_or(default_format(properties.size())), count_) +
         text_;
}

Result<void> Environment::finish() {
  // Rendered first: an unknown property is a usage error and must not leave a change behind.
  TRY_ASSIGN(const auto output, rendered());
  if (what_if()) {
    transaction_.reset();
    // A verb that would change nothing does its work: a dry run of a test is the test.
    if (announced_ || !files_.empty()) return {};
  }
  for (const auto& file : files_) {
    if (file.existing == Existing::refuse) {
      TRY(create_file(file.path, file.content, file.mode));
    } else {
      TRY(accord::write_file(file.path, file.content, file.mode));
    }
  }
  const bool stored = transaction_ && writing_;
  if (stored) TRY(transaction_->commit());
  transaction_.reset();
  if (output.empty()) return {};
  auto written = console_.write_out(output);
  if (!written && stored)
    written.error().advice = "the change was made all the same: read it back with the get verb";
  return written;
}

}  // namespace accord
