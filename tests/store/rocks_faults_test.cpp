// A store on a disk whose calls are watched, or fail: what is synced when, a full disk, a broken one.
#include "base/log_sink.h"
#include "base/random.h"
#include "base/try.h"
#include "file_calls.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

using testing::FileCalls;

constexpr std::size_t kMany = 1'000'000;

class RocksFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    calls_.reset();
    store_.reset();
    auto opened = open_rocks_store(path_, Backing::disk, log_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = *std::move(opened);
    calls_ = std::make_unique<FileCalls>(path_);
  }
  static Bytes key(std::uint64_t block) { return block_key(FeedNumber{1}, BlockIndex{block}); }
  static Bytes value(std::uint64_t seed, std::size_t size) {
    base::SeededRandom random(seed);
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
  }
  [[nodiscard]] Result<void> put(std::uint64_t block, std::size_t size, Sync sync = Sync::no,
                                 Column column = Column::headers) {
    WriteBatch batch;
    batch.put(column, key(block), value(block, size));
    return store_->write(batch, sync);
  }
  /// As many rows as make the store flush its log; the first failure.
  [[nodiscard]] Result<void> fill_log(std::uint64_t first) {
    for (std::uint64_t block = first; block < first + 9; ++block) SHOAL_CHECK(put(block, std::size_t{1} << 20));
    return {};
  }
  [[nodiscard]] bool holds(std::uint64_t block, std::size_t size, Column column = Column::headers) const {
    return store_->get(column, key(block)).value() == value(block, size);
  }
  [[nodiscard]] std::size_t made(const std::string& call, const std::string& extension) const {
    const auto all = calls_->made();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const std::string& one) {
      return one.starts_with(call + " ") && one.ends_with(extension);
    }));
  }
  [[nodiscard]] std::size_t files(const std::string& beginning, const std::string& extension) const {
    return static_cast<std::size_t>(
        std::count_if(fs::directory_iterator(path_), fs::directory_iterator(), [&](const auto& entry) {
          return entry.path().filename().string().starts_with(beginning) && entry.path().extension() == extension;
        }));
  }

  testing::TempDir dir_;
  const fs::path path_ = dir_ / "store";
  base::NullLogSink log_;
  std::unique_ptr<KvStore> store_;
  std::unique_ptr<FileCalls> calls_;
};

TEST_F(RocksFaultsTest, TheLogIsSyncedWhenItIsAskedForOnly) {
  ASSERT_TRUE(put(1, 10).ok());
  ASSERT_TRUE(put(2, 10, Sync::deferred).ok());
  EXPECT_EQ(made("fdatasync", ".log"), 0U);
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(made("fdatasync", ".log"), 1U);
  ASSERT_TRUE(put(3, 10, Sync::yes).ok());
  EXPECT_EQ(made("fdatasync", ".log"), 2U);
}

TEST_F(RocksFaultsTest, TheLogIsFlushedWhenItIsLongAndOnlyThen) {
  for (std::uint64_t block = 0; block < 7; ++block) ASSERT_TRUE(put(block, std::size_t{1} << 20).ok());
  EXPECT_EQ(files("", ".sst"), 0U);
  ASSERT_TRUE(put(8, std::size_t{1} << 20).ok());
  EXPECT_EQ(files("", ".sst"), 2U) << "of the headers and of the version";
  for (std::uint64_t block = 10; block < 17; ++block) ASSERT_TRUE(put(block, std::size_t{1} << 20).ok());
  EXPECT_EQ(files("", ".sst"), 2U) << "counted anew";
}

TEST_F(RocksFaultsTest, AFullDiskFailsWritesUntilThereIsRoomAndLosesNothing) {
  ASSERT_TRUE(put(1, 10, Sync::yes).ok());
  calls_->fail("write *.sst", ENOSPC, kMany);
  EXPECT_EQ(fill_log(10).error().code, Code::no_space);
  EXPECT_EQ(store_->check_writable().error().code, Code::no_space);
  EXPECT_EQ(put(2, 10).error().code, Code::no_space);
  EXPECT_EQ(store_->make_durable().error().code, Code::no_space);
  EXPECT_TRUE(holds(1, 10) && holds(10, std::size_t{1} << 20));
  calls_->fail("write *.sst", 0, 0);
  EXPECT_TRUE(put(3, 10, Sync::yes).ok());
  EXPECT_TRUE(store_->check_writable().ok());
  EXPECT_TRUE(store_->make_durable().ok());
  open();
  EXPECT_TRUE(holds(1, 10) && holds(3, 10) && holds(10, std::size_t{1} << 20));
  EXPECT_FALSE(*store_->contains(Column::headers, key(2)));
}

