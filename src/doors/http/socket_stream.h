#pragma once

#include "doors/http/file_descriptor.h"

#include <shoal/result.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace shoal::doors {

/// A connected, non-blocking stream socket with time limits. At most one thread reads and one writes at a time; any
/// thread may call shut_down().
class SocketStream {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  ///< nullopt: none

  explicit SocketStream(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// Waits for data and returns the number of bytes read; 0 at the end of the stream. Code::timed_out, Code::closed.
  [[nodiscard]] Result<std::size_t> read_some(std::span<char> into, Deadline deadline);
  /// Sends all of `text`. Code::timed_out when the other end receives nothing for `patience`, Code::closed.
  [[nodiscard]] Result<void> write_all(std::string_view text, std::chrono::milliseconds patience);
  /// Closes both directions: a thread that waits in a call returns.
  void shut_down();
  /// Closes the sending direction: the other end reads the end of the stream.
  void end_writing();

 private:
  FileDescriptor descriptor_;
};

}  // namespace shoal::doors
