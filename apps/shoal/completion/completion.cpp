#include "completion/completion.h"

#include "common_options.h"

#include <algorithm>
#include <set>

namespace shoal::command {

std::vector<OfferedWord> first_words(const std::vector<CommandTable>& tables) {
  std::vector<OfferedWord> words;
  for (const CommandTable& table : tables) {
    const std::size_t space = table.name.find(' ');
    const std::string word = table.name.substr(0, space);
    if (!words.empty() && words.back().word == word) continue;
    words.push_back({word, space == std::string::npos ? table.summary : "commands for " + word + "s"});
  }
  words.push_back({"help", "tell more about a command"});
  return words;
}

std::vector<OfferedWord> second_words(const std::vector<CommandTable>& tables, const std::string& first) {
  std::vector<OfferedWord> words;
  for (const CommandTable& table : tables) {
    if (table.name.starts_with(first + " ")) words.push_back({table.name.substr(first.size() + 1), table.summary});
  }
  return words;
}

std::vector<std::string> half_commands(const std::vector<CommandTable>& tables) {
  std::vector<std::string> words;
  for (const OfferedWord& offered : first_words(tables)) {
    if (!second_words(tables, offered.word).empty()) words.push_back(offered.word);
  }
  return words;
}

std::vector<OptionRow> leading_options(const std::vector<CommandTable>& tables) {
  std::vector<OptionRow> rows;
  std::set<std::string> seen;
  for (const CommandTable& table : tables) {
    for (const OptionRow& option : table.options) {
      if (option.group != kCommonGroup && option.group != kNetworkGroup) continue;
      if (seen.insert(option.names).second) rows.push_back(option);
    }
  }
  return rows;
}

std::vector<std::string> names_with_value(const std::vector<CommandTable>& tables) {
  std::set<std::string> names;
  for (const CommandTable& table : tables) {
    for (const OptionRow& option : table.options) {
      if (!option.takes_value()) continue;
      for (std::string& name : split_names(option.names)) names.insert(std::move(name));
    }
  }
  return {names.begin(), names.end()};
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

}  // namespace shoal::command
