// Payloads in tables of their own: when they are written, merged and dropped.
#include "store/rocks_payload_tables.h"

#include "base/log_sink.h"
#include "base/random.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKiB = 1024;

class PayloadTablesTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    auto opened = open_rocks_store(path_, Backing::disk, log_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = *std::move(opened);
  }
  static Bytes key(std::uint32_t feed, std::uint64_t block) { return block_key(FeedNumber{feed}, BlockIndex{block}); }
  static Bytes payload(std::uint64_t seed, std::size_t size) {
    base::SeededRandom random(seed);
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
  }
  static void put(WriteBatch& batch, std::uint32_t feed, std::uint64_t block, std::size_t size) {
    batch.put(Column::payloads, key(feed, block), payload(block, size));
    batch.put(Column::headers, key(feed, block), Bytes(10, 1));
  }
  /// Blocks [begin, end) of one feed in one batch.
  void write(std::uint32_t feed, std::uint64_t begin, std::uint64_t end, std::size_t size) {
    WriteBatch batch;
    for (std::uint64_t block = begin; block < end; ++block) put(batch, feed, block, size);
    ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  }
  [[nodiscard]] bool holds(std::uint32_t feed, std::uint64_t block, std::size_t size) const {
    const auto value = store_->get(Column::payloads, key(feed, block));
    return value.ok() && *value == payload(block, size);
  }
  [[nodiscard]] std::multiset<std::uintmax_t> files(const std::string& extension) const {
    std::multiset<std::uintmax_t> sizes;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == extension) sizes.insert(entry.file_size());
    }
    return sizes;
  }
  [[nodiscard]] Result<void> reclaim(std::uint32_t feed, std::uint64_t begin, std::uint64_t end,
                                     const std::set<std::uint64_t>& live) {
    const LiveRows rows{
        [&](ByteView first, ByteView last) -> std::uint64_t {
          return static_cast<std::uint64_t>(std::distance(live.lower_bound(block_of_key(first).value()),
                                                          live.upper_bound(block_of_key(last).value())));
        },
        [&](ByteView row) { return live.contains(block_of_key(row).value()); }};
    return store_->reclaim(Column::payloads, key(feed, begin), key(feed, end), rows);
  }

  testing::TempDir dir_;
  fs::path path_ = dir_ / "store";
  base::NullLogSink log_;
  std::unique_ptr<KvStore> store_;
};

TEST_F(PayloadTablesTest, MuchOfOneFeedIsWrittenOnceAndAtOnce) {
  write(1, 0, 64, 64 * kKiB);
  ASSERT_EQ(files(".sst").size(), 1U);
  EXPECT_GE(*files(".sst").begin(), 64 * 64 * kKiB);
  EXPECT_LE(*files(".log").rbegin(), 64 * kKiB) << "the log has the headers only";
  for (std::uint64_t block = 0; block < 64; ++block) EXPECT_TRUE(holds(1, block, 64 * kKiB)) << block;
  EXPECT_TRUE(files(".blob").empty());
}

TEST_F(PayloadTablesTest, LittleGoesThroughTheLog) {
  write(1, 0, 3, 64 * kKiB);
  EXPECT_TRUE(files(".sst").empty());
  for (std::uint64_t block = 0; block < 3; ++block) EXPECT_TRUE(holds(1, block, 64 * kKiB));
  write(1, 3, 7, 64 * kKiB);
  EXPECT_EQ(files(".sst").size(), 1U) << "256 KiB are enough";
}

TEST_F(PayloadTablesTest, EachFeedHasTablesOfItsOwnAndALargeOneIsCut) {
  WriteBatch batch;
  for (std::uint64_t block = 0; block < 40; ++block) {
    put(batch, 2, block, 1000 * kKiB);
    put(batch, 1, block, 10 * kKiB);
    if (block < 2) put(batch, 3, block, 10 * kKiB);
  }
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  const auto sizes = files(".sst");
  ASSERT_EQ(sizes.size(), 3U);  // one of feed 1, two of feed 2, none of feed 3
  EXPECT_LE(*sizes.rbegin(), 21 * 1024 * kKiB);
  for (std::uint64_t block = 0; block < 40; ++block) {
    EXPECT_TRUE(holds(1, block, 10 * kKiB) && holds(2, block, 1000 * kKiB));
  }
  EXPECT_TRUE(holds(3, 0, 10 * kKiB) && holds(3, 1, 10 * kKiB));
}

TEST_F(PayloadTablesTest, BlocksInAnyOrderAreSortedAndHolesEndATable) {
  WriteBatch batch;
  for (const std::uint64_t block : {5U, 3U, 14U, 4U, 15U, 9U, 13U, 12U, 2U}) put(batch, 1, block, 100 * kKiB);
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  EXPECT_EQ(files(".sst").size(), 2U);  // of 2 to 5 and of 12 to 15; 9 is alone
  EXPECT_LE(*files(".sst").rbegin(), 405 * kKiB);
  for (const std::uint64_t block : {2U, 3U, 4U, 5U, 9U, 12U, 13U, 14U, 15U}) EXPECT_TRUE(holds(1, block, 100 * kKiB));
}

