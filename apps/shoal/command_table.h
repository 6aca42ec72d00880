#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The options and arguments of a command as data. Parser, help, manual pages and completions are made from it.
namespace shoal::command {

/// The kind of a word of the command line, for completion by a shell.
enum class WordKind : std::uint8_t { text, choice, file, directory, feed, key };

struct OptionRow {
  std::string names;    ///< `-t,--topic`
  std::string metavar;  ///< how the value is written; empty for a flag
  std::string help;
  std::string group;  ///< heading in the help; empty: accepted and not shown
  bool repeatable = false;

  [[nodiscard]] bool takes_value() const { return !metavar.empty(); }
  [[nodiscard]] bool shown() const { return !group.empty(); }
  /// `--topic`; the short name when there is no long one.
  [[nodiscard]] std::string long_name() const;
  /// `-t`; empty when there is none.
  [[nodiscard]] std::string short_name() const;
};

struct ArgumentRow {
  std::string name;
  std::string help;
  bool required = true;
  bool many = false;
  std::vector<std::string> choices = {};

  /// `NAME`, `[FILE...]`
  [[nodiscard]] std::string usage() const;
};

struct CommandTable {
  std::string name;     ///< `pub`, `key gen`
  std::string summary;  ///< one line
  std::string about;    ///< a paragraph; may be empty
  std::vector<ArgumentRow> arguments;
  std::vector<OptionRow> options;
  std::vector<std::string> examples;  ///< a command line each; one that ends with a backslash goes on in the next

  /// `shoal pub [OPTIONS] NAME [FILE...]`
  [[nodiscard]] std::string usage() const;
};

/// The names of `-t,--topic`.
[[nodiscard]] std::vector<std::string> split_names(const std::string& names);

/// The metavar says it: FILE, DIR, FEED and NAME (also as parts of `FILE|fd:N`), else words in lower case between bars
/// are a choice.
[[nodiscard]] WordKind kind_of(const OptionRow& option);
[[nodiscard]] WordKind kind_of(const ArgumentRow& argument);
/// The words that may be typed as they are; empty unless the kind is a choice.
[[nodiscard]] std::vector<std::string> choices_of(const OptionRow& option);

/// The headings in their order.
[[nodiscard]] std::vector<std::string> shown_groups(const CommandTable& table);

/// `text` cut into lines of at most `width` characters at spaces.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace shoal::command
