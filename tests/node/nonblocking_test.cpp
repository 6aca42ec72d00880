#include "node/local_node.h"
#include "node/node_testing.h"
#include "node/open_node.h"
#include "support/hostile_outbox.h"

#include <poll.h>

#include <future>
#include <thread>

/// Use without blocking: descriptors, stops, deadlines, handles that outlive their node.
namespace shoal::node {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

/// Waits as an event loop does.
bool becomes_readable(int descriptor, std::chrono::milliseconds timeout) {
  pollfd waited{descriptor, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) == 1 && (waited.revents & POLLIN) != 0;
}

/// One offline node with an own feed and its producer.
struct Desk {
  explicit Desk(const ProducerOptions& options = {.linger = 1ms}) : producer(must(feed.producer(options))) {}
  [[nodiscard]] Subscription subscribe(const SubscribeOptions& options = {}) {
    return must(node.subscribe(feed.id(), options));
  }

  TempDir dir;
  Node node = open_offline(dir / "data");
  Feed feed = must(node.open_feed("quakes", {.create = true}));
  Producer producer;
};

/// Polls until `timeout`, as descriptor() asks.
std::size_t drain(Subscription& subscription) {
  std::size_t count = 0;
  for (;;) {
    const auto poll = must(subscription.try_poll());
    if (poll.status() != Poll::Status::records) return count;
    count += poll.records().size();
  }
}

TEST(Descriptor, IsReadableWhenAPollHasSomething) {
  Desk desk;
  publish(desk.producer, "us", 10);
  auto subscription = desk.subscribe();
  const int descriptor = must(subscription.descriptor());
  EXPECT_EQ(must(subscription.descriptor()), descriptor);
  EXPECT_TRUE(becomes_readable(descriptor, 0ms));
  // What one poll leaves over keeps it readable.
  EXPECT_EQ(must(subscription.try_poll({.max_records = 3})).records().size(), 3U);
  EXPECT_TRUE(becomes_readable(descriptor, 0ms));
  EXPECT_EQ(drain(subscription), 7U);
  EXPECT_FALSE(becomes_readable(descriptor, 0ms));
  publish(desk.producer, "us", 1);
  EXPECT_TRUE(becomes_readable(descriptor, 20s));
  EXPECT_EQ(drain(subscription), 1U);
  EXPECT_FALSE(becomes_readable(descriptor, 0ms));
}

TEST(Descriptor, MissesNothingThatComesBetweenPollAndWait) {
  Desk desk({.linger = 0ms, .batch_bytes = 1});
  auto subscription = desk.subscribe();
  const int descriptor = must(subscription.descriptor());
  constexpr int kCount = 2000;
  std::jthread publisher([&] {
    for (int i = 0; i < kCount; ++i) {
      must(desk.producer.send(record("us", std::to_string(i)), {20s}));
      if (i % 7 == 0) must(desk.producer.flush({20s}));
    }
    must(desk.producer.flush({20s}));
  });
  std::size_t read = 0;
  while (read < kCount) {
    ASSERT_TRUE(becomes_readable(descriptor, 20s)) << "slept with " << read << " records read";
    read += drain(subscription);
  }
}

TEST(Descriptor, StaysReadableAtTheEndAndAtTheClosing) {
  Desk desk;
  publish(desk.producer, "us", 3);
  auto ending = desk.subscribe({.until_head = true});
  auto live = desk.subscribe();
  const int of_ending = must(ending.descriptor());
  const int of_live = must(live.descriptor());
  EXPECT_EQ(read_to_end(ending).size(), 3U);
  EXPECT_TRUE(becomes_readable(of_ending, 0ms));
  EXPECT_EQ(must(ending.try_poll()).status(), Poll::Status::end);
  EXPECT_EQ(drain(live), 3U);
  EXPECT_FALSE(becomes_readable(of_live, 0ms));
  auto never_asked = desk.subscribe();
  desk.node.close();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(becomes_readable(of_live, 0ms));
    EXPECT_EQ(code_of(live.try_poll()), Code::closed);
  }
  EXPECT_EQ(code_of(never_asked.descriptor()), Code::closed);
}

/// A peer that announces a head and withholds its newest block, and a reader that wants all of it.
class Withheld : public ::testing::Test {
 protected:
  Withheld() {
    auto node = must(open_node(options_at("publisher", {})));
    feed_ = must(node->owning().open_feed("quakes", {.create = true})).feed;
    {
      Producer producer(must(node->owning().open_producer("quakes", {.linger = 5ms})));
      publish(producer, "us", 3);
      publish(producer, "us", 3);
    }
    const auto armed = std::make_shared<std::atomic<bool>>(false);
    const auto wrap = [armed](std::shared_ptr<replication::Outbox> to) {
      shoal::testing::HostileOutbox::Options options;
      options.lie = shoal::testing::Lie::withhold;
      options.armed = armed;
      options.newest = [] { return std::optional(BlockIndex(1)); };
      return std::make_shared<shoal::testing::HostileOutbox>(std::move(to), options);
    };
    liar_ = must(LocalNode::open(options_at("liar", {node->listening()}), wrap));
    must(must(liar_->keeping().mirror(must(liar_->reading().resolve(feed_.hex())), {}))->wait_synced({20s}));
    *armed = true;
    node->close();
    reader_ = must(open_node(options_at("reader", {liar_->listening()})));
  }

