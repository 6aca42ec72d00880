#include "feed/mirror/hidden_adoption.h"

#include "feed/feed_world.h"
#include "feed/log/log_stage.h"
#include "feed/read/feed_audit.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::RecordingStore;
using testing::replicate;
using testing::stream;
using Calls = RecordingStore::Calls;

class LineSink final : public base::LogSink {
 public:
  void log(base::LogLevel, std::string_view, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

/// A mirror whose head was lost: all its blocks are hidden. The first of them is a manifest.
class HiddenAdoptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    ASSERT_TRUE(producer_.writer->commit_manifest({.topics = {{"t", 2, "", ""}}}).ok());
  }
  void publish(int blocks) {
    std::vector<PendingBatch> group;
    for (int i = 0; i < blocks; ++i) group.push_back(batch_of(stream("t", i % 2), {i}));
    ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
  }
  /// All that was published is mirrored, then the head is lost.
  void hide() {
    auto blocks = std::make_unique<RecordingStore>("blocks", calls_);
    blocks_ = blocks.get();
    mirror_.blocks = std::move(blocks);
    ASSERT_TRUE(mirror_.open().ok());
    ASSERT_TRUE(replicate(producer_.reader(), mirror_, 512).ok());
    for (store::KvStore* store : {mirror_.heads.get(), mirror_.blocks.get()}) {
      store::WriteBatch batch;
      batch.erase(store::Column::meta, store::head_key(mirror_.log->number()));
      ASSERT_TRUE(store->write(batch, store::Sync::no).ok());
    }
    mirror_.mirror.reset();
    mirror_.log = FeedLog::open({mirror_.heads.get(), mirror_.blocks.get()}, producer_.id()).value();
    ASSERT_EQ(mirror_.log->header_prefix(), 0U);
    calls_->clear();
  }
  void take_head() { take_head(producer_.reader().head().value()); }
  void take_head(const Checkpoint& head) {
    const FeedLog::HeadUpdate update{head, producer_.reader().head_edge().value()};
    ASSERT_TRUE(mirror_.log->commit(mirror_.log->stage(), update, store::Sync::no).ok());
    calls_->clear();
  }
  [[nodiscard]] Bytes key(std::uint64_t block) const {
    return store::block_key(mirror_.log->number(), BlockIndex{block});
  }
  void change(store::Column column, std::uint64_t block, const std::optional<Bytes>& value) {
    store::WriteBatch batch;
    value ? batch.put(column, key(block), *value) : batch.erase(column, key(block));
    ASSERT_TRUE(mirror_.blocks->write(batch, store::Sync::no).ok());
    calls_->clear();
  }
  /// The root of the subtree over [begin, end), as a cover proves it.
  [[nodiscard]] merkle::RightEdge::Completed node(std::uint32_t level, std::uint64_t index) const {
    const merkle::NodeId id{level, index};
    return {id, producer_.log->read({id}).value().front()};
  }
  HiddenAdoption adoption() { return {*mirror_.log, sink_}; }
  void expect_whole() {
    EXPECT_EQ(mirror_.log->header_prefix(), producer_.log->header_prefix());
    EXPECT_TRUE(audit(mirror_.reader(), {})->complete());
  }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  Producer producer_;
  Follower mirror_{FeedId{testing::test_key().public_key()}};
  RecordingStore* blocks_ = nullptr;
  LineSink sink_;
};

TEST_F(HiddenAdoptionTest, NothingIsShownWithoutAHead) {
  publish(5);
  hide();
  EXPECT_FALSE(adoption().adopt({node(1, 0)}).value());
  EXPECT_EQ(mirror_.reader().held_payload_count(), 0U);
}

TEST_F(HiddenAdoptionTest, TheAcceptedTreeShowsAllOfIt) {
  publish(5);
  hide();
  take_head();
  HiddenAdoption adopting = adoption();
  EXPECT_TRUE(adopting.adopt({}).value());
  EXPECT_EQ(*calls_, (Calls{"blocks write deferred"}));
  ASSERT_EQ(sink_.lines.size(), 1U);
  EXPECT_NE(sink_.lines[0].find(": blocks 0 to 5, which were kept without a head"), std::string::npos);
  expect_whole();
  EXPECT_FALSE(adopting.adopt({node(1, 0)}).value()) << "nothing is hidden any more";
  EXPECT_FALSE(adoption().adopt({node(1, 0)}).value());
  EXPECT_EQ(sink_.lines.size(), 1U);
}

