#include "node/local_node.h"
#include "node/node_testing.h"
#include "node/open_node.h"
#include "support/hostile_outbox.h"

#include <mutex>

/// Mirrors that lie, in real sessions over loopback.
namespace shoal::node {
namespace {

using namespace testing;
using shoal::testing::HostileOutbox;
using shoal::testing::Lie;

NodeOptions options_at(const std::filesystem::path& directory, std::vector<std::string> peers) {
  return {.data_dir = directory, .listen = {"127.0.0.1:0"}, .peers = std::move(peers), .lsd = false};
}

class HostileMirror : public ::testing::TestWithParam<Lie> {
 protected:
  HostileMirror() {
    node_ = must(open_node(options_at(dir_ / "publisher", {})));
    feed_ = must(node_->owning().open_feed("quakes", {.create = true})).feed;
    Producer producer(must(node_->owning().open_producer("quakes", {.linger = 5ms, .batch_bytes = 400})));
    publish(producer, "us", 300);
    publish(producer, "ci", 20);
    const auto wrap = [this](std::shared_ptr<replication::Outbox> to) {
      HostileOutbox::Options options;
      options.lie = GetParam();
      options.armed = armed_;
      options.newest = [this] { return std::optional(newest_); };
      return std::make_shared<HostileOutbox>(std::move(to), options);
    };
    liar_ = must(LocalNode::open(options_at(dir_ / "liar", {node_->listening()}), wrap));
    const auto reference = must(liar_->reading().resolve(feed_.hex()));
    liar_mirror_ = must(liar_->keeping().mirror(reference, {}));
    newest_ = BlockIndex(must(node_->reading().info(reference, {})).tree_size - 1);
    must(liar_mirror_->wait_synced({20s}));
    *armed_ = true;
  }

  /// Reads to the end with these peers.
  std::vector<std::string> read(const SubscribeOptions& options, std::vector<std::string> peers) {
    reader_ = must(open_node(options_at(dir_ / "reader", std::move(peers))));
    reader_->on_peer_blamed([this](const PeerInfo& peer, std::string_view what) {
      const std::lock_guard lock(mutex_);
      blamed_[peer.address] = what;
    });
    Subscription subscription(
        must(reader_->reading().subscribe(must(reader_->reading().resolve(feed_.hex())), options)));
    auto values = read_to_end(subscription);
    report_ = subscription.head_report();
    return values;
  }

  TempDir dir_;
  std::shared_ptr<NodeApi> node_;
  std::shared_ptr<NodeApi> liar_;
  std::shared_ptr<MirrorApi> liar_mirror_;
  std::shared_ptr<NodeApi> reader_;
  FeedId feed_;
  BlockIndex newest_{0};
  std::shared_ptr<std::atomic<bool>> armed_ = std::make_shared<std::atomic<bool>>(false);
  HeadReport report_;
  std::mutex mutex_;
  std::map<std::string, std::string> blamed_;
};

TEST_P(HostileMirror, IsRefusedAndAnHonestOneCompletes) {
  const std::vector<std::string> peers = {liar_->listening(), node_->listening()};
  const auto values = read({.until_head = true, .find_timeout = 10s}, peers);
  auto expected = numbered(0, 300);
  const auto more = numbered(0, 20);
  expected.insert(expected.end(), more.begin(), more.end());
  EXPECT_EQ(values, expected);
  EXPECT_TRUE(report_.complete);
  const std::lock_guard lock(mutex_);
  EXPECT_FALSE(blamed_.contains(node_->listening())) << blamed_[node_->listening()];
}

TEST_P(HostileMirror, NeverLooksLikeSuccessWhenItIsAlone) {
  // Nobody else is there to be found; sparse, so that topic-state entries are asked for.
  node_->close();
  const auto values =
      read({.topics = {"ci"}, .until_head = true, .find_timeout = 3s, .sparse = true}, {liar_->listening()});
  EXPECT_NE(values, numbered(0, 20));
  EXPECT_FALSE(report_.answered && report_.complete);
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(blamed_.contains(liar_->listening()));
}

std::string name_of(const ::testing::TestParamInfo<Lie>& tested) {
  constexpr const char* kNames[] = {"Payload", "Header", "Cover", "Head", "TopicState", "Withhold"};
  return kNames[static_cast<std::size_t>(tested.param)];
}

INSTANTIATE_TEST_SUITE_P(Lies, HostileMirror,
                         ::testing::Values(Lie::payload, Lie::header, Lie::cover, Lie::head, Lie::topic_state,
                                           Lie::withhold),
                         name_of);

}  // namespace
}  // namespace shoal::node
