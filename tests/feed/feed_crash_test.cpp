#include "feed/read/feed_audit.h"
#include "feed_world.h"
#include "support/process.h"

#include <unistd.h>

#include <csignal>

// A process that publishes is killed at any moment; what it acknowledged must be there, and nothing else may be signed.
namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::ScratchDir;
using testing::stream;

/// Runs a publisher for `microseconds` after its first acknowledgement and kills it; gives the last head it
/// acknowledged. It is a program of its own: a fork of this process would inherit locks of RocksDB's threads without
/// the threads.
std::optional<Checkpoint> run_and_kill(const std::filesystem::path& directory, std::uint64_t seed,
                                       std::uint64_t microseconds) {
  shoal::testing::Process publisher({SHOAL_ENDLESS_PUBLISHER, directory.string(), std::to_string(seed)});
  std::string head = publisher.wait_for("head ");
  ::usleep(static_cast<useconds_t>(microseconds));
  publisher.kill();
  EXPECT_EQ(publisher.wait(), 128 + SIGKILL) << "the publisher ended by itself";
  for (const std::string& line : publisher.lines()) head = line.substr(std::string_view("head ").size());
  const auto bytes = base::from_hex(head);
  if (!bytes) return std::nullopt;
  return decode_checkpoint(*bytes).value();
}

TEST(FeedCrash, KillAtAnyMomentLosesNothingAcknowledged) {
  const ScratchDir scratch;
  base::SeededRandom random(20261120);
  // A mirror that follows over all the restarts: it must never see two histories.
  Follower follower{Producer(scratch.path()).id()};
  ASSERT_TRUE(follower.open().ok());
  std::uint64_t least = 0;
  for (int round = 0; round < 100; ++round) {
    const auto acknowledged = run_and_kill(scratch.path(), random.next(), random.below(4000));
    Producer producer(scratch.path());
    const auto opened = producer.open();
    ASSERT_TRUE(opened.ok()) << "round " << round << ": " << opened.error().message;
    const Checkpoint* head = producer.writer->head();
    ASSERT_NE(head, nullptr);
    if (acknowledged) {
      ASSERT_GE(head->tree_size, acknowledged->tree_size) << "round " << round;
      auto hashes = producer.log->read(merkle::cover(0, acknowledged->tree_size));
      ASSERT_TRUE(hashes.ok());
      ASSERT_EQ(merkle::RightEdge::from_hashes(acknowledged->tree_size, *hashes)->root(), acknowledged->root);
    }
    ASSERT_GE(head->tree_size, least);
    least = head->tree_size;
    if (round % 10 == 9) {
      const auto followed = replicate(producer.reader(), follower);
      ASSERT_TRUE(followed.ok()) << "round " << round << ": " << followed.error().message;
      const auto report = audit(producer.reader(), {});
      ASSERT_TRUE(report->complete()) << report->damage.front();
    }
  }
  EXPECT_GT(least, 100U);
  EXPECT_TRUE(audit(follower.reader(), {})->complete());
}

TEST(FeedCrash, TruncatedStoreIsReplayedOrRefusedNeverSignedOn) {
  base::SeededRandom random(5);
  int refused = 0;
  int replayed = 0;
  for (int round = 0; round < 30; ++round) {
    const ScratchDir scratch;
    Checkpoint last;
    {
      Producer producer(scratch.path());
      ASSERT_TRUE(producer.open().ok());
      for (std::int64_t i = 0; i < 30; ++i) {
        std::vector<PendingBatch> group;
        group.push_back(batch_of(stream("t"), {i}, round % 2 == 0 ? 100 : std::size_t{300} << 10));
        ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
      }
      last = *producer.writer->head();
      // No close: copy the files as a crash leaves them.
      std::filesystem::copy(scratch.path(), scratch.path().string() + "-crash",
                            std::filesystem::copy_options::recursive);
    }
    const std::filesystem::path crashed = scratch.path().string() + "-crash";
    for (const auto& entry : std::filesystem::directory_iterator(crashed / "own")) {
      if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
      std::filesystem::resize_file(entry.path(), random.below(entry.file_size()));
    }
    {
      Producer producer(crashed);
      const auto opened = producer.open();
      if (opened.ok()) {
        ++replayed;
        ASSERT_TRUE(producer.writer->head() != nullptr);
        EXPECT_EQ(*producer.writer->head(), last);
        EXPECT_TRUE(audit(producer.reader(), {})->complete());
      } else {
        ++refused;
        EXPECT_EQ(producer.writer, nullptr);
        EXPECT_TRUE(opened.error().code == Code::unsafe_to_sign || opened.error().code == Code::corrupt)
            << opened.error().message;
      }
    }
    std::error_code ignored;
    std::filesystem::remove_all(crashed, ignored);
  }
  EXPECT_GT(replayed, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace shoal::feed
