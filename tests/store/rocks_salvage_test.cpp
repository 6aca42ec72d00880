#include "store/rocks_salvage.h"

#include "base/log_sink.h"
#include "base/random.h"
#include "file_calls.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

base::NullLogSink null_log;

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  base::SeededRandom random(seed);
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

Bytes key_of(std::uint64_t block) { return block_key(FeedNumber{1}, BlockIndex{block}); }

constexpr std::uint64_t kBlocks = 40;
constexpr std::size_t kLarge = 64 << 10;  // eight in a batch become a table of their own

class RocksSalvageTest : public ::testing::Test {
 protected:
  static Bytes meta_key() { return feed_property_key(FeedNumber{1}, "test"); }

  /// Payloads both in tables of their own and in the log.
  void fill() {
    auto store = open_rocks_store(from_, Backing::disk, null_log);
    ASSERT_TRUE(store.ok());
    for (std::uint64_t block = 0; block < kBlocks; block += 8) {
      WriteBatch batch;
      for (std::uint64_t i = block; i < block + 8; ++i) {
        batch.put(Column::headers, key_of(i), random_bytes(i, 100));
        batch.put(Column::payloads, key_of(i), payload(i));
      }
      batch.put(Column::meta, meta_key(), random_bytes(block, 8));  // the newest counts
      ASSERT_TRUE((*store)->write(batch, Sync::yes).ok());
    }
  }
  static Bytes payload(std::uint64_t block) { return random_bytes(block, block < 24 ? kLarge : 100); }

  [[nodiscard]] std::vector<fs::path> tables() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(from_)) {
      if (entry.path().extension() == ".sst") found.push_back(entry.path());
    }
    return found;
  }

  /// Blocks whose header and payload are both there as they were written.
  std::uint64_t whole_blocks(KvStore& store) {
    std::uint64_t whole = 0;
    for (std::uint64_t block = 0; block < kBlocks; ++block) {
      const auto header = store.get(Column::headers, key_of(block));
      const auto found = store.get(Column::payloads, key_of(block));
      EXPECT_TRUE(header.ok() && found.ok());
      if (!header.ok() || !found.ok() || !*header || !*found) continue;
      EXPECT_EQ(**header, random_bytes(block, 100));
      EXPECT_EQ(**found, payload(block));
      ++whole;
    }
    return whole;
  }

  testing::TempDir dir_;
  fs::path from_ = dir_ / "from";
  fs::path to_ = dir_ / "to";
};

TEST_F(RocksSalvageTest, NothingIsLostWithCurrentAndManifest) {
  fill();
  fs::remove(from_ / "CURRENT");
  ASSERT_EQ(open_rocks_store(from_, Backing::disk, null_log).error().code, Code::corrupt);
  ASSERT_TRUE(salvage_rocks_store(from_, to_).ok());
  auto store = open_rocks_store(to_, Backing::disk, null_log);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(whole_blocks(**store), kBlocks);
  const auto newest = (*store)->get(Column::meta, meta_key());
  ASSERT_TRUE(newest.ok() && *newest);
  EXPECT_EQ(**newest, random_bytes(kBlocks - 8, 8));
}

TEST_F(RocksSalvageTest, WhatWasSalvagedIsSalvagedAgain) {
  fill();
  fs::path damaged = from_;
  for (const char* name : {"second", "third", "fourth"}) {
    fs::remove(damaged / "CURRENT");
    const fs::path next = dir_ / name;
    const auto done = salvage_rocks_store(damaged, next);
    ASSERT_TRUE(done.ok()) << name << ": " << done.error().message;
    auto store = open_rocks_store(next, Backing::disk, null_log);
    ASSERT_TRUE(store.ok()) << name << ": " << store.error().message;
    EXPECT_EQ(whole_blocks(**store), kBlocks) << name;
    damaged = next;
  }
}

TEST_F(RocksSalvageTest, ALostLogWithTheVersionRowIsNotTheEnd) {
  fill();
  for (const auto& entry : fs::directory_iterator(from_)) {
    if (entry.path().extension() == ".log") fs::remove(entry.path());
  }
  fs::remove(from_ / "CURRENT");
  ASSERT_TRUE(salvage_rocks_store(from_, to_).ok());
  auto store = open_rocks_store(to_, Backing::disk, null_log);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ((*store)->get(Column::payloads, key_of(3)).value(), payload(3));
}

TEST_F(RocksSalvageTest, ADamagedTableCostsWhatIsInIt) {
  fill();
  const auto all = tables();
  ASSERT_GE(all.size(), 3U);
  fs::resize_file(all.front(), fs::file_size(all.front()) / 2);
  ASSERT_EQ(open_rocks_store(from_, Backing::disk, null_log).error().code, Code::corrupt);
  ASSERT_TRUE(salvage_rocks_store(from_, to_).ok());
  auto store = open_rocks_store(to_, Backing::disk, null_log);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(whole_blocks(**store), kBlocks - 8);
}

