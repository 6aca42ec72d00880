#include "feed/log/watermark.h"

#include "feed/feed_world.h"
#include "feed/log/topic_index.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::RecordingStore;
using testing::stream;

/// Partition 1 with blocks of two records at `blocks`, all headers held.
class WatermarkTest : public ::testing::Test {
 protected:
  void index(const std::vector<std::uint64_t>& blocks) {
    state_.partitions = {PartitionState{}, PartitionState{.stream = stream("t")}};
    store::WriteBatch batch;
    for (const std::uint64_t block : blocks) {
      BlockHeader header;
      header.base_offset = state_.partitions[1].held_end;
      header.record_count = 2;
      put_offset_row(batch, rows_.number, store::TopicNumber{1}, header, BlockIndex{block});
      state_.partitions[1].note_header(header, BlockIndex{block});
    }
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  std::optional<Offset> raised() {
    const auto found = find_raised_watermarks(rows_, state_, {{0, {}}, {1, reached_}});
    EXPECT_TRUE(found.ok());
    if (found->empty()) return std::nullopt;
    EXPECT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().partition, 1U);
    raise_watermarks(state_, *found);
    EXPECT_EQ(state_.partitions[1].high_watermark, found->front().high_watermark);
    return found->front().high_watermark;
  }

  RecordingStore store_{"watermark", std::make_shared<RecordingStore::Calls>()};
  FeedRows rows_{{&store_, &store_}, FeedId{}, store::FeedNumber{3}};
  LogState state_;
  std::map<Offset, Offset> reached_;
};

TEST_F(WatermarkTest, ReachesOverHeldAndPrunedPayloadsUpToTheFirstGap) {
  index({4, 7, 9, 11});
  EXPECT_EQ(raised(), std::nullopt);
  state_.payloads.add(7);
  EXPECT_EQ(raised(), std::nullopt);  // the first one is missing
  state_.pruned.add(4);
  EXPECT_EQ(raised(), Offset{4});
  state_.payloads.add(11);
  EXPECT_EQ(raised(), std::nullopt);
  state_.payloads.add(9);
  EXPECT_EQ(raised(), Offset{8});
  EXPECT_EQ(raised(), std::nullopt);
}

TEST_F(WatermarkTest, StopsWhereBlocksAreNotKnown) {
  index({4, 7});
  state_.payloads.add(4);
  state_.payloads.add(7);
  store::WriteBatch gap;
  gap.erase(store::Column::offsets, store::offset_key(rows_.number, store::TopicNumber{1}, Offset{1}));
  ASSERT_TRUE(store_.write(gap, store::Sync::no).ok());
  EXPECT_EQ(raised(), std::nullopt);  // the next known block begins behind a gap
  state_.partitions[1].held_end = Offset{6};
  state_.partitions[1].high_watermark = Offset{2};
  EXPECT_EQ(raised(), Offset{4});  // no row up to the end
}

TEST_F(WatermarkTest, NewPayloadsAreFoundWithoutTheIndex) {
  index({4, 7, 9, 11});
  state_.payloads.add(11);  // behind what the change brings
  store::WriteBatch no_rows;
  const store::KeyRange known = store::offset_range(rows_.number, store::TopicNumber{1});
  no_rows.erase_range(store::Column::offsets, known.begin,
                      store::offset_key(rows_.number, store::TopicNumber{1}, Offset{6}));
  ASSERT_TRUE(store_.write(no_rows, store::Sync::no).ok());
  reached_ = {{Offset{2}, Offset{4}}, {Offset{4}, Offset{6}}};
  EXPECT_EQ(raised(), std::nullopt);  // the first block is missing
  reached_.emplace(Offset{0}, Offset{2});
  EXPECT_EQ(raised(), Offset{8});  // over all three, and over the one that is held behind them
}

TEST_F(WatermarkTest, ABlockThatCoversTheWatermarkRaisesIt) {
  index({4, 7});
  state_.partitions[1].high_watermark = Offset{1};  // the log starts inside a block
  reached_ = {{Offset{0}, Offset{2}}};
  EXPECT_EQ(raised(), Offset{2});
}

}  // namespace
}  // namespace shoal::feed
