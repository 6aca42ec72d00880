#include "feed/log/hidden_blocks.h"
#include "feed/log/index_rebuild.h"
#include "feed/log/loader_world.h"
#include "feed/log/log_loader.h"

// What an opening makes of rows that a crash or rot left: which copy it takes, what it writes, and what it refuses.
namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::deliver;
using testing::expect_equal;
using testing::span;
using testing::stream;

class LogLoaderRepair : public testing::LoaderWorld {
 protected:
  /// Runs of blocks whose payloads waited in memory, as the store of blocks notes them.
  void note_unwritten(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& runs) {
    Bytes row;
    for (const auto& [first, end] : runs) {
      for (const std::uint64_t value : {first, end}) {
        for (int shift = 56; shift >= 0; shift -= 8) row.push_back(static_cast<std::uint8_t>(value >> shift));
      }
    }
    put(*blocks_, store::Column::meta, store::unwritten_payloads_key(mirror_rows().number), row);
  }
  void lose_payload(std::uint64_t block) { erase(*blocks_, store::Column::payloads, block_key(mirror_rows(), block)); }
  static std::vector<BlockRange> runs(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> ranges) {
    std::vector<BlockRange> out;
    for (const auto& [begin, end] : ranges) out.push_back({BlockIndex{begin}, BlockIndex{end}});
    return out;
  }
};

/// A damaged manifest forgets the newest tables: without this a reader was given nothing, and told that it was all.
TEST_F(LogLoaderRepair, AnIndexThatEndsEarlyIsMadeAgain) {
  follow();
  const LogState live = mirror_.log->inspect([](const LogState& state) {
    LogState copy;
    copy.partitions = state.partitions;
    return copy;
  });
  for (std::uint32_t number = 1; number < live.partitions.size(); ++number) {
    const Bytes key =
        store::offset_key(mirror_rows().number, store::TopicNumber{number}, live.partitions[number].held_end - 1);
    const Bytes kept = row(*blocks_, store::Column::offsets, key);
    erase(*blocks_, store::Column::offsets, key);
    const auto loaded = load(mirror_rows());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_NE(loaded->healed.find("made again"), std::string::npos);
    EXPECT_EQ(row(*blocks_, store::Column::offsets, key), kept);
  }
  const auto again = load(mirror_rows());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->healed, "");
}

TEST_F(LogLoaderRepair, RowsOfAMirrorBecomeThoseOfAnOwnFeed) {
  follow();
  ASSERT_TRUE(move_block_rows({heads_, blocks_}, producer_.id()).ok());
  const FeedRows moved{{heads_, heads_}, producer_.id(), mirror_.log->number()};
  const auto loaded = load(moved);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->state.head, *producer_.reader().head());
  EXPECT_EQ(loaded->state.payloads.runs(), runs({{0, 31}}));
  for (const auto column : {store::Column::meta, store::Column::payloads, store::Column::offsets}) {
    const auto rows = blocks_->iterate(column);
    rows->seek(store::feed_range(mirror_rows().number).begin);
    EXPECT_FALSE(rows->valid());
  }
  EXPECT_TRUE(move_block_rows({heads_, blocks_}, producer_.id()).ok()) << "nothing is left to move";
  EXPECT_TRUE(move_block_rows({heads_, blocks_}, FeedId{testing::test_key(99).public_key()}).ok());
}

TEST_F(LogLoaderRepair, EachRunOfUnwrittenPayloadsIsLookedAt) {
  follow();
  for (const std::uint64_t lost : {5U, 20U, 30U}) lose_payload(lost);
  note_unwritten({{5, 6}, {19, 22}});  // block 30 was lost by something else
  for (int time = 0; time < 2; ++time) {
    const auto loaded = load(mirror_rows());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->state.payloads.runs(), runs({{0, 5}, {6, 20}, {21, 31}}));
  }
  EXPECT_EQ(blocks_->batches().back().operations().back().kind, store::WriteBatch::Kind::erase);
}

TEST_F(LogLoaderRepair, RunsOfUnwrittenPayloadsAreNotEmpty) {
  follow();
  note_unwritten({{5, 5}});
  expect_corrupt(mirror_rows(), "unwritten payloads");
  note_unwritten({{6, 5}});
  expect_corrupt(mirror_rows(), "unwritten payloads");
  note_unwritten({});
  EXPECT_TRUE(load(mirror_rows()).ok());
}

TEST_F(LogLoaderRepair, AnUnwrittenPayloadWithoutItsHeaderIsNamed) {
  follow();
  lose_payload(7);
  note_unwritten({{7, 8}});
  erase(*blocks_, store::Column::headers, block_key(mirror_rows(), 7));
  const auto loaded = load(mirror_rows());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::corrupt);
}

