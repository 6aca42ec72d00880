#pragma once

#include <shoal/types.h>

#include <algorithm>

namespace shoal::record {

/// Room for the output of a stream decoder that does not know its size beforehand. It doubles up to `limit`; then it
/// gives one spare byte, so a decoder that has only its trailer left can end, and one that wants more is found out.
class OutputBuffer {
 public:
  OutputBuffer(std::size_t first_size, std::size_t limit) : limit_(limit) {
    bytes_.resize(std::min(first_size, limit));
  }

  /// Free room, at least one byte; valid until the next call of room().
  std::span<std::uint8_t> room() {
    if (used_ == bytes_.size() && used_ < limit_) {
      bytes_.resize(std::min(limit_, std::max<std::size_t>(2 * used_, kSmallest)));
    }
    if (used_ == bytes_.size()) return {&spare_, 1};
    return std::span(bytes_).subspan(used_);
  }

  /// Says how much of the last room() was filled. False when the output is above the limit.
  [[nodiscard]] bool advance(std::size_t count) {
    if (count > bytes_.size() - used_) return false;
    used_ += count;
    return true;
  }

  [[nodiscard]] Bytes take() && {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  static constexpr std::size_t kSmallest = 4096;

  Bytes bytes_;
  std::size_t used_ = 0;
  std::size_t limit_;
  std::uint8_t spare_ = 0;
};

}  // namespace shoal::record
