#include "contract/contract_world.h"

#include <poll.h>

#include <thread>

/// Reading what is stored: batches, ends, times, news.
namespace shoal::contract {
namespace {

class ReadingContract : public Contract {};
INSTANTIATE_TEST_SUITE_P(Ways, ReadingContract, testing::Values(Way::local, Way::socket), way_name);

bool readable(int descriptor, int timeout_ms) {
  pollfd waited{descriptor, POLLIN, 0};
  return ::poll(&waited, 1, timeout_ms) == 1;
}

TEST_P(ReadingContract, FetchGivesBatchesAsTheyAreStored) {
  const auto feed = make_feed();
  const std::vector<Bytes> sent{batch_of({1, 2, 3}), batch_of({4}, "x"), batch_of({5, 6}, "y")};
  publish(sent);
  const std::vector<Bytes> all{patched(sent[0], 0), patched(sent[1], 3), patched(sent[2], 4)};
  EXPECT_EQ(fetched(feed, 0), all);
  // The batch that holds the offset comes whole.
  EXPECT_EQ(fetched(feed, 2), all);
  EXPECT_EQ(fetched(feed, 3), (std::vector<Bytes>{all[1], all[2]}));
  EXPECT_EQ(fetched(feed, 5), std::vector<Bytes>{all[2]});
  const auto got = must(reading().fetch(feed, {kStream, Offset(3), 1 << 20}));
  EXPECT_EQ(got.batches[0].stream, kStream);
  EXPECT_EQ(got.batches[0].block, BlockIndex(2));
  EXPECT_GT(got.batches[0].append_time, UnixMs(1'600'000'000'000));
  EXPECT_EQ(got.ends.end, Offset(6));
}

TEST_P(ReadingContract, FetchGivesAtMostSoManyBytesButOneBatch) {
  const auto feed = make_feed();
  const std::vector<Bytes> sent{batch_of({1}), batch_of({2}), batch_of({3})};
  publish(sent);
  EXPECT_EQ(fetched(feed, 0, 0).size(), 1U);
  EXPECT_EQ(fetched(feed, 0, sent[0].size() + sent[1].size() - 1).size(), 1U);
  EXPECT_EQ(fetched(feed, 0, sent[0].size() + sent[1].size()).size(), 2U);
}

TEST_P(ReadingContract, FetchSaysWhatIsNotThere) {
  const auto feed = make_feed();
  publish({batch_of({1, 2})});
  const auto code = [&](const TopicPartition& stream, std::int64_t offset) {
    return code_of(reading().fetch(feed, {stream, Offset(offset), 1000}));
  };
  EXPECT_TRUE(fetched(feed, 2).empty());
  EXPECT_EQ(code(kStream, 3), Code::not_found);
  EXPECT_EQ(code({"us", Partition(1)}, 0), Code::not_found);
  EXPECT_EQ(code({"nowhere", Partition(0)}, 0), Code::not_found);
  EXPECT_EQ(code(kStream, -1), Code::invalid_argument);
  EXPECT_TRUE(must(reading().fetch(feed, {{"two", Partition(1)}, Offset(0), 1000})).batches.empty());
}

TEST_P(ReadingContract, EndsOfPartitions) {
  const auto feed = make_feed();
  publish({batch_of({10, 30, 20}), batch_of({5})});
  const auto one = must(reading().ends(feed, {kStream}));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].stream, kStream);
  EXPECT_EQ(one[0].log_start, Offset(0));
  EXPECT_EQ(one[0].high_watermark, Offset(4));
  EXPECT_EQ(one[0].end, Offset(4));
  EXPECT_EQ(one[0].largest_time, UnixMs(30));
  std::vector<TopicPartition> all;
  for (const node::StreamEnds& ends : must(reading().ends(feed, {}))) all.push_back(ends.stream);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<TopicPartition>{{"two", Partition(0)}, {"two", Partition(1)}, kStream}));
  EXPECT_EQ(must(reading().ends(feed, {{"two", Partition(1)}}))[0].largest_time, kNoTime);
  EXPECT_EQ(code_of(reading().ends(feed, {kStream, {"us", Partition(7)}})), Code::not_found);
}

