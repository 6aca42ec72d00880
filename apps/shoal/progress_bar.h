#pragma once

#include "output.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

/// Progress of a long operation, on stderr when that is a terminal.
namespace shoal::command {

/// Called with progress (node::Progress); returns false to stop. A total of 0 is not known: `done` counts bytes.
using ProgressReport = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Shows `what` with a bar, and removes it when all is done. `stopped` ends the operation.
[[nodiscard]] ProgressReport progress_of(Messages& messages, std::string what, std::function<bool()> stopped);

/// `what [#####-----] 50 %, 12 s left`, at most `columns` wide; the time once it can be estimated. `what 12 MiB` when
/// the total is not known.
[[nodiscard]] std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                                        std::chrono::milliseconds elapsed, std::size_t columns);

}  // namespace shoal::command
