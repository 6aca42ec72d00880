// What only a store on a disk does: opening again, crashes, damage, room.
#include "store/rocks_kv_store.h"

#include "base/log_sink.h"
#include "base/random.h"
#include "store/keyspace.h"
#include "temp_dir.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

base::NullLogSink null_log;

Result<std::unique_ptr<KvStore>> open(const fs::path& path, Backing backing) {
  return open_rocks_store(path, backing, null_log);
}

std::unique_ptr<KvStore> must_open(const fs::path& path, Backing backing) {
  Result<std::unique_ptr<KvStore>> store = open(path, backing);
  EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message);
  return store.ok() ? std::move(store).value() : nullptr;
}

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  base::SeededRandom random(seed);
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

Bytes key_of(std::uint32_t feed, std::uint64_t block) { return block_key(FeedNumber{feed}, BlockIndex{block}); }

/// One block's rows in three columns, in one batch.
void put_block(KvStore& store, std::uint64_t block, Sync sync, std::size_t size = 1000) {
  WriteBatch batch;
  batch.put(Column::headers, key_of(1, block), random_bytes(block, 100));
  batch.put(Column::payloads, key_of(1, block), random_bytes(block, size));
  batch.put(Column::offsets, offset_key(FeedNumber{1}, TopicNumber{0}, Offset{static_cast<std::int64_t>(block)}), {});
  ASSERT_TRUE(store.write(batch, sync).ok());
}

std::uint64_t count(const KvStore& store, Column column) {
  const std::unique_ptr<KvIterator> at = store.iterate(column);
  std::uint64_t rows = 0;
  for (at->seek({}); at->valid(); at->next()) ++rows;
  EXPECT_TRUE(at->status().ok());
  return rows;
}

std::vector<fs::path> files_of(const fs::path& path, const std::string& extension) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == extension && entry.file_size() > 0) found.push_back(entry.path());
  }
  return found;
}

void flip_byte(const fs::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(at);
  file.put(byte);
}

Code code_of(const Result<std::unique_ptr<KvStore>>& opened) {
  EXPECT_FALSE(opened.ok());
  return opened.ok() ? Code::closed : opened.error().code;
}

class RocksKvStore : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  testing::TempDir dir_;
};

TEST_F(RocksKvStore, ACleanCloseKeepsEverythingOnDisk) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::no);
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  EXPECT_EQ(store->get(Column::payloads, key_of(1, 1)).value(), random_bytes(1, 1000));
}

