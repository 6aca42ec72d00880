#include "feed/write/feed_writer.h"

#include "feed/feed_world.h"
#include "feed/log/log_stage.h"
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

/// What a writer makes of batches, and what it refuses.
class FeedWriterBatches : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(producer_.open().ok()); }
  Result<CommitResult> commit(PendingBatch batch) {
    std::vector<PendingBatch> group;
    group.push_back(std::move(batch));
    return producer_.writer->commit(std::move(group));
  }
  void expect_refused(PendingBatch batch, Code code, const std::string& says) {
    const auto done = commit(std::move(batch));
    ASSERT_FALSE(done.ok()) << says;
    EXPECT_EQ(done.error().code, code);
    EXPECT_NE(done.error().message.find(says), std::string::npos) << done.error().message;
    EXPECT_EQ(producer_.writer->head(), nullptr);
  }
  Producer producer_;
};

TEST_F(FeedWriterBatches, ABlockSaysWhatItsBatchHolds) {
  ASSERT_TRUE(commit(batch_of(stream("t"), {50, 60})).ok());
  producer_.clock.now = UnixMs{2'000'000'000'000};
  const PendingBatch batch = batch_of(stream("t"), {30, 40, 35});
  const CommitResult done = commit(batch).value();
  EXPECT_EQ(done.head.time, producer_.clock.now);
  ASSERT_EQ(done.blocks.size(), 1U);
  const CommittedBlock& block = done.blocks[0];
  EXPECT_EQ(block.index, BlockIndex{1});
  EXPECT_EQ(block.header, producer_.log->header_bytes(BlockIndex{1}).value());
  EXPECT_EQ(block.payload, producer_.log->stored_payload(BlockIndex{1}).value());
  EXPECT_EQ(block.stream, stream("t"));
  EXPECT_EQ(block.base_offset, Offset{2});
  EXPECT_EQ(block.record_count, 3U);
  const BlockHeader header = decode_header(block.header).value();
  EXPECT_TRUE(header.is(BlockKind::data));
  EXPECT_EQ(header.previous, BlockIndex{0});
  EXPECT_EQ(header.append_time, producer_.clock.now);
  EXPECT_EQ(header.smallest_time, UnixMs{30});
  EXPECT_EQ(header.largest_time, UnixMs{40});
  EXPECT_EQ(header.running_largest_time, UnixMs{60});
  EXPECT_EQ(header.payload_size, batch.batch.size());
}

TEST_F(FeedWriterBatches, AManifestIsABlockOfTheReservedStream) {
  const CommitResult done = producer_.writer->commit_manifest({.title = "t"}).value();
  const BlockHeader header = decode_header(done.blocks.at(0).header).value();
  EXPECT_TRUE(header.is(BlockKind::manifest));
  EXPECT_EQ(header.record_count, 1U);
  EXPECT_EQ(header.smallest_time, kNoTime);
  EXPECT_EQ(header.largest_time, kNoTime);
  EXPECT_EQ(header.running_largest_time, kNoTime);
  EXPECT_EQ(producer_.writer->commit_manifest({.title = "u"})->blocks.at(0).base_offset, Offset{1});
}

TEST_F(FeedWriterBatches, AClockBefore1970CountsAs1970) {
  producer_.clock.now = UnixMs{-5};
  const CommitResult done = commit(batch_of(stream("t"), {1})).value();
  EXPECT_EQ(done.head.time, UnixMs{0});
  EXPECT_EQ(decode_header(done.blocks[0].header)->append_time, UnixMs{0});
}

TEST_F(FeedWriterBatches, AHeartbeatIsAlwaysNewerThanTheHead) {
  EXPECT_EQ(producer_.writer->heartbeat().error().code, Code::invalid_argument);
  const Checkpoint first = commit(batch_of(stream("t"), {1}))->head;
  producer_.clock.now = first.time - 100;
  const Checkpoint second = producer_.writer->heartbeat().value();
  EXPECT_EQ(second.time, first.time + 1);
  EXPECT_TRUE(second.same_history(first));
  EXPECT_EQ(*producer_.writer->head(), second);
  EXPECT_EQ(producer_.log->head(), second);
  producer_.clock.now = first.time + 5000;
  EXPECT_EQ(producer_.writer->heartbeat()->time, first.time + 5000);
}

TEST_F(FeedWriterBatches, ABatchOf8MiBIsTheLargest) {
  PendingBatch batch{stream("t"), Bytes(kMaxPayloadSize + 1), 1, UnixMs{1}, UnixMs{1}};
  expect_refused(batch, Code::limit_exceeded, "8 MiB");
  batch.batch.pop_back();  // bytes that are no batch
  expect_refused(batch, Code::invalid_argument, "not sound");
}

