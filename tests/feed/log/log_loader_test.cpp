#include "feed/log/log_loader.h"

#include "feed/log/hidden_blocks.h"
#include "feed/log/index_rebuild.h"
#include "feed/log/loader_world.h"

#include <functional>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::deliver;
using testing::expect_equal;
using testing::Follower;
using testing::Producer;
using testing::RecordingStore;
using testing::replicate;
using testing::span;
using testing::stream;

class LogLoaderTest : public testing::LoaderWorld {};

TEST_F(LogLoaderTest, ANewFeedHasTheReservedPartitionOnly) {
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->dropped, "");
  EXPECT_EQ(loaded->state.head, std::nullopt);
  ASSERT_EQ(loaded->state.partitions.size(), 1U);
  EXPECT_EQ(loaded->state.partitions[0].position, 0U);
  EXPECT_EQ(loaded->state.numbers, (std::map<TopicPartition, std::uint32_t>{{TopicPartition{}, 0}}));
  EXPECT_EQ(loaded->state.places, (std::map<std::uint32_t, std::uint32_t>{{0, 0}}));
  EXPECT_EQ(loaded->state.topics->size(), 1U);
}

TEST_F(LogLoaderTest, APayloadThatWaitedInMemoryIsNotHeld) {
  follow();
  // As a kill leaves them: blocks 10 to 13 were noted, 11 and 12 are written.
  Bytes row(16, 0);
  row[7] = 10;
  row[15] = 14;
  put(*blocks_, store::Column::meta, store::unwritten_payloads_key(mirror_rows().number), row);
  for (const std::uint64_t block : {10U, 13U})
    erase(*blocks_, store::Column::payloads, block_key(mirror_rows(), block));
  const auto whole = mirror_.log->inspect([](const LogState& state) { return state.partitions; });
  for (int time = 0; time < 2; ++time) {  // the second load finds the rows mended
    const auto loaded = load(mirror_rows());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->state.payloads.runs(), (std::vector<BlockRange>{{BlockIndex{0}, BlockIndex{10}},
                                                                      {BlockIndex{11}, BlockIndex{13}},
                                                                      {BlockIndex{14}, BlockIndex{31}}}));
    EXPECT_EQ(loaded->state.headers.count(), 31U);
    std::uint64_t missing = 0;
    for (const std::uint64_t block : {10U, 13U}) {
      const BlockHeader header = decode_header(row_of_header(block)).value();
      const std::uint32_t number = *loaded->state.number_of(header.stream);
      EXPECT_LE(loaded->state.partitions[number].high_watermark, header.base_offset);
      missing += header.payload_size;
    }
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    for (const PartitionState& partition : whole) before += partition.payload_bytes;
    for (const PartitionState& partition : loaded->state.partitions) after += partition.payload_bytes;
    EXPECT_EQ(before - after, missing);
    EXPECT_EQ(blocks_->get(store::Column::meta, store::unwritten_payloads_key(mirror_rows().number)).value(),
              std::nullopt);
  }
}

TEST_F(LogLoaderTest, AMalformedRowOfUnwrittenPayloadsIsNamed) {
  follow();
  put(*blocks_, store::Column::meta, store::unwritten_payloads_key(mirror_rows().number), Bytes(15, 0));
  expect_corrupt(mirror_rows(), "unwritten payloads");
}

TEST_F(LogLoaderTest, EitherCopyOfTheHeadIsEnough) {
  follow();
  const Bytes key = store::head_key(mirror_rows().number);
  for (RecordingStore* damaged : {heads_, blocks_}) {
    const Bytes kept = row(*damaged, store::Column::meta, key);
    Bytes flipped = kept;
    flipped[20] ^= 1;
    for (const std::optional<Bytes>& left : {std::optional(flipped), std::optional<Bytes>()}) {
      left ? put(*damaged, store::Column::meta, key, *left) : erase(*damaged, store::Column::meta, key);
      const auto loaded = load(mirror_rows());
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      EXPECT_EQ(loaded->state.head, producer_.reader().head());
      EXPECT_EQ(loaded->healed.empty(), damaged == blocks_ || !left);
    }
    put(*damaged, store::Column::meta, key, kept);
  }
}

