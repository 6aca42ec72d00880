#include "feed/log/log_pruner.h"

#include "feed/feed_world.h"
#include "feed/log/log_loader.h"
#include "feed/log/log_rows.h"
#include "feed/log/topic_index.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::RecordingStore;
using testing::stream;

constexpr std::uint32_t kPayloadSize = 10;

/// A log made by hand: blocks of two records each, in partitions that are numbered as they appear from 1.
class LogPrunerTest : public ::testing::Test {
 protected:
  enum class Payload { held, missing };

  /// Adds the next block of `to` at `index`.
  void add(std::uint64_t index, const TopicPartition& to, Payload payload, BlockKind kind = BlockKind::data) {
    const auto [number, created] = state_.numbers.try_emplace(to, static_cast<std::uint32_t>(state_.partitions.size()));
    if (created) state_.partitions.push_back(PartitionState{.stream = to});
    PartitionState& partition = state_.partitions[number->second];
    BlockHeader header;
    header.kind = static_cast<std::uint8_t>(kind);
    header.stream = kind == BlockKind::manifest ? TopicPartition{} : to;
    header.previous = partition.last_held;
    header.base_offset = partition.held_end;
    header.record_count = kind == BlockKind::manifest ? 1 : 2;
    header.payload_size = kPayloadSize;
    header.append_time = UnixMs{1000 + static_cast<std::int64_t>(index)};
    const bool timed = kind == BlockKind::data;
    header.smallest_time = header.largest_time = header.running_largest_time = timed ? UnixMs{5} : kNoTime;
    store::WriteBatch batch;
    batch.put(store::Column::headers, key(index), encode_header(header));
    put_offset_row(batch, rows_.number, store::TopicNumber{number->second}, header, BlockIndex{index});
    if (payload == Payload::held) batch.put(store::Column::payloads, key(index), Bytes(kPayloadSize, 1));
    ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
    partition.note_header(header, BlockIndex{index});
    state_.headers.add(index);
    if (payload != Payload::held) return;
    partition.note_payload(header);
    state_.payloads.add(index);
  }
  /// The state is complete; the rows of its sets are written, as commits would have.
  void open() {
    store::WriteBatch batch;
    put_have_range(batch, rows_.number, HaveSet::payloads, state_.payloads, 0, state_.headers.bound());
    ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
    shared_ = std::make_unique<SharedLogState>(std::move(state_));
    blocks_ = std::make_unique<StoredBlocks>(rows_, *shared_);
    pruner_ = std::make_unique<LogPruner>(*blocks_, *shared_);
  }
  [[nodiscard]] Bytes key(std::uint64_t index) const { return store::block_key(rows_.number, BlockIndex{index}); }
  [[nodiscard]] bool has_row(store::Column column, std::uint64_t index) const {
    return store_->contains(column, key(index)).value();
  }
  [[nodiscard]] const LogState& state() const { return shared_->unlocked(); }
  [[nodiscard]] const PartitionState& partition(const TopicPartition& of) const {
    return state().partitions[*state().number_of(of)];
  }
  [[nodiscard]] PartitionState stored(const TopicPartition& of) const {
    const store::TopicNumber number{*state().number_of(of)};
    return decode_partition(*store_->get(store::Column::topics, store::topic_key(rows_.number, number)).value())
        ->partition;
  }
  [[nodiscard]] std::vector<BlockRange> stored_set(HaveSet which) const {
    return load_have_set(*store_, rows_.number, which)->runs();
  }
  static std::vector<BlockIndex> blocks(std::initializer_list<std::uint64_t> indices) {
    std::vector<BlockIndex> out;
    for (const std::uint64_t index : indices) out.push_back(BlockIndex{index});
    return out;
  }
  static BlockRange range(std::uint64_t begin, std::uint64_t end) { return {BlockIndex{begin}, BlockIndex{end}}; }

  std::shared_ptr<RecordingStore::Calls> calls_ = std::make_shared<RecordingStore::Calls>();
  std::unique_ptr<RecordingStore> store_ = std::make_unique<RecordingStore>("blocks", calls_);
  FeedRows rows_{{store_.get(), store_.get()}, FeedId{testing::test_key().public_key()}, store::FeedNumber{3}};
  LogState state_{.partitions = {PartitionState{}}, .numbers = {{TopicPartition{}, 0}}};
  std::unique_ptr<SharedLogState> shared_;
  std::unique_ptr<StoredBlocks> blocks_;
  std::unique_ptr<LogPruner> pruner_;
};

