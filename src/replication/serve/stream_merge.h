#pragma once

#include "feed/read/feed_reader.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Walks the held blocks of some topic partitions in feed order, from a first block on: a k-way merge of the
/// partitions' chains. refresh() takes up new blocks, and new partitions of topics that were requested as a whole.
class StreamMerge {
 public:
  StreamMerge(const feed::FeedReader& reader, std::vector<TopicPartition> wanted, std::uint64_t begin);

  /// The next block, which stays next until pop(); nullopt when none is held (yet).
  [[nodiscard]] Result<std::optional<BlockIndex>> peek();
  void pop();
  /// Takes up partitions and blocks that came since.
  [[nodiscard]] Result<void> refresh();

 private:
  struct Cursor {
    std::optional<BlockIndex> after;
    std::optional<BlockIndex> next;
  };
  [[nodiscard]] Result<void> take_up_partitions();
  [[nodiscard]] Result<void> advance(const TopicPartition& stream, Cursor& cursor);

  const feed::FeedReader& reader_;
  std::uint64_t begin_;
  std::set<std::string> whole_topics_;
  std::uint32_t expanded_for_ = 0;  ///< entries of the topic state when partitions were last taken up
  std::map<TopicPartition, Cursor> cursors_;
  std::set<std::pair<BlockIndex, TopicPartition>> ready_;
};

}  // namespace shoal::replication
