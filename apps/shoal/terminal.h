#pragma once

#include <cstddef>

namespace shoal::command {

/// What may be shown on a descriptor besides plain lines.
struct Terminal {
  bool redraws = false;  ///< a line may be written over: progress
  bool colours = false;
  std::size_t columns = 80;
};

/// Nothing unless `fd` is a terminal and $TERM names one that is not `dumb`; no colours with $NO_COLOR (no-color.org).
[[nodiscard]] Terminal terminal_of(int fd);

}  // namespace shoal::command
