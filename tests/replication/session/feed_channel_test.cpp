#include "replication/session/feed_channel.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// The session's executor: what is dispatched runs inside the call.
class SessionExecutor final : public base::Executor {
 public:
  void post(Task task) override { posted.push_back(std::move(task)); }
  void dispatch(Task task) override { task(); }
  TimerId post_after(base::MonoTime, Task) override { return 0; }
  void cancel(TimerId) override {}
  void run() {
    for (const Task& task : std::exchange(posted, {})) task();
  }
  std::vector<Task> posted;
};

/// A channel between a session that records and the replicator of a mirror.
struct ChannelWorld : testing::CoreWorld {
  ChannelWorld() : CoreWorld(3) {
    ReplicatorContext parts;
    parts.reader = &reader;
    parts.mirror = follower.mirror.get();
    parts.executor = &executor;
    parts.clock = &time;
    parts.random = &random;
    parts.log = &log;
    parts.events = &events;
    replicator = std::make_unique<Replicator>(parts, ReplicatorOptions{});
    gauge = std::make_shared<SendGauge>();
  }
  std::shared_ptr<FeedChannel> open() {
    FeedChannel::Context context;
    context.replicator = replicator.get();
    context.feed_executor = &executor;
    context.session_executor = &session;
    context.gauge = gauge;
    context.wrap = wrap;
    context.to_session = [this](Message message) { sent_messages.push_back(std::move(message)); };
    context.close_session = [this](const std::string& why) { closed_for.push_back(why); };
    context.note_given = note_given;
    context.further = further;
    return std::make_shared<FeedChannel>(std::move(context));
  }
  /// A channel whose peer is known to the replicator.
  std::shared_ptr<FeedChannel> joined() {
    auto channel = open();
    channel->add({"peer", "direct", false}, key);
    run_feed();
    return channel;
  }
  /// Bounded memory of the connection.
  std::shared_ptr<PeerMemory::Account> bounded(std::size_t bytes) {
    PeerMemory::Bounds bounds;
    bounds.peer = bytes;
    gauge->memory = std::make_shared<PeerMemory::Account>(std::make_shared<PeerMemory>(bounds));
    gauge->memory->prove();
    return gauge->memory;
  }
  void run_feed() { time.run_for(0s); }
  [[nodiscard]] static Message message(Body body, std::size_t size = 100) {
    Message out{.body = std::move(body)};
    out.wire_size = size;
    return out;
  }
  [[nodiscard]] Message its_head() const { return message(Head{head()}); }

  SessionExecutor session;
  PublicKey key = feed::testing::test_key(60).public_key();
  std::unique_ptr<Replicator> replicator;
  std::shared_ptr<SendGauge> gauge;
  std::function<std::shared_ptr<Outbox>(std::shared_ptr<Outbox>)> wrap;
  std::function<void(std::uint64_t)> note_given;
  bool further = false;
  std::vector<Message> sent_messages;
  std::vector<std::string> closed_for;
};

TEST(FeedChannel, APeerIsAddedAndItsMessagesComeInOrder) {
  ChannelWorld world;
  const auto channel = world.open();
  channel->add({"peer", "direct", false}, world.key);
  EXPECT_TRUE(channel->deliver(world.its_head()));
  EXPECT_TRUE(world.replicator->peers().empty()) << "on the feed's executor";
  world.run_feed();
  ASSERT_EQ(world.replicator->peers().size(), 1U);
  EXPECT_EQ(world.replicator->peers()[0].node_key, world.key);
  EXPECT_EQ(world.replicator->peers()[0].head, world.head());
  EXPECT_FALSE(world.sent_messages.empty());
}

TEST(FeedChannel, AfterThePeerWasRemovedNothingReachesTheFeed) {
  ChannelWorld world;
  const auto channel = world.joined();
  channel->remove();
  channel->remove();
  EXPECT_TRUE(channel->deliver(world.its_head()));
  channel->writable();
  channel->violation("it lies");
  channel->flood("too much");
  world.run_feed();
  EXPECT_TRUE(world.replicator->peers().empty());
  EXPECT_TRUE(world.events.blames.empty());
  EXPECT_TRUE(world.events.floods.empty());
}

TEST(FeedChannel, WhatASessionFindsIsBlamedOnThePeer) {
  ChannelWorld world;
  world.joined()->violation("it lies");
  world.run_feed();
  ASSERT_EQ(world.events.blames.size(), 1U);
  EXPECT_EQ(world.events.blames[0].what, "it lies");
  ChannelWorld other;
  other.joined()->flood("too much");
  other.run_feed();
  ASSERT_EQ(other.events.floods.size(), 1U);
  EXPECT_EQ(other.events.floods[0].what, "too much");
  EXPECT_TRUE(other.events.blames.empty());
}

TEST(FeedChannel, TheBytesThatWaitForTheFeedAreBounded) {
  ChannelWorld world;
  const auto channel = world.joined();
  EXPECT_TRUE(channel->deliver(world.message(NoHead{}, FeedChannel::kMaxInbound)));
  EXPECT_FALSE(channel->deliver(world.message(NoHead{}, 1)));
  ChannelWorld other;
  const auto reads = other.joined();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(reads->deliver(other.message(NoHead{}, FeedChannel::kMaxInbound)));
    other.run_feed();
  }
}

