#pragma once

#include "store/keyspace.h"
#include "store/kv_store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace shoal::store {

/// A row as it waits to be written; nullopt: erased.
using BufferedValue = std::optional<SharedBytes>;

/// Keys in unsigned byte order; looked up by view.
struct KeyOrder {
  using is_transparent = void;
  bool operator()(ByteView a, ByteView b) const;
};
using BufferedRows = std::map<Bytes, BufferedValue, KeyOrder>;

/// Blocks as ranges [first, end), by feed.
using PayloadRuns = std::map<FeedNumber, std::vector<std::pair<std::uint64_t, std::uint64_t>>>;

/// Rows in memory that a store does not have yet. A plain container: not thread-safe.
class WriteBuffer {
 public:
  /// Takes the batch's rows; it erases no ranges.
  void add(const WriteBatch& batch);
  /// Lays `older` below these rows.
  void add_below(const WriteBuffer& older);
  /// Takes payloads out whose neighbours are not here: runs of following blocks of less than `smallest` bytes, at most
  /// `most` bytes in all.
  [[nodiscard]] WriteBuffer take_short_runs(std::size_t smallest, std::size_t most);
  /// The blocks whose payloads are here; all payload keys are those of blocks.
  [[nodiscard]] PayloadRuns payload_runs() const;
  /// The rows as one batch.
  [[nodiscard]] WriteBatch as_batch() const;

  [[nodiscard]] const BufferedRows& rows(Column column) const { return rows_[static_cast<std::size_t>(column)]; }
  [[nodiscard]] const BufferedValue* find(Column column, ByteView key) const;
  /// True when a row of a feed that the batch touches waits here.
  [[nodiscard]] bool shares_feed(const WriteBatch& batch) const;
  [[nodiscard]] bool empty() const { return feeds_.empty(); }
  /// Of keys and values, in bytes; rows that were replaced since count too.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t payload_bytes() const { return payload_bytes_; }

 private:
  std::array<BufferedRows, kColumnCount> rows_;
  std::set<FeedNumber> feeds_;
  std::size_t bytes_ = 0;
  std::size_t payload_bytes_ = 0;
};

/// True when the batch erases ranges: which rows those are only the store knows.
[[nodiscard]] bool erases_ranges(const WriteBatch& batch);

}  // namespace shoal::store
