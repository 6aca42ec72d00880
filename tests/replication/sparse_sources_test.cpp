#include "replication/leaves_out.h"
#include "replication/sources_world.h"

#include <set>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using simulation::LinkOptions;
using testing::kTenMegabytes;
using testing::LeavesOut;
using testing::Sources;

/// A reader of the one topic "t1", which is a third of the feed and lies all over it.
struct TopicSources : Sources {
  using Sources::Sources;

  std::uint64_t bytes_of_topic() const {
    std::uint64_t sum = 0;
    std::optional<BlockIndex> at;
    while ((at = *publisher.reader().next_block(stream("t1"), at))) sum += publisher.reader().payload(*at)->size();
    return sum;
  }
  void follow_topic() { reader.follow_topics({stream("t1")}); }
  bool synced() const {
    return !reader.events.synced.empty() && reader.events.synced.back() == publisher.reader().head();
  }
  /// Seconds until the reader holds the whole topic.
  double seconds_to_synced(base::MonoTime limit = 60s) {
    const base::MonoTime before = time.mono_now();
    EXPECT_TRUE(wait([&] { return synced(); }, limit));
    return std::chrono::duration<double>(time.mono_now() - before).count();
  }
  /// Bytes that all sources sent, those that are gone too.
  std::uint64_t sent() const {
    std::uint64_t sum = 0;
    for (const auto& link : links) sum += link.listener->bytes_sent();
    return sum;
  }
};

TEST(SparseSources, OneTopicComesAtTheSumOfTheirRates) {
  TopicSources world(4);
  world.publish_bytes(240'000'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  world.follow_topic();
  world.connect_all(kTenMegabytes);
  const double seconds = world.seconds_to_synced();
  EXPECT_GE(bytes / seconds, 35e6) << seconds;
  EXPECT_LT(static_cast<double>(world.sent()), 1.05 * bytes);
  EXPECT_TRUE(world.reader.events.blames.empty());
}

TEST(SparseSources, UnequalOnesGetThroughTogether) {
  TopicSources world(3);
  world.publish_bytes(180'000'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  world.follow_topic();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 1e7});
  world.connect(1, {.latency = 40ms, .bytes_per_second = 3e6});
  world.connect(2, {.latency = 100ms, .bytes_per_second = 2e5});
  const double seconds = world.seconds_to_synced();
  EXPECT_GE(bytes / seconds, 0.85 * 1.32e7) << seconds;
  EXPECT_LT(static_cast<double>(world.sent()), 1.05 * bytes);
}

