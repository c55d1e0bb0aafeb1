#include "lib/app/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "lib/app/common.h"
#include "lib/app/exchange.h"
#include "lib/app/topics.h"

namespace accord {
namespace {

constexpr std::size_t kWidth = 100;
// A blank at which no line is broken.
constexpr char kNoBreak = '\x1f';

// `text` broken at blanks, every line after the first indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string made;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const auto word = text.substr(0, end);
    if (column + word.size() + 1 > kWidth && column > indent) {
      made += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      made += ' ';
      ++column;
    }
    made += word;
    column += word.size();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  std::ranges::replace(made, kNoBreak, ' ');
  return made;
}

std::string placeholder(const Parameter& one) {
  if (!one.values.empty() && one.values.size() <= 4) {
    std::string all;
    for (const auto value : one.values) {
      const auto name = to_lower(value);
      if (all.find(name) == std::string::npos) all += (all.empty() ? "" : "|") + name;
    }
    return all;
  }
  return fmt::format("<{}>", one.type);
}

std::string usage_item(const Parameter& one, bool mandatory) {
  std::string item = one.details.first ? fmt::format("[{}]", flag_of(one.name)) : flag_of(one.name);
  if (one.shape != Shape::toggle) item += ' ' + placeholder(one);
  std::ranges::replace(item, ' ', kNoBreak);
  return mandatory ? item : '[' + item + ']';
}

// Any that may be used: those of the original that are refused are not shown.
bool has_parameters(const Verb& verb) {
  return std::ranges::any_of(verb.parameters, [](const Parameter& one) { return one.refused.empty(); });
}

std::vector<std::string_view> sets_of(const Verb& verb) {
  return verb.sets.empty() ? std::vector<std::string_view>{""} : verb.sets;
}

// Position first, then what must be given, then the rest: one line of usage a parameter set.
std::string usage_line(const Verb& verb, std::string_view set) {
  std::string line(verb.name);
  for (int rank = 0; rank < 3; ++rank) {
    for (const auto& one : verb.parameters) {
      if (!one.in_set(set) || !one.refused.empty()) continue;
      const bool mandatory = one.mandatory_in_set(set);
      const int own_rank = one.details.first ? 0 : mandatory ? 1 : 2;
      if (own_rank == rank) line += ' ' + usage_item(one, mandatory);
    }
  }
  return line + " [COMMON]";
}

// The records of a pipeline may stand in its place.
bool takes_records(const Verb& verb, const Parameter& one) {
  return std::ranges::any_of(verb.input.take, [&](const RecordInput::Take& take) {
    return take.when.empty() && take.parameter == one.name && (one.details.first || one.details.mandatory);
  });
}

std::string notes_on(const Verb& verb, const Parameter& one) {
  std::string notes(one.details.help);
  if (takes_records(verb, one)) notes += " - reads the records of a get verb from standard input.";
  if (!one.values.empty()) {
    std::vector<std::string_view> shown;
    for (const auto value : one.values) {
      if (std::ranges::none_of(
              shown, [&](auto seen) { return to_lower(kebab_case(seen)) == to_lower(kebab_case(value)); }))
        shown.push_back(value);
    }
    notes += fmt::format(" One of {}.", fmt::join(shown, ", "));
  }
  if (!one.details.default_text.empty()) notes += fmt::format(" [{}]", one.details.default_text);
  if (one.details.empty == Empty::clears) notes += " \"\" clears it.";
  return notes;
}

std::string parameter_block(const Verb& verb, const std::vector<Parameter>& parameters) {
  std::string block;
  constexpr std::size_t kColumn = 34;
  for (const auto& one : parameters) {
    if (!one.refused.empty()) continue;
    std::string head = fmt::format("  {}", flag_of(one.name));
    for (const auto alias : one.details.aliases) {
      head += alias.size() == 2 ? fmt::format(", -{}", alias) : fmt::format(", --{}", kebab_case(alias));
    }
    if (one.shape != Shape::toggle) head += fmt::format(" <{}>", one.type);
    block += head;
    block += head.size() + 2 > kColumn ? '\n' + std::string(kColumn, ' ')
                                       : std::string(kColumn - head.size(), ' ');
    block += wrapped(notes_on(verb, one), kColumn) + '\n';
  }
  return block;
}

std::string exit_code_block() {
  std::string block;
  for (const auto& row : exit_codes()) {
    block += fmt::format("  {:>3}  {}\n", static_cast<int>(row.code), wrapped(row.meaning, 7));
  }
  return block;
}

std::string noun_of(std::string_view verb) {
  const auto dash = verb.find('-');
  return std::string(dash == std::string_view::npos ? verb : verb.substr(dash + 1));
}

json::Value strings(const std::vector<std::string_view>& texts) {
  json::Value list = json::Value::array();
  for (const auto text : texts) list.append(text);
  return list;
}

json::Value surface_of(const Parameter& one) {
  json::Value made = json::Value::object();
  made.add("name", one.name);
  made.add("aliases", strings(one.details.aliases));
  made.add("type", one.type);
  made.add("position", one.details.first ? json::Value(std::int64_t{0}) : json::Value());
  made.add("default",
           one.details.default_text.empty() ? json::Value() : json::Value(one.details.default_text));
  made.add("values", strings(one.values));
  made.add("refused", one.refused.empty() ? json::Value() : json::Value(one.refused));
  return made;
}

json::Value surface_of_set(const Verb& verb, std::string_view set) {
  json::Value mandatory = json::Value::array();
  json::Value optional = json::Value::array();
  for (const auto& one : verb.parameters) {
    if (!one.in_set(set) || !one.refused.empty()) continue;
    (one.mandatory_in_set(set) ? mandatory : optional).append(one.name);
  }
  json::Value made = json::Value::object();
  made.add("name", set.empty() ? std::string_view("default") : set);
  made.add("mandatory", std::move(mandatory));
  made.add("optional", std::move(optional));
  return made;
}

// The cmdlets that the verb carries over.
std::vector<std::string_view> other_names_of(const Verb& verb) {
  auto names = exchange_names_of(verb.name);
  if (!verb.original.empty()) names.insert(names.begin(), verb.original);
  return names;
}

std::string without_escapes(std::string_view text) {
  std::string made;
  for (const char c : text) made += c == '\\' ? std::string("\\e") : std::string(1, c);
  return made;
}

// A line of text for mdoc, where a leading dot or quote would be a command.
std::string mdoc_line(std::string_view text) {
  const bool command = text.starts_with('.') || text.starts_with('\'');
  return (command ? "\\&" : "") + without_escapes(text);
}

// Running text for mdoc, a sentence a line: so that the end of each is seen as one, and set as such.
std::string mdoc(std::string_view text) {
  std::string made;
  for (std::size_t end = text.find(". "); end != std::string_view::npos; end = text.find(". ")) {
    made += mdoc_line(text.substr(0, end + 1)) + '\n';
    text.remove_prefix(end + 2);
  }
  return made + mdoc_line(text);
}

// As the argument of an mdoc macro: quoted, so that no word of it is a macro.
std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (const char c : text)
    made += c == '"' ? std::string("\\(dq") : c == '\\' ? std::string("\\e") : std::string(1, c);
  return made + '"';
}

