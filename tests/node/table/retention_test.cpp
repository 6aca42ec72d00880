#include "node/table/retention.h"

#include "node/table/table_world.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using testing::must;
using testing::record;

constexpr std::chrono::milliseconds kDay = 24h;

/// A clock whose wall time is set by hand; it does not run.
class WallClock final : public base::Clock {
 public:
  [[nodiscard]] UnixMs wall_now() const override { return UnixMs{now_}; }
  [[nodiscard]] base::MonoTime mono_now() const override { return base::MonoTime{0}; }
  void set(UnixMs now) { now_ = now.value(); }

 private:
  std::atomic<std::int64_t> now_{0};
};

/// An own feed with records in topics a and b, a block each, and the thread that drops its payloads.
class RetentionTest : public testing::TableWorld {
 protected:
  RetentionTest() {
    open();
    retention_.emplace(*table_, *thread_, wall_, log_);
  }
  ~RetentionTest() override { retention_->stop(); }

  /// And all of it was signed before this process began, as far as its clock goes.
  void publish(const std::vector<std::string>& topics, std::size_t size = 10) {
    const auto feed = must(table_->own("mine"));
    const auto sender = must(feed->begin_producing({}, {}, OwnFeed::Sharing::exclusive));
    for (const std::string& topic : topics) {
      must(feed->send(sender, record(topic, std::string(size, 'v')), {5s}));
      must(feed->flush(sender, {5s}));
    }
    feed->end_producing(sender);
    mine()->own_terms().set_signed_before(signed_at());
  }
  std::shared_ptr<FeedHost> mine() { return must(table_->host({id_, "mine", true, {}})); }
  void keep(const Retention& retention) { mine()->own_terms().set_retention(retention); }
  [[nodiscard]] std::vector<std::uint64_t> held(FeedHost& host) {
    std::vector<std::uint64_t> out;
    for (const feed::BlockRange& run : host.reader().held_payloads()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) out.push_back(block.value());
    }
    return out;
  }
  std::vector<std::uint64_t> held() { return held(*mine()); }
  UnixMs appended(std::uint64_t block) { return must(mine()->reader().header(BlockIndex{block})).append_time; }
  UnixMs signed_at() { return mine()->reader().head()->time; }
  WallClock wall_;
  FeedId id_;
  std::optional<RetentionThread> retention_;

  void SetUp() override { id_ = make_key("mine"); }
};

TEST_F(RetentionTest, WhatIsOlderThanItMayBeIsDropped) {
  publish({"a", "a"});
  keep({.keep = 1h});
  wall_.set(appended(0) + 3'600'000);
  retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 2U) << "what is as old as it may be stays";
  wall_.set(appended(1) + 3'600'001);
  retention_->apply_own_retention();
  EXPECT_TRUE(held().empty());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(RetentionTest, WithoutARetentionEverythingStays) {
  publish({"a"});
  wall_.set(signed_at() + 12 * 3'600'000);
  retention_->apply_own_retention();
  keep({});
  retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 1U);
}

TEST_F(RetentionTest, ATopicMayHaveATimeOfItsOwn) {
  publish({"a", "b", "a"});
  wall_.set(signed_at() + 2 * 3'600'000);
  keep({.keep = 1h, .keep_topics = {{"a", 3h}}});
  retention_->apply_own_retention();
  EXPECT_EQ(held(), (std::vector<std::uint64_t>{0, 2}));
  keep({.keep_topics = {{"a", 1h}}});
  publish({"b"});
  retention_->apply_own_retention();
  EXPECT_EQ(held(), (std::vector<std::uint64_t>{3})) << "for the others there is none";
  keep({.keep = 1h, .keep_topics = {{"b", 0h}}});
  retention_->apply_own_retention();
  EXPECT_EQ(held(), (std::vector<std::uint64_t>{3})) << "0 is for ever";
}

TEST_F(RetentionTest, TheOldestBytesAboveTheLimitAreDropped) {
  publish({"a", "b", "a", "b"}, 1000);
  const std::uint32_t size = must(mine()->reader().header(BlockIndex{0})).payload_size;
  wall_.set(signed_at());
  keep({.max_bytes = std::uint64_t{4} * size});
  retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 4U);
  keep({.max_bytes = std::uint64_t{4} * size - 1});
  retention_->apply_own_retention();
  EXPECT_EQ(held(), (std::vector<std::uint64_t>{1, 2, 3}));
  keep({.max_bytes = size});
  retention_->apply_own_retention();
  EXPECT_EQ(held(), (std::vector<std::uint64_t>{3}));
  keep({.max_bytes = 1});
  retention_->apply_own_retention();
  EXPECT_TRUE(held().empty());
}

