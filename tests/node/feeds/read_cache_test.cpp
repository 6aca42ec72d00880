#include "node/feeds/read_cache.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"
#include "node/feeds/payload_bytes.h"
#include "simulation/virtual_time.h"
#include "store/keyspace.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

struct LogLines final : base::LogSink {
  std::vector<std::string> lines;
  void log(base::LogLevel, std::string_view, std::string_view message) override { lines.emplace_back(message); }
};

/// A mirror of a feed of equally large blocks.
class ReadCacheTest : public ::testing::Test {
 protected:
  ReadCacheTest() {
    EXPECT_TRUE(producer_.open().ok());
    using Recording = feed::testing::RecordingStore;
    auto blocks = std::make_unique<Recording>("blocks", std::make_shared<Recording::Calls>());
    blocks_ = blocks.get();
    follower_.blocks = std::move(blocks);
    EXPECT_TRUE(follower_.open().ok());
  }
  /// `count` blocks whose payloads are `value_size` and some bytes.
  void fetch(int count, std::size_t value_size = 1000) {
    for (int i = 0; i < count; ++i) {
      const auto batch = feed::testing::batch_of(feed::testing::stream("t"), {++records_}, value_size);
      payload_size_ = batch.batch.size();
      EXPECT_TRUE(producer_.writer->commit({batch}).ok());
    }
    EXPECT_TRUE(feed::testing::replicate(producer_.reader(), follower_).ok());
    ReadCache::Context context;
    context.log = follower_.log.get();
    context.sink = &log_;
    context.strand = &strand_;
    context.may_trim = [this] { return may_trim_; };
    context.prune = [this](const std::vector<BlockIndex>& blocks) -> Result<feed::Pruned> {
      if (refuse_) return Error{Code::io, "the disk is broken", ""};
      steps_.push_back(blocks.size());
      return follower_.log->prune(blocks);
    };
    cache_ = std::make_shared<ReadCache>(std::move(context));
  }
  [[nodiscard]] std::uint64_t held_blocks() const { return payload_bytes(*follower_.log) / payload_size_; }
  /// So many blocks, and a little.
  [[nodiscard]] std::uint64_t room_for(std::uint64_t blocks) const { return blocks * payload_size_ + 10; }
  void read(const std::shared_ptr<ReadCache::Reading>& reading, std::uint64_t read_to) {
    cache_->advance(reading, BlockIndex(read_to));
    time_.run_for(0ms);
  }

  /// First and last block of each span whose disk was given back.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> reclaimed() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
    for (const auto& [column, keys] : blocks_->reclaimed()) {
      spans.emplace_back(store::block_of_key(keys.first).value(), store::block_of_key(keys.second).value());
    }
    return spans;
  }

  simulation::VirtualTime time_;
  simulation::VirtualExecutor strand_{time_};
  LogLines log_;
  feed::testing::Producer producer_;
  feed::testing::Follower follower_{producer_.id()};
  feed::testing::RecordingStore* blocks_ = nullptr;  ///< the follower's
  std::int64_t records_ = 0;
  std::size_t payload_size_ = 1;
  bool may_trim_ = true;
  bool refuse_ = false;
  std::vector<std::size_t> steps_;
  std::shared_ptr<ReadCache> cache_;
};

TEST_F(ReadCacheTest, WhatWasReadGoesOldestFirstUntilTheRestFits) {
  fetch(20);
  const auto reading = cache_->begin(room_for(5));
  read(reading, 20);
  EXPECT_EQ(held_blocks(), 5U);
  EXPECT_FALSE(*follower_.reader().has_payload(BlockIndex(14)));
  EXPECT_TRUE(*follower_.reader().has_payload(BlockIndex(15)));
}

TEST_F(ReadCacheTest, ExactlyTheBytesMayStay) {
  fetch(20);
  const auto reading = cache_->begin(payload_size_ * 20);
  read(reading, 20);
  EXPECT_TRUE(steps_.empty());
  const auto smaller = cache_->begin(payload_size_ * 20 - 1);
  read(smaller, 20);
  EXPECT_EQ(held_blocks(), 20U);  // the other reading leaves more
}