TEST_F(LogLoaderTest, TheNewerCopyOfTheHeadCounts) {
  follow();
  put(*heads_, store::Column::meta, store::head_key(mirror_rows().number), encode_checkpoint(old_head_));
  EXPECT_EQ(load(mirror_rows())->state.head, producer_.reader().head());
}

TEST_F(LogLoaderTest, GivesWhatWasCommitted) {
  follow();
  ASSERT_TRUE(mirror_.log->prune_before(BlockIndex{9}).ok());
  ASSERT_TRUE(mirror_.mirror->add_payload(BlockIndex{4}, producer_.reader().payload(BlockIndex{4}).value()).ok());
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->dropped, "");
  EXPECT_FALSE(loaded->state.returned.empty());
  mirror_.log->inspect([&](const LogState& live) { expect_equal(loaded->state, live); });
  const auto own = load(own_rows());
  ASSERT_TRUE(own.ok());
  producer_.log->inspect([&](const LogState& live) { expect_equal(own->state, live); });
}

TEST_F(LogLoaderTest, ASparseFeedKeepsHeadEdgeHolesAndLearnedEnds) {
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(25, 28)).to(*mirror_.mirror).ok());
  const auto entry = producer_.reader().topic_entry(1).value();
  ASSERT_TRUE(mirror_.mirror->add_topic_entry(entry.entry, 1, entry.path).ok());
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->state.head_edge->root(), head.root);
  EXPECT_EQ(loaded->state.tail.size(), 0U);
  EXPECT_EQ(loaded->state.headers.runs(), (std::vector<BlockRange>{{BlockIndex{25}, BlockIndex{28}}}));
  mirror_.log->inspect([&](const LogState& live) { expect_equal(loaded->state, live); });
  // Without its row, or with that of another size, the edge is not known.
  const Bytes key = head_edge_key(mirror_rows().number);
  const Bytes good = row(*heads_, store::Column::meta, key);
  const auto put_both = [&](const Bytes& edge) {
    for (RecordingStore* store : {heads_, blocks_}) put(*store, store::Column::meta, key, edge);
  };
  put_both(encode_edge(producer_.reader().head_edge().value()));
  ASSERT_TRUE(load(mirror_rows()).ok());
  merkle::RightEdge other;
  other.append_leaf(Digest{});
  put_both(encode_edge(other));
  EXPECT_EQ(load(mirror_rows())->state.head_edge, std::nullopt);
  for (RecordingStore* store : {heads_, blocks_}) erase(*store, store::Column::meta, key);
  EXPECT_EQ(load(mirror_rows())->state.head_edge, std::nullopt);
  Bytes bad = good;
  bad.back() ^= 1;
  for (const Bytes& damaged : {bad, Bytes{1}}) {  // a mirror goes on without a head, and keeps its blocks
    put_both(damaged);
    ASSERT_TRUE(load(mirror_rows()).ok());
    EXPECT_EQ(load(mirror_rows())->state.head, std::nullopt);
  }
}

TEST_F(LogLoaderTest, ADamagedHeadOrForkProofIsNamed) {
  const Bytes key = store::head_key(own_rows().number);
  const Bytes good = row(*own_, store::Column::meta, key);
  put(*own_, store::Column::meta, key, Bytes{1, 2});
  expect_corrupt(own_rows(), "the accepted head");
  Checkpoint forged = *producer_.reader().head();
  forged.time = forged.time + 1;  // the signature is another head's
  put_head(own_rows(), forged);
  expect_corrupt(own_rows(), "the accepted head");
  put(*own_, store::Column::meta, key, good);
  put(*own_, store::Column::meta, store::fork_proof_key(own_rows().number), Bytes{1});
  expect_corrupt(own_rows(), "the fork proof is damaged");
}

