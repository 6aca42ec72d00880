#include "replication/heads/head_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::Producer;
using feed::testing::stream;
using testing::HeadWorld;
using testing::reply_of;

/// A second history with the same key: `common` equal blocks, then others.
struct ForkWorld : HeadWorld {
  ForkWorld(std::uint64_t common, std::size_t first_more, std::size_t second_more) : HeadWorld(common) {
    EXPECT_TRUE(second.open().ok());
    for (std::uint64_t i = 1; i <= common; ++i) grow(static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < first_more; ++i) publish();
    for (std::size_t i = 0; i < second_more; ++i) grow(1000 + static_cast<std::int64_t>(i));
    take_all();
  }
  void grow(std::int64_t stamp) { ASSERT_TRUE(second.writer->commit({batch_of(stream("t"), {stamp})}).ok()); }
  void announce_second(PeerId id) { heads.on_head(id, peer(id), *second.writer->head()); }
  void answer_second(PeerId id) { answer(id, reply_of(second.reader(), sent<Growth>(id).back())); }
  Producer second;
};

void expect_fork(ForkWorld& world, PeerId from) {
  EXPECT_TRUE(world.heads.forked());
  EXPECT_EQ(world.closed(from), "") << "the owner lied, not the peer";
  ASSERT_EQ(world.sent<Fork>(from).size(), 1U);
  const auto proof = feed::decode_fork_proof(world.sent<Fork>(from).front().proof);
  ASSERT_TRUE(proof.ok());
  EXPECT_TRUE(feed::verify_fork_proof(*proof).ok());
  EXPECT_TRUE(world.reader.fork_proof().has_value());
  world.time.run_for(0s);
  EXPECT_EQ(world.events.forks, 1U);
}

TEST(HeadExchange, FindsAForkOfEqualLength) {
  ForkWorld world(5, 2, 2);
  const PeerId id = world.stranger();
  world.announce_second(id);
  expect_fork(world, id);
  EXPECT_EQ(world.peer(id).fork_side, ForkSide::other);
}

TEST(HeadExchange, FindsAForkOfAShorterHead) {
  ForkWorld world(5, 4, 2);
  const PeerId id = world.stranger();
  world.announce_second(id);
  expect_fork(world, id);
}

TEST(HeadExchange, FindsAForkOfALongerHeadFromItsEdge) {
  ForkWorld world(5, 2, 4);
  const PeerId id = world.stranger();
  const PeerId other = world.join();
  world.announce_second(id);
  EXPECT_FALSE(world.heads.forked());
  world.answer_second(id);
  expect_fork(world, id);
  EXPECT_EQ(world.sent<Fork>(other).size(), 1U) << "all peers hear of it";
  EXPECT_EQ(world.reader.head(), world.head()) << "our head stays";
}

TEST(HeadExchange, ADisputedPeerWithTheOtherHistoryIsNotBlamed) {
  ForkWorld world(5, 2, 4);
  const PeerId id = world.stranger();
  world.peer(id).view.head = *world.second.writer->head();
  world.heads.dispute(id, world.peer(id), "the run");
  world.answer_second(id);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.heads.forked());
  EXPECT_FALSE(world.peer(id).disputed);
}

TEST(HeadExchange, AfterAForkARunThatDoesNotProveIsNotAskedAbout) {
  ForkWorld world(5, 2, 2);
  const PeerId other = world.stranger();
  world.announce_second(other);
  ASSERT_TRUE(world.heads.forked());
  const PeerId same = world.join();
  world.publish();
  world.peer(same).view.head = world.head();
  world.peer(same).fork_side = ForkSide::same;
  world.heads.dispute(same, world.peer(same), "the run");
  EXPECT_EQ(world.closed(same), "the run");
  EXPECT_TRUE(world.sent<Growth>(same).empty());
  world.heads.dispute(other, world.peer(other), "the run");
  EXPECT_EQ(world.closed(other), "") << "it could not give blocks of ours";
}

TEST(HeadExchange, AfterAForkFindsOutWhichHistoryAPeerHas) {
  ForkWorld world(5, 2, 2);
  const PeerId first = world.stranger();
  world.announce_second(first);
  const PeerId same = world.stranger();
  world.announce(same);
  EXPECT_EQ(world.peer(same).fork_side, ForkSide::same);
  const PeerId longer = world.stranger();
  world.publish();
  world.announce(longer);
  EXPECT_EQ(world.peer(longer).fork_side, ForkSide::unknown);
  ASSERT_EQ(world.sent<Growth>(longer).size(), 1U);
  world.answer(longer);
  EXPECT_EQ(world.peer(longer).fork_side, ForkSide::same);
  EXPECT_EQ(world.accepted, 0) << "the head never moves again";
  const PeerId other = world.stranger();
  world.grow(2000);
  world.announce_second(other);
  world.answer_second(other);
  EXPECT_EQ(world.peer(other).fork_side, ForkSide::other);
  EXPECT_EQ(world.closed(other), "");
}

