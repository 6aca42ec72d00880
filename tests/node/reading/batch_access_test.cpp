#include "node/reading/batch_access.h"

#include "node/feeds/host_world.h"

namespace shoal::node {
namespace {

using feed::testing::batch_of;
using feed::testing::deliver;
using feed::testing::stream;

template <typename T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

/// Mirrors this feed:
///
///   block       0       1    2       3
///   partition   t/0     u/0  t/0     t/0
///   offsets     0 1     0    2 3     4
///   times       10 30   7    20 20   40
class BatchAccessTest : public ::testing::Test {
 protected:
  BatchAccessTest() {
    EXPECT_TRUE(producer_.open().ok());
    EXPECT_TRUE(producer_.writer
                    ->commit({batch_of(kT, {10, 30}), batch_of(kU, {7}), batch_of(kT, {20, 20}), batch_of(kT, {40})})
                    .ok());
  }
  /// Takes the headers of these blocks, and payloads when told so.
  void hold(std::vector<std::uint64_t> blocks, bool payloads = true) {
    const auto reader = producer_.reader();
    const auto taken = deliver(reader, reader.head().value(), 0, std::move(blocks), payloads).to(*host_->mirror());
    EXPECT_TRUE(taken.ok());
  }
  void hold_payload(std::uint64_t block) {
    const Bytes payload = producer_.reader().payload(BlockIndex(block)).value();
    EXPECT_TRUE(host_->mirror()->add_payload(BlockIndex(block), payload).ok());
  }
  void hold_all() { hold({0, 1, 2, 3}); }
  void prune(std::uint64_t block) { EXPECT_TRUE(host_->prune({BlockIndex(block)}).ok()); }

  [[nodiscard]] Result<FetchedBatches> fetch(std::int64_t offset, std::size_t max_bytes = 1 << 20) const {
    return fetch_batches(*host_, {kT, Offset(offset), max_bytes});
  }
  [[nodiscard]] std::vector<std::uint64_t> fetched(std::int64_t offset, std::size_t max_bytes = 1 << 20) const {
    std::vector<std::uint64_t> blocks;
    const auto got = fetch(offset, max_bytes).value();
    for (const StoredBatch& batch : got.batches) blocks.push_back(batch.block.value());
    return blocks;
  }
  /// Offset and time of find_offset().
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> found(std::int64_t time) const {
    const auto at = find_offset(*host_, kT, UnixMs(time)).value();
    if (!at) return std::nullopt;
    return std::pair{at->offset.value(), at->time.value()};
  }

  using Blocks = std::vector<std::uint64_t>;
  using Found = std::pair<std::int64_t, std::int64_t>;