TEST_P(ReadingContract, TheFirstRecordOfATimeIsExact) {
  const auto feed = make_feed();
  publish({batch_of({10, 30, 20}), batch_of({15, 25}), batch_of({40, 35, 50})});
  const auto found = [&](std::int64_t time) {
    const auto at = must(reading().offset_of_time(feed, kStream, UnixMs(time)));
    return at ? std::pair(at->offset.value(), at->time.value()) : std::pair<std::int64_t, std::int64_t>(-1, -1);
  };
  EXPECT_EQ(found(-1), std::pair(0L, 10L));
  EXPECT_EQ(found(10), std::pair(0L, 10L));
  EXPECT_EQ(found(11), std::pair(1L, 30L));
  EXPECT_EQ(found(30), std::pair(1L, 30L));
  EXPECT_EQ(found(31), std::pair(5L, 40L));
  EXPECT_EQ(found(41), std::pair(7L, 50L));
  EXPECT_EQ(found(51), std::pair(-1L, -1L));
  EXPECT_EQ(code_of(reading().offset_of_time(feed, {"us", Partition(7)}, UnixMs(0))), Code::not_found);
}

TEST_P(ReadingContract, WhatWasPrunedIsSaidToBe) {
  const auto feed = make_feed();
  publish({batch_of({10, 20}), batch_of({30, 40})});
  // Each block is dropped at its age.
  must(owning().open_feed("quakes", {.retention = Retention{.keep = 1ms}}));
  for (int i = 0; i < 1000 && must(reading().ends(feed, {kStream}))[0].log_start < Offset(4); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  const auto ends = must(reading().ends(feed, {kStream}))[0];
  ASSERT_EQ(ends.log_start, Offset(4));
  EXPECT_EQ(ends.end, Offset(4));
  EXPECT_EQ(code_of(reading().fetch(feed, {kStream, Offset(3), 1000})), Code::pruned);
  EXPECT_TRUE(fetched(feed, 4).empty());
  must(owning().open_feed("quakes", {.retention = Retention{}}));
  publish({batch_of({5, 60})});
  EXPECT_EQ(must(reading().offset_of_time(feed, kStream, UnixMs(0)))->offset, Offset(4));
  EXPECT_EQ(must(reading().offset_of_time(feed, kStream, UnixMs(30)))->offset, Offset(5));
}

TEST_P(ReadingContract, AWatchTellsOfEveryChange) {
  const auto feed = make_feed();
  const auto watch = must(reading().watch(feed));
  const auto other = must(reading().watch(feed));
  std::uint64_t seen = must(watch->version());
  for (int i = 0; i < 3; ++i) {
    // What was reported is reported once.
    while (readable(watch->descriptor(), 50)) seen = must(watch->version());
    publish({batch_of({i})});
    std::uint64_t now = seen;
    for (int tries = 0; tries < 100 && now == seen; ++tries) {
      ASSERT_TRUE(readable(watch->descriptor(), 5000));
      now = must(watch->version());
    }
    EXPECT_GT(now, seen);
    seen = now;
  }
  EXPECT_TRUE(readable(other->descriptor(), 5000));
}

TEST_P(ReadingContract, AWatchEndsWithItsFeed) {
  const auto feed = make_feed();
  const auto watch = must(reading().watch(feed));
  must(keeping().remove(feed));
  Code code = Code::io;
  for (int tries = 0; tries < 100 && code != Code::closed; ++tries) {
    ASSERT_TRUE(readable(watch->descriptor(), 5000));
    code = code_of(watch->version());
  }
  EXPECT_EQ(code, Code::closed);
  EXPECT_TRUE(readable(watch->descriptor(), 0));
}

std::vector<std::string> by_records(node::SubscriptionApi& subscription) {
  std::vector<std::string> seen;
  for (;;) {
    const auto poll = must(subscription.poll({.max_records = 3, .wait = {10s}}));
    if (poll.status() != Poll::Status::records) return seen;
    for (const RecordView& view : poll.records()) {
      seen.push_back(text_of(view.value) + "@" + subscription.cursor_after(view));
    }
    EXPECT_LE(poll.records().size(), 3U);
  }
}

/// Values only: which of a batch's records are meant is the reader's to see.
std::vector<std::string> by_batches(node::SubscriptionApi& subscription) {
  std::vector<std::string> seen;
  for (;;) {
    const auto poll = must(subscription.poll_batches({.max_bytes = 1, .wait = {10s}}));
    if (poll.status != Poll::Status::records) return seen;
    EXPECT_EQ(poll.batches.size(), 1U);
    EXPECT_EQ(poll.cursor, poll.batches.back().cursor);
    for (const node::SelectedBatch& selected : poll.batches) {
      const auto batch = record::DecodedBatch::decode(selected.batch.bytes).value();
      for (const record::RecordView& one : batch.records()) {
        const bool meant = one.offset >= selected.first && !(selected.from && one.timestamp < *selected.from) &&
                           !(selected.before && one.timestamp >= *selected.before);
        if (meant) seen.push_back(text_of(one.value));
      }
    }
  }
}

TEST_P(ReadingContract, ASubscriptionGivesTheSameAsBatches) {
  const auto feed = make_feed();
  publish({batch_of({10, 30, 20, 40}, "a"), batch_of({50, 35}, "b")});
  publish({batch_of({33, 34}, "c")}, {"two", Partition(1)});
  std::vector<SubscribeOptions> all(7);
  all[1].start = Start::time(UnixMs(30));
  all[2].start = Start::offset(Offset(2));
  all[3].start = Start::last(1);
  all[4].before = UnixMs(35);
  all[5].topics = {"two"};
  all[6].ordered = false;
  const std::vector<std::size_t> counts{8, 6, 4, 2, 5, 2, 8};
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    all[i].until_head = true;
    std::vector<std::string> records;
    for (const std::string& one : by_records(*must(reading().subscribe(feed, all[i])))) {
      records.push_back(one.substr(0, one.find('@')));
    }
    EXPECT_EQ(records.size(), counts[i]);
    EXPECT_EQ(by_batches(*must(reading().subscribe(feed, all[i]))), records);
  }
}

