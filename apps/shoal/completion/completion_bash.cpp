#include "completion/completion.h"

namespace shoal::command {
namespace {

/// What the functions below are given to complete a value of this kind.
std::string action(WordKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case WordKind::choice: return "words " + join(choices, " ");
    case WordKind::file: return "files";
    case WordKind::directory: return "directories";
    case WordKind::feed: return "feeds";
    case WordKind::key: return "keys";
    case WordKind::text: break;
  }
  return "nothing";
}

std::string case_of(const std::string& pattern, const std::string& words) {
  return "    " + pattern + ") echo '" + words + "' ;;\n";
}

std::string words_of(const std::vector<OfferedWord>& offered) {
  std::vector<std::string> words;
  for (const OfferedWord& one : offered) words.push_back(one.word);
  return join(words, " ");
}

std::string option_names(const std::vector<OptionRow>& options) {
  std::vector<std::string> names;
  for (const OptionRow& option : options) {
    if (option.shown()) names.push_back(option.long_name());
  }
  return join(names, " ");
}

std::string value_cases(const std::string& command, const std::vector<OptionRow>& options) {
  std::string text;
  for (const OptionRow& option : options) {
    const WordKind kind = kind_of(option);
    if (!option.takes_value() || kind == WordKind::text) continue;
    std::string pattern;
    for (const std::string& name : split_names(option.names)) {
      pattern += (pattern.empty() ? "'" : "|'") + command + " " + name + "'";
    }
    text += case_of(pattern, action(kind, choices_of(option)));
  }
  return text;
}

std::string argument_cases(const CommandTable& table) {
  std::string text;
  for (std::size_t i = 0; i < table.arguments.size(); ++i) {
    const ArgumentRow& argument = table.arguments[i];
    const std::string place = argument.many ? "*" : std::to_string(i);
    text += case_of("'" + table.name + " '" + place, action(kind_of(argument), argument.choices));
  }
  return text;
}

constexpr const char* kFunctions = R"bash(
# Keys and feeds of the directory that the line names; the network stays closed.
_shoal_names() {
  local shoal=${COMP_WORDS[0]/#\~/$HOME} first rest i
  local -a where=(--offline)
  for ((i = 1; i < COMP_CWORD - 1; i++)); do
    [[ ${COMP_WORDS[i]} == --data ]] && where+=(--data "${COMP_WORDS[i + 1]/#\~/$HOME}")
  done
  while read -r first rest; do echo "$first"; done < <("$shoal" "${where[@]}" key ls 2>/dev/null)
  [[ $1 == feeds ]] || return
  while read -r first rest; do [[ $first == FEED ]] || echo "$first"; done < <("$shoal" "${where[@]}" ls 2>/dev/null)
}

# _shoal_offer CURRENT KIND [WORD...]
_shoal_offer() {
  local current=$1 kind=$2
  shift 2
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current") ;;
    files | directories)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(if [[ $kind == files ]]; then compgen -f -- "$current"; else compgen -d -- "$current"; fi)
      ;;
    keys) mapfile -t COMPREPLY < <(compgen -W "$(_shoal_names keys)" -- "$current") ;;
    feeds)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -W "$(_shoal_names feeds)" -- "$current"; compgen -f -- "$current")
      ;;
  esac
}

_shoal() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' option='' word i
  local -i count=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    # bash makes three words of --option=value.
    if [[ -n $option ]]; then
      [[ $word == = ]] || option=''
    elif [[ $word == -?* ]]; then
      [[ " $_shoal_valued " == *" $word "* ]] && option=$word
    elif [[ -z $command ]]; then
      command=$word
    elif [[ " $_shoal_halves " == *" $command "* ]]; then
      command+=" $word"
    elif [[ $command == help ]]; then
      command=$word
    else
      count+=1
    fi
  done
  [[ $current == = ]] && current=''
  if [[ -n $option ]]; then
    # shellcheck disable=SC2046
    _shoal_offer "$current" $(_shoal_value "$command $option")
  elif [[ $current == -* ]]; then
    _shoal_offer "$current" words "$(_shoal_options "$command")"
  elif [[ -z $command || $command == help || " $_shoal_halves " == *" $command "* ]]; then
    _shoal_offer "$current" words "$(_shoal_words "$command")"
  else
    # shellcheck disable=SC2046
    _shoal_offer "$current" $(_shoal_argument "$command $count")
  fi
}

complete -F _shoal shoal
)bash";

}  // namespace

std::string bash_completion(const std::vector<CommandTable>& tables) {
  const std::vector<OptionRow> leading = leading_options(tables);
  std::string text = "# bash completion for shoal, printed by 'shoal completion bash'.\n\n";
  text += "_shoal_valued='" + join(names_with_value(tables), " ") + "'\n";
  text += "_shoal_halves='" + join(half_commands(tables), " ") + "'\n\n";

  text += "_shoal_words() {\n  case $1 in\n";
  for (const std::string& half : half_commands(tables)) text += case_of(half, words_of(second_words(tables, half)));
  text += case_of("*", words_of(first_words(tables))) + "  esac\n}\n\n";

  text += "_shoal_options() {\n  case $1 in\n";
  for (const CommandTable& table : tables) text += case_of("'" + table.name + "'", option_names(table.options));
  text += case_of("*", option_names(leading) + " --version") + "  esac\n}\n\n";

  text += "_shoal_value() {\n  case $1 in\n" + value_cases("", leading);
  for (const CommandTable& table : tables) text += value_cases(table.name, table.options);
  text += case_of("*", "nothing") + "  esac\n}\n\n";

  text += "_shoal_argument() {\n  case $1 in\n";
  for (const CommandTable& table : tables) text += argument_cases(table);
  return text + case_of("*", "nothing") + "  esac\n}\n" + kFunctions;
}

}  // namespace shoal::command
