#include "replication/sources_world.h"

#include <set>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::LinkOptions;
using simulation::SwarmNode;
using testing::kTenMegabytes;
using testing::Sources;

TEST(ManySources, TheSumOfTheirRatesIsReached) {
  Sources world(4);
  world.publish_bytes(120'000'000);
  const double bytes = static_cast<double>(world.bytes_of_feed());
  world.reader.follow_all();
  world.connect_all(kTenMegabytes);
  const double seconds = world.seconds_to_complete();
  EXPECT_GE(bytes / seconds, 35e6) << seconds;
  for (const PeerView& peer : world.reader.replicator().peers()) {
    EXPECT_NEAR(static_cast<double>(peer.bytes_in), bytes / 4, bytes / 20) << peer.address.host_port;
  }
  world.expect_equal(world.reader);
}

TEST(ManySources, WithHalfOfThemStalledTheOthersRateIsReached) {
  Sources world(4);
  world.publish_bytes(150'000'000);
  world.reader.follow_all();
  world.connect_all(kTenMegabytes);
  ASSERT_TRUE(world.wait([&] { return world.received() > 10'000'000; }));
  // In the middle of what they were asked for: a byte a second.
  world.links[2].listener->throttle(1);
  world.links[3].listener->throttle(1);
  const double bytes = static_cast<double>(world.bytes_of_feed() - world.received());
  const double seconds = world.seconds_to_complete();
  EXPECT_GE(bytes / seconds, 0.95 * 2e7) << seconds;
  EXPECT_TRUE(world.reader.events.blames.empty());
}

TEST(ManySources, UnequalPeersGetThroughTogether) {
  Sources world(3);
  world.publish_bytes(60'000'000);
  const double bytes = static_cast<double>(world.bytes_of_feed());
  world.reader.follow_all();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 1e7});
  world.connect(1, {.latency = 40ms, .bytes_per_second = 3e6});
  world.connect(2, {.latency = 100ms, .bytes_per_second = 2e5});
  const double seconds = world.seconds_to_complete();
  EXPECT_GE(bytes / seconds, 0.92 * 1.32e7) << seconds;
  // What was asked for twice is little.
  EXPECT_LT(static_cast<double>(world.received()), 1.05 * bytes);
}

TEST(ManySources, ASlowPeerDoesNotHoldTheEnd) {
  Sources world(2);
  world.publish_many(12, 1, 1'000'000);
  world.reader.follow_all();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 1e7});
  world.connect(1, {.latency = 10ms, .bytes_per_second = 5e4});
  // The slow one would take 20 s for one block.
  EXPECT_LT(world.seconds_to_complete(), 3.5);
  world.expect_equal(world.reader);
}

TEST(ManySources, APeerThatFallsSilentIsAskedAgainWhenItIsBack) {
  Sources world(2);
  world.publish_bytes(40'000'000);
  world.reader.follow_all();
  const LinkOptions link{.latency = 10ms, .bytes_per_second = 1e6};
  world.connect(0, link);
  world.connect(1, link);
  ASSERT_TRUE(world.wait([&] { return world.received() > 4'000'000; }));
  world.links[1].listener->throttle(1);
  world.time.run_for(6s);
  const auto from = [&](std::size_t i) { return world.reader.replicator().peers()[i].blocks_in; };
  const std::uint64_t before = from(1);
  world.links[1].listener->throttle(1e6);
  world.time.run_for(6s);
  EXPECT_GT(from(1), before + 40);
  EXPECT_LT(world.seconds_to_complete(), 16);
}

/// Lets a message of blocks through every four seconds: never five of silence.
class Dribbler final : public Outbox, public std::enable_shared_from_this<Dribbler> {
 public:
  Dribbler(std::shared_ptr<Outbox> inner, simulation::VirtualTime& time) : inner_(std::move(inner)), time_(time) {}
  void send(Message message) override {
    const bool data = std::holds_alternative<Data>(message.body);
    if (!data && !std::holds_alternative<WantEnd>(message.body)) return inner_->send(std::move(message));
    next_ = std::max(next_, time_.mono_now()) + (data ? 4s : 0s);
    time_.schedule(next_ - time_.mono_now(), [weak = weak_from_this(), message = std::move(message)] {
      if (const auto self = weak.lock()) self->inner_->send(message);
    });
  }
  [[nodiscard]] std::size_t queued() const override { return inner_->queued(); }
  void close(std::string_view reason) override { inner_->close(reason); }

 private:
  std::shared_ptr<Outbox> inner_;
  simulation::VirtualTime& time_;
  base::MonoTime next_{0};
};

