// What a verb declares, once: its parameters and sets, help, examples, effect and action. Parsing, help, man
// page, completion and `accord help --output json` are all read from here.
//
// A verb is one file in tools/. It registers a name and a function that declares the rest, so that a process
// builds only the declaration of the verb that was called.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/parse.h"
#include "lib/core/record.h"
#include "lib/core/time.h"

namespace accord {

class Environment;

enum class Effect { reads, writes, destroys };

template <>
struct EnumNames<Effect> {
  static constexpr std::array<std::pair<Effect, std::string_view>, 3> table = {
      {{Effect::reads, "reads"}, {Effect::writes, "writes"}, {Effect::destroys, "destroys"}}};
};

// How a parameter takes its value.
enum class Shape { toggle, boolean, scalar, list };

// Original parameters may be cut short in the single-dash form; Accord's own need their full name there.
enum class Origin { original, accord };

// What "" is as a value.
enum class Empty { refused, clears, is_a_value };

using TextCheck = Result<std::string> (*)(std::string_view);

struct Details {
  std::string_view help = {};
  std::string_view type = {};                       // of the reference pages; else that of the field
  std::string_view default_text = {};               // as help shows it
  std::vector<std::string_view> sets = {};          // empty: in every set
  bool mandatory = false;                           // in every set that it belongs to
  std::vector<std::string_view> mandatory_in = {};  // in these sets only
  bool first = false;                               // may be given without its name
  Origin origin = Origin::original;
  std::vector<std::string_view> aliases = {};
  Empty empty = Empty::refused;
  TextCheck check = nullptr;  // of text and of each item of a list: the value as it shall be stored
  std::vector<std::string_view> values = {};  // of text that is one of these; `check` sees to it
  std::string_view completion = {};  // the call of a get verb that prints what may stand here, a value a line
  bool writes_file = false;          // the value names a file to write
  std::string_view fetched_unless = {};  // the value is a URL that is fetched, unless this one is given too
};

struct Parameter {
  std::string_view name;  // PascalCase: "MetadataUrl"
  Details details;
  Shape shape = Shape::scalar;
  std::string_view type;                 // as help shows it
  std::vector<std::string_view> values;  // of an enumeration
  std::string_view refused = {};         // why it is not supported, and what to use
  // Stores the values (one, or those of a list) in the options; fails with Parameter.Invalid.
  std::function<Result<void>(void* options, const std::vector<std::string>& values, Instant now)> assign = {};

  [[nodiscard]] bool in_set(std::string_view set) const;
  [[nodiscard]] bool mandatory_in_set(std::string_view set) const;
};

// "MetadataUrl" -> "metadata-url", "UseOAuthServer" -> "use-oauth-server".
[[nodiscard]] std::string kebab_case(std::string_view pascal);
// "MetadataUrl" -> "--metadata-url".
[[nodiscard]] std::string flag_of(std::string_view pascal);

// What a pipeline carries into a verb: records of `type`, each of which stands for one call with these
// parameters.
struct RecordInput {
  struct Take {
    std::string_view property;
    std::string_view parameter;
    // Empty: the property's value is the parameter's. Else: a switch, given where the property has this
    // value.
    std::string_view when = {};
  };
  const RecordType* type = nullptr;  // null: the verb takes no records
  bool one_only = false;             // a second record would undo what the first has done
  // One call for the whole stream, whose parameters are lists: for a verb that goes over the network, which
  // must not be waited for inside a transaction.
  bool all_at_once = false;
  std::vector<Take> take = {};
};

// Whether a line of a batch may call the verb: what writes files or uses the network cannot be undone with
// the rest.
enum class InBatch { allowed, not_atomic, never };

struct Example {
  std::string_view command;
  std::string_view meaning;
};

struct Verb {
  std::string_view name;  // kebab case
  std::string_view
      original;  // the cmdlet that it carries over: "New-CsPartnerApplication"; empty for Accord's own
  std::string_view summary;
  std::string_view description;
  Effect effect = Effect::reads;
  std::vector<std::string_view> sets;  // the first is the default
  std::vector<Parameter> parameters;
  std::vector<Example> examples;
  const RecordType* output = nullptr;
  const RecordType* other_output = nullptr;  // what it prints in some sets instead
  RecordInput input = {};
  InBatch in_batch = InBatch::allowed;
  std::function<std::shared_ptr<void>()> make_options;
  std::function<Result<ExitCode>(Environment&, const void* options)> run;

