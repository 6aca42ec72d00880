#pragma once

#include <shoal/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace shoal::base {

/// Reads fixed-width big-endian fields from a bounded view. The first read past the end makes the reader fail for
/// good: later reads give zeros and empty views, so a parser reads straight through and asks `ok()` or `finish()`
/// once. Never allocates.
class WireReader {
 public:
  explicit WireReader(ByteView input) : input_(input) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(number(8)); }

  /// The next `size` bytes, borrowed from the input; empty when fewer are left.
  ByteView bytes(std::size_t size);

  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    const ByteView from = bytes(N);
    for (std::size_t i = 0; i < from.size(); ++i) out[i] = from[i];
    return out;
  }

  /// Marks the input as malformed, for checks that the caller makes on values.
  void fail() { failed_ = true; }

  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] std::size_t remaining() const { return failed_ ? 0 : input_.size() - position_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  /// True when no read failed and nothing is left over.
  [[nodiscard]] bool finished() const { return !failed_ && position_ == input_.size(); }

 private:
  std::uint64_t number(std::size_t width);

  ByteView input_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

/// Appends fixed-width big-endian fields to a buffer that it owns.
class WireWriter {
 public:
  WireWriter() = default;
  explicit WireWriter(std::size_t reserve) { out_.reserve(reserve); }

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void i64(std::int64_t value) { number(static_cast<std::uint64_t>(value), 8); }
  void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] ByteView view() const { return out_; }
  [[nodiscard]] Bytes take() && { return std::move(out_); }

 private:
  void number(std::uint64_t value, std::size_t width);

  Bytes out_;
};

}  // namespace shoal::base
