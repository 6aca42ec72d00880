#include "replication/fetch/fetch_want.h"
#include "replication/session/feed_channel.h"
#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using simulation::SwarmNode;
using simulation::SwarmWorld;
using simulation::WholeMirror;

/// A peer by hand: takes what the replicator sends, and reads it or not.
struct HandPeer final : Outbox {
  std::vector<Message> got;
  std::size_t bytes = 0;
  bool reads = true;
  bool closed = false;
  std::string reason;
  void send(Message message) override {
    const std::size_t size = encoded_size(message.body);
    if (!reads) bytes += size;
    message.wire_size = size;
    got.push_back(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return bytes; }
  void close(std::string_view why) override {
    closed = true;
    reason = why;
  }
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> out;
    for (const Message& message : got) {
      if (const T* one = std::get_if<T>(&message.body)) out.push_back(*one);
    }
    return out;
  }
};

struct Hand : SwarmWorld {
  Hand() : peer(std::make_shared<HandPeer>()) {
    publish_many(400, 3, 3000);
    id = publisher.replicator().add_peer({"hand", "direct", false}, PublicKey{}, peer);
    say(NoHead{});
  }
  void say(Body body) {
    Message message{.channel = 1, .body = std::move(body)};
    message.wire_size = encoded_size(message.body);
    publisher.replicator().on_message(id, std::move(message));
  }
  Want whole(std::uint64_t name, std::uint64_t credit) const {
    Want want;
    want.want = name;
    want.tree_size = want.end = size();
    want.credit = credit;
    return want;
  }
  std::shared_ptr<HandPeer> peer;
  PeerId id{0};
};