TEST_F(LogLoaderTest, AForkProofIsKept) {
  Producer other;
  ASSERT_TRUE(other.open().ok());
  ASSERT_TRUE(other.writer->commit({batch_of(stream("z"), {1})}).ok());
  const auto proof = find_fork(producer_.id(), *other.writer->head(), *producer_.reader().head(), *producer_.log);
  ASSERT_TRUE(proof.ok() && proof->has_value());
  follow();
  ASSERT_TRUE(mirror_.log->put_fork_proof(**proof).ok());
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->state.fork_limit.has_value());
  mirror_.log->inspect([&](const LogState& live) { expect_equal(loaded->state, live); });
}

TEST_F(LogLoaderTest, RowsOfAnotherFeedAreDroppedFromABlockStoreAndRefusedInOnesOwn) {
  follow();
  FeedRows other = mirror_rows();
  other.id = FeedId{testing::test_key(9).public_key()};
  erase(*heads_, store::Column::meta, store::head_key(other.number));
  const auto loaded = load(other);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->dropped, "block rows of another feed under the same number");
  EXPECT_EQ(loaded->state.headers.count(), 0U);
  EXPECT_EQ(loaded->state.partitions.size(), 1U);
  EXPECT_FALSE(blocks_->contains(store::Column::headers, block_key(other, 3)).value());
  EXPECT_FALSE(blocks_->contains(store::Column::meta, state_key(other.number)).value());
  other = own_rows();
  other.id = FeedId{testing::test_key(9).public_key()};
  erase(*own_, store::Column::meta, store::head_key(other.number));
  expect_corrupt(other, "rows of another feed");
  EXPECT_TRUE(own_->contains(store::Column::headers, block_key(other, 3)).value());
}

TEST_F(LogLoaderTest, ASummaryThatItsHeadersContradictIsNamed) {
  const FeedRows rows = own_rows();
  const Bytes key = state_key(rows.number);
  const Bytes good = row(*own_, store::Column::meta, key);
  put(*own_, store::Column::meta, key, Bytes{7});
  expect_corrupt(rows, "log state");
  StateRow summary = *decode_state_row(good);
  merkle::RightEdge other;
  while (other.size() < summary.edge.size()) other.append_leaf(Digest{});
  summary.edge = other;
  put(*own_, store::Column::meta, key, encode_state_row(summary));
  expect_corrupt(rows, "headers and tree contradict each other");
  put(*own_, store::Column::meta, key, good);
  store::WriteBatch batch;
  RangeSet some;
  some.add(0, 30);
  put_have_range(batch, rows.number, HaveSet::headers, some, 0, 31);
  ASSERT_TRUE(own_->write(batch, store::Sync::no).ok());
  expect_corrupt(rows, "headers of the prefix are missing");
}

TEST_F(LogLoaderTest, TopicRowsThatDoNotFitTogetherAreNamedAndMadeAgain) {
  const FeedRows rows = own_rows();
  const auto expect_made_again = [&](const std::string& says) {
    const auto loaded = load(rows);
    ASSERT_TRUE(loaded.ok()) << says << ": " << loaded.error().message;
    EXPECT_NE(loaded->healed.find(says), std::string::npos) << loaded->healed;
    producer_.log->inspect([&](const LogState& live) {
      EXPECT_EQ(loaded->state.topics->root(), live.topics->root());
      EXPECT_EQ(loaded->state.partitions.size(), live.partitions.size());
    });
    EXPECT_EQ(load(rows)->healed, "");
  };
  const Bytes reserved = row(*own_, store::Column::topics, topic_key(rows, 0));
  const Bytes first = row(*own_, store::Column::topics, topic_key(rows, 1));
  const Bytes second = row(*own_, store::Column::topics, topic_key(rows, 2));
  put(*own_, store::Column::topics, topic_key(rows, 1), Bytes{1});
  expect_made_again("partition");
  erase(*own_, store::Column::topics, topic_key(rows, 1));
  expect_made_again("a topic row is missing");
  put(*own_, store::Column::topics, topic_key(rows, 1), second);
  expect_made_again("a topic has two rows");
  PartitionRow doubled = *decode_partition(second);
  doubled.partition.position = 1;
  put(*own_, store::Column::topics, topic_key(rows, 1), first);
  put(*own_, store::Column::topics, topic_key(rows, 2), encode_partition(doubled.partition, &*doubled.entry));
  expect_made_again("two topics have one position");
  put(*own_, store::Column::topics, topic_key(rows, 2), second);
  put(*own_, store::Column::topics, topic_key(rows, 1), encode_partition(decode_partition(first)->partition, nullptr));
  expect_made_again("a topic entry is missing");
  for (const std::uint32_t number : {0U, 1U, 2U}) erase(*own_, store::Column::topics, topic_key(rows, number));
  expect_made_again("the topic rows are missing");
  put(*own_, store::Column::topics, topic_key(rows, 0), reserved);
  put(*own_, store::Column::topics, topic_key(rows, 1), first);
  put(*own_, store::Column::topics, topic_key(rows, 2), second);
  EXPECT_TRUE(load(rows).ok());
}

