#include "store/rocks_payload_tables.h"

#include "base/try.h"
#include "store/keyspace.h"
#include "store/rocks_options.h"
#include "store/rocks_slice.h"
#include "store/rocks_status.h"
#include "store/write_buffer.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>

// Idea: RocksDB's bulk load. A table is written outside the database, sorted and synced, and then added to it by a line
// in the manifest. So a payload is written once: not to the log, not to a memtable, not by a compaction. (RocksDB wiki,
// "Creating and ingesting SST files".)
//
// A table holds blocks of one feed that follow each other, so tables do not overlap and lie in the last level at once.
// Nothing there merges small ones: merge_small() does, in steps of four in size, so that a byte is written again three
// times at most. Without it a feed that is stored a megabyte at a time would have a million tables in a terabyte.
//
// A payload that is not needed any more is not erased. Its table goes when nothing in it is needed, unread; a table
// that is mostly dead is written again. What is needed only the caller knows (the held set of the feed), so it is
// asked.
namespace shoal::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::string_view kNewTable = "new-";
/// Tables of at least this size are left as they are.
constexpr std::uint64_t kMerged = 8 * kMiB;
/// This many neighbours of one size class are merged, or fewer that make a table of the nominal size.
constexpr std::size_t kFanIn = 8;
constexpr std::uint64_t kLargestMerged = 64 * kMiB;

/// Tables below kMerged by size, in steps of four.
int size_class(std::uint64_t size) {
  int found = 0;
  for (std::uint64_t bound = kMiB / 2; bound < size; bound *= 4) ++found;
  return found;
}

ByteView smallest_of(const rocksdb::SstFileMetaData& file) { return text_view(file.smallestkey); }
ByteView largest_of(const rocksdb::SstFileMetaData& file) { return text_view(file.largestkey); }

bool of_one_feed(const rocksdb::SstFileMetaData& file) {
  return feed_of_key(smallest_of(file)) == feed_of_key(largest_of(file));
}

bool overlaps(const rocksdb::SstFileMetaData& file, ByteView begin, ByteView end) {
  return KeyOrder{}(smallest_of(file), end) && !KeyOrder{}(largest_of(file), begin);
}

}  // namespace

/// While reclaim() runs, compactions of the column leave dead rows out.
class PayloadTables::Filter {
 public:
  struct Request {
    FeedNumber feed;
    const LiveRows* live;
  };

  void set(const std::optional<Request>& request) {
    const std::lock_guard lock(mutex_);
    request_ = request;
  }
  [[nodiscard]] bool drops(ByteView key) const {
    const std::lock_guard lock(mutex_);
    return request_ && feed_of_key(key) == request_->feed && !request_->live->contains(key);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Request> request_;
};

namespace {

class RowFilter final : public rocksdb::CompactionFilter {
 public:
  explicit RowFilter(std::shared_ptr<const PayloadTables::Filter> filter) : filter_(std::move(filter)) {}
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, std::string* /*new_value*/,
              bool* /*changed*/) const override {
    return filter_->drops(view(key));
  }
  [[nodiscard]] const char* Name() const override { return "shoal.payloads"; }

 private:
  std::shared_ptr<const PayloadTables::Filter> filter_;
};

class FilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit FilterFactory(std::shared_ptr<const PayloadTables::Filter> filter) : filter_(std::move(filter)) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<RowFilter>(filter_);
  }
  [[nodiscard]] const char* Name() const override { return "shoal.payloads"; }

 private:
  std::shared_ptr<const PayloadTables::Filter> filter_;
};

}  // namespace

std::shared_ptr<PayloadTables::Filter> PayloadTables::make_filter() { return std::make_shared<Filter>(); }

std::shared_ptr<rocksdb::CompactionFilterFactory> PayloadTables::factory(const std::shared_ptr<Filter>& filter) {
  return std::make_shared<FilterFactory>(filter);
}

PayloadTables::PayloadTables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& column, std::shared_ptr<Filter> filter,
                             const rocksdb::Options& options, std::filesystem::path directory)
    : db_(db),
      column_(column),
      filter_(std::move(filter)),
      options_(std::make_unique<rocksdb::Options>(options)),
      directory_(std::move(directory)) {
  std::error_code failure;
  for (std::filesystem::directory_iterator at(directory_, failure), end; !failure && at != end; at.increment(failure)) {
    if (!at->path().filename().string().starts_with(kNewTable)) continue;
    std::error_code ignored;  // it only takes room
    std::filesystem::remove(at->path(), ignored);
  }
}