TEST_F(RocksSalvageTest, TheDamagedStoreStaysAsItIs) {
  fill();
  fs::remove(from_ / "CURRENT");
  std::map<std::string, std::uintmax_t> before;
  for (const auto& entry : fs::directory_iterator(from_)) before[entry.path().filename()] = entry.file_size();
  ASSERT_TRUE(salvage_rocks_store(from_, to_).ok());
  { auto store = open_rocks_store(to_, Backing::disk, null_log); }
  std::map<std::string, std::uintmax_t> after;
  for (const auto& entry : fs::directory_iterator(from_)) after[entry.path().filename()] = entry.file_size();
  EXPECT_EQ(before, after);
}

TEST_F(RocksSalvageTest, LogsAreReadInTheirOrderAndNothingElseIsTakenForOne) {
  fill();
  for (const std::uint64_t number : {1U, 2U, 3U}) {  // a log each, with tables between
    auto store = open_rocks_store(from_, Backing::disk, null_log);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    batch.put(Column::meta, meta_key(), random_bytes(number, 8));
    batch.put(Column::meta, feed_property_key(FeedNumber{1}, std::to_string(number)), random_bytes(number, 8));
    for (std::uint64_t i = 0; i < 8; ++i)
      batch.put(Column::payloads, key_of(100 * number + i), random_bytes(i, kLarge));
    ASSERT_TRUE((*store)->write(batch, Sync::yes).ok());
  }
  fs::remove(from_ / "CURRENT");
  std::ofstream(from_ / "notes.log") << "of somebody else";
  std::ofstream(from_ / "notes.sst") << "of somebody else";
  std::ofstream(from_ / "new-3.sst") << "half a table";
  fs::create_directory(to_);
  {
    testing::FileCalls calls(to_);
    const auto done = salvage_rocks_store(from_, to_);
    ASSERT_TRUE(done.ok()) << done.error().message;
    const std::vector<std::string> made = calls.made();
    EXPECT_EQ(std::count_if(made.begin(), made.end(), [](const auto& call) { return call.starts_with("sendfile "); }),
              4)
        << "the copies of logs";
  }
  for (const char* name : {"notes.sst", "new-3.sst", "lost"}) EXPECT_FALSE(fs::exists(to_ / name)) << name;
  auto store = open_rocks_store(to_, Backing::disk, null_log);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(whole_blocks(**store), kBlocks);
  EXPECT_EQ((*store)->get(Column::meta, meta_key()).value(), random_bytes(3, 8));
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    EXPECT_EQ((*store)->get(Column::meta, feed_property_key(FeedNumber{1}, std::to_string(number))).value(),
              random_bytes(number, 8));
    EXPECT_EQ((*store)->get(Column::payloads, key_of(100 * number + 7)).value(), random_bytes(7, kLarge));
  }
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto rows = (*store)->iterate(static_cast<Column>(i));
    rows->seek(Bytes(4, 0xff));
    EXPECT_FALSE(rows->valid()) << "no placeholder is left in column " << i;
  }
}

TEST_F(RocksSalvageTest, TablesAreCopiedWhereTheyCannotBeLinked) {
  fill();
  fs::remove(from_ / "CURRENT");
  fs::create_directory(to_);
  testing::FileCalls calls(to_);
  calls.fail("link *.sst", EXDEV, 1000);
  ASSERT_TRUE(salvage_rocks_store(from_, to_).ok());
  auto store = open_rocks_store(to_, Backing::disk, null_log);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(whole_blocks(**store), kBlocks);
}

TEST_F(RocksSalvageTest, AFailureAtAnyStepIsToldAndLeavesNothing) {
  fill();
  fs::remove(from_ / "CURRENT");
  for (const auto& [call, code] : {std::pair{"rename *.sst", Code::io}, std::pair{"fdatasync *.sst", Code::io},
                                   std::pair{"rename SCHEMA", Code::io}, std::pair{"fdatasync *.log", Code::io}}) {
    fs::create_directory(to_);
    testing::FileCalls calls(to_);
    calls.fail(call, EIO);
    const auto done = salvage_rocks_store(from_, to_);
    ASSERT_FALSE(done.ok()) << call;
    EXPECT_EQ(done.error().code, code) << call << ": " << done.error().message;
    EXPECT_FALSE(fs::exists(to_)) << call;
  }
}

TEST_F(RocksSalvageTest, WhatFailsLeavesNothing) {
  EXPECT_EQ(salvage_rocks_store(from_, to_).error().code, Code::io);
  EXPECT_FALSE(fs::exists(to_));
}

}  // namespace
}  // namespace shoal::store
