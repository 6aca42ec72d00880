#include "node/node_testing.h"
#include "node/open_node.h"

#include <unistd.h>

namespace shoal::node {
namespace {

using namespace testing;

TEST(OfflineNode, DeliversWhatWasPublished) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  const Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(Feed(feed).producer());
  publish(producer, "us", 1000);

  auto subscription = must(node.subscribe(feed.id(), {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 1000));
  EXPECT_TRUE(subscription.head_report().complete);
  EXPECT_TRUE(subscription.head_report().answered);
}

TEST(OfflineNode, TellsPositionsAndAcknowledgesThem) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer({.batch_bytes = 64}));
  std::vector<AckRun> runs;
  producer.on_acked([&](const AckRun& run) { runs.push_back(run); });
  for (std::int64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(must(producer.send(record("us", "value"), {5s})), (Position{"us", Partition(0), Offset(i)}));
  }
  must(producer.flush({30s}));
  // Written by the commit thread before flush() returned.
  Offset next{0};
  for (const AckRun& run : runs) {
    EXPECT_EQ(run.first, next);
    next = run.last + 1;
  }
  EXPECT_EQ(next, Offset(50));
}

TEST(OfflineNode, GetsOneRecordAndARange) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer({.batch_bytes = 100}));
  publish(producer, "us", 100);

  const auto one = must(node.get({.feed = feed.id(), .topic = "us", .first = Offset(42)}, {5s}));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(text_of(one.views()[0].value), "42");
  EXPECT_EQ(one.views()[0].offset, Offset(42));

  const auto range = must(node.get({.feed = feed.id(), .topic = "us", .first = Offset(40), .last = Offset(60)}, {5s}));
  ASSERT_EQ(range.size(), 21U);
  EXPECT_EQ(text_of(range.views()[20].value), "60");

  // A range that ends past the end gives what there is.
  EXPECT_EQ(must(node.get({.feed = feed.id(), .topic = "us", .first = Offset(98), .last = Offset(200)}, {5s})).size(),
            2U);
  EXPECT_EQ(code_of(node.get({.feed = feed.id(), .topic = "us", .first = Offset(100)}, {5s})), Code::not_found);
  EXPECT_EQ(code_of(node.get({.feed = feed.id(), .topic = "ci", .first = Offset(0)}, {5s})), Code::not_found);
}

TEST(OfflineNode, GoesOnAfterItWasClosed) {
  const TempDir dir;
  FeedId id;
  {
    Node node = open_offline(dir / "data");
    Feed feed = must(node.open_feed("quakes", {.create = true}));
    id = feed.id();
    Producer producer = must(feed.producer());
    publish(producer, "us", 10);
  }
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes"));
  EXPECT_EQ(feed.id(), id);
  Producer producer = must(feed.producer());
  EXPECT_EQ(must(producer.send(record("us", "10"), {5s})).offset, Offset(10));
  must(producer.flush({30s}));
  auto subscription = must(node.subscribe(id, {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 11));
}

TEST(OfflineNode, SaysWhoHoldsTheDirectory) {
  const TempDir dir;
  const Node node = open_offline(dir / "data");
  const auto second = Node::open({.data_dir = dir / "data", .offline = true, .attach = false});
  ASSERT_EQ(code_of(second), Code::in_use);
  EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos) << second.error().message;
}

TEST(OfflineNode, DoesNotWorkAsRootInTheDirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may enter the directory of another user";
  const TempDir dir;
  std::filesystem::create_directory(dir / "data");
  ASSERT_EQ(::chown((dir / "data").c_str(), 61184, 61184), 0);
  const auto refused = Node::open({.data_dir = dir / "data", .offline = true});
  EXPECT_EQ(code_of(refused), Code::io);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "data")) << "root left something there";
}

TEST(OfflineNode, GivesTheDirectoryBackAtClose) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer());
  publish(producer, "us", 3);
  auto subscription = must(node.subscribe(feed.id(), {.cursor = "here"}));
  node.close();

  // Handles that outlive their node know that it is gone, and keep nothing of it.
  EXPECT_EQ(code_of(producer.send(record("us", "x"), {1s})), Code::closed);
  EXPECT_EQ(code_of(producer.flush({1s})), Code::closed);
  EXPECT_EQ(code_of(subscription.poll({})), Code::closed);
  EXPECT_EQ(code_of(subscription.commit("1:0:0:0")), Code::closed);
  EXPECT_EQ(code_of(feed.producer()), Code::closed);
  EXPECT_EQ(code_of(node.info(feed.id())), Code::closed);
  EXPECT_EQ(code_of(node.get({.feed = feed.id(), .topic = "us"}, {1s})), Code::closed);
  EXPECT_EQ(node.listening(), "");

  Node again = open_offline(dir / "data");
  EXPECT_EQ(must(again.info(feed.id())).tree_size, 1U);
}