TEST(HeadExchange, AForkIsToldFirstToWhoComesLater) {
  ForkWorld world(5, 2, 2);
  const PeerId id = world.stranger();
  world.announce_second(id);
  const PeerId late = world.stranger();
  world.heads.on_peer_added(world.peer(late));
  ASSERT_EQ(world.outbox(late).sent.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<Fork>(world.outbox(late).sent.front().body));
}

TEST(HeadExchange, TakesAForkProofOfAPeerOnce) {
  ForkWorld world(5, 2, 2);
  const auto proof =
      feed::find_fork(world.producer.id(), *world.second.writer->head(), world.head(), world.publisher.tree());
  ASSERT_TRUE(proof.ok() && *proof);
  const Fork message{feed::encode_fork_proof(**proof)};
  const PeerId id = world.stranger();
  world.heads.on_fork(world.peer(id), message);
  expect_fork(world, id);
  const PeerId other = world.stranger();
  world.heads.on_fork(world.peer(other), message);
  world.time.run_for(0s);
  EXPECT_EQ(world.closed(other), "");
  EXPECT_EQ(world.events.forks, 1U);
}

TEST(HeadExchange, AForkThatIsKnownFromAnEarlierRunIsNotReportedAgain) {
  ForkWorld world(5, 2, 2);
  const auto proof =
      feed::find_fork(world.producer.id(), *world.second.writer->head(), world.head(), world.publisher.tree());
  ASSERT_TRUE(proof.ok() && *proof);
  ASSERT_TRUE(world.follower.mirror->add_fork_proof(**proof).ok());
  const PeerId id = world.stranger();
  world.heads.on_peer_added(world.peer(id));
  ASSERT_EQ(world.sent<Fork>(id).size(), 1U);
  EXPECT_EQ(world.sent<Fork>(id).front().proof, feed::encode_fork_proof(**proof));
  world.heads.fork_found();
  world.time.run_for(0s);
  EXPECT_EQ(world.sent<Fork>(id).size(), 1U);
  EXPECT_EQ(world.events.forks, 0U);
}

TEST(HeadExchange, TheOwnerHearsOfItsForkFromALongerHeadOfAnotherHistory) {
  HeadWorld world(5, true);
  Producer second;
  ASSERT_TRUE(second.open().ok());
  for (std::int64_t i = 0; i < 7; ++i) {
    ASSERT_TRUE(second.writer->commit({batch_of(stream("t"), {1000 + i})}).ok());
  }
  const PeerId id = world.stranger();
  world.heads.on_head(id, world.peer(id), *second.writer->head());
  EXPECT_TRUE(world.log.lines.empty());
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U);
  world.answer(id, reply_of(second.reader(), world.sent<Growth>(id).back()));
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.heads.forked());
  EXPECT_EQ(world.sent<Fork>(id).size(), 1U);
  world.time.run_for(0s);
  EXPECT_EQ(world.events.elsewhere.size(), 1U) << "signing ended before the fork was known";
  EXPECT_EQ(world.events.forks, 1U);
  EXPECT_EQ(world.log.lines.size(), 1U);
}

TEST(HeadExchange, BlamesForAForkProofThatIsNone) {
  ForkWorld world(5, 2, 2);
  const auto proof =
      feed::find_fork(world.producer.id(), *world.second.writer->head(), world.head(), world.publisher.tree());
  ASSERT_TRUE(proof.ok() && *proof);
  const auto blamed = [&](const Bytes& bytes) {
    const PeerId id = world.stranger();
    world.heads.on_fork(world.peer(id), Fork{bytes});
    return world.closed(id);
  };
  feed::ForkProof changed = **proof;
  changed.longer.time = changed.longer.time + 1;
  feed::ForkProof foreign = **proof;
  foreign.feed = FeedId{feed::testing::test_key(8).public_key()};
  EXPECT_EQ(blamed(Bytes(10, 1)), "a fork proof that is none");
  EXPECT_EQ(blamed(feed::encode_fork_proof(foreign)), "a fork proof that is none");
  EXPECT_EQ(blamed(feed::encode_fork_proof(changed)), "a fork proof that does not prove");
  EXPECT_FALSE(world.heads.forked());
  EXPECT_EQ(blamed(feed::encode_fork_proof(**proof)), "");
  EXPECT_EQ(blamed(feed::encode_fork_proof(changed)), "a fork proof that does not prove") << "after a fork too";
}

}  // namespace
}  // namespace shoal::replication
