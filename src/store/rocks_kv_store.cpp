#include "store/rocks_kv_store.h"

#include "base/assert.h"
#include "base/try.h"
#include "store/rocks_options.h"
#include "store/rocks_report.h"
#include "store/rocks_status.h"
#include "store/schema.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/utilities/debug.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <string>
#include <system_error>
#include <utility>

// RocksDB behind KvStore. Its columns are column families, so one batch and one flush cover all of a feed's rows. Two
// rules go beyond the plain calls: a background failure (a flush that found the disk full) fails every later write
// until the store is opened again, since RocksDB would go on and lose what was acknowledged; and a directory with
// tables but without CURRENT is damage, since RocksDB would create an empty database over it.
namespace shoal::store {
namespace {

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

ByteView view(const rocksdb::Slice& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

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
  std::shared_ptr<RocksHealth> health = std::make_shared<RocksHealth>();
};

class RocksKvStore final : public KvStore {
 public:
  RocksKvStore(Backing backing, Surroundings around, std::unique_ptr<rocksdb::DB> db, Handles handles)
      : backing_(backing), around_(std::move(around)), db_(std::move(db)), handles_(std::move(handles)) {}

  ~RocksKvStore() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      // Only fails for a handle of another database.
      [[maybe_unused]] const rocksdb::Status status = db_->DestroyColumnFamilyHandle(handle);
    }
    // A clean close also flushes what an unlogged store still holds in memory; an error is on the listener's log.
    [[maybe_unused]] const rocksdb::Status status = db_->Close();
  }

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get({}, handle(column), slice(key), &value);
    if (status.IsNotFound() && !status.IsPathNotFound()) return std::optional<Bytes>{};
    if (!status.ok()) return rocks_error(status, "cannot read");
    const ByteView bytes = view(value);
    return std::optional<Bytes>{Bytes(bytes.begin(), bytes.end())};
  }

  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    // The key's newest version tells without loading its blob; a miss is asked again in the way that reports errors.
    std::vector<rocksdb::KeyVersion> versions;
    const rocksdb::Status status =
        rocksdb::GetAllKeyVersions(db_.get(), handle(column), slice(key), slice(key), 1, &versions);
    if (status.ok() && !versions.empty()) {
      const std::string type = versions.front().GetTypeName();
      if (type == "TypeValue" || type == "TypeBlobIndex") return true;
    }
    SHOAL_TRY(const std::optional<Bytes> value, get(column, key));
    return value.has_value();
  }

  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override {
    return std::make_unique<RocksIterator>(
        std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), handle(column))));
  }

  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    SHOAL_CHECK(around_.health->check());
    SHOAL_TRY(rocksdb::WriteBatch rows, converted(batch));
    SHOAL_CHECK(checked(db_->Write(rocks_write_options(backing_, sync), &rows), "cannot write"));
    if (sync == Sync::yes && backing_ == Backing::unlogged) return make_durable();
    return {};
  }

  [[nodiscard]] Result<void> make_durable() override {
    SHOAL_CHECK(around_.health->check());
    switch (backing_) {
      case Backing::logged: return checked(db_->SyncWAL(), "cannot sync the log");
      case Backing::unlogged: return flush();
      case Backing::memory: return {};
    }
    return {};
  }

  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    if (slice(begin).compare(slice(end)) >= 0) return {};
    WriteBatch batch;
    batch.erase_range(column, Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end()));
    SHOAL_CHECK(write(batch, Sync::no));
    // Not DeleteFilesInRanges: it drops tables without counting their blobs as garbage, so one row of an older feed
    // that lives kept 40 MB of blob files on the disk (measured). A compaction counts, and reads only keys and blob
    // places.
    return compact_range(column, begin, end, rocksdb::BlobGarbageCollectionPolicy::kDisable);
  }

  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    return compact_range(column, begin, end, rocksdb::BlobGarbageCollectionPolicy::kForce);
  }

  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end) override {
    return compact_range(column, begin, end, rocksdb::BlobGarbageCollectionPolicy::kDisable);
  }

  [[nodiscard]] ValueFiles value_files(Column column) const override {
    ValueFiles files;
    std::uint64_t value = 0;
    // A property that this version does not know leaves zero: then nothing is worth writing again.
    if (db_->GetIntProperty(handle(column), rocksdb::DB::Properties::kLiveBlobFileSize, &value)) files.bytes = value;
    if (db_->GetIntProperty(handle(column), rocksdb::DB::Properties::kLiveBlobFileGarbageSize, &value)) {
      files.dead = value;
    }
    return files;
  }

 private:
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Column column) const {
    return handles_[static_cast<std::size_t>(column)];
  }

  [[nodiscard]] Result<rocksdb::WriteBatch> converted(const WriteBatch& batch) const {
    std::size_t size = 64;
    for (const WriteBatch::Operation& each : batch.operations()) size += each.key.size() + each.value.size() + 16;
    rocksdb::WriteBatch rows(size, 0, kProtectionBytesPerKey, 0);
    for (const WriteBatch::Operation& each : batch.operations()) {
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
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.allow_write_stall = true;
    options.max_subcompactions = 1;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.blob_garbage_collection_policy = blobs;
    options.blob_garbage_collection_age_cutoff = 1.0;
    const rocksdb::Slice from = slice(begin);
    const rocksdb::Slice to = slice(end);
    return checked(db_->CompactRange(options, handle(column), &from, &to), "cannot compact");
  }

  Backing backing_;
  Surroundings around_;
  std::unique_ptr<rocksdb::DB> db_;
  Handles handles_;
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

std::vector<rocksdb::ColumnFamilyDescriptor> columns_of(const std::vector<std::string>& present) {
  const std::shared_ptr<rocksdb::Cache> cache = make_rocks_cache();
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    columns.emplace_back(rocks_column_name(column), rocks_column_options(column, cache));
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
  rocksdb::DBOptions options = rocks_db_options(backing);
  options.info_log = make_rocks_logger(log);
  options.listeners.push_back(make_rocks_listener(around.health, log));
  Found found = Found::nothing;
  if (backing == Backing::memory) {
    around.memory.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    options.env = around.memory.get();
  } else {
    SHOAL_TRY(found, look(path));
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
  rocksdb::DB* opened = nullptr;
  Handles handles;
  const rocksdb::Status status = rocksdb::DB::Open(options, path.string(), columns_of(present), &handles, &opened);
  if (!status.ok()) return rocks_open_error(status, path.string());
  std::unique_ptr<KvStore> store = std::make_unique<RocksKvStore>(
      backing, std::move(around), std::unique_ptr<rocksdb::DB>(opened), std::move(handles));
  SHOAL_CHECK(ensure_schema(*store, found == Found::nothing));
  return store;
}

}  // namespace shoal::store
