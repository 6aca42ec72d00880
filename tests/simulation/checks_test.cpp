// A checker that never speaks shows nothing: each one is given what it must object to, and what it must not.
#include "simulation/checks/bounded_memory.h"
#include "simulation/checks/bounded_process.h"
#include "simulation/checks/completeness.h"
#include "simulation/checks/exact_blame.h"
#include "simulation/checks/fork_proof.h"
#include "simulation/checks/forward_heads.h"
#include "simulation/checks/gapless_offsets.h"
#include "simulation/checks/truthful_have.h"
#include "simulation/checks/truthful_sync.h"
#include "simulation/checks/verified_bytes.h"
#include "simulation/faulty_store.h"
#include "simulation/sim_publisher.h"

#include <gtest/gtest.h>

namespace shoal::simulation {
namespace {

/// A published feed to compare with.
struct Truth {
  Truth() {
    for (int i = 0; i < 5; ++i) (void)publisher.publish(100);
  }
  VirtualTime time;
  SimPublisher publisher{time, std::make_shared<SharedValues>(), 7};
  feed::FeedReader reader{publisher.log()};
  [[nodiscard]] Bytes header(std::uint64_t block) const { return reader.header_bytes(BlockIndex{block}).value(); }
  [[nodiscard]] Bytes payload(std::uint64_t block) const { return reader.payload(BlockIndex{block}).value(); }
};

TEST(Checks, VerifiedBytesObjectsToAChangedPayload) {
  const Truth truth;
  VerifiedBytes check(truth.reader);
  check.on_delivered(1, BlockIndex{2}, truth.header(2), truth.payload(2));
  EXPECT_TRUE(check.failures().empty());
  Bytes changed = truth.payload(2);
  changed.back() ^= 1;
  check.on_delivered(1, BlockIndex{2}, truth.header(2), changed);
  EXPECT_EQ(check.failures().size(), 1U);
}

TEST(Checks, ForwardHeadsObjectsToAStepBackAndToASecondRoot) {
  const feed::Checkpoint head = *Truth().reader.head();
  ForwardHeads check;
  check.on_head(1, head);
  check.on_head(1, head);
  EXPECT_TRUE(check.failures().empty());
  feed::Checkpoint back = head;
  --back.tree_size;
  check.on_head(1, back);
  EXPECT_EQ(check.failures().size(), 1U);
  feed::Checkpoint other = head;
  other.root.bytes[0] ^= 1;
  check.on_head(2, other);
  EXPECT_EQ(check.failures().size(), 2U);
}

TEST(Checks, GaplessOffsetsObjectsToAHoleAndToASecondCopy) {
  const Truth truth;  // three topics in turn: blocks 0 and 3 are neighbours
  GaplessOffsets check;
  check.on_delivered(1, BlockIndex{0}, truth.header(0), {});
  check.on_delivered(1, BlockIndex{3}, truth.header(3), {});
  EXPECT_TRUE(check.failures().empty());
  check.on_delivered(1, BlockIndex{3}, truth.header(3), {});
  check.on_delivered(2, BlockIndex{3}, truth.header(3), {});
  EXPECT_EQ(check.failures().size(), 2U);
}

TEST(Checks, CompletenessObjectsToAConnectedFollowerThatLacksBlocks) {
  const Truth truth;
  Truth longer;
  (void)longer.publisher.publish(100);
  Completeness check;
  check.at_rest(truth.reader, {{1, true, true, false, &truth.reader}});
  check.at_rest(longer.reader, {{1, true, false, false, &truth.reader}});  // it knows nobody
  EXPECT_TRUE(check.failures().empty());
  check.at_rest(longer.reader, {{1, true, true, false, &truth.reader}});
  EXPECT_EQ(check.failures().size(), 1U);
}

TEST(Checks, BoundedMemoryObjectsAboveItsLimit) {
  BoundedMemory check;
  check.on_waiting(1, 2, BoundedMemory::kLimit, 0);
  EXPECT_TRUE(check.failures().empty());
  check.on_waiting(1, 2, BoundedMemory::kLimit + 1, 0);
  EXPECT_EQ(check.failures().size(), 1U);
}

TEST(Checks, BoundedProcessObjectsAboveItsLimit) {
  BoundedProcess check;
  check.on_waiting(1, 2, 0, BoundedProcess::kLimit);
  EXPECT_TRUE(check.failures().empty());
  check.on_waiting(1, 2, 0, BoundedProcess::kLimit + 1);
  EXPECT_EQ(check.failures().size(), 1U);
}

TEST(Checks, TruthfulSyncObjectsToMissingBlocksAndToAnotherAge) {
  const Truth truth;
  Truth longer;
  (void)longer.publisher.publish(100);
  TruthfulSync check;
  check.on_signed(*longer.reader.head());
  check.on_synced(1, *longer.reader.head(), longer.reader);
  EXPECT_TRUE(check.failures().empty());
  check.on_synced(1, *longer.reader.head(), truth.reader);
  EXPECT_EQ(check.failures().size(), 1U);
  feed::Checkpoint younger = *longer.reader.head();
  younger.time = UnixMs{younger.time.value() + 1};
  check.on_synced(1, younger, longer.reader);
  EXPECT_EQ(check.failures().size(), 2U);
}

TEST(Checks, TruthfulHaveObjectsToAClaimWithoutTheBlocks) {
  const Truth truth;
  Truth longer;
  (void)longer.publisher.publish(100);
  replication::Have have;
  have.complete = true;
  have.ranges = {{BlockIndex{0}, BlockIndex{longer.reader.block_prefix()}}};
  TruthfulHave check;
  for (int i = 0; i < 100; ++i) check.on_said(1, have, longer.reader);
  EXPECT_TRUE(check.failures().empty());
  for (int i = 0; i < 16; ++i) check.on_said(1, have, truth.reader);
  EXPECT_EQ(check.failures().size(), 1U);
}

TEST(FaultyStore, ACrashTakesWhatWasNotDurableAndAFailureRefuses) {
  FaultyStore disk(std::make_shared<SharedValues>());
  const auto put = [&](std::uint8_t key, std::uint8_t value, store::Sync sync) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, {key}, Bytes{value});
    return disk.write(batch, sync).ok();
  };
  ASSERT_TRUE(put(1, 1, store::Sync::yes));
  ASSERT_TRUE(put(1, 2, store::Sync::no));
  ASSERT_TRUE(put(2, 2, store::Sync::no));
  store::WriteBatch erase;
  erase.erase_range(store::Column::meta, {0}, {9});
  ASSERT_TRUE(disk.write(erase, store::Sync::no).ok());
  disk.fail();
  EXPECT_FALSE(put(3, 3, store::Sync::no));
  EXPECT_TRUE(disk.refused_a_write());
  disk.restart();
  EXPECT_EQ(disk.get(store::Column::meta, Bytes{1}).value(), Bytes{1});
  EXPECT_FALSE(*disk.contains(store::Column::meta, Bytes{2}));
  EXPECT_TRUE(put(3, 3, store::Sync::no));
}