TEST(Limits, AServerSendsWhatWasGrantedAndNoMore) {
  Hand world;
  world.say(world.whole(5, 300'000));
  std::size_t sent = 0;
  for (const Message& message : world.peer->got) {
    if (std::holds_alternative<Data>(message.body)) sent += message.wire_size;
  }
  EXPECT_LE(sent, 300'000U);
  EXPECT_GT(sent, 200'000U);
  world.say(Credit{5, 100'000'000});
  EXPECT_EQ(world.peer->all<WantEnd>().size(), 1U);
  EXPECT_EQ(world.peer->all<WantEnd>()[0].reason, EndReason::done);
}

TEST(Limits, APeerThatNeverReadsCostsABoundedAmount) {
  Hand world;
  world.peer->reads = false;
  for (std::uint64_t i = 1; i <= 16; ++i) world.say(world.whole(i, 1ULL << 40));
  EXPECT_LT(world.peer->bytes, 400'000U);
  std::uint64_t asked = 0;
  while (asked < 20'000 && !world.peer->closed) world.say(Lookup{++asked, stream("t1"), LookupBy::offset, 1});
  EXPECT_TRUE(world.peer->closed);
  EXPECT_LT(world.peer->bytes, 400'000U);
}

TEST(Limits, AFloodEndsTheSessionAndIsNoLie) {
  for (const Body& body : std::vector<Body>{AskHead{}, Have{}, Credit{7, 1}, Cancel{7}, NoHead{}}) {
    Hand world;
    for (int i = 0; i < 50'000 && !world.peer->closed; ++i) world.say(body);
    EXPECT_TRUE(world.peer->closed) << message_name(body);
    world.time.run_for(1s);
    EXPECT_TRUE(world.publisher.events.blames.empty());
    EXPECT_EQ(world.publisher.events.floods.size(), 1U);
  }
}

TEST(Limits, QuestionsAboveTheBudgetWaitForTheirTurn) {
  Hand world;
  for (std::uint64_t i = 1; i <= 10'200; ++i) world.say(Lookup{i, stream("t1"), LookupBy::offset, 1});
  EXPECT_FALSE(world.peer->closed);
  EXPECT_LE(world.peer->all<LookupReply>().size(), 10'000U);
  world.time.run_for(1s);
  EXPECT_EQ(world.peer->all<LookupReply>().size(), 10'200U);
  EXPECT_FALSE(world.peer->closed);
  // Who goes on as before is ended when too many wait.
  for (std::uint64_t i = 1; i <= 20'000 && !world.peer->closed; ++i) {
    world.say(Lookup{i, stream("t1"), LookupBy::offset, 1});
  }
  EXPECT_TRUE(world.peer->closed);
}

TEST(Limits, APeerThatDoesNotSayItsHeadInTimeIsEnded) {
  SwarmWorld world;
  world.publish_many(3);
  auto peer = std::make_shared<HandPeer>();
  world.publisher.replicator().add_peer({"hand", "direct", false}, PublicKey{}, peer);
  world.time.run_for(14s);
  EXPECT_FALSE(peer->closed);
  world.time.run_for(2s);
  EXPECT_TRUE(peer->closed);
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(Limits, ImpossibleWantsAreRefused) {
  const auto refused = [](const std::function<void(Want&)>& change) {
    Hand world;
    Want want = world.whole(3, 1000);
    change(want);
    world.say(want);
    return world.peer->closed;
  };
  EXPECT_TRUE(refused([](Want& want) { want.want = 0; }));
  EXPECT_TRUE(refused([](Want& want) { want.begin = want.end; }));
  EXPECT_TRUE(refused([](Want& want) { want.base = want.begin + 1; }));
  EXPECT_TRUE(refused([](Want& want) { want.end = want.tree_size + 1; }));
  EXPECT_TRUE(refused([](Want& want) { want.tree_size = std::uint64_t{1} << 48; }));
  EXPECT_TRUE(refused([](Want& want) { want.streams = {stream("t1")}; }));
  EXPECT_TRUE(refused([](Want& want) { want.all_topics = false; }));
  EXPECT_FALSE(refused([](Want&) {}));
}

TEST(Limits, APeerThatDoesNotBeginWithItsHeadIsRefused) {
  SwarmWorld world;
  world.publish_many(3);
  auto peer = std::make_shared<HandPeer>();
  const PeerId id = world.publisher.replicator().add_peer({"hand", "direct", false}, PublicKey{}, peer);
  world.publisher.replicator().on_message(id, Message{.body = Ping{4}});
  EXPECT_TRUE(peer->closed);
}

TEST(Limits, BytesThatNobodyGrantedEndTheSession) {
  // The feed's executor does not get to run: what a peer sends beyond all credit must not pile up.
  simulation::VirtualTime time;
  simulation::VirtualExecutor executor(time);
  FeedChannel::Context parts;
  parts.feed_executor = &executor;
  parts.session_executor = &executor;
  parts.gauge = std::make_shared<SendGauge>();
  const auto channel = std::make_shared<FeedChannel>(std::move(parts));
  std::size_t taken = 0;
  const auto deliver = [&] {
    Message message{.body = Piece{1, BlockIndex{1}, 0, {}, Bytes(60'000, 1)}};
    message.wire_size = encoded_size(message.body);
    taken += message.wire_size;
    return channel->deliver(std::move(message));
  };
  while (taken < FeedChannel::kMaxInbound * 2 && deliver()) {
  }
  EXPECT_LE(taken, FeedChannel::kMaxInbound + 70'000);
}

TEST(Limits, AWantTakesNoMoreThanItsCreditAndItsBlocks) {
  feed::Checkpoint head;
  head.tree_size = 100;
  FetchWant want(7, {.proof = head, .begin = 10, .end = 20, .window = 1000}, base::MonoTime{0});
  Data data;
  data.want = 7;
  data.tree_size = 100;
  data.blocks = {{BlockIndex{10}, {}, PayloadForm::with_block, {}}};
  const auto check = [&](const std::function<void(Data&)>& change, std::size_t size = 100) {
    FetchWant fresh = want;
    Data changed = data;
    change(changed);
    return fresh.check_run(changed, size).ok();
  };
  EXPECT_TRUE(check([](Data&) {}));
  EXPECT_TRUE(check([](Data&) {}, 1000));
  EXPECT_FALSE(check([](Data&) {}, 1001));
  EXPECT_FALSE(check([](Data& d) { d.tree_size = 99; }));
  EXPECT_FALSE(check([](Data& d) { d.base = 1; }));
  EXPECT_FALSE(check([](Data& d) { d.with_head = true; }));
  EXPECT_FALSE(check([](Data& d) { d.blocks.clear(); }));
  EXPECT_FALSE(check([](Data& d) { d.blocks[0].index = BlockIndex{11}; }));
  EXPECT_FALSE(check([](Data& d) { d.blocks[0].form = PayloadForm::absent; }));
  FetchWant done = want;
  ASSERT_TRUE(done.check_run(data, 900).ok());
  done.run_taken(data, base::MonoTime{1});
  EXPECT_FALSE(done.check_run(data, 100).ok());  // the same blocks again
  EXPECT_EQ(done.renew(1000), 1000U);            // refused bytes are spent too
}

TEST(Limits, AMirrorThatDoesNotServeSaysSo) {
  SwarmWorld world;
  world.publish_many(30);
  SwarmNode quiet(world.time, "quiet", 2);
  quiet.mirror(world.producer.id(), {.serve = false, .credit_bytes = 1 << 20});
  quiet.follow_all();
  quiet.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return quiet.held() == world.size(); }));
  WholeMirror reader(world, "reader", 1);
  reader.connect(quiet);
  world.time.run_for(5s);
  EXPECT_EQ(reader.held(), 0U);
  EXPECT_TRUE(reader.events.synced.empty());
  EXPECT_TRUE(reader.events.blames.empty());
}

TEST(Limits, ClosingAndOpeningAFeedFillsNoBudget) {
  SwarmWorld world;
  world.publish_many(3);
  const PublicKey key = feed::testing::test_key(70).public_key();
  Replicator& replicator = world.publisher.replicator();
  std::size_t taken = 0;
  bool flooded = false;
  for (int opened = 0; opened < 20 && !flooded; ++opened) {
    auto peer = std::make_shared<HandPeer>();
    const PeerId id = replicator.add_peer({"hand", "direct", false}, key, peer);
    replicator.on_message(id, Message{.body = NoHead{}});
    for (int i = 0; i < 1000 && !peer->closed; ++i, ++taken) replicator.on_message(id, Message{.body = AskHead{}});
    flooded = peer->closed;
    replicator.remove_peer(id);
  }
  EXPECT_TRUE(flooded);
  EXPECT_LE(taken, 2'001U);
}

}  // namespace
}  // namespace shoal::replication
