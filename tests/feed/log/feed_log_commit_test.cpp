#include "feed/feed_world.h"
#include "feed/log/feed_log.h"
#include "feed/log/log_stage.h"
#include "feed/read/feed_audit.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::stream;

/// A mirror over stores that write down what is done to them.
class FeedLogCommit : public ::testing::Test {
 protected:
  using Calls = testing::RecordingStore::Calls;

  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    publish(5);
    auto heads = std::make_unique<testing::RecordingStore>("heads", calls_);
    auto blocks = std::make_unique<testing::RecordingStore>("blocks", calls_);
    heads_ = heads.get();
    blocks_ = blocks.get();
    mirror_.heads = std::move(heads);
    mirror_.blocks = std::move(blocks);
    ASSERT_TRUE(mirror_.open().ok());
    calls_->clear();
  }
  void publish(int blocks) {
    for (int i = 0; i < blocks; ++i) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream("t"), {i}));
      ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
    }
  }
  /// What a stage with the producer's first block and head would be committed as.
  Result<void> commit_first(store::Sync sync) {
    const Bytes header = producer_.log->header_bytes(BlockIndex{0}).value();
    const Bytes payload = producer_.log->stored_payload(BlockIndex{0}).value();
    LogStage stage = mirror_.log->stage();
    EXPECT_TRUE(stage.add({BlockIndex{0}, decode_header(header).value(), header, payload}).ok());
    return mirror_.log->commit(std::move(stage), FeedLog::HeadUpdate{*producer_.log->head(), edge()}, sync);
  }
  [[nodiscard]] merkle::RightEdge edge() const { return producer_.reader().head_edge().value(); }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  Producer producer_;
  Follower mirror_{FeedId{testing::test_key().public_key()}};
  testing::RecordingStore* heads_ = nullptr;
  testing::RecordingStore* blocks_ = nullptr;
};

TEST_F(FeedLogCommit, WritesTheHeadBeforeItsBlocks) {
  ASSERT_TRUE(commit_first(store::Sync::yes).ok());
  EXPECT_EQ(*calls_, (Calls{"heads write yes", "blocks write yes"}));
  EXPECT_EQ(mirror_.log->head(), producer_.log->head());
  EXPECT_EQ(mirror_.reader().head_edge(), edge());
  EXPECT_EQ(mirror_.reader().payload(BlockIndex{0}).value(), producer_.reader().payload(BlockIndex{0}).value());
}

TEST_F(FeedLogCommit, WritesNothingForAnEmptyStage) {
  ASSERT_TRUE(mirror_.log->commit(mirror_.log->stage(), std::nullopt, store::Sync::yes).ok());
  EXPECT_EQ(*calls_, Calls{});
}

TEST_F(FeedLogCommit, KeepsTheEdgeOfAHeadThatTheBlocksDoNotReach) {
  ASSERT_TRUE(commit_first(store::Sync::no).ok());
  EXPECT_TRUE(mirror_.log->property("log/head-edge")->has_value());
  Follower whole{FeedId{testing::test_key().public_key()}};
  ASSERT_TRUE(whole.open().ok());
  ASSERT_TRUE(replicate(producer_.reader(), whole).ok());
  EXPECT_FALSE(whole.log->property("log/head-edge")->has_value());
  EXPECT_EQ(whole.reader().head_edge(), edge());
}

TEST_F(FeedLogCommit, AFailedWriteShowsNothing) {
  for (testing::RecordingStore* failing : {heads_, blocks_}) {
    failing->fail_after(0);
    EXPECT_EQ(commit_first(store::Sync::no).error().code, Code::io);
    EXPECT_EQ(mirror_.log->head(), std::nullopt);
    EXPECT_EQ(mirror_.log->header_prefix(), 0U);
    EXPECT_EQ(mirror_.log->header_bytes(BlockIndex{0}).error().code, Code::not_found);
    failing->fail_after(-1);
  }
  ASSERT_TRUE(commit_first(store::Sync::no).ok());
  EXPECT_EQ(mirror_.log->header_prefix(), 1U);
  ASSERT_TRUE(replicate(producer_.reader(), mirror_).ok());  // on the copy of the topic state that made the same steps
  EXPECT_TRUE(audit(mirror_.reader(), {})->complete());
}

TEST_F(FeedLogCommit, CountsChangesOfPayloadsOnly) {
  const auto changes = [&] {
    return mirror_.log->inspect([](const LogState& state) { return state.payload_changes; });
  };
  const Checkpoint head = *producer_.log->head();
  ASSERT_TRUE(testing::deliver(producer_.reader(), head, 0, testing::span(0, 5), false).to(*mirror_.mirror).ok());
  EXPECT_EQ(changes(), 0U);
  ASSERT_TRUE(mirror_.mirror->add_payload(BlockIndex{0}, producer_.reader().payload(BlockIndex{0}).value()).ok());
  EXPECT_EQ(changes(), 1U);
}

