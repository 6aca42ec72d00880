#pragma once

#include <shoal/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace shoal::doors {

/// Splits a stream of text into lines of at most `max_line` bytes. Confined to one thread.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}

  /// Calls `take` with each line that is complete, without its LF. The first error of `take` ends the call and is
  /// returned. Code::limit_exceeded for a line above the limit.
  template <typename Take>
  [[nodiscard]] Result<void> add(std::string_view text, Take&& take) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view part = text.substr(0, end);
      if (held_.size() + part.size() > max_line_) return too_long();
      if (end == std::string_view::npos) {
        held_.append(part);
        return {};
      }
      Result<void> taken;
      if (held_.empty()) {
        taken = take(part);
      } else {
        held_.append(part);
        taken = take(std::string_view(held_));
        release();
      }
      if (!taken) return taken;
      text.remove_prefix(end + 1);
    }
    return {};
  }

  /// The last line, as far as it was received without its LF.
  [[nodiscard]] std::string_view rest() const { return held_; }

 private:
  [[nodiscard]] Error too_long() const {
    return {Code::limit_exceeded, "a line is above " + std::to_string(max_line_) + " bytes", ""};
  }
  /// Frees the memory of a long line: most lines are short.
  void release() {
    constexpr std::size_t kKept = std::size_t{64} << 10;
    held_.clear();
    if (held_.capacity() > kKept) held_.shrink_to_fit();
  }

  std::size_t max_line_;
  std::string held_;
};

}  // namespace shoal::doors