  const TopicPartition kT = stream("t");
  const TopicPartition kU = stream("u");
  feed::testing::Producer producer_;
  testing::HostWorld world_;
  std::shared_ptr<FeedHost> host_ = world_.open();
};

TEST_F(BatchAccessTest, BatchesComeAsTheyAreStored) {
  hold_all();
  const auto got = fetch(2).value();
  ASSERT_EQ(got.batches.size(), 2U);
  const StoredBatch& batch = got.batches[0];
  EXPECT_EQ(batch.block, BlockIndex(2));
  EXPECT_EQ(batch.stream, kT);
  EXPECT_EQ(batch.append_time, producer_.reader().header(BlockIndex(2)).value().append_time);
  EXPECT_EQ(batch.bytes, producer_.reader().payload(BlockIndex(2)).value());
  EXPECT_EQ(got.batches[1].block, BlockIndex(3));
}

TEST_F(BatchAccessTest, TheFirstBatchHoldsTheOffset) {
  hold_all();
  EXPECT_EQ(fetched(0), (Blocks{0, 2, 3}));
  EXPECT_EQ(fetched(1), (Blocks{0, 2, 3}));
  EXPECT_EQ(fetched(3), (Blocks{2, 3}));
  EXPECT_EQ(fetched(4), Blocks{3});
}

TEST_F(BatchAccessTest, TheAnswerHasAtMostTheBytesThatWereAskedFor) {
  hold_all();
  const auto batches = fetch(0).value().batches;
  const std::size_t two = batches[0].bytes.size() + batches[1].bytes.size();
  EXPECT_EQ(fetched(0, two), (Blocks{0, 2}));
  EXPECT_EQ(fetched(0, two - 1), Blocks{0});
  EXPECT_EQ(fetched(0, 0), Blocks{0});  // the first comes even when it is larger
}

TEST_F(BatchAccessTest, OffsetsOutsideThePartitionAreRefused) {
  hold_all();
  prune(0);
  EXPECT_EQ(code_of(fetch(-1)), Code::invalid_argument);
  EXPECT_EQ(code_of(fetch(1)), Code::pruned);
  EXPECT_EQ(fetched(2), (Blocks{2, 3}));
  EXPECT_EQ(fetched(5), Blocks{});  // the end: nothing yet
  EXPECT_EQ(code_of(fetch(6)), Code::not_found);
}

TEST_F(BatchAccessTest, ABatchThatIsMissingEndsTheAnswer) {
  hold({0, 1});
  hold({2, 3}, false);
  EXPECT_EQ(fetched(0), Blocks{0});
  EXPECT_EQ(fetched(2), Blocks{});
  hold_payload(3);
  EXPECT_EQ(fetched(0), Blocks{0});
  EXPECT_EQ(fetched(4), Blocks{3});
}

TEST_F(BatchAccessTest, ABlockThatIsMissingEndsTheAnswer) {
  hold({0, 3});
  EXPECT_EQ(fetched(0), Blocks{0});
}

TEST_F(BatchAccessTest, TheEndsComeWithTheBatches) {
  hold({0, 1});
  hold({2, 3}, false);
  const StreamEnds ends = fetch(0).value().ends;
  EXPECT_EQ(ends.stream, kT);
  EXPECT_EQ(ends.log_start, Offset(0));
  EXPECT_EQ(ends.high_watermark, Offset(2));
  EXPECT_EQ(ends.end, Offset(5));
  EXPECT_EQ(ends.largest_time, UnixMs(40));
}

TEST_F(BatchAccessTest, EndsOfAllPartitionsOrOfThoseThatWereNamed) {
  hold_all();
  prune(0);
  const auto all = stream_ends(*host_, {}).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].stream, kT);
  EXPECT_EQ(all[0].log_start, Offset(2));
  EXPECT_EQ(all[1].stream, kU);
  const auto named = stream_ends(*host_, {kU, kT}).value();
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].stream, kU);
  EXPECT_EQ(named[0].end, Offset(1));
  EXPECT_EQ(named[1].stream, kT);
  EXPECT_EQ(code_of(stream_ends(*host_, {kT, stream("t", 1)})), Code::not_found);
}

TEST_F(BatchAccessTest, ATimeLeadsToTheFirstRecordThatReachesIt) {
  hold_all();
  EXPECT_EQ(found(0), Found(0, 10));
  EXPECT_EQ(found(10), Found(0, 10));
  EXPECT_EQ(found(11), Found(1, 30));
  EXPECT_EQ(found(30), Found(1, 30));
  EXPECT_EQ(found(31), Found(4, 40));
  EXPECT_EQ(found(40), Found(4, 40));
  EXPECT_EQ(found(41), std::nullopt);
}

TEST_F(BatchAccessTest, BehindAPrunedBlockTheNextOneThatReachesTheTimeIsTaken) {
  hold_all();
  prune(0);
  EXPECT_EQ(found(15), Found(2, 20));
  EXPECT_EQ(found(20), Found(2, 20));
  EXPECT_EQ(found(21), Found(4, 40));
  prune(2);
  prune(3);
  EXPECT_EQ(found(15), std::nullopt);
}

TEST_F(BatchAccessTest, ABlockBelowTheLogStartIsNotTaken) {
  hold_all();
  prune(2);
  ASSERT_EQ(fetch(5).value().ends.log_start, Offset(4));
  EXPECT_EQ(found(10), Found(4, 40));
}

TEST_F(BatchAccessTest, ATimeInABlockThatIsNotHeldIsUnavailable) {
  hold({0, 1});
  hold({2, 3}, false);
  EXPECT_EQ(found(30), Found(1, 30));
  EXPECT_EQ(code_of(find_offset(*host_, kT, UnixMs(31))), Code::unavailable);
  // A block that cannot reach the time is not asked for.
  prune(0);
  hold_payload(3);
  EXPECT_EQ(found(25), Found(4, 40));
}

TEST_F(BatchAccessTest, AnUnknownPartitionIsNotFound) {
  hold_all();
  EXPECT_EQ(code_of(fetch_batches(*host_, {stream("v"), Offset(0)})), Code::not_found);
  EXPECT_EQ(code_of(find_offset(*host_, stream("v"), UnixMs(0))), Code::not_found);
}

TEST_F(BatchAccessTest, AFeedThatWentGivesItsReason) {
  hold_all();
  host_->news().close({Code::closed, "the feed went", ""});
  EXPECT_EQ(code_of(fetch(0)), Code::closed);
  EXPECT_EQ(code_of(stream_ends(*host_, {})), Code::closed);
  EXPECT_EQ(code_of(find_offset(*host_, kT, UnixMs(0))), Code::closed);
}

}  // namespace
}  // namespace shoal::node
