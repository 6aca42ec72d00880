#include "swarm/dial_book.h"

#include "swarm/schedule_testing.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using Source = DialBook::Source;
using testing::feed_of;

std::vector<MonoTime> run(DialBook& book, MonoTime from, MonoTime to) { return testing::run(book, from, to, 100ms); }

TEST(DialBook, DialsAtOnceAndOftenAndThenLessAndLess) {
  DialBook book;
  EXPECT_EQ(book.next(0ms), std::nullopt);
  EXPECT_EQ(book.wake_at(), std::nullopt);
  book.add(feed_of(1), "10.0.0.1:1", Source::named, 0ms);
  EXPECT_EQ(book.wake_at(), MonoTime(0ms));
  const auto times = run(book, 0ms, 10min);
  ASSERT_GT(times.size(), 30U);
  for (std::size_t i = 1; i < static_cast<std::size_t>(DialBook::kLonelyTries); ++i)
    EXPECT_EQ(times[i] - times[i - 1], 2s);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(times[i] - times[i - 1], 30s);
  EXPECT_EQ(times.back() - times[times.size() - 2], 30s);
}

TEST(DialBook, NamesAllAddressesOfTheFeed) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::named, 0ms);
  book.add(feed_of(1), "10.0.0.2:1", Source::remembered, 0ms);
  const auto dial = book.next(0ms);
  ASSERT_TRUE(dial.has_value());
  EXPECT_EQ(dial->feed, feed_of(1));
  EXPECT_EQ(dial->addresses, (std::vector<std::string>{"10.0.0.1:1", "10.0.0.2:1"}));
}

TEST(DialBook, WhatIsRememberedRestsWhileThereIsAPeer) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::remembered, 0ms);
  EXPECT_TRUE(book.next(0ms).has_value());
  book.found_peer(feed_of(1), 1s);
  EXPECT_TRUE(run(book, 1s, 1h).empty());
  book.lost_peers(feed_of(1), 2h);
  EXPECT_TRUE(book.next(2h).has_value());
}

TEST(DialBook, WhatWasNamedIsDialledNowAndThenBesideAPeer) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::named, 0ms);
  book.add(feed_of(1), "10.0.0.2:1", Source::remembered, 0ms);
  EXPECT_TRUE(book.next(0ms).has_value());
  book.found_peer(feed_of(1), 1s);
  const auto again = book.next(31s);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->addresses, std::vector<std::string>{"10.0.0.1:1"});
  const auto times = run(book, 31s, 4h);
  EXPECT_LT(times.size(), 30U);
  EXPECT_GT(times.size(), 20U);
}

TEST(DialBook, ANameMakesTheRememberedNamed) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::remembered, 0ms);
  book.add(feed_of(1), "10.0.0.1:1", Source::named, 0ms);
  book.add(feed_of(1), "10.0.0.1:1", Source::remembered, 0ms);
  book.found_peer(feed_of(1), 1s);
  EXPECT_TRUE(book.next(40s).has_value());
}

TEST(DialBook, WhoNeedsMorePeersDialsAllButNotInAStream) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::remembered, 0ms);
  EXPECT_TRUE(book.next(0ms).has_value());
  book.found_peer(feed_of(1), 1s);
  std::size_t dials = 0;
  for (MonoTime now = 10s; now < 20s; now += 10ms) {
    book.need_peers(feed_of(1), now);
    if (book.next(now)) ++dials;
  }
  EXPECT_EQ(dials, 2U);
}

TEST(DialBook, APeerThatComesAndGoesIsNoStreamOfDials) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::named, 0ms);
  std::size_t dials = 0;
  for (MonoTime now = 0ms; now < 10s; now += 10ms) {
    if (book.next(now)) ++dials;
    book.found_peer(feed_of(1), now);
    book.lost_peers(feed_of(1), now);
  }
  EXPECT_LE(dials, 10U);
}

TEST(DialBook, ANewNetworkIsWorthANewTry) {
  DialBook book;
  book.add(feed_of(1), "10.0.0.1:1", Source::remembered, 0ms);
  run(book, 0ms, 1h);
  book.restart(1h + 1s);
  const auto times = run(book, 1h + 1s, 1h + 10s);
  EXPECT_GE(times.size(), 4U);
}

TEST(DialBook, ForgetsWhatWasRemovedAndBoundsWhatItTakes) {
  DialBook book;
  for (int i = 0; i < 1000; ++i) book.add(feed_of(1), "10.0.0.1:" + std::to_string(i), Source::remembered, 0ms);
  EXPECT_EQ(book.next(0ms)->addresses.size(), DialBook::kMaxAddresses);
  book.remove(feed_of(1));
  book.found_peer(feed_of(2), 0ms);
  EXPECT_TRUE(run(book, 0ms, 1h).empty());
}

TEST(DialBook, ThousandsOfFeedsAreDialledAtAPace) {
  DialBook book;
  for (int i = 0; i < 2000; ++i) book.add(feed_of(i), "10.0.0.1:1", Source::named, 0ms);
  std::set<crypto::Digest> dialled;
  for (MonoTime now = 0ms; now <= 10s; now += 5ms) {
    if (const auto dial = book.next(now)) dialled.insert(dial->feed);
  }
  EXPECT_EQ(dialled.size(), 2000U);
}

}  // namespace
}  // namespace shoal::swarm
