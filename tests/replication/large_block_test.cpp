#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::SwarmNode;
using simulation::SwarmWorld;

/// An owner and mirrors that all know each other.
struct Mesh : SwarmWorld {
  explicit Mesh(std::uint8_t count) {
    publish_many(5);
    for (std::uint8_t i = 1; i <= count; ++i) {
      auto node = std::make_unique<SwarmNode>(time, "node" + std::to_string(i), i);
      node->mirror(producer.id());
      node->follow_all();
      node->connect(publisher, {.latency = std::chrono::milliseconds(5 + 3 * i), .bytes_per_second = 5e6});
      for (const auto& other : nodes) node->connect(*other, {.latency = 10ms, .bytes_per_second = 5e6});
      nodes.push_back(std::move(node));
    }
    time.run_for(10s);
  }
  [[nodiscard]] bool all_hold() const {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) { return node->held() == size(); });
  }
  [[nodiscard]] std::uint64_t owner_sent() {
    std::uint64_t sum = 0;
    for (const PeerView& peer : publisher.replicator().peers()) sum += peer.bytes_out;
    return sum;
  }
  std::vector<std::unique_ptr<SwarmNode>> nodes;
};

constexpr std::size_t kLarge = 1'000'000;

TEST(LargeBlocks, LeaveTheOwnerAboutOnce) {
  Mesh world(8);
  const std::uint64_t before = world.owner_sent();
  for (int i = 0; i < 4; ++i) {
    world.publish_many(1, 1, kLarge);
    ASSERT_TRUE(world.wait([&] { return world.all_hold(); }, 10s)) << "block " << i;
  }
  EXPECT_LT(world.owner_sent() - before, 4 * kLarge * 11 / 10);
  for (const auto& node : world.nodes) {
    world.expect_equal(*node);
    EXPECT_TRUE(node->events.blames.empty());
  }
}

TEST(LargeBlocks, ComeWhenThePeerThatWasGivenThemDies) {
  Mesh world(4);
  world.publish_many(1, 1, kLarge);
  world.time.run_for(100ms);
  // Whoever has part of it by now is gone.
  std::size_t most = 0;
  for (std::size_t i = 1; i < world.nodes.size(); ++i) {
    if (world.nodes[i]->bytes_received() > world.nodes[most]->bytes_received()) most = i;
  }
  world.nodes[most]->disconnect_all();
  world.nodes.erase(world.nodes.begin() + static_cast<std::ptrdiff_t>(most));
  ASSERT_TRUE(world.wait([&] { return world.all_hold(); }, 10s));
}

TEST(LargeBlocks, ReachReadersThatKnowOnlyTheOwner) {
  SwarmWorld world;
  world.publish_many(5);
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    nodes.push_back(std::make_unique<SwarmNode>(world.time, "node" + std::to_string(i), i));
    nodes.back()->mirror(world.producer.id());
    nodes.back()->follow_all();
    nodes.back()->connect(world.publisher);
  }
  world.time.run_for(5s);
  const base::MonoTime before = world.time.mono_now();
  world.publish_many(1, 1, kLarge);
  ASSERT_TRUE(world.wait([&] {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) { return node->held() == world.size(); });
  }));
  EXPECT_LT(world.time.mono_now() - before, 500ms);
}

}  // namespace
}  // namespace shoal::replication