TEST(OfflineNode, CommitsWhatWasTakenBeforeItClosed) {
  const TempDir dir;
  FeedId id;
  {
    Node node = open_offline(dir / "data");
    Feed feed = must(node.open_feed("quakes", {.create = true}));
    id = feed.id();
    Producer producer = must(feed.producer({.linger = 1h}));
    for (int i = 0; i < 5; ++i) must(producer.send(record("us", std::to_string(i)), {5s}));
    node.close();
  }
  Node node = open_offline(dir / "data");
  auto subscription = must(node.subscribe(id, {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 5));
}

TEST(OfflineNode, KnowsNoStrangeNames) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  EXPECT_EQ(code_of(node.open_feed("nobody")), Code::not_found);
  EXPECT_EQ(code_of(node.open_feed("../evil", {.create = true})), Code::invalid_argument);
  auto api = must(open_node({.data_dir = dir / "other", .offline = true}));
  EXPECT_EQ(code_of(api->reading().resolve("nobody")), Code::not_found);
  EXPECT_EQ(code_of(api->reading().resolve("magnet:?xs=urn:btpk:12")), Code::invalid_argument);
}

TEST(OfflineNode, HasOneProducerPerFeed) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  {
    Producer producer = must(feed.producer());
    EXPECT_EQ(code_of(feed.producer()), Code::in_use);
    must(producer.send(record("us", "0"), {5s}));
  }
  Producer next = must(feed.producer());
  EXPECT_EQ(must(next.send(record("us", "1"), {5s})).offset, Offset(1));
}

TEST(OfflineNode, RefusesRecordsThatNobodyCouldRead) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer());
  EXPECT_EQ(code_of(producer.send(record("no topic", "x"), {5s})), Code::invalid_argument);
  EXPECT_EQ(code_of(producer.send({.topic = "us", .partition = Partition(1), .value = bytes("x")}, {5s})),
            Code::invalid_argument);
  EXPECT_EQ(code_of(producer.send({.topic = "us", .value = Bytes(std::size_t{9} << 20)}, {5s})), Code::limit_exceeded);
  // None of them did harm.
  publish(producer, "us", 3);
}

TEST(OfflineNode, WaitsForRoomAndSaysWhenThereIsNone) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer({.linger = 1h, .max_buffered = 1000}));
  int taken = 0;
  while (producer.try_send(record("us", std::string(100, 'x')))) ++taken;
  EXPECT_GE(taken, 8);
  EXPECT_LE(taken, 10);
  EXPECT_EQ(code_of(producer.send(record("us", std::string(100, 'x')), {50ms})), Code::timed_out);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_of(producer.send(record("us", std::string(100, 'x')), {5s, stop.get_token()})), Code::cancelled);
  must(producer.flush({30s}));
  must(producer.send(record("us", "x"), {0s}));
}

TEST(OfflineNode, KeepsVolatileFeedsInMemoryOnly) {
  const TempDir dir;
  FeedId id;
  {
    Node node = open_offline(dir / "data");
    Feed feed = must(node.open_feed("ticks", {.create = true, .in_memory = true}));
    id = feed.id();
    Producer producer = must(feed.producer());
    publish(producer, "us", 100);
    auto subscription = must(node.subscribe(id, {.until_head = true}));
    EXPECT_EQ(read_to_end(subscription), numbered(0, 100));
    EXPECT_EQ(must(node.info(id)).name, "ticks");
    EXPECT_TRUE(must(node.info(id)).own);
  }
  Node node = open_offline(dir / "data");
  EXPECT_EQ(code_of(node.open_feed("ticks")), Code::not_found);
  EXPECT_NE(must(node.open_feed("ticks", {.create = true, .in_memory = true})).id(), id);
}

