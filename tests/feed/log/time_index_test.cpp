#include "feed/log/time_index.h"

#include "feed/recording_store.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

using testing::RecordingStore;

constexpr store::FeedNumber kFeed{3};
constexpr store::TopicNumber kTopic{5};

class TimeIndexTest : public ::testing::Test {
 protected:
  void put(std::uint64_t block, std::int64_t running, store::TopicNumber topic = kTopic) {
    BlockHeader header;
    header.smallest_time = UnixMs{running - 2};
    header.largest_time = UnixMs{running - 1};
    header.running_largest_time = UnixMs{running};
    store::WriteBatch batch;
    TimeIndex::put(batch, kFeed, topic, header, BlockIndex{block});
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  [[nodiscard]] TimeIndex index() const { return {store_, kFeed, kTopic}; }
  static std::optional<std::uint64_t> block(const Result<std::optional<TimeRow>>& row) {
    EXPECT_TRUE(row.ok());
    return row && *row ? std::optional((*row)->block.value()) : std::nullopt;
  }
  RecordingStore store_{"index", std::make_shared<RecordingStore::Calls>()};
};

TEST_F(TimeIndexTest, ARowHasTheTimesOfItsBlock) {
  put(4, 100);
  const TimeRow row = index().at_or_after(BlockIndex{0}).value().value();
  EXPECT_EQ(row.block, BlockIndex{4});
  EXPECT_EQ(row.smallest, UnixMs{98});
  EXPECT_EQ(row.largest, UnixMs{99});
  EXPECT_EQ(row.running_largest, UnixMs{100});
}

TEST_F(TimeIndexTest, WalksTheRowsOfItsTopicOnly) {
  put(1, 5, store::TopicNumber{4});
  for (const std::uint64_t at : {2U, 4U, 7U}) put(at, 100);
  put(0, 5, store::TopicNumber{6});
  TimeIndex rows = index();
  EXPECT_EQ(block(rows.at_or_after(BlockIndex{0})), 2U);
  EXPECT_EQ(block(rows.next()), 4U);
  EXPECT_EQ(block(rows.next()), 7U);
  EXPECT_EQ(block(rows.next()), std::nullopt);
  EXPECT_EQ(block(rows.at_or_after(BlockIndex{4})), 4U);
  EXPECT_EQ(block(rows.at_or_after(BlockIndex{5})), 7U);
  EXPECT_EQ(block(rows.at_or_after(BlockIndex{8})), std::nullopt);
  EXPECT_EQ(block(rows.before(BlockIndex{0})), std::nullopt);
  EXPECT_EQ(block(rows.before(BlockIndex{2})), std::nullopt);
  EXPECT_EQ(block(rows.before(BlockIndex{3})), 2U);
  EXPECT_EQ(block(rows.before(BlockIndex{7})), 4U);
  EXPECT_EQ(block(rows.before(BlockIndex{9})), 7U);
}

TEST_F(TimeIndexTest, ATopicWithoutRowsHasNone) {
  TimeIndex rows = index();
  EXPECT_EQ(block(rows.next()), std::nullopt);
  EXPECT_EQ(block(rows.at_or_after(BlockIndex{0})), std::nullopt);
  EXPECT_EQ(block(rows.next()), std::nullopt);
  EXPECT_EQ(block(rows.first_reaching(UnixMs{0}, BlockIndex{9})), std::nullopt);
}

TEST_F(TimeIndexTest, FindsTheFirstBlockThatReachesATime) {
  const std::vector<std::uint64_t> blocks{0, 3, 4, 9, 10, 11, 30};
  for (std::size_t i = 0; i < blocks.size(); ++i) put(blocks[i], 100 + 10 * static_cast<std::int64_t>(i / 2));
  TimeIndex rows = index();
  const auto first = [&](std::int64_t time) { return block(rows.first_reaching(UnixMs{time}, BlockIndex{31})); };
  EXPECT_EQ(first(0), 0U);
  EXPECT_EQ(first(100), 0U);
  EXPECT_EQ(first(101), 4U);
  EXPECT_EQ(first(110), 4U);
  EXPECT_EQ(first(120), 10U);
  EXPECT_EQ(block(rows.next()), 11U);
  EXPECT_EQ(first(121), 30U);
  EXPECT_EQ(first(130), 30U);
  EXPECT_EQ(first(131), std::nullopt);
}

TEST_F(TimeIndexTest, AMalformedRowIsCorrupt) {
  for (const std::size_t size : {23U, 25U}) {
    store::WriteBatch batch;
    batch.put(store::Column::times, store::time_key(kFeed, kTopic, BlockIndex{1}), Bytes(size, 0));
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
    EXPECT_EQ(index().at_or_after(BlockIndex{0}).error().code, Code::corrupt);
    EXPECT_EQ(index().first_reaching(UnixMs{0}, BlockIndex{4}).error().code, Code::corrupt);
  }
}

TEST_F(TimeIndexTest, RowsThatCannotBeReadAreNotMissing) {
  put(4, 100);
  store_.refuse_iteration(store::Column::times, Error{Code::io, "gone"});
  EXPECT_EQ(index().at_or_after(BlockIndex{0}).error().code, Code::io);
  EXPECT_EQ(index().first_reaching(UnixMs{0}, BlockIndex{9}).error().code, Code::io);
}

}  // namespace
}  // namespace shoal::feed
