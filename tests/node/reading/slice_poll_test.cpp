#include "node/reading/slice_poll.h"

#include <gtest/gtest.h>

#include <deque>

namespace shoal::node {
namespace {

constexpr std::size_t kRecordBytes = 10;  ///< of key and value

/// A block of `count` records from offset 100 * block on; only those from `first` on are selected.
topic::Slice slice_of(std::uint64_t block, int count, int first = 0) {
  std::vector<record::Record> records;
  for (int i = 0; i < count; ++i) records.push_back({UnixMs(1000 + i), Bytes(2, 'k'), Bytes(8, 'v'), {}});
  topic::SelectedBatch batch;
  batch.block = BlockIndex(block);
  batch.stream = {"t", Partition(1)};
  batch.append_time = UnixMs(2000);
  batch.batch = record::encode_batch(records, record::Codec::none).value();
  const auto base = static_cast<std::int64_t>(100 * block);
  record::patch_batch(batch.batch, Offset(base), 0);
  batch.first = Offset(base + first);
  batch.cursor.common = topic::Mark{BlockIndex(block + 1), 0};
  return topic::Slice::open(std::move(batch)).value();
}

class SlicePollTest : public ::testing::Test {
 protected:
  /// Polls what is in source_; the error of the source ends it.
  Poll poll(const PollOptions& options = {}) {
    poll_.begin(options);
    for (;;) {
      const auto more = poll_.gather(next_);
      if (!more || !*more) break;
    }
    return poll_.empty() ? Poll(Poll::Status::timeout, {}, poll_.cursor()) : poll_.finish();
  }
  static std::vector<std::int64_t> offsets_of(const Poll& poll) {
    std::vector<std::int64_t> offsets;
    for (const RecordView& record : poll.records()) offsets.push_back(record.offset.value());
    return offsets;
  }

  using Offsets = std::vector<std::int64_t>;

