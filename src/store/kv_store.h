#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::store {

/// Kinds of rows, one RocksDB column family each. docs/FORMAT.md ("Store") lists what is in them; the keys are made
/// only in keyspace.h.
enum class Column : std::uint8_t {
  meta,      ///< schema version, local feed numbers, accepted heads, fork proofs, settings, cursors
  headers,   ///< block headers
  payloads,  ///< block payloads (blob files)
  tree,      ///< complete 256-leaf tiles, and single subtree roots of sparse feeds
  topics,    ///< topic state entries
  offsets,   ///< per topic partition: last offset of a block -> block
  times,     ///< per topic partition: time bounds of a block
};
inline constexpr std::size_t kColumnCount = 7;

/// Changes that happen together or not at all. Plain data: building one touches no store.
class WriteBatch {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Operation {
    Kind kind;
    Column column;
    Bytes key;
    Bytes value;  ///< the value of a put, the exclusive end key of a range
  };

  void put(Column column, Bytes key, Bytes value);
  void erase(Column column, Bytes key);
  /// Erases keys in [begin, end).
  void erase_range(Column column, Bytes begin, Bytes end);

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  [[nodiscard]] bool empty() const { return operations_.empty(); }

 private:
  std::vector<Operation> operations_;
};

/// A position in one column over a consistent snapshot; keys in unsigned byte order. Confined to its caller and
/// destroyed before its store.
class KvIterator {
 public:
  virtual ~KvIterator() = default;
  /// To the first key >= `key`.
  virtual void seek(ByteView key) = 0;
  /// To the last key <= `key`.
  virtual void seek_for_prev(ByteView key) = 0;
  virtual void next() = 0;
  virtual void prev() = 0;
  /// False past either end and after a failure; then `status()` tells which.
  [[nodiscard]] virtual bool valid() const = 0;
  /// Views hold until the iterator moves. Only while valid().
  [[nodiscard]] virtual ByteView key() const = 0;
  [[nodiscard]] virtual ByteView value() const = 0;
  [[nodiscard]] virtual Result<void> status() const = 0;
};

/// `deferred`: not to be waited for. Seen by every reader at once, applied with apply_deferred() or earlier; a crash
/// before that loses it. A store that defers nothing takes it as `no`.
enum class Sync : std::uint8_t { no, yes, deferred };

/// An ordered store of rows. Thread-safe. Code::corrupt means damaged bytes on our disk, Code::no_space a full disk,
/// Code::io the rest. After a background error (failed flush) every write fails until the store is opened again.
class KvStore {
 public:
  virtual ~KvStore() = default;

  [[nodiscard]] virtual Result<std::optional<Bytes>> get(Column column, ByteView key) const = 0;
  /// True when the key is there; does not load blob values.
  [[nodiscard]] virtual Result<bool> contains(Column column, ByteView key) const = 0;
  [[nodiscard]] virtual std::unique_ptr<KvIterator> iterate(Column column) const = 0;

  /// Applies the batch atomically. Sync::yes returns once it is durable; in a store without write-ahead log that
  /// means a flush.
  [[nodiscard]] virtual Result<void> write(const WriteBatch& batch, Sync sync) = 0;
  /// Applies what was deferred.
  [[nodiscard]] virtual Result<void> apply_deferred() { return {}; }
  /// Makes all earlier writes durable: syncs the write-ahead log, or flushes all columns atomically without one.
  [[nodiscard]] virtual Result<void> make_durable() = 0;
  /// Erases [begin, end) and drops files that lie wholly inside, so that the disk gets its space back now.
  [[nodiscard]] virtual Result<void> drop_range(Column column, ByteView begin, ByteView end) = 0;
  /// Compacts what was erased in the column's range. May take long.
  [[nodiscard]] virtual Result<void> compact(Column column, ByteView begin, ByteView end) = 0;
  /// Gives back the disk of rows that were erased one by one in [begin, end): whole files that nothing names any more.
  /// Reads keys, not values. Nothing to do for stores without files.
  [[nodiscard]] virtual Result<void> reclaim(Column /*column*/, ByteView /*begin*/, ByteView /*end*/) { return {}; }
  /// Bytes of large values on the disk, and how many of them no row names any more though their file is still needed:
  /// compact() would give those back, at the cost of writing what is alive again.
  struct ValueFiles {
    std::uint64_t bytes = 0;
    std::uint64_t dead = 0;
  };
  [[nodiscard]] virtual ValueFiles value_files(Column /*column*/) const { return {}; }
};

}  // namespace shoal::store