TEST_F(RocksFaultsTest, ASyncThatFoundNoRoomIsForgottenWithTheFullDisk) {
  calls_->fail("fdatasync *.sst", ENOSPC);
  EXPECT_EQ(fill_log(10).error().code, Code::no_space);
  EXPECT_TRUE(fs::exists(path_ / "UNSYNCED"));
  EXPECT_TRUE(put(3, 10, Sync::yes).ok());
  EXPECT_FALSE(fs::exists(path_ / "UNSYNCED"));
}

TEST_F(RocksFaultsTest, ABrokenDiskFailsEveryWriteUntilTheStoreIsOpenedAgain) {
  ASSERT_TRUE(put(1, 10, Sync::yes).ok());
  calls_->fail("fdatasync *.sst", EIO);
  EXPECT_EQ(fill_log(10).error().code, Code::io);
  EXPECT_EQ(store_->check_writable().error().code, Code::io);
  EXPECT_EQ(put(2, 10).error().code, Code::io);
  EXPECT_EQ(store_->make_durable().error().code, Code::io);
  EXPECT_TRUE(holds(1, 10));
  EXPECT_TRUE(fs::exists(path_ / "UNSYNCED"));
  open();
  EXPECT_FALSE(fs::exists(path_ / "UNSYNCED"));
  EXPECT_TRUE(holds(1, 10));
  EXPECT_TRUE(put(2, 10).ok());
}

TEST_F(RocksFaultsTest, AFailedSyncOfTheLogIsTold) {
  ASSERT_TRUE(put(1, 10).ok());
  calls_->fail("fdatasync *.log", EIO);
  EXPECT_EQ(store_->make_durable().error().code, Code::io);
  EXPECT_FALSE(put(2, 10, Sync::yes).ok());
  open();
  calls_->fail("fdatasync *.log", EIO);
  EXPECT_EQ(put(3, 10, Sync::yes).error().code, Code::io);
}

TEST_F(RocksFaultsTest, APayloadTableThatCannotBeWrittenLeavesNothing) {
  constexpr std::size_t kSize = std::size_t{300} << 10;
  for (const auto& [call, reason, code] :
       {std::tuple{"write *.sst", ENOSPC, Code::no_space}, std::tuple{"write *.sst", EIO, Code::io},
        std::tuple{"link *.sst", EIO, Code::io}}) {
    calls_->fail(call, reason);
    EXPECT_EQ(put(1, kSize, Sync::no, Column::payloads).error().code, code) << call;
    EXPECT_EQ(files("new-", ".sst"), 0U) << call;
    EXPECT_FALSE(*store_->contains(Column::payloads, key(1)));
    open();
  }
  ASSERT_TRUE(put(1, kSize, Sync::no, Column::payloads).ok());
  EXPECT_EQ(files("", ".sst"), 1U);
  EXPECT_TRUE(holds(1, kSize, Column::payloads));
}

TEST_F(RocksFaultsTest, APayloadTableIsOnTheDiskBeforeItBelongsToTheStore) {
  ASSERT_TRUE(put(1, std::size_t{300} << 10, Sync::no, Column::payloads).ok());
  const auto all = calls_->made();
  const auto synced = std::find(all.begin(), all.end(), "fdatasync new-0.sst");
  const auto linked = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.starts_with("link "); });
  ASSERT_NE(synced, all.end());
  ASSERT_NE(linked, all.end());
  EXPECT_LT(synced, linked);
}

TEST_F(RocksFaultsTest, AFileInItsPlaceIsNoStore) {
  std::ofstream(dir_ / "file") << "x";
  EXPECT_EQ(open_rocks_store(dir_ / "file", Backing::disk, log_).error().code, Code::io);
  EXPECT_EQ(open_rocks_store(dir_ / "file/below", Backing::disk, log_).error().code, Code::io);
}

TEST_F(RocksFaultsTest, ADirectoryWithTablesOrBlobsOnlyHasLostSomething) {
  for (const auto& [name, lost] : {std::pair{"7.sst", true}, std::pair{"7.blob", true}, std::pair{"7.txt", false}}) {
    const fs::path other = dir_ / name;
    fs::create_directory(other);
    std::ofstream(other / name) << "x";
    const auto opened = open_rocks_store(other, Backing::disk, log_);
    EXPECT_EQ(opened.ok(), !lost) << name;
    EXPECT_TRUE(opened.ok() || opened.error().code == Code::corrupt);
  }
}

}  // namespace
}  // namespace shoal::store
