#pragma once

#include "store/shared_bytes.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::store {

/// Kinds of rows, one RocksDB column family each. docs/FORMAT.md ("Store") lists what is in them; the keys are made
/// only in keyspace.h.
enum class Column : std::uint8_t {
  meta,      ///< schema version, local feed numbers, accepted heads, fork proofs, settings, cursors
  headers,   ///< block headers
  payloads,  ///< block payloads: mostly in tables that are written directly
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
    SharedBytes value;  ///< the value of a put, the exclusive end key of a range
  };

  void put(Column column, Bytes key, SharedBytes value);
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

/// `deferred`: not to be waited for. Seen by every reader at once; a crash before the next make_durable() may lose it,
/// in the order of writing: what is kept is the state after some earlier write. A store without a write buffer takes it
/// as `no`.
enum class Sync : std::uint8_t { no, yes, deferred };

/// A row that a look-up gave.
struct KvRow {
  Bytes key;
  Bytes value;
};

/// Which rows of a range are still needed. Both are called from the thread that gives the disk back.
struct LiveRows {
  /// How many of the keys in [first, last] are needed.
  std::function<std::uint64_t(ByteView first, ByteView last)> count;
  std::function<bool(ByteView key)> contains;
};

/// An ordered store of rows. Thread-safe. Code::corrupt means damaged bytes on our disk, Code::no_space a full disk
/// (the next write tries again), Code::io the rest: after that every write fails until the store is opened again.
class KvStore {
 public:
  virtual ~KvStore() = default;

  [[nodiscard]] virtual Result<std::optional<Bytes>> get(Column column, ByteView key) const = 0;
  /// True when the key is there.
  [[nodiscard]] virtual Result<bool> contains(Column column, ByteView key) const = 0;
  /// The first row with a key >= `key`; nullopt past the last one.
  [[nodiscard]] virtual Result<std::optional<KvRow>> first_at(Column column, ByteView key) const;
  [[nodiscard]] virtual std::unique_ptr<KvIterator> iterate(Column column) const = 0;

  /// Applies the batch atomically; Sync::yes returns once it is durable. Payloads of a batch may reach the disk before
  /// its other rows: a payload that no other row speaks of is never read, and its disk is given back by reclaim().
  [[nodiscard]] virtual Result<void> write(const WriteBatch& batch, Sync sync) = 0;
  /// Makes all earlier writes durable.
  [[nodiscard]] virtual Result<void> make_durable() = 0;
  /// The error that a write would get now, without writing.
  [[nodiscard]] virtual Result<void> check_writable() const { return {}; }
  /// Erases [begin, end) and drops files that lie wholly inside, so that the disk gets its space back now.
  [[nodiscard]] virtual Result<void> drop_range(Column column, ByteView begin, ByteView end) = 0;
  /// Compacts the column's range. May take long.
  [[nodiscard]] virtual Result<void> compact(Column column, ByteView begin, ByteView end) = 0;
  /// Gives back the room of rows in [begin, end) that are not in `live`: tables without any live row are dropped
  /// unread, tables that are mostly dead are written again without their dead rows. Rows that are not live may or may
  /// not be gone afterwards. A store without files of its own erases them.
  [[nodiscard]] virtual Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live);
  /// Limits the disk that merging and reclaim() take for a moment, beyond what they end with: they leave what needs
  /// more as it is. In bytes; no limit unless set.
  virtual void limit_scratch(std::uint64_t /*bytes*/) {}
  /// Bytes of rows in memory that will take room on the disk; what is in a log already is not counted.
  [[nodiscard]] virtual std::uint64_t waiting_bytes() const { return 0; }
};

}  // namespace shoal::store
