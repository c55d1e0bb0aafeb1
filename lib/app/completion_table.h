// What may be completed behind each verb, from the declarations; completion.cc says it to the shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace accord::completing {

// What may stand in the place of a value. The scripts know these by name.
enum class Offer { toggle, text, file, words, list, call };

struct Flag {
  std::vector<std::string> spellings;  // "--identity" first, which is the one that is offered
  std::string meaning;
  Offer offer = Offer::text;
  std::vector<std::string> words;  // of `words` and `list`; of `call` what is called
};

struct Command {
  std::string name;
  std::string meaning;
  std::vector<Flag> flags;
  std::string place;           // the flag whose value may stand without it; empty: there is none
  bool place_repeats = false;  // as a list may
};

[[nodiscard]] std::string_view name_of(Offer offer);

// All verbs, by name.
[[nodiscard]] std::vector<Command> all_commands();
// The names of those that have a link beside accord, a blank before each.
[[nodiscard]] std::string links_of(const std::vector<Command>& commands);

// The flags that offer the same, by what they offer.
struct Arm {
  const Flag* first;
  std::vector<std::string> spellings;
};

[[nodiscard]] std::vector<Arm> arms_of(const Command& command);

}  // namespace accord::completing
