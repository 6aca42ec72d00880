#include "replication/leaves_out.h"
#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::SwarmNode;
using simulation::SwarmWorld;
using simulation::WholeMirror;

std::set<std::string> payload_topics(const SwarmNode& node) {
  std::set<std::string> out;
  for (const feed::BlockRange& run : node.reader().held_payloads()) {
    for (BlockIndex block = run.begin; block < run.end; ++block) out.insert(node.reader().header(block)->stream.topic);
  }
  return out;
}

std::uint64_t blocks_of(const feed::FeedReader& reader, const TopicPartition& of) {
  std::uint64_t count = 0;
  std::optional<BlockIndex> at;
  while ((at = *reader.next_block(of, at))) ++count;
  return count;
}

TEST(SparseReplication, BringsOnlyTheTopicsThatWereAskedFor) {
  SwarmWorld world;
  world.publish_many(600, 30, 500);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({{"t4", kAllPartitions}, stream("t7")});
  reader.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  EXPECT_EQ(payload_topics(reader), (std::set<std::string>{"t4", "t7"}));
  EXPECT_EQ(blocks_of(reader.reader(), stream("t4")), 20U);
  EXPECT_EQ(blocks_of(reader.reader(), stream("t7")), 20U);
  // The whole feed has 600 blocks of 500 bytes and more.
  EXPECT_LT(reader.bytes_received(), 80'000U);
  EXPECT_TRUE(reader.events.blames.empty());
  const auto view = reader.reader().topic(stream("t4"));
  ASSERT_TRUE(view.ok() && *view);
  EXPECT_EQ((*view)->end, Offset{20});
  EXPECT_EQ((*view)->high_watermark, Offset{20});
}

TEST(SparseReplication, StaysCompleteWhileTheFeedGrows) {
  SwarmWorld world;
  world.publish_many(100, 10);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({stream("t3"), stream("later")});
  reader.connect(world.publisher, {.latency = 15ms});
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  for (int i = 0; i < 20; ++i) {
    world.publish_many(10, 10);
    if (i > 10) world.publish({batch_of(stream("later"), {i})});
    world.time.run_for(30ms);
  }
  ASSERT_TRUE(world.wait([&] { return reader.events.synced.back() == world.publisher.reader().head(); }));
  EXPECT_EQ(payload_topics(reader), (std::set<std::string>{"t3", "later"}));
  EXPECT_EQ(blocks_of(reader.reader(), stream("t3")), 30U);
  EXPECT_EQ(blocks_of(reader.reader(), stream("later")), 9U);
  EXPECT_TRUE(reader.events.blames.empty());
}

TEST(SparseReplication, WithoutATopicThatIsNotThereAReaderIsCompleteAndAsksNoMore) {
  SwarmWorld world;
  world.publish_many(20, 2);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({stream("t0"), stream("never")});
  reader.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  EXPECT_EQ(payload_topics(reader), (std::set<std::string>{"t0"}));
  world.time.run_for(1s);
  const std::uint64_t before = reader.bytes_received();
  world.time.run_for(10s);
  EXPECT_EQ(reader.bytes_received(), before);
}

TEST(SparseReplication, LiveBlocksComeWithoutARoundTrip) {
  SwarmWorld world;
  world.publish_many(40, 4);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({stream("t1")});
  reader.connect(world.publisher, {.latency = 50ms});
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  world.time.run_for(1s);
  world.publish_many(8, 8);
  const base::MonoTime before = world.time.mono_now();
  world.publish({batch_of(stream("t0"), {5}), batch_of(stream("t1"), {5})});
  ASSERT_TRUE(world.wait([&] { return blocks_of(reader.reader(), stream("t1")) == 12; }, 5s));
  EXPECT_LT(world.time.mono_now() - before, 60ms);
}

TEST(SparseReplication, APeerThatWithholdsTheNewestBlockNeverLooksComplete) {
  SwarmWorld world;
  world.publish_many(60, 6);
  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({stream("t2")});
  // A mirror that says that it has all, and keeps the newest block back.
  WholeMirror liar(world, "liar", 2);
  liar.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return liar.held() == world.size(); }));
  liar.wrap_outbox = [&](std::shared_ptr<Outbox> to) {
    const BlockIndex newest = *world.publisher.reader().topic(stream("t2")).value()->last_block;
    return std::make_shared<testing::LeavesOut>(std::move(to), liar.reader().tree(), newest);
  };

  reader.connect(liar);
  world.time.run_for(20s);
  EXPECT_EQ(blocks_of(reader.reader(), stream("t2")), 9U);  // all but the newest
  EXPECT_TRUE(reader.events.synced.empty());
  const auto said = std::find_if(reader.log().lines.begin(), reader.log().lines.end(),
                                 [](const std::string& line) { return line.find("withhold") != std::string::npos; });
  EXPECT_NE(said, reader.log().lines.end());

  reader.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  EXPECT_EQ(blocks_of(reader.reader(), stream("t2")), 10U);
}

}  // namespace
}  // namespace shoal::replication
