#include "node/reading/feed_watch.h"

#include "node/feeds/host_world.h"

#include <poll.h>

namespace shoal::node {
namespace {

bool is_readable(const FeedWatch& watch) {
  pollfd descriptor{watch.descriptor(), POLLIN, 0};
  return ::poll(&descriptor, 1, 0) == 1;
}

class FeedWatchTest : public ::testing::Test {
 protected:
  testing::HostWorld world_;
  std::shared_ptr<FeedHost> host_ = world_.open();
};

TEST_F(FeedWatchTest, EachChangeIsTold) {
  const auto watch = FeedWatch::open(host_).value();
  const std::uint64_t before = watch->version().value();
  EXPECT_FALSE(is_readable(*watch));
  host_->news().notify();
  EXPECT_TRUE(is_readable(*watch));
  EXPECT_EQ(watch->version().value(), host_->news().version());
  EXPECT_GT(host_->news().version(), before);
  EXPECT_FALSE(is_readable(*watch));
}

TEST_F(FeedWatchTest, IsReadableUntilItWasAskedOnce) {
  const auto watch = FeedWatch::open(host_).value();
  EXPECT_TRUE(is_readable(*watch));
}

TEST_F(FeedWatchTest, WatchesOfOneFeedAreIndependent) {
  const auto first = FeedWatch::open(host_).value();
  const auto second = FeedWatch::open(host_).value();
  host_->news().notify();
  ASSERT_TRUE(first->version().ok());
  EXPECT_FALSE(is_readable(*first));
  EXPECT_TRUE(is_readable(*second));
}

TEST_F(FeedWatchTest, TheEndIsToldForGood) {
  const auto watch = FeedWatch::open(host_).value();
  ASSERT_TRUE(watch->version().ok());
  host_->news().close({Code::closed, "the feed went", ""});
  EXPECT_TRUE(is_readable(*watch));
  for (int i = 0; i < 2; ++i) {
    const auto version = watch->version();
    ASSERT_FALSE(version.ok());
    EXPECT_EQ(version.error().code, Code::closed);
    EXPECT_EQ(version.error().message, "the feed went");
    EXPECT_TRUE(is_readable(*watch));
  }
}

TEST_F(FeedWatchTest, OutlivesItsFeed) {
  const auto watch = FeedWatch::open(host_).value();
  ASSERT_TRUE(watch->version().ok());
  host_.reset();
  const auto version = watch->version();
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().code, Code::closed);
  EXPECT_TRUE(is_readable(*watch));
}

TEST_F(FeedWatchTest, AFeedThatWentIsNotWatched) {
  host_->news().close({Code::closed, "the feed went", ""});
  const auto watch = FeedWatch::open(host_);
  ASSERT_FALSE(watch.ok());
  EXPECT_EQ(watch.error().message, "the feed went");
}

}  // namespace
}  // namespace shoal::node