TEST(OfflineNode, TellsWhatItHolds) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer());
  publish(producer, "us", 30);
  publish(producer, "ci", 20);
  const FeedInfo info = must(node.info(feed.id()));
  EXPECT_EQ(info.name, "quakes");
  EXPECT_TRUE(info.own);
  EXPECT_EQ(info.tree_size, 2U);
  EXPECT_EQ(info.held_blocks, 2U);
  EXPECT_EQ(info.root_hash.size(), 64U);
  ASSERT_EQ(info.topics.size(), 2U);
  EXPECT_EQ(info.topics[0].name, "us");
  EXPECT_EQ(info.topics[0].high_watermark, Offset(30));
  EXPECT_EQ(info.topics[1].end_offset, Offset(20));
  EXPECT_GT(info.topics[1].bytes, 0U);
  EXPECT_GT(info.disk_bytes, 0U);
  EXPECT_TRUE(info.mirrors.empty());
}

TEST(OfflineNode, VerifiesExportsAndImports) {
  const TempDir dir;
  auto api = must(open_node({.data_dir = dir / "data", .offline = true}));
  const auto opened = must(api->owning().open_feed("quakes", {.create = true}));
  EXPECT_TRUE(opened.created);
  {
    Producer producer(must(api->owning().open_producer("quakes", {.batch_bytes = 200})));
    publish(producer, "us", 500);
  }
  const auto reference = must(api->reading().resolve("quakes"));
  const auto report = must(api->keeping().verify(reference, {}));
  EXPECT_TRUE(report.complete());
  EXPECT_GT(report.payloads_checked, 5U);
  Bytes bundle;
  const auto sink = [&bundle](ByteView bytes) -> Result<void> {
    bundle.insert(bundle.end(), bytes.begin(), bytes.end());
    return {};
  };
  const auto source = [&bundle] {
    return [rest = bundle]() mutable -> Result<Bytes> { return std::exchange(rest, {}); };
  };
  const auto written = must(api->keeping().export_bundle(reference, {}, sink, {}));
  EXPECT_EQ(written.blocks, report.headers_checked);
  // Of the own feed what is missing is taken from it, as from a mirror; it is signed on from where it was.
  EXPECT_EQ(must(api->keeping().import_bundle(source(), {})).blocks, written.blocks);
  EXPECT_TRUE(must(api->owning().open_producer("quakes", {})) != nullptr);

  Node other = open_offline(dir / "other");
  other.close();
  auto importer = must(open_node({.data_dir = dir / "other", .offline = true}));
  EXPECT_EQ(must(importer->keeping().import_bundle(source(), {})).blocks, written.blocks);
  EXPECT_TRUE(must(importer->keeping().verify(must(importer->reading().resolve(opened.feed.hex())), {})).complete());
  Subscription subscription(
      must(importer->reading().subscribe(must(importer->reading().resolve(opened.feed.hex())), {.until_head = true})));
  EXPECT_EQ(read_to_end(subscription), numbered(0, 500));
  const auto listed = must(importer->reading().feeds());
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].feed, opened.feed);
  EXPECT_FALSE(listed[0].own);
}

TEST(OfflineNode, KeepsCursors) {
  const TempDir dir;
  FeedId id;
  {
    Node node = open_offline(dir / "data");
    Feed feed = must(node.open_feed("quakes", {.create = true}));
    id = feed.id();
    Producer producer = must(feed.producer({.batch_bytes = 100}));
    publish(producer, "us", 100);
    auto subscription = must(node.subscribe(id, {.start = Start::stored(), .cursor = "mine"}));
    EXPECT_EQ(must(subscription.stored()), std::nullopt);
    const auto poll = must(subscription.poll({.max_records = 30, .wait = {5s}}));
    ASSERT_EQ(poll.records().size(), 30U);
    // In the middle of what was polled.
    must(subscription.commit(subscription.cursor_after(poll.records().views()[9]), "note"));
    EXPECT_EQ(code_of(subscription.commit("nonsense")), Code::invalid_argument);
  }
  Node node = open_offline(dir / "data");
  auto stored = must(node.subscribe(id, {.start = Start::stored(), .until_head = true, .cursor = "mine"}));
  EXPECT_EQ(must(stored.stored())->note, "note");
  EXPECT_EQ(read_to_end(stored), numbered(10, 100));
  auto resumed = must(node.subscribe(id, {.start = Start::resume(must(stored.stored())->token), .until_head = true}));
  EXPECT_EQ(read_to_end(resumed), numbered(10, 100));
  EXPECT_EQ(code_of(node.subscribe(id, {.start = Start::resume("x")})), Code::invalid_argument);
  auto last = must(node.subscribe(id, {.start = Start::last(7), .until_head = true}));
  EXPECT_EQ(read_to_end(last), numbered(93, 100));
  auto offset = must(node.subscribe(id, {.start = Start::offset(Offset(95)), .until_head = true}));
  EXPECT_EQ(read_to_end(offset), numbered(95, 100));
  auto end = must(node.subscribe(id, {.start = Start::end(), .until_head = true}));
  EXPECT_EQ(read_to_end(end), std::vector<std::string>{});
}

