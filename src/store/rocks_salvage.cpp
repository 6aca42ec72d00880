#include "store/rocks_salvage.h"

#include "base/log_sink.h"
#include "base/try.h"
#include "store/rocks_options.h"
#include "store/rocks_report.h"
#include "store/rocks_status.h"
#include "store/schema.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

// RocksDB's own repair makes a new manifest from the tables that can be read, and moves the others into a folder
// "lost". It works in place, so it gets a directory of its own; tables never change once they are written and are
// linked. Two things it does badly: rows of the log it keeps of the first column only, and a column without a table is
// forgotten, its number given to another one. So
//   1. a table with one row in each column goes beside the linked ones: all columns keep their numbers;
//   2. the repair runs without logs;
//   3. the logs come back under numbers above all others, so that the next open replays them as after a crash;
//   4. the rows of step 1 are erased.
namespace shoal::store {
namespace {

namespace fs = std::filesystem;

/// After every key of a feed.
constexpr const char* kPlaceholder = "\xff\xff\xff\xff salvage";

Error failed(const fs::path& path, const std::error_code& failure) {
  const bool full = failure == std::errc::no_space_on_device;
  return Error{full ? Code::no_space : Code::io, "store: cannot copy to " + path.string() + ": " + failure.message()};
}

Result<void> checked(const rocksdb::Status& status, std::string_view doing) {
  return status.ok() ? Result<void>{} : rocks_error(status, doing);
}

/// The number in the name of a table or log; 0 for another name.
std::uint64_t number_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return failure == std::errc{} && end == stem.data() + stem.size() ? number : 0;
}

std::string name_of(std::uint64_t number, const char* extension) {
  char name[32];
  std::snprintf(name, sizeof name, "%06llu%s", static_cast<unsigned long long>(number), extension);
  return name;
}

class Salvage {
 public:
  Salvage(fs::path from, fs::path to) : from_(std::move(from)), to_(std::move(to)), options_(rocks_db_options()) {
    options_.info_log = make_rocks_logger(silent_);
    const auto cache = make_rocks_cache();
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      columns_.emplace_back(rocks_column_name(column), rocks_column_options(column, cache, nullptr));
    }
  }

  Result<void> run() {
    SHOAL_CHECK(list());
    SHOAL_CHECK(make_placeholders());
    for (const fs::path& table : tables_) SHOAL_CHECK(link(table, to_ / table.filename()));
    SHOAL_CHECK(checked(rocksdb::RepairDB(to_.string(), options_, columns_), "cannot repair " + to_.string()));
    // Above what the repair used itself.
    std::uint64_t number = 2 * highest_ + 1000;
    for (const fs::path& log : logs_) SHOAL_CHECK(copy(log, to_ / name_of(number++, ".log")));
    SHOAL_CHECK(erase_placeholders());
    // Its row may be among what is lost.
    SHOAL_TRY(const auto version, read_schema_file(from_));
    return version ? write_schema_file(to_) : Result<void>{};
  }

 private:
  Result<void> list() {
    std::error_code failure;
    for (fs::directory_iterator at(from_, failure), end; !failure && at != end; at.increment(failure)) {
      const std::string kind = at->path().extension().string();
      const std::uint64_t number = number_of(at->path());
      if (number == 0) continue;
      highest_ = std::max(highest_, number);
      if (kind == ".sst" || kind == ".blob") tables_.push_back(at->path());
      if (kind == ".log") logs_.push_back(at->path());
    }
    std::sort(logs_.begin(), logs_.end(),
              [](const fs::path& a, const fs::path& b) { return number_of(a) < number_of(b); });
    return failure ? Result<void>(failed(from_, failure)) : Result<void>{};
  }

  Result<void> link(const fs::path& file, const fs::path& as) const {
    std::error_code failure;
    fs::create_hard_link(file, as, failure);
    return failure ? copy(file, as) : Result<void>{};
  }

  Result<void> copy(const fs::path& file, const fs::path& as) const {
    std::error_code failure;
    fs::copy_file(file, as, failure);
    return failure ? Result<void>(failed(to_, failure)) : Result<void>{};
  }

  /// Runs `change` for each column of the store at `to_`.
  template <typename Change>
  Result<void> change_columns(const Change& change) {
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    SHOAL_CHECK(
        checked(rocksdb::DB::Open(options_, to_.string(), columns_, &handles, &opened), "cannot open " + to_.string()));
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::Status status;
    for (rocksdb::ColumnFamilyHandle* column : handles) {
      if (status.ok()) status = change(*db, column);
    }
    for (rocksdb::ColumnFamilyHandle* column : handles) {
      [[maybe_unused]] const rocksdb::Status gone = db->DestroyColumnFamilyHandle(column);
    }
    return checked(status, "cannot change " + to_.string());
  }

  Result<void> make_placeholders() {
    // RocksDB takes two tables of one row with the same sequence number for damage. File numbers grow with each
    // salvage, so a number beyond them is none of a former one.
    const std::uint64_t sequence = highest_;
    bool first = true;
    SHOAL_CHECK(change_columns([&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* column) {
      rocksdb::WriteBatch batch;
      rocksdb::Status put;
      for (std::uint64_t i = 0; put.ok() && i <= (first ? sequence : 0); ++i) put = batch.Put(column, kPlaceholder, "");
      first = false;
      if (put.ok()) put = db.Write(rocksdb::WriteOptions(), &batch);
      return put.ok() ? db.Flush(rocksdb::FlushOptions(), column) : put;
    }));
    std::vector<fs::path> tables;
    highest_ += kColumnCount * 1000;  // above the names that they have now
    std::error_code failure;
    for (fs::directory_iterator at(to_, failure), end; !failure && at != end; at.increment(failure)) {
      tables.push_back(at->path());
    }
    for (const fs::path& file : tables) {
      if (file.extension() == ".sst") {
        fs::rename(file, to_ / name_of(++highest_, ".sst"), failure);
      } else {
        fs::remove_all(file, failure);
      }
      if (failure) break;
    }
    return failure ? Result<void>(failed(to_, failure)) : Result<void>{};
  }

  Result<void> erase_placeholders() {
    return change_columns([](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* column) {
      rocksdb::WriteOptions synced;
      synced.sync = true;
      return db.Delete(synced, column, kPlaceholder);
    });
  }

  fs::path from_;
  fs::path to_;
  base::NullLogSink silent_;
  rocksdb::DBOptions options_;
  std::vector<rocksdb::ColumnFamilyDescriptor> columns_;
  std::vector<fs::path> tables_;
  std::vector<fs::path> logs_;
  std::uint64_t highest_ = 0;
};

}  // namespace

Result<void> salvage_rocks_store(const fs::path& from, const fs::path& to) {
  auto done = Salvage(from, to).run();
  if (!done) {
    std::error_code ignored;  // what is left only takes room
    fs::remove_all(to, ignored);
  }
  return done;
}

}  // namespace shoal::store
