// Heads of an own feed: what others know of it, and what follows.
#include "replication/heads/head_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::Producer;
using feed::testing::stream;
using testing::HeadWorld;
using testing::reply_of;

TEST(OwnHeads, AnOwnFeedAsksHowALongerHeadGrew) {
  HeadWorld world(20, true);
  Producer copy;
  ASSERT_TRUE(copy.open().ok());
  for (std::int64_t i = 1; i <= 21; ++i) ASSERT_TRUE(copy.writer->commit({batch_of(stream("t"), {i})}).ok());
  const PeerId id = world.stranger();
  world.heads.on_head(id, world.peer(id), *copy.writer->head());
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U);
  world.answer(id, reply_of(copy.reader(), world.sent<Growth>(id).front()));
  EXPECT_EQ(world.closed(id), "") << "the key signed it and it grew from ours";
  EXPECT_EQ(world.accepted, 0) << "an own feed takes nothing";
  world.time.run_for(0s);
  EXPECT_EQ(world.events.elsewhere, std::vector{*copy.writer->head()});
  world.pass(10s);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
}

TEST(OwnHeads, SaysOnceHowFarAnOwnFeedWasSignedElsewhere) {
  HeadWorld world(2, true);
  Producer copy;
  ASSERT_TRUE(copy.open().ok());
  std::vector<feed::Checkpoint> heads;
  for (std::int64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(copy.writer->commit({batch_of(stream("t"), {i})}).ok());
    heads.push_back(*copy.writer->head());
  }
  const auto show = [&](std::size_t size) {
    const PeerId id = world.stranger();
    world.heads.on_head(id, world.peer(id), heads.at(size - 1));
    world.time.run_for(0s);
  };
  show(1);
  show(2);
  EXPECT_TRUE(world.events.elsewhere.empty()) << "that is here";
  show(3);
  show(3);
  show(4);
  show(3);
  EXPECT_EQ(world.events.elsewhere, (std::vector{heads[2], heads[3]}));
}

TEST(OwnHeads, AMirrorIsNotWarnedOfNewHeads) {
  HeadWorld world;
  world.announce(world.stranger());
  world.time.run_for(0s);
  EXPECT_TRUE(world.events.elsewhere.empty());
}

TEST(OwnHeads, AnOwnFeedWithoutAHeadTakesNone) {
  HeadWorld world(0, true);
  Producer second;
  ASSERT_TRUE(second.open().ok());
  ASSERT_TRUE(second.writer->commit({batch_of(stream("t"), {1})}).ok());
  const PeerId id = world.stranger();
  world.heads.on_head(id, world.peer(id), *second.writer->head());
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.outbox(id).sent.empty());
  world.pass(2s);
  EXPECT_TRUE(world.outbox(id).sent.empty());
  EXPECT_EQ(world.events.elsewhere, std::vector{*second.writer->head()}) << "the key has a history";
}

}  // namespace
}  // namespace shoal::replication
