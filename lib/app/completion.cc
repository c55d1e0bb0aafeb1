#include "lib/app/completion.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "lib/app/completion_table.h"
#include "lib/core/encoding.h"

namespace accord {
namespace completing {
namespace {

std::string quoted_for_fish(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return made + "'";
}

enum class Meanings { left_out, given };

// "name", or 'name:meaning' as _describe of zsh has it.
std::string described(const std::string& name, const std::string& meaning, Meanings meanings) {
  return meanings == Meanings::given ? shell_quoted(name + ':' + meaning) : name;
}

// What bash and zsh read alike: the verbs, and a function that says what there is of a verb and of its flag.
std::string table(const std::vector<Command>& commands, Meanings meanings) {
  std::string made =
      "# Sets verbs; for $verb the flags and the place, which is the flag whose value may stand without it; "
      "for the\n"
      "# flag $1 what its value may be: an offer and its choices.\n"
      "_accord_look_up() {\n  place='' repeats='' offer='' flags=() choices=()\n  verbs=(\n";
  for (const auto& command : commands)
    made += fmt::format("    {}\n", described(command.name, command.meaning, meanings));
  made += "  )\n  case $verb in\n";
  for (const auto& command : commands) {
    made += fmt::format("    {})\n      place={} repeats={}\n      flags=(\n", command.name,
                        command.place.empty() ? "''" : command.place, command.place_repeats ? "1" : "''");
    for (const auto& flag : command.flags)
      made += fmt::format("        {}\n", described(flag.spellings.front(), flag.meaning, meanings));
    made += "      )\n      case $1 in\n";
    for (const auto& arm : arms_of(command)) {
      made += fmt::format("        {}) offer={}", fmt::join(arm.spellings, " | "), name_of(arm.first->offer));
      if (!arm.first->words.empty()) made += fmt::format(" choices=({})", fmt::join(arm.first->words, " "));
      made += " ;;\n";
    }
    made += "      esac ;;\n";
  }
  return made + "  esac\n}\n";
}

constexpr std::string_view kBash = R"script(
# Takes the line $1 apart as bash would, but expands nothing: what is typed is never run. Sets typed, the words before
# the cursor; current, the one at the cursor, and its open quote; head, how much of it readline leaves as it is.
_accord_split() {
  local line=$1 char outer='' started='' i
  typed=() current='' open='' head='' redirected=''
  for ((i = 0; i < ${#line}; i++)); do
    char=${line:i:1}
    if [[ $open ]]; then
      if [[ $char == "$open" ]]; then
        open='' head=$outer
      elif [[ $open == \" && $char == \\ && ${line:i+1:1} == [\"\$\`\\] ]]; then
        i=$((i + 1)) current+=${line:i:1}
      else
        current+=$char
      fi
    elif [[ $char == [\'\"] ]]; then
      open=$char outer=$head head=$current started=1
    elif [[ $char == \\ ]]; then
      i=$((i + 1)) current+=${line:i:1} started=1
    elif [[ $char == [[:space:]\<\>] ]]; then
      [[ $char == [[:space:]] || $current == *[!0-9]* ]] || started=''
      if [[ $started ]]; then
        [[ $redirected ]] || typed+=("$current")
        redirected=''
      fi
      [[ $char == [[:space:]] ]] || redirected=1
      current='' head='' started=''
    else
      # Readline takes a word that begins after a break, but with the @ of a host.
      [[ $char == @ && ${COMP_WORDBREAKS-} == *@* ]] && head=$current
      current+=$char started=1
      [[ $char != @ && ${COMP_WORDBREAKS-} == *"$char"* ]] && head=$current
    fi
  done
}

# Replies with those of the words that go on with what is typed, after the part $1 of it; quoted as they must be there.
_accord_reply() {
  local lead=$1 word
  shift
  for word; do
    [[ $word && $lead$word == "$current"* ]] || continue
    word=$lead$word
    word=${word#"$head"}
    case $open in
      \')
        word=${word//\'/\'\\\'\'}
        ;;
      \")
        word=${word//\\/\\\\}
        word=${word//\"/\\\"}
        word=${word//\$/\\\$}
        word=${word//\`/\\\`}
        # No backslash hides it from the history there. Readline drops the open quote before a word with one.
        word=${word//!/\"\'!\'\"}
        [[ $word == \"* ]] && word=\"$word
        ;;
      *)
        [[ $word == *[!a-zA-Z0-9_.,:=@%+/-]* ]] && printf -v word %q "$word"
        ;;
    esac
    COMPREPLY+=("$word")
  done
}

# Replies with what the value of the parameter may be, after the part $1 of the word.
_accord_reply_values() {
  local lead=$1 found
  case $offer in
    words)
      _accord_reply "$lead" "${choices[@]}"
      ;;
    list)
      found=${current#"$lead"}
      _accord_reply "$lead${found%"${found##*,}"}" "${choices[@]}"
      ;;
    call)
      mapfile -t found < <(command accord "${choices[@]}" --output value --quiet --error-action silently-continue \
        ${store:+--store "$store"} 2> /dev/null < /dev/null)
      _accord_reply "$lead" "${found[@]}"
      ;;
    paths)
      compopt -o default 2> /dev/null
      ;;
  esac
}

# A value in the place of the parameter that needs no name, or a flag.
_accord_reply_place_or_flag() {
  if [[ $place && ! $placed && $current != -* ]]; then
    _accord_look_up "$place"
    if [[ $offer == paths && ! $current ]]; then
      compopt -o filenames 2> /dev/null
      mapfile -t COMPREPLY < <(compgen -f)
    else
      _accord_reply_values ''
    fi
  fi
  [[ $ended ]] || _accord_reply '' "${flags[@]}"
}

_accord() {
  local IFS=$' \t\n' typed current open head redirected
  local verb='' verbs flags place repeats offer choices
  local words line='' word flag='' store='' placed='' ended=''
  COMPREPLY=()
  line=${COMP_LINE-}
  line=${line:0:${COMP_POINT:-0}}
  if [[ ! $line ]]; then
    words=" ${COMP_WORDS[*]:0:COMP_CWORD+1}"
    for word in = : @; do
      words=${words//" $word"/"$word"}
      words=${words//"$word "/"$word"}
    done
    line=${words# }
  fi
  _accord_split "$line"
  if [[ $redirected ]]; then
    compopt -o default 2> /dev/null
    return
  fi
  [[ ${#typed[@]} -gt 0 ]] || return
  verb=${typed[0]##*/}
  typed=("${typed[@]:1}")
  if [[ $verb == accord ]]; then
    if [[ ${#typed[@]} -eq 0 ]]; then
      _accord_look_up ''
      _accord_reply '' "${verbs[@]}"
      return
    fi
    verb=${typed[0]}
    typed=("${typed[@]:1}")
  fi
  for word in "${typed[@]}"; do
    if [[ $flag ]]; then
      [[ $flag == --store || $flag == -Store ]] && store=$word
      flag=''
    elif [[ $ended || $word != -?* ]]; then
      _accord_look_up ''
      [[ $repeats ]] || placed=1
    elif [[ $word == -- ]]; then
      ended=1
    elif [[ $word == --*=* ]]; then
      [[ $word == --store=* ]] && store=${word#*=}
      _accord_look_up ''
      [[ ${word%%=*} == "$place" ]] && placed=1
    else
      _accord_look_up "$word"
      [[ $offer && $offer != toggle ]] && flag=$word
      [[ $word == "$place" ]] && placed=1
    fi
  done
  [[ ${store:0:2} == \~/ ]] && store=$HOME/${store:2}
  if [[ $flag ]]; then
    _accord_look_up "$flag"
    _accord_reply_values ''
  elif [[ ! $ended && $current == --*=* ]]; then
    _accord_look_up "${current%%=*}"
    [[ $offer == toggle ]] && offer=words choices=(true false)
    _accord_reply_values "${current%%=*}="
  else
    _accord_look_up ''
    _accord_reply_place_or_flag
  fi
}
)script";

constexpr std::string_view kZsh = R"script(
# Adds what the value of the parameter may be.
_accord_add_values() {
  local -a found
  case $offer in
    words)
      compadd -- "${choices[@]}"
      ;;
    list)
      compset -P '*,'
      compadd -- "${choices[@]}"
      ;;
    call)
      found=(${(f)"$(command accord "${choices[@]}" --output value --quiet --error-action silently-continue \
        ${store:+--store} ${store:+"$store"} 2> /dev/null < /dev/null)"})
      (( $#found )) && compadd -- "${found[@]}"
      ;;
    paths)
      _files
      ;;
  esac
}

_accord() {
  local verb= place repeats offer word flag= store= placed= ended= added=1
  local -a verbs flags choices typed
  # The words as the program would get them, but nothing is expanded: what is typed is never run.
  typed=("${(@Q)words[1,CURRENT-1]}")
  verb=${typed[1]:t}
  shift typed
  if [[ $verb == accord ]]; then
    if (( ! $#typed )); then
      _accord_look_up ''
      _describe -t verbs verb verbs
      return
    fi
    verb=$typed[1]
    shift typed
  fi
  for word in "${typed[@]}"; do
    if [[ -n $flag ]]; then
      [[ $flag == --store || $flag == -Store ]] && store=$word
      flag=
    elif [[ -n $ended || $word != -?* ]]; then
      _accord_look_up ''
      [[ -n $repeats ]] || placed=1
    elif [[ $word == -- ]]; then
      ended=1
    elif [[ $word == --*=* ]]; then
      [[ $word == --store=* ]] && store=${word#*=}
      _accord_look_up ''
      [[ ${word%%=*} == $place ]] && placed=1
    else
      _accord_look_up $word
      [[ -n $offer && $offer != toggle ]] && flag=$word
      [[ $word == $place ]] && placed=1
    fi
  done
  [[ $store == '~/'* ]] && store=$HOME/${store#'~/'}
  if [[ -n $flag ]]; then
    _accord_look_up $flag
    _accord_add_values
  elif [[ -z $ended && $PREFIX == --*=* ]]; then
    _accord_look_up "${PREFIX%%=*}"
    [[ $offer == toggle ]] && offer=words choices=(true false)
    compset -P 1 '*='
    _accord_add_values
  else
    _accord_look_up ''
    if [[ -n $place && -z $placed && $PREFIX != -* ]]; then
      _accord_look_up $place
      _accord_add_values && added=0
    fi
    [[ -z $ended ]] && _describe -t parameters parameter flags && added=0
    return added
  fi
}

# Loaded by zsh for the first completion, or read with source.
if [[ $funcstack[1] == _accord ]]; then
  _accord "$@"
else
  compdef _accord accord)script";

constexpr std::string_view kFish = R"script(
# Reads the words before the cursor, as the program would get them but with nothing expanded, and prints what may
# stand at the cursor: an offer, the store that is named, what of the word at the cursor goes before a value, the verb,
# and the choices; a line each.
function _accord_situation
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l verb (string replace -r '.*/' '' -- $typed[1])
    set -e typed[1]
    if test "$verb" = accord
        if not set -q typed[1]
            printf '%s\n' verbs '' '' ''
            return
        end
        set verb $typed[1]
        set -e typed[1]
    end
    set -l place (_accord_place $verb)
    set -l flag ''
    set -l store ''
    set -l placed ''
    set -l ended ''
    for word in $typed
        if test -n "$flag"
            contains -- $flag --store -Store; and set store $word
            set flag ''
        else if test -n "$ended"; or not string match -qr '^-.' -- $word
            test "$place[2]" = repeats; or set placed 1
        else if test "$word" = --
            set ended 1
        else if string match -qr '^--.*=' -- $word
            string match -q -- '--store=*' $word; and set store (string replace -- --store= '' $word)
            test (string replace -r '=.*' '' -- $word) = "$place[1]"; and set placed 1
        else
            set -l known (_accord_parameter $verb $word)
            contains -- "$known[1]" '' toggle; or set flag $word
            test "$word" = "$place[1]"; and set placed 1
        end
    end
    set store (string replace -r '^~/' "$HOME/" -- $store)
    set -l lead ''
    set -l known flags
    if test -n "$flag"
        set known (_accord_parameter $verb $flag)
    else if test -z "$ended"; and string match -qr '^--.*=' -- $current
        set lead (string match -r '^--[^=]*=' -- $current)
        set known (_accord_parameter $verb (string replace = '' -- $lead))
        test "$known[1]" = toggle; and set known words true false
        set -q known[1]; or set known text
    else if not string match -q -- '-*' $current
        # Fish finds letters anywhere in a word: flags are no help in the middle of a value.
        set known text
        test -n "$place[1]" -a -z "$placed"; and set known (_accord_parameter $verb $place[1])
        test -z "$ended" -a -z "$current"; and set known[1] $known[1]+flags
    else if test -n "$ended"
        set known text
    end
    printf '%s\n' $known[1] "$store" "$lead" "$verb" $known[2..]
end

function _accord_wants_files
    set -l found (_accord_situation)
    string match -q 'paths*' -- $found[1]
end

function _accord_words
    set -l found (_accord_situation)
    set -l lead $found[3]
    switch $found[1]
        case verbs
            _accord_verbs
        case 'words*'
            printf '%s\n' $lead$found[5..]
        case list
            set -l current (commandline -ct)
            set lead (string match -r '^.*,' -- $current; or printf '%s\n' $lead)
            set -q found[5]; and printf '%s\n' $lead$found[5..]
        case 'call*'
            set -l store
            test -n "$found[2]"; and set store --store $found[2]
            for value in (command accord $found[5..] --output value --quiet --error-action silently-continue \
                    $store 2>/dev/null </dev/null)
                test -n "$value"; and printf '%s\n' $lead$value
            end
    end
    string match -q '*flags' -- $found[1]; and _accord_flags $found[4]
    return 0
end

)script";

std::string bash_completion(const std::vector<Command>& commands) {
  return fmt::format(
      "# bash completion of accord; made by: accord help --completion bash\n\n{}{}\n"
      "complete -F _accord accord{}\n",
      table(commands, Meanings::left_out), kBash, links_of(commands));
}

std::string zsh_completion(const std::vector<Command>& commands) {
  return fmt::format(
      "#compdef accord{0}\n# zsh completion of accord; made by: accord help --completion "
      "zsh\n\n{1}{2}{0}\nfi\n",
      links_of(commands), table(commands, Meanings::given), kZsh);
}

// A function that prints the lines that `print` makes for each verb.
template <class Print>
std::string fish_function(std::string_view head, const std::vector<Command>& commands, Print print) {
  std::string made = fmt::format("function {}\n    switch $verb\n", head);
  for (const auto& command : commands) {
    const std::string body = print(command);
    if (!body.empty()) made += fmt::format("        case {}\n{}", command.name, body);
  }
  return made + "    end\nend\n\n";
}

std::string fish_lines(std::string_view name, std::string_view meaning, std::string_view indent) {
  return fmt::format("{}printf '%s\\t%s\\n' {} {}\n", indent, name, quoted_for_fish(meaning));
}

std::string fish_flags(const Command& command) {
  std::string made;
  for (const auto& flag : command.flags)
    made += fish_lines(flag.spellings.front(), flag.meaning, "            ");
  return made;
}

std::string fish_place(const Command& command) {
  if (command.place.empty()) return {};
  return fmt::format("            printf '%s\\n' {}{}\n", command.place,
                     command.place_repeats ? " repeats" : "");
}

std::string fish_parameters(const Command& command) {
  std::string made = "            switch $flag\n";
  for (const auto& arm : arms_of(command)) {
    made += fmt::format("                case {}\n                    printf '%s\\n' {}",
                        fmt::join(arm.spellings, " "), name_of(arm.first->offer));
    for (const auto& word : arm.first->words) made += ' ' + word;
    made += '\n';
  }
  return made + "            end\n";
}

std::string fish_completion(const std::vector<Command>& commands) {
  std::string made = "# fish completion of accord; made by: accord help --completion fish\n\n";
  made += "function _accord_verbs\n";
  for (const auto& command : commands) made += fish_lines(command.name, command.meaning, "    ");
  made += "end\n\n";
  made += fish_function("_accord_flags -a verb", commands, fish_flags);
  made += fish_function("_accord_place -a verb", commands, fish_place);
  made += fish_function("_accord_parameter -a verb flag", commands, fish_parameters);
  made.pop_back();
  made += kFish;
  return made + fmt::format(
                    "for command in accord{}\n"
                    "    complete -c $command -e\n"
                    "    complete -c $command -f -a '(_accord_words)'\n"
                    "    complete -c $command -n _accord_wants_files -F\n"
                    "end\n",
                    links_of(commands));
}

}  // namespace
}  // namespace completing

std::string completion(Shell shell) {
  const auto commands = completing::all_commands();
  switch (shell) {
    case Shell::bash:
      return completing::bash_completion(commands);
    case Shell::zsh:
      return completing::zsh_completion(commands);
    case Shell::fish:
      return completing::fish_completion(commands);
  }
  return {};
}

}  // namespace accord
