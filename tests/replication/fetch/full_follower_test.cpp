#include "replication/fetch/full_follower.h"

#include "replication/core_world.h"

#include <set>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// One FullFollower whose wants are answered by hand. Our mirror has the head and no blocks.
struct FullWorld : testing::CoreWorld {
  explicit FullWorld(std::uint64_t blocks = 20)
      : CoreWorld(blocks, 10'000),
        heads(
            core, [] {}, [] { return false; }),
        fetcher(core, heads, hooks()),
        full(core, fetcher) {
    take_head();
  }
  BlockFetcher::Hooks hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant&, const Data& run) { full.on_run(run); };
    out.on_payload = [this](const FetchWant&, BlockIndex block) { full.on_payload(block); };
    out.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) { full.on_end(want, reason); };
    out.on_new_blocks = [] {};
    out.has_alternative = [this](const FetchWant& want) { return full.has_alternative(want); };
    return out;
  }
  void begin(const Follow& follow = {}) {
    full.start(follow);
    full.plan();
  }
  void give(PeerId id, const Body& body) {
    if (const auto* data = std::get_if<Data>(&body)) {
      fetcher.on_data(id, peer(id), *data, testing::wire_size(body));
    }
    if (const auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, peer(id), *end);
  }
  /// Answers every want that is open, until nothing more is asked for.
  void answer_all() {
    for (bool any = true; any;) {
      any = false;
      for (std::uint64_t at = 1; at <= core.peers().size(); ++at) {
        for (const Want& want : sent<Want>(PeerId{at})) {
          if (fetcher.find(want.want) == nullptr) continue;
          any = true;
          for (const Body& body : serve(want)) give(PeerId{at}, body);
        }
      }
      full.plan();
    }
  }
  /// The blocks that the peer was asked for.
  [[nodiscard]] std::set<std::uint64_t> asked(PeerId id) {
    std::set<std::uint64_t> out;
    for (const Want& want : sent<Want>(id)) {
      for (std::uint64_t block = want.begin; block < want.end; ++block) out.insert(block);
    }
    return out;
  }
  /// A peer that holds the blocks from `begin` to before `end`.
  PeerId holder(std::uint64_t begin, std::uint64_t end) {
    const PeerId id = join();
    peer(id).have.complete = false;
    peer(id).have.ranges = {{BlockIndex{begin}, BlockIndex{end}}};
    peer(id).held.add(begin, end);
    return id;
  }

  HeadExchange heads;
  BlockFetcher fetcher;
  FullFollower full;
};

std::set<std::uint64_t> span(std::uint64_t begin, std::uint64_t end) {
  std::set<std::uint64_t> out;
  for (; begin < end; ++begin) out.insert(begin);
  return out;
}

TEST(FullFollower, FetchesAllBlocksAndIsCompleteThen) {
  FullWorld world;
  const PeerId id = world.join();
  world.begin();
  EXPECT_TRUE(world.full.active());
  EXPECT_FALSE(world.full.complete(world.head()));
  world.answer_all();
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.reader.block_prefix(), 20U);
  EXPECT_TRUE(world.full.complete(world.head()));
}

TEST(FullFollower, NoBlockIsAskedOfTwoPeers) {
  FullWorld world;
  const PeerId one = world.holder(0, 20);
  const PeerId other = world.holder(0, 20);
  world.begin();
  const std::set<std::uint64_t> first = world.asked(one);
  const std::set<std::uint64_t> second = world.asked(other);
  EXPECT_FALSE(first.empty() || second.empty());
  for (const std::uint64_t block : first) EXPECT_EQ(second.count(block), 0U) << block;
  EXPECT_LE(world.sent<Want>(one).size(), 2U);
  EXPECT_LE(world.sent<Want>(other).size(), 2U);
}

TEST(FullFollower, APeerIsAskedForWhatItHoldsOnly) {
  FullWorld world;
  const PeerId id = world.holder(5, 9);
  world.begin();
  world.answer_all();
  EXPECT_EQ(world.asked(id), span(5, 9));
}

