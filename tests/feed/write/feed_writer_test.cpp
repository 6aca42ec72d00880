#include "feed/write/feed_writer.h"

#include "feed/feed_world.h"
#include "feed/read/feed_audit.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::ScratchDir;
using testing::stream;

TEST(FeedWriter, GivesGaplessOffsetsPerPartition) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("a"), {10, 20, 30}));
  group.push_back(batch_of(stream("b"), {5}));
  group.push_back(batch_of(stream("a"), {7, 8}));
  const auto committed = producer.writer->commit(std::move(group));
  ASSERT_TRUE(committed.ok()) << committed.error().message;
  ASSERT_EQ(committed->blocks.size(), 3U);
  EXPECT_EQ(committed->blocks[0].base_offset, Offset{0});
  EXPECT_EQ(committed->blocks[1].base_offset, Offset{0});
  EXPECT_EQ(committed->blocks[2].base_offset, Offset{3});
  EXPECT_EQ(committed->head.tree_size, 3U);
  EXPECT_TRUE(verify_checkpoint(producer.id(), committed->head).ok());
  EXPECT_EQ(producer.writer->next_offset(stream("a")), Offset{5});
  const BlockHeader last = producer.reader().header(BlockIndex{2}).value();
  EXPECT_EQ(last.previous, BlockIndex{0});
  EXPECT_EQ(last.running_largest_time, UnixMs{30});
  EXPECT_EQ(record::inspect_batch(producer.reader().payload(BlockIndex{2}).value())->base_offset, Offset{3});
}

TEST(FeedWriter, CommitIsReadBackAndMirrored) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.title = "t", .topics = {{"a", 2, "", ""}}}).ok());
  for (std::int64_t i = 0; i < 600; ++i) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("a", static_cast<std::int32_t>(i % 2)), {i, i + 1}));
    ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  }
  Follower follower(producer.id());
  ASSERT_TRUE(follower.open().ok());
  const auto replicated = replicate(producer.reader(), follower, 37);
  ASSERT_TRUE(replicated.ok()) << replicated.error().message;
  const FeedReader reader = follower.reader();
  EXPECT_EQ(reader.head(), producer.reader().head());
  EXPECT_EQ(reader.block_prefix(), 601U);
  EXPECT_EQ(reader.manifest().value()->title, "t");
  EXPECT_EQ(reader.known_entries().size(), 3U);
  const auto report = audit(reader, {});
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->complete()) << report->damage.front();
}

}  // namespace
}  // namespace shoal::feed
