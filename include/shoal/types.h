#pragma once

#include <shoal/result.h>
#include <shoal/strong_int.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shoal {

/// Owned and borrowed runs of raw bytes.
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Position of a block (one leaf) in a feed's tree, from 0.
using BlockIndex = StrongInt<struct BlockIndexTag, std::uint64_t>;
/// Position of a record in one topic partition, from 0, gapless (Kafka's offset).
using Offset = StrongInt<struct OffsetTag, std::int64_t>;
/// Partition of a topic, from 0.
using Partition = StrongInt<struct PartitionTag, std::int32_t>;
/// Counts the owner's deliberate restarts of a feed after a fork, from 0.
using Epoch = StrongInt<struct EpochTag, std::uint32_t>;
/// Wall time, milliseconds since 1970-01-01T00:00:00Z. Clocks are never a source of truth.
using UnixMs = StrongInt<struct UnixMsTag, std::int64_t>;

/// The time of "no record yet" in topic state and of blocks that hold no records.
inline constexpr UnixMs kNoTime{-1};

/// An Ed25519 public key (RFC 8032), 32 raw bytes. Any 32 bytes may be held; verification decides.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};  ///< as RFC 8032 encodes the point

  auto operator<=>(const PublicKey&) const = default;  ///< byte by byte
  /// 64 lower-case hex digits.
  [[nodiscard]] std::string hex() const;
  /// Reads exactly 64 hex digits of either case; Code::invalid_argument otherwise.
  static Result<PublicKey> parse(std::string_view hex);
};

/// The name of a feed: the public key its heads are signed with.
struct FeedId {
  PublicKey key;  ///< what its heads verify with

  auto operator<=>(const FeedId&) const = default;             ///< byte by byte
  [[nodiscard]] std::string hex() const { return key.hex(); }  ///< 64 lower-case hex digits
  static Result<FeedId> parse(std::string_view hex);           ///< as PublicKey::parse
};

/// Names one partition of one topic. The empty topic name is the reserved manifest stream.
struct TopicPartition {
  std::string topic;       ///< by Kafka's rule for names
  Partition partition{0};  ///< of that topic

  auto operator<=>(const TopicPartition&) const = default;  ///< by topic, then partition
};

}  // namespace shoal

template <>
struct std::hash<shoal::FeedId> {
  std::size_t operator()(const shoal::FeedId& id) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | id.key.bytes[i];
    return value;
  }
};
