#include "command_table.h"

#include <algorithm>

namespace shoal::command {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

WordKind kind_of_metavar(const std::string& metavar) {
  const std::vector<std::string> parts = split(metavar, '|');
  const auto has = [&parts](const char* word) { return std::find(parts.begin(), parts.end(), word) != parts.end(); };
  if (has("FEED")) return WordKind::feed;
  if (has("FILE")) return WordKind::file;
  if (has("DIR")) return WordKind::directory;
  if (has("NAME")) return WordKind::key;
  return WordKind::text;
}

/// A placeholder (`TOPIC`, `fd:N`) has a capital letter in it.
bool is_literal(const std::string& word) {
  return !word.empty() && std::none_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::vector<std::string> split_names(const std::string& names) { return split(names, ','); }

std::string OptionRow::long_name() const { return split_names(names).back(); }

std::string OptionRow::short_name() const {
  std::string first = split_names(names).front();
  return first.starts_with("--") ? std::string() : first;
}

std::string ArgumentRow::usage() const {
  const std::string word = many ? name + "..." : name;
  return required ? word : "[" + word + "]";
}

std::string CommandTable::usage() const {
  std::string text = "shoal " + name + " [OPTIONS]";
  for (const ArgumentRow& argument : arguments) text += " " + argument.usage();
  return text;
}

WordKind kind_of(const OptionRow& option) {
  const WordKind kind = kind_of_metavar(option.metavar);
  // `--header NAME=VALUE` and `--cursor NAME` are names of something else; keys are named by arguments only.
  if (kind != WordKind::text && kind != WordKind::key) return kind;
  return choices_of(option).empty() ? WordKind::text : WordKind::choice;
}

WordKind kind_of(const ArgumentRow& argument) {
  return argument.choices.empty() ? kind_of_metavar(argument.name) : WordKind::choice;
}

std::vector<std::string> choices_of(const OptionRow& option) {
  std::vector<std::string> words = split(option.metavar, '|');
  words.erase(std::remove_if(words.begin(), words.end(), [](const std::string& word) { return !is_literal(word); }),
              words.end());
  return words;
}

std::vector<std::string> shown_groups(const CommandTable& table) {
  std::vector<std::string> groups;
  for (const OptionRow& option : table.options) {
    if (!option.shown()) continue;
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  }
  return groups;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : split(text, ' ')) {
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (line.size() + 1 + word.size() <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace shoal::command
