#include "store/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <array>

namespace shoal::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kCacheSize = 32 * kMiB;
constexpr int kBackgroundJobs = 2;
constexpr int kOpenFiles = 512;
/// Smaller payloads stay in the tables: a blob's own record would cost more than it saves.
constexpr std::size_t kSmallestBlob = 512;

}  // namespace

std::shared_ptr<rocksdb::Cache> make_rocks_cache() { return rocksdb::NewLRUCache(kCacheSize); }

const std::string& rocks_column_name(Column column) {
  static const std::array<std::string, kColumnCount> names{"default", "headers", "payloads", "tree",
                                                           "topics",  "offsets", "times"};
  return names[static_cast<std::size_t>(column)];
}

rocksdb::DBOptions rocks_db_options(Backing backing) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.max_open_files = kOpenFiles;
  options.max_background_jobs = kBackgroundJobs;
  options.max_subcompactions = 1;
  options.max_total_wal_size = 16 * kMiB;
  options.skip_stats_update_on_db_open = true;
  // False alarms in 7.8 (RocksDB issue 10892); the journal notices a lost log.
  options.track_and_verify_wals_in_manifest = false;
  // A record cut short at a log's end is what a crash leaves; damage before it must not open shorter in silence, as
  // the default mode would. A tail lost whole looks like a crash to every mode: the journal is the check for that.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  // Waking up by itself after a failed flush would hide it from the writer.
  options.max_bgerror_resume_count = 0;
  // The unlogged columns must agree after a crash; without a log only an atomic flush gives that.
  options.atomic_flush = backing != Backing::logged;
  options.avoid_flush_during_shutdown = backing == Backing::memory;
  return options;
}

rocksdb::ColumnFamilyOptions rocks_column_options(Column column, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.checksum = rocksdb::ChecksumType::kXXH3;
  // Counted in the cache's budget instead of growing with the number of files.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = 8 * kMiB;
  options.max_write_buffer_number = 3;
  options.target_file_size_base = 8 * kMiB;
  options.max_bytes_for_level_base = 64 * kMiB;
  options.memtable_protection_bytes_per_key = kProtectionBytesPerKey;
  // Hashes and compressed batches: what compresses is mostly keys.
  options.compression = rocksdb::CompressionType::kLZ4Compression;
  if (column == Column::payloads) {
    options.enable_blob_files = true;
    options.min_blob_size = kSmallestBlob;
    options.blob_file_size = 16 * kMiB;
    options.blob_compression_type = rocksdb::CompressionType::kNoCompression;
    options.enable_blob_garbage_collection = false;
  }
  return options;
}

rocksdb::WriteOptions rocks_write_options(Backing backing, Sync sync) {
  rocksdb::WriteOptions options;
  options.disableWAL = backing != Backing::logged;
  options.sync = backing == Backing::logged && sync == Sync::yes;
  options.protection_bytes_per_key = kProtectionBytesPerKey;
  return options;
}

}  // namespace shoal::store
