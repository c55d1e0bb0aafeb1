#include "lib/app/binder.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/app/environment.h"
#include "lib/core/encoding.h"
#include "tests/support.h"

namespace accord {

enum class Colour { red, green, deep_blue };

template <>
struct EnumNames<Colour> {
  static constexpr std::array<std::pair<Colour, std::string_view>, 3> table = {
      {{Colour::red, "Red"}, {Colour::green, "Green"}, {Colour::deep_blue, "DeepBlue"}}};
};

namespace {

using test::error_id;
using test::must;

using Arguments = std::vector<std::string>;

constexpr Instant kNow{std::chrono::seconds{1700000000}};

struct Options {
  std::string identity = {};
  std::optional<std::string> metadata_url = {};
  std::optional<std::string> metadata_text = {};
  std::optional<std::string> realm = {};
  std::optional<bool> enabled = {};
  bool use_oauth_server = false;
  std::vector<std::string> domain_name = {};
  std::optional<std::int64_t> count = {};
  std::optional<Duration> valid_for = {};
  std::optional<Instant> effective_date = {};
  std::optional<Colour> type = {};
  std::vector<std::string> allow_host = {};
  friend bool operator==(const Options&, const Options&) = default;
};

constexpr std::array<std::string_view, 2> kProperties = {"Identity", "DomainName"};
constexpr RecordType kType{"Thing", kProperties};

Verb test_verb() {
  auto verb = define<Options>(
      {.parameters = {parameter("Identity", &Options::identity, {.first = true}),
                      parameter("MetadataUrl", &Options::metadata_url, {.aliases = {"AuthMetadataUrl"}}),
                      parameter("MetadataText", &Options::metadata_text, {.empty = Empty::clears}),
                      parameter("Realm", &Options::realm, {.empty = Empty::clears}),
                      parameter("Enabled", &Options::enabled, {}),
                      parameter("UseOAuthServer", &Options::use_oauth_server, {}),
                      parameter("DomainName", &Options::domain_name, {}),
                      parameter("Count", &Options::count, {}), parameter("ValidFor", &Options::valid_for, {}),
                      parameter("EffectiveDate", &Options::effective_date, {}),
                      parameter("Type", &Options::type, {}),
                      own(parameter("AllowHost", &Options::allow_host, {})),
                      refused_parameter("Tenant", "there are no tenants")},
       .input = {.type = &kType,
                 .take = {{.property = "Identity", .parameter = "Identity"},
                          {.property = "DomainName", .parameter = "UseOAuthServer", .when = "x"}}}});
  verb.name = "test-thing";
  return verb;
}

std::string shown(const Arguments& arguments) {
  std::string text;
  for (const auto& one : arguments) text += "<" + one + ">";
  return text;
}

Options options_of(const BoundCall& call) {
  return *static_cast<const Options*>(call.options.get());
}

Options bound(const Arguments& arguments) {
  return options_of(must(bind_call(test_verb(), arguments, kNow)));
}

std::string error_of(const Arguments& arguments) {
  return error_id(bind_call(test_verb(), arguments, kNow));
}

struct Refusal {
  Arguments arguments;
  std::string_view expected;
};

// ---------------------------------------------------------------------------------------------------------------------
// Any parameters in any spelling

rc::Gen<std::string> any_text() {
  return rc::gen::resize(
      12, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
              {{4, rc::gen::inRange<char>('a', 'z')},
               {2, rc::gen::element(' ', '=', ':', '-', '+', '"', '\'', '\\', '$', '{', '}', '[', ']', '%',
                                    '#', '/')},
               {1, rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != 0; })}}))));
}

// An item of a list: without commas, and without blanks at its ends, which are dropped.
rc::Gen<std::string> any_item() {
  return rc::gen::suchThat(any_text(), [](const std::string& text) {
    return text.find(',') == std::string::npos && !trim(text).empty() && trim(text) == text;
  });
}

// What is given to a parameter: the texts of its values, and what they are in the options.
struct Given {
  std::string parameter;
  std::vector<std::string> values;
};

