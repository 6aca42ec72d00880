#include "feed/log/stored_blocks.h"

#include "feed/feed_world.h"
#include "feed/log/feed_log.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::deliver;
using testing::Follower;
using testing::Producer;
using testing::span;
using testing::stream;

/// A mirror that holds blocks 10 to 14 of 20 under the newest head, the payload of 14 pruned.
class StoredBlocksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    for (int i = 0; i < 20; ++i) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream("t"), {i}));
      ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
    }
    ASSERT_TRUE(mirror_.open().ok());
    const Checkpoint head = *producer_.reader().head();
    ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(10, 15)).to(*mirror_.mirror).ok());
    const std::vector<BlockIndex> last{BlockIndex{14}};
    ASSERT_TRUE(mirror_.log->prune(last).ok());
  }
  void wreck(store::Column column, std::uint64_t block, const std::optional<Bytes>& value) {
    const Bytes key = store::block_key(mirror_.log->number(), BlockIndex{block});
    store::WriteBatch batch;
    value ? batch.put(column, key, *value) : batch.erase(column, key);
    ASSERT_TRUE(mirror_.blocks->write(batch, store::Sync::no).ok());
  }

  Producer producer_;
  Follower mirror_{FeedId{testing::test_key().public_key()}};
};

TEST_F(StoredBlocksTest, TellsNotHeldFromPrunedFromDamaged) {
  const FeedLog& log = *mirror_.log;
  EXPECT_EQ(log.header_bytes(BlockIndex{12}).value(), producer_.log->header_bytes(BlockIndex{12}).value());
  EXPECT_EQ(log.header(BlockIndex{12})->base_offset, Offset{12});
  EXPECT_EQ(log.stored_payload(BlockIndex{12}).value(), producer_.log->stored_payload(BlockIndex{12}).value());
  EXPECT_EQ(log.header_bytes(BlockIndex{9}).error().code, Code::not_found);
  EXPECT_EQ(log.header(BlockIndex{15}).error().code, Code::not_found);
  EXPECT_EQ(log.stored_payload(BlockIndex{9}).error().code, Code::not_found);
  EXPECT_EQ(log.stored_payload(BlockIndex{14}).error().code, Code::pruned);
  wreck(store::Column::headers, 12, Bytes(5, 1));
  EXPECT_EQ(log.header(BlockIndex{12}).error().code, Code::corrupt);
  wreck(store::Column::headers, 12, std::nullopt);
  EXPECT_EQ(log.header_bytes(BlockIndex{12}).error().code, Code::corrupt);
  wreck(store::Column::payloads, 12, std::nullopt);
  EXPECT_EQ(log.stored_payload(BlockIndex{12}).error().code, Code::corrupt);
}

TEST_F(StoredBlocksTest, ReadsNodesBeyondThePrefixFromRowsAndHeaders) {
  const auto expect_same = [&](const std::vector<merkle::NodeId>& nodes) {
    const auto read = mirror_.log->read(nodes);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, producer_.log->read(nodes).value());
  };
  expect_same({merkle::NodeId{0, 12}, merkle::NodeId{3, 0}, merkle::NodeId{0, 10}});
  EXPECT_EQ(mirror_.log->read({merkle::NodeId{0, 3}}).error().code, Code::not_found);
  EXPECT_EQ(mirror_.log->read({merkle::NodeId{1, 1}}).error().code, Code::not_found);
  // With a prefix: nodes inside and beyond it come back in the order in which they were asked for.
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(0, 5)).to(*mirror_.mirror).ok());
  expect_same({merkle::NodeId{0, 12}, merkle::NodeId{2, 0}, merkle::NodeId{0, 11}, merkle::NodeId{0, 4}});
}

}  // namespace
}  // namespace shoal::feed
