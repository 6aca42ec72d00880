#include "attach/following/open_node.h"
#include "doors/door_testing.h"

#include <thread>

/// What changes while somebody reads: topics of a subscription, feeds that are removed, mirrors that grow. The same
/// tests for the node that has the directory and for one that works through it.
namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using doors::testing::ask;
using doors::testing::RawAnswer;
using doors::testing::RawClient;
using doors::testing::ServedNode;
using node::testing::code_of;
using node::testing::must;
using node::testing::numbered;
using node::testing::read_some;
using node::testing::read_to_end;
using node::testing::record;
using node::testing::text_of;

class SharedChanges : public ::testing::TestWithParam<bool> {
 protected:
  static NodeOptions networked(const std::filesystem::path& dir, std::vector<std::string> peers = {}) {
    return {.data_dir = dir,
            .listen = {"127.0.0.1:0"},
            .peers = std::move(peers),
            .private_network = true,
            .dht = false,
            .lsd = false};
  }
  Node open() { return must(Node::open(networked(dir_ / "data", {publisher_.listening()}))); }
  /// The one under test.
  Node& node() { return GetParam() ? *attached_ : holder_; }

  const node::testing::TempDir dir_;
  Node publisher_ = must(Node::open(networked(dir_ / "publisher")));
  Feed foreign_ = must(publisher_.open_feed("foreign", {.create = true}));
  Node holder_ = open();
  std::optional<Node> attached_{GetParam() ? std::optional<Node>(open()) : std::nullopt};
};

INSTANTIATE_TEST_SUITE_P(Node, SharedChanges, ::testing::Values(false, true),
                         [](const auto& test) { return std::string(test.param ? "Attached" : "Holder"); });

TEST_P(SharedChanges, ASubscriptionReadsOtherTopicsFromWhereItIs) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  auto producer = must(feed.producer({.linger = 1ms}));
  node::testing::publish(producer, "a", 3, "a");
  node::testing::publish(producer, "b", 3, "b");
  auto subscription = must(node().subscribe(feed.id(), {.topics = {"a"}}));
  const int descriptor = must(subscription.descriptor());
  EXPECT_EQ(read_some(subscription, 3), numbered(0, 3, "a"));
  must(subscription.set_topics({"b", "c"}));
  EXPECT_EQ(must(subscription.descriptor()), descriptor);
  // What lies behind the position is as it was, the rest is of the new topics.
  EXPECT_EQ(read_some(subscription, 3), numbered(0, 3, "b"));
  for (const auto* topic : {"a", "b", "c"}) must(producer.send(record(topic, topic), {5s}));
  must(producer.flush({10s}));
  EXPECT_EQ(read_some(subscription, 2), (std::vector<std::string>{"b", "c"}));
  must(subscription.set_topics({}));
  must(producer.send(record("a", "again"), {5s}));
  EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"again"});
}

TEST_P(SharedChanges, OneRecordIsProven) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  auto producer = must(feed.producer({.linger = 1ms}));
  node::testing::publish(producer, "t", 5);
  const auto proof = must(node().prove({.feed = feed.id(), .topic = "t", .first = Offset(3)}, {5s}));
  const auto verified = must(verify_proof(proof, feed.id()));
  EXPECT_EQ(text_of(verified.record().value), "3");
  EXPECT_EQ(code_of(node().prove({.feed = feed.id(), .topic = "t", .first = Offset(99)}, {5s})), Code::not_found);
}

TEST_P(SharedChanges, ARemovedFeedIsForgottenAndItsReadersEnd) {
  auto feed = must(node().open_feed("feed", {.create = true}));
  {
    auto producer = must(feed.producer({.linger = 1ms}));
    node::testing::publish(producer, "t", 5);
    EXPECT_EQ(code_of(node().remove(feed.id())), Code::in_use);
  }
  for (const bool own : {true, false}) {
    const FeedId id = own ? feed.id() : foreign_.id();
    auto idle = must(node().subscribe(id));
    auto waiting = must(node().subscribe(id, {.start = Start::end()}));
    EXPECT_EQ(must(waiting.poll({.wait = {500ms}})).status(), Poll::Status::timeout);
    Result<Poll> polled = Poll();
    {
      const std::jthread poller([&] { polled = waiting.poll({.wait = {30s}}); });
      must(node().remove(id));
    }
    EXPECT_EQ(code_of(polled), Code::closed) << own;
    EXPECT_EQ(code_of(waiting.poll({.wait = {30s}})), Code::closed) << own;
    // What had come before may be given, nothing comes after.
    Result<Poll> last = Poll();
    for (int i = 0; i < 20 && last; ++i) last = idle.poll({.wait = {30s}});
    EXPECT_EQ(code_of(last), Code::closed) << own;
    const auto changed = idle.set_topics({"t"});
    ASSERT_EQ(code_of(changed), Code::closed) << own;
    EXPECT_NE(changed.error().message.find("was removed"), std::string::npos) << changed.error().message;
    EXPECT_EQ(must(node().info(id)).tree_size, 0U) << own;
  }
}

