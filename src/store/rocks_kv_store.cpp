#include "store/rocks_kv_store.h"

#include "base/assert.h"
#include "base/try.h"
#include "store/keyspace.h"
#include "store/rocks_files.h"
#include "store/rocks_options.h"
#include "store/rocks_payload_tables.h"
#include "store/rocks_report.h"
#include "store/rocks_slice.h"
#include "store/rocks_status.h"
#include "store/schema.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

// RocksDB behind KvStore. Its columns are column families, so one batch and one log cover all of a feed's rows; large
// payloads go around both (PayloadTables). Three rules go beyond the plain calls: a background failure (a flush that
// found the disk full) fails every later write until RocksDB works again, since it would go on and lose what was
// acknowledged; a directory with tables but without CURRENT is damage, since RocksDB would create an empty database
// over it; and the log is flushed when many short commands have each left a piece of it.
namespace shoal::store {
namespace {

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

Result<void> checked(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  return rocks_error(status, doing);
}

class RocksIterator final : public KvIterator {
 public:
  explicit RocksIterator(std::unique_ptr<rocksdb::Iterator> iterator) : iterator_(std::move(iterator)) {}

  void seek(ByteView key) override { iterator_->Seek(slice(key)); }
  void seek_for_prev(ByteView key) override { iterator_->SeekForPrev(slice(key)); }
  void next() override {
    SHOAL_ASSERT(iterator_->Valid());
    iterator_->Next();
  }
  void prev() override {
    SHOAL_ASSERT(iterator_->Valid());
    iterator_->Prev();
  }
  [[nodiscard]] bool valid() const override { return iterator_->Valid(); }
  [[nodiscard]] ByteView key() const override {
    SHOAL_ASSERT(iterator_->Valid());
    return view(iterator_->key());
  }
  [[nodiscard]] ByteView value() const override {
    SHOAL_ASSERT(iterator_->Valid());
    return view(iterator_->value());
  }
  [[nodiscard]] Result<void> status() const override { return checked(iterator_->status(), "cannot iterate"); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

/// What must outlive the database, in this order.
struct Surroundings {
  std::unique_ptr<rocksdb::Env> memory;
  std::unique_ptr<RocksFiles> files;  ///< of a store on the disk
  std::shared_ptr<RocksHealth> health = std::make_shared<RocksHealth>();
};

class RocksKvStore final : public KvStore {
 public:
  /// `read_only`: why nothing is written.
  RocksKvStore(Backing backing, Surroundings around, std::unique_ptr<rocksdb::DB> db, Handles handles,
               std::unique_ptr<PayloadTables> tables, std::optional<Error> read_only = {})
      : backing_(backing),
        around_(std::move(around)),
        db_(std::move(db)),
        handles_(std::move(handles)),
        tables_(std::move(tables)),
        read_only_(std::move(read_only)) {}

  ~RocksKvStore() override {
    // What the next start would have to read; small logs are left to it, since a flush makes a table in each column.
    if (backing_ == Backing::disk && !read_only_ && logs().bytes > kLogLeftAtClose) std::ignore = flush();
    tables_.reset();
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      // Only fails for a handle of another database.
      [[maybe_unused]] const rocksdb::Status status = db_->DestroyColumnFamilyHandle(handle);
    }
    // An error is on the listener's log.
    [[maybe_unused]] const rocksdb::Status status = db_->Close();
  }

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override {
    rocksdb::PinnableSlice value;
    SHOAL_TRY(const bool found, find(column, key, value));
    if (!found) return std::optional<Bytes>{};
    const ByteView bytes = view(value);
    return std::optional<Bytes>{Bytes(bytes.begin(), bytes.end())};
  }

  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    rocksdb::PinnableSlice value;  // not copied
    return find(column, key, value);
  }

  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override {
    return std::make_unique<RocksIterator>(
        std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(read_options(column), handle(column))));
  }

  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    SHOAL_CHECK(check_health());
    std::vector<bool> done;
    // First: a payload without its other rows is never read, the other way round it would be missed.
    if (tables_) {
      SHOAL_TRY(done, tables_->add(batch));
    }
    SHOAL_TRY(rocksdb::WriteBatch rows, converted(batch, done));
    SHOAL_CHECK(checked(db_->Write(rocks_write_options(backing_, sync), &rows), "cannot write"));
    if (backing_ == Backing::disk) SHOAL_CHECK(bound_log(rows.GetDataSize()));
    return tables_ && !done.empty() ? tables_->merge_small() : Result<void>{};
  }

