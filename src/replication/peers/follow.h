#pragma once

#include <shoal/strong_int.h>
#include <shoal/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace shoal::replication {

/// Id of one fetch of an offset. 0: none.
using FetchId = StrongInt<struct FetchIdTag, std::uint64_t>;

/// Which missing blocks are requested first.
enum class FetchOrder : std::uint8_t {
  feed,    ///< the oldest ones: a reader needs them in that order
  rarest,  ///< the rarest ones: a mirror, whose blocks other peers need
};

/// Which blocks of a feed this side fetches.
struct Follow {
  bool everything = true;              ///< all blocks of all topics; else only `topics`
  std::vector<TopicPartition> topics;  ///< exact names; partition -1 = every partition of the topic
  bool live = true;                    ///< continue with new heads; else stop at `until`
  std::uint64_t until = 0;             ///< with !live: a tree size
  std::uint64_t from = 0;              ///< first block to fetch
  FetchOrder order = FetchOrder::feed;
  /// Age limit: of blocks appended before this time only headers are fetched, and the log marks them as pruned. Called
  /// whenever blocks are missing. Empty: no limit.
  std::function<UnixMs()> oldest = {};
};

}  // namespace shoal::replication