TEST(ManySources, OneThatDribblesCountsAsStalled) {
  Sources world(2);
  world.publish_bytes(60'000'000);
  world.nodes[1]->wrap_outbox = [&](auto inner) { return std::make_shared<Dribbler>(std::move(inner), world.time); };
  world.reader.follow_all();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 4e6});
  world.connect(1, {.latency = 10ms, .bytes_per_second = 4e6});
  const auto stalls = [&] {
    const auto& lines = world.reader.log().lines;
    return std::any_of(lines.begin(), lines.end(), [](const std::string& line) { return line.ends_with("elsewhere"); });
  };
  // One message has come, and is not taken for more than it is.
  EXPECT_TRUE(world.wait(stalls, 6s));
  EXPECT_LT(world.seconds_to_complete(), 15.5);
}

/// Never gives one block, nor what comes behind it in the same want.
class Withholder final : public Outbox {
 public:
  Withholder(std::shared_ptr<Outbox> inner, std::uint64_t block) : inner_(std::move(inner)), block_(block) {}
  void send(Message message) override {
    if (const auto* data = std::get_if<Data>(&message.body)) {
      const auto is_it = [&](const DataBlock& one) { return one.index.value() == block_; };
      if (std::any_of(data->blocks.begin(), data->blocks.end(), is_it)) wants_.insert(data->want);
      if (wants_.contains(data->want)) return;
    }
    if (const auto* end = std::get_if<WantEnd>(&message.body); end != nullptr && wants_.contains(end->want)) return;
    inner_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return inner_->queued(); }
  void close(std::string_view reason) override { inner_->close(reason); }

 private:
  std::shared_ptr<Outbox> inner_;
  std::uint64_t block_;
  std::set<std::uint64_t> wants_;  ///< given up
};

TEST(ManySources, NineOfTenThatKeepOneBlockBackDoNotKeepItFromTheReader) {
  Sources world(10);
  world.publish_bytes(5'000'000);
  for (std::size_t i = 0; i < 9; ++i) {
    world.nodes[i]->wrap_outbox = [](auto inner) { return std::make_shared<Withholder>(std::move(inner), 61); };
  }
  world.reader.follow_all();
  world.connect_all({.latency = 10ms, .bytes_per_second = 1e6});
  EXPECT_LT(world.seconds_to_complete(), 40);
  world.expect_equal(world.reader);
  EXPECT_TRUE(world.reader.events.blames.empty());
}

/// Two mirrors that know the one source and each other.
double seconds_for_two_mirrors(FetchOrder order, std::uint64_t& given) {
  Sources world(1);
  world.publish_bytes(20'000'000);
  SwarmNode second(world.time, "second", 2);
  second.mirror(world.producer.id());
  Follow follow;
  follow.order = order;
  world.reader.replicator().follow(follow);
  second.replicator().follow(follow);
  // The source has one line; each of its two connections gets half of it. Between the mirrors there is room.
  const LinkOptions half{.latency = 10ms, .bytes_per_second = 5e5};
  const auto a = world.reader.connect(*world.nodes[0], half);
  const auto b = second.connect(*world.nodes[0], half);
  world.reader.connect(second, {.latency = 10ms, .bytes_per_second = 1e7});
  const base::MonoTime before = world.time.mono_now();
  EXPECT_TRUE(world.wait([&] { return world.reader.held() == world.size() && second.held() == world.size(); }, 120s));
  given = a.listener->bytes_sent() + b.listener->bytes_sent();
  return std::chrono::duration<double>(world.time.mono_now() - before).count();
}

TEST(ManySources, MirrorsThatAskForTheRarestFirstGetMuchFromEachOther) {
  std::uint64_t given = 0;
  const double seconds = seconds_for_two_mirrors(FetchOrder::rarest, given);
  // In the feed's order both would take everything from the source: 40 MB, 40 s.
  EXPECT_LT(static_cast<double>(given), 1.5 * 20e6);
  EXPECT_LT(seconds, 30);
}

TEST(ManySources, AReaderGetsTheOldestBlocksFirst) {
  Sources world(2);
  world.publish_bytes(10'000'000);
  world.reader.follow_all();
  world.connect(0, {.latency = 10ms, .bytes_per_second = 1e6});
  world.connect(1, {.latency = 10ms, .bytes_per_second = 1e5});
  // What is held without a hole is never far behind what is held at all.
  std::uint64_t worst = 0;
  ASSERT_TRUE(world.wait([&] {
    worst = std::max(worst, world.reader.reader().held_payload_count() - world.reader.held());
    return world.reader.held() == world.size();
  }));
  EXPECT_LT(worst, world.size() / 4);
}

}  // namespace
}  // namespace shoal::replication
