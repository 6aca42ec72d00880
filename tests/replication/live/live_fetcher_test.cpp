#include "replication/live/live_fetcher.h"

#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::SwarmNode;
using simulation::SwarmWorld;

/// Peers by hand that only ask for the live tail.
struct Asker final : Outbox {
  std::vector<EndReason> ends;
  std::size_t pushed = 0;
  std::function<void(const Ping&)> answer = [](const Ping&) {};
  void send(Message message) override {
    if (const auto* end = std::get_if<WantEnd>(&message.body)) ends.push_back(end->reason);
    if (std::holds_alternative<Data>(message.body)) ++pushed;
    if (const auto* ping = std::get_if<Ping>(&message.body)) answer(*ping);
  }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void close(std::string_view) override {}
};

struct Askers : SwarmWorld {
  Askers() { publish_many(5); }
  std::shared_ptr<Asker> ask(Urgency urgency) {
    auto asker = std::make_shared<Asker>();
    const PeerId id = publisher.replicator().add_peer({"asker", "direct", false}, PublicKey{}, asker);
    asker->answer = [this, id](const Ping& ping) {
      time.schedule(1ms, [this, id, ping] { say(id, Pong{ping.nonce}); });
    };
    say(id, NoHead{});
    Want want;
    want.want = ++name;
    want.tree_size = want.base = want.begin = size();
    want.live = true;
    want.credit = 1 << 20;
    want.urgency = urgency;
    say(id, want);
    return asker;
  }
  void say(PeerId id, Body body) {
    Message message{.channel = 1, .body = std::move(body)};
    message.wire_size = encoded_size(message.body);
    publisher.replicator().on_message(id, std::move(message));
  }
  std::uint64_t name = 0;
};

/// A follower of the whole feed.
std::unique_ptr<SwarmNode> follower(SwarmWorld& world, std::uint8_t number) {
  auto node = std::make_unique<SwarmNode>(world.time, "node" + std::to_string(number), number);
  node->mirror(world.producer.id());
  node->follow_all();
  return node;
}

TEST(LiveFetcher, AnOwnerPushesToTwoAndTellsOthersThatItIsBusy) {
  Askers world;
  const auto first = world.ask(Urgency::normal);
  const auto second = world.ask(Urgency::normal);
  const auto third = world.ask(Urgency::normal);
  EXPECT_TRUE(first->ends.empty() && second->ends.empty());
  EXPECT_EQ(third->ends, std::vector<EndReason>{EndReason::busy});
  world.publish_many(1);
  EXPECT_EQ(first->pushed, 1U);
  EXPECT_EQ(second->pushed, 1U);
  EXPECT_EQ(third->pushed, 0U);
}

TEST(LiveFetcher, ANodeOfTheFirstVersionIsToldThatItIsNotHeld) {
  Askers world;
  for (int i = 0; i < 2; ++i) (void)world.ask(Urgency::normal);
  EXPECT_EQ(world.ask(Urgency::unstated)->ends, std::vector<EndReason>{EndReason::not_held});
}

TEST(LiveFetcher, ExceptionsAreFewForTheMissedAndManyForTheLonely) {
  Askers world;
  for (int i = 0; i < 2; ++i) (void)world.ask(Urgency::normal);
  EXPECT_TRUE(world.ask(Urgency::missed)->ends.empty());
  EXPECT_EQ(world.ask(Urgency::missed)->ends.size(), 1U);
  std::size_t refused = 0;
  for (int i = 0; i < 100; ++i) refused += world.ask(Urgency::alone)->ends.size();
  EXPECT_EQ(refused, 39U);  // 64 in all, three of them above
}

TEST(LiveFetcher, WhatWasLetInBeyondTheNumberIsShedAgain) {
  Askers world;
  std::vector<std::shared_ptr<Asker>> all;
  for (int i = 0; i < 2; ++i) all.push_back(world.ask(Urgency::normal));
  all.push_back(world.ask(Urgency::missed));
  const auto lonely = world.ask(Urgency::alone);
  world.time.run_for(30s);
  std::size_t shed = 0;
  for (const auto& asker : all) shed += asker->ends.size();
  EXPECT_EQ(shed, 1U);
  EXPECT_TRUE(lonely->ends.empty());
}

