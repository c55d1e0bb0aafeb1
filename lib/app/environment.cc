#include "lib/app/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/app/report.h"
#include "lib/core/encoding.h"
#include "lib/core/file.h"
#include "lib/core/sort.h"
#include "lib/core/where.h"

namespace accord {
namespace {

bool selects(const CommonOptions& common) {
  return common.where || !common.sort.empty() || common.first;
}

Result<std::vector<Record>> selected(std::vector<Record> records, const RecordType& type,
                                     const CommonOptions& common, Instant now) {
  if (common.where) {
    TRY_ASSIGN(const auto where, Where::parse(*common.where, type, now));
    std::vector<Record> matching;
    for (auto& record : records) {
      TRY_ASSIGN(const bool matches, where.matches(record));
      if (matches) matching.push_back(std::move(record));
    }
    records = std::move(matching);
  }
  TRY_ASSIGN(const auto keys, parse_sort_keys(common.sort, type));
  sort_records(records, keys);
  const auto limit = static_cast<std::size_t>(common.first.value_or(INT64_MAX));
  if (records.size() > limit)
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(limit), records.end());
  return records;
}

// Whether records of this type have what is asked of them.
Result<void> check_choice(const RecordType& type, const CommonOptions& common, Instant now) {
  TRY(select_properties(type, common.property));
  TRY(selected({}, type, common, now));
  return {};
}

}  // namespace

Environment::Environment(const CallContext& context, const Verb& verb, const CommonOptions& common,
                         std::string_view set)
    : context_(context), verb_(verb), common_(common), set_(set) {
  context_.session.rehearse(common.what_if);
}

Environment::~Environment() {
  // A part of a batch goes back to its savepoint by itself.
  if (!is_ended_ && !context_.is_part) context_.session.roll_back();
}

Result<Connection*> Environment::write() {
  auto store = context_.session.write();
  if (const auto made = context_.session.take_news_of_new_store())
    warn(fmt::format("created a new store at {}", *made));
  return store;
}

void Environment::let_go() {
  if (!context_.is_part && !context_.session.is_writing()) context_.session.roll_back();
}

Result<void> Environment::approve(std::string_view operation, std::string_view target,
                                  const std::vector<std::string>& changes, Ask ask) {
  const auto what = fmt::format("Performing the operation \"{}\" on target \"{}\".", operation,
                                escape_for_terminal(target));
  if (what_if()) {
    announced_ = true;
    context_.console.write_error(fmt::format("What if: {}\n", what));
    for (const auto& change : changes)
      context_.console.write_error(fmt::format("  {}\n", escape_for_terminal(change)));
    return {};
  }
  const bool always = ask == Ask::always || asks_always_;
  const bool asked = !common_.force && (common_.confirm.on() || (always && !common_.confirm.off()));
  if (!asked) return {};
  const Question question{.operation = std::string(operation), .target = std::string(target)};
  const auto answer = context_.answers.to(question);
  if (answer == Answer::yes) return {};
  if (!answer && !context_.console.can_ask()) {
    return fail("Answer.NotPossible",
                fmt::format("this needs an answer, and there is no terminal to ask on: {}", operation),
                std::string(target), "add --confirm=false to answer Yes beforehand");
  }
  if (!answer) context_.answers.pending = question;
  return fail("Answer.No", "the answer was no; nothing was changed", std::string(target));
}

void Environment::emit(Record record) {
  type_ = &record.type();
  if (!emits_many_) {
    count_ = Count::one;
    records_.clear();
  }
  records_.push_back(std::move(record));
}

void Environment::emit(const RecordType& type, std::vector<Record> records) {
  type_ = &type;
  count_ = Count::many;
  if (!emits_many_) records_.clear();
  std::ranges::move(records, std::back_inserter(records_));
}

void Environment::emit_text(std::string_view text) {
  text_ += text;
}

void Environment::warn(std::string_view text) const {
  const auto line = fmt::format("WARNING: {}\n", escape_for_terminal(text));
  if (!common_.quiet) context_.console.write_error(line);
}

void Environment::verbose(std::string_view text) const {
  if (common_.verbose) context_.console.write_error(fmt::format("VERBOSE: {}\n", escape_for_terminal(text)));
}

ExitCode Environment::tell(const Error& error) const {
  return report(context_.console, verb_.name, error,
                {.format = common_.output,
                 .silent = common_.error_action == ErrorAction::silently_continue,
                 .store = store_of(error, common_.store, context_.settings)});
}

void Environment::notice(std::string_view text) const {
  if (!common_.quiet) context_.console.write_error(fmt::format("{}\n", text));
}

Result<std::string> Environment::read_input(std::size_t limit) {
  if (std::exchange(input_is_read_, true)) {
    return fail("Parameter.Clash", "standard input can be read for one parameter only", "-",
                "give the other one as a file");
  }
  if (context_.in_batch) return context_.console.read_input(limit);  // which says that it cannot
  return read_once("-", [&] { return context_.console.read_input(limit); });
}

