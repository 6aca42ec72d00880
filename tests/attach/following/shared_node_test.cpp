#include "attach/following/open_node.h"
#include "node/node_testing.h"

#include <poll.h>

#include <thread>

/// What a node promises, of the one that has the directory and of one that works through it: the same tests for both.
namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::bytes;
using node::testing::code_of;
using node::testing::must;
using node::testing::numbered;
using node::testing::read_some;
using node::testing::read_to_end;
using node::testing::record;
using node::testing::text_of;

class SharedNodes : public ::testing::TestWithParam<bool> {
 protected:
  static Node open(const std::filesystem::path& dir) { return must(Node::open({.data_dir = dir, .offline = true})); }
  /// The one under test.
  Node& node() { return GetParam() ? *attached_ : *holder_; }

  const node::testing::TempDir dir_;
  std::optional<Node> holder_{open(dir_ / "data")};
  std::optional<Node> attached_{GetParam() ? std::optional<Node>(open(dir_ / "data")) : std::nullopt};
};

INSTANTIATE_TEST_SUITE_P(Node, SharedNodes, ::testing::Values(false, true),
                         [](const auto& test) { return std::string(test.param ? "Attached" : "Holder"); });

TEST_P(SharedNodes, KeepsEveryByteOfARecord) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  auto producer = must(feed.producer());
  ProducerRecord sent{.topic = "t", .key = bytes("k\xff\x80"), .value = bytes(std::string("nul\0 \"\n\xc3\xa9", 10))};
  sent.headers = {{"a", bytes("1")}, {"a", std::nullopt}, {"b\xff", bytes("\xfe")}, {"", Bytes{}}};
  sent.time = UnixMs(5);
  must(producer.send(sent, {5s}));
  must(producer.send({.topic = "t", .key = Bytes{}, .value = std::nullopt}, {5s}));
  must(producer.flush({10s}));
  auto subscription = must(node().subscribe(feed.id()));
  const auto poll = must(subscription.poll({.wait = {10s}}));
  ASSERT_EQ(poll.records().size(), 2U);
  const RecordView& read = poll.records().views()[0];
  EXPECT_EQ(text_of(read.key), "k\xff\x80");
  EXPECT_EQ(text_of(read.value), std::string("nul\0 \"\n\xc3\xa9", 10));
  EXPECT_EQ(read.time, UnixMs(5));
  ASSERT_EQ(read.headers.size(), 4U);
  EXPECT_EQ(text_of(read.headers[0].second), "1");
  EXPECT_FALSE(read.headers[1].second);
  EXPECT_EQ(read.headers[2].first, "b\xff");
  EXPECT_EQ(text_of(read.headers[3].second), "");
  EXPECT_EQ(text_of(poll.records().views()[1].key), "");
  EXPECT_FALSE(poll.records().views()[1].value);
}

TEST_P(SharedNodes, TellsPositionsAtOnceAndAcknowledgesThemInOrder) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  for (int round = 0; round < 2; ++round) {
    std::mutex mutex;
    std::map<TopicPartition, std::int64_t> next;
    std::int64_t acked = 0;
    auto producer = must(feed.producer({.linger = 1ms}));
    producer.on_acked([&](const AckRun& run) {
      const std::lock_guard lock(mutex);
      const auto [entry, fresh] = next.try_emplace({run.topic, run.partition}, run.first.value());
      EXPECT_EQ(entry->second, run.first.value());
      entry->second = run.last.value() + 1;
      acked += run.last - run.first + 1;
    });
    for (int i = 0; i < 2000; ++i) {
      const auto position = must(producer.send(record("t" + std::to_string(i % 3), "v"), {5s}));
      EXPECT_EQ(position.offset.value(), round * 667 + i / 3);
    }
    // Makes the rounds' counts multiples of three.
    must(producer.send(record("t2", "v"), {5s}));
    must(producer.flush({30s}));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(acked, 2001);
  }
}

TEST_P(SharedNodes, RefusesARecordAtOnceAndGoesOn) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  auto producer = must(feed.producer());
  EXPECT_EQ(code_of(producer.send(record("no/topic", "v"), {5s})), Code::invalid_argument);
  ProducerRecord nowhere = record("t", "v");
  nowhere.partition = Partition(7);
  EXPECT_EQ(code_of(producer.send(nowhere, {5s})), Code::invalid_argument);
  EXPECT_EQ(code_of(producer.send({.topic = "t", .value = Bytes(9U << 20)}, {5s})), Code::limit_exceeded);
  ProducerRecord early = record("t", "v");
  early.time = UnixMs(-2);
  EXPECT_EQ(code_of(producer.send(early, {5s})), Code::invalid_argument);
  EXPECT_EQ(must(producer.send(record("t", "v"), {5s})).offset, Offset(0));
  must(producer.flush({10s}));
}

