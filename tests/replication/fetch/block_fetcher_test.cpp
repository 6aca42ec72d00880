#include "replication/fetch/fetch_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::Ended;
using testing::FetchWorld;
using testing::wire_size;

TEST(BlockFetcher, SendsAWantAndStoresWhatItBrings) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 20));
  ASSERT_NE(name, 0U);
  const Want want = world.want_of(id);
  EXPECT_EQ(want.want, name);
  EXPECT_EQ(want.tree_size, 20U);
  EXPECT_EQ(want.credit, std::uint64_t{512} << 10) << "half of what the peer may have in transit";
  EXPECT_GE(world.peer(id).path.owing_for(world.core.now() + 1s), 1s) << "it owes blocks now";
  world.give_all(id);
  EXPECT_EQ(world.reader.block_prefix(), 20U);
  EXPECT_EQ(world.runs, std::vector<std::size_t>{20});
  EXPECT_EQ(world.new_blocks, 1);
  EXPECT_EQ(world.peer(id).view.blocks_in, 20U);
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, EndReason::done}}));
  EXPECT_TRUE(world.fetcher.idle());
  EXPECT_EQ(world.peer(id).path.owing_for(world.core.now() + 1s), 0s);
  EXPECT_EQ(world.accepted, 0) << "the head was accepted before";
  EXPECT_EQ(world.closed(id), "");
}

TEST(BlockFetcher, AsksNothingThatCannotBeProven) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  EXPECT_EQ(world.fetcher.ask(world.blocks(PeerId{77}, 0, 20)), 0U) << "no such peer";
  FetchWant::Ask ask = world.blocks(id, 7, 20);
  ask.base = 7;
  EXPECT_EQ(world.fetcher.ask(ask), 0U) << "the edge at 7 is not known";
  EXPECT_TRUE(world.sent<Want>(id).empty());
}

TEST(BlockFetcher, WantsOfOnePeerShareItsCredit) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.fetcher.ask(world.blocks(other, 0, 5));
  FetchWant::Ask third = world.live(id);
  for (std::uint64_t begin = 0; begin < 15; begin += 5) world.fetcher.ask(world.blocks(id, begin, begin + 5));
  const std::vector<Want> wants = world.sent<Want>(id);
  ASSERT_EQ(wants.size(), 3U);
  EXPECT_EQ(wants[0].credit, PeerCredit::kInitial / 2) << "another peer's want does not count";
  EXPECT_EQ(wants[1].credit, PeerCredit::kInitial / 2);
  EXPECT_EQ(wants[2].credit, PeerCredit::kFloor);
}

TEST(BlockFetcher, RenewsCreditWhenHalfIsSpent) {
  FetchWorld world(60, 10'000);
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 60));
  const std::uint64_t half = PeerCredit::kInitial / 4;
  std::uint64_t spent = 0;
  std::size_t messages = 0;
  for (Body& body : world.serve(world.want_of(id))) {
    EXPECT_TRUE(world.sent<Credit>(id).empty()) << "after " << spent << " bytes";
    spent += wire_size(body);
    ++messages;
    world.give(id, std::move(body));
    if (spent >= half) break;
  }
  ASSERT_GE(messages, 2U);
  ASSERT_EQ(world.sent<Credit>(id).size(), 1U);
  const Credit credit = world.sent<Credit>(id).front();
  EXPECT_EQ(credit.want, world.want_of(id).want);
  EXPECT_EQ(credit.bytes, spent);
  EXPECT_FALSE(credit.compact);
}

TEST(BlockFetcher, BlamesForBlocksThatNobodyAskedFor) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.fetcher.ask(world.blocks(id, 0, 20));
  Data run = world.first_run(id);
  world.give(other, run);  // the want is another peer's
  EXPECT_EQ(world.closed(other), "data that nobody asked for");
  run.want += 1;
  world.give(id, run);
  EXPECT_EQ(world.closed(id), "data that nobody asked for");
  EXPECT_TRUE(world.runs.empty());
}

TEST(BlockFetcher, BlamesForARunThatTheWantDoesNotAllow) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 20));
  Data run = world.first_run(id);
  run.blocks.erase(run.blocks.begin());
  world.give(id, run);
  EXPECT_EQ(world.closed(id), "a run with a hole");
}

