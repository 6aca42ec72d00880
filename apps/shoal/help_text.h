#pragma once

#include "command_table.h"

#include <string>
#include <vector>

/// What `--help` prints, 80 columns wide where the words allow it.
namespace shoal::command {

/// Purpose, usage, arguments, options by group, examples.
[[nodiscard]] std::string help_text(const CommandTable& table);

/// All commands with their purpose; only those that start with `first_word` unless that is empty.
[[nodiscard]] std::string overview_text(const std::vector<CommandTable>& tables, const std::string& first_word);

}  // namespace shoal::command