TEST_F(RocksKvStore, AMemoryStoreTouchesNoDiskAndEndsWithItsObject) {
  const fs::path path = dir_ / "memory";
  {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::memory);
    put_block(*store, 1, Sync::yes, 100'000);
    ASSERT_TRUE(store->compact(Column::payloads, key_of(1, 0), key_of(2, 0)).ok());
    EXPECT_EQ(store->get(Column::payloads, key_of(1, 1)).value(), random_bytes(1, 100'000));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(count(*must_open(path, Backing::memory), Column::payloads), 0U);
}

TEST_F(RocksKvStore, ALoggedStoreKeepsWhatWasSyncedThroughAKill) {
  const fs::path path = dir_ / "store";
  const auto write_and_die = [&] {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    for (std::uint64_t i = 0; i < 100; ++i) put_block(*store, i, i == 99 ? Sync::yes : Sync::no);
    ::_exit(0);
  };
  EXPECT_EXIT(write_and_die(), ::testing::ExitedWithCode(0), "");
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  for (const Column column : {Column::headers, Column::payloads, Column::offsets})
    EXPECT_EQ(count(*store, column), 100U);
}

TEST_F(RocksKvStore, IsHeldByOneProcess) {
  const fs::path path = dir_ / "store";
  std::unique_ptr<KvStore> held;
  if (dir_.owner()) held = must_open(path, Backing::disk);
  const auto try_to_open = [&] {
    const Result<std::unique_ptr<KvStore>> second = open(path, Backing::disk);
    ::_exit(!second.ok() && second.error().code == Code::in_use && !second.error().hint.empty() ? 0 : 1);
  };
  EXPECT_EXIT(try_to_open(), ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(code_of(open(path, Backing::disk)), Code::in_use) << "twice in one process";
}

/// Names, sizes and times of all files.
std::string files_in(const fs::path& path) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(path)) {
    all[entry.path().filename().string()] =
        std::to_string(entry.file_size()) + " " + std::to_string(entry.last_write_time().time_since_epoch().count());
  }
  std::string text;
  for (const auto& [name, about] : all) text.append(name).append(" ").append(about).append("\n");
  return text;
}

TEST_F(RocksKvStore, ReadOnlyItHasEverythingAndWritesNothing) {
  const fs::path path = dir_ / "store";
  {
    const auto store = must_open(path, Backing::disk);
    for (std::uint64_t block = 0; block < 20; ++block) put_block(*store, block, Sync::no, 50'000);
  }
  const std::string before = files_in(path);
  {
    auto opened = open_rocks_store_read_only(path, Error{Code::no_space, "full", ""}, null_log);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    KvStore& store = **opened;
    EXPECT_EQ(count(store, Column::headers), 20U);
    EXPECT_EQ(store.get(Column::payloads, key_of(1, 7)).value(), random_bytes(7, 50'000));
    EXPECT_EQ(store.check_writable().error().code, Code::no_space);
    WriteBatch batch;
    batch.put(Column::meta, {1}, Bytes{1});
    EXPECT_EQ(store.write(batch, Sync::no).error().code, Code::no_space);
    EXPECT_EQ(store.drop_range(Column::headers, key_of(1, 0), key_of(1, 9)).error().code, Code::no_space);
    EXPECT_EQ(store.compact(Column::headers, {}, {}).error().code, Code::no_space);
    EXPECT_TRUE(store.make_durable().ok()) << "there is nothing that is not";
  }
  EXPECT_EQ(files_in(path), before);
  EXPECT_FALSE(open_rocks_store_read_only(path / "nothing", Error{Code::no_space, "full", ""}, null_log).ok());
  EXPECT_FALSE(fs::exists(path / "nothing"));
}

TEST_F(RocksKvStore, AfterAFailedSyncTheNextOpeningWritesTheLogAnew) {
  const fs::path path = dir_ / "store";
  const auto tables = [&] {
    return std::count_if(fs::directory_iterator(path), fs::directory_iterator(),
                         [](const auto& entry) { return entry.path().extension() == ".sst"; });
  };
  put_block(*must_open(path, Backing::disk), 1, Sync::yes);
  ASSERT_EQ(tables(), 0) << "the row is in the log";
  std::ofstream(path / "UNSYNCED") << "why";
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  EXPECT_GT(tables(), 0);
  EXPECT_FALSE(fs::exists(path / "UNSYNCED"));
  EXPECT_EQ(store->get(Column::payloads, key_of(1, 1)).value(), random_bytes(1, 1000));
}

TEST_F(RocksKvStore, RefusesAnotherSchemaVersionAndNamesBoth) {
  const fs::path path = dir_ / "store";
  {
    WriteBatch batch;
    batch.put(Column::meta, schema_key(), Bytes{0, 0, 1, 44});
    ASSERT_TRUE(must_open(path, Backing::disk)->write(batch, Sync::yes).ok());
  }
  const Result<std::unique_ptr<KvStore>> opened = open(path, Backing::disk);
  ASSERT_EQ(code_of(opened), Code::unsupported);
  EXPECT_NE(opened.error().message.find("version 300"), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find("version 2"), std::string::npos);
}

/// A store with one block as the first version wrote it: its own row, no file of the version.
void make_first_version(const fs::path& path) {
  {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    put_block(*store, 1, Sync::yes);
    WriteBatch batch;
    batch.put(Column::meta, schema_key(), Bytes{0, 0, 0, 1});
    if (!store->write(batch, Sync::yes).ok()) throw std::runtime_error("cannot write the version");
  }
  fs::remove(path / "SCHEMA");
}

TEST_F(RocksKvStore, AStoreOfTheFirstVersionIsTakenOver) {
  const fs::path path = dir_ / "store";
  make_first_version(path);
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  EXPECT_EQ(store->get(Column::meta, schema_key()).value(), (Bytes{0, 0, 0, 2}));
  EXPECT_EQ(store->get(Column::payloads, key_of(1, 1)).value(), random_bytes(1, 1000));
  EXPECT_TRUE(fs::exists(path / "SCHEMA"));
}

TEST_F(RocksKvStore, AStoreOfTheFirstVersionIsReadWithoutTakingItOver) {
  const fs::path path = dir_ / "store";
  make_first_version(path);
  const auto open_read_only = [&] {
    return open_rocks_store_read_only(path, Error{Code::unsupported, "read-only", ""}, null_log);
  };
  {
    const auto opened = open_read_only();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ((*opened)->get(Column::payloads, key_of(1, 1)).value(), random_bytes(1, 1000));
    EXPECT_EQ((*opened)->get(Column::meta, schema_key()).value(), (Bytes{0, 0, 0, 1}));
  }
  std::ofstream(path / "SCHEMA") << "3 3\n";
  EXPECT_EQ(code_of(open_read_only()), Code::unsupported);
}

TEST_F(RocksKvStore, ANewerStoreIsLeftAlone) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::yes);
  std::ofstream(path / "SCHEMA") << "3 3\n";
  const auto listing = [&] {
    std::map<std::string, std::uintmax_t> files;
    for (const auto& entry : fs::directory_iterator(path)) files[entry.path().filename()] = entry.file_size();
    return files;
  };
  const auto before = listing();
  const Result<std::unique_ptr<KvStore>> opened = open(path, Backing::disk);
  ASSERT_EQ(code_of(opened), Code::unsupported);
  EXPECT_NE(opened.error().message.find("version 3"), std::string::npos) << opened.error().message;
  EXPECT_EQ(listing(), before);
}

TEST_F(RocksKvStore, ADamagedVersionFileIsWrittenAnew) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::yes);
  std::ofstream(path / "SCHEMA") << "?\n";
  EXPECT_TRUE(must_open(path, Backing::disk)->contains(Column::headers, key_of(1, 1)).value());
  std::string version;
  std::ifstream(path / "SCHEMA") >> version;
  EXPECT_EQ(version, "2");
}

TEST_F(RocksKvStore, AStoreWithoutAReadableVersionIsCorrupt) {
  const fs::path path = dir_ / "store";
  {
    WriteBatch batch;
    batch.erase(Column::meta, schema_key());
    batch.put(Column::meta, head_key(FeedNumber{1}), Bytes{1});
    ASSERT_TRUE(must_open(path, Backing::disk)->write(batch, Sync::yes).ok());
  }
  const char* const version = "SCHEMA";
  fs::rename(path / version, dir_ / version);
  EXPECT_EQ(code_of(open(path, Backing::disk)), Code::corrupt);
  EXPECT_EQ(code_of(open_rocks_store_read_only(path, Error{Code::no_space, "full", ""}, null_log)), Code::corrupt);
  fs::rename(dir_ / version, path / version);
  EXPECT_TRUE(open_rocks_store_read_only(path, Error{Code::no_space, "full", ""}, null_log).ok());
  EXPECT_EQ(must_open(path, Backing::disk)->get(Column::meta, schema_key()).value(), (Bytes{0, 0, 0, 2}))
      << "a lost log took the row: the file tells";
}

TEST_F(RocksKvStore, ALostCurrentFileIsNotAnEmptyStore) {
  const fs::path path = dir_ / "store";
  {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    put_block(*store, 1, Sync::yes);
    ASSERT_TRUE(store->compact(Column::payloads, key_of(1, 0), key_of(2, 0)).ok());
  }
  fs::remove(path / "CURRENT");
  EXPECT_EQ(code_of(open(path, Backing::disk)), Code::corrupt);
}

TEST_F(RocksKvStore, ALogThatIsDamagedFromItsFirstRecordOnIsPassedOver) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::yes);
  put_block(*must_open(path, Backing::disk), 2, Sync::yes);  // in a piece of its own
  auto logs = files_of(path, ".log");
  std::sort(logs.begin(), logs.end());
  ASSERT_GE(logs.size(), 2U);
  flip_byte(logs.back(), 10);
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  EXPECT_TRUE(*store->contains(Column::headers, key_of(1, 1)));
  EXPECT_FALSE(*store->contains(Column::headers, key_of(1, 2)));
}

