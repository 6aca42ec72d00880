#include "replication/heads/head_turns.h"

#include "replication/core_world.h"

#include <vector>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// Looks at nothing, and notes whose head was due.
struct TurnsWorld : testing::CoreWorld {
  TurnsWorld()
      : heads(
            core, [] {}, [] { return false; }),
        turns(core, heads, [this](PeerId id, Peer& peer, const feed::Checkpoint& head) {
          looked.emplace_back(id, head.time.value());
          peer.view.head = head;
          peer.first_head_came = true;
        }) {
    time.run_for(1h);
  }
  feed::Checkpoint at(std::int64_t stamp) const {
    feed::Checkpoint out = head();
    out.time = UnixMs{stamp};
    return out;
  }
  void say(PeerId id, std::int64_t stamp) { turns.on_head(id, peer(id), at(stamp)); }
  /// Says heads until one has to wait; how many were looked at.
  std::size_t drain(PeerId id) {
    for (std::int64_t stamp = 1; stamp <= 5000; ++stamp) say(id, stamp);
    return std::exchange(looked, {}).size();
  }

  HeadExchange heads;
  HeadTurns turns;
  std::vector<std::pair<PeerId, std::int64_t>> looked;
};

TEST(HeadTurns, WhatAllPeersCauseTogetherIsBounded) {
  TurnsWorld world;
  std::size_t all = 0;
  for (int i = 0; i < 8; ++i) all += world.drain(world.join());
  EXPECT_EQ(all, 1'000U + 8 * 4);
}

TEST(HeadTurns, OfWhatWaitsTheNewestIsLookedAtInTurn) {
  TurnsWorld world;
  const PeerId greedy = world.join();
  const PeerId other = world.join();
  world.drain(greedy);
  world.drain(other);
  world.time.run_for(3ms);
  world.turns.tick();
  world.time.run_for(3ms);
  world.turns.tick();
  ASSERT_EQ(world.looked.size(), 2U);
  EXPECT_EQ(world.looked[0], std::pair(greedy, std::int64_t{5000}));
  EXPECT_EQ(world.looked[1], std::pair(other, std::int64_t{5000}));
  world.time.run_for(1s);
  world.turns.tick();
  EXPECT_EQ(world.looked.size(), 2U) << "each once";
}

TEST(HeadTurns, AFirstHeadNeverWaits) {
  TurnsWorld world;
  world.drain(world.join());
  const PeerId fresh = world.join();
  world.drain(fresh);
  world.peer(fresh).first_head_came = false;
  world.say(fresh, 7);
  ASSERT_EQ(world.looked.size(), 1U);
  world.say(fresh, 8);
  EXPECT_EQ(world.looked.size(), 1U);
}

TEST(HeadTurns, OurOwnHeadCostsNothing) {
  TurnsWorld world;
  const PeerId id = world.join();
  world.take_head();
  world.drain(id);
  for (int i = 0; i < 3000; ++i) world.turns.on_head(id, world.peer(id), world.head());
  EXPECT_EQ(world.looked.size(), 3000U);
}

TEST(HeadTurns, AHeadThatGoesBackIsSeenAtOnceAndOneThatIsOvertakenNever) {
  TurnsWorld world;
  const PeerId id = world.join();
  world.drain(id);
  feed::Checkpoint back = world.head();
  --back.tree_size;
  world.turns.on_head(id, world.peer(id), back);
  EXPECT_EQ(world.looked.size(), 1U);
  world.peer(id).view.head = world.head();
  world.say(id, 9);
  ++world.peer(id).view.head->tree_size;
  world.time.run_for(1s);
  world.turns.tick();
  EXPECT_EQ(world.looked.size(), 1U);
}

TEST(HeadTurns, WhoLeftIsForgotten) {
  TurnsWorld world;
  const PeerId id = world.join();
  world.drain(id);
  world.turns.forget(id);
  world.time.run_for(1s);
  world.turns.tick();
  EXPECT_TRUE(world.looked.empty());
}

}  // namespace
}  // namespace shoal::replication