TEST_P(SharedChanges, AMirrorTellsWhatItHasAndEndsWithItsFeed) {
  auto producer = must(foreign_.producer({.linger = 1ms}));
  node::testing::publish(producer, "t", 5);
  auto mirror = must(node().mirror(foreign_.id(), {.topics = {"t"}, .keep = 24h, .max_bytes = 1ULL << 30}));
  const auto first = must(mirror.wait_synced({30s}));
  EXPECT_EQ(first, must(publisher_.info(foreign_.id())).tree_size);
  EXPECT_EQ(code_of(mirror.wait_synced({20ms})), Code::timed_out);
  node::testing::publish(producer, "t", 1, "more");
  EXPECT_GT(must(mirror.wait_synced({30s})), first);
  const auto info = must(node().info(foreign_.id()));
  ASSERT_TRUE(info.want);
  EXPECT_EQ(*info.want, (MirrorOptions{.topics = {"t"}, .keep = 24h, .max_bytes = 1ULL << 30}));
  must(node().remove(foreign_.id()));
  EXPECT_EQ(code_of(mirror.wait_synced({30s})), Code::closed);
}

TEST_P(SharedChanges, AFeedRemembersWhatItKeeps) {
  const Retention kept{.keep = 24h, .max_bytes = 1 << 20, .keep_topics = {{"t", 1h}}};
  must(node().open_feed("feed", {.create = true, .retention = kept}));
  auto feed = must(node().open_feed("feed", {}));
  const auto info = must(node().info(feed.id()));
  ASSERT_TRUE(info.retention);
  EXPECT_EQ(*info.retention, kept);
}

TEST(MirrorRoute, TellsWhatIsSyncedUntilTheFeedIsRemoved) {
  const ServedNode served;
  const std::string feed = "/v1/feeds/" + std::string(64, '5');
  EXPECT_EQ(ask(served, "GET", feed + "/mirror").status, 404U);
  EXPECT_EQ(ask(served, "PUT", feed + "/mirror", R"({"topics":["u*"],"keep_ms":5,"max_bytes":1073741824})").status,
            200U);
  auto known = must(doors::JsonReader::parse(ask(served, "GET", feed).body));
  auto want = known.object("want");
  EXPECT_EQ(want.integer("keep_ms"), 5);
  EXPECT_EQ(want.integer("max_bytes"), 1 << 30);
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("GET", feed + "/mirror"));
  RawAnswer head;
  ASSERT_TRUE(client.read_head(head));
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(ask(served, "DELETE", feed).status, 200U);
  EXPECT_EQ(doors::testing::error_code(client.line()), "closed");
  EXPECT_EQ(ask(served, "GET", feed + "/mirror").status, 404U);
}

/// A node that wants the network beside a process that has none.
class NoNetwork : public ::testing::Test {
 protected:
  NoNetwork() {
    wanting_.log = [this](LogLevel level, std::string_view text) {
      const std::lock_guard lock(mutex_);
      if (level == LogLevel::warning) warned_ += text;
    };
  }

  std::string warned() {
    const std::lock_guard lock(mutex_);
    return warned_;
  }

  const node::testing::TempDir dir_;
  NodeOptions wanting_{
      .data_dir = dir_ / "data", .listen = {"127.0.0.1:0"}, .private_network = true, .dht = false, .lsd = false};
  std::mutex mutex_;
  std::string warned_;
  std::shared_ptr<SharedNode> holder_ = must(open_node({.data_dir = dir_ / "data", .offline = true}));
};

TEST_F(NoNetwork, OfOneThatStaysIsToldSoon) {
  const auto before = std::chrono::steady_clock::now();
  const auto node = must(open_node(wanting_));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_TRUE(node->attached());
  EXPECT_NE(warned().find("uses no network"), std::string::npos) << warned();
  // With its end there is one.
  holder_->close();
  must(node->reading().feeds());
  EXPECT_FALSE(node->attached());
  EXPECT_FALSE(node->listening().empty());
}

TEST_F(NoNetwork, OfOneThatIsJustEndingIsWaitedFor) {
  std::jthread ending([this] {
    std::this_thread::sleep_for(50ms);  // Not to order anything: so that it is met.
    holder_->close();
  });
  const auto node = must(open_node(wanting_));
  EXPECT_FALSE(node->attached());
  EXPECT_EQ(warned(), "");
}

}  // namespace
}  // namespace shoal::attach