TEST_F(FeedLogCommit, AForkProofIsSyncedAndTheFirstOneStays) {
  Producer other;
  ASSERT_TRUE(other.open().ok());
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("z"), {1}));
  ASSERT_TRUE(other.writer->commit(std::move(group)).ok());
  const auto proof = find_fork(producer_.id(), *other.writer->head(), *producer_.log->head(), *producer_.log);
  ASSERT_TRUE(proof.ok() && proof->has_value());
  ASSERT_TRUE(mirror_.log->put_fork_proof(**proof).ok());
  EXPECT_EQ(*calls_, (Calls{"heads write yes"}));
  EXPECT_EQ(mirror_.reader().fork_proof(), encode_fork_proof(**proof));
  EXPECT_EQ(mirror_.reader().fork_limit(), common_prefix_limit(**proof));
  ASSERT_TRUE(mirror_.log->put_fork_proof(**proof).ok());
  EXPECT_EQ(calls_->size(), 1U);
}

TEST_F(FeedLogCommit, AFailedForkProofIsNotBelieved) {
  Producer other;
  ASSERT_TRUE(other.open().ok());
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("z"), {1}));
  ASSERT_TRUE(other.writer->commit(std::move(group)).ok());
  const auto proof = find_fork(producer_.id(), *other.writer->head(), *producer_.log->head(), *producer_.log);
  heads_->fail_after(0);
  EXPECT_EQ(mirror_.log->put_fork_proof(**proof).error().code, Code::io);
  EXPECT_EQ(mirror_.reader().fork_proof(), std::nullopt);
}

TEST_F(FeedLogCommit, MakesBothStoresDurableHeadsFirst) {
  ASSERT_TRUE(mirror_.log->make_durable().ok());
  EXPECT_EQ(*calls_, (Calls{"heads durable", "blocks durable"}));
  testing::RecordingStore one("one", calls_);
  auto log = FeedLog::open({&one, &one}, producer_.id());
  ASSERT_TRUE(log.ok());
  calls_->clear();
  ASSERT_TRUE((*log)->make_durable().ok());
  EXPECT_EQ(*calls_, (Calls{"one durable"}));
}

TEST_F(FeedLogCommit, APayloadBehindAHoleOfItsCommitIsFoundWithoutTheIndex) {
  std::vector<Bytes> rows;
  for (const std::uint64_t block : {1U, 0U}) {
    rows.push_back(producer_.log->header_bytes(BlockIndex{block}).value());
    rows.push_back(producer_.log->stored_payload(BlockIndex{block}).value());
  }
  LogStage stage = mirror_.log->stage();
  ASSERT_TRUE(stage.add({BlockIndex{1}, decode_header(rows[0]).value(), rows[0], rows[1]}).ok());
  ASSERT_TRUE(stage.add({BlockIndex{0}, decode_header(rows[2]).value(), rows[2], rows[3]}).ok());
  const Bytes index = store::offset_key(mirror_.log->number(), store::TopicNumber{1}, Offset{1});
  blocks_->refuse_row(store::Column::offsets, index, Error{Code::io, "gone"});
  ASSERT_TRUE(
      mirror_.log->commit(std::move(stage), FeedLog::HeadUpdate{*producer_.log->head(), edge()}, store::Sync::no).ok());
  EXPECT_EQ(mirror_.reader().topic(stream("t")).value()->high_watermark, Offset{2});
}

TEST_F(FeedLogCommit, ItIsWritableWhenBothStoresAre) {
  EXPECT_TRUE(mirror_.log->check_writable().ok());
  for (testing::RecordingStore* full : {heads_, blocks_}) {
    full->refuse_checks(Error{Code::no_space, "full"});
    EXPECT_EQ(mirror_.log->check_writable().error().code, Code::no_space);
    full->refuse_checks(std::nullopt);
  }
}

TEST_F(FeedLogCommit, AStoreThatIsNotDurableIsAnError) {
  heads_->refuse_durable(Error{Code::io, "no sync"});
  EXPECT_EQ(mirror_.log->make_durable().error().code, Code::io);
  EXPECT_EQ(*calls_, (Calls{"heads durable"}));
  heads_->refuse_durable(std::nullopt);
  blocks_->refuse_durable(Error{Code::io, "no sync"});
  EXPECT_EQ(mirror_.log->make_durable().error().code, Code::io);
}

TEST_F(FeedLogCommit, DamageIsReportedToWhoeverAskedForIt) {
  mirror_.log->note_damage(BlockIndex{3});
  std::vector<BlockIndex> seen;
  mirror_.log->on_damage([&](BlockIndex block) { seen.push_back(block); });
  mirror_.log->note_damage(BlockIndex{4});
  EXPECT_EQ(seen, std::vector{BlockIndex{4}});
}

}  // namespace
}  // namespace shoal::feed
