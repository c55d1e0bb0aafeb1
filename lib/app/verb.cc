#include "lib/app/verb.h"

#include <fmt/format.h>

#include <algorithm>

namespace accord {
namespace {

constinit const Registration* head = nullptr;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// "OAuth" is one word of the originals' names, whatever its capitals say.
constexpr std::string_view kOAuth = "OAuth";

std::string without_dashes(std::string_view text) {
  std::string made = to_lower(text);
  std::erase(made, '-');
  return made;
}

// "new" and "cspartnerapplication" of "New-CsPartnerApplication".
std::pair<std::string, std::string> split_verb(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return {to_lower(name), {}};
  return {to_lower(name.substr(0, dash)), without_dashes(name.substr(dash + 1))};
}

}  // namespace

bool Parameter::in_set(std::string_view set) const {
  return details.sets.empty() || std::ranges::find(details.sets, set) != details.sets.end();
}

bool Parameter::mandatory_in_set(std::string_view set) const {
  if (!in_set(set)) return false;
  return details.mandatory || std::ranges::find(details.mandatory_in, set) != details.mandatory_in.end();
}

std::string kebab_case(std::string_view pascal) {
  std::string made;
  for (std::size_t i = 0; i < pascal.size(); ++i) {
    if (pascal.substr(i).starts_with(kOAuth)) {
      if (!made.empty()) made += '-';
      made += "oauth";
      i += kOAuth.size() - 1;
      continue;
    }
    // A capital starts a word after a small letter, and before one when it ends a run of capitals
    // ("URLPath").
    const bool starts_word = is_upper(pascal[i]) && i > 0 &&
                             (!is_upper(pascal[i - 1]) || (i + 1 < pascal.size() && is_lower(pascal[i + 1])));
    if (starts_word && made.back() != '-') made += '-';
    made += to_lower(pascal.substr(i, 1));
  }
  return made;
}

std::string flag_of(std::string_view pascal) {
  return "--" + kebab_case(pascal);
}

Parameter own(Parameter made) {
  made.details.origin = Origin::accord;
  return made;
}

std::vector<Parameter> with(std::vector<Parameter> parameters, std::vector<Parameter> more) {
  std::ranges::move(more, std::back_inserter(parameters));
  return parameters;
}

Parameter refused_parameter(std::string_view name, std::string_view why,
                            std::vector<std::string_view> aliases) {
  Parameter made{.name = name, .details = {}, .shape = Shape::scalar, .type = "String", .values = {}};
  made.details.aliases = std::move(aliases);
  made.refused = why;
  return made;
}

Registration::Registration(std::string_view name, Verb (*declaration)()) noexcept
    : name_(name), declare_(declaration), next_(head) {
  head = this;
}

Verb Registration::declare() const {
  Verb verb = declare_();
  verb.name = name_;
  return verb;
}

const Registration* Registration::first() {
  return head;
}

std::vector<const Registration*> all_verbs() {
  std::vector<const Registration*> verbs;
  for (const auto* one = Registration::first(); one != nullptr; one = one->next()) verbs.push_back(one);
  std::ranges::sort(verbs, {}, &Registration::name);
  return verbs;
}

const Registration* find_verb(std::string_view name) {
  const auto [action, noun] = split_verb(name);
  for (const auto* one = Registration::first(); one != nullptr; one = one->next()) {
    if (one->name() == name) return one;
    const auto [own_action, own_noun] = split_verb(one->name());
    if (action == own_action && (noun == own_noun || noun == "cs" + own_noun)) return one;
  }
  return nullptr;
}

namespace detail {

Result<std::string> checked(const std::string& text, TextCheck check) {
  // "" clears: there is nothing to check.
  if (check == nullptr || text.empty()) return text;
  return check(text);
}

tl::unexpected<Error> not_one_of(std::string_view text, const std::vector<std::string_view>& values) {
  const auto close = nearest(text, values);
  return fail("Parameter.Invalid", fmt::format("'{}' is none of {}", text, fmt::join(values, ", ")),
              std::string(text),
              close.empty() ? "write one of these" : fmt::format("did you mean '{}'?", close));
}

}  // namespace detail

namespace {

Result<bool> boolean(const std::string& text) {
  const auto value = parse_boolean(text);
  if (!value) {
    return fail("Parameter.Invalid", fmt::format("'{}' is neither true nor false", text), text,
                "write true, false, $true, $false, 1 or 0 (quote the $ in a shell)");
  }
  return *value;
}

}  // namespace

Result<void> Field<bool>::assign(bool& field, const std::vector<std::string>& values, TextCheck, Instant) {
  TRY_ASSIGN(field, boolean(values.front()));
  return {};
}

Result<void> Field<std::optional<bool>>::assign(std::optional<bool>& field,
                                                const std::vector<std::string>& values, TextCheck, Instant) {
  TRY_ASSIGN(field, boolean(values.front()));
  return {};
}

Result<void> Field<Toggle>::assign(Toggle& field, const std::vector<std::string>& values, TextCheck,
                                   Instant) {
  TRY_ASSIGN(field.value, boolean(values.front()));
  return {};
}

Result<void> Field<std::string>::assign(std::string& field, const std::vector<std::string>& values,
                                        TextCheck check, Instant) {
  TRY_ASSIGN(field, detail::checked(values.front(), check));
  return {};
}

Result<void> Field<std::optional<std::string>>::assign(std::optional<std::string>& field,
                                                       const std::vector<std::string>& values,
                                                       TextCheck check, Instant) {
  TRY_ASSIGN(field, detail::checked(values.front(), check));
  return {};
}

Result<void> Field<std::vector<std::string>>::assign(std::vector<std::string>& field,
                                                     const std::vector<std::string>& values, TextCheck check,
                                                     Instant) {
  field.clear();
  for (const auto& value : values) {
    TRY_ASSIGN(auto item, detail::checked(value, check));
    if (!item.empty()) field.push_back(std::move(item));
  }
  return {};
}

Result<void> Field<std::optional<std::vector<std::string>>>::assign(
    std::optional<std::vector<std::string>>& field, const std::vector<std::string>& values, TextCheck check,
    Instant now) {
  field.emplace();
  return Field<std::vector<std::string>>::assign(*field, values, check, now);
}

Result<void> Field<std::optional<Instant>>::assign(std::optional<Instant>& field,
                                                   const std::vector<std::string>& values, TextCheck,
                                                   Instant now) {
  TRY_ASSIGN(field, parse_instant(values.front(), now));
  return {};
}

Result<void> Field<std::optional<Duration>>::assign(std::optional<Duration>& field,
                                                    const std::vector<std::string>& values, TextCheck,
                                                    Instant) {
  TRY_ASSIGN(field, parse_duration(values.front()));
  return {};
}

Result<void> Field<std::optional<std::int64_t>>::assign(std::optional<std::int64_t>& field,
                                                        const std::vector<std::string>& values, TextCheck,
                                                        Instant) {
  TRY_ASSIGN(field, parse_integer(values.front(), 0, 2147483647));
  return {};
}

}  // namespace accord
