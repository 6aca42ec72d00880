#include <shoal/result.h>

#include "base/try.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace shoal {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{Code::invalid_argument, "odd", "give an even number"};
  return value / 2;
}

Result<void> require_even(int value) {
  SHOAL_CHECK(half(value));
  return {};
}

Result<int> quarter(int value) {
  SHOAL_TRY(const int first, half(value));
  SHOAL_TRY(const int second, half(first));
  return second;
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = half(4);
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(*good, 2);

  const Result<int> bad = half(3);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, Code::invalid_argument);
  EXPECT_EQ(bad.error().message, "odd");
  EXPECT_EQ(bad.error().hint, "give an even number");
}

TEST(Result, WithoutValue) {
  EXPECT_TRUE(require_even(2).ok());
  ASSERT_FALSE(require_even(1).ok());
  EXPECT_EQ(require_even(1).error().message, "odd");
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(7).error().message, "odd");
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  EXPECT_EQ(**result, 5);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ArrowReachesTheValue) {
  Result<std::string> text = std::string("abc");
  EXPECT_EQ(text->size(), 3U);
}

TEST(ResultDeathTest, ReadingTheWrongSideEndsTheProcess) {
  EXPECT_DEATH((void)half(3).value(), "");
  EXPECT_DEATH((void)half(2).error(), "");
  EXPECT_DEATH((void)require_even(2).error(), "");
}

}  // namespace
}  // namespace shoal
