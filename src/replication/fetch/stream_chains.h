#pragma once

#include "feed/format/topic_state.h"
#include "feed/read/feed_reader.h"

#include <cstdint>
#include <map>
#include <optional>

namespace shoal::replication {

/// How far the held blocks of topic partitions form unbroken chains. Each header names the block before it, and the
/// signed topic state names the last one, so a chain shows whether a block is missing, and where. Everything is read
/// from the feed; only how far each chain was walked is kept, so that a block is read once.
class StreamChains {
 public:
  explicit StreamChains(const feed::FeedReader& reader) : reader_(reader) {}

  /// Forgets all chains. From now on they begin at `from`.
  void start(std::uint64_t from);

  /// Where an incomplete chain breaks.
  struct Gap {
    TopicPartition stream;
    std::uint64_t begin = 0;           ///< everything below is held
    std::uint64_t missing = 0;         ///< a block of the partition that is missing, not below `begin`
    std::optional<std::uint64_t> end;  ///< the missing run ends here, where a block is held again; none: unknown
  };
  /// Walks on; nullopt when the chain reaches the entry's last block.
  [[nodiscard]] std::optional<Gap> gap(const feed::TopicStateEntry& entry);
  /// Last block of the unbroken chain.
  [[nodiscard]] std::optional<BlockIndex> last(const TopicPartition& stream) const;

 private:
  [[nodiscard]] bool follows(const feed::BlockHeader& header, std::optional<BlockIndex> last) const;
  [[nodiscard]] bool has_payload(BlockIndex block) const;
  [[nodiscard]] std::optional<BlockIndex> next(const TopicPartition& stream, std::optional<BlockIndex> last) const;

  const feed::FeedReader& reader_;
  std::uint64_t from_ = 0;
  std::map<TopicPartition, std::optional<BlockIndex>> last_;
};

}  // namespace shoal::replication
