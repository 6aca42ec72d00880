#pragma once

#include "command.h"

#include <cstdint>
#include <string>
#include <vector>

namespace shoal::command {

/// The command line, taken apart: the command, and the words that are left for its options.
struct CommandLine {
  enum class Ask : std::uint8_t { run, help, version };
  Ask ask = Ask::run;
  const CommandEntry* command = nullptr;  ///< nullptr with `help`: the overview
  std::string topic = {};                 ///< `shoal help TOPIC` or `shoal key`: a word that is only the first of two
  std::vector<std::string> arguments = {};
};

/// Finds the command, also after options; `names` says which options take a value.
/// Code::invalid_argument for no command or an unknown one, with the nearest name as hint.
[[nodiscard]] Result<CommandLine> split_command_line(const std::vector<std::string>& words, const OptionNames& names);

/// All options of all commands.
[[nodiscard]] OptionNames all_option_names();

/// Parses, runs and reports: all of main().
[[nodiscard]] int run_command_line(const std::vector<std::string>& words);

}  // namespace shoal::command