Result<std::string> Environment::read_file_or_input(const std::string& path, std::size_t limit) {
  if (path == "-") return read_input(limit);
  if (is_regular_file(path)) return read_file(path, limit);
  return read_once(path, [&] { return read_file(path, limit); });
}

// What only reads runs once, and does not have to keep what may be large.
Result<std::string> Environment::read_once(const std::string& source,
                                           const std::function<Result<std::string>()>& read) {
  if (!verb_.changes()) return read();
  auto& inputs = context_.answers.inputs;
  const auto known = inputs.find(source);
  if (known != inputs.end()) return known->second;
  auto content = read();
  if (content) inputs.emplace(source, *content);
  return content;
}

Result<void> Environment::write_file(const std::string& path, std::string content, unsigned mode,
                                     Existing existing) {
  // Judged now, so that --what-if and a refusal come before anything else is done.
  TRY(refuse_store_files(path));
  TRY(check_writable(path));
  if (existing == Existing::refuse && file_exists(path)) {
    return fail("File.Exists", fmt::format("'{}' exists already", path), path,
                "name another file, or add --force");
  }
  files_.push_back({path, std::move(content), mode, existing});
  return {};
}

Result<void> Environment::refuse_store_files(const std::string& path) const {
  const auto where = location();
  if (!where) return {};
  // Beside the key lies the next one while it is being changed.
  const bool is_key =
      is_same_file(path, where->key_file) || is_same_file(path, next_key_file(where->key_file));
  if (!is_key && !is_same_file(path, where->store)) return {};
  return fail("Parameter.Invalid",
              fmt::format("'{}' is {}", path, is_key ? "the store's key" : "the store itself"), path,
              "name another file");
}

Result<void> Environment::check_output() const {
  const bool asks_for_records = selects(common_) || !common_.property.empty();
  if (!asks_for_records) return {};
  if (verb_.output == nullptr) {
    const auto* given = common_.where           ? "--where"
                        : !common_.sort.empty() ? "--sort"
                        : common_.first         ? "--first"
                                                : "--property";
    return fail("Parameter.Clash", fmt::format("{} prints no records to choose from", verb_.name), given,
                fmt::format("leave out {}", given));
  }
  auto checked = check_choice(*verb_.output, common_, now());
  // Which of two it will be shows when the records are printed, which is still before anything is changed.
  if (verb_.other_output != nullptr && check_choice(*verb_.other_output, common_, now())) return {};
  return checked;
}

Result<std::string> Environment::rendered() {
  if (type_ == nullptr) return text_;
  TRY_ASSIGN(auto properties, select_properties(*type_, common_.property));
  const auto format = common_.output.value_or(default_format(properties.size()));
  if (format == Format::table && common_.property.empty() && !type_->columns.empty())
    properties.assign(type_->columns.begin(), type_->columns.end());
  if (selects(common_)) {
    TRY_ASSIGN(records_, selected(std::move(records_), *type_, common_, now()));
  }
  const auto count = emits_many_ ? Count::many : count_;
  return render(records_, properties, format, count) + text_;
}

Result<void> Environment::write_files() {
  for (const auto& file : files_) {
    if (file.existing == Existing::refuse) {
      TRY(create_file(file.path, file.content, file.mode));
    } else {
      TRY(accord::write_file(file.path, file.content, file.mode));
    }
  }
  return {};
}

Result<void> Environment::begin() {
  // A verb that makes the store has none to go back in.
  if (!context_.is_part || !verb_.changes() || verb_.in_batch == InBatch::not_atomic) return {};
  TRY_ASSIGN(auto* store, write());
  TRY_ASSIGN(auto savepoint, Savepoint::set(*store));
  savepoint_.emplace(std::move(savepoint));
  return {};
}

Result<void> Environment::end(bool keep) {
  is_ended_ = true;
  if (context_.is_part) {
    if (!savepoint_) return {};
    return keep ? savepoint_->keep() : savepoint_->undo();
  }
  if (!keep) {
    context_.session.roll_back();
    return {};
  }
  const bool wrote = context_.session.is_writing();
  TRY(context_.session.commit());
  is_stored_ = wrote;
  return {};
}

Result<std::string> Environment::finish() {
  if (given_up_) {
    TRY(end(false));
    return *std::move(given_up_);
  }
  // Rendered first: what cannot be printed is a usage error and must not leave a change behind.
  TRY_ASSIGN(auto output, rendered());
  if (what_if()) {
    TRY(end(context_.is_part && context_.whole_is_rehearsed));
    // A verb that would change nothing does its work: a dry run of a test is the test.
    return announced_ || !files_.empty() ? std::string() : output;
  }
  TRY(write_files());
  for (const auto& action : last_) TRY(action());
  TRY(end(true));
  is_stored_ = is_stored_ || !last_.empty();
  return output;
}

}  // namespace accord
