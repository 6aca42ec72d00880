#include "replication/fetch/fetch_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::CoreWorld;
using testing::Ended;
using testing::FetchWorld;

TEST(BlockFetcher, ALiveWantTakesNoCreditFromOthers) {
  FetchWorld world;
  world.take_head();
  const PeerId id = world.join();
  FetchWant::Ask live = world.live(id);
  live.window = 1 << 20;
  ASSERT_NE(world.fetcher.ask(live), 0U);
  world.fetcher.ask(world.blocks(id, 0, 5));
  EXPECT_EQ(world.want_of(id).credit, PeerCredit::kInitial / 2);
  EXPECT_EQ(world.peer(id).path.owing_for(world.core.now() + 1s), 1s);
  world.fetcher.cancel(world.want_of(id).want);
  EXPECT_EQ(world.peer(id).path.owing_for(world.core.now() + 1s), 0s) << "nor does it make the peer owe anything";
}

TEST(BlockFetcher, ARunFromAnEdgeThatIsNoLongerKnownIsNotBlamed) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish(2);
  world.give(id, world.serve(served).front());
  ASSERT_EQ(world.accepted, 1);
  // Our head moves on past what this want is proven under, by a proof of growth: the edge of the next run is unknown.
  world.publish(3);
  const std::vector<Body> next = world.serve(served);
  world.publish(4);
  const auto growth = merkle::build_cover(world.publisher.tree(), 22, world.head().tree_size, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 22, {}, *growth).ok());
  world.peer(id).view.head.reset();
  world.give(id, next.front());
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.runs, std::vector<std::size_t>{2}) << "nothing of it was stored";
  ASSERT_EQ(world.ends.size(), 1U);
  EXPECT_EQ(world.peer(id).head_size(), 25U) << "the peer does not repeat the head";
}

TEST(BlockFetcher, BlamesForAPayloadThatIsLeftOut) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  FetchWant::Ask ask = world.live(id);
  ask.push_limit = 1000;
  world.fetcher.ask(ask);
  ServedWant served(world.publisher, world.want_of(id));
  world.publish();
  Data run = std::get<Data>(world.serve(served).front());
  run.blocks.front().form = PayloadForm::absent;
  run.blocks.front().payload.clear();
  world.give(id, run);
  EXPECT_EQ(world.closed(id), "a block without its payload");
}

TEST(BlockFetcher, APayloadAboveThePushLimitMayStayAway) {
  FetchWorld world(3, 2000);
  world.take_all();
  const PeerId id = world.join();
  FetchWant::Ask ask = world.live(id);
  ask.push_limit = 1000;
  world.fetcher.ask(ask);
  ServedWant served(world.publisher, world.want_of(id));
  world.publish();
  world.give(id, world.serve(served).front());
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.reader.header_prefix(), 4U);
  EXPECT_EQ(world.reader.block_prefix(), 3U);
}

TEST(BlockFetcher, TakesTheHeadOfALiveRun) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish(2);
  world.give(id, world.serve(served).front());
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.accepted, 1);
  EXPECT_EQ(world.peer(id).head_size(), 22U);
  EXPECT_EQ(world.fetcher.find(name)->ask().proof, world.head());
  EXPECT_EQ(world.fetcher.bringing(22), nullptr) << "all of it is here";
  ASSERT_EQ(world.sent<Credit>(id).size(), 1U) << "topic state is here: pushes may come";
  EXPECT_TRUE(world.sent<Credit>(id).front().compact);
}

TEST(BlockFetcher, APushIsTakenOnceItWasAllowed) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish();
  world.give(id, world.serve(served).front());
  ASSERT_TRUE(world.sent<Credit>(id).front().compact);
  served.make_compact();
  world.publish(2);
  const Push push = std::get<Push>(world.serve(served).front());
  world.give(id, push);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.reader.block_prefix(), 23U);
  EXPECT_EQ(world.runs, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(world.peer(id).view.head, world.head());
  world.give(id, push);
  EXPECT_TRUE(world.closed(id).starts_with("a push")) << "the same growth cannot come twice: " << world.closed(id);
}

TEST(BlockFetcher, BlamesForAPushThatDoesNotProve) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish();
  world.give(id, world.serve(served).front());
  served.make_compact();
  world.publish();
  Push push = std::get<Push>(world.serve(served).front());
  push.time = push.time + 1;
  world.give(id, push);
  EXPECT_TRUE(world.closed(id).starts_with("a push does not prove")) << world.closed(id);
}

TEST(BlockFetcher, BlamesForAPushBeforeItWasAllowed) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  served.make_compact();
  world.publish();
  world.give(id, world.serve(served).front());
  EXPECT_EQ(world.closed(id), "a push that was not asked for");
}

TEST(BlockFetcher, APushAfterOurHeadMovedOtherwiseIsNotBlamed) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish();
  world.give(id, world.serve(served).front());
  served.make_compact();
  world.publish();
  const std::vector<Body> push = world.serve(served);
  world.publish();
  world.take_all();
  world.give(id, push.front());
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.ends, (std::vector<Ended>{{name, std::nullopt}}));
}

TEST(BlockFetcher, StoresAPayloadWhoseLastPieceCame) {
  FetchWorld world(2, 200'000);
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 2));
  world.give_all(id);
  EXPECT_EQ(world.payloads, (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(world.new_blocks, 4) << "a header and a payload each";
  EXPECT_EQ(world.reader.block_prefix(), 2U);
  ASSERT_EQ(world.ends.size(), 1U);
  EXPECT_EQ(world.ends.front().second, EndReason::done);
}

TEST(BlockFetcher, BlamesForAPieceThatDoesNotProve) {
  FetchWorld world(1, 200'000);
  world.take_head();
  const PeerId id = world.join();
  world.fetcher.ask(world.blocks(id, 0, 1));
  std::vector<Body> answer = world.serve(world.want_of(id));
  world.give(id, answer[0]);
  Piece piece = std::get<Piece>(answer[1]);
  piece.bytes.back() ^= 1;
  world.give(id, piece);
  EXPECT_NE(world.closed(id), "");
  EXPECT_TRUE(world.payloads.empty());
}

TEST(BlockFetcher, BlamesForALiveWantThatIsDone) {
  FetchWorld world;
  world.take_all();
  const PeerId id = world.join();
  const std::uint64_t name = world.fetcher.ask(world.live(id));
  world.give(id, WantEnd{name, EndReason::done});
  EXPECT_EQ(world.closed(id), "a live want that is done");
}

TEST(BlockFetcher, KnowsALiveWantThatIsInTheMiddleOfAHead) {
  FetchWorld world(3, 20'000);
  world.take_all();
  const PeerId id = world.join();
  world.fetcher.ask(world.live(id));
  ServedWant served(world.publisher, world.want_of(id));
  world.publish(8);
  std::vector<Body> runs = world.serve(served);
  ASSERT_GE(runs.size(), 2U);
  world.give(id, runs[0]);
  const FetchWant* bringing = world.fetcher.bringing(11);
  ASSERT_NE(bringing, nullptr);
  EXPECT_LT(bringing->front(), 11U);
  EXPECT_EQ(world.fetcher.bringing(12), nullptr);
  world.time.run_for(999ms);
  EXPECT_NE(world.fetcher.bringing(11), nullptr);
  world.time.run_for(1ms);
  EXPECT_EQ(world.fetcher.bringing(11), nullptr) << "it brought nothing for a second";
}

}  // namespace
}  // namespace shoal::replication
