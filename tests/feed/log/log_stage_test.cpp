#include "feed/log/log_stage.h"

#include "base/try.h"
#include "feed/feed_world.h"
#include "feed/log/feed_log.h"

#include <list>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::stream;

using Blocks = std::vector<std::uint64_t>;

class LogStageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    ASSERT_TRUE(mirror_.open().ok());
  }
  /// Blocks of one record each, in t/0.
  void publish(int blocks) {
    std::vector<PendingBatch> group;
    for (int i = 0; i < blocks; ++i) group.push_back(batch_of(stream("t"), {1000 + i}));
    ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
  }
  enum class With : std::uint8_t { header, payload };
  /// Adds the producer's block.
  Result<void> add(LogStage& stage, std::uint64_t block, With with = With::payload) {
    // The stage keeps views.
    const Bytes& header = bytes_.emplace_back(producer_.log->header_bytes(BlockIndex(block)).value());
    LogBlock added{BlockIndex(block), decode_header(header).value(), header, std::nullopt};
    if (with == With::payload) {
      added.payload = bytes_.emplace_back(producer_.log->stored_payload(BlockIndex(block)).value());
    }
    return stage.add(added);
  }
  void hold(const Blocks& blocks, With with = With::payload) {
    LogStage stage = mirror_.log->stage();
    for (const std::uint64_t block : blocks) ASSERT_TRUE(add(stage, block, with).ok());
    const FeedLog::HeadUpdate head{*producer_.log->head(), producer_.reader().head_edge()};
    ASSERT_TRUE(mirror_.log->commit(std::move(stage), head, store::Sync::no).ok());
  }
  static int rows_of(const LogChange& change, store::Column column) {
    int count = 0;
    for (const auto& operation : change.rows.operations()) count += operation.column == column ? 1 : 0;
    return count;
  }

  testing::Producer producer_;
  testing::Follower mirror_{FeedId{testing::test_key().public_key()}};
  std::list<Bytes> bytes_;
};

TEST_F(LogStageTest, ABlockThatContinuesThePrefixIsSteppedOver) {
  publish(1);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.applied(), 1U);
  EXPECT_EQ(stage.edge(), producer_.reader().head_edge());
  EXPECT_EQ(stage.topics().root(), producer_.log->head()->topic_root);
  EXPECT_EQ(stage.new_headers(), 1U);
  EXPECT_EQ(stage.new_payloads(), 1U);
}

TEST_F(LogStageTest, ABlockBeyondAHoleWaitsForIt) {
  publish(3);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 2).ok());
  EXPECT_EQ(stage.edge().size(), 0U);
  EXPECT_EQ(stage.applied(), 0U);
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.edge().size(), 1U);
  ASSERT_TRUE(add(stage, 1).ok());
  EXPECT_EQ(stage.edge(), producer_.reader().head_edge());
  EXPECT_EQ(stage.applied(), 3U);
}

TEST_F(LogStageTest, ClosingAHoleStepsOverWhatWasStoredBehindIt) {
  publish(3);
  hold({1, 2});
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.edge(), producer_.reader().head_edge());
  EXPECT_EQ(stage.applied(), 3U);
  EXPECT_EQ(stage.topics().root(), producer_.log->head()->topic_root);
  EXPECT_EQ(stage.new_headers(), 1U);
}

TEST_F(LogStageTest, OneStageStepsOver4096StoredHeadersAtMost) {
  constexpr std::uint64_t kMost = LogStage::kMaxAdvance;
  publish(static_cast<int>(kMost) + 2);
  hold(testing::span(1, kMost + 2), With::header);
  hold({0}, With::header);
  EXPECT_EQ(mirror_.log->header_prefix(), kMost + 1);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(stage.advance().ok());
  EXPECT_EQ(stage.edge(), producer_.reader().head_edge());
  EXPECT_EQ(stage.applied(), kMost + 2);
}

TEST_F(LogStageTest, WhatIsThereIsNotAddedAgain) {
  publish(2);
  LogStage stage = mirror_.log->stage();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.new_headers(), 1U);
  EXPECT_EQ(stage.new_payloads(), 1U);
  hold({0});
  LogStage next = mirror_.log->stage();
  ASSERT_TRUE(add(next, 0).ok());
  EXPECT_EQ(next.new_headers(), 0U);
  EXPECT_EQ(next.new_payloads(), 0U);
  EXPECT_EQ(next.edge().size(), 1U);
}

TEST_F(LogStageTest, APayloadMayFollowItsHeader) {
  publish(2);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0, With::header).ok());
  EXPECT_EQ(stage.new_payloads(), 0U);
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.new_headers(), 1U);
  EXPECT_EQ(stage.new_payloads(), 1U);
  hold({1}, With::header);
  LogStage next = mirror_.log->stage();
  ASSERT_TRUE(add(next, 1).ok());
  EXPECT_EQ(next.new_headers(), 0U);
  EXPECT_EQ(next.new_payloads(), 1U);
  EXPECT_EQ(rows_of(std::move(next).finish(), store::Column::payloads), 1);
}