TEST_F(LogPrunerTest, DropsPayloadsAndMovesLogStarts) {
  for (std::uint64_t i = 0; i < 12; ++i) add(i, stream(i == 1 ? "c" : i % 2 == 0 ? "a" : "b"), Payload::held);
  open();
  const auto pruned = pruner_->prune(blocks({0, 2, 3}));
  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(pruned->payloads, 3U);
  EXPECT_EQ(pruned->bytes, 3U * kPayloadSize);
  EXPECT_EQ(pruned->span, range(0, 4));
  EXPECT_EQ(pruned->newest_append_time, UnixMs{1003});
  EXPECT_EQ(state().payloads.runs(), (std::vector<BlockRange>{range(1, 2), range(4, 12)}));
  EXPECT_EQ(state().pruned.runs(), (std::vector<BlockRange>{range(0, 1), range(2, 4)}));
  EXPECT_EQ(state().payload_changes, 1U);
  EXPECT_EQ(state().headers.runs(), (std::vector<BlockRange>{range(0, 12)}));
  for (std::uint64_t i = 0; i < 12; ++i) {
    EXPECT_TRUE(has_row(store::Column::headers, i));
  }
  ASSERT_TRUE(pruner_->reclaim(pruned->span).ok());
  for (std::uint64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(has_row(store::Column::payloads, i), i != 0 && i != 2 && i != 3) << i;
  }
  EXPECT_EQ(stored_set(HaveSet::payloads), state().payloads.runs());
  EXPECT_EQ(stored_set(HaveSet::pruned), state().pruned.runs());
  for (const auto& [of, log_start, end] : {std::tuple{stream("a"), 4, 12}, std::tuple{stream("b"), 2, 10}}) {
    for (const PartitionState& now : {partition(of), stored(of)}) {
      EXPECT_EQ(now.log_start, Offset{log_start});
      EXPECT_EQ(now.high_watermark, Offset{end});
      EXPECT_EQ(now.payload_bytes, 4U * kPayloadSize);
    }
  }
}

TEST_F(LogPrunerTest, StoresThePlaceAndEntryOfAPartition) {
  add(0, stream("a"), Payload::held);
  TopicStateEntry entry;
  entry.stream = stream("a");
  entry.next_offset = Offset{2};
  entry.last_block = BlockIndex{0};
  entry.largest_time = UnixMs{5};
  state_.topics = std::make_unique<TopicState>(TopicState::from_entries({TopicStateEntry{}, entry}).value());
  state_.partitions[1].position = 1;
  open();
  ASSERT_TRUE(pruner_->prune(blocks({0})).ok());
  const auto row = decode_partition(
      *store_->get(store::Column::topics, store::topic_key(rows_.number, store::TopicNumber{1})).value());
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->partition.position, 1U);
  EXPECT_EQ(row->entry->next_offset, Offset{2});
}

TEST_F(LogPrunerTest, PassesOverManifestsStrangersAndWhatWasPrunedBefore) {
  add(0, TopicPartition{}, Payload::held, BlockKind::manifest);
  add(1, stream("a"), Payload::held);
  open();
  ASSERT_TRUE(pruner_->prune(blocks({1})).ok());
  const std::size_t writes = store_->batches().size();
  const auto pruned = pruner_->prune(blocks({0, 1, 7}));
  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(pruned->payloads, 0U);
  EXPECT_EQ(pruned->newest_append_time, std::nullopt);
  EXPECT_EQ(store_->batches().size(), writes);
  EXPECT_EQ(state().payload_changes, 1U);
  EXPECT_TRUE(state().payloads.contains(0));
}

TEST_F(LogPrunerTest, APayloadThatNeverCameCountsAsPrunedToo) {
  add(0, stream("a"), Payload::missing);
  add(1, stream("a"), Payload::held);
  open();
  EXPECT_EQ(partition(stream("a")).high_watermark, Offset{0});
  const auto pruned = pruner_->prune(blocks({0}));
  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(pruned->payloads, 0U);
  EXPECT_EQ(pruned->bytes, 0U);
  EXPECT_EQ(pruned->span, BlockRange{});
  EXPECT_EQ(pruned->newest_append_time, UnixMs{1000});
  EXPECT_TRUE(state().pruned.contains(0));
  EXPECT_EQ(partition(stream("a")).log_start, Offset{2});
  EXPECT_EQ(partition(stream("a")).payload_bytes, kPayloadSize);
  EXPECT_EQ(stored(stream("a")).high_watermark, Offset{2});
  EXPECT_EQ(partition(stream("a")).high_watermark, Offset{4});  // what is held behind it counts on
}