  [[nodiscard]] Result<void> make_durable() override {
    if (read_only_) return {};
    SHOAL_CHECK(check_health());
    return backing_ == Backing::memory ? Result<void>{} : checked(db_->SyncWAL(), "cannot sync the log");
  }

  [[nodiscard]] Result<void> check_writable() const override {
    return read_only_ ? Result<void>(*read_only_) : around_.health->check();
  }

  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    if (slice(begin).compare(slice(end)) >= 0) return {};
    WriteBatch batch;
    batch.erase_range(column, Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end()));
    SHOAL_CHECK(write(batch, Sync::no));
    const rocksdb::Slice from = slice(begin);
    const rocksdb::Slice to = slice(end);
    const rocksdb::RangePtr range(&from, &to);
    SHOAL_CHECK(checked(rocksdb::DeleteFilesInRanges(db_.get(), handle(column), &range, 1, /*include_end=*/false),
                        "cannot drop tables"));
    return compact_range(column, begin, end, rocksdb::BlobGarbageCollectionPolicy::kDisable);
  }

  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    if (read_only_) return *read_only_;
    return compact_range(column, begin, end, rocksdb::BlobGarbageCollectionPolicy::kForce);
  }

  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) override {
    if (!tables_ || column != Column::payloads) return KvStore::reclaim(column, begin, end, live);
    return tables_->reclaim(begin, end, live);
  }

  void limit_scratch(std::uint64_t bytes) override {
    if (tables_) tables_->limit_scratch(bytes);
  }

  /// Flushes the log when it may not be on the disk, or when short commands have left many pieces of it; merges the
  /// tables that such flushes made.
  [[nodiscard]] Result<void> tidy_after_open() {
    const bool unsynced = around_.files->sync_failed();
    const Logs left = logs();
    if (left.pieces < kLogPieces && left.bytes < kLogLeftAtClose && !unsynced) return {};
    SHOAL_CHECK(touch());
    SHOAL_CHECK(flush());
    if (unsynced) around_.files->forget_failed_sync();
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      rocksdb::ColumnFamilyMetaData column;
      db_->GetColumnFamilyMetaData(handles_[i], &column);
      if (column.file_count < kFreshTables || column.size > kSmallColumn) continue;
      SHOAL_CHECK(compact_range(static_cast<Column>(i), {}, {}, rocksdb::BlobGarbageCollectionPolicy::kUseDefault));
    }
    return {};
  }

 private:
  /// Bytes of log that a close leaves for the next open to read: some 10 ms.
  static constexpr std::uint64_t kLogLeftAtClose = std::uint64_t{1} << 20;
  /// Bytes of log that an open after a kill reads: some 50 ms.
  static constexpr std::uint64_t kLogAtMost = std::uint64_t{8} << 20;
  /// Each open begins a new piece of log.
  static constexpr std::size_t kLogPieces = 16;
  /// Tables of one column. RocksDB merges them in the background, which a short command does not wait for, or only
  /// moves them to the next level; so columns up to kSmallColumn are merged here.
  static constexpr std::size_t kFreshTables = 4;
  static constexpr std::uint64_t kSmallColumn = std::uint64_t{16} << 20;

  /// A failed background job fails every write; a full disk may have room again.
  [[nodiscard]] Result<void> check_health() {
    if (read_only_) return *read_only_;
    auto healthy = around_.health->check();
    if (healthy || healthy.error().code != Code::no_space) return healthy;
    if (const rocksdb::Status resumed = db_->Resume(); !resumed.ok()) return healthy;
    if (around_.files) around_.files->forget_failed_sync();
    around_.health->clear();
    return {};
  }

  /// False when there is no such row.
  [[nodiscard]] Result<bool> find(Column column, ByteView key, rocksdb::PinnableSlice& value) const {
    const rocksdb::Status status = db_->Get(read_options(column), handle(column), slice(key), &value);
    if (status.IsNotFound() && !status.IsPathNotFound()) return false;
    if (!status.ok()) return rocks_error(status, "cannot read");
    return true;
  }

  [[nodiscard]] static rocksdb::ReadOptions read_options(Column column) {
    rocksdb::ReadOptions options;
    // Payloads are read once; the cache is for what is looked up again.
    options.fill_cache = column != Column::payloads;
    return options;
  }

  /// Flushes once the log has kLogAtMost bytes. RocksDB's own limit only begins flushes, and rows that come meanwhile
  /// are in the log again: 87 MB were found after a kill.
  [[nodiscard]] Result<void> bound_log(std::size_t written) {
    const std::uint64_t logged = logged_ += written;
    if (logged < kLogAtMost) return {};
    logged_ = 0;
    return flush();
  }

  /// Writes a row as it is: RocksDB lets go of logs only when a flush has something to write, of empty ones, too.
  [[nodiscard]] Result<void> touch() {
    SHOAL_TRY(const std::optional<Bytes> row, get(Column::meta, schema_key()));
    WriteBatch batch;
    batch.put(Column::meta, schema_key(), row.value_or(Bytes{}));
    return row ? write(batch, Sync::no) : Result<void>{};
  }

  struct Logs {
    std::size_t pieces = 0;
    std::uint64_t bytes = 0;
  };
  /// RocksDB's own list fails when the first record of one is damaged, which recovery has passed over.
  [[nodiscard]] Logs logs() const {
    Logs found;
    std::error_code failure;
    for (std::filesystem::directory_iterator at(db_->GetName(), failure), end; !failure && at != end;
         at.increment(failure)) {
      if (at->path().extension() != ".log") continue;
      std::error_code gone;
      const std::uintmax_t bytes = at->file_size(gone);
      if (gone) continue;
      ++found.pieces;
      found.bytes += bytes;
    }
    return found;
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Column column) const {
    return handles_[static_cast<std::size_t>(column)];
  }

  [[nodiscard]] Result<rocksdb::WriteBatch> converted(const WriteBatch& batch, const std::vector<bool>& done) const {
    const auto left = [&](std::size_t i) { return done.empty() || !done[i]; };
    const std::vector<WriteBatch::Operation>& operations = batch.operations();
    std::size_t size = 64;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (left(i)) size += operations[i].key.size() + operations[i].value.size() + 16;
    }
    rocksdb::WriteBatch rows(size, 0, kProtectionBytesPerKey, 0);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (!left(i)) continue;
      const WriteBatch::Operation& each = operations[i];
      rocksdb::ColumnFamilyHandle* const column = handle(each.column);
      rocksdb::Status status;
      switch (each.kind) {
        case WriteBatch::Kind::put: status = rows.Put(column, slice(each.key), slice(each.value)); break;
        case WriteBatch::Kind::erase: status = rows.Delete(column, slice(each.key)); break;
        case WriteBatch::Kind::erase_range:
          if (slice(each.key).compare(slice(each.value)) >= 0) continue;
          status = rows.DeleteRange(column, slice(each.key), slice(each.value));
          break;
      }
      SHOAL_CHECK(checked(status, "cannot build a batch"));
    }
    return rows;
  }

  [[nodiscard]] Result<void> flush() {
    rocksdb::FlushOptions options;
    options.allow_write_stall = true;
    const Handles columns(handles_.begin(), handles_.begin() + kColumnCount);
    SHOAL_CHECK(checked(db_->Flush(options, columns), "cannot flush"));
    return around_.health->check();
  }

  [[nodiscard]] Result<void> compact_range(Column column, ByteView begin, ByteView end,
                                           rocksdb::BlobGarbageCollectionPolicy blobs) {
    rocksdb::CompactRangeOptions options = rocks_compact_options();
    options.blob_garbage_collection_policy = blobs;
    options.blob_garbage_collection_age_cutoff = 1.0;
    const rocksdb::Slice from = slice(begin);
    const rocksdb::Slice to = slice(end);
    const bool all = begin.empty() && end.empty();
    return checked(db_->CompactRange(options, handle(column), all ? nullptr : &from, all ? nullptr : &to),
                   "cannot compact");
  }

  Backing backing_;
  Surroundings around_;
  std::unique_ptr<rocksdb::DB> db_;
  Handles handles_;
  std::unique_ptr<PayloadTables> tables_;  // of a store on the disk
  const std::optional<Error> read_only_;
  std::atomic<std::uint64_t> logged_ = 0;  ///< bytes since the last flush that was asked for here
};

