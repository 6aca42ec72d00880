#include "command.h"
#include "text/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

/// docs/CLI.md and the parser say the same: each command, argument, option and exit code of the one is in the other.
namespace shoal::command {
namespace {

/// What a section of the document lists: the code at the start of each table row, and the rest of the row.
using Rows = std::map<std::string, std::string>;

/// `a\|b` as a table cell writes it.
std::string unescaped(std::string text) {
  for (std::size_t at = text.find("\\|"); at != std::string::npos; at = text.find("\\|", at)) text.erase(at, 1);
  return text;
}

/// Headings (without `#` and code marks) and the rows below each.
std::map<std::string, Rows> read_document() {
  std::ifstream file(std::string(SHOAL_TEST_DATA) + "/../docs/CLI.md");
  EXPECT_TRUE(file.good());
  std::map<std::string, Rows> sections;
  std::string heading;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) {
      heading = line.substr(line.find_first_not_of("# `"));
      heading = heading.substr(0, heading.find('`'));
      sections[heading];
      continue;
    }
    if (!line.starts_with("| `")) continue;
    const std::size_t end = line.find('`', 3);
    EXPECT_TRUE(sections[heading].emplace(unescaped(line.substr(3, end - 3)), line.substr(end + 1)).second)
        << "twice in docs/CLI.md: " << line;
  }
  return sections;
}

std::string written(const OptionRow& option) {
  std::string text = option.short_name().empty() ? "" : option.short_name() + ", ";
  text += option.long_name();
  return option.takes_value() ? text + " " + option.metavar : text;
}

std::set<std::string> names_of(const Rows& rows) {
  std::set<std::string> names;
  for (const auto& [name, rest] : rows) names.insert(name);
  return names;
}

std::set<std::string> options_in(const CommandTable& table, const std::string& group) {
  std::set<std::string> names;
  for (const OptionRow& option : table.options) {
    if (option.group == group) names.insert(written(option));
  }
  return names;
}

/// What is of this command alone.
std::set<std::string> own_words(const CommandTable& table) {
  std::set<std::string> names;
  for (const ArgumentRow& argument : table.arguments) names.insert(argument.name);
  for (const std::string& group : shown_groups(table)) {
    if (group != kCommonGroup && group != kNetworkGroup) names.merge(options_in(table, group));
  }
  return names;
}

TEST(Reference, NamesEveryCommandWithItsArgumentsAndNoOther) {
  std::set<std::string> parsed;
  for (const CommandTable& table : all_tables()) parsed.insert(table.usage());
  std::set<std::string> documented;
  for (const auto& [heading, rows] : read_document()) {
    if (heading.starts_with("shoal ")) documented.insert(heading);
  }
  EXPECT_EQ(documented, parsed) << "docs/CLI.md (left) and the parser differ";
}

TEST(Reference, NamesEveryOptionAndNoOther) {
  const auto document = read_document();
  for (const CommandTable& table : all_tables()) {
    const auto section = document.find(table.usage());
    if (section == document.end()) continue;  // the test above says it
    EXPECT_EQ(names_of(section->second), own_words(table)) << "shoal " << table.name << ": docs/CLI.md is on the left";
  }
}

TEST(Reference, NamesTheOptionsThatAllCommandsTake) {
  const auto document = read_document();
  ASSERT_TRUE(document.contains(kCommonGroup) && document.contains(kNetworkGroup));
  std::set<std::string> hidden;
  for (const CommandTable& table : all_tables()) {
    EXPECT_EQ(names_of(document.at(kCommonGroup)), options_in(table, kCommonGroup)) << table.name;
    // Shown or not, they are taken.
    std::set<std::string> network = options_in(table, kNetworkGroup);
    if (network.empty()) network = options_in(table, "");
    EXPECT_EQ(names_of(document.at(kNetworkGroup)), network) << table.name;
  }
}

TEST(Reference, NamesEveryExitCodeAndNoOther) {
  const auto document = read_document();
  ASSERT_TRUE(document.contains("Exit codes"));
  std::set<std::string> codes;
  for (const ExitMeaning& row : exit_meanings()) codes.insert(std::to_string(static_cast<int>(row.exit)));
  EXPECT_EQ(names_of(document.at("Exit codes")), codes);
}

TEST(Reference, EveryRowSaysSomething) {
  for (const auto& [heading, rows] : read_document()) {
    for (const auto& [name, rest] : rows) {
      EXPECT_GT(rest.find_first_not_of("| "), 0U);
      EXPECT_NE(rest.find_first_not_of("| "), std::string::npos) << heading << ": " << name;
    }
  }
}

}  // namespace
}  // namespace shoal::command
