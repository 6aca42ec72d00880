#include "node/feeds/fork_record.h"

#include "feed/feed_world.h"
#include "feed/sample_feed.h"

#include <fstream>

namespace shoal::node {
namespace {

using feed::testing::SampleFeed;

struct LogLines final : base::LogSink {
  std::vector<std::string> lines;
  void log(base::LogLevel, std::string_view, std::string_view message) override { lines.emplace_back(message); }
};

class ForkRecordTest : public ::testing::Test {
 protected:
  ForkRecordTest() {
    feed_.append_data("t");
    EXPECT_TRUE(follower_.open().ok());
  }
  /// One head twice, with another topic state.
  [[nodiscard]] feed::ForkProof proof() const {
    feed::Checkpoint other = feed_.head();
    other.topic_root.bytes[0] ^= 1;
    return feed::find_fork(feed_.id(), feed_.head(), feed_.sign(other), feed_.tree()).value().value();
  }
  [[nodiscard]] std::filesystem::path forks() const { return directory_.path() / "forks"; }
  [[nodiscard]] std::filesystem::path file() const { return forks() / (feed_.id().hex() + ".fork"); }
  [[nodiscard]] ForkRecord record(const std::filesystem::path& directory) { return {*follower_.log, directory, log_}; }
  void store() { ASSERT_TRUE(follower_.log->put_fork_proof(proof()).ok()); }

  feed::testing::ScratchDir directory_;
  LogLines log_;
  SampleFeed feed_;
  feed::testing::Follower follower_{feed_.id()};
};

TEST_F(ForkRecordTest, WithoutAForkThereIsNothingToTell) {
  const ForkRecord fork = record(forks());
  ForkRecord opened = record(forks());
  ASSERT_TRUE(opened.open().ok());
  EXPECT_FALSE(fork.error().has_value());
  EXPECT_EQ(fork.path(), "");
  EXPECT_FALSE(fork.keep_file());
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(ForkRecordTest, TheStoredProofIsKeptAsAFile) {
  store();
  ForkRecord fork = record(forks());
  ASSERT_TRUE(fork.open().ok());
  EXPECT_TRUE(std::filesystem::exists(file()));
  EXPECT_EQ(fork.path(), file().string());
}

TEST_F(ForkRecordTest, TheFileOfARemovedFeedIsStoredAgain) {
  ASSERT_TRUE(ForkFile(forks(), feed_.id()).keep(feed::encode_fork_proof(proof())).ok());
  ForkRecord fork = record(forks());
  EXPECT_FALSE(fork.error().has_value());
  ASSERT_TRUE(fork.open().ok());
  EXPECT_TRUE(follower_.reader().fork_proof().has_value());
  EXPECT_TRUE(fork.error().has_value());
}

TEST_F(ForkRecordTest, AContradictionIsAnErrorWithoutAFile) {
  const feed::Contradiction note{proof().longer, BlockIndex{0}, "the base offset does not continue"};
  ASSERT_TRUE(follower_.log->put_contradiction(note).ok());
  const auto error = record(forks()).error();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::contradiction);
  EXPECT_NE(error->message.find(feed_.id().hex() + " contradicts himself at block 0"), std::string::npos);
  EXPECT_NE(error->message.find(note.reason), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file()));
  store();  // two histories say more
  EXPECT_EQ(record(forks()).error()->code, Code::fork);
}

TEST_F(ForkRecordTest, TheErrorNamesFeedAndFile) {
  store();
  const auto error = record(forks()).error();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::fork);
  EXPECT_NE(error->message.find(feed_.id().hex()), std::string::npos);
  EXPECT_NE(error->message.find("the proof is " + file().string()), std::string::npos) << error->message;
  EXPECT_NE(error->hint.find("verify-fork"), std::string::npos);
  // It is there for those that are notified of it.
  EXPECT_TRUE(std::filesystem::exists(file()));
}

TEST_F(ForkRecordTest, WithoutFilesTheProofIsInTheStore) {
  store();
  ForkRecord fork = record({});
  ASSERT_TRUE(fork.open().ok());
  EXPECT_FALSE(fork.keep_file());
  const auto error = fork.error();
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(error->message.find("the proof is in the store"), std::string::npos) << error->message;
  EXPECT_EQ(error->hint.find("verify-fork"), std::string::npos);
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(ForkRecordTest, WithoutFilesNoneIsRead) {
  // A file that would be found in the working directory.
  ASSERT_TRUE(ForkFile(forks(), feed_.id()).keep(feed::encode_fork_proof(proof())).ok());
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(forks());
  ForkRecord fork = record({});
  EXPECT_TRUE(fork.open().ok());
  std::filesystem::current_path(before);
  EXPECT_FALSE(fork.error().has_value());
}

TEST_F(ForkRecordTest, ADiskThatRefusesIsLogged) {
  store();
  std::ofstream(forks()) << "no directory";
  ForkRecord fork = record(forks());
  EXPECT_TRUE(fork.open().ok());
  EXPECT_EQ(log_.lines.size(), 1U);
  EXPECT_FALSE(fork.keep_file());
  EXPECT_NE(fork.error()->message.find("in the store"), std::string::npos);
}

}  // namespace
}  // namespace shoal::node
