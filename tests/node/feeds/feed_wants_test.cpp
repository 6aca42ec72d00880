#include "node/feeds/feed_wants.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

FeedWants::Want of_topics(std::vector<std::string> topics, bool in_order = false) {
  return {{std::move(topics), std::nullopt}, false, in_order};
}

class FeedWantsTest : public ::testing::Test {
 protected:
  int changes_ = 0;
  FeedWants wants_{[this] { ++changes_; }};
};

TEST_F(FeedWantsTest, NothingIsWantedAtFirst) {
  EXPECT_TRUE(wants_.sum().empty());
  EXPECT_FALSE(wants_.sum().everything);
  EXPECT_FALSE(wants_.sum().in_order);
  EXPECT_FALSE(wants_.sum().has_patterns());
}

TEST_F(FeedWantsTest, TheSumHasTheFilterOfEachHandle) {
  const auto first = wants_.add(of_topics({"a"}));
  const auto second = wants_.add(of_topics({"b", "c"}));
  const auto sum = wants_.sum();
  EXPECT_FALSE(sum.empty());
  ASSERT_EQ(sum.filters.size(), 2U);
  EXPECT_EQ(sum.filters[0].topics, std::vector<std::string>{"a"});
  EXPECT_EQ(sum.filters[1].topics.size(), 2U);
  EXPECT_FALSE(sum.everything);
  EXPECT_FALSE(sum.in_order);
}

TEST_F(FeedWantsTest, OneThatWantsEverythingIsEnough) {
  const auto all = wants_.add({});
  const auto some = wants_.add(of_topics({"a"}));
  EXPECT_TRUE(wants_.sum().everything);
}

TEST_F(FeedWantsTest, OneThatIsReadInOrderIsEnough) {
  const auto reader = wants_.add(of_topics({"a"}, true));
  const auto mirror = wants_.add(of_topics({"b"}, false));
  EXPECT_TRUE(wants_.sum().in_order);
}

TEST_F(FeedWantsTest, AWantEndsWithTheLastCopyOfItsHandle) {
  auto handle = wants_.add(of_topics({"a"}));
  auto copy = handle;
  const auto other = wants_.add(of_topics({"b"}));
  EXPECT_EQ(changes_, 2);
  handle.reset();
  EXPECT_EQ(wants_.sum().filters.size(), 2U);
  EXPECT_EQ(changes_, 2);
  copy.reset();
  ASSERT_EQ(wants_.sum().filters.size(), 1U);
  EXPECT_EQ(wants_.sum().filters[0].topics, std::vector<std::string>{"b"});
  EXPECT_EQ(changes_, 3);
}

TEST_F(FeedWantsTest, PatternsMatterUnlessEverythingIsWanted) {
  const auto names = wants_.add(of_topics({"a"}));
  EXPECT_FALSE(wants_.sum().has_patterns());
  const auto pattern = wants_.add(of_topics({"b*"}));
  EXPECT_TRUE(wants_.sum().has_patterns());
  const auto all = wants_.add({});
  EXPECT_FALSE(wants_.sum().has_patterns());
}

TEST_F(FeedWantsTest, AppliedIsTheNewestChangeOnly) {
  EXPECT_TRUE(wants_.applied());
  auto handle = wants_.add(of_topics({"a"}));
  EXPECT_FALSE(wants_.applied());
  const auto older = wants_.sum().change;
  handle.reset();
  const auto newer = wants_.sum().change;
  wants_.set_applied(older);
  EXPECT_FALSE(wants_.applied());
  wants_.set_applied(newer);
  EXPECT_TRUE(wants_.applied());
  // What comes late takes nothing back.
  wants_.set_applied(older);
  EXPECT_TRUE(wants_.applied());
}

TEST_F(FeedWantsTest, TheChangeIsMadeWhenItIsTold) {
  std::size_t wanted = 0;
  FeedWants* asked = nullptr;
  FeedWants wants([&] { wanted = asked->sum().filters.size(); });
  asked = &wants;
  auto handle = wants.add({});
  EXPECT_EQ(wanted, 1U);
  handle.reset();
  EXPECT_EQ(wanted, 0U);
}

TEST(FeedWants, AHandleMayOutliveThem) {
  int changes = 0;
  FeedWants::Handle handle;
  {
    FeedWants wants([&] { ++changes; });
    handle = wants.add({});
  }
  handle.reset();
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace shoal::node
