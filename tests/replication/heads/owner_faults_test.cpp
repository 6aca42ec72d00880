// What the owner signed is no fault of the peer who passes it on: heads of an epoch that nothing proves, and whatever
// comes after a contradiction was found.
#include "replication/heads/head_world.h"
#include "replication/serve/compact_push.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::HeadWorld;

const std::string kOtherEpoch =
    "a peer has a head of epoch 1 of the feed: no proof is known of what that epoch continues";

/// Signed by the owner.
feed::Checkpoint of_epoch_one(const HeadWorld& world) {
  feed::Checkpoint later = world.head();
  later.epoch = Epoch(1);
  later.signature =
      crypto::sign(feed::testing::test_key(7), base::as_bytes(feed::note_text(world.producer.id(), later)));
  return later;
}

TEST(OwnerFaults, AnotherEpochIsNotCompared) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.stranger();
  world.heads.on_head(id, world.peer(id), of_epoch_one(world));
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.sent<Growth>(id).empty());
  EXPECT_EQ(world.log.lines, std::vector<std::string>{kOtherEpoch});
}

TEST(OwnerFaults, AFirstHeadOfAnEpochThatNothingProvesIsNotTakenAndNobodyIsBlamed) {
  HeadWorld world;
  const PeerId id = world.stranger();
  for (int i = 0; i < 3; ++i) world.heads.on_head(id, world.peer(id), of_epoch_one(world));
  world.pass(20s);
  world.heads.pull(id);
  world.heads.dispute(id, world.peer(id), "a run");
  world.time.run_for(1s);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_FALSE(world.core.may_ask(world.peer(id)));
  EXPECT_TRUE(world.sent<Growth>(id).empty());
  EXPECT_FALSE(world.reader.head().has_value());
  EXPECT_EQ(world.log.lines, std::vector<std::string>{kOtherEpoch});
  EXPECT_EQ(world.heads.newest_announced(), 0U);
  // Another peer has the feed.
  const PeerId other = world.join();
  world.announce(other);
  world.answer(other);
  EXPECT_EQ(world.reader.head(), world.head());
}

TEST(OwnerFaults, AfterAContradictionNothingIsAskedAndNobodyIsBlamed) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId disputed = world.join();
  const PeerId asked = world.stranger();
  world.heads.dispute(disputed, world.peer(disputed), "the run");
  world.announce(asked);
  ASSERT_EQ(world.sent<Growth>(asked).size(), 1U);
  ASSERT_TRUE(world.follower.log->put_contradiction({world.head(), std::nullopt, "x"}).ok());
  world.answer(asked);
  world.answer(disputed);
  world.heads.dispute(asked, world.peer(asked), "a run");
  const PeerId later = world.stranger();
  world.announce(later);
  world.heads.pull(later);
  world.pass(20s);
  for (const PeerId id : {disputed, asked, later}) EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.sent<Growth>(later).empty());
  EXPECT_FALSE(world.core.may_ask(world.peer(later)));
  EXPECT_EQ(world.accepted, 0);
  EXPECT_EQ(world.events.contradictions, 1U);
}

TEST(OwnerFaults, OnlyWhoSteppedOverAllBlocksSendsAPush) {
  HeadWorld world;
  const feed::Checkpoint head = world.head();
  const std::uint64_t last = head.tree_size - 1;
  Data run;
  run.with_head = true;
  run.head = head;
  run.base = last;
  run.tree_size = head.tree_size;
  run.blocks.push_back({BlockIndex{last}, world.publisher.header_bytes(BlockIndex{last}).value(),
                        PayloadForm::with_block, world.publisher.payload(BlockIndex{last}).value()});
  EXPECT_TRUE(compact_push(world.publisher, run).has_value());
  // A mirror with a hole knows the topic's place and not whether the block continues it.
  world.take_head();
  feed::FeedMirror& mirror = *world.follower.mirror;
  ASSERT_TRUE(feed::testing::deliver(world.publisher, head, 0, {0, 1, last}).to(mirror).ok());
  ASSERT_TRUE(world.reader.topic_position(feed::testing::stream("t")).has_value());
  EXPECT_FALSE(compact_push(world.reader, run).has_value());
  world.take_all();
  EXPECT_TRUE(compact_push(world.reader, run).has_value());
}

TEST(OwnerFaults, ADisputeThatNobodyAnswersIsDroppedAfterAContradiction) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId disputed = world.join();
  world.heads.dispute(disputed, world.peer(disputed), "the run");
  ASSERT_TRUE(world.follower.log->put_contradiction({world.head(), std::nullopt, "x"}).ok());
  world.pass(20s);
  EXPECT_EQ(world.closed(disputed), "");
}

}  // namespace
}  // namespace shoal::replication
