#include "node/feeds/ack_router.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace shoal::node {
namespace {

using Runs = std::vector<std::tuple<AckRouter::Sender, std::int64_t, std::int64_t>>;

const TopicPartition kStream{"t", Partition(0)};

Runs take(AckRouter& router, std::int64_t first, std::int64_t last, const TopicPartition& stream = kStream) {
  Runs runs;
  for (const AckRouter::Run& run : router.take(stream, Offset(first), Offset(last))) {
    runs.emplace_back(run.sender, run.first.value(), run.last.value());
  }
  return runs;
}

TEST(AckRouter, SplitsABlockAmongThoseThatSentIt) {
  AckRouter router;
  router.note(kStream, Offset(5), 1, 1);
  router.note(kStream, Offset(6), 1, 2);
  router.note(kStream, Offset(7), 3, 2);
  router.note(kStream, Offset(10), 1, 1);
  EXPECT_EQ(take(router, 5, 10), (Runs{{1, 5, 5}, {2, 6, 9}, {1, 10, 10}}));
  EXPECT_EQ(take(router, 5, 10), (Runs{}));
}

TEST(AckRouter, ARunMayLieInSeveralBlocks) {
  AckRouter router;
  router.note(kStream, Offset(0), 10, 1);
  router.note(kStream, Offset(10), 2, 2);
  EXPECT_EQ(take(router, 0, 3), (Runs{{1, 0, 3}}));
  EXPECT_EQ(take(router, 4, 4), (Runs{{1, 4, 4}}));
  EXPECT_EQ(take(router, 5, 10), (Runs{{1, 5, 9}, {2, 10, 10}}));
  // What is noted behind a part that was taken is of the same run.
  router.note(kStream, Offset(12), 1, 2);
  EXPECT_EQ(take(router, 11, 12), (Runs{{2, 11, 12}}));
}

TEST(AckRouter, KeepsPartitionsApart) {
  AckRouter router;
  const TopicPartition other{"t", Partition(1)};
  router.note(kStream, Offset(0), 2, 1);
  router.note(other, Offset(0), 2, 2);
  EXPECT_EQ(take(router, 0, 1, other), (Runs{{2, 0, 1}}));
  EXPECT_EQ(take(router, 0, 1), (Runs{{1, 0, 1}}));
  EXPECT_EQ(take(router, 0, 1, {"unknown", Partition(0)}), (Runs{}));
}

}  // namespace
}  // namespace shoal::node