std::string mdoc_items(const Verb& verb, const std::vector<Parameter>& parameters) {
  std::string made = ".Bl -tag -width Ds\n";
  for (const auto& one : parameters) {
    if (!one.refused.empty()) continue;
    made += fmt::format(".It Fl Fl {}", kebab_case(one.name));
    if (one.shape != Shape::toggle) made += fmt::format(" Ar {}", quoted(one.type));
    made += '\n' + mdoc(notes_on(verb, one)) + '\n';
  }
  return made + ".El\n";
}

std::string title_case(std::string_view text) {
  return to_upper(text);
}

}  // namespace

std::string version_text() {
  return "accord " ACCORD_VERSION " (built with " ACCORD_BUILT_WITH ")\n";
}

std::string help_page(const Verb& verb) {
  std::string page = fmt::format("{} - {}\n\nUsage:\n", verb.name, verb.summary);
  for (const auto set : sets_of(verb)) page += fmt::format("  {}\n", wrapped(usage_line(verb, set), 6));
  if (!verb.description.empty()) page += fmt::format("\n{}\n", wrapped(verb.description, 0));
  if (has_parameters(verb)) page += "\nParameters:\n" + parameter_block(verb, verb.parameters);
  page += "\nCommon parameters:\n" + parameter_block(verb, common_parameters(verb));
  page += "\nExamples:\n";
  for (const auto& one : verb.examples)
    page += fmt::format("  {}\n      {}\n", one.command, wrapped(one.meaning, 6));
  page += "\nExit codes:\n" + exit_code_block();
  return page;
}

std::string help_overview() {
  std::map<std::string, std::vector<const Registration*>> nouns;
  std::size_t width = 0;
  for (const auto* verb : all_verbs()) {
    nouns[noun_of(verb->name())].push_back(verb);
    width = std::max(width, verb->name().size());
  }
  std::string page =
      "accord - trust between servers: certificates, partner applications, tokens\n\n"
      "Usage:\n  accord VERB [parameters]      or the verb's own name, as a link beside accord\n"
      "  accord help VERB|TOPIC        the same as VERB --help\n";
  for (const auto& [noun, verbs] : nouns) {
    page += fmt::format("\n{}\n", noun);
    for (const auto* verb : verbs)
      page += fmt::format("  {:<{}}  {}\n", verb->name(), width, verb->declare().summary);
  }
  page += fmt::format("\nTopics: {}\n", fmt::join(help_topics(), ", "));
  return page;
}