TEST(OfflineNode, SelectsByTimeAndTopic) {
  const TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer = must(feed.producer({.batch_bytes = 100}));
  for (int i = 0; i < 100; ++i) {
    // Out of order: 0, 50, 1, 51, …
    ProducerRecord sent = record(i % 2 == 0 ? "us" : "ci", std::to_string(i));
    sent.time = UnixMs(1000 + (i % 2 == 0 ? i / 2 : 50 + i / 2));
    must(producer.send(sent, {5s}));
  }
  must(producer.flush({30s}));
  auto some =
      must(node.subscribe(feed.id(), {.start = Start::time(UnixMs(1040)), .before = UnixMs(1060), .until_head = true}));
  EXPECT_EQ(read_to_end(some).size(), 20U);
  auto one = must(node.subscribe(feed.id(), {.topics = {"c*"}, .until_head = true, .ordered = false}));
  EXPECT_EQ(read_to_end(one).size(), 50U);
}

TEST(OfflineNode, OpensSealedKeysWithThePassphraseOnly) {
  const TempDir dir;
  const auto options = [&](const std::string& passphrase) {
    NodeOptions made{.data_dir = dir / "data", .offline = true};
    if (!passphrase.empty()) made.passphrase = [passphrase]() -> Result<std::string> { return passphrase; };
    return made;
  };
  FeedId id;
  {
    Node node = must(Node::open(options("secret")));
    Feed feed = must(node.open_feed("quakes", {.create = true}));
    id = feed.id();
    Producer producer = must(feed.producer());
    publish(producer, "us", 3);
  }
  for (const std::string wrong : {"", "guess"}) {
    Node node = must(Node::open(options(wrong)));
    EXPECT_EQ(code_of(node.open_feed("quakes")), Code::bad_key);
    // Reading needs no key.
    auto subscription = must(node.subscribe(id, {.until_head = true}));
    EXPECT_EQ(read_to_end(subscription), numbered(0, 3));
  }
  Node node = must(Node::open(options("secret")));
  must(node.open_feed("quakes"));
}

TEST(OfflineNode, NeverSignsWithoutItsJournal) {
  const TempDir dir;
  {
    Node node = open_offline(dir / "data");
    Feed feed = must(node.open_feed("quakes", {.create = true}));
    Producer producer = must(feed.producer());
    publish(producer, "us", 3);
  }
  ASSERT_TRUE(std::filesystem::remove(dir / "data" / "journal"));
  auto api = must(open_node({.data_dir = dir / "data", .offline = true}));
  EXPECT_EQ(code_of(api->owning().open_producer("quakes", {})), Code::unsafe_to_sign);
  const auto reference = must(api->reading().resolve("quakes"));
  EXPECT_TRUE(must(api->keeping().verify(reference, {})).complete()) << "whoever only reads is not stopped";
  EXPECT_EQ(must(api->reading().info(reference, {})).tree_size, 1U);
}

TEST(OfflineNode, PublishesManifests) {
  const TempDir dir;
  auto api = must(open_node({.data_dir = dir / "data", .offline = true}));
  const auto opened = must(api->owning().open_feed("sensors", {.create = true}));
  feed::Manifest manifest;
  manifest.title = "Sensors";
  manifest.topics.push_back({.name = "heat", .partitions = 3});
  must(api->owning().publish_manifest("sensors", manifest));
  EXPECT_EQ(must(api->reading().manifest(opened.feed))->title, "Sensors");
  Producer producer(must(api->owning().open_producer("sensors", {})));
  EXPECT_EQ(must(producer.send({.topic = "heat", .partition = Partition(2), .value = bytes("1")}, {5s})).partition,
            Partition(2));
  EXPECT_EQ(code_of(producer.send({.topic = "heat", .partition = Partition(3), .value = bytes("1")}, {5s})),
            Code::invalid_argument);
  must(producer.flush({30s}));
  const FeedInfo info = must(api->reading().info(must(api->reading().resolve("sensors")), {}));
  EXPECT_EQ(info.title, "Sensors");
  EXPECT_EQ(info.topics.size(), 3U);
  // Partition counts are for ever.
  manifest.topics[0].partitions = 4;
  EXPECT_EQ(code_of(api->owning().publish_manifest("sensors", manifest)), Code::invalid_argument);
}

}  // namespace
}  // namespace shoal::node
