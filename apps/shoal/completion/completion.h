#pragma once

#include "command_table.h"

#include <string>
#include <string_view>
#include <vector>

/// What makes a shell complete commands, options, choices, feeds and files. Feeds come from `shoal key ls` and `shoal
/// ls
/// --offline` at the time; neither opens the network.
namespace shoal::command {

/// For bash 4.4 and later; needs no bash-completion.
[[nodiscard]] std::string bash_completion(const std::vector<CommandTable>& tables);
/// For zsh 5; an autoloaded `_shoal`, or sourced after compinit.
[[nodiscard]] std::string zsh_completion(const std::vector<CommandTable>& tables);
/// For fish 3.
[[nodiscard]] std::string fish_completion(const std::vector<CommandTable>& tables);

// What the three are made from.

/// A word of the command line and what it does.
struct OfferedWord {
  std::string word;
  std::string summary;
};
/// The words a command line may begin with: `pub`, `key`, `help`.
[[nodiscard]] std::vector<OfferedWord> first_words(const std::vector<CommandTable>& tables);
/// The words that may follow `first`; empty when it is a command by itself.
[[nodiscard]] std::vector<OfferedWord> second_words(const std::vector<CommandTable>& tables, const std::string& first);
/// The first words that need a second one.
[[nodiscard]] std::vector<std::string> half_commands(const std::vector<CommandTable>& tables);
/// Options that may stand before any command.
[[nodiscard]] std::vector<OptionRow> leading_options(const std::vector<CommandTable>& tables);
/// Every name, of whatever command, behind which a value stands.
[[nodiscard]] std::vector<std::string> names_with_value(const std::vector<CommandTable>& tables);
/// Joined with `separator`.
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view separator);

}  // namespace shoal::command