std::vector<std::string> help_topics() {
  std::vector<std::string> names = {"exit-codes"};
  for (const auto& topic : topics()) names.emplace_back(topic.name);
  return names;
}

Result<std::string> help_topic(std::string_view topic) {
  if (equals_ignoring_case(topic, "exit-codes")) return "Exit codes of every verb:\n\n" + exit_code_block();
  for (const auto& one : topics()) {
    if (equals_ignoring_case(topic, one.name)) return std::string(one.text);
  }
  std::vector<std::string> names = help_topics();
  for (const auto* verb : all_verbs()) names.emplace_back(verb->name());
  const auto close = nearest(topic, names);
  return fail("Topic.Unknown", fmt::format("'{}' is neither a verb nor a topic", escape_for_terminal(topic)),
              std::string(topic),
              close.empty() ? "accord help lists both"
                            : fmt::format("did you mean '{}'?   accord help lists them all", close));
}

json::Value surface_of(const Verb& verb) {
  json::Value made = json::Value::object();
  made.add("name", verb.name);
  made.add("aliases", strings(other_names_of(verb)));
  made.add("summary", verb.summary);
  made.add("effect", enum_name(verb.effect));
  json::Value sets = json::Value::array();
  for (const auto set : sets_of(verb)) sets.append(surface_of_set(verb, set));
  made.add("sets", std::move(sets));
  json::Value parameters = json::Value::array();
  for (const auto& one : verb.parameters) parameters.append(surface_of(one));
  for (const auto& one : common_parameters(verb)) parameters.append(surface_of(one));
  made.add("parameters", std::move(parameters));
  json::Value examples = json::Value::array();
  for (const auto& one : verb.examples) {
    json::Value example = json::Value::object();
    example.add("command", one.command);
    example.add("meaning", one.meaning);
    examples.append(std::move(example));
  }
  made.add("examples", std::move(examples));
  return made;
}

json::Value surface() {
  json::Value made = json::Value::object();
  json::Value verbs = json::Value::array();
  for (const auto* verb : all_verbs()) verbs.append(surface_of(verb->declare()));
  made.add("verbs", std::move(verbs));
  json::Value codes = json::Value::array();
  for (const auto& row : exit_codes()) {
    json::Value code = json::Value::object();
    code.add("code", static_cast<std::int64_t>(row.code));
    code.add("meaning", row.meaning);
    codes.append(std::move(code));
  }
  made.add("exitCodes", std::move(codes));
  json::Value errors = json::Value::array();
  for (const auto& entry : kErrorIds) {
    json::Value error = json::Value::object();
    error.add("id", entry.id);
    error.add("category", category_of(entry.exit_code));
    error.add("exitCode", static_cast<std::int64_t>(entry.exit_code));
    errors.append(std::move(error));
  }
  made.add("errors", std::move(errors));
  return made;
}

std::string manual_page(const Verb& verb) {
  std::string page =
      fmt::format(".Dd November 24, 2026\n.Dt {} 1\n.Os\n.Sh NAME\n.Nm {}\n.Nd {}\n.Sh SYNOPSIS\n",
                  title_case(verb.name), verb.name, without_escapes(verb.summary));
  for (const auto set : sets_of(verb)) {
    page += ".Nm\n";
    for (const auto& one : verb.parameters) {
      if (!one.in_set(set) || !one.refused.empty()) continue;
      page += one.mandatory_in_set(set) ? ".Fl Fl " : ".Op Fl Fl ";
      page += kebab_case(one.name);
      if (one.shape != Shape::toggle) page += fmt::format(" Ar {}", quoted(one.type));
      page += '\n';
    }
  }
  page += ".Sh DESCRIPTION\n" + mdoc(verb.description.empty() ? verb.summary : verb.description) + '\n';
  if (has_parameters(verb)) page += ".Pp\nIts parameters are:\n" + mdoc_items(verb, verb.parameters);
  page += ".Pp\nEvery verb has these as well:\n" + mdoc_items(verb, common_parameters(verb));
  page += ".Sh EXIT STATUS\n.Bl -tag -width Ds\n";
  for (const auto& row : exit_codes())
    page += fmt::format(".It {}\n{}.\n", static_cast<int>(row.code), mdoc(row.meaning));
  page += ".El\n.Sh EXAMPLES\n";
  for (const auto& one : verb.examples) {
    page += fmt::format("{}\n.Pp\n.Dl {}\n.Pp\n", mdoc(one.meaning), quoted(one.command));
  }
  if (page.ends_with(".Pp\n")) page.erase(page.size() - 4);
  return page + ".Sh SEE ALSO\n.Xr accord 1\n";
}
}  // namespace accord
