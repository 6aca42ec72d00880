#include "node/node_testing.h"

#include <thread>

/// Wants that outlive their node, and what they drop.
namespace shoal::node {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

Node open_node_at(const std::filesystem::path& directory, std::vector<std::string> peers = {}) {
  return must(Node::open({.data_dir = directory,
                          .listen = {"127.0.0.1:0"},
                          .peers = std::move(peers),
                          .private_network = true,
                          .lsd = false}));
}

/// Until `holds`, or 20 s.
template <typename Holds>
bool eventually(Holds holds) {
  const auto deadline = Clock::now() + 20s;
  while (Clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

bool reaches(Mirror& mirror, std::uint64_t size) {
  return eventually([&] {
    const auto synced = mirror.wait_synced({20s});
    return synced && *synced >= size;
  });
}

/// A publisher of small blocks.
struct World {
  World() : node(open_node_at(dir / "publisher")), feed(must(node.open_feed("quakes", {.create = true}))) {
    producer.emplace(must(feed.producer({.linger = 1ms, .batch_bytes = 400})));
  }
  [[nodiscard]] std::uint64_t size() { return must(node.info(feed.id())).tree_size; }
  [[nodiscard]] Node mirror_node(const std::string& name) { return open_node_at(dir / name, {node.listening()}); }

  TempDir dir;
  Node node;
  Feed feed;
  std::optional<Producer> producer;
};

/// Nothing of a topic is known before its first record.
TopicInfo topic_of(const FeedInfo& info, const std::string& name) {
  for (const TopicInfo& topic : info.topics) {
    if (topic.name == name) return topic;
  }
  return {};
}

TEST(PersistentMirror, KeepsItsNewestOptions) {
  World world;
  publish(*world.producer, "us", 5);
  {
    Node node = world.mirror_node("mirror");
    must(node.mirror(world.feed.id(), {.topics = {"u*"}, .keep = 1h}));
    must(node.mirror(world.feed.id(), {.topics = {"us", "ci"}, .keep = 2h, .max_bytes = 1ULL << 40}));
  }
  Node node = world.mirror_node("mirror");
  const MirrorOptions expected{.topics = {"us", "ci"}, .keep = 2h, .max_bytes = 1ULL << 40};
  const FeedInfo info = must(node.info(world.feed.id()));
  ASSERT_TRUE(info.want.has_value());
  EXPECT_EQ(*info.want, expected);
}

TEST(PersistentMirror, OfSomeTopicsHoldsOnlyThese) {
  World world;
  publish(*world.producer, "us", 40);
  publish(*world.producer, "ci", 40);
  Node node = world.mirror_node("mirror");
  Mirror mirror = must(node.mirror(world.feed.id(), {.topics = {"c*"}}));
  ASSERT_TRUE(reaches(mirror, world.size()));
  const FeedInfo info = must(node.info(world.feed.id()));
  EXPECT_EQ(topic_of(info, "ci").high_watermark, Offset(40));
  EXPECT_EQ(topic_of(info, "us").high_watermark, Offset(0));
}

TEST(PersistentMirror, DoesNotFetchWhatItWouldDropAtOnce) {
  for (const bool topics : {false, true}) {
    World world;
    const std::string large(300, 'x');
    publish(*world.producer, "us", 200, large);
    std::this_thread::sleep_for(2500ms);  // ages the first records
    publish(*world.producer, "us", 20, large);
    Node node = world.mirror_node("mirror");
    Mirror mirror = must(node.mirror(
        world.feed.id(), {.topics = topics ? std::vector<std::string>{"us"} : std::vector<std::string>{}, .keep = 2s}));
    ASSERT_TRUE(reaches(mirror, world.size()));
    const FeedInfo info = must(node.info(world.feed.id()));
    EXPECT_GE(topic_of(info, "us").log_start_offset, Offset(200)) << topics;
    EXPECT_EQ(topic_of(info, "us").end_offset, Offset(220)) << topics;
    std::uint64_t received = 0;
    for (const PeerInfo& peer : must(node.peers(world.feed.id()))) received += peer.bytes_in;
    EXPECT_LT(received, 200 * large.size()) << "the payloads of the first 200 came, too";
    // What grew old since goes as well, and the log start moves.
    EXPECT_TRUE(
        eventually([&] { return topic_of(must(node.info(world.feed.id())), "us").log_start_offset == Offset(220); }));
    // It still follows.
    publish(*world.producer, "us", 1, "new");
    ASSERT_TRUE(reaches(mirror, world.size()));
    EXPECT_EQ(topic_of(must(node.info(world.feed.id())), "us").end_offset, Offset(221));
  }
}

TEST(PersistentMirror, SaysWhenTheBudgetCannotBeKept) {
  World world;
  publish(*world.producer, "us", 5);
  Node node = world.mirror_node("mirror");
  Mirror mirror = must(node.mirror(world.feed.id(), {.max_bytes = 4096}));
  EXPECT_TRUE(eventually([&] { return code_of(mirror.wait_synced({5s})) == Code::no_space; }));
}

TEST(OwnRetention, DropsByTopicAndStaysAfterARestart) {
  const TempDir dir;
  Retention retention;
  retention.keep_topics["short"] = 1ms;
  FeedId id;
  {
    Node node = open_offline(dir / "own");
    const Feed feed = must(node.open_feed("f", {.create = true, .retention = retention}));
    id = feed.id();
    Producer producer = must(Feed(feed).producer({.linger = 1ms, .batch_bytes = 100}));
    for (int i = 0; i < 20; ++i) {
      publish(producer, "short", 1);
      publish(producer, "long", 1);
    }
    EXPECT_TRUE(eventually([&] { return topic_of(must(node.info(id)), "short").log_start_offset == Offset(20); }));
    const FeedInfo info = must(node.info(id));
    EXPECT_EQ(topic_of(info, "long").log_start_offset, Offset(0));
    EXPECT_EQ(topic_of(info, "short").bytes, 0U);
    EXPECT_EQ(code_of(node.get({id, "short", Partition(0), Offset(3)}, {1s})), Code::pruned);
    EXPECT_TRUE(node.get({id, "long", Partition(0), Offset(3)}, {1s}).ok());
  }
  Node node = open_offline(dir / "own");
  must(node.open_feed("f"));
  EXPECT_EQ(must(node.info(id)).retention, retention);
  // The beginning is what is left; an offset behind the log start is pruned.
  auto rest = must(node.subscribe(id, {.until_head = true}));
  EXPECT_EQ(read_to_end(rest).size(), 20U);
  auto behind = must(node.subscribe(id, {.topics = {"short"}, .start = Start::offset(Offset(3)), .until_head = true}));
  EXPECT_EQ(code_of(behind.poll({.wait = {5s}})), Code::pruned);
}

TEST(OwnRetention, KeepsToItsSize) {
  const TempDir dir;
  Node node = open_offline(dir / "own");
  const Feed feed = must(node.open_feed("f", {.create = true, .retention = Retention{.max_bytes = 10'000}}));
  Producer producer = must(Feed(feed).producer({.linger = 1ms, .batch_bytes = 400}));
  publish(producer, "t", 100, std::string(300, 'x'));
  EXPECT_TRUE(eventually([&] { return topic_of(must(node.info(feed.id())), "t").bytes <= 10'000; }));
  const FeedInfo info = must(node.info(feed.id()));
  EXPECT_GT(topic_of(info, "t").bytes, 8'000U);
  EXPECT_EQ(topic_of(info, "t").high_watermark, Offset(100));
}

TEST(RemovedFeed, OfOthersGivesEverythingBackAndMayBeWantedAgain) {
  World world;
  publish(*world.producer, "us", 100);
  Node node = world.mirror_node("mirror");
  Mirror mirror = must(node.mirror(world.feed.id()));
  ASSERT_TRUE(reaches(mirror, world.size()));
  auto subscription = must(node.subscribe(world.feed.id()));
  must(node.remove(world.feed.id()));
  EXPECT_EQ(code_of(mirror.wait_synced({5s})), Code::closed);
  EXPECT_EQ(code_of(subscription.poll({.wait = {5s}})), Code::closed);
  EXPECT_EQ(code_of(node.remove(world.feed.id())), Code::not_found);
  Mirror again = must(node.mirror(world.feed.id()));
  EXPECT_TRUE(reaches(again, world.size()));
}

TEST(RemovedFeed, OfOurOwnSignsNoSecondHistory) {
  const TempDir dir;
  FeedId id;
  {
    Node node = open_offline(dir / "own");
    const Feed feed = must(node.open_feed("f", {.create = true}));
    id = feed.id();
    {
      Producer producer = must(Feed(feed).producer());
      publish(producer, "t", 3);
      EXPECT_EQ(code_of(node.remove(id)), Code::in_use);
    }
    must(node.remove(id));
    EXPECT_EQ(code_of(node.open_feed("f", {.create = true})), Code::unsafe_to_sign);
    EXPECT_EQ(code_of(node.open_feed("f")), Code::unsafe_to_sign);
  }
  Node node = open_offline(dir / "own");
  EXPECT_EQ(code_of(node.open_feed("f", {.create = true})), Code::unsafe_to_sign);
  EXPECT_TRUE(node.open_feed("g", {.create = true}).ok());
}

TEST(RemovedFeed, ThatNeverSignedMayBegin) {
  const TempDir dir;
  Node node = open_offline(dir / "own");
  const Feed feed = must(node.open_feed("f", {.create = true}));
  must(node.remove(feed.id()));
  const Feed again = must(node.open_feed("f", {.create = true}));
  Producer producer = must(Feed(again).producer());
  publish(producer, "t", 1);
}

TEST(VolatileFeed, GoesWithoutATrace) {
  const TempDir dir;
  Node node = open_offline(dir / "own");
  const Feed feed = must(node.open_feed("v", {.in_memory = true}));
  EXPECT_TRUE(must(node.info(feed.id())).in_memory);
  {
    Producer producer = must(Feed(feed).producer());
    publish(producer, "t", 3);
  }
  must(node.remove(feed.id()));
  const Feed again = must(node.open_feed("v", {.in_memory = true}));
  EXPECT_NE(again.id(), feed.id());
}

TEST(LiveTopics, ChangeFromThePresentPosition) {
  World world;
  for (int i = 0; i < 5; ++i) {
    publish(*world.producer, "a", 1, "old" + std::to_string(i) + "-");
    publish(*world.producer, "b", 1, "old" + std::to_string(i) + "-");
  }
  Node node = world.mirror_node("reader");
  auto subscription = must(node.subscribe(world.feed.id(), {.topics = {"a"}, .sparse = true}));
  EXPECT_EQ(read_some(subscription, 5).size(), 5U);
  must(subscription.set_topics({"b"}));
  // The b that followed the last a that was read lies ahead; those before it are behind.
  EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"old4-0"});
  publish(*world.producer, "a", 1, "unwanted");
  publish(*world.producer, "b", 1, "live");
  EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"live0"});
  must(subscription.set_topics({}));
  publish(*world.producer, "a", 1, "wanted");
  EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"wanted0"});
}

TEST(SubscriptionCache, DropsWhatWasRead) {
  World world;
  publish(*world.producer, "t", 200, std::string(300, 'x'));
  Node node = world.mirror_node("reader");
  auto subscription = must(node.subscribe(world.feed.id(), {.cache_bytes = 8'000}));
  EXPECT_EQ(read_some(subscription, 200).size(), 200U);
  EXPECT_TRUE(eventually([&] {
    std::ignore = subscription.try_poll();
    return topic_of(must(node.info(world.feed.id())), "t").bytes <= 8'000;
  }));
  // An older position is fetched again from those who have it.
  auto again = must(node.subscribe(world.feed.id(), {.start = Start::offset(Offset(0)), .until_head = true}));
  EXPECT_EQ(read_to_end(again).size(), 200U);
}

}  // namespace
}  // namespace shoal::node