  [[nodiscard]] bool changes() const { return effect != Effect::reads; }
};

// ---------------------------------------------------------------------------------------------------------------------
// Declaring one

// How text becomes the field of an options struct; specialised for each kind of field below.
template <class T>
struct Field;

// A parameter that sets `member` of the options.
// `O` is named where the member belongs to a base of the options.
template <class O, class T, class Owner>
requires std::is_base_of_v<Owner, O>
// NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved from
[[nodiscard]] Parameter parameter(std::string_view name, T Owner::*member, Details details) {
  Parameter made{
      .name = name, .details = std::move(details), .shape = Field<T>::shape, .type = {}, .values = {}};
  made.type = made.details.type.empty() ? Field<T>::type() : made.details.type;
  made.values = made.details.values.empty() ? Field<T>::values() : made.details.values;
  made.assign = [member, check = made.details.check](void* options, const std::vector<std::string>& values,
                                                     Instant now) -> Result<void> {
    return Field<T>::assign(static_cast<O*>(options)->*member, values, check, now);
  };
  return made;
}

template <class O, class T>
[[nodiscard]] Parameter parameter(std::string_view name, T O::*member, Details details) {
  return parameter<O, T, O>(name, member, std::move(details));
}

// The same as a parameter of Accord's own, not of the original.
[[nodiscard]] Parameter own(Parameter made);

// A parameter of the original that is recognised and refused: `why` is a sentence that says what to use
// instead.
[[nodiscard]] Parameter refused_parameter(std::string_view name, std::string_view why,
                                          std::vector<std::string_view> aliases = {});

// The originals' -Tenant of get verbs: accepted, ignored, and --verbose says so.
inline constexpr std::string_view kTenantIgnored =
    "-Tenant is accepted for compatibility and ignored: a store is one tenant.";

template <class O>
struct Declaration {
  std::string_view original = {};  // the cmdlet that it carries over; empty for Accord's own
  std::string_view summary = {};
  std::string_view description = {};
  Effect effect = Effect::reads;
  std::vector<std::string_view> sets = {};
  std::vector<Parameter> parameters = {};
  std::vector<Example> examples = {};
  const RecordType* output = nullptr;
  const RecordType* other_output = nullptr;
  RecordInput input = {};
  InBatch in_batch = InBatch::allowed;
  Result<ExitCode> (*run)(Environment&, const O&) = nullptr;
};

template <class O>
[[nodiscard]] Verb define(Declaration<O> declaration) {
  Verb verb;
  verb.original = declaration.original;
  verb.summary = declaration.summary;
  verb.description = declaration.description;
  verb.effect = declaration.effect;
  verb.sets = std::move(declaration.sets);
  verb.parameters = std::move(declaration.parameters);
  verb.examples = std::move(declaration.examples);
  verb.output = declaration.output;
  verb.other_output = declaration.other_output;
  verb.input = std::move(declaration.input);
  verb.in_batch = declaration.in_batch;
  verb.make_options = [] { return std::make_shared<O>(); };
  verb.run = [run = declaration.run](Environment& env, const void* options) {
    return run(env, *static_cast<const O*>(options));
  };
  return verb;
}

// `parameters` and then `more`: for parameters that several verbs share.
[[nodiscard]] std::vector<Parameter> with(std::vector<Parameter> parameters, std::vector<Parameter> more);

// A verb's place in the list of all verbs: a name and a function, no allocation before main.
class Registration {
 public:
  Registration(std::string_view name, Verb (*declaration)()) noexcept;
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] Verb declare() const;
  [[nodiscard]] const Registration* next() const { return next_; }
  // The head of the list; order is not defined.
  [[nodiscard]] static const Registration* first();

 private:
  std::string_view name_;
  Verb (*declare_)();
  const Registration* next_;
};

// All verbs, by name.
[[nodiscard]] std::vector<const Registration*> all_verbs();

// "new-partner-application", "New-CsPartnerApplication", "newpartnerapplication" … any case; nullptr when
// there is none.
[[nodiscard]] const Registration* find_verb(std::string_view name);

// ---------------------------------------------------------------------------------------------------------------------
// Fields

