#include "lib/app/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lib/app/common.h"
#include "lib/app/verb.h"

namespace accord {
namespace {

std::string flag(const Parameter& one) {
  return "--" + kebab_case(one.name);
}

std::vector<std::string> flags_of(const Verb& verb) {
  std::vector<std::string> flags;
  const auto common = common_parameters(verb);
  for (const auto* list : {&verb.parameters, &common}) {
    for (const auto& one : *list) {
      if (one.refused.empty()) flags.push_back(flag(one));
    }
  }
  return flags;
}

// "verb flag" -> the values of an enumeration, in lower case.
std::vector<std::pair<std::string, std::string>> values_of(const Verb& verb) {
  std::vector<std::pair<std::string, std::string>> made;
  const auto common = common_parameters(verb);
  for (const auto* list : {&verb.parameters, &common}) {
    for (const auto& one : *list) {
      if (one.values.empty() || !one.refused.empty()) continue;
      made.emplace_back(flag(one), to_lower(fmt::format("{}", fmt::join(one.values, " "))));
    }
  }
  return made;
}

std::string bash_completion(const std::vector<Verb>& verbs) {
  std::string names;
  std::string cases;
  std::string links;
  for (const auto& verb : verbs) {
    names += fmt::format("{} ", verb.name);
    if (verb.name.find('-') != std::string_view::npos) links += fmt::format(" {}", verb.name);
    for (const auto& [name, values] : values_of(verb)) {
      cases += fmt::format("    {},{}) words='{}' ;;\n", verb.name, name, values);
    }
    cases += fmt::format("    {},*) words='{}' ;;\n", verb.name, fmt::join(flags_of(verb), " "));
  }
  return fmt::format(
      "# bash completion of accord; made by: accord help --completion bash\n"
      "_accord() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} "
      "verb=${{COMP_WORDS[0]##*/}} words=\n"
      "  if [ \"$verb\" = accord ]; then\n"
      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "      mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\")\n"
      "      return\n"
      "    fi\n"
      "    verb=${{COMP_WORDS[1]}}\n"
      "  fi\n"
      "  case $verb,$previous in\n{}  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "}}\n"
      "complete -o default -F _accord accord{}\n",
      names, cases, links);
}

std::string zsh_completion(const std::vector<Verb>& verbs) {
  std::string cases;
  std::string names;
  std::string links;
  for (const auto& verb : verbs) {
    names += fmt::format(" {}", verb.name);
    if (verb.name.find('-') != std::string_view::npos) links += fmt::format(" {}", verb.name);
    for (const auto& [name, values] : values_of(verb)) {
      cases += fmt::format("    {},{}) compadd -- {} ;;\n", verb.name, name, values);
    }
    cases += fmt::format("    {},*) compadd -- {}; _files ;;\n", verb.name, fmt::join(flags_of(verb), " "));
  }
  return fmt::format(
      "#compdef accord{}\n"
      "# zsh completion of accord; made by: accord help --completion zsh\n"
      "_accord() {{\n"
      "  local verb=${{words[1]:t}}\n"
      "  if [[ $verb == accord ]]; then\n"
      "    if (( CURRENT == 2 )); then compadd --{}; return; fi\n"
      "    verb=$words[2]\n"
      "  fi\n"
      "  case $verb,$words[CURRENT-1] in\n{}  esac\n"
      "}}\n"
      "_accord \"$@\"\n",
      links, names, cases);
}

std::string quoted_for_fish(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return made + "'";
}

std::string fish_completion(const std::vector<Verb>& verbs) {
  std::string made = "# fish completion of accord; made by: accord help --completion fish\n";
  for (const auto& verb : verbs) {
    made += fmt::format("complete -c accord -n __fish_use_subcommand -f -a {} -d {}\n", verb.name,
                        quoted_for_fish(verb.summary));
    const auto values = values_of(verb);
    for (const auto& name : flags_of(verb)) {
      const auto found = std::ranges::find(values, name, &std::pair<std::string, std::string>::first);
      const auto arguments =
          found == values.end() ? std::string() : fmt::format(" -x -a '{}'", found->second);
      made += fmt::format("complete -c accord -n '__fish_seen_subcommand_from {}' -l {}{}\n", verb.name,
                          name.substr(2), arguments);
      if (verb.name.find('-') != std::string_view::npos) {
        made += fmt::format("complete -c {} -l {}{}\n", verb.name, name.substr(2), arguments);
      }
    }
  }
  return made;
}

}  // namespace

std::string completion(Shell shell) {
  std::vector<Verb> verbs;
  for (const auto* verb : all_verbs()) verbs.push_back(verb->declare());
  switch (shell) {
    case Shell::bash:
      return bash_completion(verbs);
    case Shell::zsh:
      return zsh_completion(verbs);
    case Shell::fish:
      return fish_completion(verbs);
  }
  return {};
}

}  // namespace accord
