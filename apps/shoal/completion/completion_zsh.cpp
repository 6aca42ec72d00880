#include "completion/completion.h"

namespace shoal::command {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// `'word:what it does'`, as _describe takes it.
std::string described(const std::string& word, const std::string& summary) {
  std::string escaped;
  for (const char c : word) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
  return quoted(escaped + ":" + summary);
}

std::string action(WordKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case WordKind::choice: return "compadd -- " + join(choices, " ");
    case WordKind::file: return "_files";
    case WordKind::directory: return "_files -/";
    case WordKind::feed: return "_shoal_feeds";
    case WordKind::key: return "_shoal_keys";
    case WordKind::text: break;
  }
  return "_message value";
}

std::string words_case(const std::string& pattern, const std::vector<OfferedWord>& words) {
  std::string text = "    " + pattern + ") offered=(";
  for (const OfferedWord& one : words) text += "\n      " + described(one.word, one.summary);
  return text + ") ;;\n";
}

std::string options_case(const std::string& pattern, const std::vector<OptionRow>& options) {
  std::string text = "    " + pattern + ") offered=(";
  for (const OptionRow& option : options) {
    if (!option.shown()) continue;
    for (const std::string& name : split_names(option.names)) text += "\n      " + described(name, option.help);
  }
  return text + ") ;;\n";
}

std::string value_cases(const std::string& command, const std::vector<OptionRow>& options) {
  std::string text;
  for (const OptionRow& option : options) {
    if (!option.takes_value() || kind_of(option) == WordKind::text) continue;
    std::string pattern;
    for (const std::string& name : split_names(option.names)) {
      pattern += (pattern.empty() ? "" : "|") + quoted(command + " " + name);
    }
    text += "    (" + pattern + ") " + action(kind_of(option), choices_of(option)) + " ;;\n";
  }
  return text;
}

std::string argument_cases(const CommandTable& table) {
  std::string text;
  for (std::size_t i = 0; i < table.arguments.size(); ++i) {
    const ArgumentRow& argument = table.arguments[i];
    const std::string place = argument.many ? "*" : std::to_string(i);
    text += "    (" + quoted(table.name + " ") + place + ") " + action(kind_of(argument), argument.choices) + " ;;\n";
  }
  return text;
}

constexpr const char* kFunctions = R"zsh(
# Keys and feeds of the directory that the line names; the network stays closed.
_shoal_call() {
  local -a where=(--offline)
  local -i at=${words[(I)--data]}
  (( at && at < CURRENT - 1 )) && where+=(--data ${~words[at + 1]})
  ${~words[1]} $where "$@" 2>/dev/null
}

_shoal_keys() {
  local -a names=(${${(f)"$(_shoal_call key ls)"}%% *})
  compadd -a names
}

_shoal_feeds() {
  local -a names=(${${(f)"$(_shoal_call key ls)"}%% *} ${${${(f)"$(_shoal_call ls)"}[2,-1]}%% *})
  compadd -a names
  _files
}

_shoal() {
  local command='' option='' word
  local -i count=0
  for word in $words[2,CURRENT-1]; do
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -?* ]]; then
      (( $_shoal_valued[(Ie)$word] )) && option=$word
    elif [[ -z $command ]]; then
      command=$word
    elif (( $_shoal_halves[(Ie)$command] )); then
      command+=" $word"
    elif [[ $command == help ]]; then
      command=$word
    else
      count+=1
    fi
  done
  if [[ -z $option && $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    _shoal_value "$command $option"
  elif [[ $PREFIX == -* ]]; then
    _shoal_options "$command"
  elif [[ -z $command || $command == help ]] || (( $_shoal_halves[(Ie)$command] )); then
    _shoal_words "$command"
  else
    _shoal_argument "$command $count"
  fi
}

if [[ $funcstack[1] == _shoal ]]; then
  _shoal "$@"
else
  compdef _shoal shoal
fi
)zsh";

}  // namespace

std::string zsh_completion(const std::vector<CommandTable>& tables) {
  const std::vector<OptionRow> leading = leading_options(tables);
  std::string text = "#compdef shoal\n# zsh completion for shoal, printed by 'shoal completion zsh'.\n\n";
  text += "typeset -ga _shoal_valued=(" + join(names_with_value(tables), " ") + ")\n";
  text += "typeset -ga _shoal_halves=(" + join(half_commands(tables), " ") + ")\n\n";

  text += "_shoal_words() {\n  local -a offered\n  case $1 in\n";
  for (const std::string& half : half_commands(tables)) text += words_case("(" + half, second_words(tables, half));
  text += words_case("(*", first_words(tables)) + "  esac\n  _describe -t commands 'shoal command' offered\n}\n\n";

  text += "_shoal_options() {\n  local -a offered\n  case $1 in\n";
  for (const CommandTable& table : tables) text += options_case("(" + quoted(table.name), table.options);
  text += options_case("(*", leading) + "  esac\n  _describe -o -t options option offered\n}\n\n";

  text += "_shoal_value() {\n  case $1 in\n" + value_cases("", leading);
  for (const CommandTable& table : tables) text += value_cases(table.name, table.options);
  text += "    (*) _message value ;;\n  esac\n}\n\n_shoal_argument() {\n  case $1 in\n";
  for (const CommandTable& table : tables) text += argument_cases(table);
  return text + "    (*) _message argument ;;\n  esac\n}\n" + kFunctions;
}

}  // namespace shoal::command
