#pragma once

#include <shoal/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace shoal::node {

/// Which sender each offset of a feed was given to, from the time it was taken until it is committed: a block may hold
/// records of several senders, and each is acknowledged to its own. Memory grows with the changes of sender within a
/// partition, not with the records. Pure state; confined to its caller.
class AckRouter {
 public:
  using Sender = std::uint64_t;
  /// Consecutive offsets that went to one sender.
  struct Run {
    Sender sender = 0;
    Offset first{0};
    Offset last{0};  ///< included
  };

  /// The next `count` offsets of the partition, from `first` on, are of `sender`. In order per partition.
  void note(const TopicPartition& stream, Offset first, std::int64_t count, Sender sender);
  /// Whose the offsets from `first` to `last` are, in order; they are forgotten. In order per partition, and only what
  /// was noted.
  [[nodiscard]] std::vector<Run> take(const TopicPartition& stream, Offset first, Offset last);

 private:
  std::map<TopicPartition, std::deque<Run>> runs_;
};

}  // namespace shoal::node
