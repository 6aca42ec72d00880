#pragma once

#include "store/backing.h"
#include "store/kv_store.h"

#include <cstddef>
#include <memory>
#include <string>

namespace rocksdb {
struct DBOptions;
struct ColumnFamilyOptions;
struct CompactRangeOptions;
struct WriteOptions;
class Cache;
class CompactionFilterFactory;
}  // namespace rocksdb

namespace shoal::store {

/// Every RocksDB setting is made here (DESIGN.md, "Store"; docs/adr names what was measured).
[[nodiscard]] rocksdb::DBOptions rocks_db_options();
[[nodiscard]] rocksdb::ColumnFamilyOptions rocks_column_options(
    Column column, const std::shared_ptr<rocksdb::Cache>& cache,
    std::shared_ptr<rocksdb::CompactionFilterFactory> payload_filter);
[[nodiscard]] rocksdb::WriteOptions rocks_write_options(Backing backing, Sync sync);
/// Of a compaction that is asked for, beside all else that goes on.
[[nodiscard]] rocksdb::CompactRangeOptions rocks_compact_options();
/// One cache per store, so its memory is bounded whatever is read.
[[nodiscard]] std::shared_ptr<rocksdb::Cache> make_rocks_cache();

/// A table of payloads has at most about this many bytes: what pruning gives back at once.
inline constexpr std::size_t kPayloadTableSize = std::size_t{16} << 20;
/// Checksum bytes that travel with each key from the batch to the memtable.
inline constexpr std::size_t kProtectionBytesPerKey = 8;

/// RocksDB's name of a column; RocksDB insists on one called "default", which holds Column::meta.
[[nodiscard]] const std::string& rocks_column_name(Column column);

}  // namespace shoal::store