TEST(LiveFetcher, ReadersThatKnowOnlyTheOwnerAllGetTheirPush) {
  SwarmWorld world;
  world.publish_many(5);
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (std::uint8_t i = 1; i <= 8; ++i) {
    nodes.push_back(follower(world, i));
    nodes.back()->connect(world.publisher, {.latency = 20ms});
  }
  world.time.run_for(5s);
  const base::MonoTime before = world.time.mono_now();
  world.publish_many(1);
  ASSERT_TRUE(world.wait([&] {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) { return node->held() == world.size(); });
  }));
  EXPECT_LT(world.time.mono_now() - before, 40ms);  // one way, no question
}

TEST(LiveFetcher, APayloadGoesToEachNodeOfAMeshAboutOnce) {
  SwarmWorld world;
  world.publish_many(5);
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (std::uint8_t i = 1; i <= 12; ++i) {
    nodes.push_back(follower(world, i));
    nodes.back()->connect(world.publisher, {.latency = std::chrono::milliseconds(5 + 7 * i)});
    for (std::uint8_t j = 1; j < i; ++j)
      nodes.back()->connect(*nodes[j - 1U], {.latency = std::chrono::milliseconds(3 + 5 * ((i * j) % 7))});
  }
  world.time.run_for(30s);
  const auto bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& node : nodes) sum += node->bytes_received();
    return sum;
  };
  const auto owner_sent = [&] {
    std::uint64_t sum = 0;
    for (const PeerView& peer : world.publisher.replicator().peers()) sum += peer.bytes_out;
    return sum;
  };
  const std::uint64_t before = bytes();
  const std::uint64_t sent_before = owner_sent();
  constexpr std::size_t kRecords = 10;
  constexpr std::size_t kSize = 40'000;
  for (std::size_t i = 0; i < kRecords; ++i) {
    world.publish_many(1, 1, kSize);
    world.time.run_for(1s);
  }
  for (const auto& node : nodes) EXPECT_EQ(node->held(), world.size());
  EXPECT_LT(bytes() - before, 12 * kRecords * kSize * 13 / 10);
  EXPECT_LT(owner_sent() - sent_before, kRecords * kSize * 3);
}

TEST(LiveFetcher, AParentThatFallsSilentIsReplacedWithinRoundTrips) {
  SwarmWorld world;
  world.publish_many(30);
  const auto first = follower(world, 1);
  first->connect(world.publisher);
  const auto second = follower(world, 2);
  second->connect(world.publisher);
  const auto reader = follower(world, 3);
  const auto to_first = reader->connect(*first, {.latency = 5ms});
  reader->connect(*second, {.latency = 10ms});
  world.time.run_for(5s);
  to_first.dialler->cut();  // the nearer one, so the parent
  for (int i = 0; i < 5; ++i) {
    const base::MonoTime before = world.time.mono_now();
    world.publish_many(1);
    ASSERT_TRUE(world.wait([&] { return reader->held() == world.size(); }, 10s));
    EXPECT_LT(world.time.mono_now() - before, i == 0 ? 200ms : 30ms) << "record " << i;
    world.time.run_for(500ms);
  }
  EXPECT_TRUE(reader->events.blames.empty());
}

TEST(LiveFetcher, ACircleOfParentsEndsWithTheNextRecord) {
  SwarmWorld world;
  world.publish_many(10);
  // Three near each other, and the owner far away from each.
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  std::vector<simulation::Connection> to_owner;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    nodes.push_back(follower(world, i));
    to_owner.push_back(nodes.back()->connect(world.publisher, {.latency = 60ms}));
  }
  world.time.run_for(2s);
  for (std::size_t i = 0; i < 3; ++i) nodes[i]->connect(*nodes[(i + 1) % 3], {.latency = 2ms});
  world.time.run_for(2s);
  // Whoever they hang on now, they lose the owner and find it again in silence: only the near ones are left as parents.
  for (const auto& link : to_owner) link.dialler->close("cut");
  world.time.run_for(3s);
  for (const auto& node : nodes) node->connect(world.publisher, {.latency = 60ms});
  world.time.run_for(3s);
  for (int i = 0; i < 3; ++i) {
    const base::MonoTime before = world.time.mono_now();
    world.publish_many(1);
    ASSERT_TRUE(world.wait([&] {
      return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) { return node->held() == world.size(); });
    }));
    EXPECT_LT(world.time.mono_now() - before, 700ms);
    world.time.run_for(1s);
  }
}

}  // namespace
}  // namespace shoal::replication