TEST(Checks, ExactBlameAndForkProofObject) {
  const Truth truth;
  ExactBlame blame;
  blame.on_honest_blamed(1, 2, "nothing");
  EXPECT_EQ(blame.failures().size(), 1U);
  ForkProofHeld proof;
  proof.after_fork({{1, true, true, false, &truth.reader}});
  EXPECT_EQ(proof.failures().size(), 1U);
}

TEST(VirtualTime, ACancelledEventNeverRunsAndOthersKeepTheirOrder) {
  VirtualTime time;
  std::string seen;
  const auto first = time.schedule(base::MonoTime{5}, [&] { seen += "a"; });
  time.schedule(base::MonoTime{5}, [&] { seen += "b"; });
  const auto third = time.schedule(base::MonoTime{1}, [&] { seen += "c"; });
  time.cancel(first);
  time.run_for(base::MonoTime{10});
  time.cancel(third);  // spent
  EXPECT_EQ(seen, "cb");
  EXPECT_EQ(time.waiting(), 0U);
}

TEST(MapStore, KeepsOrderAndRanges) {
  MapStore map(std::make_shared<SharedValues>());
  store::WriteBatch batch;
  for (const std::uint8_t key : Bytes{1, 3, 5, 7}) batch.put(store::Column::meta, {key}, Bytes(300, key));
  batch.erase_range(store::Column::meta, {3}, {6});
  ASSERT_TRUE(map.write(batch, store::Sync::no).ok());
  const auto at = map.iterate(store::Column::meta);
  at->seek_for_prev(Bytes{6});
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key()[0], 1);
  at->next();
  EXPECT_EQ(at->value()[0], 7);
  at->next();
  EXPECT_FALSE(at->valid());
  EXPECT_FALSE(*map.contains(store::Column::meta, Bytes{5}));
  EXPECT_FALSE(*map.contains(store::Column::tree, Bytes{1}));
}

}  // namespace
}  // namespace shoal::simulation
