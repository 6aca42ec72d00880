#pragma once

#include <shoal/strong_int.h>
#include <shoal/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace shoal::replication {

/// Names one fetch of an offset that is under way. 0 is none.
using FetchId = StrongInt<struct FetchIdTag, std::uint64_t>;

/// What is asked for first.
enum class FetchOrder : std::uint8_t {
  feed,    ///< the oldest missing: somebody reads in that order
  rarest,  ///< what fewest peers hold: a mirror, whose blocks others wait for
};

/// How much of the feed this side keeps fetching.
struct Follow {
  bool everything = true;              ///< all blocks of all topics; else only `topics`
  std::vector<TopicPartition> topics;  ///< exact names; partition -1 = every partition of the topic
  bool live = true;                    ///< go on with new heads; else stop at `until`
  std::uint64_t until = 0;             ///< with !live: a tree size
  std::uint64_t from = 0;              ///< first block that is wanted
  FetchOrder order = FetchOrder::feed;
  /// Payloads appended before this time are not fetched: their headers are, and the log says that they are pruned.
  /// Asked whenever something is missing; empty: all are fetched.
  std::function<UnixMs()> oldest = {};
};

}  // namespace shoal::replication