/// What is at `path`: nothing of RocksDB, a database, or the rest of one.
enum class Found : std::uint8_t { nothing, database, remains };

/// RocksDB creates an empty database over the tables of one whose CURRENT file is gone; that would be a silent loss.
Result<Found> look(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::directory_iterator entries(path, failure);
  if (failure == std::errc::no_such_file_or_directory) return Found::nothing;
  bool remains = false;
  while (!failure && entries != std::filesystem::directory_iterator()) {
    const std::filesystem::path name = entries->path().filename();
    if (name == "CURRENT") return Found::database;
    const std::string kind = name.extension().string();
    remains = remains || kind == ".sst" || kind == ".blob";
    entries.increment(failure);
  }
  if (failure) return Error{Code::io, "store: cannot list " + path.string() + ": " + failure.message()};
  return remains ? Found::remains : Found::nothing;
}

std::vector<rocksdb::ColumnFamilyDescriptor> columns_of(const std::vector<std::string>& present,
                                                        const std::shared_ptr<PayloadTables::Filter>& filter) {
  const std::shared_ptr<rocksdb::Cache> cache = make_rocks_cache();
  const auto factory = PayloadTables::factory(filter);
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    columns.emplace_back(rocks_column_name(column), rocks_column_options(column, cache, factory));
  }
  // Columns of another version are opened too, so that the version row, not RocksDB, gives the reason to refuse.
  for (const std::string& name : present) {
    bool known = false;
    for (const rocksdb::ColumnFamilyDescriptor& column : columns) known = known || column.name == name;
    if (!known) columns.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  return columns;
}

}  // namespace