TEST_F(RocksKvStore, ALostTableIsCorrupt) {
  const fs::path path = dir_ / "store";
  {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    put_block(*store, 1, Sync::yes, 500'000);
  }
  const std::vector<fs::path> tables = files_of(path, ".sst");
  ASSERT_FALSE(tables.empty());
  fs::remove(tables.front());
  EXPECT_EQ(code_of(open(path, Backing::disk)), Code::corrupt);
}

TEST_F(RocksKvStore, ADamagedPayloadIsCorruptAndNeverWrongBytes) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::yes, 500'000);
  const std::vector<fs::path> tables = files_of(path, ".sst");
  ASSERT_EQ(tables.size(), 1U);
  {
    std::fstream file(tables.front(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200'000);
    file.put(static_cast<char>(random_bytes(1, 500'000)[0]));
    file.put('!');
  }
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  const Result<std::optional<Bytes>> value = store->get(Column::payloads, key_of(1, 1));
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::corrupt);
}

/// A store killed with 50 rows of 1000 bytes in its log.
void leave_a_log(const fs::path& path) {
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  for (std::uint64_t i = 0; i < 50; ++i) put_block(*store, i, i == 49 ? Sync::yes : Sync::no);
  ::_exit(0);
}

// Damage in the log loses what comes after it, never what comes before, and leaves a store that opens: the journal says
// what an own feed has lost.
TEST_F(RocksKvStore, ADamagedLogOpensWithWhatCameBefore) {
  const fs::path path = dir_ / "store";
  EXPECT_EXIT(leave_a_log(path), ::testing::ExitedWithCode(0), "");
  const fs::path copy = dir_ / "copy";
  fs::copy(path, copy, fs::copy_options::recursive);
  const std::vector<fs::path> logs = files_of(path, ".log");
  ASSERT_EQ(logs.size(), 1U);
  const std::uintmax_t size = fs::file_size(logs.front());

  fs::resize_file(logs.front(), size - 500);
  EXPECT_EQ(count(*must_open(path, Backing::disk), Column::payloads), 49U);

  const fs::path damaged = copy / logs.front().filename().c_str();
  std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(size / 2));
  const int before = file.get();
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.put(static_cast<char>(before ^ 1));
  file.close();
  const std::unique_ptr<KvStore> store = must_open(copy, Backing::disk);
  const std::uint64_t rows = count(*store, Column::payloads);
  EXPECT_GE(rows, 20U);
  EXPECT_LE(rows, 30U);
  EXPECT_EQ(count(*store, Column::headers), rows);
}

// A command that stores one record and ends must not leave a table in each column.
TEST_F(RocksKvStore, ManyShortLivesLeaveFewFiles) {
  const fs::path path = dir_ / "store";
  for (std::uint64_t i = 0; i < 100; ++i) put_block(*must_open(path, Backing::disk), i, Sync::yes);
  EXPECT_LE(files_of(path, ".sst").size(), 4 * kColumnCount);
  EXPECT_LE(files_of(path, ".log").size(), 20U);
  EXPECT_EQ(count(*must_open(path, Backing::disk), Column::payloads), 100U);
}

TEST_F(RocksKvStore, LivesThatWriteNothingLeaveFewLogs) {
  const fs::path path = dir_ / "store";
  put_block(*must_open(path, Backing::disk), 1, Sync::yes);
  for (int i = 0; i < 60; ++i) std::ignore = must_open(path, Backing::disk);
  const auto logs = std::count_if(fs::directory_iterator(path), fs::directory_iterator(),
                                  [](const auto& entry) { return entry.path().extension() == ".log"; });
  EXPECT_LE(logs, 20) << "empty ones too";
  EXPECT_EQ(count(*must_open(path, Backing::disk), Column::payloads), 1U);
}

TEST_F(RocksKvStore, ALongLifeEndsWithAShortLog) {
  const fs::path path = dir_ / "store";
  {
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    for (std::uint64_t i = 0; i < 3000; ++i) put_block(*store, i, Sync::no);
  }
  std::uintmax_t log = 0;
  for (const fs::path& file : files_of(path, ".log")) log += fs::file_size(file);
  EXPECT_LE(log, 1U << 20);
  EXPECT_EQ(count(*must_open(path, Backing::disk), Column::payloads), 3000U);
}

TEST_F(RocksKvStore, DropRangeGivesTheDiskBack) {
  {
    const fs::path path = dir_ / "store";
    const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
    constexpr std::uint64_t kBlocks = 800;
    for (std::uint64_t i = 0; i < kBlocks; ++i) put_block(*store, i, Sync::no, 100'000);
    ASSERT_TRUE(store->make_durable().ok());
    const std::uintmax_t before = testing::disk_use(path);
    ASSERT_GE(before, kBlocks * 50'000U);  // the rest is in the log
    const KeyRange most = block_range(FeedNumber{1}, BlockIndex{0}, BlockIndex{kBlocks - 10});
    ASSERT_TRUE(store->drop_range(Column::payloads, most.begin, most.end).ok());
    EXPECT_TRUE(testing::shrinks_to(path, 12'000'000U)) << testing::disk_use(path);
    EXPECT_EQ(count(*store, Column::payloads), 10U);
    EXPECT_EQ(count(*store, Column::headers), kBlocks);
  }
}

// Two feeds share tables; the one that prunes must not be held up by the one that keeps everything.
TEST_F(RocksKvStore, CompactGivesBackWhatFeedsShared) {
  const fs::path path = dir_ / "store";
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  for (std::uint64_t i = 0; i < 400; ++i) {
    WriteBatch batch;
    batch.put(Column::payloads, key_of(1, i), random_bytes(i, 100'000));
    batch.put(Column::payloads, key_of(2, i), random_bytes(i, 10'000));
    ASSERT_TRUE(store->write(batch, Sync::no).ok());
  }
  ASSERT_TRUE(store->make_durable().ok());
  const KeyRange first = block_range(FeedNumber{1}, BlockIndex{0}, BlockIndex{400});
  ASSERT_TRUE(store->drop_range(Column::payloads, first.begin, first.end).ok());
  const KeyRange second = feed_range(FeedNumber{2});
  ASSERT_TRUE(store->compact(Column::payloads, second.begin, second.end).ok());
  EXPECT_TRUE(testing::shrinks_to(path, 12'000'000U)) << testing::disk_use(path);
  EXPECT_EQ(store->get(Column::payloads, key_of(2, 399)).value(), random_bytes(399, 10'000));
}

// A small old feed must not hold up a large one.
TEST_F(RocksKvStore, DropRangeDoesNotWaitForOlderFeeds) {
  const fs::path path = dir_ / "store";
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  WriteBatch old;
  for (std::uint64_t i = 0; i < 10; ++i) old.put(Column::payloads, key_of(2, i), random_bytes(i, 10'000));
  ASSERT_TRUE(store->write(old, Sync::yes).ok());
  for (std::uint64_t i = 0; i < 400; ++i) put_block(*store, i, i % 50 == 0 ? Sync::yes : Sync::no, 100'000);
  const KeyRange first = block_range(FeedNumber{1}, BlockIndex{0}, BlockIndex{400});
  // Settled into lower levels, where whole tables can be dropped unread.
  ASSERT_TRUE(store->compact(Column::payloads, first.begin, first.end).ok());
  ASSERT_TRUE(store->drop_range(Column::payloads, first.begin, first.end).ok());
  EXPECT_TRUE(testing::shrinks_to(path, 2'000'000U)) << testing::disk_use(path);
  EXPECT_EQ(count(*store, Column::payloads), 10U);
}

// A mirror's sliding window: what is kept stays near its budget all the time.
TEST_F(RocksKvStore, ASlidingWindowStaysNearItsBudget) {
  const fs::path path = dir_ / "store";
  const std::unique_ptr<KvStore> store = must_open(path, Backing::disk);
  constexpr std::uint64_t kWindow = 400;  // 40 MB
  constexpr std::uint64_t kStep = 80;
  std::uintmax_t peak = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    put_block(*store, i, Sync::no, 100'000);
    if (i % 10 == 0) peak = std::max(peak, testing::disk_use(path));
    if (i % kStep != 0 || i < kWindow) continue;
    const KeyRange old = block_range(FeedNumber{1}, BlockIndex{0}, BlockIndex{i - kWindow});
    ASSERT_TRUE(store->drop_range(Column::payloads, old.begin, old.end).ok());
  }
  EXPECT_LE(peak, 80'000'000U);
  RecordProperty("peak_bytes", std::to_string(peak));
}

}  // namespace
}  // namespace shoal::store