PayloadTables::~PayloadTables() = default;

Result<std::vector<bool>> PayloadTables::add(const WriteBatch& batch) {
  Payloads payloads;
  for (const WriteBatch::Operation& each : batch.operations()) {
    if (each.column != Column::payloads) continue;
    // Its place in the order of the batch matters then.
    if (each.kind != WriteBatch::Kind::put) return std::vector<bool>{};
    payloads.push_back(&each);
  }
  std::stable_sort(payloads.begin(), payloads.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  std::vector<bool> taken(batch.operations().size());
  std::vector<std::string> files;
  Result<void> done;
  for (auto first = payloads.begin(); done && first != payloads.end();) {
    const auto last = std::adjacent_find(first, payloads.end(),
                                         [](const auto* a, const auto* b) { return !is_next_block(a->key, b->key); });
    const auto end = last == payloads.end() ? last : std::next(last);
    const std::size_t bytes = std::accumulate(
        first, end, std::size_t{0}, [](std::size_t sum, const auto* each) { return sum + each->value.size(); });
    if (bytes >= kSmallestTable) {
      done = write_run({first, end}, bytes, files);
      for (; first != end; ++first) taken[static_cast<std::size_t>(*first - batch.operations().data())] = true;
    }
    first = end;
  }
  if (files.empty()) return std::vector<bool>{};
  if (done) {
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.write_global_seqno = false;
    if (const auto added = db_.IngestExternalFile(&column_, files, options); !added.ok()) {
      done = rocks_error(added, "cannot add a table");
    }
  }
  if (done) return taken;
  for (const std::string& file : files) {
    std::error_code ignored;  // the next start removes it
    std::filesystem::remove(file, ignored);
  }
  // RocksDB looks into tables whose range overlaps, and one of them is damaged: the log does not.
  if (done.error().code == Code::corrupt) return std::vector<bool>{};
  return done.error();
}

Result<void> PayloadTables::write_run(const Payloads& run, std::size_t bytes, std::vector<std::string>& files) {
  // Tables of about the same size, the nominal one or half as much again.
  const std::size_t share = bytes / std::max<std::size_t>(1, bytes / kPayloadTableSize);
  Payloads table;
  std::size_t in_table = 0;
  for (const auto* payload : run) {
    table.push_back(payload);
    in_table += payload->value.size();
    if (in_table < share && payload != run.back()) continue;
    {
      const std::lock_guard lock(mutex_);
      files.push_back((directory_ / (std::string(kNewTable) + std::to_string(next_file_++) + ".sst")).string());
      if (in_table < kMerged) ++small_tables_;
    }
    SHOAL_CHECK(write_table(table, files.back()));
    table.clear();
    in_table = 0;
  }
  return {};
}

Result<void> PayloadTables::write_table(const Payloads& payloads, const std::string& file) {
  // What was just written is what readers ask for: it stays in the page cache.
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), *options_, &column_, /*invalidate_page_cache=*/false);
  rocksdb::Status status = writer.Open(file);
  for (auto at = payloads.begin(); status.ok() && at != payloads.end(); ++at) {
    status = writer.Put(slice((*at)->key), slice((*at)->value));
  }
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return rocks_error(status, "cannot write a table");
  return {};
}

Result<void> PayloadTables::compact_files(const std::vector<std::string>& files, int level) {
  rocksdb::CompactionOptions options;
  options.compression = rocksdb::CompressionType::kDisableCompressionOption;  // that of the column
  options.output_file_size_limit = kLargestMerged;
  const rocksdb::Status status = db_.CompactFiles(options, &column_, files, level);
  // A compaction of RocksDB's own has one of them, or it is gone: there is a next time.
  if (status.ok() || status.IsAborted() || status.IsInvalidArgument() || status.IsBusy()) return {};
  return rocks_error(status, "cannot merge tables");
}

