#include "help_text.h"

#include "command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::HasSubstr;

/// The words of a line for a shell: quotes are honoured, redirections and what stands behind a bar are left out.
std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  const auto end_word = [&] {
    if (open) words.push_back(word);
    word.clear();
    open = false;
  };
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == '|' || c == ')' || c == '>') {
      break;
    } else if (c == '<') {
      // `3<secret`: the descriptor before it is no word.
      word.clear();
      open = false;
      break;
    } else if (c == ' ') {
      end_word();
    } else {
      word += c;
      open = true;
    }
  }
  end_word();
  return words;
}

/// The command lines of the examples: joined at backslashes, from `shoal` on, without remarks.
std::vector<std::string> example_lines(const CommandTable& table) {
  std::vector<std::string> lines;
  bool goes_on = false;
  for (std::string line : table.examples) {
    const std::size_t first = line.find_first_not_of(' ');
    line = line.substr(first, line.find("   ", first) - first);
    const bool more = line.ends_with('\\');
    if (more) line.pop_back();
    if (goes_on) {
      lines.back() += line;
    } else {
      lines.push_back(line);
    }
    goes_on = more;
  }
  return lines;
}

TEST(HelpText, EveryCommandHasAPurposeAParagraphAndExamples) {
  for (const CommandTable& table : all_tables()) {
    EXPECT_FALSE(table.summary.empty()) << table.name;
    EXPECT_EQ(table.summary.find_first_of(".\n"), std::string::npos) << table.name;
    EXPECT_LE(table.summary.size(), 64U) << table.name;
    EXPECT_TRUE(table.about.ends_with('.')) << table.name;
    EXPECT_FALSE(table.examples.empty()) << table.name;
    EXPECT_THAT(table.examples.front(), HasSubstr("shoal " + table.name)) << table.name;
    for (const OptionRow& option : table.options) EXPECT_FALSE(option.help.empty()) << table.name << option.names;
    for (const ArgumentRow& argument : table.arguments) EXPECT_FALSE(argument.help.empty()) << table.name;
  }
}

TEST(HelpText, EveryExampleParses) {
  const OptionNames names = all_option_names();
  for (const CommandTable& table : all_tables()) {
    for (const std::string& line : example_lines(table)) {
      // Not the end of a file's name: `quakes.shoal `.
      std::size_t start = line.find("shoal ");
      while (start != std::string::npos && start > 0 && line[start - 1] != ' ' && line[start - 1] != '(') {
        start = line.find("shoal ", start + 1);
      }
      ASSERT_NE(start, std::string::npos) << line;
      const std::vector<std::string> words = shell_words(line.substr(start + 6));
      const auto split = split_command_line(words, names);
      ASSERT_TRUE(split.ok()) << line << ": " << split.error().message;
      if (split->ask != CommandLine::Ask::run) continue;
      const auto command = split->command->make();
      OptionSet options(split->command->name, split->command->summary);
      command->declare(options);
      const auto parsed = options.parse(split->arguments, names);
      EXPECT_TRUE(parsed.ok()) << line << ": " << parsed.error().message;
    }
  }
}

TEST(HelpText, LinesFitATerminal) {
  for (const CommandTable& table : all_tables()) {
    const std::string text = help_text(table);
    const std::string body = text.substr(0, text.find("Examples:"));
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = body.find('\n', at);
      EXPECT_LE(end - at, 80U) << body.substr(at, end - at);
      at = end + 1;
    }
  }
}

TEST(HelpText, ColumnsAreKeptWhereTheLeftSideIsShort) {
  CommandTable table{.name = "x",
                     .summary = "does",
                     .about = "More.",
                     .arguments = {{"FILE", "what", false, true}},
                     .options = {{"-a,--all", "", "all of it", "Options"},
                                 {"--hidden", "", "no", ""},
                                 {"--a-very-long-option-name", "VALUE", "long", "Options"}},
                     .examples = {"shoal x"}};
  EXPECT_EQ(help_text(table),
            "shoal x: does\n\nUsage: shoal x [OPTIONS] [FILE...]\n\nMore.\n\nArguments:\n"
            "  FILE                        what\n\nOptions:\n"
            "  -a, --all                   all of it\n"
            "      --a-very-long-option-name VALUE\n"
            "                              long\n\nExamples:\n  shoal x\n");
}

TEST(OverviewText, ListsAllOrTheHalves) {
  const auto tables = all_tables();
  const std::string all = overview_text(tables, "");
  for (const CommandTable& table : tables) EXPECT_THAT(all, HasSubstr("\n  " + table.name + " ")) << table.name;
  const std::string keys = overview_text(tables, "key");
  EXPECT_THAT(keys, HasSubstr("\n  key gen "));
  EXPECT_THAT(keys, testing::Not(HasSubstr("\n  pub ")));
}

}  // namespace
}  // namespace shoal::command