TEST(FeedChannel, WhatWaitsForTheFeedCountsForTheConnection) {
  ChannelWorld world;
  const auto channel = world.joined();
  const auto memory = world.bounded(1000);
  EXPECT_TRUE(channel->deliver(world.message(NoHead{}, 500)));
  EXPECT_EQ(memory->held(), 500 + PeerMemory::kOverhead);
  world.run_feed();
  EXPECT_EQ(memory->held(), 0U);
  EXPECT_TRUE(channel->deliver(world.message(NoHead{}, 500)));
  EXPECT_FALSE(channel->deliver(world.message(NoHead{}, 500)));
}

TEST(FeedChannel, UrgentMessagesAreHandedOverAtOnceAndBulkLater) {
  ChannelWorld world;
  const auto channel = world.open();
  Message urgent{.body = Ping{1}};
  channel->send(urgent);
  ASSERT_EQ(world.sent_messages.size(), 1U);
  EXPECT_EQ(world.sent_messages[0].wire_size, encoded_size(urgent.body));
  Message bulk{.body = Ping{2}};
  bulk.bulk = true;
  channel->send(bulk);
  EXPECT_EQ(world.sent_messages.size(), 1U);
  world.session.run();
  ASSERT_EQ(world.sent_messages.size(), 2U);
  EXPECT_TRUE(world.sent_messages[1].bulk);
}

TEST(FeedChannel, QueuedIsWhatWaitsHereAndInTheTransport) {
  ChannelWorld world;
  const auto channel = world.open();
  EXPECT_EQ(channel->queued(), 0U);
  const Message ping{.body = Ping{1}};
  channel->send(ping);
  const std::size_t size = encoded_size(ping.body);
  EXPECT_EQ(channel->queued(), size);
  world.gauge->transport = 10;
  EXPECT_EQ(channel->queued(), size + 10);
  world.gauge->remove(size);
  EXPECT_EQ(channel->queued(), 10U);
}

TEST(FeedChannel, APeerThatDoesNotReadIsDisconnected) {
  ChannelWorld world;
  const auto channel = world.open();
  const auto memory = world.bounded(PeerMemory::kOverhead + 100);
  const Message ping{.body = Ping{1}};
  channel->send(ping);
  world.session.run();
  EXPECT_TRUE(world.closed_for.empty());
  channel->send(ping);
  world.session.run();
  EXPECT_EQ(world.closed_for, std::vector<std::string>{"does not read what it is sent"});
  world.gauge->remove(encoded_size(ping.body));
  world.gauge->remove(encoded_size(ping.body));
  EXPECT_EQ(memory->held(), 0U);
}

TEST(FeedChannel, ClosingAndGivenBlocksReachTheSessionOnItsExecutor) {
  ChannelWorld world;
  std::vector<std::uint64_t> given;
  world.note_given = [&](std::uint64_t blocks) { given.push_back(blocks); };
  const auto channel = world.open();
  channel->close("the end");
  channel->note_given(7);
  EXPECT_TRUE(world.closed_for.empty() && given.empty());
  world.session.run();
  EXPECT_EQ(world.closed_for, std::vector<std::string>{"the end"});
  EXPECT_EQ(given, std::vector<std::uint64_t>{7});
  world.note_given = nullptr;
  world.open()->note_given(8);
  world.session.run();
  EXPECT_EQ(given.size(), 1U);
}

TEST(FeedChannel, TheOutboxMayBeWrapped) {
  ChannelWorld world;
  const auto recording = std::make_shared<testing::RecordingOutbox>();
  world.wrap = [&](const std::shared_ptr<Outbox>& inner) {
    EXPECT_NE(inner, nullptr);
    return recording;
  };
  const auto channel = world.joined();
  EXPECT_FALSE(recording->sent.empty());
  EXPECT_TRUE(world.sent_messages.empty());
}

TEST(FeedChannel, AFeedWithManyPeersTakesNoneFromAConnectionOfAnotherFeed) {
  ChannelWorld world;
  world.further = true;
  const auto join = [&](std::uint8_t number) {
    const auto channel = world.open();
    channel->add({"peer", "direct", false}, feed::testing::test_key(number).public_key());
    world.run_feed();
    return channel;
  };
  std::vector<std::shared_ptr<testing::RecordingOutbox>> outboxes;
  for (std::size_t i = 0; i + 1 < Replicator::kMaxPeers; ++i) {
    outboxes.push_back(std::make_shared<testing::RecordingOutbox>());
    world.replicator->add_peer({"peer", "direct", false}, PublicKey{}, outboxes.back());
  }
  const auto last = join(61);
  EXPECT_EQ(world.replicator->peers().size(), Replicator::kMaxPeers);
  world.sent_messages.clear();
  const auto refused = join(62);
  EXPECT_EQ(world.replicator->peers().size(), Replicator::kMaxPeers);
  ASSERT_EQ(world.sent_messages.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Close>(world.sent_messages[0].body));
  EXPECT_TRUE(refused->deliver(world.its_head()));
  world.run_feed();
  world.further = false;
  const auto connected = join(63);
  EXPECT_EQ(world.replicator->peers().size(), Replicator::kMaxPeers + 1) << "connections have their own limit";
}

TEST(FeedChannel, WhatIsKeptForThePeerCountsForTheConnection) {
  ChannelWorld world;
  const auto channel = world.open();
  EXPECT_TRUE(channel->keep(std::size_t{1} << 40)) << "without an account";
  const auto memory = world.bounded(1000);
  EXPECT_TRUE(channel->keep(5000));
  EXPECT_EQ(memory->held(), 5000U);
  channel->drop(2000);
  EXPECT_EQ(memory->held(), 3000U);
  EXPECT_FALSE(channel->keep(PeerMemory::Bounds{}.kept));
}

}  // namespace
}  // namespace shoal::replication
