#include "lib/app/binder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/app/parameter_sets.h"
#include "lib/core/where.h"

namespace accord {
namespace {

// All parameters of one call: the verb's own, then the common ones.
struct Surface {
  const Verb& verb;
  std::vector<Parameter> common;
  std::vector<const Parameter*> all;
  std::vector<std::string> kebab_names;  // of `all`

  explicit Surface(const Verb& of) : verb(of), common(common_parameters(of)) {
    for (const auto& own : verb.parameters) all.push_back(&own);
    for (const auto& one : common) all.push_back(&one);
    for (const auto* one : all) kebab_names.push_back(kebab_case(one->name));
  }

  // The parameter with exactly this name or alias, in either spelling.
  [[nodiscard]] const Parameter* spelt(std::string_view name) const {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (equals_ignoring_case(all[i]->name, name) || equals_ignoring_case(kebab_names[i], name))
        return all[i];
    }
    for (const auto* one : all) {
      for (const auto alias : one->details.aliases) {
        if (equals_ignoring_case(alias, name) || equals_ignoring_case(kebab_case(alias), name)) return one;
      }
    }
    return nullptr;
  }

  [[nodiscard]] const Parameter* positional() const {
    for (const auto* one : all) {
      if (one->details.first) return one;
    }
    return nullptr;
  }

