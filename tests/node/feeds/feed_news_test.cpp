#include "node/feeds/feed_news.h"

#include <gtest/gtest.h>

#include <poll.h>

#include <atomic>
#include <thread>

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using Clock = std::chrono::steady_clock;

const Error kReason{Code::closed, "the feed went", ""};

bool is_raised(const ReadySignal& signal) {
  pollfd descriptor{signal.descriptor(), POLLIN, 0};
  return ::poll(&descriptor, 1, 0) == 1;
}

/// A lowered signal that watches `news`.
std::shared_ptr<ReadySignal> watching(FeedNews& news) {
  auto signal = *ReadySignal::make();
  news.watch(signal);
  signal->lower();
  return signal;
}

/// Calls `wake` beside a thread that waits for `news`; what wait_change() said, and how long it took.
template <typename Wake>
std::pair<bool, Clock::duration> waited(const FeedNews& news, Wake wake, const std::stop_token& stop = {}) {
  const auto begin = Clock::now();
  bool changed = false;
  std::thread waiter([&, seen = news.version()] { changed = news.wait_change(seen, begin + 20s, stop); });
  std::this_thread::sleep_for(20ms);
  wake();
  waiter.join();
  return {changed, Clock::now() - begin};
}

TEST(FeedNews, EachNotifyIsANewVersion) {
  FeedNews news;
  const std::uint64_t before = news.version();
  news.notify();
  const std::uint64_t after = news.version();
  news.notify();
  EXPECT_NE(before, after);
  EXPECT_NE(after, news.version());
}

TEST(FeedNews, AChangeBeforeTheWaitIsNotMissed) {
  FeedNews news;
  const std::uint64_t seen = news.version();
  news.notify();
  EXPECT_TRUE(news.wait_change(seen, Clock::now() + 20s, {}));
}

TEST(FeedNews, WithoutAChangeTheWaitEndsAtItsDeadline) {
  FeedNews news;
  const auto deadline = Clock::now() + 30ms;
  EXPECT_FALSE(news.wait_change(news.version(), deadline, {}));
  EXPECT_GE(Clock::now(), deadline);
}

TEST(FeedNews, AFeedThatChangesAllTheTimeKeepsNobodyPastTheDeadline) {
  FeedNews news;
  news.notify();
  EXPECT_FALSE(news.wait_change(0, Clock::now() - 1ms, {}));
}

TEST(FeedNews, NotifyWakesAWaiterAtOnce) {
  FeedNews news;
  const auto [changed, took] = waited(news, [&] { news.notify(); });
  EXPECT_TRUE(changed);
  EXPECT_LT(took, 10s);
}

TEST(FeedNews, CloseWakesAWaiterAtOnceAndForGood) {
  FeedNews news;
  EXPECT_FALSE(news.closed().has_value());
  const auto [changed, took] = waited(news, [&] { news.close(kReason); });
  EXPECT_FALSE(changed);
  EXPECT_LT(took, 10s);
  news.notify();
  EXPECT_FALSE(news.wait_change(0, Clock::now() + 20s, {}));
}

TEST(FeedNews, AStopWakesAWaiterAtOnce) {
  FeedNews news;
  std::stop_source stop;
  const auto [changed, took] = waited(
      news, [&] { stop.request_stop(); }, stop.get_token());
  EXPECT_FALSE(changed);
  EXPECT_LT(took, 10s);
  // Also when something changed meanwhile.
  news.notify();
  EXPECT_FALSE(news.wait_change(0, Clock::now() + 20s, stop.get_token()));
}

TEST(FeedNews, TheFirstReasonToCloseStays) {
  FeedNews news;
  news.close(kReason);
  news.close({Code::closed, "another", ""});
  ASSERT_TRUE(news.closed().has_value());
  EXPECT_EQ(news.closed()->message, kReason.message);
}

TEST(FeedNews, EveryWatchingSignalIsRaisedByNotifyAndByClose) {
  FeedNews news;
  const auto first = watching(news);
  const auto second = watching(news);
  EXPECT_FALSE(is_raised(*first));
  news.notify();
  EXPECT_TRUE(is_raised(*first));
  EXPECT_TRUE(is_raised(*second));
  first->lower();
  news.notify();
  EXPECT_TRUE(is_raised(*first));
  first->lower();
  news.close(kReason);
  EXPECT_TRUE(is_raised(*first));
}

TEST(FeedNews, ASignalThatNobodyHoldsIsLeftAlone) {
  FeedNews news;
  auto gone = watching(news);
  const auto stays = watching(news);
  gone.reset();
  news.notify();
  EXPECT_TRUE(is_raised(*stays));
}

TEST(FeedNews, ASignalIsNotRaisedBeforeTheFirstChange) {
  FeedNews news;
  const auto signal = *ReadySignal::make();
  signal->lower();
  news.watch(signal);
  EXPECT_FALSE(is_raised(*signal));
}

TEST(FeedNews, ASignalThatNobodyHoldsTakesNoMemory) {
  FeedNews news;
  const auto signal = *ReadySignal::make();
  auto part = std::make_shared<int>(0);
  const std::weak_ptr<int> listed = part;
  // The deleter goes when the list has forgotten the signal.
  std::shared_ptr<ReadySignal> watching(signal.get(), [part = std::move(part)](ReadySignal*) {});
  news.watch(watching);
  watching.reset();
  news.notify();
  EXPECT_TRUE(listed.expired());
}

TEST(FeedNews, ASignalThatWatchesAClosedFeedIsRaised) {
  FeedNews news;
  news.close(kReason);
  const auto signal = *ReadySignal::make();
  signal->lower();
  news.watch(signal);
  EXPECT_TRUE(is_raised(*signal));
}

TEST(FeedNews, NoChangeIsMissedByManyThreads) {
  FeedNews news;
  constexpr int kChanges = 2000;
  std::atomic<bool> missed = false;
  const auto wait_for_all = [&] {
    for (std::uint64_t seen = news.version(); seen < kChanges; seen = news.version()) {
      if (!news.wait_change(seen, Clock::now() + 20s, {})) missed = true;
    }
  };
  std::thread first(wait_for_all);
  std::thread second(wait_for_all);
  for (int i = 0; i < kChanges; ++i) news.notify();
  first.join();
  second.join();
  EXPECT_FALSE(missed);
}

}  // namespace
}  // namespace shoal::node