namespace detail {
[[nodiscard]] Result<std::string> checked(const std::string& text, TextCheck check);
[[nodiscard]] tl::unexpected<Error> not_one_of(std::string_view text,
                                               const std::vector<std::string_view>& values);
template <class E>
[[nodiscard]] std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  for (const auto& [value, name] : EnumNames<E>::table) names.push_back(name);
  return names;
}
}  // namespace detail

struct NoValues {
  [[nodiscard]] static std::vector<std::string_view> values() { return {}; }
};

template <>
struct Field<bool> : NoValues {
  static constexpr Shape shape = Shape::toggle;
  [[nodiscard]] static std::string_view type() { return "SwitchParameter"; }
  [[nodiscard]] static Result<void> assign(bool& field, const std::vector<std::string>& values, TextCheck,
                                           Instant);
};

template <>
struct Field<std::optional<bool>> : NoValues {
  static constexpr Shape shape = Shape::boolean;
  [[nodiscard]] static std::string_view type() { return "Boolean"; }
  [[nodiscard]] static Result<void> assign(std::optional<bool>& field, const std::vector<std::string>& values,
                                           TextCheck, Instant);
};

// A switch of which "not given" differs from "given as false": -Confirm.
struct Toggle {
  std::optional<bool> value = {};
  [[nodiscard]] bool on() const { return value.value_or(false); }
  [[nodiscard]] bool off() const { return value.has_value() && !*value; }
};

template <>
struct Field<Toggle> : NoValues {
  static constexpr Shape shape = Shape::toggle;
  [[nodiscard]] static std::string_view type() { return "SwitchParameter"; }
  [[nodiscard]] static Result<void> assign(Toggle& field, const std::vector<std::string>& values, TextCheck,
                                           Instant);
};

template <>
struct Field<std::string> : NoValues {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "String"; }
  [[nodiscard]] static Result<void> assign(std::string& field, const std::vector<std::string>& values,
                                           TextCheck check, Instant);
};

template <>
struct Field<std::optional<std::string>> : NoValues {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "String"; }
  [[nodiscard]] static Result<void> assign(std::optional<std::string>& field,
                                           const std::vector<std::string>& values, TextCheck check, Instant);
};

template <>
struct Field<std::vector<std::string>> : NoValues {
  static constexpr Shape shape = Shape::list;
  [[nodiscard]] static std::string_view type() { return "String[]"; }
  [[nodiscard]] static Result<void> assign(std::vector<std::string>& field,
                                           const std::vector<std::string>& values, TextCheck check, Instant);
};

template <>
struct Field<std::optional<std::vector<std::string>>> : NoValues {
  static constexpr Shape shape = Shape::list;
  [[nodiscard]] static std::string_view type() { return "String[]"; }
  [[nodiscard]] static Result<void> assign(std::optional<std::vector<std::string>>& field,
                                           const std::vector<std::string>& values, TextCheck check,
                                           Instant now);
};

template <>
struct Field<std::optional<Instant>> : NoValues {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "DateTime"; }
  [[nodiscard]] static Result<void> assign(std::optional<Instant>& field,
                                           const std::vector<std::string>& values, TextCheck, Instant now);
};

template <>
struct Field<std::optional<Duration>> : NoValues {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "TimeSpan"; }
  [[nodiscard]] static Result<void> assign(std::optional<Duration>& field,
                                           const std::vector<std::string>& values, TextCheck, Instant);
};

template <>
struct Field<std::optional<std::int64_t>> : NoValues {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "Int32"; }
  [[nodiscard]] static Result<void> assign(std::optional<std::int64_t>& field,
                                           const std::vector<std::string>& values, TextCheck, Instant);
};

template <class E>
requires std::is_enum_v<E>
struct Field<std::optional<E>> {
  static constexpr Shape shape = Shape::scalar;
  [[nodiscard]] static std::string_view type() { return "Enumeration"; }
  [[nodiscard]] static std::vector<std::string_view> values() { return detail::names_of<E>(); }
  [[nodiscard]] static Result<void> assign(std::optional<E>& field, const std::vector<std::string>& values,
                                           TextCheck, Instant) {
    field = parse_enum<E>(values.front());
    if (!field) return detail::not_one_of(values.front(), detail::names_of<E>());
    return {};
  }
};

}  // namespace accord