TEST_F(LogLoaderTest, AHeadThatItsBlocksContradictIsNamed) {
  const FeedRows rows = own_rows();
  const Checkpoint good = *producer_.reader().head();
  erase(*own_, store::Column::meta, store::head_key(rows.number));
  expect_corrupt(rows, "blocks without a head");
  put_head(rows, old_head_);
  expect_corrupt(rows, "blocks beyond the accepted head");
  Checkpoint lie = good;
  lie.root.bytes[0] ^= 1;
  put_head(rows, sign(lie));
  expect_corrupt(rows, "the tree is not the one its head signs");
  lie = good;
  lie.topic_root.bytes[0] ^= 1;
  put_head(rows, sign(lie));
  expect_corrupt(rows, "the topic state is not the one the head signs");
  lie = good;
  lie.topic_count += 1;
  put_head(rows, sign(lie));
  expect_corrupt(rows, "the topic state is not the one the head signs");
  lie = good;
  lie.tree_size += 5;  // blocks that are not held yet: nothing to compare
  put_head(rows, sign(lie));
  const auto ahead = load(rows);
  ASSERT_TRUE(ahead.ok());
  EXPECT_EQ(ahead->state.head_edge, std::nullopt);
}

TEST_F(LogLoaderTest, BlocksBeyondTheHeadOfAMirrorAreKeptAndHidden) {
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("late"), {1}));  // a topic that the old head does not have
  ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
  follow();
  ASSERT_TRUE(mirror_.log->prune_before(BlockIndex{7}).ok());
  const std::vector<BlockIndex> beyond{BlockIndex{24}};
  ASSERT_TRUE(mirror_.log->prune(beyond).ok());
  const FeedRows rows = mirror_rows();
  put_head(rows, old_head_);
  calls_->clear();
  const auto loaded = load(rows);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_NE(loaded->dropped.find("blocks 21 to 32,"), std::string::npos) << loaded->dropped;
  EXPECT_EQ((*calls_)[0], "heads write no");  // the mark of a rebuild, before any row goes
  EXPECT_EQ((*calls_)[1], "blocks write no");
  const LogState& state = loaded->state;
  EXPECT_EQ(state.headers.runs(), (std::vector<BlockRange>{{BlockIndex{0}, BlockIndex{21}}}));
  EXPECT_EQ(state.payloads.bound(), 21U);
  EXPECT_EQ(state.pruned.bound(), 7U);
  EXPECT_EQ(state.tail.edge().root(), old_head_.root);
  EXPECT_EQ(state.head_edge, state.tail.edge());
  EXPECT_EQ(state.applied, 21U);
  EXPECT_EQ(state.topics->root(), old_head_.topic_root);
  const PartitionState& a = state.partitions[*state.number_of(stream("a"))];
  EXPECT_GT(a.log_start, Offset{0});
  EXPECT_EQ(a.high_watermark, a.held_end);
  EXPECT_FALSE(rows.property(kRebuildingProperty)->has_value());
  for (std::uint64_t block = 0; block < 32; ++block) {
    EXPECT_TRUE(blocks_->contains(store::Column::headers, block_key(rows, block)).value()) << block;
    EXPECT_EQ(blocks_->contains(store::Column::payloads, block_key(rows, block)).value(), block == 0 || block >= 7)
        << block;
  }
  const HiddenBlocks hidden = load_hidden(*blocks_, rows.number).value();
  EXPECT_EQ(hidden.headers.runs(), (std::vector<BlockRange>{{BlockIndex{21}, BlockIndex{32}}}));
  EXPECT_EQ(hidden.payloads.runs(),
            (std::vector<BlockRange>{{BlockIndex{21}, BlockIndex{24}}, {BlockIndex{25}, BlockIndex{32}}}));
  const auto again = load(rows);  // all of it is in the rows
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->dropped, "");
  expect_equal(again->state, state);
}