TEST_F(LogPrunerTest, ErasesNoRowItself) {
  for (std::uint64_t i = 0; i < 200; ++i) add(i, stream("a"), Payload::held);
  open();
  std::vector<BlockIndex> run;
  for (std::uint64_t i = 0; i < 127; ++i) run.push_back(BlockIndex{i});
  const auto pruned = pruner_->prune(run);
  ASSERT_TRUE(pruned.ok());
  for (const auto& operation : store_->batches().back().operations()) {
    EXPECT_EQ(operation.kind, store::WriteBatch::Kind::put);
    EXPECT_NE(operation.column, store::Column::payloads);
  }
  ASSERT_TRUE(pruner_->reclaim(pruned->span).ok());
  for (std::uint64_t i = 0; i < 200; ++i) EXPECT_EQ(has_row(store::Column::payloads, i), i >= 127) << i;
}

TEST_F(LogPrunerTest, WhatIsHeldInARangeIsCounted) {
  for (std::uint64_t i = 0; i < 10; ++i) add(i, stream("a"), i == 4 ? Payload::missing : Payload::held);
  open();
  ASSERT_TRUE(pruner_->prune(blocks({0, 1, 2})).ok());
  int looks = 0;
  store_->on_reclaim([&](const store::LiveRows& live) {
    ++looks;
    EXPECT_EQ(live.count(key(0), key(2)), 0U);
    EXPECT_EQ(live.count(key(0), key(3)), 1U);
    EXPECT_EQ(live.count(key(2), key(6)), 3U);
    EXPECT_FALSE(live.contains(key(2)));
    EXPECT_TRUE(live.contains(key(3)));
    EXPECT_FALSE(live.contains(key(4)));
  });
  ASSERT_TRUE(pruner_->reclaim(range(0, 3)).ok());
  EXPECT_EQ(looks, 1);
}

TEST_F(LogPrunerTest, WhatShareARowOfTheSetsStaysAsItWas) {
  const std::uint64_t edge = kHaveChunk;
  for (const std::uint64_t i : {std::uint64_t{3}, edge - 2, edge - 1, edge, edge + 1, 2 * edge - 1, 2 * edge}) {
    add(i, stream("a"), Payload::held);
  }
  open();
  ASSERT_TRUE(pruner_->prune(blocks({3})).ok());
  ASSERT_TRUE(pruner_->prune(blocks({edge - 1, edge})).ok());
  EXPECT_EQ(stored_set(HaveSet::payloads), state().payloads.runs());
  EXPECT_EQ(stored_set(HaveSet::pruned), state().pruned.runs());
  EXPECT_EQ(state().payloads.count(), 4U);
  EXPECT_EQ(state().pruned.count(), 3U);
}

TEST_F(LogPrunerTest, IsShownBeforeItIsWritten) {
  for (std::uint64_t i = 0; i < 4; ++i) add(i, stream("a"), Payload::held);
  open();
  bool shown = false;
  store_->on_write([&] { shown = state().pruned.contains(0) && !state().payloads.contains(0); });
  ASSERT_TRUE(pruner_->prune(blocks({0})).ok());
  EXPECT_TRUE(shown);
}

