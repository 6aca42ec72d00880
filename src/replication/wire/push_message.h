#pragma once

#include "feed/format/compact_run.h"
#include "replication/wire/message_type.h"

#include <cstdint>
#include <vector>

namespace shoal::replication {

/// The new blocks of a live want with their head, without what its reader computes itself
/// (docs/PROTOCOL.md, "Push"). Since 1.2.
struct Push {
  static constexpr MessageType kType = MessageType::push;
  struct Block {
    feed::CompactHeader header;
    Bytes payload;
    bool operator==(const Block&) const = default;
  };
  std::uint64_t want = 0;
  UnixMs time{0};  ///< the head's
  crypto::Signature signature;
  std::vector<Block> blocks;
  std::uint64_t first = 0;  ///< local: index of the first block
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.number("time", m.time);
    a.array("signature", m.signature.bytes);
    a.list("blocks", m.blocks, kMaxRunBlocks, [&a](auto& block) {
      a.number("topic", block.header.topic);
      a.number("age_ms", block.header.age_ms);
      a.number("span_ms", block.header.span_ms);
      a.bytes("payload", block.payload, kMaxInlinePayload);
    });
  }
  bool operator==(const Push&) const = default;
};

}  // namespace shoal::replication
