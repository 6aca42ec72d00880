#pragma once

#include "simulation/swarm_world.h"

/// Many sources of one feed and one reader.
namespace shoal::replication::testing {

inline constexpr simulation::LinkOptions kTenMegabytes{.latency = std::chrono::milliseconds(10),
                                                       .bytes_per_second = 1e7};

/// A published feed, nodes that hold all of it, and one reader.
struct Sources : simulation::SwarmWorld {
  explicit Sources(int count) : reader(time, "reader", 1) {
    for (int i = 0; i < count; ++i) {
      // Over the publisher's own log: the same bytes need no second copy.
      nodes.push_back(std::make_unique<simulation::SwarmNode>(time, "source" + std::to_string(i),
                                                              static_cast<std::uint8_t>(10 + i)));
      nodes.back()->own(producer);
    }
    reader.mirror(producer.id());
  }
  /// Blocks of about 50 kB, together about `bytes`.
  void publish_bytes(std::uint64_t bytes) { publish_many(bytes / 50'000, 3, 50'000); }
  std::uint64_t bytes_of_feed() const {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < size(); ++i) sum += publisher.reader().payload(BlockIndex{i})->size();
    return sum;
  }
  void connect(std::size_t source, const simulation::LinkOptions& link) {
    links.push_back(reader.connect(*nodes[source], link));
  }
  void connect_all(const simulation::LinkOptions& link) {
    for (std::size_t i = 0; i < nodes.size(); ++i) connect(i, link);
  }
  /// Seconds until the reader holds everything.
  double seconds_to_complete(base::MonoTime limit = std::chrono::seconds(60)) {
    const base::MonoTime before = time.mono_now();
    EXPECT_TRUE(wait([&] { return reader.held() == size(); }, limit));
    return std::chrono::duration<double>(time.mono_now() - before).count();
  }
  /// Bytes that came from all peers.
  std::uint64_t received() const { return reader.bytes_received(); }

  std::vector<std::unique_ptr<simulation::SwarmNode>> nodes;
  std::vector<simulation::Connection> links;
  simulation::SwarmNode reader;
};

}  // namespace shoal::replication::testing
