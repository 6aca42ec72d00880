#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using simulation::SwarmNode;
using simulation::SwarmWorld;
using simulation::WholeMirror;

struct Answer {
  std::optional<Result<BlockIndex>> result;
  std::function<void(Result<BlockIndex>)> take() {
    return [this](Result<BlockIndex> got) { result = std::move(got); };
  }
};

TEST(RandomAccess, AnEmptyNodeFetchesOneBlockAndLittleElse) {
  SwarmWorld world;
  world.publish_many(2000, 40, 2000);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  const auto link = reader.connect(world.publisher, {.latency = 30ms});
  Answer answer;
  const base::MonoTime before = world.time.mono_now();
  reader.replicator().fetch_offset(stream("t17"), Offset{33}, 10s, answer.take());
  ASSERT_TRUE(world.wait([&] { return answer.result.has_value(); }));
  ASSERT_TRUE(answer.result->ok()) << answer.result->error().message;
  const feed::BlockHeader header = reader.reader().header(**answer.result).value();
  EXPECT_EQ(header.stream, stream("t17"));
  EXPECT_LE(header.base_offset, Offset{33});
  EXPECT_GT(header.next_offset(), Offset{33});
  EXPECT_EQ(*reader.reader().payload(**answer.result), *world.publisher.reader().payload(**answer.result));
  EXPECT_EQ(reader.reader().held_payload_count(), 1U);
  const std::uint64_t wire = link.dialler->bytes_sent() + link.listener->bytes_sent();
  EXPECT_LT(wire, std::uint64_t{1} << 20);
  EXPECT_LT(wire, 20'000U);  // what it takes in truth
  EXPECT_LT(world.time.mono_now() - before, 700ms);
  RecordProperty("wire_bytes", std::to_string(wire));
}

TEST(RandomAccess, FetchesAPayloadInPieces) {
  SwarmWorld world;
  world.publish_many(10, 2, 500'000);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  const auto link = reader.connect(world.publisher);
  Answer answer;
  reader.replicator().fetch_offset(stream("t1"), Offset{3}, 10s, answer.take());
  ASSERT_TRUE(world.wait([&] { return answer.result.has_value(); }));
  ASSERT_TRUE(answer.result->ok()) << answer.result->error().message;
  EXPECT_EQ(*reader.reader().payload(**answer.result), *world.publisher.reader().payload(**answer.result));
  EXPECT_LT(link.dialler->bytes_sent() + link.listener->bytes_sent(), std::uint64_t{1} << 20);
}

TEST(RandomAccess, ProvesThatAnOffsetOrTopicIsNotThere) {
  SwarmWorld world;
  world.publish_many(100, 5);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.connect(world.publisher);
  for (const auto& [where, offset] : {std::pair(stream("t1"), Offset{20}), std::pair(stream("t1"), Offset{-1}),
                                      std::pair(stream("t1", 3), Offset{0}), std::pair(stream("none"), Offset{0})}) {
    Answer answer;
    reader.replicator().fetch_offset(where, offset, 10s, answer.take());
    ASSERT_TRUE(world.wait([&] { return answer.result.has_value(); }));
    ASSERT_FALSE(answer.result->ok());
    EXPECT_EQ(answer.result->error().code, Code::not_found) << where.topic << " " << answer.result->error().message;
  }
  EXPECT_TRUE(reader.events.blames.empty());
}

TEST(RandomAccess, WithoutPeersItIsUnavailableAndCanBeCancelled) {
  SwarmWorld world;
  world.publish_many(5);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  Answer answer;
  reader.replicator().fetch_offset(stream("t1"), Offset{0}, 2s, answer.take());
  ASSERT_TRUE(world.wait([&] { return answer.result.has_value(); }, 3s));
  EXPECT_EQ(answer.result->error().code, Code::unavailable);
  Answer cancelled;
  const FetchId id = reader.replicator().fetch_offset(stream("t1"), Offset{0}, 2s, cancelled.take());
  reader.replicator().cancel(id);
  ASSERT_TRUE(world.wait([&] { return cancelled.result.has_value(); }, 1s));
  EXPECT_EQ(cancelled.result->error().code, Code::cancelled);
}

TEST(RandomAccess, APrunedBlockIsSaidToBePrunedAndFoundElsewhere) {
  SwarmWorld world;
  world.publish_many(90, 3, 3000);
  WholeMirror keeper(world, "keeper", 2);
  keeper.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !keeper.events.synced.empty(); }));
  ASSERT_TRUE(world.producer.log->prune_before(BlockIndex{60}).ok());

  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.connect(world.publisher);
  Answer alone;
  reader.replicator().fetch_offset(stream("t1"), Offset{2}, 10s, alone.take());
  ASSERT_TRUE(world.wait([&] { return alone.result.has_value(); }));
  ASSERT_FALSE(alone.result->ok());
  EXPECT_EQ(alone.result->error().code, Code::pruned);

  reader.connect(keeper);
  world.time.run_for(1s);
  Answer both;
  reader.replicator().fetch_offset(stream("t1"), Offset{2}, 10s, both.take());
  ASSERT_TRUE(world.wait([&] { return both.result.has_value(); }));
  EXPECT_TRUE(both.result->ok()) << both.result->error().message;
}

TEST(RandomAccess, LearnsTheStateOfAllTopics) {
  SwarmWorld world;
  world.publish_many(900, 450);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.connect(world.publisher);
  std::optional<Result<void>> done;
  ASSERT_TRUE(world.wait([&] { return reader.reader().head().has_value(); }));
  reader.replicator().fetch_topics({}, 10s, [&](Result<void> got) { done = std::move(got); });
  ASSERT_TRUE(world.wait([&] { return done.has_value(); }));
  ASSERT_TRUE(done->ok()) << done->error().message;
  EXPECT_EQ(reader.reader().topics()->size(), 450U);
}

TEST(RandomAccess, AsksEveryPeerForItsHead) {
  SwarmWorld world;
  world.publish_many(5);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  std::optional<bool> alone;
  reader.replicator().ask_heads(100ms, 1s, [&](bool ok) { alone = ok; });
  ASSERT_TRUE(world.wait([&] { return alone.has_value(); }, 2s));
  EXPECT_FALSE(*alone);
  SwarmNode empty(world.time, "empty", 2);
  empty.mirror(world.producer.id());
  reader.connect(empty);
  reader.connect(world.publisher);
  world.time.run_for(1s);
  std::optional<bool> both;
  reader.replicator().ask_heads(100ms, 2s, [&](bool ok) { both = ok; });
  ASSERT_TRUE(world.wait([&] { return both.has_value(); }, 3s));
  EXPECT_TRUE(*both);
}

}  // namespace
}  // namespace shoal::replication
