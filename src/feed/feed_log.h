#pragma once

#include "feed/checkpoint.h"
#include "feed/topic_state.h"
#include "merkle/right_edge.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <memory>

namespace shoal::feed {

/// The two stores a feed's rows lie in: `heads` (write-ahead log) takes accepted heads, fork proofs and properties,
/// `blocks` the rest. Own feeds use the logged store for both.
struct FeedStores {
  store::KvStore* heads = nullptr;
  store::KvStore* blocks = nullptr;
};

/// A half-open run of blocks.
struct BlockRange {
  BlockIndex begin{0};
  BlockIndex end{0};
  auto operator<=>(const BlockRange&) const = default;
};

/// What is stored of one feed: rows, tree, indices and the accepted head, without opinions on trust. Everything that
/// changes goes through FeedWriter (own feeds) or FeedMirror (other people's); everybody else reads through FeedReader.
///
/// Reading is thread-safe beside one changing thread.
class FeedLog : public merkle::HashReader {
 public:
  ~FeedLog() override = default;

  /// Opens the feed's rows, giving it a local number when it is new. Code::corrupt when they contradict each other.
  [[nodiscard]] static Result<std::unique_ptr<FeedLog>> open(FeedStores stores, const FeedId& feed);
  /// Feeds that have rows.
  [[nodiscard]] static Result<std::vector<FeedId>> list(store::KvStore& heads);
  /// Removes every row of the feed from both stores and gives the disk back.
  [[nodiscard]] static Result<void> remove(FeedStores stores, const FeedId& feed);

  // The writing interface and the rest is defined with the implementation.
};

}  // namespace shoal::feed