TEST_F(HiddenAdoptionTest, ManyBlocksAreShownInParts) {
  publish(2100);
  hide();
  take_head();
  EXPECT_TRUE(adoption().adopt({}).value());
  EXPECT_EQ(calls_->size(), 3U);
  expect_whole();
}

TEST_F(HiddenAdoptionTest, ALargeSubtreeBehindAHoleIsShown) {
  publish(2100);
  hide();
  publish(1);
  take_head();
  EXPECT_TRUE(adoption().adopt({node(10, 1)}).value());
  EXPECT_EQ(mirror_.reader().held_headers(), (std::vector<BlockRange>{{BlockIndex{1024}, BlockIndex{2048}}}));
}

TEST_F(HiddenAdoptionTest, AProvenSubtreeShowsItsBlocks) {
  publish(15);
  hide();
  publish(4);  // the new head's blocks are not here
  take_head();
  HiddenAdoption adopting = adoption();
  EXPECT_FALSE(adopting.adopt({}).value());
  EXPECT_TRUE(adopting.adopt({node(2, 1), node(2, 4)}).value());
  EXPECT_EQ(mirror_.reader().held_headers(), (std::vector<BlockRange>{{BlockIndex{4}, BlockIndex{8}}}));
  EXPECT_FALSE(adopting.adopt({node(2, 1)}).value()) << "it is shown";
  EXPECT_TRUE(adopting.adopt({node(3, 1), node(4, 0)}).value());
  EXPECT_EQ(mirror_.reader().held_headers(), (std::vector<BlockRange>{{BlockIndex{4}, BlockIndex{16}}}));
  EXPECT_TRUE(adopting.adopt({node(2, 0)}).value());
  EXPECT_EQ(mirror_.log->header_prefix(), 16U);
  EXPECT_EQ(mirror_.reader().held_payload_count(), 16U);
}

TEST_F(HiddenAdoptionTest, WithTheHeldPrefixTheAcceptedTreeIsWhole) {
  publish(15);
  hide();
  take_head();
  HiddenAdoption adopting = adoption();
  EXPECT_TRUE(adopting.adopt({node(2, 0)}).value());
  expect_whole();
}

TEST_F(HiddenAdoptionTest, BlocksThatAreNotProvenStayHidden) {
  publish(15);
  hide();
  publish(1);
  take_head();
  auto wrong = node(2, 1);
  wrong.hash.bytes[0] ^= 1;
  EXPECT_FALSE(adoption().adopt({wrong}).value());
  EXPECT_EQ(*calls_, Calls{});
  EXPECT_TRUE(sink_.lines.empty());
}

TEST_F(HiddenAdoptionTest, AMissingHeaderLeavesItsSubtreeHidden) {
  publish(15);
  hide();
  take_head();
  change(store::Column::headers, 6, std::nullopt);
  HiddenAdoption adopting = adoption();
  EXPECT_FALSE(adopting.adopt({node(2, 1)}).value());
  EXPECT_TRUE(adopting.adopt({node(2, 1), node(2, 2)}).value());
  EXPECT_EQ(mirror_.reader().held_headers(), (std::vector<BlockRange>{{BlockIndex{8}, BlockIndex{12}}}));
}

TEST_F(HiddenAdoptionTest, ADamagedManifestIsNotHeldAndComesAgain) {
  publish(5);
  hide();
  take_head();
  for (const std::optional<Bytes>& left : {std::optional(Bytes{1, 2}), std::optional<Bytes>()}) {
    change(store::Column::payloads, 0, left);
  }
  EXPECT_TRUE(adoption().adopt({}).value());
  EXPECT_FALSE(mirror_.reader().has_payload(BlockIndex{0}).value());
  EXPECT_TRUE(mirror_.reader().has_payload(BlockIndex{1}).value());
  mirror_.mirror = FeedMirror::open(*mirror_.log, mirror_.sink).value();
  const Bytes manifest = producer_.reader().payload(BlockIndex{0}).value();
  ASSERT_TRUE(mirror_.mirror->add_payload(BlockIndex{0}, manifest).ok());
  expect_whole();
}