template <class T>
const T& one_of(const std::vector<T>& items) {
  return items[*rc::gen::inRange<std::size_t>(0, items.size())];
}

// A value for each parameter that was chosen, with what it sets.
std::pair<std::vector<Given>, Options> any_call() {
  std::vector<Given> given;
  Options options;
  const auto chosen = [] { return *rc::gen::arbitrary<bool>(); };
  const auto give = [&](std::string_view name, std::vector<std::string> values) {
    given.push_back({.parameter = std::string(name), .values = std::move(values)});
  };
  const auto text = [&](std::string_view name, auto& field) {
    if (!chosen()) return;
    field = *rc::gen::suchThat(any_text(), [](const std::string& value) { return value != "-"; });
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>) {
      give(name, {field});
    } else {
      give(name, {*field});
    }
  };
  const auto list = [&](std::string_view name, std::vector<std::string>& field) {
    if (!chosen()) return;
    field = *rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(any_item())));
    give(name, field);
  };
  text("Identity", options.identity);
  text("MetadataUrl", options.metadata_url);
  text("MetadataText", options.metadata_text);
  text("Realm", options.realm);
  if (chosen()) {
    options.enabled = *rc::gen::arbitrary<bool>();
    give("Enabled",
         {one_of<std::string>(*options.enabled ? std::vector<std::string>{"$true", "TRUE", "true", "1"}
                                               : std::vector<std::string>{"$false", "False", "0"})});
  }
  if (chosen()) {
    options.use_oauth_server = *rc::gen::arbitrary<bool>();
    give("UseOAuthServer", {options.use_oauth_server ? "true" : "$false"});
  }
  list("DomainName", options.domain_name);
  if (chosen()) {
    options.count = *rc::gen::inRange<std::int64_t>(0, 2147483647);
    give("Count", {std::to_string(*options.count)});
  }
  if (chosen()) {
    options.valid_for = std::chrono::hours(*rc::gen::inRange(1, 1000));
    give("ValidFor",
         {std::to_string(std::chrono::duration_cast<std::chrono::hours>(*options.valid_for).count()) + "h"});
  }
  if (chosen()) {
    options.effective_date = kNow - std::chrono::minutes(5);
    give("EffectiveDate", {"-5m"});
  }
  if (chosen()) {
    options.type = *rc::gen::element(Colour::red, Colour::green, Colour::deep_blue);
    give("Type", {std::string(enum_name(*options.type))});
  }
  list("AllowHost", options.allow_host);
  return {given, options};
}

