#include "store/rocks_salvage.h"

#include "base/log_sink.h"
#include "base/random.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
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

TEST_F(RocksSalvageTest, WhatFailsLeavesNothing) {
  EXPECT_EQ(salvage_rocks_store(from_, to_).error().code, Code::io);
  EXPECT_FALSE(fs::exists(to_));
}

}  // namespace
}  // namespace shoal::store
