#pragma once

#include <shoal/types.h>

#include <bit>
#include <cstddef>
#include <cstdint>

/// Variable-length integers of Kafka's records: zigzag, then groups of seven bits, lowest first, the top bit set on all
/// bytes but the last (Protocol Buffers, "Encoding"). Kafka's `varint` and `varlong` differ in range only.
namespace shoal::record {

constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

/// 1 to 10.
constexpr std::size_t varint_size(std::int64_t value) {
  return (static_cast<std::size_t>(std::bit_width(zigzag(value) | 1)) + 6) / 7;
}

/// Writes varint_size(value) bytes and returns the place behind them.
inline std::uint8_t* put_varint(std::uint8_t* at, std::int64_t value) {
  std::uint64_t rest = zigzag(value);
  for (; rest >= 0x80; rest >>= 7) *at++ = static_cast<std::uint8_t>(rest | 0x80);
  *at++ = static_cast<std::uint8_t>(rest);
  return at;
}

/// Reads from a bounded view. The first read that does not fit makes it fail for good: later reads give zeros and
/// empty views, so a caller reads a whole record and asks `failed()` once. Never allocates.
class VarintReader {
 public:
  explicit VarintReader(ByteView input) : at_(input.data()), end_(input.data() + input.size()) {}

  /// At most 5 bytes and 32 bits. Longer forms of small numbers are read, as Kafka's own readers do.
  std::int32_t varint() { return static_cast<std::int32_t>(unzigzag(groups(5, UINT32_MAX))); }
  /// At most 10 bytes and 64 bits.
  std::int64_t varlong() { return unzigzag(groups(10, UINT64_MAX)); }

  std::uint8_t byte() {
    if (at_ == end_) return fail();
    return *at_++;
  }

  /// The next `size` bytes, borrowed from the input.
  ByteView bytes(std::size_t size) {
    if (remaining() < size) {
      fail();
      return {};
    }
    const ByteView out{at_, size};
    at_ += size;
    return out;
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  /// For checks that the caller makes on values.
  std::uint8_t fail() {
    failed_ = true;
    at_ = end_;
    return 0;
  }

 private:
  std::uint64_t groups(unsigned longest, std::uint64_t largest) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < longest && at_ != end_; ++i) {
      const std::uint64_t group = *at_ & 0x7F;
      const bool last = (*at_++ & 0x80) == 0;
      if (group > largest >> (7 * i)) return fail();  // bits above the type's width
      value |= group << (7 * i);
      if (last) return value;
    }
    return fail();
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace shoal::record