TEST_F(LogStageTest, AStoredPayloadCountsAndIsNotWritten) {
  publish(1);
  const Bytes header = producer_.log->header_bytes(BlockIndex(0)).value();
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(stage.add({BlockIndex(0), decode_header(header).value(), header, std::nullopt, true}).ok());
  EXPECT_EQ(stage.new_payloads(), 1U);
  const LogChange change = std::move(stage).finish();
  EXPECT_EQ(change.payloads, Blocks{0});
  EXPECT_EQ(rows_of(change, store::Column::payloads), 0);
}

TEST_F(LogStageTest, AManifestWithoutPayloadStopsTheTopicsNotTheTree) {
  ASSERT_TRUE(producer_.writer->commit_manifest({.topics = {{"t", 2, "", ""}}}).ok());
  publish(1);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0, With::header).ok());
  ASSERT_TRUE(add(stage, 1).ok());
  EXPECT_EQ(stage.edge().size(), 2U);
  EXPECT_EQ(stage.applied(), 0U);
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.applied(), 2U);
  EXPECT_EQ(stage.topics().root(), producer_.log->head()->topic_root);
}

TEST_F(LogStageTest, AStoredManifestIsReadBack) {
  publish(1);
  ASSERT_TRUE(producer_.writer->commit_manifest({.topics = {{"u", 2, "", ""}}}).ok());
  hold({1});
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.applied(), 2U);
  EXPECT_EQ(stage.topics().root(), producer_.log->head()->topic_root);
}

TEST_F(LogStageTest, AHeaderThatContradictsTheTopicsIsUnverified) {
  publish(2);
  Bytes header = producer_.log->header_bytes(BlockIndex(1)).value();
  LogStage stage = mirror_.log->stage();
  // Offsets of t/0 begin at 0, and this block says 1.
  const auto added = stage.add({BlockIndex(0), decode_header(header).value(), header, std::nullopt});
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Code::unverified);
}

TEST_F(LogStageTest, DroppedItLeavesTheLogAsItWas) {
  publish(2);
  hold({0});
  {
    LogStage stage = mirror_.log->stage();
    ASSERT_TRUE(add(stage, 1).ok());
  }
  EXPECT_EQ(mirror_.log->header_prefix(), 1U);
  EXPECT_EQ(mirror_.log->header_bytes(BlockIndex(1)).error().code, Code::not_found);
  LogStage stage = mirror_.log->stage();
  EXPECT_EQ(stage.applied(), 1U);
}

TEST_F(LogStageTest, TheChangeNamesWhatIsNew) {
  publish(1);
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("u"), {5}));
  group.push_back(batch_of(stream("t"), {6}));
  ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
  hold({0});
  LogStage stage = mirror_.log->stage();
  for (const std::uint64_t block : {2U, 1U}) ASSERT_TRUE(add(stage, block).ok());
  const LogChange change = std::move(stage).finish();
  EXPECT_EQ(change.headers, (Blocks{1, 2}));
  EXPECT_EQ(change.payloads, (Blocks{1, 2}));
  EXPECT_EQ(change.applied, 3U);
  EXPECT_EQ(change.tail.size(), 3U);
  ASSERT_EQ(change.steps.size(), 2U);
  EXPECT_EQ(change.steps[0].index, BlockIndex(1));
  EXPECT_EQ(change.steps[0].header.stream, stream("u"));
  // t/0 is known: only u/0 gets a number, the next one.
  ASSERT_EQ(change.numbers.size(), 1U);
  const auto& [named, number] = *change.numbers.begin();
  EXPECT_EQ(named, stream("u"));
  EXPECT_EQ(number, mirror_.log->inspect([](const LogState& state) { return state.partitions.size(); }));
  ASSERT_EQ(change.partitions.size(), 2U);
  const PartitionState& fresh = change.partitions.at(number);
  EXPECT_EQ(fresh.stream, stream("u"));
  EXPECT_EQ(fresh.held_end, Offset(1));
  EXPECT_EQ(fresh.position, 2U);
  const PartitionState& changed = change.partitions.at(number - 1);
  EXPECT_EQ(changed.stream, stream("t"));
  EXPECT_EQ(changed.held_end, Offset(2));
  EXPECT_EQ(changed.position, 1U);
  EXPECT_EQ(rows_of(change, store::Column::headers), 2);
  EXPECT_EQ(rows_of(change, store::Column::payloads), 2);
}

