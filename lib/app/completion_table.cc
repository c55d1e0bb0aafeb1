#include "lib/app/completion_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/app/common.h"
#include "lib/app/manual.h"
#include "lib/app/verb.h"

namespace accord::completing {
namespace {

std::string first_sentence(std::string_view text) {
  const auto end = text.find(". ");
  auto sentence = text.substr(0, end);
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  return std::string(sentence);
}

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// In lower case; of several spellings of one value the first.
std::vector<std::string> lower_case_once(const std::vector<std::string_view>& values) {
  std::vector<std::string> seen;
  std::vector<std::string> made;
  for (const auto value : values) {
    auto key = to_lower(value);
    std::erase(key, '-');
    if (std::ranges::find(seen, key) != seen.end()) continue;
    seen.push_back(key);
    made.push_back(to_lower(value));
  }
  return made;
}

std::vector<std::string> verbs_and_topics() {
  std::vector<std::string> names;
  for (const auto* verb : all_verbs()) names.emplace_back(verb->name());
  for (auto& topic : help_topics()) names.push_back(std::move(topic));
  return names;
}

std::vector<std::string> properties_of(const Verb& verb) {
  std::vector<std::string> names;
  for (const auto* type : {verb.output, verb.other_output}) {
    if (type == nullptr) continue;
    for (const auto name : type->properties) {
      if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
    }
  }
  return names;
}

void decide_offer(Flag& flag, const Verb& verb, const Parameter& one, bool is_common) {
  const auto offer = [&](Offer what, std::vector<std::string> words = {}) {
    flag.offer = what;
    flag.words = std::move(words);
  };
  if (one.shape == Shape::toggle) return offer(Offer::toggle);
  if (one.shape == Shape::boolean) return offer(Offer::words, {"true", "false"});
  if (!one.details.completion.empty()) return offer(Offer::call, split_at_blanks(one.details.completion));
  if (!one.values.empty()) return offer(Offer::words, lower_case_once(one.values));
  if (one.type == "Path") return offer(Offer::file);
  if (is_common && (one.name == "Property" || one.name == "Sort"))
    return offer(Offer::list, properties_of(verb));
  if (verb.name == "help" && one.details.first) return offer(Offer::words, verbs_and_topics());
}

std::vector<std::string> spellings_of(const Parameter& one) {
  std::vector<std::string> made = {flag_of(one.name), fmt::format("-{}", one.name)};
  for (const auto alias : one.details.aliases) {
    made.push_back(flag_of(alias));
    made.push_back(fmt::format("-{}", alias));
  }
  return made;
}

Command command_of(const Verb& verb) {
  Command made{.name = std::string(verb.name),
               .meaning = std::string(verb.summary),
               .flags = {},
               .place = {},
               .place_repeats = false};
  const auto common = common_parameters(verb);
  for (const auto* list : {&verb.parameters, &common}) {
    for (const auto& one : *list) {
      if (!one.refused.empty()) continue;
      Flag flag{.spellings = spellings_of(one), .meaning = first_sentence(one.details.help), .words = {}};
      decide_offer(flag, verb, one, list == &common);
      if (one.details.first) {
        made.place = flag.spellings.front();
        made.place_repeats = one.shape == Shape::list;
      }
      made.flags.push_back(std::move(flag));
    }
  }
  return made;
}

// "get-sip-domain" has a link beside accord; "help" has none.
bool has_link(const Command& command) {
  return command.name.find('-') != std::string::npos;
}

}  // namespace

std::string_view name_of(Offer offer) {
  switch (offer) {
    case Offer::toggle:
      return "toggle";
    case Offer::text:
      return "text";
    case Offer::file:
      return "paths";
    case Offer::words:
      return "words";
    case Offer::list:
      return "list";
    case Offer::call:
      return "call";
  }
  return {};
}

std::vector<Command> all_commands() {
  std::vector<Command> commands;
  for (const auto* verb : all_verbs()) commands.push_back(command_of(verb->declare()));
  return commands;
}

std::string links_of(const std::vector<Command>& commands) {
  std::string links;
  for (const auto& command : commands) {
    if (has_link(command)) links += ' ' + command.name;
  }
  return links;
}

std::vector<Arm> arms_of(const Command& command) {
  std::vector<Arm> arms;
  for (const auto& flag : command.flags) {
    auto same = std::ranges::find_if(arms, [&](const Arm& arm) {
      return arm.first->offer == flag.offer && arm.first->words == flag.words;
    });
    if (same == arms.end()) same = arms.insert(arms.end(), {.first = &flag, .spellings = {}});
    same->spellings.insert(same->spellings.end(), flag.spellings.begin(), flag.spellings.end());
  }
  return arms;
}

}  // namespace accord::completing
