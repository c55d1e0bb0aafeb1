#include "lib/app/parameter_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace accord {
namespace {

std::string joined(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::vector<std::string> missing_in(const Verb& verb, std::string_view set,
                                    const std::vector<std::string_view>& given) {
  std::vector<std::string> missing;
  for (const auto& one : verb.parameters) {
    if (one.mandatory_in_set(set) && std::ranges::find(given, one.name) == given.end())
      missing.push_back(flag_of(one.name));
  }
  return missing;
}

bool all_in_set(const Verb& verb, std::string_view set, const std::vector<std::string_view>& given) {
  return std::ranges::all_of(verb.parameters, [&](const Parameter& one) {
    return one.in_set(set) || std::ranges::find(given, one.name) == given.end();
  });
}

// Names two given parameters that share no set, or all that are bound to sets when it takes more than two to
// clash.
std::vector<std::string> clashing(const Verb& verb, const std::vector<std::string_view>& given) {
  std::vector<const Parameter*> bound;
  for (const auto& one : verb.parameters) {
    if (!one.details.sets.empty() && std::ranges::find(given, one.name) != given.end()) bound.push_back(&one);
  }
  for (std::size_t i = 0; i < bound.size(); ++i) {
    for (std::size_t j = i + 1; j < bound.size(); ++j) {
      const bool share = std::ranges::any_of(
          verb.sets, [&](auto set) { return bound[i]->in_set(set) && bound[j]->in_set(set); });
      if (!share) return {flag_of(bound[i]->name), flag_of(bound[j]->name)};
    }
  }
  std::vector<std::string> names;
  names.reserve(bound.size());
  for (const auto* one : bound) names.push_back(flag_of(one->name));
  return names;
}

// What is missing whichever way the call is meant; or else each way to complete it.
tl::unexpected<Error> missing_failure(const Verb& verb, const std::vector<std::vector<std::string>>& ways) {
  std::vector<std::string> always;
  for (const auto& name : ways.front()) {
    const auto lacks = [&](const auto& way) { return std::ranges::find(way, name) != way.end(); };
    if (std::ranges::all_of(ways, lacks)) always.push_back(name);
  }
  // And what else, unless one way needs no more.
  std::vector<std::string> shown;
  for (auto way : ways) {
    std::erase_if(way, [&](const auto& name) { return std::ranges::find(always, name) != always.end(); });
    shown.push_back(joined(way, " and "));
  }
  const bool needs_more = std::ranges::find(shown, std::string()) == shown.end();
  auto what = joined(always, " and ");
  if (needs_more) what += (always.empty() ? "" : ", and ") + joined(shown, ", or ");
  const bool is_identity = always == std::vector<std::string>{"--identity"} && verb.input.type != nullptr;
  return fail("Parameter.Missing", fmt::format("{} must be given", what),
              always.empty() ? shown.front() : always.front(),
              is_identity ? "name one, or - for the records of a pipeline"
                          : fmt::format("{} --help shows its usage", verb.name));
}

}  // namespace

Result<std::string_view> choose_set(const Verb& verb, const std::vector<std::string_view>& given) {
  if (verb.sets.empty()) {
    const auto missing = missing_in(verb, "", given);
    if (missing.empty()) return std::string_view();
    return missing_failure(verb, {missing});
  }
  std::vector<std::string_view> possible;
  for (const auto set : verb.sets) {
    if (all_in_set(verb, set, given)) possible.push_back(set);
  }
  if (possible.empty()) {
    const auto names = clashing(verb, given);
    return fail("Parameter.Clash", fmt::format("{} cannot be given together", joined(names, " and ")),
                names.front(), fmt::format("{} --help shows which parameters go together", verb.name));
  }
  std::vector<std::vector<std::string>> ways;
  for (const auto set : possible) {
    ways.push_back(missing_in(verb, set, given));
    if (ways.back().empty()) return set;
  }
  return missing_failure(verb, ways);
}

}  // namespace accord
