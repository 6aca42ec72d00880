#include "node/node_testing.h"
#include "node/open_node.h"

#include <thread>

/// Nodes in one process that meet over loopback.
namespace shoal::node {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

Node open_node_at(const std::filesystem::path& directory, std::vector<std::string> peers = {},
                  std::vector<std::string> bootstrap = {}) {
  return must(Node::open({.data_dir = directory,
                          .listen = {"127.0.0.1:0"},
                          .bootstrap = std::move(bootstrap),
                          .peers = std::move(peers),
                          .private_network = true,
                          .lsd = false}));
}

/// Waits until the mirror holds a tree of `size`.
void wait_synced(Mirror& mirror, std::uint64_t size) {
  const auto deadline = Clock::now() + 20s;
  while (Clock::now() < deadline) {
    const auto synced = mirror.wait_synced({20s});
    if (!synced) break;
    if (*synced >= size) return;
  }
  ADD_FAILURE() << "not synced to " << size;
}

/// A publisher with `count` records in topic `us`.
struct World {
  explicit World(int count = 0, const ProducerOptions& options = {.linger = 5ms})
      : node(open_node_at(dir / "publisher")),
        feed(must(node.open_feed("quakes", {.create = true}))),
        producer(must(feed.producer(options))) {
    if (count > 0) publish(producer, "us", count);
  }
  [[nodiscard]] std::uint64_t size() { return must(node.info(feed.id())).tree_size; }

  TempDir dir;
  Node node;
  Feed feed;
  Producer producer;
};

TEST(Network, AMirrorSyncsAndFollows) {
  World world(500, {.linger = 5ms, .batch_bytes = 500});
  Node mirror_node = open_node_at(world.dir / "mirror", {world.node.listening()});
  Mirror mirror = must(mirror_node.mirror(world.feed.id()));
  wait_synced(mirror, world.size());
  const FeedInfo info = must(mirror_node.info(world.feed.id()));
  EXPECT_EQ(info.held_blocks, world.size());
  EXPECT_EQ(info.root_hash, must(world.node.info(world.feed.id())).root_hash);
  publish(world.producer, "us", 50);
  wait_synced(mirror, world.size());
}

TEST(Network, RecordsArriveWhileTheyArePublished) {
  World world(1);
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  auto subscription = must(reader.subscribe(world.feed.id()));
  EXPECT_EQ(read_some(subscription, 1), numbered(0, 1));
  for (int i = 0; i < 20; ++i) {
    publish(world.producer, "us", 1, "live" + std::to_string(i) + "-");
    const auto begin = Clock::now();
    EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"live" + std::to_string(i) + "-0"});
    // Pushed, not polled for.
    EXPECT_LT(Clock::now() - begin, 2s);
  }
}

TEST(Network, ReadsToTheNewestHeadAndEnds) {
  World world(300, {.linger = 5ms, .batch_bytes = 300});
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  auto subscription = must(reader.subscribe(world.feed.id(), {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 300));
  const HeadReport report = subscription.head_report();
  EXPECT_TRUE(report.answered);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.tree_size, world.size());
}

TEST(Network, SaysWhenNobodyAnswered) {
  const TempDir dir;
  Node reader = open_node_at(dir / "reader");
  auto subscription = must(reader.subscribe(FeedId{PublicKey{{1, 2, 3}}}, {.until_head = true, .find_timeout = 300ms}));
  EXPECT_EQ(read_to_end(subscription), std::vector<std::string>{});
  EXPECT_FALSE(subscription.head_report().answered);
}

