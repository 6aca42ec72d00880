#include "node/table/open_feeds.h"

#include "node/feeds/host_world.h"

namespace shoal::node {
namespace {

class OpenFeedsTest : public ::testing::Test {
 protected:
  std::function<Result<std::shared_ptr<FeedHost>>()> opener() {
    return [this]() -> Result<std::shared_ptr<FeedHost>> {
      ++opened_;
      return world_.open();
    };
  }
  [[nodiscard]] FeedReference reference(std::string name = "") const {
    return {world_.feed, std::move(name), true, {}};
  }

  testing::HostWorld world_;
  int opened_ = 0;
  std::shared_ptr<Storage> storage_ = std::make_shared<Storage>();
  OpenFeeds feeds_{storage_};
};

TEST_F(OpenFeedsTest, AFeedIsOpenedOnce) {
  EXPECT_EQ(feeds_.host(world_.feed), nullptr);
  const auto first = feeds_.host_or_open(world_.feed, opener());
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->fresh);
  const auto second = feeds_.host_or_open(world_.feed, opener());
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->fresh);
  EXPECT_EQ(second->host, first->host);
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(feeds_.host(world_.feed), first->host);
  EXPECT_EQ(feeds_.hosts(), std::vector{first->host});
}

TEST_F(OpenFeedsTest, AFeedThatDoesNotOpenIsTriedAgain) {
  const auto refused = feeds_.host_or_open(world_.feed, []() -> Result<std::shared_ptr<FeedHost>> {
    return Error{Code::corrupt, "damaged", ""};
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::corrupt);
  EXPECT_EQ(feeds_.host(world_.feed), nullptr);
  EXPECT_TRUE(feeds_.host_or_open(world_.feed, opener())->fresh);
}

TEST_F(OpenFeedsTest, TheFirstVolatileFeedOfANameStays) {
  FeedId other = world_.feed;
  other.key.bytes[0] ^= 1;
  EXPECT_FALSE(feeds_.volatile_feed("a").has_value());
  EXPECT_EQ(*feeds_.add_volatile("a", world_.feed), world_.feed);
  EXPECT_EQ(*feeds_.add_volatile("a", other), world_.feed);
  EXPECT_EQ(*feeds_.add_volatile("b", other), other);
  EXPECT_EQ(feeds_.volatile_feed("a"), world_.feed);
  EXPECT_EQ(feeds_.volatile_feeds().size(), 2U);
}

TEST_F(OpenFeedsTest, ClosedNothingIsOpened) {
  EXPECT_EQ(*feeds_.storage(), storage_);
  feeds_.close();
  EXPECT_EQ(feeds_.storage().error().code, Code::closed);
  EXPECT_EQ(feeds_.host_or_open(world_.feed, opener()).error().code, Code::closed);
  EXPECT_EQ(feeds_.add_volatile("a", world_.feed).error().code, Code::closed);
  EXPECT_EQ(opened_, 0);
}

TEST_F(OpenFeedsTest, ClosingEndsTheWaitingAtEachFeed) {
  const auto host = feeds_.host_or_open(world_.feed, opener())->host;
  feeds_.close();
  EXPECT_FALSE(host->news().closed().has_value());
  feeds_.close_feeds();
  EXPECT_TRUE(host->news().closed().has_value());
  // What is open stays known: its last commits name it.
  EXPECT_EQ(feeds_.host(world_.feed), host);
}

TEST_F(OpenFeedsTest, ARetiredFeedIsNotFoundAndStaysUntilTheEnd) {
  auto host = feeds_.host_or_open(world_.feed, opener())->host;
  ASSERT_TRUE(feeds_.add_volatile("a", world_.feed).ok());
  feeds_.retire(reference("a"), host);
  EXPECT_EQ(feeds_.host(world_.feed), nullptr);
  EXPECT_TRUE(feeds_.hosts().empty());
  EXPECT_FALSE(feeds_.volatile_feed("a").has_value());
  const std::weak_ptr<FeedHost> alive = host;
  host.reset();
  EXPECT_FALSE(alive.expired());
  const auto all = feeds_.take_all();
  ASSERT_EQ(all.retired.size(), 1U);
  EXPECT_TRUE(all.hosts.empty());
}

TEST_F(OpenFeedsTest, AllIsTakenOnce) {
  const auto host = feeds_.host_or_open(world_.feed, opener())->host;
  const auto all = feeds_.take_all();
  EXPECT_EQ(all.storage, storage_);
  ASSERT_EQ(all.hosts.size(), 1U);
  EXPECT_EQ(all.hosts.begin()->second, host);
  EXPECT_EQ(feeds_.host(world_.feed), nullptr);
  EXPECT_EQ(feeds_.take_all().storage, nullptr);
  EXPECT_EQ(feeds_.storage().error().code, Code::closed);
}

}  // namespace
}  // namespace shoal::node