TEST(SparseSources, WhatOneBroughtBeforeItWentIsNotFetchedAgain) {
  TopicSources world(3);
  world.publish_bytes(60'000'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  world.follow_topic();
  const LinkOptions slow{.latency = 10ms, .bytes_per_second = 1e6};
  world.connect_all(slow);
  for (const std::size_t leaving : {1U, 0U}) {
    const std::uint64_t before = world.sent();
    ASSERT_TRUE(world.wait([&] { return world.sent() > before + 6'000'000; }));
    world.nodes[leaving]->disconnect_all();
  }
  EXPECT_LT(world.seconds_to_synced(), 14);
  EXPECT_LT(static_cast<double>(world.sent()), 1.15 * bytes);
}

TEST(SparseSources, AStalledOneIsReplacedWithoutFetchingTheRestTwice) {
  TopicSources world(2);
  world.publish_bytes(60'000'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  world.follow_topic();
  const LinkOptions slow{.latency = 10ms, .bytes_per_second = 2e6};
  world.connect_all(slow);
  ASSERT_TRUE(world.wait([&] { return world.sent() > 8'000'000; }));
  world.links[1].listener->throttle(1);
  EXPECT_LT(world.seconds_to_synced(), 12);
  EXPECT_LT(static_cast<double>(world.sent()), 1.1 * bytes);
}

TEST(SparseSources, AReaderGoesOnWhereItStoppedBefore) {
  TopicSources world(1);
  world.publish_bytes(30'000'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  world.follow_topic();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 1e6});
  ASSERT_TRUE(world.wait([&] { return world.sent() > 6'000'000; }));
  // As a start with the same store: nothing is known of earlier wants.
  world.follow_topic();
  world.seconds_to_synced();
  EXPECT_LT(static_cast<double>(world.sent()), 1.1 * bytes);
}

TEST(SparseSources, WhatGrewSinceIsAllThatASecondStartFetches) {
  TopicSources world(1);
  world.publish_bytes(15'000'000);
  world.follow_topic();
  world.connect(0, kTenMegabytes);
  world.seconds_to_synced();
  world.reader.replicator().stop_following();
  world.time.run_for(1s);
  world.publish_many(3, 3, 50'000);
  const std::uint64_t before = world.sent();
  world.follow_topic();
  world.seconds_to_synced();
  EXPECT_LT(world.sent() - before, 100'000U);
}

TEST(SparseSources, ABlockInTheMiddleThatMostKeepBackComesFromTheOneThatGivesIt) {
  TopicSources world(4);
  // Small blocks, so that each run has several.
  world.publish_many(9'000, 3, 2'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  std::optional<BlockIndex> hidden;
  for (int i = 0; i < 1'500; ++i) hidden = *world.publisher.reader().next_block(stream("t1"), hidden);
  for (std::size_t i = 0; i < 3; ++i) {
    world.nodes[i]->wrap_outbox = [&](auto inner) {
      return std::make_shared<LeavesOut>(std::move(inner), world.publisher.reader().tree(), *hidden);
    };
  }
  world.follow_topic();
  world.connect_all({.latency = 10ms, .bytes_per_second = 1e6});
  EXPECT_LT(world.seconds_to_synced(), 10);
  EXPECT_LT(static_cast<double>(world.sent()), 1.3 * bytes);
  EXPECT_TRUE(world.reader.events.blames.empty());
}

/// Gives nothing and says each time that this was all.
class Pretender final : public Outbox {
 public:
  explicit Pretender(std::shared_ptr<Outbox> to) : to_(std::move(to)) {}
  void send(Message message) override {
    if (const auto* data = std::get_if<Data>(&message.body)) {
      if (ended_.insert(data->want).second) to_->send({message.channel, WantEnd{data->want, EndReason::done}});
      return;
    }
    const auto* end = std::get_if<WantEnd>(&message.body);
    if (end == nullptr || ended_.insert(end->want).second) to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }

 private:
  std::shared_ptr<Outbox> to_;
  std::set<std::uint64_t> ended_;  ///< wants
};

TEST(SparseSources, HalfOfThemPretendingDoesNotHoldTheOthersUp) {
  TopicSources world(4);
  world.publish_many(9'000, 3, 2'000);
  const auto bytes = static_cast<double>(world.bytes_of_topic());
  for (std::size_t i = 0; i < 2; ++i) {
    world.nodes[i]->wrap_outbox = [](auto inner) { return std::make_shared<Pretender>(std::move(inner)); };
  }
  world.follow_topic();
  world.connect_all({.latency = 10ms, .bytes_per_second = 1e6});
  EXPECT_LT(world.seconds_to_synced(), 1.3 * bytes / 2e6);
  EXPECT_LT(static_cast<double>(world.sent()), 1.2 * bytes);  // their headers among it
}

TEST(SparseSources, ThousandsOfTopicsAreNotMoreWantsThanAPeerAllows) {
  TopicSources world(1);
  world.publish_many(6'000, 6'000, 50, 512);
  std::vector<TopicPartition> topics;
  topics.reserve(6'000);
  for (int i = 0; i < 6'000; ++i) topics.push_back({"t" + std::to_string(i), kAllPartitions});
  world.reader.follow_topics(topics);
  world.connect(0, kTenMegabytes);
  EXPECT_TRUE(world.wait([&] { return world.synced(); }, 120s));
  EXPECT_TRUE(world.nodes[0]->events.blames.empty());
  EXPECT_TRUE(world.nodes[0]->events.floods.empty());
}

}  // namespace
}  // namespace shoal::replication
