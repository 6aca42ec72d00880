#pragma once

#include <cstddef>
#include <cstdint>

namespace shoal::replication {

/// First byte of a message. Every type has an even number of set bits, so that no single flipped bit makes one message
/// another. A later minor version adds types from kFirstIgnorableType on only: who does not know them skips them. An
/// unknown type below, or one of odd parity, ends the session.
enum class MessageType : std::uint8_t {
  open = 0x05,
  identity = 0x06,
  close = 0x09,
  ping = 0x0a,
  pong = 0x0c,
  fork = 0x11,
  head = 0x12,
  no_head = 0x14,
  ask_head = 0x17,
  have = 0x18,
  growth = 0x1b,
  growth_reply = 0x1d,
  topic_state = 0x1e,
  topic_state_reply = 0x21,
  lookup = 0x22,
  lookup_reply = 0x24,
  want = 0x27,
  credit = 0x28,
  cancel = 0x2b,
  data = 0x2d,
  piece = 0x2e,
  want_end = 0x30,
  receipt = 0x81,  ///< since 1.2
  push = 0x82,     ///< since 1.2
};
inline constexpr std::uint8_t kFirstIgnorableType = 0x80;

/// Payloads up to this size travel inside a data message, larger ones in pieces.
inline constexpr std::size_t kMaxInlinePayload = std::size_t{60} << 10;
inline constexpr std::size_t kMaxRunBlocks = 256;

}  // namespace shoal::replication