TEST_F(PayloadTablesTest, ErasuresKeepTheirPlaceInTheBatch) {
  WriteBatch batch;
  put(batch, 1, 0, 300 * kKiB);
  batch.erase(Column::payloads, key(1, 0));
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  EXPECT_EQ(store_->get(Column::payloads, key(1, 0)).value(), std::nullopt);
}

TEST_F(PayloadTablesTest, ASecondValueHidesTheFirst) {
  write(1, 0, 10, 64 * kKiB);
  WriteBatch batch;
  for (std::uint64_t block = 3; block < 9; ++block) {
    batch.put(Column::payloads, key(1, block), payload(100 + block, 64 * kKiB));
  }
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  for (std::uint64_t block = 3; block < 9; ++block) {
    EXPECT_EQ(**store_->get(Column::payloads, key(1, block)), payload(100 + block, 64 * kKiB));
  }
  EXPECT_TRUE(holds(1, 9, 64 * kKiB));
}

TEST_F(PayloadTablesTest, RunsOfSmallTablesAreMerged) {
  for (std::uint64_t i = 0; i < 200; ++i) write(1, i * 5, i * 5 + 5, 64 * kKiB);  // 62 MiB, 200 batches
  EXPECT_LE(files(".sst").size(), 40U);
  for (std::uint64_t block = 0; block < 1000; ++block) ASSERT_TRUE(holds(1, block, 64 * kKiB)) << block;
}

TEST_F(PayloadTablesTest, NeighboursThatMakeATableAreMergedBeforeThereAreEight) {
  for (std::uint64_t i = 0; i < 8; ++i) write(1, i * 60, i * 60 + 60, 100 * kKiB);  // of 5.9 MiB each
  const auto sizes = files(".sst");
  EXPECT_EQ(sizes.size(), 4U);
  EXPECT_LE(*sizes.rbegin(), 24 * 1024 * kKiB);
}

TEST_F(PayloadTablesTest, LargeTablesAreNotMerged) {
  for (std::uint64_t i = 0; i < 3; ++i) write(1, i * 90, i * 90 + 90, 100 * kKiB);  // of 8.8 MiB each
  for (std::uint64_t i = 0; i < 9; ++i) write(2, i * 10, i * 10 + 5, 64 * kKiB);    // so many that merging begins
  const auto sizes = files(".sst");
  EXPECT_EQ(std::count_if(sizes.begin(), sizes.end(), [](auto size) { return size > 8 * 1024 * kKiB; }), 3);
  EXPECT_LE(sizes.size(), 5U) << "the others are";
}

// RocksDB looks into tables whose range overlaps when it takes another one.
TEST_F(PayloadTablesTest, BesideADamagedTablePayloadsGoThroughTheLog) {
  write(1, 0, 10, 64 * kKiB);
  store_.reset();
  fs::path table;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().extension() == ".sst") table = entry.path();
  }
  {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t block = 1; block < 9; ++block) {
      file.seekp(static_cast<std::streamoff>(block * 64 * kKiB + 1000));
      file << "damage";
    }
  }
  open();
  ASSERT_FALSE(store_->get(Column::payloads, key(1, 3)).ok());
  write(1, 2, 8, 64 * kKiB);
  EXPECT_EQ(files(".sst").size(), 1U);
  for (std::uint64_t block = 2; block < 8; ++block) EXPECT_TRUE(holds(1, block, 64 * kKiB)) << block;
  for (const auto& entry : fs::directory_iterator(path_))
    EXPECT_FALSE(entry.path().filename().string().starts_with("new-"));
}

TEST_F(PayloadTablesTest, MergingTakesNoMoreScratchThanItMay) {
  store_->limit_scratch(2 * 1024 * kKiB);  // eight tables of 320 KiB are more
  std::uint64_t i = 0;
  for (; i < 16; ++i) write(1, i * 5, i * 5 + 5, 64 * kKiB);
  EXPECT_EQ(files(".sst").size(), 16U);
  store_->limit_scratch(3 * 1024 * kKiB);
  for (; i < 24; ++i) write(1, i * 5, i * 5 + 5, 64 * kKiB);
  EXPECT_LE(files(".sst").size(), 9U) << "nine at a time";
  EXPECT_LE(*files(".sst").rbegin(), 3 * 1024 * kKiB);
}