TEST_F(RetentionTest, AFeedThatMayNotBeSignedIsNotChanged) {
  publish({"a", "a"});
  keep({.keep = 1h, .max_bytes = 1});
  mine()->own_terms().set_writer_problem(Error{Code::unsafe_to_sign, "lost", ""});
  wall_.set(signed_at() + 2 * 3'600'000);
  retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 2U);
  mine()->own_terms().set_writer_problem(std::nullopt);
  retention_->apply_own_retention();
  EXPECT_TRUE(held().empty());
}

TEST_F(RetentionTest, AClockFarAheadOfEverySignedTimeDropsNothing) {
  publish({"a"});
  keep({.keep = 1h});
  wall_.set(signed_at() + std::chrono::milliseconds(1h + kDay).count() + 1);
  for (int pass = 0; pass < 2; ++pass) retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 1U);
  ASSERT_EQ(log_.lines().size(), 1U) << "it is said once";
  EXPECT_NE(log_.lines()[0].find("later than everything that was ever signed"), std::string::npos);
  wall_.set(signed_at() + std::chrono::milliseconds(1h + kDay).count());
  retention_->apply_own_retention();
  EXPECT_TRUE(held().empty());
  publish({"a"});
  wall_.set(signed_at() + 3 * kDay.count());
  retention_->apply_own_retention();
  EXPECT_EQ(log_.lines().size(), 2U) << "and the next time";
}

TEST_F(RetentionTest, WhatThisProcessSignsDoesNotVouchForItsClock) {
  publish({"a"});
  const UnixMs before = signed_at();
  keep({.keep = 1h});
  wall_.set(before + 365 * kDay.count());
  publish({"a"});
  mine()->own_terms().set_signed_before(before);
  retention_->apply_own_retention();
  EXPECT_EQ(held().size(), 2U);
  EXPECT_EQ(log_.lines().size(), 1U);
}

TEST_F(RetentionTest, AClockFarBehindTheSignedTimesDropsNothing) {
  publish({"a"});
  // Everything is older than the cutoff of this clock only when times were signed ahead.
  keep({.keep = 1h});
  wall_.set(signed_at() - kDay.count());
  retention_->apply_own_retention();
  EXPECT_TRUE(log_.lines().empty());
  wall_.set(signed_at() - kDay.count() - 1);
  retention_->apply_own_retention();
  ASSERT_EQ(log_.lines().size(), 1U);
  EXPECT_NE(log_.lines()[0].find("earlier than what was signed already"), std::string::npos);
}

TEST_F(RetentionTest, TheLongestTimeOfATopicExplainsAClock) {
  publish({"a"});
  keep({.keep = 1h, .keep_topics = {{"b", 48h}}});
  wall_.set(signed_at() + std::chrono::milliseconds(48h + kDay).count());
  retention_->apply_own_retention();
  EXPECT_TRUE(held().empty());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(RetentionTest, OfAMirroredFeedOldPayloadsAreDroppedInAPass) {
  feed::testing::Producer owner{{}, 8};
  must(owner.open());
  for (int i = 0; i < 4; ++i) {
    owner.clock.now = UnixMs(1'700'000'000'000 + 60'000 * i);
    must(owner.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {i})}));
  }
  const auto host = must(table_->host({owner.id(), "", false, {}}));
  MirrorOptions options;
  options.keep = 1h;
  must(table_->mirror({owner.id(), "", false, {}}, options));
  fetch(owner, *host);
  publish({"a"});  // an own feed without a retention
  wall_.set(signed_at());
  retention_->apply_own_retention();
  EXPECT_EQ(held(*host).size(), 4U) << "that is for own feeds";
  const auto wake_until = [&](const auto& done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      retention_->wake();
      std::this_thread::yield();
    }
  };
  wall_.set(signed_at() + 10 * kDay.count());
  wake_until([&] { return !log_.lines().empty(); });
  ASSERT_FALSE(log_.lines().empty());
  EXPECT_NE(log_.lines()[0].find("nothing is dropped by age"), std::string::npos);
  EXPECT_EQ(held(*host).size(), 4U) << "the clock jumped";
  wall_.set(signed_at());
  wake_until([&] { return held(*host).empty(); });
  EXPECT_TRUE(held(*host).empty());
  EXPECT_EQ(held().size(), 1U);
}

}  // namespace
}  // namespace shoal::node
