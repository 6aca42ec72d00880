#include "completion/completion.h"

namespace shoal::command {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// What may be offered for a value or an argument; files are off unless asked for.
std::string action(WordKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case WordKind::choice: return " -a " + quoted(join(choices, " "));
    case WordKind::file: return " -F";
    case WordKind::directory: return " -a '(__fish_complete_directories)'";
    case WordKind::feed: return " -F -a '(__shoal_names feeds)'";
    case WordKind::key: return " -a '(__shoal_names keys)'";
    case WordKind::text: break;
  }
  return "";
}

std::string options(const std::string& command, const std::vector<OptionRow>& rows) {
  std::string text;
  for (const OptionRow& option : rows) {
    if (!option.shown()) continue;
    text += "complete -c shoal -n " + quoted("__shoal_in " + quoted(command));
    for (const std::string& name : split_names(option.names)) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (option.takes_value()) text += " -r";
    if (option.takes_value()) text += action(kind_of(option), choices_of(option));
    text += " -d " + quoted(option.help) + "\n";
  }
  return text;
}

std::string arguments(const CommandTable& table) {
  std::string text;
  for (std::size_t i = 0; i < table.arguments.size(); ++i) {
    const ArgumentRow& argument = table.arguments[i];
    const std::string what = action(kind_of(argument), argument.choices);
    if (what.empty()) continue;
    const std::string place = std::to_string(i) + (argument.many ? " more" : "");
    text += "complete -c shoal -n " + quoted("__shoal_at " + quoted(table.name) + " " + place) + what + " -d " +
            quoted(argument.name) + "\n";
  }
  return text;
}

std::string words(const std::string& command, const std::vector<OfferedWord>& offered) {
  std::string text;
  for (const OfferedWord& one : offered) {
    text += "complete -c shoal -n " + quoted("__shoal_in " + quoted(command)) + " -a " + one.word + " -d " +
            quoted(one.summary) + "\n";
  }
  return text;
}

constexpr const char* kFunctions = R"fish(
# The command before the cursor and the number of its arguments, one a line.
function __shoal_line
    set -l command ''
    set -l count 0
    set -l value no
    for word in (commandline -opc)[2..-1]
        if test $value = yes
            set value no
        else if string match -q -- '-?*' $word
            contains -- $word $__shoal_valued; and set value yes
        else if test -z "$command"
            set command $word
        else if contains -- "$command" $__shoal_halves
            set command "$command $word"
        else if test "$command" = help
            set command $word
        else
            set count (math $count + 1)
        end
    end
    echo $command
    echo $count
end

# __shoal_in COMMAND; an empty one: no command yet
function __shoal_in
    test (__shoal_line)[1] = "$argv[1]"
end

# __shoal_at COMMAND PLACE [more]
function __shoal_at
    set -l line (__shoal_line)
    test $line[1] = "$argv[1]"; or return 1
    test $line[2] -eq $argv[2]; or test "$argv[3]" = more -a $line[2] -gt $argv[2]
end

# Keys and feeds of the directory that the line names; the network stays closed.
function __shoal_names
    set -l words (commandline -opc)
    set -l where --offline
    if set -l at (contains -i -- --data $words)
        set -a where --data (string replace -r '^~' $HOME -- $words[(math $at + 1)])
    end
    set -l shoal (string replace -r '^~' $HOME -- $words[1])
    $shoal $where key ls 2>/dev/null | string replace -r '\s.*' ''
    test $argv[1] = feeds; and $shoal $where ls 2>/dev/null | string replace -r '\s.*' '' | string match -v FEED
end

complete -c shoal -f
)fish";

}  // namespace

std::string fish_completion(const std::vector<CommandTable>& tables) {
  std::string text = "# fish completion for shoal, printed by 'shoal completion fish'.\n\n";
  text += "set -g __shoal_valued " + join(names_with_value(tables), " ") + "\n";
  text += "set -g __shoal_halves " + join(half_commands(tables), " ") + "\n" + kFunctions;
  text += words("", first_words(tables)) + words("help", first_words(tables));
  for (const std::string& half : half_commands(tables)) text += words(half, second_words(tables, half));
  text += options("", leading_options(tables));
  for (const CommandTable& table : tables) text += options(table.name, table.options) + arguments(table);
  return text;
}

}  // namespace shoal::command
