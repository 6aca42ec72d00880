#pragma once

#include "command.h"

#include <cstdint>
#include <string>
#include <vector>

namespace shoal::command {

/// The words of the command line, sorted: which command, and what is left for its options.
struct CommandLine {
  enum class Ask : std::uint8_t { run, help, version };
  Ask ask = Ask::run;
  const CommandEntry* command = nullptr;  ///< nullptr with `help`: the overview
  std::string topic = {};                 ///< `shoal help TOPIC` or `shoal key`: a word that is only the first of two
  std::vector<std::string> arguments = {};
};

/// Finds the command, which may stand behind options; `names` says which of them take a value.
/// Code::invalid_argument for no command or an unknown one, with the nearest name as hint.
[[nodiscard]] Result<CommandLine> split_command_line(const std::vector<std::string>& words, const OptionNames& names);

/// All options of all commands.
[[nodiscard]] OptionNames all_option_names();

/// Parses, runs, reports. What main() is.
[[nodiscard]] int run_command_line(const std::vector<std::string>& words);

}  // namespace shoal::command