TEST_F(LogStageTest, ItsRowsOpenAsTheyWereShown) {
  publish(4);
  hold({0, 1, 3});
  mirror_.close();
  ASSERT_TRUE(mirror_.open().ok());
  EXPECT_EQ(mirror_.log->dropped_at_open(), "");
  EXPECT_EQ(mirror_.log->header_prefix(), 2U);
  const auto reader = mirror_.reader();
  EXPECT_EQ(reader.held_headers().size(), 2U);
  EXPECT_EQ(reader.held_payload_count(), 3U);
  EXPECT_EQ(reader.block_of_offset(stream("t"), Offset(3)).value(), BlockIndex(3));
  EXPECT_EQ(reader.block_of_offset(stream("t"), Offset(2)).value(), std::nullopt);
  EXPECT_EQ(reader.topic(stream("t")).value().value().high_watermark, Offset(2));
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 2).ok());
  EXPECT_EQ(stage.edge(), producer_.reader().head_edge());
  EXPECT_EQ(stage.topics().root(), producer_.log->head()->topic_root);
}

TEST_F(LogStageTest, OfAnEmptyStageNothingIsWritten) {
  publish(1);
  hold({0});
  EXPECT_TRUE(mirror_.log->stage().finish().rows.empty());
}

TEST_F(LogStageTest, RootsAreKeptOnlyBeyondThePrefix) {
  publish(2);
  hold({0, 1});
  LogStage within = mirror_.log->stage();
  within.add_node({0, 1}, {});  // ends with the prefix
  EXPECT_TRUE(std::move(within).finish().rows.empty());
  LogStage beyond = mirror_.log->stage();
  beyond.add_node({0, 2}, {});
  EXPECT_EQ(rows_of(std::move(beyond).finish(), store::Column::tree), 1);
}

TEST_F(LogStageTest, AnEmptyPayloadIsHeldWithItsHeader) {
  BlockHeader header;
  header.kind = 200;  // kinds that are not known yet may have none
  header.record_count = 1;
  header.payload_root = payload_root({});
  header.smallest_time = header.largest_time = header.running_largest_time = kNoTime;
  const Bytes bytes = encode_header(header);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(stage.add({BlockIndex(0), header, bytes, std::nullopt}).ok());
  EXPECT_EQ(stage.new_payloads(), 1U);
  EXPECT_EQ(rows_of(std::move(stage).finish(), store::Column::payloads), 1);
}

/// What a stage says of block 2 of three whose header was changed, when block 1 is held or comes with it.
class LogStageChains : public LogStageTest {
 protected:
  void SetUp() override {
    LogStageTest::SetUp();
    publish(3);
    changed_ = producer_.log->header(BlockIndex(2)).value();
  }
  Result<void> check(LogStage& stage) {
    const Bytes& bytes = bytes_.emplace_back(encode_header(changed_));
    SHOAL_CHECK(stage.add({BlockIndex(2), changed_, bytes, std::nullopt}));
    return stage.check_chains();
  }
  BlockHeader changed_;
};

TEST_F(LogStageChains, TheNewBlocksOfAPartitionMustFitEachOther) {
  LogStage good = mirror_.log->stage();
  ASSERT_TRUE(add(good, 1).ok());
  EXPECT_TRUE(check(good).ok());
  changed_.previous = BlockIndex(0);
  LogStage bad = mirror_.log->stage();
  ASSERT_TRUE(add(bad, 1).ok());
  EXPECT_EQ(check(bad).error().code, Code::unverified);
}

TEST_F(LogStageChains, ANewBlockMustFitTheHeldOnes) {
  hold({1});
  LogStage good = mirror_.log->stage();
  EXPECT_TRUE(check(good).ok());
  changed_.previous = BlockIndex(0);
  LogStage bad = mirror_.log->stage();
  EXPECT_EQ(check(bad).error().code, Code::unverified);
}

TEST_F(LogStageChains, ANewBlockMustFitTheProvenEnd) {
  hold({1});
  const auto proven = producer_.reader().topic_entry(1).value();
  const Checkpoint head = *producer_.log->head();
  const LearnedEntry learned{proven.entry, 1, head.topic_count, head.topic_root, proven.path};
  LogStage good = mirror_.log->stage();
  good.learn(learned);
  EXPECT_TRUE(check(good).ok());
  changed_.record_count = 2;
  LogStage unaware = mirror_.log->stage();
  EXPECT_TRUE(check(unaware).ok());
  LogStage bad = mirror_.log->stage();
  bad.learn(learned);
  EXPECT_EQ(check(bad).error().code, Code::unverified);
}

TEST_F(LogStageTest, OneStageStepsTheTopicsOver8192StoredHeadersAtMost) {
  constexpr std::uint64_t kMost = 2 * LogStage::kMaxAdvance;
  ASSERT_TRUE(producer_.writer->commit_manifest({.topics = {{"t", 1, "", ""}}}).ok());
  publish(static_cast<int>(kMost) + 1);
  hold(testing::span(0, kMost + 2), With::header);
  EXPECT_EQ(mirror_.log->header_prefix(), kMost + 2);
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(add(stage, 0).ok());
  EXPECT_EQ(stage.applied(), kMost + 1);
}

}  // namespace
}  // namespace shoal::feed