TEST(BlockFetcher, BlamesForBlocksThatDoNotProve) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 20));
  Data run = world.first_run(id);
  run.blocks[3].payload.back() ^= 1;
  world.give(id, run);
  EXPECT_TRUE(world.closed(id).starts_with("a run of blocks does not prove")) << world.closed(id);
  EXPECT_EQ(world.reader.block_prefix(), 0U);
}

TEST(BlockFetcher, DisputesARunOfAPeerWithALongerHeadInsteadOfBlaming) {
  FetchWorld world;
  world.take_head();
  world.publish();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 20));
  Data run = world.first_run(id);
  run.blocks[3].payload.back() ^= 1;
  world.give(id, run);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.peer(id).disputed);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, std::nullopt}}));
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
}

TEST(BlockFetcher, WhatWasCancelledMayStillComeAndShortensThePenalty) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 20));
  const Data run = world.first_run(id);
  world.fetcher.cancel(name);
  EXPECT_EQ(world.sent<Cancel>(id).front().want, name);
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, std::nullopt}}));
  world.give(id, run);
  EXPECT_EQ(world.peer(id).slow_until, 0s) << "nothing to shorten";
  world.peer(id).slow_until = world.core.now() + 8s;
  world.give(id, run);
  EXPECT_EQ(world.peer(id).slow_until, world.core.now() + 4s);
  world.give(id, WantEnd{name, EndReason::done});
  EXPECT_EQ(world.peer(id).slow_until, world.core.now() + 4s) << "an end carries no blocks";
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.runs.empty());
}

TEST(BlockFetcher, BlamesForADoneThatLeavesBlocksOut) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 20));
  world.give(id, WantEnd{name, EndReason::done});
  EXPECT_EQ(world.closed(id), "it says done and left blocks out");
}

TEST(BlockFetcher, BlamesForARefusalOfWhatWasGiven) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 20));
  world.give(id, world.first_run(id));
  world.give(id, WantEnd{name, EndReason::not_held});
  EXPECT_EQ(world.closed(id), "it gave everything and says that it does not hold it");
}

TEST(BlockFetcher, OfTopicsAPeerMayBeDoneAtAnyTime) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  FetchWant::Ask ask = world.blocks(id, 0, 20);
  ask.purpose = Purpose::sparse;
  ask.streams = {feed::testing::stream("other")};
  const std::uint64_t name = world.fetcher.ask(ask);
  world.give(id, WantEnd{name, EndReason::done});
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, EndReason::done}}));
}

TEST(BlockFetcher, PassesOnWhyAWantEnded) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t first = world.fetcher.ask(world.blocks(id, 0, 10));
  const std::uint64_t second = world.fetcher.ask(world.blocks(id, 10, 20));
  world.give(id, WantEnd{first, EndReason::not_held});
  world.give(id, WantEnd{second, EndReason::busy});
  EXPECT_EQ(world.ends, (std::vector<Ended>{{first, EndReason::not_held}, {second, EndReason::busy}}));
  EXPECT_EQ(world.closed(id), "");
  world.give(id, WantEnd{first, EndReason::done});
  EXPECT_EQ(world.closed(id), "data that nobody asked for") << "an end is no cancellation of ours";
}

TEST(BlockFetcher, EndsTheWantsOfAPeerThatLeft) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const PeerId other = world.join();
  const std::uint64_t lost = world.fetcher.ask(world.blocks(id, 0, 10));
  const std::uint64_t kept = world.fetcher.ask(world.blocks(other, 10, 20));
  world.fetcher.forget(id);
  EXPECT_EQ(world.ends, (std::vector<Ended>{{lost, std::nullopt}}));
  EXPECT_NE(world.fetcher.find(kept), nullptr);
}

