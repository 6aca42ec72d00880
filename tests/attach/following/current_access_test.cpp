#include "attach/following/current_access.h"

#include "attach/following/open_node.h"
#include "doors/http/http_connection.h"
#include "node/node_testing.h"

namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::code_of;
using node::testing::must;
using node::testing::TempDir;

const Error kClosed{Code::closed, "the feed was removed", ""};

/// One process that holds a directory, and one that is attached to it.
class CurrentAccessTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<CurrentAccess> open() const {
    return must(CurrentAccess::open({.data_dir = dir_ / "data", .offline = true}, {}));
  }
  /// Facts of the node that answers a call, and how often it was called.
  [[nodiscard]] Result<node::NodeFacts> ask_facts() {
    return user_->ask([&](node::NodeApi& api) -> Result<node::NodeFacts> {
      ++calls_;
      auto listed = api.reading().feeds();
      if (!listed.ok()) return std::move(listed).error();
      return api.facts();
    });
  }

  TempDir dir_;
  std::shared_ptr<CurrentAccess> holder_ = open();
  std::shared_ptr<CurrentAccess> user_ = open();
  int calls_ = 0;
};

TEST_F(CurrentAccessTest, OpensTheDirectoryOrAttachesToItsHolder) {
  EXPECT_FALSE(holder_->get()->attached());
  EXPECT_TRUE(user_->get()->attached());
}

TEST_F(CurrentAccessTest, IsLostWhenTheProcessBehindItEnded) {
  const auto access = user_->get();
  EXPECT_FALSE(user_->lost(access, kClosed)) << "the holder still answers";
  EXPECT_TRUE(user_->lost(access, doors::connection_lost()));
  EXPECT_FALSE(holder_->lost(holder_->get(), doors::connection_lost())) << "no other process is behind it";
  EXPECT_FALSE(user_->lost(access, {Code::io, "", ""}));
  holder_->close();
  EXPECT_TRUE(user_->lost(access, kClosed));
  EXPECT_FALSE(user_->lost(access, {Code::not_found, "", ""}));
  user_->close();
  EXPECT_FALSE(user_->lost(access, kClosed)) << "closed by its owner";
}

TEST_F(CurrentAccessTest, StaysWhileItsProcessAnswers) {
  const auto access = user_->get();
  EXPECT_EQ(must(user_->replace(access, {5s})), access);
  EXPECT_EQ(user_->get(), access);
}

TEST_F(CurrentAccessTest, IsReplacedOnce) {
  int moves = 0;
  user_->on_moved([&] { ++moves; });
  const auto first = user_->get();
  holder_->close();
  const auto second = must(user_->replace(first, {5s}));
  EXPECT_NE(second, first);
  EXPECT_FALSE(second->attached()) << "the directory is free, so it is opened here";
  EXPECT_EQ(user_->get(), second);
  EXPECT_EQ(must(user_->replace(first, {5s})), second) << "whoever comes later gets the one that was found";
  EXPECT_EQ(moves, 1);
}

TEST_F(CurrentAccessTest, FindsNoneOnceItIsClosed) {
  const auto access = user_->get();
  user_->close();
  EXPECT_EQ(code_of(user_->replace(access, {5s})), Code::closed);
}

TEST_F(CurrentAccessTest, RepeatsACallWithTheNextAccess) {
  must(ask_facts());
  EXPECT_EQ(calls_, 1);
  holder_->close();
  EXPECT_EQ(must(ask_facts()).pid, ::getpid());
  EXPECT_EQ(calls_, 3);
  EXPECT_FALSE(user_->get()->attached());
}

TEST_F(CurrentAccessTest, ACheckFindsTheNextAccess) {
  user_->check_holder();
  EXPECT_TRUE(user_->get()->attached());
  holder_->close();
  user_->check_holder();
  EXPECT_FALSE(user_->get()->attached());
}

TEST(FollowingNode, ASubscriptionOutlivesTheHandleOfItsNode) {
  const node::testing::TempDir dir;
  const auto holder = must(open_node({.data_dir = dir / "data", .offline = true}));
  auto user = must(open_node({.data_dir = dir / "data", .offline = true}));
  ASSERT_TRUE(user->attached());
  const auto feed = must(holder->owning().open_feed("feed", {.create = true})).feed;
  const auto producer = must(holder->owning().open_producer("feed", {}));
  const auto subscription = must(user->reading().subscribe({.feed = feed}, {}));
  user.reset();
  must(producer->send(node::testing::record("t", "after"), {5s}));
  must(producer->flush({10s}));
  EXPECT_EQ(must(subscription->poll({.wait = {10s}})).records().size(), 1U);
}

}  // namespace
}  // namespace shoal::attach
