#include "feed/log/topic_index.h"

#include "feed/recording_store.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

using testing::RecordingStore;

constexpr store::FeedNumber kFeed{3};
constexpr store::TopicNumber kTopic{5};

class TopicIndexTest : public ::testing::Test {
 protected:
  void put(std::int64_t base, std::uint32_t count, std::uint64_t block, store::TopicNumber topic = kTopic) {
    BlockHeader header;
    header.base_offset = Offset{base};
    header.record_count = count;
    store::WriteBatch batch;
    put_offset_row(batch, kFeed, topic, header, BlockIndex{block});
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  [[nodiscard]] std::optional<OffsetRow> find(std::int64_t offset) const {
    return find_offset(store_, kFeed, kTopic, Offset{offset}).value();
  }
  RecordingStore store_{"index", std::make_shared<RecordingStore::Calls>()};
};

TEST_F(TopicIndexTest, FindsTheBlockOfAnOffset) {
  put(0, 3, 10);
  put(3, 1, 12);
  put(9, 2, 20);
  for (const auto& [offset, block] :
       {std::pair{-7, 10U}, {0, 10U}, {2, 10U}, {3, 12U}, {4, 20U}, {9, 20U}, {10, 20U}}) {
    ASSERT_TRUE(find(offset).has_value()) << offset;
    EXPECT_EQ(find(offset)->block, BlockIndex{block}) << offset;
  }
  EXPECT_EQ(find(0)->base, Offset{0});
  EXPECT_EQ(find(0)->last, Offset{2});
  EXPECT_EQ(find(5)->base, Offset{9});
  EXPECT_EQ(find(11), std::nullopt);
}

TEST_F(TopicIndexTest, RowsOfTheNextTopicAreNotItsOwn) {
  put(0, 1, 10, store::TopicNumber{6});
  put(0, 1, 11, store::TopicNumber{4});
  EXPECT_EQ(find(0), std::nullopt);
}

TEST_F(TopicIndexTest, AMalformedRowIsCorrupt) {
  const auto decode = [](std::int64_t last, const Bytes& value) {
    return decode_offset_row(store::offset_key(kFeed, kTopic, Offset{last}), value);
  };
  Bytes row(12, 0);
  row[11] = 3;
  EXPECT_EQ(decode(2, row)->base, Offset{0});
  EXPECT_EQ(decode(1, row).error().code, Code::corrupt);  // it would begin at -1
  row[11] = 0;
  EXPECT_EQ(decode(2, row).error().code, Code::corrupt);
  EXPECT_EQ(decode(2, Bytes(11, 1)).error().code, Code::corrupt);
  Bytes longer(13, 0);
  longer[11] = 1;
  EXPECT_EQ(decode(2, longer).error().code, Code::corrupt);
  store::WriteBatch batch;
  batch.put(store::Column::offsets, store::offset_key(kFeed, kTopic, Offset{2}), Bytes{1});
  ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  EXPECT_EQ(find_offset(store_, kFeed, kTopic, Offset{0}).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::feed