TEST_P(SharedNodes, WaitsForRoomNoLongerThanAsked) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  auto producer = must(feed.producer({.linger = 1h, .max_buffered = 10000}));
  must(producer.send({.topic = "t", .value = Bytes(9000)}, {5s}));
  EXPECT_EQ(code_of(producer.send({.topic = "t", .value = Bytes(9000)}, {20ms})), Code::timed_out);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_of(producer.send({.topic = "t", .value = Bytes(9000)}, {10s, stop.get_token()})), Code::cancelled);
  must(producer.flush({10s}));
  EXPECT_EQ(must(producer.send({.topic = "t", .value = Bytes(9000)}, {5s})).offset, Offset(1));
}

TEST_P(SharedNodes, HasOneProducerAFeed) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  {
    auto producer = must(feed.producer());
    EXPECT_EQ(code_of(feed.producer()), Code::in_use);
    must(producer.send(record("t", "v"), {5s}));
  }
  must(feed.producer());
  auto subscription = must(node().subscribe(feed.id(), {.until_head = true}));
  EXPECT_EQ(read_to_end(subscription), std::vector<std::string>{"v"});
}

class SharedReading : public SharedNodes {
 protected:
  SharedReading() {
    auto feed = must(holder_->open_feed("feed", {.create = true}));
    id_ = feed.id();
    producer_.emplace(must(feed.producer({.linger = 1ms})));
    node::testing::publish(*producer_, "t", 10);
  }

  FeedId id_;
  std::optional<Producer> producer_;
  bool begun_ = false;
};

INSTANTIATE_TEST_SUITE_P(Node, SharedReading, ::testing::Values(false, true),
                         [](const auto& test) { return std::string(test.param ? "Attached" : "Holder"); });

TEST_P(SharedReading, GivesAsMuchAsAskedAndGoesOnAfterAnyRecord) {
  auto subscription = must(node().subscribe(id_));
  const auto poll = must(subscription.poll({.max_records = 4, .wait = {10s}}));
  ASSERT_EQ(poll.records().size(), 4U);
  auto middle = must(node().subscribe(
      id_, {.start = Start::resume(subscription.cursor_after(poll.records().views()[1])), .until_head = true}));
  EXPECT_EQ(read_to_end(middle), numbered(2, 10));
  auto after = must(node().subscribe(id_, {.start = Start::resume(poll.cursor()), .until_head = true}));
  EXPECT_EQ(read_to_end(after), numbered(4, 10));
  EXPECT_EQ(read_some(subscription, 6), numbered(4, 10));
  // The end is reported each time.
  EXPECT_EQ(must(after.poll({})).status(), Poll::Status::end);
  EXPECT_TRUE(after.head_report().answered);
  EXPECT_TRUE(after.head_report().complete);
}

TEST_P(SharedReading, KeepsCursorsUnderAName) {
  auto subscription = must(node().subscribe(id_, {.start = Start::stored(), .cursor = "job"}));
  EXPECT_FALSE(must(subscription.stored()));
  const auto poll = must(subscription.poll({.max_records = 3, .wait = {10s}}));
  must(subscription.commit(poll.cursor(), std::string("note\0\xff", 6)));
  EXPECT_EQ(code_of(subscription.commit("nonsense")), Code::invalid_argument);
  const auto stored = must(subscription.stored());
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->token, poll.cursor());
  EXPECT_EQ(stored->note, std::string("note\0\xff", 6));
  auto again = must(node().subscribe(id_, {.start = Start::stored(), .until_head = true, .cursor = "job"}));
  EXPECT_EQ(read_to_end(again), numbered(3, 10));
  auto nameless = must(node().subscribe(id_));
  EXPECT_EQ(code_of(nameless.commit(poll.cursor())), Code::invalid_argument);
}

