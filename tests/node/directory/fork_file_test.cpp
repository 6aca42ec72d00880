#include "node/directory/fork_file.h"

#include "feed/feed_world.h"
#include "feed/sample_feed.h"

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

namespace shoal::node {
namespace {

using feed::testing::SampleFeed;

/// One head twice, with another topic state.
feed::ForkProof proof_against(const SampleFeed& feed) {
  const feed::Checkpoint head = feed.head();
  feed::Checkpoint other = head;
  other.topic_root.bytes[0] ^= 1;
  return feed::find_fork(feed.id(), head, feed.sign(other), feed.tree()).value().value();
}

class ForkFileTest : public ::testing::Test {
 protected:
  ForkFileTest() { feed_.append_data("t"); }
  [[nodiscard]] ForkFile file() const { return ForkFile(directory_.path() / "forks", feed_.id()); }

  feed::testing::ScratchDir directory_;
  SampleFeed feed_;
};

TEST_F(ForkFileTest, KeepsWhatProvesAFork) {
  EXPECT_FALSE(file().read().has_value());
  const Bytes bytes = feed::encode_fork_proof(proof_against(feed_));
  ASSERT_TRUE(file().keep(bytes).ok());
  const auto read = file().read();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(feed::encode_fork_proof(*read), bytes);
  EXPECT_EQ(file().path().filename(), feed_.id().hex() + ".fork");
  EXPECT_TRUE(file().keep(bytes).ok());
}

TEST_F(ForkFileTest, MendsADamagedFileAndBelievesNone) {
  const Bytes bytes = feed::encode_fork_proof(proof_against(feed_));
  ASSERT_TRUE(file().keep(bytes).ok());
  {
    std::fstream damaged(file().path(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(100);
    damaged.put('x');
  }
  EXPECT_FALSE(file().read().has_value());
  ASSERT_TRUE(file().keep(bytes).ok());
  EXPECT_TRUE(file().read().has_value());
}

TEST_F(ForkFileTest, AnotherFeedsProofIsNone) {
  SampleFeed other(9);
  other.append_data("t");
  ASSERT_TRUE(file().keep(feed::encode_fork_proof(proof_against(other))).ok());
  EXPECT_FALSE(file().read().has_value());
}

// Whoever waits for the feed keeps the file too, beside the strand that found the fork.
TEST_F(ForkFileTest, IsKeptByManyAtOnce) {
  const Bytes bytes = feed::encode_fork_proof(proof_against(feed_));
  for (int round = 0; round < 50; ++round) {
    const ForkFile shared = file();
    std::filesystem::remove(shared.path());
    std::atomic<int> failures = 0;
    constexpr int kKeepers = 4;
    std::vector<std::thread> keepers;
    keepers.reserve(kKeepers);
    for (int i = 0; i < kKeepers; ++i) {
      keepers.emplace_back([&] {
        if (!shared.keep(bytes).ok() || !shared.read()) ++failures;
      });
    }
    for (std::thread& keeper : keepers) keeper.join();
    ASSERT_EQ(failures, 0);
  }
}

TEST_F(ForkFileTest, SaysWhenTheDiskRefuses) {
  std::ofstream(directory_.path() / "forks") << "no directory";
  const auto kept = file().keep(Bytes{1});
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().code, Code::io);
}

}  // namespace
}  // namespace shoal::node
