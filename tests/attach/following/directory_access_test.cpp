#include "attach/following/directory_access.h"

#include "node/directory/data_directory.h"
#include "node/node_testing.h"

#include <gtest/gtest.h>

namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::code_of;
using node::testing::must;
using node::testing::TempDir;

class DirectoryAccessTest : public ::testing::Test {
 protected:
  [[nodiscard]] NodeOptions options() {
    NodeOptions options{.data_dir = dir_ / "data", .offline = true};
    options.log = [this](LogLevel level, std::string_view text) {
      if (level >= LogLevel::warning) warnings_.emplace_back(text);
    };
    return options;
  }
  [[nodiscard]] std::shared_ptr<DirectoryAccess> open() { return must(DirectoryAccess::open(options(), {5s})); }

  TempDir dir_;
  std::vector<std::string> warnings_;
};

TEST_F(DirectoryAccessTest, AFreeDirectoryIsOpened) {
  const auto access = open();
  EXPECT_FALSE(access->attached());
  EXPECT_TRUE(access->answers());
  EXPECT_EQ(access->clients(), 0U);
  EXPECT_TRUE(access->wait_for_clients({}));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(DirectoryAccessTest, TheHolderOfATakenDirectoryIsAttachedTo) {
  const auto holder = open();
  const auto user = open();
  EXPECT_TRUE(user->attached());
  EXPECT_TRUE(user->answers());
  EXPECT_EQ(user->clients(), 0U);
  EXPECT_TRUE(user->wait_for_clients({}));
  EXPECT_EQ(holder->clients(), 1U);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(holder->wait_for_clients({10s, stop.get_token()}));
  user->rest();
  EXPECT_TRUE(holder->wait_for_clients({10s}));
  EXPECT_TRUE(user->answers()) << "it connects again";
  EXPECT_TRUE(warnings_.empty()) << "neither has a network";
}

TEST_F(DirectoryAccessTest, AnEndedHolderAnswersNoMore) {
  const auto holder = open();
  const auto user = open();
  holder->close();
  EXPECT_FALSE(user->answers());
  EXPECT_FALSE(open()->attached()) << "the directory is free again";
}

TEST_F(DirectoryAccessTest, WithoutLeaveToAttachATakenDirectoryIsInUse) {
  auto alone = options();
  alone.attach = false;
  {
    const auto holder = must(DirectoryAccess::open(alone, {5s}));
    EXPECT_EQ(code_of(DirectoryAccess::open(alone, {5s})), Code::in_use);
    EXPECT_EQ(holder->clients(), 0U);
    EXPECT_TRUE(holder->wait_for_clients({10s}));
    EXPECT_EQ(code_of(DirectoryAccess::open(options(), {50ms})), Code::in_use) << "it serves nobody";
  }
  EXPECT_TRUE(DirectoryAccess::open(alone, {5s}).ok());
}

TEST_F(DirectoryAccessTest, AHolderThatDoesNotAnswerIsWaitedFor) {
  const auto lock = must(node::DataDirectory::open(dir_ / "data"));
  const auto begin = std::chrono::steady_clock::now();
  const auto opened = DirectoryAccess::open(options(), {100ms});
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  ASSERT_EQ(code_of(opened), Code::in_use);
  EXPECT_NE(opened.error().message.find("which does not answer"), std::string::npos) << opened.error().message;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_of(DirectoryAccess::open(options(), {10s, stop.get_token()})), Code::cancelled);
}

TEST_F(DirectoryAccessTest, OfAHolderWithoutANetworkIsWarned) {
  const auto holder = open();
  auto online = options();
  online.offline = false;
  const auto begin = std::chrono::steady_clock::now();
  const auto user = must(DirectoryAccess::open(online, {20s}));
  EXPECT_TRUE(user->attached());
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, 250ms) << "it may end soon";
  EXPECT_LT(took, 10s);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("uses no network"), std::string::npos);
  online.log = {};
  EXPECT_TRUE(DirectoryAccess::open(online, {0ms}).ok()) << "it cannot wait, and nobody listens to warnings";
}

TEST_F(DirectoryAccessTest, OtherErrorsAreToldAtOnce) {
  auto wrong = options();
  wrong.data_dir.clear();
  EXPECT_EQ(code_of(DirectoryAccess::open(wrong, {10s})), Code::invalid_argument);
}

}  // namespace
}  // namespace shoal::attach