TEST_P(SharedReading, IsReadableWhenAPollHasSomething) {
  auto subscription = must(node().subscribe(id_, {.start = Start::end()}));
  const int descriptor = must(subscription.descriptor());
  const auto wait_and_poll = [&]() -> std::string {
    for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;) {
      const auto polled = must(subscription.try_poll());
      if (polled.status() == Poll::Status::records) return text_of(polled.records().views()[0].value);
      pollfd waited{descriptor, POLLIN, 0};
      ::poll(&waited, 1, 1000);
      if (!begun_) must(producer_->send(record("t", "new"), {5s}));
      begun_ = true;
    }
    return "";
  };
  EXPECT_EQ(wait_and_poll(), "new");
  EXPECT_EQ(must(subscription.descriptor()), descriptor);
}

TEST_P(SharedReading, WaitsNoLongerThanAsked) {
  auto subscription = must(node().subscribe(id_, {.start = Start::end()}));
  EXPECT_EQ(must(subscription.poll({.wait = {20ms}})).status(), Poll::Status::timeout);
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(must(subscription.poll({.wait = {1h, stop.get_token()}})).status(), Poll::Status::timeout);
  EXPECT_EQ(must(subscription.try_poll()).status(), Poll::Status::timeout);
}

TEST_P(SharedReading, ReportsTheNewestHeadOfALiveReader) {
  auto subscription = must(node().subscribe(id_));
  EXPECT_EQ(read_some(subscription, 10).size(), 10U);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!subscription.head_report().head_time && std::chrono::steady_clock::now() < deadline) {
    must(subscription.poll({.wait = {100ms}}));
  }
  const auto before = subscription.head_report();
  ASSERT_TRUE(before.head_time);
  node::testing::publish(*producer_, "t", 1, "later");
  while (subscription.head_report().tree_size == before.tree_size && std::chrono::steady_clock::now() < deadline) {
    must(subscription.poll({.wait = {100ms}}));
  }
  EXPECT_GT(subscription.head_report().tree_size, before.tree_size);
  EXPECT_TRUE(subscription.head_age());
}

TEST_P(SharedReading, ReadsByOffset) {
  const GetRequest range{.feed = id_, .topic = "t", .first = Offset(2), .last = Offset(4)};
  const auto records = must(node().get(range, {5s}));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(text_of(records.views()[2].value), "4");
  EXPECT_EQ(code_of(node().get({.feed = id_, .topic = "t", .first = Offset(99)}, {5s})), Code::not_found);
}

TEST_P(SharedReading, HandlesOutliveTheNode) {
  auto subscription = must(node().subscribe(id_));
  auto feed = must(node().open_feed("other", {.create = true}));
  auto producer = must(feed.producer());
  node().close();
  EXPECT_EQ(code_of(subscription.poll({.wait = {5s}})), Code::closed);
  EXPECT_EQ(code_of(producer.send(record("t", "v"), {5s})), Code::closed);
  EXPECT_EQ(code_of(producer.flush({5s})), Code::closed);
  EXPECT_EQ(code_of(feed.producer()), Code::closed);
  EXPECT_EQ(code_of(node().info(id_)), Code::closed);
}

/// A node that works through another one, which ends.
class Following : public ::testing::Test {
 protected:
  const node::testing::TempDir dir_;
  std::shared_ptr<SharedNode> holder_ = must(open_node({.data_dir = dir_ / "data", .offline = true}));
  std::shared_ptr<SharedNode> node_ = must(open_node({.data_dir = dir_ / "data", .offline = true}));

  void publish(int first, int last) {
    must(node_->owning().open_feed("feed", {.create = true}));
    Producer producer(must(node_->owning().open_producer("feed", {})));
    for (const auto& value : numbered(first, last)) must(producer.send(record("t", value), {5s}));
    must(producer.flush({10s}));
  }
  Subscription subscribe(const SubscribeOptions& options = {}) {
    return Subscription(must(node_->reading().subscribe(must(node_->reading().resolve("feed")), options)));
  }
};

