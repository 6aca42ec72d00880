#include "base/token_bucket.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::base {
namespace {

TEST(TokenBucket, GivesItsBurstAtOnceAndThenItsRate) {
  TokenBucket bucket({10, 5});
  MonoTime now = 1h;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(1, now));
  EXPECT_FALSE(bucket.take(1, now));
  now += 100ms;
  EXPECT_TRUE(bucket.take(1, now));
  EXPECT_FALSE(bucket.take(1, now));
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) taken += bucket.take(1, now += 1ms) ? 1 : 0;
  EXPECT_NEAR(taken, 100, 1);
}

TEST(TokenBucket, HoldsNoMoreThanItsBurstHoweverLongItRests) {
  TokenBucket bucket({10, 5});
  EXPECT_TRUE(bucket.take(5, 1h));
  EXPECT_FALSE(bucket.full(1h));
  EXPECT_TRUE(bucket.full(48h));
  int taken = 0;
  while (bucket.take(1, 48h)) ++taken;
  EXPECT_EQ(taken, 5);
}

TEST(TokenBucket, WhatCostsMoreThanTheBurstIsNotRefusedForEver) {
  TokenBucket bucket({10, 5});
  EXPECT_TRUE(bucket.take(50, 1h));
  EXPECT_FALSE(bucket.take(50, 1h + 400ms));
  EXPECT_TRUE(bucket.take(50, 1h + 500ms));
}

TEST(TokenBucket, TimeThatGoesBackGivesNothing) {
  TokenBucket bucket({10, 1});
  EXPECT_TRUE(bucket.take(1, 1h));
  EXPECT_FALSE(bucket.take(1, 30min));
  EXPECT_FALSE(bucket.take(1, 1h));
}

}  // namespace
}  // namespace shoal::base