TEST_F(LogLoaderTest, HeadersBeyondTheHeadWithoutAPrefixAreHiddenToo) {
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(deliver(producer_.reader(), head, 0, span(25, 28)).to(*mirror_.mirror).ok());
  put_head(mirror_rows(), old_head_);
  const auto loaded = load(mirror_rows());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->state.headers.count(), 0U);
  EXPECT_NE(loaded->dropped.find("blocks 21 to 28,"), std::string::npos) << loaded->dropped;
  // Without any head nothing is shown at all.
  ASSERT_TRUE(mirror_.open().ok());
  ASSERT_TRUE(replicate(producer_.reader(), mirror_).ok());
  erase_head(mirror_rows());
  const auto without = load(mirror_rows());
  ASSERT_TRUE(without.ok()) << without.error().message;
  EXPECT_EQ(without->state.headers.count(), 0U);
  EXPECT_EQ(without->state.tail.size(), 0U);
}

TEST_F(LogLoaderTest, ACrashAtAnyWriteIsRepairedAtTheNextOpen) {
  follow();
  const FeedRows rows = mirror_rows();
  const Bytes newest = row(*heads_, store::Column::meta, store::head_key(rows.number));
  bool done = false;
  for (int failing = 0; !done; ++failing) {
    for (RecordingStore* store : {heads_, blocks_}) {
      put(*heads_, store::Column::meta, store::head_key(rows.number), newest);
      ASSERT_TRUE(mirror_.open().ok());
      ASSERT_TRUE(replicate(producer_.reader(), mirror_).ok());
      put_head(rows, old_head_);
      store->fail_after(failing);
      const auto first = load(rows);
      store->fail_after(-1);
      EXPECT_TRUE(first.ok() || first.error().code == Code::io);
      done = first.ok();
      const auto second = load(rows);
      ASSERT_TRUE(second.ok()) << failing << second.error().message;
      EXPECT_EQ(second->state.applied, 21U);
      EXPECT_EQ(second->state.topics->root(), old_head_.topic_root);
      EXPECT_EQ(second->state.payloads.count(), 21U);
      for (const PartitionState& partition : second->state.partitions) {
        EXPECT_EQ(partition.high_watermark, partition.held_end);
      }
    }
  }
}

TEST_F(LogLoaderTest, ARebuildThatDidNotEndIsDoneAgain) {
  const FeedRows rows = own_rows();
  ASSERT_TRUE(producer_.log->prune_before(BlockIndex{9}).ok());
  store::WriteBatch wreck;
  const store::KeyRange all = store::feed_range(rows.number);
  wreck.erase_range(store::Column::topics, all.begin, all.end);
  wreck.erase_range(store::Column::offsets, all.begin, all.end);
  ASSERT_TRUE(own_->write(wreck, store::Sync::no).ok());
  ASSERT_TRUE(rows.set_property(kRebuildingProperty, Bytes{1}).ok());
  const auto loaded = load(rows);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->dropped, "");
  EXPECT_FALSE(rows.property(kRebuildingProperty)->has_value());
  EXPECT_EQ(loaded->state.applied, 31U);
  EXPECT_EQ(loaded->state.places.size(), 3U);
  for (const PartitionState& partition : loaded->state.partitions) {
    EXPECT_EQ(partition.high_watermark, partition.held_end);  // over what was pruned, too
  }
  ASSERT_TRUE(load(rows).ok());
}

}  // namespace
}  // namespace shoal::feed