TEST_F(PayloadTablesTest, ATableThatNothingNeedsIsDropped) {
  for (std::uint64_t i = 0; i < 4; ++i) write(1, i * 100, i * 100 + 100, 100 * kKiB);
  write(2, 0, 100, 100 * kKiB);
  ASSERT_EQ(files(".sst").size(), 5U);
  std::set<std::uint64_t> live;
  for (std::uint64_t block = 200; block < 400; ++block) live.insert(block);
  ASSERT_TRUE(reclaim(1, 0, 200, live).ok());
  EXPECT_TRUE(testing::shrinks_to(path_, 31'500'000U)) << testing::disk_use(path_);
  EXPECT_TRUE(holds(1, 200, 100 * kKiB) && holds(1, 399, 100 * kKiB) && holds(2, 0, 100 * kKiB));
}

TEST_F(PayloadTablesTest, ATableThatIsMostlyDeadIsWrittenAgainWithoutTheDead) {
  write(1, 0, 100, 100 * kKiB);
  std::set<std::uint64_t> live;
  for (std::uint64_t block = 0; block < 100; block += 4) live.insert(block);
  ASSERT_TRUE(reclaim(1, 0, 100, live).ok());
  EXPECT_TRUE(testing::shrinks_to(path_, 3'500'000U)) << testing::disk_use(path_);
  for (const std::uint64_t block : live) EXPECT_TRUE(holds(1, block, 100 * kKiB));
  EXPECT_EQ(store_->get(Column::payloads, key(1, 1)).value(), std::nullopt);
}

TEST_F(PayloadTablesTest, WritingItAgainTakesNoMoreScratchThanItMay) {
  write(1, 0, 100, 100 * kKiB);
  write(1, 100, 200, 100 * kKiB);
  std::set<std::uint64_t> live;
  for (std::uint64_t block = 0; block < 100; block += 4) live.insert(block);
  store_->limit_scratch(2'000'000);  // 2.5 MB are needed
  ASSERT_TRUE(reclaim(1, 0, 200, live).ok());
  EXPECT_TRUE(testing::shrinks_to(path_, 11'000'000U)) << "what nothing needs takes no scratch";
  EXPECT_TRUE(holds(1, 1, 100 * kKiB)) << "left as it is";
  store_->limit_scratch(3'000'000);
  ASSERT_TRUE(reclaim(1, 0, 200, live).ok());
  EXPECT_EQ(store_->get(Column::payloads, key(1, 1)).value(), std::nullopt);
}

TEST_F(PayloadTablesTest, ATableThatIsMostlyNeededStays) {
  write(1, 0, 100, 100 * kKiB);
  const auto before = files(".sst");
  std::set<std::uint64_t> live;
  for (std::uint64_t block = 40; block < 100; ++block) live.insert(block);
  ASSERT_TRUE(reclaim(1, 0, 40, live).ok());
  EXPECT_EQ(files(".sst"), before);
}

TEST_F(PayloadTablesTest, WhatWasFetchedAgainOutlivesItsOldTable) {
  write(1, 0, 50, 100 * kKiB);
  write(1, 10, 20, 100 * kKiB);  // again, in a table of its own
  std::set<std::uint64_t> live;
  for (std::uint64_t block = 10; block < 20; ++block) live.insert(block);
  ASSERT_TRUE(reclaim(1, 0, 50, live).ok());
  for (const std::uint64_t block : live) EXPECT_TRUE(holds(1, block, 100 * kKiB)) << block;
}

TEST_F(PayloadTablesTest, SmallBatchesOfManyFeedsAreGivenBackToo) {
  for (std::uint64_t block = 0; block < 150; ++block) {
    for (const std::uint32_t feed : {1U, 2U}) write(feed, block, block + 1, 100 * kKiB);
  }
  ASSERT_TRUE(store_->compact(Column::payloads, Bytes(1, 0), Bytes(12, 0xff)).ok());
  ASSERT_GE(testing::disk_use(path_), 28'000'000U);
  ASSERT_TRUE(reclaim(1, 0, 150, {}).ok());
  EXPECT_TRUE(testing::shrinks_to(path_, 18'000'000U)) << testing::disk_use(path_);
  for (std::uint64_t block = 0; block < 150; ++block) ASSERT_TRUE(holds(2, block, 100 * kKiB)) << block;
}

TEST_F(PayloadTablesTest, WhatACrashLeftHalfWrittenIsRemoved) {
  store_.reset();
  std::ofstream(path_ / "new-3.sst") << "half a table";
  open();
  EXPECT_FALSE(fs::exists(path_ / "new-3.sst"));
  write(1, 0, 64, 64 * kKiB);
  EXPECT_TRUE(holds(1, 0, 64 * kKiB));
}

TEST_F(PayloadTablesTest, ATableSurvivesAKillThatLosesTheRows) {
  store_.reset();
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto write_and_die = [&] {
    open();
    write(1, 0, 64, 64 * kKiB);
    ::_exit(0);
  };
  EXPECT_EXIT(write_and_die(), ::testing::ExitedWithCode(0), "");
  open();
  EXPECT_TRUE(holds(1, 63, 64 * kKiB));
}

}  // namespace
}  // namespace shoal::store