TEST_F(ReadCacheTest, NoMoreIsDroppedThanDoesNotFit) {
  fetch(20);
  const auto reading = cache_->begin(payload_size_ * 5);
  read(reading, 20);
  EXPECT_EQ(held_blocks(), 5U);
}

TEST_F(ReadCacheTest, WhatLiesBeforeADamagedBlockIsStillDropped) {
  fetch(20);
  const auto rows = blocks_->iterate(store::Column::headers);
  rows->seek({});
  for (int i = 0; i < 3; ++i) rows->next();
  store::WriteBatch damage;
  damage.erase(store::Column::headers, Bytes(rows->key().begin(), rows->key().end()));
  ASSERT_TRUE(blocks_->write(damage, store::Sync::no).ok());
  const auto reading = cache_->begin(1);
  read(reading, 20);
  EXPECT_EQ(steps_, std::vector<std::size_t>{3});
}

TEST_F(ReadCacheTest, WhatWasNotReadStays) {
  fetch(20);
  const auto reading = cache_->begin(1);
  read(reading, 7);
  EXPECT_EQ(held_blocks(), 13U);
  EXPECT_TRUE(*follower_.reader().has_payload(BlockIndex(7)));
}

TEST_F(ReadCacheTest, AReadingThatLeavesAllKeepsAll) {
  fetch(20);
  const auto all = cache_->begin(0);
  cache_->advance(all, BlockIndex(20));
  EXPECT_EQ(time_.waiting(), 0U);
  const auto little = cache_->begin(1);
  read(little, 20);
  EXPECT_EQ(held_blocks(), 20U);
}

TEST_F(ReadCacheTest, TheSlowestReaderAndTheLargestCacheCount) {
  fetch(20);
  const auto fast = cache_->begin(1);
  const auto slow = cache_->begin(1);
  read(slow, 5);
  EXPECT_EQ(held_blocks(), 20U);
  read(fast, 20);
  EXPECT_EQ(held_blocks(), 15U);
  const auto large = cache_->begin(room_for(12));
  read(large, 20);
  read(slow, 20);
  EXPECT_EQ(held_blocks(), 12U);
}

TEST_F(ReadCacheTest, AReadingThatEndedCountsNoMore) {
  fetch(20);
  auto slow = cache_->begin(0);
  const auto fast = cache_->begin(1);
  read(fast, 10);
  EXPECT_EQ(held_blocks(), 20U);
  slow.reset();
  read(fast, 10);
  EXPECT_EQ(held_blocks(), 10U);
}

TEST_F(ReadCacheTest, NoReaderTrimsNothing) {
  fetch(20);
  cache_->begin(1).reset();
  cache_->trim();
  EXPECT_EQ(held_blocks(), 20U);
}

TEST_F(ReadCacheTest, ReadersAreCountedWhileTheirHandlesAreHeld) {
  fetch(1);
  EXPECT_FALSE(cache_->has_readers());
  auto first = cache_->begin(0);
  auto second = cache_->begin(1);
  first.reset();
  EXPECT_TRUE(cache_->has_readers());
  second.reset();
  EXPECT_FALSE(cache_->has_readers());
}

TEST_F(ReadCacheTest, ReadingNeverGoesBack) {
  fetch(20);
  const auto reading = cache_->begin(1);
  read(reading, 10);
  read(reading, 5);
  EXPECT_EQ(reading->read_to, BlockIndex(10));
}

TEST_F(ReadCacheTest, WhatSomebodyElseKeepsStays) {
  fetch(20);
  may_trim_ = false;
  const auto reading = cache_->begin(1);
  cache_->advance(reading, BlockIndex(20));
  EXPECT_EQ(time_.waiting(), 0U);
  EXPECT_EQ(held_blocks(), 20U);
  EXPECT_EQ(reading->read_to, BlockIndex(20));
  // Also when that began after the trimming was planned.
  may_trim_ = true;
  cache_->advance(reading, BlockIndex(20));
  may_trim_ = false;
  time_.run_for(0ms);
  EXPECT_EQ(held_blocks(), 20U);
  may_trim_ = true;
  read(reading, 20);
  EXPECT_EQ(held_blocks(), 0U);
}