TEST(FullFollower, FetchesFromItsFirstBlockToItsLast) {
  FullWorld world;
  const PeerId id = world.join();
  Follow follow;
  follow.live = false;
  follow.from = 4;
  follow.until = 9;
  world.begin(follow);
  world.answer_all();
  EXPECT_EQ(world.asked(id), span(4, 9));
  EXPECT_TRUE(world.full.complete(world.head()));
}

TEST(FullFollower, WhatWasPrunedIsNotFetchedAgainAndWhatWasLostIs) {
  FullWorld world;
  world.take_all();
  ASSERT_TRUE(world.follower.mirror->prune({BlockIndex{0}, BlockIndex{1}}).ok());
  const PeerId id = world.join();
  world.begin();
  EXPECT_TRUE(world.asked(id).empty());
  EXPECT_TRUE(world.full.complete(world.head()));
  world.full.on_lost(BlockIndex{7});
  EXPECT_FALSE(world.full.complete(world.head()));
  world.full.plan();
  EXPECT_EQ(world.asked(id), span(7, 8));
}

TEST(FullFollower, StoppingCancelsItsWants) {
  FullWorld world;
  const PeerId id = world.join();
  world.begin();
  const std::size_t wants = world.sent<Want>(id).size();
  ASSERT_GT(wants, 0U);
  world.full.stop();
  EXPECT_FALSE(world.full.active());
  EXPECT_EQ(world.sent<Cancel>(id).size(), wants);
  world.full.plan();
  EXPECT_EQ(world.sent<Want>(id).size(), wants);
}

TEST(FullFollower, ABusyPeerIsAskedAgainAfterAPauseAndMoreUrgentlyInTheEnd) {
  FullWorld world(1);
  const PeerId id = world.join();
  const PeerId other = world.holder(0, 0);  // so that the first is not alone
  world.begin();
  const auto refuse = [&] { world.give(id, WantEnd{world.sent<Want>(id).back().want, EndReason::busy}); };
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_EQ(world.sent<Want>(id).back().urgency, Urgency::normal);
  refuse();
  world.time.run_for(249ms);
  world.full.plan();
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
  world.time.run_for(1ms);
  world.full.plan();
  ASSERT_EQ(world.sent<Want>(id).size(), 2U);
  EXPECT_EQ(world.sent<Want>(id).back().urgency, Urgency::normal);
  refuse();
  world.time.run_for(3s);
  world.full.plan();
  ASSERT_EQ(world.sent<Want>(id).size(), 3U);
  EXPECT_EQ(world.sent<Want>(id).back().urgency, Urgency::missed);
  EXPECT_TRUE(world.sent<Want>(other).empty());
}

TEST(FullFollower, TheOnlyPeerIsToldSo) {
  FullWorld world;
  const PeerId id = world.join();
  world.begin();
  ASSERT_FALSE(world.sent<Want>(id).empty());
  EXPECT_EQ(world.sent<Want>(id).front().urgency, Urgency::alone);
}

TEST(FullFollower, ASlowPeerIsAskedForWhatNobodyElseHas) {
  FullWorld world;
  const PeerId slow = world.join();
  world.peer(slow).suspect = true;
  const PeerId other = world.holder(0, 15);
  world.begin();
  for (const std::uint64_t block : world.asked(slow)) EXPECT_GE(block, 15U);
  EXPECT_FALSE(world.asked(slow).empty());
  EXPECT_FALSE(world.asked(other).empty());
}

TEST(FullFollower, APeerThatIsBehindProvesWithItsOwnHead) {
  FullWorld world;
  const PeerId id = world.join();
  const feed::Checkpoint before = world.head();
  world.publish(2);
  const auto growth = merkle::build_cover(world.publisher.tree(), 20, 22, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 20, {}, *growth).ok());
  world.begin();
  ASSERT_FALSE(world.sent<Want>(id).empty());
  for (const Want& want : world.sent<Want>(id)) EXPECT_EQ(want.tree_size, before.tree_size);
}

}  // namespace
}  // namespace shoal::replication