TEST_F(LogLoaderRepair, AMendedFeedIsWrittenOrTheOpeningFails) {
  follow();
  lose_payload(7);
  note_unwritten({{7, 8}});
  blocks_->fail_after(0);
  EXPECT_EQ(load(mirror_rows()).error().code, Code::io);
}

TEST_F(LogLoaderRepair, TheNewerOfTwoHeadsIsThatOfTheLaterTime) {
  follow();
  Checkpoint beat = *producer_.reader().head();
  beat.time = beat.time + 1;
  for (testing::RecordingStore* newer : {heads_, blocks_}) {
    put_head(mirror_rows(), *producer_.reader().head());
    put(*newer, store::Column::meta, store::head_key(mirror_rows().number), encode_checkpoint(sign(beat)));
    const auto loaded = load(mirror_rows());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->state.head, sign(beat));
    EXPECT_EQ(loaded->healed, "");
  }
}

TEST_F(LogLoaderRepair, TheNewerOfTwoHeadsIsThatOfTheLaterEpoch) {
  follow();
  Checkpoint later = old_head_;
  later.epoch = Epoch{1};
  later.tree_size = 40;  // nothing to compare it with
  for (testing::RecordingStore* newer : {heads_, blocks_}) {
    Checkpoint longer = *producer_.reader().head();
    longer.tree_size = 50;
    put_head(mirror_rows(), sign(longer));
    put(*newer, store::Column::meta, store::head_key(mirror_rows().number), encode_checkpoint(sign(later)));
    EXPECT_EQ(load(mirror_rows())->state.head, sign(later));
  }
}

TEST_F(LogLoaderRepair, EitherCopyOfTheEdgeIsEnough) {
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(25, 28)).to(*mirror_.mirror).ok());
  const Bytes key = head_edge_key(mirror_rows().number);
  for (testing::RecordingStore* losing : {heads_, blocks_}) {
    const Bytes kept = row(*losing, store::Column::meta, key);
    erase(*losing, store::Column::meta, key);
    const auto loaded = load(mirror_rows());
    ASSERT_TRUE(loaded.ok());
    ASSERT_TRUE(loaded->state.head_edge.has_value());
    EXPECT_EQ(loaded->state.head_edge->root(), head.root);
    put(*losing, store::Column::meta, key, kept);
  }
}

TEST_F(LogLoaderRepair, TheEdgeOfAnotherHeadIsNotTaken) {
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(25, 28)).to(*mirror_.mirror).ok());
  Checkpoint longer = head;
  longer.tree_size = 50;
  const Bytes key = head_edge_key(mirror_rows().number);
  put(*heads_, store::Column::meta, store::head_key(mirror_rows().number), encode_checkpoint(sign(longer)));
  erase(*heads_, store::Column::meta, key);
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->state.head, sign(longer));
  EXPECT_EQ(loaded->state.head_edge, std::nullopt);
}

TEST_F(LogLoaderRepair, AHeadDamagedInBothPlacesHidesAllBlocks) {
  follow();
  for (testing::RecordingStore* store : {heads_, blocks_}) {
    put(*store, store::Column::meta, store::head_key(mirror_rows().number), Bytes{1});
  }
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->state.head, std::nullopt);
  EXPECT_EQ(loaded->healed, "");
  EXPECT_EQ(loaded->dropped.find("the accepted head, which is damaged in both places"), 0U) << loaded->dropped;
  EXPECT_NE(loaded->dropped.find("; blocks 0 to 31, which are ahead"), std::string::npos) << loaded->dropped;
  EXPECT_EQ(loaded->state.hidden.headers.runs(), runs({{0, 31}}));
  EXPECT_EQ(loaded->state.hidden.payloads.runs(), runs({{0, 31}}));
  EXPECT_EQ(load_hidden(*blocks_, mirror_rows().number)->payloads.runs(), runs({{0, 31}}));
}

TEST_F(LogLoaderRepair, AHeadThatCannotBeReadNowIsNoDamagedHead) {
  follow();
  const Bytes key = store::head_key(mirror_rows().number);
  heads_->refuse_row(store::Column::meta, key, Error{Code::io, "gone"});
  EXPECT_EQ(load(mirror_rows()).error().code, Code::io);
  heads_->refuse_row(store::Column::meta, key, Error{Code::corrupt, "a bad sector"});
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->state.head, producer_.reader().head());
  EXPECT_NE(loaded->healed, "");
  own_->refuse_row(store::Column::meta, store::head_key(own_rows().number), Error{Code::corrupt, "a bad sector"});
  expect_corrupt(own_rows(), "the accepted head");
}

