#include "help_text.h"

namespace shoal::command {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 30;

/// Left column, then the words, on the next line when the left side is too long.
void add_row(std::string& text, const std::string& left, const std::string& help) {
  std::string line = "  " + left;
  if (line.size() + 2 > kColumn) {
    text += line + "\n";
    line.clear();
  }
  for (const std::string& words : wrap(help, kWidth - kColumn)) {
    line.append(kColumn - line.size(), ' ');
    text += line + words + "\n";
    line.clear();
  }
}

std::string left_side(const OptionRow& option) {
  const std::string short_name = option.short_name();
  std::string left = short_name.empty() ? "    " : short_name + ", ";
  left += option.long_name();
  if (option.takes_value()) left += " " + option.metavar;
  return left;
}

void add_paragraph(std::string& text, const std::string& words) {
  if (words.empty()) return;
  for (const std::string& line : wrap(words, kWidth)) text += line + "\n";
  text += "\n";
}

}  // namespace

std::string help_text(const CommandTable& table) {
  std::string text = "shoal " + table.name + ": " + table.summary + "\n\nUsage: " + table.usage() + "\n\n";
  add_paragraph(text, table.about);
  if (!table.arguments.empty()) {
    text += "Arguments:\n";
    for (const ArgumentRow& argument : table.arguments) add_row(text, argument.name, argument.help);
    text += "\n";
  }
  for (const std::string& group : shown_groups(table)) {
    text += group + ":\n";
    for (const OptionRow& option : table.options) {
      if (option.group == group) add_row(text, left_side(option), option.help);
    }
    text += "\n";
  }
  text += "Examples:\n";
  for (const std::string& line : table.examples) text += "  " + line + "\n";
  return text;
}

std::string overview_text(const std::vector<CommandTable>& tables, const std::string& first_word) {
  std::string text =
      "shoal: signed realtime data feeds without a broker\n\nUsage: shoal COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n";
  for (const CommandTable& table : tables) {
    if (!first_word.empty() && !table.name.starts_with(first_word + " ")) continue;
    const std::size_t space = table.name.size() < 14 ? 14 - table.name.size() : 1;
    text += "  " + table.name + std::string(space, ' ') + table.summary + "\n";
  }
  text +=
      "\nFEED is an own name, 64 hexadecimal digits, a feed link, or a file made by\n"
      "'shoal export'. Options may stand before or after the command; any long option\n"
      "may come from SHOAL_LONG_OPTION or from a TOML file (--config).\n"
      "\nExamples:\n"
      "  printf 'hello\\nworld\\n' | shoal pub greetings --seed\n"
      "  shoal sub FEED -t 'us*' -o s@-2h -J\n"
      "\n'shoal COMMAND --help' tells more, and so does 'man shoal-COMMAND'.\n";
  return text;
}

}  // namespace shoal::command