  [[nodiscard]] bool is_common(const Parameter* one) const {
    return !common.empty() && one >= common.data() && one < common.data() + common.size();
  }
};

// One occurrence of a parameter on the command line.
struct Occurrence {
  const Parameter* parameter = nullptr;
  std::vector<std::string> values = {};
  bool from_record = false;  // without values: they are those of a record that is not there yet
};

// "-Name:value", "--name=value" taken apart.
struct Spelling {
  std::string name;
  std::optional<std::string> value;
  bool double_dash = false;
};

std::optional<Spelling> spelling_of(std::string_view token) {
  if (token.size() < 2 || token[0] != '-') return std::nullopt;
  Spelling made{.name = {}, .value = {}, .double_dash = token.starts_with("--")};
  std::string_view rest = token.substr(made.double_dash ? 2 : 1);
  // -5m and -0.5 are values; no parameter starts so.
  const bool letter =
      !rest.empty() && ((rest[0] >= 'a' && rest[0] <= 'z') || (rest[0] >= 'A' && rest[0] <= 'Z'));
  if (!letter && rest != "?") return std::nullopt;
  const auto separator = rest.find(made.double_dash ? '=' : ':');
  made.name = std::string(rest.substr(0, separator));
  if (separator != std::string_view::npos) made.value = std::string(rest.substr(separator + 1));
  return made;
}

Result<const Parameter*> by_prefix(const Surface& surface, const std::string& name) {
  std::vector<const Parameter*> found;
  for (const auto* one : surface.all) {
    const auto& aliases = one->details.aliases;
    const auto begins = [&](std::string_view whole) { return starts_with_ignoring_case(whole, name); };
    if (one->details.origin == Origin::original &&
        (begins(one->name) || std::ranges::any_of(aliases, begins)))
      found.push_back(one);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return nullptr;
  std::vector<std::string> candidates;
  candidates.reserve(found.size());
  for (const auto* one : found) candidates.push_back(fmt::format("-{}", one->name));
  return fail("Parameter.Ambiguous", fmt::format("-{} could be {}", name, fmt::join(candidates, " or ")),
              "-" + name, "write more of the name");
}

Result<const Parameter*> resolve(const Surface& surface, const Spelling& spelling) {
  if (const Parameter* exact = surface.spelt(spelling.name)) return exact;
  const std::string shown = (spelling.double_dash ? "--" : "-") + spelling.name;
  if (!spelling.double_dash) {
    TRY_ASSIGN(const Parameter* prefixed, by_prefix(surface, spelling.name));
    if (prefixed != nullptr) return prefixed;
    if (spelling.name.find('=') != std::string::npos) {
      return fail("Parameter.Unknown", fmt::format("'{}' mixes two spellings", shown), shown,
                  "write -Name:value or --name=value");
    }
  }
  // Where the shell took an expression without quotes apart.
  if (is_where_operator(spelling.name)) {
    return fail("Parameter.Unknown", fmt::format("'{}' is an operator of --where", shown), shown,
                "put the whole expression in single quotes: --where 'Enabled -eq $true'");
  }
  std::vector<std::string> names;
  for (const auto* one : surface.all) {
    if (one->refused.empty())
      names.push_back(spelling.double_dash ? kebab_case(one->name) : std::string(one->name));
  }
  // Prefixes are for the original parameters; one of Accord's own is at least recognised.
  const auto begun = std::ranges::find_if(
      names, [&](const std::string& one) { return starts_with_ignoring_case(one, spelling.name); });
  const auto close = begun != names.end() ? *begun : nearest(spelling.name, names);
  return fail("Parameter.Unknown", fmt::format("there is no parameter '{}'", shown), shown,
              close.empty() ? fmt::format("{} --help lists them", surface.verb.name)
                            : fmt::format("did you mean '{}{}'?   {} --help lists them all",
                                          spelling.double_dash ? "--" : "-", close, surface.verb.name));
}

// Whether a token in a value's place is really the next parameter.
bool is_known_parameter(const Surface& surface, std::string_view token) {
  const auto spelling = spelling_of(token);
  if (!spelling) return false;
  if (surface.spelt(spelling->name) != nullptr) return true;
  if (spelling->double_dash) return false;
  const auto prefixed = by_prefix(surface, spelling->name);
  return !prefixed || *prefixed != nullptr;
}

tl::unexpected<Error> shell_ate_value(const Parameter& one) {
  return fail(
      "Parameter.NoValue",
      fmt::format("the value of {} is missing: an unquoted $false or $true is removed by the shell",
                  flag_of(one.name)),
      flag_of(one.name),
      fmt::format("write -{0}:false, or {1}=false, or quote it: '-{0}:$false'", one.name, flag_of(one.name)));
}

class Reader {
 public:
  Reader(const Surface& surface, const std::vector<std::string>& arguments, const RecordValues* record)
      : surface_(surface), arguments_(arguments), record_(record) {}

  [[nodiscard]] bool takes_records() const { return takes_records_; }

  Result<std::vector<Occurrence>> read() {
    while (next_ < arguments_.size()) {
      const std::string& token = arguments_[next_];
      const auto spelling = options_ended_ ? std::nullopt : spelling_of(token);
      if (!options_ended_ && token == "--") {
        options_ended_ = true;
        ++next_;
      } else if (spelling) {
        ++next_;
        TRY(read_named(*spelling));
      } else {
        TRY(read_positional());
      }
    }
    return std::move(found_);
  }

 private:
  Result<void> read_named(const Spelling& spelling) {
    TRY_ASSIGN(const Parameter* one, resolve(surface_, spelling));
    if (!one->refused.empty()) {
      return fail("Parameter.NotSupported",
                  fmt::format("{} is not supported: {}", flag_of(one->name), one->refused),
                  flag_of(one->name));
    }
    if (one->shape == Shape::toggle) return read_toggle(*one, spelling);
    return read_value(*one, spelling.value);
  }

  Result<void> read_toggle(const Parameter& one, const Spelling& spelling) {
    if (!spelling.value) {
      if (next_ < arguments_.size() && is_boolean_word(arguments_[next_])) {
        return fail("Parameter.Invalid",
                    fmt::format("{} is a switch: '{}' after it is not its value", flag_of(one.name),
                                arguments_[next_]),
                    flag_of(one.name),
                    fmt::format("write -{}:{} or {}={}", one.name, plain(arguments_[next_]),
                                flag_of(one.name), plain(arguments_[next_])));
      }
      return store(one, {"true"});
    }
    if (spelling.value->empty()) return shell_ate_value(one);
    return store(one, {*spelling.value});
  }

  Result<void> read_value(const Parameter& one, std::optional<std::string> attached) {
    const bool was_attached = attached.has_value();
    if (!attached) {
      if (next_ >= arguments_.size() || is_known_parameter(surface_, arguments_[next_])) {
        if (one.shape == Shape::boolean) return shell_ate_value(one);
        return fail(
            "Parameter.NoValue", fmt::format("{} needs a value", flag_of(one.name)), flag_of(one.name),
            fmt::format("a value that is spelt like a parameter is given as {}=VALUE", flag_of(one.name)));
      }
      attached = arguments_[next_++];
    }
    if (*attached == "-" && !options_ended_ && stands_for_records(one)) return take_records();
    if (attached->empty() && one.shape == Shape::boolean) return shell_ate_value(one);
    if (attached->empty() && one.details.empty == Empty::refused) {
      return fail(
          "Parameter.Empty", fmt::format("{} must not be empty", flag_of(one.name)), flag_of(one.name),
          was_attached || one.details.first ? "an unset shell variable leaves nothing behind: check it" : "");
    }
    TRY(refuse_powershell_literal(one, *attached));
    if (one.shape != Shape::list) return store(one, {*attached});
    auto items = list_from(*attached);
    if (items.empty()) {
      return fail("Parameter.Empty", fmt::format("{} has commas and no value", flag_of(one.name)),
                  flag_of(one.name));
    }
    return store(one, std::move(items));
  }

  // An argument that ends in a comma goes on in the next one.
  std::vector<std::string> list_from(std::string text) {
    while (!text.empty() && trim(text).ends_with(',') && next_ < arguments_.size())
      text += arguments_[next_++];
    return text.empty() ? std::vector<std::string>{""} : split_list(text);
  }

  Result<void> read_positional() {
    const std::string& token = arguments_[next_];
    if (token == "-" && !options_ended_ && surface_.verb.input.type != nullptr) {
      ++next_;
      return take_records();
    }
    const Parameter* one = surface_.positional();
    if (one == nullptr) {
      return fail("Parameter.Unknown",
                  fmt::format("'{}' is in the place of no parameter", escape_for_terminal(token)), token,
                  fmt::format("{} takes named parameters only; {} --help lists them", surface_.verb.name,
                              surface_.verb.name));
    }
    const bool again = std::ranges::any_of(found_, [&](const auto& seen) { return seen.parameter == one; });
    if (again && one->shape != Shape::list) {
      return fail("Parameter.Unknown",
                  fmt::format("'{}' is one value too many: {} was given already", escape_for_terminal(token),
                              flag_of(one->name)),
                  token, "quote a value that has blanks in it");
    }
    ++next_;
    return read_value(*one, token);
  }

  // What PowerShell would have evaluated before the cmdlet saw it must not become text here.
  [[nodiscard]] static Result<void> refuse_powershell_literal(const Parameter& one,
                                                              const std::string& value) {
    if (one.shape != Shape::boolean && equals_ignoring_case(value, "$null")) {
      return fail("Parameter.Invalid", fmt::format("{}: $null is no value here", flag_of(one.name)),
                  flag_of(one.name),
                  one.details.empty == Empty::clears ? "write \"\" to clear it" : "leave it out");
    }
    if (value.starts_with("@{") || value.starts_with("@(")) {
      return fail(
          "Parameter.Invalid",
          fmt::format("{}: {}…}} and its like are not evaluated here", flag_of(one.name), value.substr(0, 2)),
          flag_of(one.name), "give the whole list, its items separated by commas");
    }
    return {};
  }

  // Whether "-" as the value of this parameter means the records of a pipeline.
  [[nodiscard]] bool stands_for_records(const Parameter& one) const {
    return std::ranges::any_of(surface_.verb.input.take, [&](const RecordInput::Take& take) {
      return take.when.empty() && take.parameter == one.name;
    });
  }

  Result<void> take_records() {
    if (takes_records_) {
      return fail("Parameter.Repeated", "- was given twice", "-",
                  "the records are read from standard input once");
    }
    for (const auto& take : surface_.verb.input.take) {
      const auto* one = surface_.spelt(take.parameter);
      if (record_ == nullptr) {
        if (take.when.empty()) TRY(store(*one, {}));
        continue;
      }
      const auto given = std::ranges::find(record_->given, take.parameter, &RecordValues::Given::parameter);
      if (given == record_->given.end()) continue;
      if (!one->refused.empty()) {
        return fail("Parameter.NotSupported",
                    fmt::format("{} is not supported: {}", flag_of(one->name), one->refused),
                    flag_of(one->name));
      }
      TRY(store(*one, given->values));
    }
    takes_records_ = true;
    return {};
  }

  Result<void> store(const Parameter& one, std::vector<std::string> values) {
    const bool is_from_record = takes_records_ && stands_for_records(one);
    for (auto& seen : found_) {
      if (seen.parameter != &one) continue;
      if (is_from_record || values.empty()) {
        return fail("Parameter.Clash",
                    fmt::format("{} comes from the records that - stands for", flag_of(one.name)),
                    flag_of(one.name), "leave one of the two out");
      }
      if (one.shape != Shape::list) {
        return fail("Parameter.Repeated", fmt::format("{} was given twice", flag_of(one.name)),
                    flag_of(one.name));
      }
      seen.values.insert(seen.values.end(), values.begin(), values.end());
      return {};
    }
    const bool waits = values.empty();
    found_.push_back({.parameter = &one, .values = std::move(values), .from_record = waits});
    return {};
  }

  static bool is_boolean_word(const std::string& text) {
    return parse_boolean(text).has_value() && text != "0" && text != "1";
  }
  static std::string plain(const std::string& text) {
    return parse_boolean(text).value_or(false) ? "true" : "false";
  }

  const Surface& surface_;
  const std::vector<std::string>& arguments_;
  const RecordValues* record_;
  bool takes_records_ = false;
  std::size_t next_ = 0;
  bool options_ended_ = false;
  std::vector<Occurrence> found_;
};

// The canonical form goes through CLI11, which owns the grammar of options from here on.
Result<std::vector<Occurrence>> through_cli11(const Surface& surface, const std::vector<Occurrence>& found) {
  CLI::App app;
  app.set_help_flag();
  std::vector<std::pair<const Parameter*, CLI::Option*>> options;
  std::vector<std::string> canonical;
  for (const auto& one : found) {
    if (one.from_record) continue;
    const std::string name =
        fmt::format("--{}{}", one.parameter->name, surface.is_common(one.parameter) ? "+" : "");
    auto* option = app.add_option(name);
    option->expected(1, static_cast<int>(one.values.size()))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.emplace_back(one.parameter, option);
    for (const auto& value : one.values) {
      if (value.empty()) {
        // CLI11 2.1 takes the argument after "--name=" as its value: an empty one goes as an argument of its
        // own.
        canonical.insert(canonical.end(), {name, ""});
      } else {
        canonical.push_back(fmt::format("{}={}", name, value));
      }
    }
  }
  std::ranges::reverse(canonical);
  try {
    app.parse(canonical);
  } catch (const CLI::Error& error) {
    return fail("Parameter.Invalid", fmt::format("the parameters cannot be read: {}", error.what()));
  }
  std::vector<Occurrence> parsed;
  parsed.reserve(found.size());
  for (const auto& [parameter, option] : options)
    parsed.push_back({.parameter = parameter, .values = option->results()});
  std::ranges::copy_if(found, std::back_inserter(parsed), &Occurrence::from_record);
  return parsed;
}

Result<void> assign_all(const Surface& surface, const std::vector<Occurrence>& found, BoundCall& call,
                        Instant now) {
  for (const auto& one : found) {
    void* options = surface.is_common(one.parameter) ? &call.common : call.options.get();
    auto assigned = one.from_record ? Result<void>() : one.parameter->assign(options, one.values, now);
    if (!assigned) {
      Error error = std::move(assigned).error();
      // What was given for a password by mistake may be one.
      if (one.parameter->name.starts_with("Password")) {
        error.message = "this is no value for it";
        error.advice = fmt::format("{} --help says what it takes", surface.verb.name);
        error.target = flag_of(one.parameter->name);
      }
      error.message = fmt::format("{}: {}", flag_of(one.parameter->name), error.message);
      if (error.target.empty()) error.target = flag_of(one.parameter->name);
      return tl::unexpected(std::move(error));
    }
    if (!surface.is_common(one.parameter)) call.given.push_back(one.parameter->name);
  }
  return {};
}

bool asks_for(const Surface& surface, const std::vector<std::string>& arguments, std::string_view name) {
  for (const auto& token : arguments) {
    if (token == "--") return false;
    if (name == "Help" && (token == "-h" || token == "-?" || token == "/?")) return true;
    const auto spelling = spelling_of(token);
    if (!spelling || spelling->value) continue;
    const auto* one = surface.spelt(spelling->name);
    if (one != nullptr && one->name == name && surface.is_common(one)) return true;
  }
  return false;
}

}  // namespace

Result<BoundCall> bind_call(const Verb& verb, const std::vector<std::string>& arguments, Instant now,
                            const RecordValues* record) {
  const Surface surface(verb);
  BoundCall call;
  call.options = verb.make_options();
  call.common.help = asks_for(surface, arguments, "Help");
  call.common.version = asks_for(surface, arguments, "Version");
  if (call.common.help || call.common.version) return call;

  Reader reader(surface, arguments, record);
  TRY_ASSIGN(const auto read, reader.read());
  call.takes_records = reader.takes_records();
  TRY_ASSIGN(const auto found, through_cli11(surface, read));
  TRY(assign_all(surface, found, call, now));
  TRY_ASSIGN(call.set, choose_set(verb, call.given));
  return call;
}

Requested requested(const Verb& verb, const std::vector<std::string>& arguments) {
  const Surface surface(verb);
  Requested made;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto spelling = spelling_of(arguments[i]);
    if (!spelling) continue;
    const auto* one = surface.spelt(spelling->name);
    if (one != nullptr && one->name == "Nagios")
      made.nagios = parse_boolean(spelling->value.value_or("true")) != false;
    if (one == nullptr || !surface.is_common(one)) continue;
    const auto value = spelling->value            ? *spelling->value
                       : i + 1 < arguments.size() ? arguments[i + 1]
                                                  : std::string();
    if ((one->name == "Output" || one->name == "Format") && !made.format)
      made.format = parse_enum<Format>(value);
    if (one->name == "ErrorAction") {
      const auto action = parse_enum<ErrorAction>(value);
      made.silence = action == ErrorAction::silently_continue;
      made.goes_on = made.silence || action == ErrorAction::continue_;
    }
    if (one->name == "Store" && !value.empty()) made.store = value;
  }
  return made;
}

}  // namespace accord