TEST_F(LogLoaderRepair, WhatIsHiddenStaysHiddenAtTheNextOpen) {
  follow();
  put_head(mirror_rows(), old_head_);
  ASSERT_TRUE(load(mirror_rows()).ok());
  const auto again = load(mirror_rows());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->state.hidden.headers.runs(), runs({{21, 31}}));
  EXPECT_EQ(again->state.hidden.payloads.runs(), runs({{21, 31}}));
  // More is hidden when the next head is lost, too.
  erase_head(mirror_rows());
  const auto all = load(mirror_rows());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->state.hidden.headers.runs(), runs({{0, 31}}));
  EXPECT_EQ(load_hidden(*blocks_, mirror_rows().number)->headers.runs(), runs({{0, 31}}));
}

TEST_F(LogLoaderRepair, WhatIsShownAgainIsForgottenAsHidden) {
  follow();
  const Checkpoint newest = *producer_.reader().head();
  put_head(mirror_rows(), old_head_);
  ASSERT_TRUE(mirror_.open().ok());
  ASSERT_TRUE(testing::replicate(producer_.reader(), mirror_).ok());
  EXPECT_EQ(mirror_.log->head(), newest);
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->state.hidden.empty());
  EXPECT_TRUE(load_hidden(*blocks_, mirror_rows().number)->empty());
}

TEST_F(LogLoaderRepair, TheIndexOfHiddenBlocksIsGone) {
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("late"), {1}));
  ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
  follow();
  put_head(mirror_rows(), old_head_);
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  // The number of a topic stays with it, and nothing of it is held.
  const auto number = loaded->state.number_of(stream("late"));
  ASSERT_TRUE(number.has_value());
  EXPECT_EQ(loaded->state.partitions[*number].last_held, std::nullopt);
  EXPECT_EQ(loaded->state.partitions[*number].position, std::nullopt);
  for (const auto& [place, of] : loaded->state.places) EXPECT_NE(of, *number) << place;
}

TEST_F(LogLoaderRepair, ARebuildIsMarkedBeforeItBeginsAndUnmarkedAtItsEnd) {
  const FeedRows rows = own_rows();
  ASSERT_TRUE(rows.set_property(kRebuildingProperty, Bytes{1}).ok());
  for (int failing = 0; failing < 3; ++failing) {
    own_->fail_after(failing);
    EXPECT_EQ(load(rows).error().code, Code::io) << failing;
    own_->fail_after(-1);
    EXPECT_TRUE(rows.property(kRebuildingProperty)->has_value()) << failing;
  }
  const auto loaded = load(rows);
  ASSERT_TRUE(loaded.ok());
  producer_.log->inspect([&](const LogState& live) { expect_equal(loaded->state, live); });
}

TEST_F(LogLoaderRepair, RowsThatCannotBeReadStopTheOpening) {
  follow();
  const FeedRows rows = mirror_rows();
  const auto stops = [&](testing::RecordingStore& store, const Bytes& key) {
    store.refuse_row(store::Column::meta, key, Error{Code::io, "gone"});
    const auto loaded = load(rows);
    store.refuse_row(store::Column::meta, key, std::nullopt);
    return !loaded.ok() && loaded.error().code == Code::io;
  };
  EXPECT_TRUE(stops(*heads_, store::fork_proof_key(rows.number)));
  EXPECT_TRUE(stops(*heads_, store::feed_property_key(rows.number, kRebuildingProperty)));
  EXPECT_TRUE(stops(*heads_, head_edge_key(rows.number)));
  EXPECT_TRUE(stops(*blocks_, store::head_key(rows.number)));
  EXPECT_TRUE(stops(*blocks_, state_key(rows.number)));
  EXPECT_TRUE(stops(*blocks_, store::unwritten_payloads_key(rows.number)));
  EXPECT_TRUE(load(rows).ok());
}

TEST_F(LogLoaderRepair, AnAppliedPrefixBehindTheHeadersIsKept) {
  // A manifest whose payload is missing stops the topic state at it.
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(0, 31), false).to(*mirror_.mirror).ok());
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->state.applied, 0U);
  EXPECT_EQ(loaded->state.tail.size(), 31U);
  mirror_.log->inspect([&](const LogState& live) { expect_equal(loaded->state, live); });
}

TEST_F(LogLoaderRepair, ColumnsThatCannotBeReadAreNotEmptyOnes) {
  follow();
  for (const store::Column column : {store::Column::meta, store::Column::topics, store::Column::headers}) {
    blocks_->refuse_iteration(column, Error{Code::io, "gone"});
    EXPECT_EQ(load(mirror_rows()).error().code, Code::io) << static_cast<int>(column);
  }
  blocks_->refuse_iteration(store::Column::meta, std::nullopt);
  ASSERT_TRUE(mirror_rows().set_property(kRebuildingProperty, Bytes{1}).ok());
  blocks_->refuse_iteration(store::Column::headers, Error{Code::io, "gone"});
  EXPECT_EQ(load(mirror_rows()).error().code, Code::io);
  blocks_->refuse_iteration(store::Column::headers, std::nullopt);
  EXPECT_EQ(load(mirror_rows())->state.headers.count(), 31U);
}

}  // namespace
}  // namespace shoal::feed