TEST_F(LogPrunerTest, AFailedWriteLeavesEverythingHeld) {
  for (std::uint64_t i = 0; i < 4; ++i) add(i, stream("a"), i == 0 ? Payload::missing : Payload::held);
  open();
  store_->fail_after(0);
  const auto refused = pruner_->prune(blocks({0, 1}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::io);
  EXPECT_EQ(state().payloads.runs(), (std::vector<BlockRange>{range(1, 4)}));
  EXPECT_TRUE(state().pruned.empty());
  EXPECT_EQ(state().payload_changes, 0U);
  EXPECT_EQ(partition(stream("a")).log_start, Offset{0});
  store_->fail_after(-1);
  EXPECT_EQ(pruner_->prune(blocks({0, 1}))->payloads, 1U);
}

TEST_F(LogPrunerTest, ForgetsThatAPayloadWasFetchedAgain) {
  add(0, stream("a"), Payload::held);
  add(1, stream("a"), Payload::held);
  state_.returned.add(0, 2);
  state_.partitions[1].log_start = Offset{4};
  open();
  ASSERT_TRUE(pruner_->prune(blocks({0})).ok());
  EXPECT_EQ(state().returned.runs(), (std::vector<BlockRange>{range(1, 2)}));
  EXPECT_EQ(partition(stream("a")).log_start, Offset{4});  // never goes back
  EXPECT_EQ(partition(stream("a")).high_watermark, Offset{4});
}

TEST_F(LogPrunerTest, ADamagedHeaderIsNamed) {
  add(0, stream("a"), Payload::held);
  open();
  store::WriteBatch wreck;
  wreck.put(store::Column::headers, key(0), Bytes(3, 1));
  ASSERT_TRUE(store_->write(wreck, store::Sync::no).ok());
  EXPECT_EQ(pruner_->prune(blocks({0})).error().code, Code::corrupt);
  EXPECT_TRUE(state().payloads.contains(0));
}

TEST_F(LogPrunerTest, BeforeABlockDropsAllOlderPayloadsAndGivesTheDiskBack) {
  for (std::uint64_t i = 0; i < 6; ++i) add(i, stream("a"), i == 1 ? Payload::missing : Payload::held);
  open();
  ASSERT_TRUE(pruner_->prune_before(BlockIndex{4}).ok());
  EXPECT_EQ(state().payloads.runs(), (std::vector<BlockRange>{range(4, 6)}));
  EXPECT_FALSE(state().pruned.contains(1));  // it is still missing, not given up
  ASSERT_EQ(store_->reclaimed().size(), 1U);
  EXPECT_EQ(store_->reclaimed().front(), (std::pair{store::Column::payloads, std::pair{key(0), key(4)}}));
  ASSERT_TRUE(pruner_->reclaim(BlockRange{}).ok());
  EXPECT_EQ(store_->reclaimed().size(), 1U);  // nothing to give back
}

TEST_F(LogPrunerTest, WhatIsHiddenIsNotGivenBack) {
  for (std::uint64_t i = 0; i < 6; ++i) add(i, stream("a"), Payload::held);
  for (const std::uint64_t hidden : {4U, 5U}) {
    state_.payloads.remove(hidden, hidden + 1);
    state_.headers.remove(hidden, hidden + 1);
    state_.hidden.payloads.add(hidden);
  }
  open();
  ASSERT_TRUE(pruner_->prune(blocks({0, 1})).ok());
  store_->on_reclaim([&](const store::LiveRows& live) {
    EXPECT_EQ(live.count(key(0), key(5)), 4U);
    EXPECT_EQ(live.count(key(4), key(4)), 1U);
    EXPECT_TRUE(live.contains(key(4)));
    EXPECT_TRUE(live.contains(key(3)));
    EXPECT_FALSE(live.contains(key(1)));
  });
  ASSERT_TRUE(pruner_->reclaim(range(0, 6)).ok());
  EXPECT_EQ(store_->reclaimed().size(), 1U);
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_EQ(has_row(store::Column::payloads, i), i >= 2) << i;
}

TEST_F(LogPrunerTest, AnEmptyRangeIsNotGivenBack) {
  add(0, stream("a"), Payload::held);
  open();
  for (const BlockRange& empty : {range(1, 1), range(2, 1)}) ASSERT_TRUE(pruner_->reclaim(empty).ok());
  EXPECT_TRUE(store_->reclaimed().empty());
  ASSERT_TRUE(pruner_->reclaim(range(0, 1)).ok());
  EXPECT_EQ(store_->reclaimed().size(), 1U);
}

TEST_F(LogPrunerTest, AFailedReclaimIsAnErrorAndThePayloadsArePruned) {
  for (std::uint64_t i = 0; i < 3; ++i) add(i, stream("a"), Payload::held);
  open();
  store_->answer_reclaim(Error{Code::io, "gone"});
  EXPECT_EQ(pruner_->prune_before(BlockIndex{2}).error().code, Code::io);
  EXPECT_EQ(state().pruned.runs(), (std::vector<BlockRange>{range(0, 2)}));
}

TEST_F(LogPrunerTest, TheNewestAppendTimeIsThatOfAnyBlock) {
  for (std::uint64_t i = 0; i < 3; ++i) add(i, stream("a"), Payload::held);
  open();
  EXPECT_EQ(pruner_->prune(blocks({2, 0}))->newest_append_time, UnixMs{1002});
}

TEST_F(LogPrunerTest, CountedBytesNeverWrap) {
  add(0, stream("a"), Payload::held);
  state_.partitions[1].payload_bytes = kPayloadSize - 1;
  open();
  ASSERT_TRUE(pruner_->prune(blocks({0})).ok());
  EXPECT_EQ(partition(stream("a")).payload_bytes, 0U);
  EXPECT_EQ(stored(stream("a")).payload_bytes, 0U);
}

TEST_F(LogPrunerTest, AFailedWriteTakesNoReturnedPayloadFromTheList) {
  add(0, stream("a"), Payload::held);
  state_.returned.add(0);
  open();
  store_->fail_after(0);
  EXPECT_FALSE(pruner_->prune_before(BlockIndex{1}).ok());
  EXPECT_TRUE(state().returned.contains(0));
  EXPECT_TRUE(store_->reclaimed().empty());
}

}  // namespace
}  // namespace shoal::feed