TEST_F(Following, ErrorsAreTheSameAtBothEnds) {
  publish(0, 3);
  const auto id = must(node_->reading().resolve("feed"));
  const auto same = [&](auto&& call) {
    const auto here = call(*holder_);
    const auto there = call(*node_);
    ASSERT_FALSE(here.ok());
    ASSERT_FALSE(there.ok());
    EXPECT_EQ(here.error().code, there.error().code);
    EXPECT_EQ(here.error().message, there.error().message);
    EXPECT_EQ(here.error().hint, there.error().hint);
  };
  same([](node::NodeApi& node) { return node.reading().resolve("nobody"); });
  same([](node::NodeApi& node) { return node.reading().resolve("magnet:?nothing"); });
  same([](node::NodeApi& node) { return node.owning().open_feed("nobody", {}); });
  same([](node::NodeApi& node) { return node.owning().open_producer("nobody", {}); });
  same([](node::NodeApi& node) { return node.owning().open_feed("bad/name", {.create = true}); });
  same([&](node::NodeApi& node) { return node.keeping().mirror(id, {}); });
  same([&](node::NodeApi& node) { return node.reading().get({.feed = id.feed, .topic = "none"}, {}, {1s}); });
  same([&](node::NodeApi& node) { return node.reading().subscribe(id, {.start = Start::resume("nonsense")}); });
  same([&](node::NodeApi& node) { return node.keeping().store_cursor(id, "c", {"nonsense", ""}); });
  same([&](node::NodeApi& node) {
    return node.owning().publish_manifest("feed", {.topics = {{.name = "t", .partitions = 9}}});
  });
}

TEST_F(Following, KnowsWhoWorksThroughWhom) {
  EXPECT_FALSE(holder_->attached());
  EXPECT_TRUE(node_->attached());
  EXPECT_GT(holder_->clients(), 0U);
  EXPECT_EQ(must(node_->facts()).node_key, must(holder_->facts()).node_key);
  node_->close();
  EXPECT_TRUE(holder_->wait_for_clients({10s}));
  EXPECT_EQ(holder_->clients(), 0U);
}

TEST_F(Following, ReadersGoOnWhereTheyWere) {
  publish(0, 10);
  auto all = subscribe();
  auto end = subscribe({.start = Start::end()});
  const auto watched = must(end.descriptor());
  EXPECT_EQ(read_some(all, 4), numbered(0, 4));
  EXPECT_EQ(must(end.poll({.wait = {2s}})).status(), Poll::Status::timeout);
  std::atomic<int> moved = 0;
  node_->on_moved([&] { ++moved; });
  holder_->close();
  pollfd ended{watched, POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 10000), 1);
  EXPECT_EQ(read_some(all, 6), numbered(4, 10));
  publish(10, 12);
  EXPECT_FALSE(node_->attached());
  EXPECT_EQ(moved, 1);
  EXPECT_EQ(read_some(all, 2), numbered(10, 12));
  EXPECT_EQ(read_some(end, 2), numbered(10, 12));
  EXPECT_EQ(must(end.descriptor()), watched);
}

TEST_F(Following, TimeRangesStayExactWhenAReaderGoesOn) {
  must(node_->owning().open_feed("feed", {.create = true}));
  Producer producer(must(node_->owning().open_producer("feed", {})));
  for (int i = 0; i < 8; ++i) {
    ProducerRecord sent = record("t", std::to_string(i));
    sent.time = UnixMs(i % 2 == 0 ? 1000 + i : i);
    must(producer.send(sent, {5s}));
  }
  must(producer.flush({10s}));
  auto late = subscribe({.start = Start::time(UnixMs(1000))});
  EXPECT_EQ(read_some(late, 1), std::vector<std::string>{"0"});
  holder_->close();
  EXPECT_EQ(read_some(late, 3), (std::vector<std::string>{"2", "4", "6"}));
}

TEST_F(Following, ProducersEndWithTheirNode) {
  must(node_->owning().open_feed("feed", {.create = true}));
  Producer producer(must(node_->owning().open_producer("feed", {.linger = 1ms})));
  must(producer.send(record("t", "one"), {5s}));
  must(producer.flush({10s}));
  holder_->close();
  // Nothing was on its way.
  must(producer.flush({10s}));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Result<Position> sent = Position{};
  while ((sent = producer.send(record("t", "two"), {1s})).ok() && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_EQ(code_of(sent), Code::closed);
  // Asked anew, the directory's next node takes it.
  publish(0, 1);
  EXPECT_FALSE(node_->attached());
}

TEST_F(Following, OneOfManyTakesTheDirectory) {
  std::vector<std::shared_ptr<SharedNode>> others;
  for (int i = 0; i < 6; ++i) others.push_back(must(open_node({.data_dir = dir_ / "data", .offline = true})));
  holder_->close();
  std::vector<std::thread> threads;
  for (const auto& other : others) threads.emplace_back([&other] { must(other->reading().feeds()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count_if(others.begin(), others.end(), [](const auto& other) { return !other->attached(); }), 1);
}

}  // namespace
}  // namespace shoal::attach
