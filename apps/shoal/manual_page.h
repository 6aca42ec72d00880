#pragma once

#include "command_table.h"

#include <string>
#include <vector>

/// Manual pages in the man(7) language, from the tables that the parser is made of.
namespace shoal::command {

struct ManualPage {
  std::string file;  ///< `shoal-key-gen.1`
  std::string text;
};

/// An overview, `shoal.1`, and one page for each command. `date` (YYYY-MM-DD) stands at their foot.
[[nodiscard]] std::vector<ManualPage> manual_pages(const std::vector<CommandTable>& tables, const std::string& date);

}  // namespace shoal::command
