#include "attach/client/remote_watch.h"

#include "attach/following/directory_access.h"
#include "node/node_testing.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::must;
using node::testing::record;

/// Waits until the descriptor is readable.
bool readable(const node::WatchApi& watch, std::chrono::milliseconds limit) {
  pollfd waited{watch.descriptor(), POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(limit.count())) == 1;
}

class RemoteWatchTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<DirectoryAccess> open() const {
    return must(DirectoryAccess::open({.data_dir = dir_ / "data", .offline = true}, {5s}));
  }

  node::testing::TempDir dir_;
  std::shared_ptr<DirectoryAccess> holder_ = open();
  std::shared_ptr<DirectoryAccess> user_ = open();
  FeedId feed_ = must(holder_->api().owning().open_feed("feed", {.create = true})).feed;
  std::shared_ptr<node::WatchApi> watch_ =
      must(user_->api().reading().watch(must(user_->api().reading().resolve(feed_.hex()))));
};

TEST_F(RemoteWatchTest, AChangeMakesTheDescriptorReadableAndTheVersionAnother) {
  const std::uint64_t before = must(watch_->version());
  EXPECT_EQ(must(watch_->version()), before);
  EXPECT_FALSE(readable(*watch_, 0ms));
  const auto producer = must(holder_->api().owning().open_producer("feed", {}));
  must(producer->send(record("t", "v"), {5s}));
  must(producer->flush({10s}));
  std::uint64_t after = before;
  for (int i = 0; i < 100 && after == before && readable(*watch_, 10s); ++i) after = must(watch_->version());
  EXPECT_NE(after, before);
}

TEST_F(RemoteWatchTest, EndsWithTheProcessBehindIt) {
  holder_->close();
  EXPECT_TRUE(readable(*watch_, 10s));
  Result<std::uint64_t> ended = watch_->version();
  for (int i = 0; i < 200 && ended.ok(); ++i) {
    std::this_thread::sleep_for(20ms);
    ended = watch_->version();
  }
  EXPECT_FALSE(ended.ok());
  EXPECT_TRUE(readable(*watch_, 0ms)) << "for good";
  EXPECT_FALSE(watch_->version().ok());
}

TEST_F(RemoteWatchTest, EndsWithTheNodeOfItsOwner) {
  user_->close();
  const auto ended = watch_->version();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, Code::closed);
}

}  // namespace
}  // namespace shoal::attach