TEST(Network, AMirrorServesWhenThePublisherIsGone) {
  World world(300, {.linger = 5ms, .batch_bytes = 1000});
  Node mirror_node = open_node_at(world.dir / "mirror", {world.node.listening()});
  Mirror mirror = must(mirror_node.mirror(world.feed.id()));
  wait_synced(mirror, world.size());
  world.node.close();

  Node reader = open_node_at(world.dir / "reader", {mirror_node.listening()});
  auto subscription = must(reader.subscribe(world.feed.id(), {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 300));
  EXPECT_TRUE(subscription.head_report().complete);
}

TEST(Network, AnotherMirrorTakesOverWithoutAGap) {
  World world(10);
  Node first = open_node_at(world.dir / "first", {world.node.listening()});
  Node second = open_node_at(world.dir / "second", {world.node.listening()});
  Mirror first_mirror = must(first.mirror(world.feed.id()));
  Mirror second_mirror = must(second.mirror(world.feed.id()));
  wait_synced(first_mirror, world.size());
  wait_synced(second_mirror, world.size());
  Node reader = open_node_at(world.dir / "reader", {first.listening(), second.listening()});
  auto subscription = must(reader.subscribe(world.feed.id()));
  EXPECT_EQ(read_some(subscription, 10), numbered(0, 10));
  for (int i = 0; i < 40; ++i) {
    if (i == 15) first.close();
    must(world.producer.send(record("us", std::to_string(10 + i)), {5s}));
    must(world.producer.flush({10s}));
  }
  EXPECT_EQ(read_some(subscription, 40), numbered(10, 50));
}

TEST(Network, GetsOneRecordFromAfar) {
  World world(2000, {.linger = 5ms, .batch_bytes = 1000});
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  const auto one = must(reader.get({.feed = world.feed.id(), .topic = "us", .first = Offset(1234)}, {20s}));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(text_of(one.views()[0].value), "1234");
  EXPECT_LE(must(reader.info(world.feed.id())).held_blocks, 2U);
  EXPECT_EQ(code_of(reader.get({.feed = world.feed.id(), .topic = "us", .first = Offset(2000)}, {20s})),
            Code::not_found);
}

TEST(Network, ASparseReaderHoldsOnlyWhatItWants) {
  World world;
  for (int i = 0; i < 20; ++i) {
    publish(world.producer, "us", 5, "us" + std::to_string(i) + "-");
    publish(world.producer, "ci", 5, "ci" + std::to_string(i) + "-");
  }
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  auto subscription = must(reader.subscribe(world.feed.id(), {.topics = {"ci"}, .until_head = true, .sparse = true}));
  EXPECT_EQ(read_to_end(subscription).size(), 100U);
  EXPECT_TRUE(subscription.head_report().complete);
  const FeedInfo info = must(reader.info(world.feed.id()));
  EXPECT_LT(info.held_blocks, world.size());
  // A glob learns the topics first.
  auto globbed = must(reader.subscribe(world.feed.id(), {.topics = {"c*"}, .until_head = true, .sparse = true}));
  EXPECT_EQ(read_to_end(globbed).size(), 100U);
}

TEST(Network, SeveralSubscribersReadTheSame) {
  World world(200, {.linger = 5ms, .batch_bytes = 300});
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto subscription = must(reader.subscribe(world.feed.id(), {.until_head = true}));
      EXPECT_EQ(read_to_end(subscription), numbered(0, 200));
    });
  }
}

TEST(Network, StrangersMeetThroughTheDht) {
  const TempDir dir;
  Node rendezvous = open_node_at(dir / "rendezvous");
  Node publisher = open_node_at(dir / "publisher", {}, {rendezvous.listening()});
  Feed feed = must(publisher.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer());
  publish(producer, "us", 100);
  Node reader = open_node_at(dir / "reader", {}, {rendezvous.listening()});
  auto subscription = must(reader.subscribe(feed.id(), {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 100));
}

TEST(Network, TwoNodesThatDialEachOtherKeepOneConnection) {
  const TempDir dir;
  FeedId id;
  {
    Node offline = open_offline(dir / "publisher");
    Feed feed = must(offline.open_feed("quakes", {.create = true}));
    id = feed.id();
    Producer producer = must(feed.producer());
    publish(producer, "us", 5);
  }
  auto mirror_node = must(open_node({.data_dir = dir / "mirror", .listen = {"127.0.0.1:0"}, .lsd = false}));
  auto reference = must(mirror_node->reading().resolve(id.hex()));
  const auto mirror = must(mirror_node->keeping().mirror(reference, {}));
  Node publisher = open_node_at(dir / "publisher", {mirror_node->listening()});
  must(publisher.open_feed("quakes"));
  // Dials the publisher that dials it, and itself.
  reference.peer_hints = {publisher.listening(), mirror_node->listening()};
  must(mirror_node->reading().peers(reference, {}));
  must(mirror->wait_synced({20s}));
  std::this_thread::sleep_for(3s);
  EXPECT_EQ(must(publisher.peers(id)).size(), 1U);
  EXPECT_EQ(must(mirror_node->reading().peers(reference, {})).size(), 1U);
  // What is left works.
  Feed feed = must(publisher.open_feed("quakes"));
  Producer producer = must(feed.producer());
  publish(producer, "us", 5);
  EXPECT_EQ(must(mirror->wait_synced({20s})), 2U);
}

TEST(Network, ClosesWhileOthersWait) {
  World world(5);
  Node reader = open_node_at(world.dir / "reader", {world.node.listening()});
  auto subscription = must(reader.subscribe(world.feed.id()));
  EXPECT_EQ(read_some(subscription, 5).size(), 5U);
  std::jthread closer([&] {
    std::this_thread::sleep_for(100ms);
    reader.close();
  });
  EXPECT_EQ(code_of(subscription.poll({.wait = {20s}})), Code::closed);
}

}  // namespace
}  // namespace shoal::node