  [[nodiscard]] NodeOptions options_at(const std::string& name, std::vector<std::string> peers) const {
    return {.data_dir = dir_ / name, .listen = {"127.0.0.1:0"}, .peers = std::move(peers), .lsd = false};
  }
  [[nodiscard]] Subscription subscribe() {
    return Subscription(must(reader_->reading().subscribe(must(reader_->reading().resolve(feed_.hex())),
                                                          {.until_head = true, .find_timeout = 1500ms})));
  }

  TempDir dir_;
  std::shared_ptr<NodeApi> liar_;
  std::shared_ptr<NodeApi> reader_;
  FeedId feed_;
};

TEST_F(Withheld, EndsALongPollAndRaisesTheDescriptorByTimeAlone) {
  auto waiting = subscribe();
  const auto begin = Clock::now();
  for (;;) {
    const auto poll = must(waiting.poll({.wait = {25s}}));
    ASSERT_NE(poll.status(), Poll::Status::timeout);
    if (poll.status() == Poll::Status::end) break;
  }
  EXPECT_FALSE(waiting.head_report().complete);
  EXPECT_LT(Clock::now() - begin, 20s);

  auto looped = subscribe();
  const int descriptor = must(looped.descriptor());
  for (bool ended = false; !ended;) {
    ASSERT_TRUE(becomes_readable(descriptor, 20s));
    ended = must(looped.try_poll()).status() == Poll::Status::end;
  }
}

/// Runs `call` with a long wait, requests the stop from another thread, and gives how long the call went on after it.
std::chrono::milliseconds stopped_after(const std::function<void(const Wait&)>& call) {
  std::stop_source stop;
  std::atomic<Clock::time_point> stopped = Clock::time_point{};
  std::jthread stopper([&] {
    std::this_thread::sleep_for(50ms);  // gives the call time to block; it may be stopped before, too
    stopped = Clock::now();
    stop.request_stop();
  });
  call({20s, stop.get_token()});
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - stopped.load());
}

/// A node with nobody to ask: what it wants never comes.
struct Lonely {
  [[nodiscard]] static FeedId stranger() { return must(FeedId::parse(std::string(64, '5'))); }
  TempDir dir;
  std::shared_ptr<NodeApi> api =
      must(open_node({.data_dir = dir / "data", .listen = {"127.0.0.1:0"}, .private_network = true, .lsd = false}));
  FeedReference reference = must(api->reading().resolve(stranger().hex()));
};

TEST(Stop, EndsEachCallThatWaitsForOthers) {
  Lonely lonely;
  Subscription subscription(must(lonely.api->reading().subscribe(lonely.reference, {})));
  Mirror mirror(must(lonely.api->keeping().mirror(lonely.reference, {})));
  const GetRequest request{.feed = Lonely::stranger(), .topic = "us"};
  EXPECT_LT(stopped_after([&](const Wait& wait) {
              EXPECT_EQ(must(subscription.poll({.wait = wait})).status(), Poll::Status::timeout);
            }),
            2s);
  EXPECT_LT(stopped_after([&](const Wait& wait) { EXPECT_EQ(code_of(mirror.wait_synced(wait)), Code::cancelled); }),
            2s);
  EXPECT_LT(stopped_after([&](const Wait& wait) {
              EXPECT_EQ(code_of(lonely.api->reading().get(request, {}, wait)), Code::cancelled);
            }),
            2s);
  EXPECT_LT(stopped_after([&](const Wait& wait) { must(lonely.api->reading().info(lonely.reference, wait)); }), 2s);
  EXPECT_LT(stopped_after([&](const Wait& wait) { must(lonely.api->reading().peers(lonely.reference, wait)); }), 2s);
}

TEST(Stop, EndsSendAndFlush) {
  Desk desk({.linger = 1ms, .max_buffered = 1000});
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  desk.producer.on_acked([opened](const AckRun&) { opened.wait(); });
  while (desk.producer.try_send(record("us", std::string(100, 'x')))) continue;
  EXPECT_LT(stopped_after([&](const Wait& wait) {
              EXPECT_EQ(code_of(desk.producer.send(record("us", std::string(100, 'x')), wait)), Code::cancelled);
            }),
            2s);
  EXPECT_LT(stopped_after([&](const Wait& wait) { EXPECT_EQ(code_of(desk.producer.flush(wait)), Code::cancelled); }),
            2s);
  EXPECT_EQ(code_of(desk.producer.send(record("us", std::string(100, 'x')), {50ms})), Code::timed_out);
  EXPECT_EQ(code_of(desk.producer.flush({50ms})), Code::timed_out);
  gate.set_value();
  must(desk.producer.flush({20s}));
}

