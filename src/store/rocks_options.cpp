#include "store/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <array>
#include <utility>

namespace shoal::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kCacheSize = 32 * kMiB;
constexpr int kBackgroundJobs = 2;
constexpr int kOpenFiles = 512;

}  // namespace

std::shared_ptr<rocksdb::Cache> make_rocks_cache() { return rocksdb::NewLRUCache(kCacheSize); }

const std::string& rocks_column_name(Column column) {
  static const std::array<std::string, kColumnCount> names{"default", "headers", "payloads", "tree",
                                                           "topics",  "offsets", "times"};
  return names[static_cast<std::size_t>(column)];
}

rocksdb::DBOptions rocks_db_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.max_open_files = kOpenFiles;
  // Sixteen for each column else, started anew at each opening: half of the time that a short command takes.
  options.max_file_opening_threads = 1;
  options.max_background_jobs = kBackgroundJobs;
  options.max_subcompactions = 1;
  options.max_total_wal_size = 8 * kMiB;  // what an open after a kill reads
  options.skip_stats_update_on_db_open = true;
  // Tables that are ingested have none: RocksDB would warn at each start.
  options.verify_sst_unique_id_in_manifest = false;
  // False alarms in 7.8 (RocksDB issue 10892); the journal notices a lost log.
  options.track_and_verify_wals_in_manifest = false;
  // After a power cut a log may have holes: the store opens with what was written before the first one. The journal
  // notices own feeds that lost something, and a mirror fetches it again. The mode that refuses damage before the tail
  // left 37 of 620 replayed power cuts with a store that could not be opened; this one 0 of 300.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.recycle_log_file_num = 0;
  // Room that is reserved but not written counts on a full disk and in a budget: 4 MiB for each manifest alone.
  options.allow_fallocate = false;
  // Waking up by itself after a failed flush would hide it from the writer; RocksKvStore tries again.
  options.max_bgerror_resume_count = 0;
  // Opening and closing write no tables: a command that stores one record would leave one in each column. The log
  // keeps the rows; RocksKvStore flushes it when it has grown.
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = true;
  return options;
}

rocksdb::ColumnFamilyOptions rocks_column_options(Column column, const std::shared_ptr<rocksdb::Cache>& cache,
                                                  std::shared_ptr<rocksdb::CompactionFilterFactory> payload_filter) {
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
    // Batches are compressed by their producers or not worth it. Their filter would be asked for keys that are there.
    options.compression = rocksdb::CompressionType::kNoCompression;
    table.filter_policy.reset();
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.target_file_size_base = kPayloadTableSize;
    // Blob files are of stores of the first version: their payloads move when a table that names them is written again.
    options.enable_blob_garbage_collection = true;
    options.blob_garbage_collection_age_cutoff = 1.0;
    options.compaction_filter_factory = std::move(payload_filter);
  }
  return options;
}

rocksdb::WriteOptions rocks_write_options(Backing backing, Sync sync) {
  rocksdb::WriteOptions options;
  options.disableWAL = backing != Backing::disk;
  options.sync = backing == Backing::disk && sync == Sync::yes;
  options.protection_bytes_per_key = kProtectionBytesPerKey;
  return options;
}

rocksdb::CompactRangeOptions rocks_compact_options() {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.allow_write_stall = true;
  options.max_subcompactions = 1;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return options;
}

}  // namespace shoal::store
