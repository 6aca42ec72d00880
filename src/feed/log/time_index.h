#pragma once

#include "feed/format/block.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <memory>
#include <optional>

/// The time index (docs/FORMAT.md, "Store"): one row a held block with its time bounds, by block. Within a partition
/// blocks are in offset order, and the running largest time never falls, whatever order the records' times have.
namespace shoal::feed {

struct TimeRow {
  BlockIndex block{0};
  UnixMs smallest{0};
  UnixMs largest{0};
  UnixMs running_largest{0};
};

/// Reads one partition's time rows over a consistent snapshot. Confined to its caller, destroyed before the store.
class TimeIndex {
 public:
  TimeIndex(const store::KvStore& store, store::FeedNumber feed, store::TopicNumber topic);

  static void put(store::WriteBatch& batch, store::FeedNumber feed, store::TopicNumber topic, const BlockHeader& header,
                  BlockIndex block);

  /// The first row of a block >= `block`.
  [[nodiscard]] Result<std::optional<TimeRow>> at_or_after(BlockIndex block);
  /// The last row of a block < `block`.
  [[nodiscard]] Result<std::optional<TimeRow>> before(BlockIndex block);
  /// The row after the one given last.
  [[nodiscard]] Result<std::optional<TimeRow>> next();
  /// Kafka's look-up: the first row whose running largest time is >= `time`. `bound` is above every block.
  [[nodiscard]] Result<std::optional<TimeRow>> first_reaching(UnixMs time, BlockIndex bound);

 private:
  [[nodiscard]] Result<std::optional<TimeRow>> row_here() const;

  store::FeedNumber feed_;
  store::TopicNumber topic_;
  store::KeyRange range_;
  std::unique_ptr<store::KvIterator> rows_;
};

}  // namespace shoal::feed