TEST(Deadline, IsKept) {
  Lonely lonely;
  Subscription subscription(must(lonely.api->reading().subscribe(lonely.reference, {})));
  Mirror mirror(must(lonely.api->keeping().mirror(lonely.reference, {})));
  for (const auto timeout : {std::chrono::milliseconds(-5), 0ms, 200ms}) {
    const auto begin = Clock::now();
    EXPECT_EQ(must(subscription.poll({.wait = {timeout}})).status(), Poll::Status::timeout);
    EXPECT_EQ(code_of(mirror.wait_synced({timeout})), Code::timed_out);
    must(lonely.api->reading().info(lonely.reference, {timeout}));
    EXPECT_TRUE(must(lonely.api->reading().peers(lonely.reference, {timeout})).empty());
    const auto took = Clock::now() - begin;
    EXPECT_GE(took, 3 * timeout);
    EXPECT_LT(took, 4 * timeout + 2s);
  }
  const auto begin = Clock::now();
  EXPECT_FALSE(lonely.api->reading().get({.feed = Lonely::stranger(), .topic = "us"}, {}, {300ms}).ok());
  EXPECT_LT(Clock::now() - begin, 2s);
}

TEST(Deadline, FarAwayIsNotOver) {
  Desk desk;
  auto subscription = desk.subscribe();
  std::jthread publisher([&] {
    std::this_thread::sleep_for(50ms);
    publish(desk.producer, "us", 1);
  });
  EXPECT_EQ(must(subscription.poll({.wait = {std::chrono::milliseconds::max()}})).records().size(), 1U);
  must(desk.producer.send(record("us", "x"), {std::chrono::milliseconds::max()}));
  must(desk.producer.flush({std::chrono::milliseconds::max()}));
}

TEST(Handles, OutliveTheirNode) {
  const TempDir dir;
  std::optional<Feed> feed;
  std::optional<Producer> producer;
  std::optional<Subscription> subscription;
  std::optional<Mirror> mirror;
  std::optional<Records> records;
  {
    Node node = open_offline(dir / "data");
    feed = must(node.open_feed("quakes", {.create = true}));
    producer = must(feed->producer());
    publish(*producer, "us", 3);
    subscription = must(node.subscribe(feed->id()));
    mirror = must(node.mirror(Lonely::stranger()));
    records = must(node.get({.feed = feed->id(), .topic = "us", .last = Offset(2)}, {5s}));
    must(subscription->descriptor());
  }
  EXPECT_EQ(code_of(feed->producer()), Code::closed);
  EXPECT_EQ(code_of(producer->try_send(record("us", "x"))), Code::closed);
  EXPECT_EQ(code_of(producer->flush({1s})), Code::closed);
  EXPECT_EQ(code_of(subscription->try_poll()), Code::closed);
  EXPECT_EQ(code_of(subscription->descriptor()), Code::closed);
  EXPECT_EQ(code_of(subscription->stored()), Code::io) << "a subscription without a cursor asks nobody";
  EXPECT_EQ(subscription->head_age(), std::nullopt);
  EXPECT_EQ(code_of(mirror->wait_synced({1s})), Code::closed);
  // Bytes that were given stay.
  EXPECT_EQ(text_of(records->views()[2].value), "2");
}

TEST(Callbacks, ComeUnderNoLockAndNotAfterTheEnd) {
  // Outlives the producer, which goes on telling of its echoes until it ends.
  auto told = std::make_unique<std::atomic<int>>(0);
  Desk desk({.linger = 0ms, .batch_bytes = 1});
  desk.producer.on_acked([&, count = told.get()](const AckRun&) {
    // What would wait for a lock that is held would wait for ever.
    must(desk.producer.try_send(record("echo", "x")));
    must(desk.node.info(desk.feed.id()));
    desk.producer.on_acked([count](const AckRun&) { ++*count; });
    ++*count;
  });
  publish(desk.producer, "us", 100);
  EXPECT_GE(*told, 1);
  {
    Node other = open_offline(desk.dir / "other");
    Feed feed = must(other.open_feed("ticks", {.create = true}));
    std::atomic<bool> inside = false;
    {
      Producer short_lived = must(feed.producer({.linger = 1ms}));
      short_lived.on_acked([&](const AckRun&) {
        inside = true;
        std::this_thread::sleep_for(100ms);
        inside = false;
      });
      must(short_lived.send(record("us", "x"), {5s}));
    }
    EXPECT_FALSE(inside);
  }
}

}  // namespace
}  // namespace shoal::node