Result<void> PayloadTables::merge_small() {
  {
    const std::lock_guard lock(mutex_);
    if (small_tables_ < kFanIn) return {};
    small_tables_ = 0;
  }
  const std::lock_guard one(compacting_);
  rocksdb::ColumnFamilyMetaData column;
  db_.GetColumnFamilyMetaData(&column_, &column);
  for (const rocksdb::LevelMetaData& level : column.levels) {
    if (level.level == 0) continue;  // RocksDB merges those
    std::vector<const rocksdb::SstFileMetaData*> run;
    std::uint64_t bytes = 0;
    const auto end_run = [&]() -> Result<void> {
      std::vector<std::string> names;
      names.reserve(run.size());
      for (const auto* file : run) names.push_back(file->name);
      run.clear();
      const std::uint64_t written = std::exchange(bytes, 0);
      const bool worth_it = names.size() >= kFanIn || (names.size() > 1 && written >= kPayloadTableSize);
      return worth_it ? compact_files(names, level.level) : Result<void>{};
    };
    for (const rocksdb::SstFileMetaData& file : level.files) {
      const bool small = file.size < kMerged && of_one_feed(file) && !file.being_compacted;
      const bool joins = small && !run.empty() && size_class(file.size) == size_class(run.back()->size) &&
                         feed_of_key(smallest_of(file)) == feed_of_key(smallest_of(*run.back())) &&
                         run.size() < 2 * kFanIn && bytes < kPayloadTableSize && bytes + file.size <= scratch_;
      if (!joins) SHOAL_CHECK(end_run());
      if (!small) continue;
      run.push_back(&file);
      bytes += file.size;
    }
    SHOAL_CHECK(end_run());
  }
  return {};
}

Result<void> PayloadTables::reclaim(ByteView begin, ByteView end, const LiveRows& live) {
  const std::lock_guard one(compacting_);
  const FeedNumber feed = feed_of_key(begin);
  rocksdb::ColumnFamilyMetaData column;
  db_.GetColumnFamilyMetaData(&column_, &column);
  const int last_level = static_cast<int>(column.levels.size()) - 1;
  filter_->set(Filter::Request{feed, &live});
  Result<void> done;
  Shared shared;
  for (const rocksdb::LevelMetaData& level : column.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) {
      if (!done || !overlaps(file, begin, end)) continue;
      if (level.level == 0 || !of_one_feed(file)) {
        shared.bytes += file.size;
        continue;
      }
      shared.others += file.size;
      if (file.being_compacted) continue;
      const std::uint64_t needed = live.count(smallest_of(file), largest_of(file));
      const bool has_blobs = file.oldest_blob_file_number != 0;  // they would not be counted as garbage
      if (needed == 0 && level.level == last_level && !has_blobs) {
        // By its name: a payload that was fetched again in its range lies in another table.
        if (const auto dropped = db_.DeleteFile(file.name); dropped.ok()) continue;
      }
      const std::uint64_t written = file.size / std::max<std::uint64_t>(1, file.num_entries) * needed;
      if (needed <= file.num_entries / 2 && written <= scratch_) done = compact_files({file.name}, level.level);
    }
  }
  if (done) done = reclaim_shared(shared, begin, end, live);
  filter_->set(std::nullopt);
  return done;
}

/// Tables that small batches of several feeds share have no table of their own to drop: their range is compacted once
/// a quarter of them is dead.
Result<void> PayloadTables::reclaim_shared(const Shared& shared, ByteView begin, ByteView end, const LiveRows& live) {
  // Nobody remembers what was dropped before the start: the first range begins with the feed.
  const auto feed_begin = begin.first(std::min(begin.size(), sizeof(std::uint32_t)));
  Bytes& from = unreclaimed_.try_emplace(feed_of_key(begin), feed_begin.begin(), feed_begin.end()).first->second;
  if (KeyOrder{}(begin, from)) from.assign(begin.begin(), begin.end());
  if (shared.bytes == 0) return {};
  const rocksdb::Range range(slice(from), slice(end));
  std::uint64_t bytes = 0;
  if (!db_.GetApproximateSizes(&column_, &range, 1, &bytes).ok()) return {};
  bytes -= std::min(bytes, shared.others);
  if (bytes < kMiB || bytes < shared.bytes / 4 || shared.bytes > scratch_ || live.count(begin, end) > 0) return {};
  const rocksdb::CompactRangeOptions options = rocks_compact_options();
  const rocksdb::Slice first = slice(from);
  const rocksdb::Slice last = slice(end);
  const rocksdb::Status status = db_.CompactRange(options, &column_, &first, &last);
  if (!status.ok()) return rocks_error(status, "cannot compact payloads");
  from.assign(end.begin(), end.end());
  return {};
}

}  // namespace shoal::store
