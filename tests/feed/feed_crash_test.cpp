#include "feed/feed_audit.h"
#include "feed_world.h"

#include <fcntl.h>
#include <sys/wait.h>
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

/// What the child tells before it is killed: one line for each acknowledged head.
struct Acknowledged {
  std::uint64_t tree_size = 0;
  Checkpoint head;
};

/// Publishes for ever; writes each acknowledged head to `pipe`.
[[noreturn]] void publish_until_killed(const std::filesystem::path& directory, int pipe, std::uint64_t seed) {
  Producer producer(directory);
  if (!producer.open().ok()) ::_exit(2);
  base::SeededRandom random(seed);
  for (std::int64_t i = 0;; ++i) {
    Result<CommitResult> done = Error{};
    if (random.below(10) == 0 && producer.writer->head() != nullptr) {
      const auto beat = producer.writer->heartbeat();
      if (!beat) ::_exit(3);
      done = CommitResult{*beat, {}};
    } else {
      std::vector<PendingBatch> group;
      const std::uint64_t batches = 1 + random.below(3);
      for (std::uint64_t j = 0; j < batches; ++j) {
        // Now and then above 256 KiB: the other order of journal and store.
        const std::size_t value = random.below(12) == 0 ? std::size_t{300} << 10 : 1 + random.below(3000);
        group.push_back(batch_of(stream(j % 2 == 0 ? "even" : "odd"), {i, i + 1}, value));
      }
      done = producer.writer->commit(std::move(group));
    }
    if (!done) ::_exit(4);
    const Bytes head = encode_checkpoint(done->head);
    if (::write(pipe, head.data(), head.size()) != static_cast<ssize_t>(head.size())) ::_exit(5);
  }
}

/// Runs the child for `microseconds` after its first acknowledgement and kills it; gives the last head it acknowledged.
std::optional<Checkpoint> run_and_kill(const std::filesystem::path& directory, std::uint64_t seed,
                                       std::uint64_t microseconds) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    publish_until_killed(directory, ends[1], seed);
  }
  ::close(ends[1]);
  Bytes said;
  const auto read_some = [&] {
    std::array<std::uint8_t, 65536> buffer{};
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got > 0) said.insert(said.end(), buffer.begin(), buffer.begin() + got);
    return got > 0;
  };
  read_some();
  ::usleep(static_cast<useconds_t>(microseconds));
  ::kill(child, SIGKILL);
  while (read_some()) {
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the publisher ended by itself: " << WEXITSTATUS(status);
  if (said.size() < kCheckpointSize) return std::nullopt;
  const std::size_t whole = said.size() - said.size() % kCheckpointSize;
  return decode_checkpoint(ByteView(said).subspan(whole - kCheckpointSize, kCheckpointSize)).value();
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