TEST_F(ReadCacheTest, OneTaskIsEnoughForManyReadings) {
  fetch(20);
  const auto reading = cache_->begin(1);
  for (std::uint64_t i = 1; i <= 10; ++i) cache_->advance(reading, BlockIndex(i));
  EXPECT_EQ(time_.waiting(), 1U);
  time_.run_for(0ms);
  EXPECT_EQ(held_blocks(), 10U);
}

TEST_F(ReadCacheTest, OneStepDropsABoundedNumber) {
  fetch(5000, 1);
  const auto reading = cache_->begin(1);
  read(reading, 5000);
  EXPECT_EQ(steps_, std::vector<std::size_t>{4096});
  read(reading, 5000);
  EXPECT_EQ(steps_, (std::vector<std::size_t>{4096, 904}));
}

TEST_F(ReadCacheTest, ADiskThatRefusesIsLogged) {
  fetch(20);
  refuse_ = true;
  const auto reading = cache_->begin(1);
  read(reading, 20);
  EXPECT_EQ(log_.lines, std::vector<std::string>{"the disk is broken"});
  refuse_ = false;
  read(reading, 20);
  EXPECT_EQ(held_blocks(), 0U);
}

TEST_F(ReadCacheTest, DiskIsGivenBackOnceFourMebibytesAreDropped) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  fetch(9, kMiB);
  const auto reading = cache_->begin(1);
  read(reading, 2);
  read(reading, 3);
  EXPECT_EQ(held_blocks(), 6U);
  EXPECT_TRUE(reclaimed().empty());
  using Spans = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  read(reading, 4);
  EXPECT_EQ(reclaimed(), (Spans{{0, 4}}));
  // What was given back is not counted again.
  read(reading, 5);
  EXPECT_EQ(reclaimed().size(), 1U);
  read(reading, 8);
  EXPECT_EQ(reclaimed(), (Spans{{0, 4}, {4, 8}}));
}

TEST_F(ReadCacheTest, ExactlyFourMebibytesAreEnough) {
  constexpr std::size_t kSize = std::size_t{2} << 20;
  fetch(1, kSize - 100);
  const std::size_t first = payload_size_;
  fetch(1, kSize - 100 + 2 * (kSize - first));
  ASSERT_EQ(first + payload_size_, 2 * kSize);
  const auto reading = cache_->begin(1);
  read(reading, 2);
  EXPECT_EQ(reclaimed().size(), 1U);
}

TEST_F(ReadCacheTest, DiskThatIsNotGivenBackIsLogged) {
  fetch(5, std::size_t{1} << 20);
  blocks_->answer_reclaim(Error{Code::io, "the disk is broken", ""});
  const auto reading = cache_->begin(1);
  read(reading, 5);
  EXPECT_EQ(held_blocks(), 0U);
  EXPECT_EQ(log_.lines, std::vector<std::string>{"the disk is broken"});
}

TEST_F(ReadCacheTest, OfALargeCacheAnEighthIsDroppedBeforeDiskIsGivenBack) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  fetch(46, kMiB);
  const auto reading = cache_->begin(room_for(40));
  read(reading, 4);
  EXPECT_EQ(held_blocks(), 42U);
  EXPECT_TRUE(reclaimed().empty());
  read(reading, 46);
  EXPECT_EQ(held_blocks(), 40U);
  EXPECT_EQ(reclaimed().size(), 1U);
}

TEST_F(ReadCacheTest, MayEndBeforeItTrims) {
  fetch(20);
  const auto reading = cache_->begin(1);
  cache_->advance(reading, BlockIndex(20));
  cache_.reset();
  time_.run_for(0ms);
  EXPECT_EQ(held_blocks(), 20U);
}

}  // namespace
}  // namespace shoal::node
