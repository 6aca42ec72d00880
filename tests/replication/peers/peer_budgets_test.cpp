#include "replication/peers/peer_budgets.h"

#include "feed/feed_world.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

PublicKey key(std::uint32_t number) {
  PublicKey out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>((number + 1) >> (8 * i));
  return out;
}

TEST(BudgetBook, APeerFindsItsBudgetsAsItLeftThem) {
  BudgetBook book;
  auto budgets = book.of(key(1), 1s);
  while (budgets->messages.spend(Ping{}, 1s)) {
  }
  budgets.reset();
  EXPECT_FALSE(book.of(key(1), 1s)->messages.spend(Ping{}, 1s));
  EXPECT_TRUE(book.of(key(2), 1s)->messages.spend(Ping{}, 1s));
  EXPECT_TRUE(book.of(key(1), 1s)->messages.spend(Ping{}, 2s)) << "time refills them";
}

TEST(BudgetBook, WithoutAKeyEachHasItsOwn) {
  BudgetBook book;
  EXPECT_NE(book.of(PublicKey{}, 1s), book.of(PublicKey{}, 1s));
  EXPECT_EQ(book.size(), 0U);
}

TEST(BudgetBook, KeepsABoundedNumberOfThoseWhoLeft) {
  BudgetBook book;
  const auto here = book.of(key(0), 1s);
  for (std::uint32_t i = 1; i <= BudgetBook::kMaxKept; ++i) std::ignore = book.of(key(i), 1s + std::chrono::seconds(i));
  EXPECT_EQ(book.size(), BudgetBook::kMaxKept + 1);
  auto oldest = book.of(key(1), 5000s).get();
  EXPECT_EQ(book.size(), BudgetBook::kMaxKept + 1);
  const auto one_more = book.of(key(5000), 5001s);
  const auto another = book.of(key(5001), 5001s);
  std::ignore = book.of(key(5002), 5002s);
  std::ignore = book.of(key(5003), 5002s);
  EXPECT_EQ(book.size(), BudgetBook::kMaxKept + 4) << "those who are here do not count";
  EXPECT_EQ(book.of(key(0), 5003s), here);
  EXPECT_EQ(book.of(key(1), 5003s).get(), oldest) << "it came again meanwhile";
}

TEST(FairBudget, APeersShareIsThereWhateverOthersTake) {
  FairBudget all{{10, 100}};
  base::TokenBucket greedy{{1, 4}};
  base::TokenBucket honest{{1, 4}};
  int taken = 0;
  while (all.take(greedy, 1h)) ++taken;
  EXPECT_EQ(taken, 104);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(all.take(honest, 1h));
  EXPECT_FALSE(all.take(honest, 1h));
  EXPECT_TRUE(all.take(honest, 1h + 1s));
}

}  // namespace
}  // namespace shoal::replication
