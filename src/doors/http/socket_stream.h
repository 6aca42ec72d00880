#pragma once

#include "doors/http/file_descriptor.h"

#include <shoal/result.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace shoal::doors {

/// A connected, non-blocking stream socket, read and written with time limits. One thread reads and one writes at a
/// time; shut_down() may come from any.
class SocketStream {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  ///< nullopt: none

  explicit SocketStream(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// The number of bytes read, at least one; 0 at the end of the stream. Code::timed_out, Code::closed.
  [[nodiscard]] Result<std::size_t> read_some(std::span<char> into, Deadline deadline);
  /// Code::timed_out when the other end takes nothing for `patience`, Code::closed.
  [[nodiscard]] Result<void> write_all(std::string_view text, std::chrono::milliseconds patience);
  /// Ends both directions: whoever waits here returns.
  void shut_down();
  /// Says that nothing more comes.
  void end_writing();

 private:
  FileDescriptor descriptor_;
};

}  // namespace shoal::doors
