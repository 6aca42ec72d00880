#pragma once

#include "store/keyspace.h"
#include "store/kv_store.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rocksdb {
class ColumnFamilyHandle;
class CompactionFilterFactory;
class DB;
struct Options;
}  // namespace rocksdb

namespace shoal::store {

/// The tables of the payload column: written directly, merged when they are small, and dropped when nothing in them is
/// needed any more. One table holds payloads of one feed. Thread-safe.
class PayloadTables {
 public:
  /// What compactions of the column must ask: see reclaim(). Made first, then given to the column's options.
  class Filter;
  [[nodiscard]] static std::shared_ptr<Filter> make_filter();
  [[nodiscard]] static std::shared_ptr<rocksdb::CompactionFilterFactory> factory(const std::shared_ptr<Filter>& filter);

  /// `options` are those of the database and the column; tables are written in `directory`, which is the database's.
  /// Removes tables that a crash left half written.
  PayloadTables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& column, std::shared_ptr<Filter> filter,
                const rocksdb::Options& options, std::filesystem::path directory);
  ~PayloadTables();

  /// Payloads of blocks in a row that are worth a table; fewer bytes go through the log.
  static constexpr std::size_t kSmallestTable = std::size_t{256} << 10;

  /// Writes runs of payloads that have kSmallestTable bytes as tables, synced, and adds the tables to the column. Says
  /// which operations are done with; empty when none is. Payload keys are those of blocks.
  [[nodiscard]] Result<std::vector<bool>> add(const WriteBatch& batch);
  /// See KvStore::limit_scratch().
  void limit_scratch(std::uint64_t bytes) { scratch_ = bytes; }
  /// Merges runs of small tables when enough of them came since the last time.
  [[nodiscard]] Result<void> merge_small();
  /// See KvStore::reclaim().
  [[nodiscard]] Result<void> reclaim(ByteView begin, ByteView end, const LiveRows& live);

 private:
  /// Bytes of tables in a range: those that several feeds share, and those of one feed.
  struct Shared {
    std::uint64_t bytes = 0;
    std::uint64_t others = 0;
  };
  using Payloads = std::vector<const WriteBatch::Operation*>;
  [[nodiscard]] Result<void> write_run(const Payloads& run, std::size_t bytes, std::vector<std::string>& files);
  [[nodiscard]] Result<void> write_table(const Payloads& payloads, const std::string& file);
  [[nodiscard]] Result<void> compact_files(const std::vector<std::string>& files, int level);

  [[nodiscard]] Result<void> reclaim_shared(const Shared& shared, ByteView begin, ByteView end, const LiveRows& live);

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& column_;
  std::shared_ptr<Filter> filter_;
  std::unique_ptr<rocksdb::Options> options_;
  std::filesystem::path directory_;
  std::atomic<std::uint64_t> scratch_ = std::numeric_limits<std::uint64_t>::max();
  std::mutex mutex_;  // of what follows
  std::uint64_t next_file_ = 0;
  std::size_t small_tables_ = 0;             // since the last merge
  std::mutex compacting_;                    // one reclaim() or merge_small() at a time; of what follows
  std::map<FeedNumber, Bytes> unreclaimed_;  // feed -> where what was dropped in shared tables begins
};

}  // namespace shoal::store