std::string any_case(std::string text) {
  for (char& c : text) {
    if (*rc::gen::arbitrary<bool>()) {
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    } else {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return text;
}

// All names that the single-dash form may cut short, by parameter.
std::multimap<std::string, std::string> names_to_cut(const Verb& verb) {
  std::multimap<std::string, std::string> names;
  auto all = verb.parameters;
  for (auto& one : common_parameters(verb)) all.push_back(std::move(one));
  for (const auto& one : all) {
    if (one.details.origin != Origin::original) continue;
    names.emplace(one.name, to_lower(one.name));
    for (const auto alias : one.details.aliases) names.emplace(one.name, to_lower(alias));
  }
  return names;
}

// The prefixes of a parameter's name that nothing else begins with, and that are no other's alias.
std::vector<std::string> clear_prefixes(const std::string& parameter) {
  const auto names = names_to_cut(test_verb());
  std::vector<std::string> made;
  for (std::size_t length = 1; length <= parameter.size(); ++length) {
    const auto prefix = to_lower(parameter.substr(0, length));
    const bool is_clear = std::ranges::none_of(names, [&](const auto& entry) {
      return entry.first != parameter && entry.second.starts_with(prefix);
    });
    if (is_clear) made.push_back(parameter.substr(0, length));
  }
  return made;
}

// A value that stands alone must not look like the next parameter, nor carry a list on.
bool may_stand_alone(const std::string& value) {
  return !value.starts_with('-') || value == "-5m";
}

void add_spelt(Arguments& arguments, const std::string& parameter, const std::string& value) {
  const bool is_own = parameter == "AllowHost";
  const bool is_switch = parameter == "UseOAuthServer";
  const auto kebab = any_case(kebab_case(parameter));
  const auto pascal = any_case(is_own ? parameter : one_of(clear_prefixes(parameter)));
  int style = *rc::gen::inRange(0, is_switch ? 2 : 5);
  if (!may_stand_alone(value)) style %= 2;
  if (style == 0) arguments.push_back("--" + kebab + "=" + value);
  if (style == 1) arguments.push_back("-" + pascal + ":" + value);
  if (style == 2) arguments.insert(arguments.end(), {"--" + kebab, value});
  if (style == 3) arguments.insert(arguments.end(), {"-" + pascal, value});
  if (style == 4 && parameter == "Identity") arguments.push_back(value);
  if (style == 4 && parameter != "Identity")
    arguments.insert(arguments.end(), {"-" + any_case(kebab), value});
}

Arguments spelt(const std::vector<Given>& given) {
  Arguments arguments;
  for (const auto& one : given) {
    std::vector<std::string> values = one.values;
    // A list is one argument with commas, or the parameter again for each item.
    if (values.size() > 1 && *rc::gen::arbitrary<bool>()) {
      std::string text;
      for (const auto& value : values)
        text += (text.empty() ? "" : *rc::gen::element<std::string>(",", ", ", " ,")) + value;
      values = {text};
    }
    for (const auto& value : values) add_spelt(arguments, one.parameter, value);
  }
  return arguments;
}

TEST_CASE("every spelling of any parameters in any order means the same") {
  CHECK(rc::check([] {
    auto [given, options] = any_call();
    for (std::size_t i = given.size(); i > 1; --i)
      std::swap(given[i - 1], given[*rc::gen::inRange<std::size_t>(0, i)]);
    const auto arguments = spelt(given);
    RC_LOG() << shown(arguments);
    const auto call = bind_call(test_verb(), arguments, kNow);
    RC_ASSERT(error_id(call).empty());
    RC_ASSERT(options_of(*call) == options);
    std::set<std::string> names;
    for (const auto& one : given) names.insert(one.parameter);
    RC_ASSERT(std::set<std::string>(call->given.begin(), call->given.end()) == names);
  }));
}

TEST_CASE("common parameters mix with the verb's own in every spelling") {
  CHECK(rc::check([] {
    auto [given, options] = any_call();
    auto arguments = spelt(given);
    const auto more = *rc::gen::element<std::string>("--what-if", "-WhatIf", "-wi", "-What", "-WHATIF:$true",
                                                     "--what-if=1");
    const bool in_front = *rc::gen::arbitrary<bool>();
    arguments.insert(in_front ? arguments.begin() : arguments.end(), more);
    const auto call = bind_call(test_verb(), arguments, kNow);
    RC_ASSERT(error_id(call).empty());
    RC_ASSERT(options_of(*call) == options);
    RC_ASSERT(call->common.what_if);
  }));
}

TEST_CASE("a prefix that several parameters have is refused, and all of them are named") {
  for (const auto& [parameter, name] : names_to_cut(test_verb())) {
    for (std::size_t length = 1; length < name.size(); ++length) {
      const auto prefix = name.substr(0, length);
      std::set<std::string> candidates;
      bool is_exact = false;
      for (const auto& [other, whole] : names_to_cut(test_verb())) {
        if (whole.starts_with(prefix)) candidates.insert("-" + other);
        is_exact = is_exact || whole == prefix;
      }
      if (is_exact || candidates.size() < 2) continue;
      CAPTURE(prefix);
      const auto refused = bind_call(test_verb(), {"-" + prefix, "x"}, kNow);
      REQUIRE(error_id(refused) == "Parameter.Ambiguous");
      for (const auto& candidate : candidates)
        CHECK(refused.error().message.find(candidate) != std::string::npos);
    }
  }
}

TEST_CASE("what cannot be bound says why") {
  const std::vector<Refusal> samples = {
      {{"--nonsense"}, "Parameter.Unknown"},
      {{"-Nonsense", "x"}, "Parameter.Unknown"},
      {{"-Allow", "x"}, "Parameter.Unknown"},
      {{"--metadata-u", "x"}, "Parameter.Unknown"},
      {{"-Realm=x"}, "Parameter.Unknown"},
      {{"-Metadata", "x"}, "Parameter.Ambiguous"},
      {{"a", "b"}, "Parameter.Unknown"},
      {{"a", "--identity", "b"}, "Parameter.Repeated"},
      {{"--realm", "a", "-Realm:b"}, "Parameter.Repeated"},
      {{"--metadata-url", "a", "-AuthMetadataUrl", "b"}, "Parameter.Repeated"},
      {{"--realm"}, "Parameter.NoValue"},
      {{"--realm", "--enabled", "true"}, "Parameter.NoValue"},
      {{"--realm", "-En", "true"}, "Parameter.NoValue"},
      {{"--enabled"}, "Parameter.NoValue"},
      {{"--enabled="}, "Parameter.NoValue"},
      {{"-Enabled:"}, "Parameter.NoValue"},
      {{"-Enabled", "-UseOAuthServer"}, "Parameter.NoValue"},
      {{"-Enabled", ""}, "Parameter.NoValue"},
      {{"-UseOAuthServer:"}, "Parameter.NoValue"},
      {{"-UseOAuthServer", "false"}, "Parameter.Invalid"},
      {{"-UseOAuthServer", "$TRUE"}, "Parameter.Invalid"},
      {{"--use-oauth-server=perhaps"}, "Parameter.Invalid"},
      {{"--enabled", "perhaps"}, "Parameter.Invalid"},
      {{"--identity", ""}, "Parameter.Empty"},
      {{""}, "Parameter.Empty"},
      {{"--metadata-url="}, "Parameter.Empty"},
      {{"--domain-name", ""}, "Parameter.Empty"},
      {{"--count", "-1"}, "Parameter.Invalid"},
      {{"--count", "2147483648"}, "Parameter.Invalid"},
      {{"--count", "1.5"}, "Parameter.Invalid"},
      {{"--valid-for", "1"}, "Parameter.Invalid"},
      {{"--effective-date", "tomorrow"}, "Parameter.Invalid"},
      {{"--type", "blue"}, "Parameter.Invalid"},
      {{"--type", "deep-blue"}, "Parameter.Invalid"},
      {{"--tenant", "x"}, "Parameter.NotSupported"},
      {{"-Te:x"}, "Parameter.NotSupported"},
      {{"-Debug"}, "Parameter.NotSupported"},
  };
  for (const auto& one : samples) {
    CAPTURE(shown(one.arguments));
    CHECK(error_of(one.arguments) == one.expected);
  }
}

TEST_CASE("-- ends the options") {
  CHECK(bound({"--", "--realm"}).identity == "--realm");
  CHECK(bound({"--realm", "r", "--", "-Enabled:true"}).identity == "-Enabled:true");
  CHECK(error_of({"--", "a", "b"}) == "Parameter.Unknown");
  CHECK(must(bind_call(test_verb(), {"--", "--help"}, kNow)).common.help == false);
}

TEST_CASE("an empty text is a value where it clears something") {
  const auto options = bound({"--realm", "", "--metadata-text="});
  CHECK(options.realm == "");
  CHECK(options.metadata_text == "");
  CHECK(bound({"-Realm:"}).realm == "");
}

TEST_CASE("a list goes on after a comma at its end, and drops empty items") {
  using List = std::vector<std::string>;
  CHECK(bound({"--domain-name", "a,", "b,", "c"}).domain_name == List{"a", "b", "c"});
  CHECK(bound({"-DomainName:a,", "b"}).domain_name == List{"a", "b"});
  CHECK(bound({"--domain-name", "a,,b", "-Domain", " c , d "}).domain_name == List{"a", "b", "c", "d"});
  CHECK(bound({"--domain-name", "a,"}).domain_name == List{"a"});
  CHECK(bound({"--domain-name", "a", "b"}).identity == "b");
}

TEST_CASE("negative numbers and times are values, not parameters") {
  CHECK(bound({"--effective-date", "-5m"}).effective_date == kNow - std::chrono::minutes(5));
  CHECK(bound({"--realm", "-0.5"}).realm == "-0.5");
  CHECK(bound({"-5"}).identity == "-5");
  CHECK(bound({"--realm=--enabled"}).realm == "--enabled");
  CHECK(bound({"--realm", "-"}).realm == "-");
}

TEST_CASE("help and version come before anything that is wrong") {
  for (const auto* word : {"--help", "-Help", "-h", "-?", "/?"}) {
    CAPTURE(word);
    CHECK(must(bind_call(test_verb(), {"--nonsense", word}, kNow)).common.help);
  }
  CHECK(must(bind_call(test_verb(), {"--nonsense", "--version"}, kNow)).common.version);
}

// ---------------------------------------------------------------------------------------------------------------------
// Parameter sets

struct SetOptions {
  std::optional<std::string> always = {};
  std::optional<std::string> url = {};
  std::optional<std::string> file = {};
  std::optional<std::string> key = {};
  std::optional<std::string> realm = {};
};

Verb verb_with_sets() {
  auto verb = define<SetOptions>(
      {.sets = {"Url", "File", "Key"},
       .parameters = {
           parameter("Always", &SetOptions::always, {.mandatory = true}),
           parameter("Url", &SetOptions::url, {.sets = {"Url", "File"}, .mandatory_in = {"Url"}}),
           parameter("File", &SetOptions::file, {.sets = {"File"}, .mandatory = true}),
           parameter("Key", &SetOptions::key, {.sets = {"Key"}, .mandatory = true}),
           parameter("Realm", &SetOptions::realm, {.sets = {"Key", "File"}, .mandatory_in = {"Key"}})}});
  verb.name = "test-sets";
  return verb;
}

TEST_CASE("of all combinations of parameters, those of one set are taken and the others named") {
  const auto verb = verb_with_sets();
  for (unsigned chosen = 0; chosen < 32; ++chosen) {
    const auto has = [&](unsigned bit) { return (chosen & (1U << bit)) != 0; };
    Arguments arguments;
    for (unsigned i = 0; i < 5; ++i) {
      if (has(i)) arguments.push_back("--" + kebab_case(verb.parameters[i].name) + "=x");
    }
    CAPTURE(shown(arguments));
    const bool always = has(0), url = has(1), file = has(2), key = has(3), realm = has(4);
    const bool may_be_url = !file && !key && !realm;
    const bool may_be_file = !key;
    const bool may_be_key = !url && !file;
    std::string expected = "Parameter.Missing";
    if (!may_be_url && !may_be_file && !may_be_key) expected = "Parameter.Clash";
    if (always && may_be_url && url) expected = "Url";
    if (always && may_be_file && file) expected = "File";
    if (always && may_be_key && key && realm) expected = "Key";
    const auto call = bind_call(verb, arguments, kNow);
    CHECK((call ? std::string(call->set) : error_id(call)) == expected);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Records in the place of the identity

Result<BoundCall> bound_to(const Arguments& arguments, const RecordValues& values) {
  return bind_call(test_verb(), arguments, kNow, &values);
}

TEST_CASE("- in any spelling stands for the records") {
  const std::vector<Arguments> spellings = {
      {"-"},           {"--identity", "-"}, {"--identity=-"}, {"-Identity", "-"},
      {"-Identity:-"}, {"-id:-"},           {"-I", "-"}};
  for (auto arguments : spellings) {
    CAPTURE(shown(arguments));
    arguments.insert(arguments.begin(), {"--realm", "r"});
    const auto before = must(bind_call(test_verb(), arguments, kNow));
    CHECK(before.takes_records);
    CHECK(options_of(before) == bound({"--realm", "r"}));
    const RecordValues values{.given = {{.parameter = "Identity", .values = {"a b"}}}};
    CHECK(options_of(must(bound_to(arguments, values))) == bound({"--realm", "r", "a b"}));
    const RecordValues more{.given = {{.parameter = "Identity", .values = {"x"}},
                                      {.parameter = "UseOAuthServer", .values = {"true"}}}};
    CHECK(options_of(must(bound_to(arguments, more))) == bound({"--realm", "r", "x", "-UseOAuthServer"}));
  }
  CHECK_FALSE(must(bind_call(test_verb(), {"a"}, kNow)).takes_records);
}

TEST_CASE("what comes from the records is not given beside them") {
  const RecordValues values{.given = {{.parameter = "Identity", .values = {"x"}}}};
  const std::vector<Refusal> samples = {
      {{"-", "-"}, "Parameter.Repeated"},
      {{"-", "--identity", "-"}, "Parameter.Repeated"},
      {{"--identity=-", "-"}, "Parameter.Repeated"},
      {{"-", "--identity", "a"}, "Parameter.Clash"},
      {{"--identity", "a", "-"}, "Parameter.Clash"},
      {{"a", "-"}, "Parameter.Clash"},
      {{"a", "--identity=-"}, "Parameter.Clash"},
      {{"-", "a"}, "Parameter.Unknown"},
      {{"-", "--nonsense"}, "Parameter.Unknown"},
      {{"-", "--enabled", "perhaps"}, "Parameter.Invalid"},
  };
  for (const auto& one : samples) {
    CAPTURE(shown(one.arguments));
    CHECK(error_of(one.arguments) == one.expected);
    CHECK_FALSE(bound_to(one.arguments, values).has_value());
  }
}

TEST_CASE("- is a name for a verb that takes no records") {
  auto verb = test_verb();
  verb.input = {};
  const auto call = must(bind_call(verb, {"-"}, kNow));
  CHECK_FALSE(call.takes_records);
  CHECK(options_of(call).identity == "-");
}

// ---------------------------------------------------------------------------------------------------------------------
// What can be told of a call that cannot be bound

TEST_CASE("the form of an error, its silence and the store are found among anything else") {
  const auto asked = [](const Arguments& arguments) { return requested(test_verb(), arguments); };
  CHECK(asked({"--nonsense", "--output", "json"}).format == Format::json);
  CHECK(asked({"--nonsense", "-Output:JSONL"}).format == Format::jsonl);
  CHECK(asked({"--format=yaml", "a", "b"}).format == Format::yaml);
  CHECK_FALSE(asked({"--output", "nonsense"}).format.has_value());
  CHECK_FALSE(asked({"--output"}).format.has_value());
  CHECK(asked({"-ea", "SilentlyContinue"}).silence);
  CHECK(asked({"--error-action=silently-continue"}).silence);
  CHECK_FALSE(asked({"--error-action", "continue"}).silence);
  CHECK(asked({"--store", "x.db", "--nonsense"}).store == "x.db");
  CHECK_FALSE(asked({"--store="}).store.has_value());
}

TEST_CASE("any arguments are bound or refused") {
  CHECK(rc::check([](const Arguments& arguments) {
    const auto call = bind_call(test_verb(), arguments, kNow);
    if (!call) RC_ASSERT(error_id(call).starts_with("Parameter."));
    static_cast<void>(requested(test_verb(), arguments));
  }));
  CHECK(rc::check("those that look like something", [] {
    const auto arguments = *rc::gen::container<Arguments>(rc::gen::element<std::string>(
        "-", "--", "-Identity", "--identity=", "-i:", "a", "", "--enabled", "-E:", "$false", ",", "a,", "-5m",
        "--x", "-WhatIf", "-wi:0", "--domain-name", "-D", "-=", "--=x", "-:", "--realm=-", "-?x", "=",
        "-Count", "7"));
    const auto call = bind_call(test_verb(), arguments, kNow);
    if (!call) RC_ASSERT(error_id(call).starts_with("Parameter."));
  }));
}

}  // namespace
}  // namespace accord