  std::deque<Result<topic::Slice>> source_;
  int asked_ = 0;
  SlicePoll::Next next_ = [this]() -> Result<std::optional<topic::Slice>> {
    ++asked_;
    if (source_.empty()) return std::optional<topic::Slice>{};
    auto first = std::move(source_.front());
    source_.pop_front();
    if (!first) return first.error();
    return std::optional(std::move(*first));
  };
  SlicePoll poll_;
};

TEST_F(SlicePollTest, ShowsEachRecordWithItsPlace) {
  source_.emplace_back(slice_of(3, 2));
  const Poll polled = poll();
  EXPECT_EQ(polled.status(), Poll::Status::records);
  ASSERT_EQ(polled.records().size(), 2U);
  const RecordView& record = polled.records().views()[1];
  EXPECT_EQ(record.topic, "t");
  EXPECT_EQ(record.partition, Partition(1));
  EXPECT_EQ(record.offset, Offset(301));
  EXPECT_EQ(record.block, BlockIndex(3));
  EXPECT_EQ(record.time, UnixMs(1001));
  EXPECT_EQ(record.append_time, UnixMs(2000));
}

TEST_F(SlicePollTest, JoinsSlicesUntilNothingIsThere) {
  source_.emplace_back(slice_of(0, 2));
  source_.emplace_back(slice_of(1, 1));
  EXPECT_EQ(offsets_of(poll()), (Offsets{0, 1, 100}));
  EXPECT_EQ(poll_.rest(), nullptr);
  EXPECT_TRUE(poll().records().empty());
}

TEST_F(SlicePollTest, GivesAtMostTheRecordsThatWereAskedFor) {
  source_.emplace_back(slice_of(0, 3));
  EXPECT_EQ(offsets_of(poll({.max_records = 2})), (Offsets{0, 1}));
  ASSERT_NE(poll_.rest(), nullptr);
  EXPECT_EQ(poll_.rest()->block, BlockIndex(0));
  asked_ = 0;
  EXPECT_EQ(offsets_of(poll({.max_records = 1})), Offsets{2});
  EXPECT_EQ(poll_.rest(), nullptr);
  EXPECT_EQ(asked_, 0);  // the rest came first, and then the poll was full
}

TEST_F(SlicePollTest, StopsAtTheBytesThatWereAskedFor) {
  for (const auto& [max_bytes, given] : {std::pair{2 * kRecordBytes, 2U}, std::pair{2 * kRecordBytes + 1, 3U}}) {
    source_.emplace_back(slice_of(0, 4));
    EXPECT_EQ(poll({.max_bytes = max_bytes}).records().size(), given) << max_bytes;
    poll_.drop_rest();
  }
}

TEST_F(SlicePollTest, ALargerRecordComesAlone) {
  source_.emplace_back(slice_of(0, 2));
  for (const std::int64_t expected : {0, 1}) EXPECT_EQ(offsets_of(poll({.max_bytes = 0})), Offsets{expected});
}

TEST_F(SlicePollTest, BytesOfAnEarlierPollDoNotCount) {
  source_.emplace_back(slice_of(0, 4));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(poll({.max_bytes = 2 * kRecordBytes}).records().size(), 2U);
}

TEST_F(SlicePollTest, ASliceWithoutRecordsEndsNothing) {
  source_.emplace_back(slice_of(0, 2, 2));
  source_.emplace_back(slice_of(1, 2, 1));
  EXPECT_EQ(offsets_of(poll()), Offsets{101});
}

TEST_F(SlicePollTest, AnErrorLosesNothing) {
  source_.emplace_back(slice_of(0, 1));
  source_.emplace_back(Error{Code::pruned, "gone", ""});
  source_.emplace_back(slice_of(1, 1));
  poll_.begin({});
  ASSERT_TRUE(poll_.gather(next_).value());
  const auto failed = poll_.gather(next_);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::pruned);
  EXPECT_FALSE(poll_.empty());
  ASSERT_TRUE(poll_.gather(next_).value());
  EXPECT_EQ(offsets_of(poll_.finish()), (Offsets{0, 100}));
}

TEST_F(SlicePollTest, TheCursorStandsAfterTheLastRecordGiven) {
  poll_.set_cursor("begin");
  EXPECT_EQ(poll().cursor(), "begin");
  source_.emplace_back(slice_of(0, 2));
  source_.emplace_back(slice_of(1, 3));
  Poll polled = poll({.max_records = 4});
  EXPECT_EQ(polled.cursor(), "1:0:1:2");
  EXPECT_EQ(poll_.cursor(), polled.cursor());
  polled = poll();
  EXPECT_EQ(polled.cursor(), "1:0:2:0");
  // A poll without records leaves it.
  EXPECT_EQ(poll().cursor(), "1:0:2:0");
}

TEST_F(SlicePollTest, KnowsTheCursorAfterEachRecordOfTheNewestPoll) {
  source_.emplace_back(slice_of(0, 2));
  source_.emplace_back(slice_of(1, 2));
  const Poll first = poll();
  EXPECT_EQ(poll_.cursor_after(first.records().views()[0]), "1:0:0:1");
  EXPECT_EQ(poll_.cursor_after(first.records().views()[1]), "1:0:1:0");
  EXPECT_EQ(poll_.cursor_after(first.records().views()[2]), "1:0:1:1");
  source_.emplace_back(slice_of(2, 2));
  const Poll second = poll({.max_records = 1});
  EXPECT_EQ(poll_.cursor_after(second.records().views()[0]), "1:0:2:1");
  // Of a record of an earlier poll it says where it stands itself.
  EXPECT_EQ(poll_.cursor_after(first.records().views()[0]), poll_.cursor());
}

TEST_F(SlicePollTest, ADroppedRestDoesNotCome) {
  source_.emplace_back(slice_of(0, 3));
  source_.emplace_back(slice_of(1, 1));
  EXPECT_EQ(offsets_of(poll({.max_records = 1})), Offsets{0});
  poll_.drop_rest();
  EXPECT_EQ(poll_.rest(), nullptr);
  EXPECT_EQ(offsets_of(poll()), Offsets{100});
}

TEST_F(SlicePollTest, RecordsKeepTheirBytes) {
  std::weak_ptr<const record::DecodedBatch> bytes;
  Records records;
  {
    topic::Slice slice = slice_of(0, 1);
    bytes = slice.batch;
    source_.emplace_back(std::move(slice));
    records = poll().records();
    poll_ = {};
  }
  EXPECT_FALSE(bytes.expired());
  records = {};
  EXPECT_TRUE(bytes.expired());
}

}  // namespace
}  // namespace shoal::node
