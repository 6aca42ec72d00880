#include "node/directory/trusted_mirrors.h"
#include "node/node_testing.h"

#include <mutex>

/// Receipts and acknowledgements between whole nodes on loopback.
namespace shoal::node::testing {
namespace {

Node open_node_at(const std::filesystem::path& directory, std::vector<std::string> peers = {}) {
  return must(Node::open({.data_dir = directory,
                          .listen = {"127.0.0.1:0"},
                          .peers = std::move(peers),
                          .private_network = true,
                          .dht = false,
                          .lsd = false}));
}

/// Until `done`, 30 s at most.
template <typename Done>
bool eventually(const Done& done) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

/// What was acknowledged, by any thread.
struct Acked {
  void listen(Producer& producer) {
    producer.on_acked([this](const AckRun& run) {
      const std::lock_guard lock(mutex);
      runs.push_back(run);
    });
  }
  [[nodiscard]] std::int64_t records() {
    const std::lock_guard lock(mutex);
    std::int64_t sum = 0;
    for (const AckRun& run : runs) sum += run.last - run.first + 1;
    return sum;
  }
  std::mutex mutex;
  std::vector<AckRun> runs;
};

class ReceiptsTest : public ::testing::Test {
 protected:
  ReceiptsTest()
      : publisher_(open_node_at(dir_ / "publisher")), feed_(must(publisher_.open_feed("quakes", {.create = true}))) {}

  Producer producer(Acks acks) { return must(feed_.producer({.linger = 5ms, .acks = std::move(acks)})); }
  Node mirror(const std::string& name, const MirrorOptions& options = {}) {
    Node node = open_node_at(dir_ / name, {publisher_.listening()});
    must(node.mirror(feed_.id(), options));
    return node;
  }
  std::vector<MirrorInfo> mirrors() { return must(publisher_.info(feed_.id())).mirrors; }

  TempDir dir_;
  Node publisher_;
  Feed feed_;
};

TEST_F(ReceiptsTest, FlushWaitsForSoManyMirrors) {
  Producer made = producer(Acks::mirrors(2));
  Acked acked;
  acked.listen(made);
  for (int i = 0; i < 50; ++i) must(made.send(record("us", std::to_string(i)), {5s}));
  const Node first = mirror("first");
  EXPECT_TRUE(eventually([&] {
    const FeedInfo info = must(publisher_.info(feed_.id()));
    return info.mirrors.size() == 1 && info.mirrors[0].tree_size == info.tree_size && info.mirrors[0].connected;
  }));
  const auto late = made.flush({300ms});
  EXPECT_EQ(code_of(late), Code::timed_out);
  EXPECT_NE(late.error().message.find("50 records are durable here"), std::string::npos) << late.error().message;
  EXPECT_EQ(acked.records(), 0);
  const Node second = mirror("second");
  must(made.flush({30s}));
  EXPECT_EQ(acked.records(), 50);
  EXPECT_EQ(acked.runs.front().level, Acks::Level::mirrors);
  EXPECT_EQ(acked.runs.front().mirrors, 2U);
  EXPECT_EQ(mirrors().size(), 2U);
}

TEST_F(ReceiptsTest, OnlyNamedMirrorsCountWhenTheyAreNamed) {
  const auto refused = feed_.producer({.acks = Acks::named({"backup"})});
  EXPECT_EQ(code_of(refused), Code::not_found);
  Node stranger = mirror("stranger");
  const std::string key = [&] {
    EXPECT_TRUE(eventually([&] { return must(publisher_.peers(feed_.id())).size() == 1; }));
    return must(publisher_.peers(feed_.id()))[0].node_key;
  }();
  stranger.close();
  must(TrustedMirrors(dir_ / "publisher" / "keys").trust("backup", *PublicKey::parse(key)));
  Producer made = producer(Acks::named({"backup"}));
  Acked acked;
  acked.listen(made);
  must(made.send(record("us", "a"), {5s}));
  const Node other = mirror("other");
  EXPECT_TRUE(eventually([&] {
    const auto all = mirrors();
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.node_key != key && one.connected; });
  }));
  EXPECT_EQ(code_of(made.flush({300ms})), Code::timed_out);
  const Node backup = mirror("stranger");
  must(made.flush({30s}));
  EXPECT_EQ(acked.runs.back().level, Acks::Level::named);
  bool named = false;
  for (const MirrorInfo& one : mirrors()) named = named || (one.name == "backup" && one.node_key == key);
  EXPECT_TRUE(named);
}

TEST_F(ReceiptsTest, WhichMirrorsHoldWhatIsKnownAfterARestart) {
  {
    Producer made = producer(Acks::mirrors(1));
    const Node node = mirror("mirror");
    publish(made, "us", 10);
  }
  const auto before = mirrors();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].tree_size, must(publisher_.info(feed_.id())).tree_size);
  const FeedId id = feed_.id();
  publisher_.close();
  Node again = open_offline(dir_ / "publisher");
  const auto after = must(again.info(id)).mirrors;
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].node_key, before[0].node_key);
  EXPECT_EQ(after[0].tree_size, before[0].tree_size);
  EXPECT_EQ(after[0].since, before[0].since);
  EXPECT_FALSE(after[0].connected);
}

TEST_F(ReceiptsTest, AMirrorOfSomeTopicsAcknowledgesThese) {
  Producer made = producer(Acks::mirrors(1));
  Acked acked;
  acked.listen(made);
  const Node node = mirror("mirror", {.topics = {"u*"}});
  must(made.send(record("us", "a"), {5s}));
  must(made.send(record("eu", "b"), {5s}));
  EXPECT_TRUE(eventually([&] { return acked.records() == 1; }));
  EXPECT_EQ(acked.runs.back().topic, "us");
  EXPECT_EQ(code_of(made.flush({300ms})), Code::timed_out);
  const auto all = mirrors();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].topics, std::vector<std::string>{"us"});
}

TEST_F(ReceiptsTest, AReaderIsNoMirror) {
  Producer made = producer(Acks::mirrors(1));
  must(made.send(record("us", "a"), {5s}));
  Node reader = open_node_at(dir_ / "reader", {publisher_.listening()});
  auto subscription = must(reader.subscribe(feed_.id()));
  EXPECT_EQ(read_some(subscription, 1), std::vector<std::string>{"a"});
  EXPECT_EQ(code_of(made.flush({1500ms})), Code::timed_out);
  EXPECT_TRUE(mirrors().empty());
}

TEST_F(ReceiptsTest, AProducersEndDoesNotWaitForMirrors) {
  const auto begin = std::chrono::steady_clock::now();
  {
    Producer made = producer(Acks::mirrors(1));
    must(made.send(record("us", "a"), {5s}));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_EQ(must(publisher_.info(feed_.id())).topics.at(0).end_offset, Offset(1));
  // And the next one may wait for something else.
  Producer next = producer(Acks::durable());
  must(next.send(record("us", "b"), {5s}));
  must(next.flush({10s}));
}

TEST_F(ReceiptsTest, WhatCannotBeAskedForIsRefused) {
  for (const Acks& acks : {Acks::mirrors(0), Acks::mirrors(65), Acks::named({})}) {
    EXPECT_EQ(code_of(feed_.producer({.acks = acks})), Code::invalid_argument);
  }
  Node offline = open_offline(dir_ / "offline");
  Feed feed = must(offline.open_feed("x", {.create = true}));
  EXPECT_EQ(code_of(feed.producer({.acks = Acks::mirrors(1)})), Code::invalid_argument);
}

}  // namespace
}  // namespace shoal::node::testing
