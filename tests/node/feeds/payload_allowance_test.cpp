#include "node/feeds/payload_allowance.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

const Error kProblem{Code::no_space, "too small", ""};

TEST(PayloadAllowance, WithoutOneThereIsAlwaysRoom) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.spend(1'000'000));
  EXPECT_FALSE(allowance.exhausted());
}

TEST(PayloadAllowance, CountsFromWhatIsHeldWhenItIsGiven) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.give(100, 1000));
  EXPECT_FALSE(allowance.spend(1100));
  EXPECT_FALSE(allowance.exhausted());
  EXPECT_TRUE(allowance.spend(1101));
  EXPECT_TRUE(allowance.exhausted());
}

TEST(PayloadAllowance, IsUsedUpOnce) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.give(100, 0));
  EXPECT_TRUE(allowance.spend(101));
  EXPECT_FALSE(allowance.spend(102));
  EXPECT_TRUE(allowance.exhausted());
}

TEST(PayloadAllowance, ANewOneSaysWhenFetchingMayGoOn) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.give(100, 0));
  EXPECT_TRUE(allowance.spend(101));
  EXPECT_TRUE(allowance.give(100, 101));
  EXPECT_FALSE(allowance.exhausted());
  EXPECT_FALSE(allowance.give(100, 101));
  EXPECT_FALSE(allowance.spend(201));
  EXPECT_TRUE(allowance.spend(202));
  EXPECT_TRUE(allowance.give(std::nullopt, 202));
  EXPECT_FALSE(allowance.spend(1'000'000));
}

TEST(PayloadAllowance, WhatIsPrunedMakesNoRoom) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.give(100, 1000));
  allowance.on_pruned(600);
  EXPECT_FALSE(allowance.spend(500));
  EXPECT_TRUE(allowance.spend(501));
}

TEST(PayloadAllowance, MoreMayBePrunedThanWasHeldThen) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.give(100, 50));
  allowance.on_pruned(80);
  EXPECT_FALSE(allowance.spend(100));
  EXPECT_TRUE(allowance.spend(101));
}

TEST(PayloadAllowance, AProblemLeavesNoRoom) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.problem().has_value());
  EXPECT_TRUE(allowance.set_problem(kProblem));
  EXPECT_EQ(allowance.problem()->message, kProblem.message);
  EXPECT_TRUE(allowance.exhausted());
}

TEST(PayloadAllowance, OnlyAProblemAndItsEndAreNews) {
  PayloadAllowance allowance;
  EXPECT_FALSE(allowance.set_problem(std::nullopt));
  EXPECT_TRUE(allowance.set_problem(kProblem));
  EXPECT_TRUE(allowance.set_problem(kProblem));
  EXPECT_TRUE(allowance.set_problem(std::nullopt));
  EXPECT_FALSE(allowance.problem().has_value());
  EXPECT_FALSE(allowance.exhausted());
  EXPECT_FALSE(allowance.set_problem(std::nullopt));
}

}  // namespace
}  // namespace shoal::node