Result<std::unique_ptr<KvStore>> open_rocks_store(const std::filesystem::path& path, Backing backing,
                                                  base::LogSink& log) {
  Surroundings around;
  rocksdb::DBOptions options = rocks_db_options();
  options.info_log = make_rocks_logger(log);
  options.listeners.push_back(make_rocks_listener(around.health, log));
  Found found = Found::nothing;
  std::optional<std::uint32_t> version;
  if (backing == Backing::memory) {
    around.memory.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    options.env = around.memory.get();
  } else {
    around.files = std::make_unique<RocksFiles>(path);
    options.env = around.files->env();
    SHOAL_TRY(found, look(path));
    SHOAL_TRY(version, read_schema_file(path));
    if (found == Found::remains) return Error{Code::corrupt, "store: " + path.string() + " has lost its CURRENT file"};
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) return Error{Code::io, "store: cannot create " + path.string() + ": " + failure.message()};
  }

  std::vector<std::string> present;
  if (found == Found::database) {
    const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path.string(), &present);
    if (!status.ok()) return rocks_open_error(status, path.string());
  }
  const auto filter = PayloadTables::make_filter();
  const std::vector<rocksdb::ColumnFamilyDescriptor> columns = columns_of(present, filter);
  rocksdb::DB* opened = nullptr;
  Handles handles;
  const rocksdb::Status status = rocksdb::DB::Open(options, path.string(), columns, &handles, &opened);
  if (!status.ok()) return rocks_open_error(status, path.string());
  std::unique_ptr<PayloadTables> tables;
  if (backing == Backing::disk) {
    const auto payloads = static_cast<std::size_t>(Column::payloads);
    tables = std::make_unique<PayloadTables>(*opened, *handles[payloads], filter,
                                             rocksdb::Options(options, columns[payloads].options), path);
  }
  auto store = std::make_unique<RocksKvStore>(backing, std::move(around), std::unique_ptr<rocksdb::DB>(opened),
                                              std::move(handles), std::move(tables));
  SHOAL_CHECK(ensure_schema(*store, found == Found::nothing ? kSchemaVersion : version));
  if (backing == Backing::disk) {
    SHOAL_CHECK(write_schema_file(path));
    SHOAL_CHECK(store->tidy_after_open());
  }
  return std::unique_ptr<KvStore>(std::move(store));
}

Result<std::unique_ptr<KvStore>> open_rocks_store_read_only(const std::filesystem::path& path, Error why,
                                                            base::LogSink& log) {
  Surroundings around;
  rocksdb::DBOptions options = rocks_db_options();
  options.info_log = make_rocks_logger(log);
  SHOAL_TRY(const auto version, read_schema_file(path));
  std::vector<std::string> present;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, path.string(), &present);
  if (!listed.ok()) return rocks_open_error(listed, path.string());
  rocksdb::DB* opened = nullptr;
  Handles handles;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      options, path.string(), columns_of(present, PayloadTables::make_filter()), &handles, &opened);
  if (!status.ok()) return rocks_open_error(status, path.string());
  auto store = std::make_unique<RocksKvStore>(Backing::disk, std::move(around), std::unique_ptr<rocksdb::DB>(opened),
                                              std::move(handles), std::unique_ptr<PayloadTables>{}, std::move(why));
  SHOAL_CHECK(check_schema(*store, version));
  return std::unique_ptr<KvStore>(std::move(store));
}

}  // namespace shoal::store