TEST(BlockFetcher, CancelsAllOfOnePurpose) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t full = world.fetcher.ask(world.blocks(id, 0, 10));
  FetchWant::Ask single = world.blocks(id, 11, 12);
  single.purpose = Purpose::single;
  const std::uint64_t kept = world.fetcher.ask(single);
  EXPECT_EQ(world.fetcher.outstanding(id, Purpose::full), 1U);
  EXPECT_EQ(world.fetcher.unfinished(Purpose::single).size(), 1U);
  world.fetcher.cancel_all(Purpose::full);
  EXPECT_EQ(world.ends, (std::vector<Ended>{{full, std::nullopt}}));
  EXPECT_NE(world.fetcher.find(kept), nullptr);
  EXPECT_EQ(world.fetcher.outstanding(id, Purpose::full), 0U);
  EXPECT_EQ(world.fetcher.outstanding(id, Purpose::single), 1U);
}

/// Time at which the want of `blocks` blocks is taken from a peer that sends nothing.
base::MonoTime dropped_after(std::uint64_t blocks) {
  FetchWorld world(40);
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, blocks));
  const base::MonoTime begin = world.core.now();
  while (world.ends.empty() && world.core.now() - begin < 20s) {
    world.time.run_for(100ms);
    world.fetcher.tick();
  }
  return world.core.now() - begin;
}

TEST(BlockFetcher, TakesAWantFromAPeerThatDoesNotBegin) {
  EXPECT_EQ(dropped_after(16), 1s);
  EXPECT_EQ(dropped_after(17), 2s);
}

TEST(BlockFetcher, KeepsAStalledWantThatNobodyElseCouldServe) {
  FetchWorld world;
  world.alternative = false;
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 20));
  world.time.run_for(30s);
  world.fetcher.tick();
  EXPECT_TRUE(world.ends.empty());
  EXPECT_EQ(world.peer(id).slow_until, 0s);
}

TEST(BlockFetcher, APeerThatStallsIsNotAskedForAWhileThatDoubles) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  std::vector<base::MonoTime> penalties;
  for (int round = 0; round < 7; ++round) {
    world.fetcher.ask(world.blocks(id, 0, 10));
    world.fetcher.ask(world.blocks(id, 10, 20));
    world.time.run_for(3s);
    world.fetcher.tick();
    EXPECT_TRUE(world.fetcher.idle());
    penalties.push_back(world.peer(id).slow_until - world.core.now());
    world.peer(id).slow_until = base::MonoTime{0};
  }
  EXPECT_EQ(penalties, (std::vector<base::MonoTime>{5s, 10s, 20s, 40s, 80s, 80s, 80s}))
      << "two wants that stall together count once";
}

TEST(BlockFetcher, AWantThatStopsHalfwayStallsAfterFiveSeconds) {
  FetchWorld world(40, 10'000);
  world.take_head();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(id, 0, 40));
  world.give(id, world.first_run(id));
  // The rate stays above the least one.
  for (int i = 0; i < 49; ++i) {
    world.time.run_for(100ms);
    world.peer(id).path.delivered(10'000, world.core.now());
    world.fetcher.tick();
  }
  EXPECT_TRUE(world.ends.empty());
  world.time.run_for(100ms);
  world.fetcher.tick();
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, std::nullopt}}));
}

TEST(BlockFetcher, APeerThatDribblesStalls) {
  FetchWorld world(40, 10'000);
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 40));
  world.give(id, world.first_run(id));
  const base::MonoTime begin = world.core.now();
  while (world.ends.empty() && world.core.now() - begin < 20s) {
    world.time.run_for(100ms);
    world.peer(id).path.delivered(100, world.core.now());  // 1000 bytes a second
    world.fetcher.tick();
  }
  // Three seconds and two round trips of a peer that was not measured.
  EXPECT_EQ(world.core.now() - begin, 3200ms);
}

TEST(BlockFetcher, CreditFollowsTheMeasuredRate) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  Peer& peer = world.peer(id);
  peer.path.measured_trip(10ms, world.core.now());
  world.fetcher.ask(world.blocks(id, 0, 20));
  for (int i = 0; i < 20; ++i) {
    world.time.run_for(50ms);
    peer.path.delivered(100, world.core.now());
  }
  EXPECT_EQ(peer.credit.bytes(), PeerCredit::kInitial);
  world.fetcher.tick();
  EXPECT_EQ(peer.credit.bytes(), PeerCredit::kFloor);
}

}  // namespace
}  // namespace shoal::replication