TEST_F(FeedWriterBatches, APartitionIsANumberOfSixteenBits) {
  expect_refused(batch_of(stream("t", -1), {1}), Code::invalid_argument, "illegal partition");
  expect_refused(batch_of(stream("t", 65536), {1}), Code::invalid_argument, "illegal partition");
  expect_refused(batch_of(stream("t", 65535), {1}), Code::invalid_argument, "partition");
  const auto done = commit(batch_of(stream("t", 65535), {1}));
  EXPECT_EQ(done.error().message.find("illegal partition"), std::string::npos) << "it is unknown, not illegal";
}

TEST_F(FeedWriterBatches, WhatIsStatedOfABatchIsCompared) {
  PendingBatch batch = batch_of(stream("t"), {10, 20});
  batch.record_count = 1;
  expect_refused(batch, Code::invalid_argument, "another number of records");
  batch = batch_of(stream("t"), {10, 20});
  batch.largest_time = UnixMs{19};
  expect_refused(batch, Code::invalid_argument, "timestamps");
  batch = batch_of(stream("t"), {10, 20});
  batch.smallest_time = UnixMs{21};
  expect_refused(batch, Code::invalid_argument, "timestamps");
  batch.smallest_time = UnixMs{-2};
  expect_refused(batch, Code::invalid_argument, "timestamps");
  expect_refused({stream("t"), Bytes(100, 1), 1, UnixMs{1}, UnixMs{1}}, Code::invalid_argument, "not sound");
  EXPECT_TRUE(commit(batch_of(stream("t"), {-1})).ok());  // without a time
}

TEST_F(FeedWriterBatches, AManifestThatCannotBeReadIsRefused) {
  const auto big = producer_.writer->commit_manifest({.description = std::string(kMaxManifestSize, 'x')});
  EXPECT_EQ(big.error().code, Code::limit_exceeded);
  const auto bad = producer_.writer->commit_manifest({.topics = {{"no spaces", 1, "", ""}}});
  EXPECT_EQ(bad.error().code, Code::invalid_argument);
  const auto both = producer_.writer->commit_manifest(
      {.description = std::string(kMaxManifestSize - 100, 'x'), .topics = {{"", 1, "", ""}}});
  EXPECT_EQ(both.error().code, Code::invalid_argument);
  EXPECT_EQ(producer_.writer->head(), nullptr);
}

TEST_F(FeedWriterBatches, AForkedFeedIsNotSignedOn) {
  ASSERT_TRUE(commit(batch_of(stream("t"), {1})).ok());
  const Checkpoint head = *producer_.writer->head();
  Producer other;
  ASSERT_TRUE(other.open().ok());
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("z"), {1}));
  ASSERT_TRUE(other.writer->commit(std::move(group)).ok());
  const auto proof = find_fork(producer_.id(), *other.writer->head(), head, *producer_.log);
  ASSERT_TRUE(proof.ok() && proof->has_value());
  ASSERT_TRUE(producer_.log->put_fork_proof(**proof).ok());
  EXPECT_EQ(commit(batch_of(stream("t"), {2})).error().code, Code::unsafe_to_sign);
  EXPECT_EQ(producer_.writer->heartbeat().error().code, Code::unsafe_to_sign);
  EXPECT_EQ(producer_.writer->commit_manifest({}).error().code, Code::unsafe_to_sign);
  EXPECT_EQ(*producer_.writer->head(), head);
  producer_.close();
  const auto opened = producer_.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::unsafe_to_sign);
  EXPECT_NE(opened.error().message.find("signed twice"), std::string::npos);
}

TEST_F(FeedWriterBatches, ALaterEpochIsKept) {
  ASSERT_TRUE(commit(batch_of(stream("t"), {1})).ok());
  Checkpoint later = *producer_.writer->head();
  later.epoch = Epoch{3};
  later.signature = crypto::sign(testing::test_key(), base::as_bytes(note_text(producer_.id(), later)));
  ASSERT_TRUE(producer_.log->commit(producer_.log->stage(), FeedLog::HeadUpdate{later, {}}, store::Sync::no).ok());
  ASSERT_TRUE(producer_.journal->commit(producer_.id(), encode_checkpoint(later), {}).ok());
  producer_.close();
  ASSERT_TRUE(producer_.open().ok());
  const CommitResult done = commit(batch_of(stream("t"), {2})).value();
  EXPECT_EQ(done.head.epoch, Epoch{3});
  EXPECT_EQ(record::inspect_batch(done.blocks[0].payload)->leader_epoch, 3U);
  EXPECT_EQ(producer_.writer->heartbeat()->epoch, Epoch{3});
}

TEST_F(FeedWriterBatches, AnUnknownPartitionBeginsAtZero) {
  EXPECT_EQ(producer_.writer->next_offset(stream("t")), Offset{0});
  EXPECT_EQ(producer_.writer->partitions("t"), 0U);
}

}  // namespace
}  // namespace shoal::feed