TEST_P(ReadingContract, ACursorInsideABatchGoesOnThere) {
  const auto feed = make_feed();
  publish({batch_of({10, 30, 20, 40}, "a"), batch_of({50, 35}, "b")});
  for (const bool ordered : {true, false}) {
    const auto all = by_records(*must(reading().subscribe(feed, {.until_head = true, .ordered = ordered})));
    ASSERT_EQ(all.size(), 6U);
    for (std::size_t i = 0; i < all.size(); ++i) {
      SubscribeOptions options{.until_head = true, .ordered = ordered};
      options.start = Start::resume(all[i].substr(all[i].find('@') + 1));
      const auto rest = by_records(*must(reading().subscribe(feed, options)));
      EXPECT_EQ(rest, std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
    }
  }
}

TEST_P(ReadingContract, RecordsAndBatchesAreNotMixedWithinABatch) {
  const auto feed = make_feed();
  publish({batch_of({1, 2})});
  const auto subscription = must(reading().subscribe(feed, {}));
  ASSERT_EQ(must(subscription->poll({.max_records = 1, .wait = {10s}})).records().size(), 1U);
  EXPECT_EQ(code_of(subscription->poll_batches({})), Code::invalid_argument);
  ASSERT_EQ(must(subscription->poll({.max_records = 1, .wait = {10s}})).records().size(), 1U);
  publish({batch_of({3})});
  EXPECT_EQ(must(subscription->poll_batches({.wait = {10s}})).batches.size(), 1U);
}

}  // namespace
}  // namespace shoal::contract