TEST_F(HiddenAdoptionTest, AManifestWhoseBytesChangedIsNotHeld) {
  publish(5);
  hide();
  take_head();
  Bytes changed = producer_.reader().payload(BlockIndex{0}).value();
  changed.back() ^= 1;
  change(store::Column::payloads, 0, changed);
  EXPECT_TRUE(adoption().adopt({}).value());
  EXPECT_FALSE(mirror_.reader().has_payload(BlockIndex{0}).value());
}

TEST_F(HiddenAdoptionTest, APayloadThatWasNotKeptIsNotHeld) {
  publish(5);
  hide();
  const HiddenBlocks before = mirror_.log->inspect([](const LogState& state) { return state.hidden; });
  HiddenBlocks now = before;
  now.payloads.remove(3, 4);
  store::WriteBatch batch;
  put_hidden(batch, mirror_.log->number(), before, now);
  ASSERT_TRUE(mirror_.blocks->write(batch, store::Sync::no).ok());
  mirror_.log = FeedLog::open({mirror_.heads.get(), mirror_.blocks.get()}, producer_.id()).value();
  take_head();
  EXPECT_TRUE(adoption().adopt({}).value());
  EXPECT_FALSE(mirror_.reader().has_payload(BlockIndex{3}).value());
  EXPECT_EQ(mirror_.reader().held_payload_count(), 5U);
}

TEST_F(HiddenAdoptionTest, OfAForkedFeedNothingIsShown) {
  publish(5);
  hide();
  take_head();
  Producer other;
  ASSERT_TRUE(other.open().ok());
  ASSERT_TRUE(other.writer->commit({batch_of(stream("z"), {1})}).ok());
  const auto proof = find_fork(producer_.id(), *other.writer->head(), *producer_.log->head(), *producer_.log);
  ASSERT_TRUE(proof.ok() && proof->has_value());
  ASSERT_TRUE(mirror_.log->put_fork_proof(**proof).ok());
  EXPECT_FALSE(adoption().adopt({}).value());
}

TEST_F(HiddenAdoptionTest, AHeadThatLiesOnTheTopicsShowsNothing) {
  publish(5);
  hide();
  Checkpoint lie = producer_.reader().head().value();
  lie.topic_root.bytes[0] ^= 1;
  take_head(lie);
  EXPECT_EQ(adoption().adopt({}).error().code, Code::unverified);
  EXPECT_EQ(*calls_, Calls{});
  EXPECT_EQ(mirror_.reader().held_payload_count(), 0U);
}

TEST_F(HiddenAdoptionTest, AFailedWriteIsAnError) {
  publish(5);
  hide();
  take_head();
  blocks_->fail_after(0);
  HiddenAdoption adopting = adoption();
  EXPECT_EQ(adopting.adopt({}).error().code, Code::io);
  blocks_->fail_after(-1);
  EXPECT_TRUE(adopting.adopt({}).value()) << "they are still hidden";
  expect_whole();
}

TEST_F(HiddenAdoptionTest, OfThePayloadsOnlyAManifestIsReadAndWrittenAgain) {
  publish(5);
  hide();
  take_head();
  EXPECT_TRUE(adoption().adopt({}).value());
  int payloads = 0;
  for (const auto& operation : blocks_->batches().back().operations()) {
    payloads += operation.column == store::Column::payloads ? 1 : 0;
  }
  EXPECT_EQ(payloads, 1);
}

TEST_F(HiddenAdoptionTest, BlocksThatContradictEachOtherAreNotShown) {
  publish(15);
  hide();
  publish(1);
  take_head();
  BlockHeader other = producer_.log->header(BlockIndex{6}).value();
  other.previous = BlockIndex{5};  // of the other partition
  change(store::Column::headers, 6, encode_header(other));
  merkle::RightEdge signed_so;
  for (std::uint64_t block = 4; block < 8; ++block) {
    signed_so.append_leaf(header_leaf(mirror_.blocks->get(store::Column::headers, key(block)).value().value()));
  }
  EXPECT_EQ(adoption().adopt({{{2, 1}, signed_so.root()}}).error().code, Code::unverified);
  EXPECT_EQ(*calls_, Calls{});
  EXPECT_EQ(mirror_.reader().held_payload_count(), 0U);
}

}  // namespace
}  // namespace shoal::feed
