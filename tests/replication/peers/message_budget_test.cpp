#include "replication/peers/message_budget.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

int passed(MessageBudget& budget, const Body& body, int tries, base::MonoTime now) {
  int out = 0;
  for (int i = 0; i < tries; ++i) out += budget.spend(body, now) ? 1 : 0;
  return out;
}

TEST(MessageBudget, BoundsEachKindByItself) {
  MessageBudget budget;
  EXPECT_EQ(passed(budget, Ping{}, 1'000'000, 1h), 200);
  EXPECT_EQ(passed(budget, AskHead{}, 1'000'000, 1h), 2'000);
  EXPECT_EQ(passed(budget, Ping{}, 1'000, 1h), 0);
  EXPECT_EQ(passed(budget, Ping{}, 1'000, 1h + 1s), 20);
}

TEST(MessageBudget, WhatCostsUsIsBounded) {
  for (const Body& body : std::vector<Body>{Ping{}, AskHead{}, Growth{}, TopicStateRequest{}, Lookup{}, Head{}, Fork{},
                                            NoHead{}, Have{}, Want{}, Credit{}, Cancel{}, ReceiptMessage{}}) {
    MessageBudget budget;
    EXPECT_LT(passed(budget, body, 50'000, 1h), 50'000) << message_name(body);
  }
}

TEST(MessageBudget, WhatCreditAndQuestionsGovernPasses) {
  MessageBudget budget;
  for (const Body& body : std::vector<Body>{Data{}, Piece{}, WantEnd{}, GrowthReply{}, LookupReply{}, Pong{}}) {
    EXPECT_EQ(passed(budget, body, 100'000, 1h), 100'000) << message_name(body);
  }
}

TEST(MessageBudget, ALookUpByTimeCostsItsSearch) {
  MessageBudget by_offset;
  MessageBudget by_time;
  EXPECT_EQ(passed(by_offset, Lookup{1, {}, LookupBy::offset, 0}, 100'000, 1h), 10'000);
  EXPECT_EQ(passed(by_time, Lookup{1, {}, LookupBy::time, 0}, 100'000, 1h), 10'000 / 32);
}

TEST(MessageBudget, ManyEntriesCostMoreThanFew) {
  TopicStateRequest few;
  few.count = 1;
  TopicStateRequest many;
  many.count = 0xffffffff;
  MessageBudget first;
  MessageBudget second;
  EXPECT_GT(passed(first, few, 100'000, 1h), 7'000);
  const int whole = passed(second, many, 100'000, 1h);
  EXPECT_LT(whole, 200);
  // The largest feed's topics, at once.
  EXPECT_GT(whole, 65'536 / 1'024);
}

TEST(MessageBudget, AFeedThatIsSignedAHundredTimesASecondFitsBehindAStandingLine) {
  MessageBudget budget;
  EXPECT_EQ(passed(budget, Head{}, 100 * 60, 1h), 100 * 60);
}

}  // namespace
}  // namespace shoal::replication
