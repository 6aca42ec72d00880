#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/topic_state.h"

#include <cstdint>
#include <optional>
#include <vector>

/// Growth of a feed as a holder of its whole topic state needs it: what follows from that state, and what the signature
/// proves, is left out (docs/PROTOCOL.md, "Push").
namespace shoal::feed {

/// What of a data block's header does not follow from its payload and the topic state before it.
struct CompactHeader {
  std::uint32_t topic = 0;    ///< position in the topic state
  std::uint32_t age_ms = 0;   ///< from the append time to the head's time
  std::uint32_t span_ms = 0;  ///< from the smallest record time to the largest
  bool operator==(const CompactHeader&) const = default;
};

struct CompactBlock {
  CompactHeader header;
  ByteView payload;  ///< lives during the call
};

/// The blocks between the accepted head and the one that `signature` signs.
struct CompactRun {
  UnixMs time{0};
  crypto::Signature signature;
  std::vector<CompactBlock> blocks;
};

/// nullopt when the header is not all in there: no data block, the first of its partition, or a later version's.
[[nodiscard]] std::optional<CompactHeader> compact_header(const BlockHeader& header, std::uint32_t topic, UnixMs time);
/// The header of `block`, which continues `state`. Code::unverified when there is none: the payload is no sound batch,
/// or does not go on where its partition ends.
[[nodiscard]] Result<BlockHeader> expand_header(const CompactBlock& block, const TopicState& state, UnixMs time,
                                                Epoch epoch);

}  // namespace shoal::feed
