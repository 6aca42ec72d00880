#include "topic/topic_reader.h"

#include "topic/reader_world.h"

#include <gtest/gtest.h>

namespace shoal::topic {
namespace {

using namespace testing;

/// Reads everything; compares in feed order, or in each partition's order.
void expect_reads(const feed::FeedReader& from, const Selection& selection, const StartPosition& start,
                  const std::vector<Seen>& expected, std::vector<Delivered>* delivered = nullptr) {
  TopicReader reader(from, selection);
  ASSERT_TRUE(reader.start(start).ok());
  std::vector<Delivered> got;
  ASSERT_TRUE(drain(reader, got));
  if (selection.ordered) {
    ASSERT_EQ(seen_of(got) == expected, true) << got.size() << " records instead of " << expected.size();
  } else {
    ASSERT_EQ(by_stream(seen_of(got)) == by_stream(expected), true) << got.size() << " instead of " << expected.size();
  }
  const auto complete = reader.has_read_to(from.head()->tree_size);
  ASSERT_TRUE(complete.ok());
  ASSERT_TRUE(*complete);
  if (delivered != nullptr) *delivered = std::move(got);
}

StartPosition random_start(RandomFeed& feed) {
  StartPosition start;
  switch (feed.random.below(5)) {
    case 0: start.kind = StartPosition::Kind::offset; break;
    case 1: start.kind = StartPosition::Kind::last; break;
    case 2: start.kind = StartPosition::Kind::end; break;
    default: break;
  }
  start.number = static_cast<std::int64_t>(feed.random.below(20));
  return start;
}

TEST(TopicReader, DeliversWhatAPlainVectorSays) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    RandomFeed feed(seed);
    feed.append(1 + feed.random.below(60));
    const feed::FeedReader from = feed.producer.reader();
    for (int i = 0; i < 25; ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " selection " + std::to_string(i));
      const Selection selection = feed.random_selection();
      const StartPosition start = random_start(feed);
      std::vector<Delivered> got;
      expect_reads(from, selection, start, feed.expected(selection, start), &got);
      if (HasFatalFailure()) return;
      // From each cursor on: the rest, no more and no less.
      for (std::size_t at = 0; at < got.size(); at += 1 + feed.random.below(5)) {
        SCOPED_TRACE("resumed by " + got[at].token);
        StartPosition resumed;
        resumed.cursor = decode_cursor(got[at].token).value();
        expect_reads(from, selection, resumed, seen_of(got, at + 1));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(TopicReader, GivesTheSameAsBatches) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    RandomFeed feed(seed);
    feed.append(1 + feed.random.below(60));
    const feed::FeedReader from = feed.producer.reader();
    for (int i = 0; i < 25; ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " selection " + std::to_string(i));
      const Selection selection = feed.random_selection();
      const StartPosition start = random_start(feed);
      TopicReader records(from, selection);
      TopicReader batches(from, selection);
      ASSERT_TRUE(records.start(start).ok() && batches.start(start).ok());
      for (;;) {
        auto slice = records.next().value();
        // A batch may hold nothing that is selected.
        std::optional<Slice> opened;
        while (!opened) {
          auto batch = batches.next_batch().value();
          if (!batch) break;
          opened = Slice::open(std::move(*batch)).value();
          if (opened->records.empty()) opened.reset();
        }
        ASSERT_EQ(slice.has_value(), opened.has_value());
        if (!slice) break;
        EXPECT_EQ(slice->block, opened->block);
        EXPECT_EQ(slice->stream, opened->stream);
        EXPECT_EQ(slice->append_time, opened->append_time);
        EXPECT_EQ(slice->records, opened->records);
        EXPECT_EQ(slice->cursor, opened->cursor);
        EXPECT_EQ(slice->ordered, opened->ordered);
      }
    }
  }
}

TEST(TopicReader, FollowsAFeedThatGrows) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomFeed feed(seed);
    const feed::FeedReader from = feed.producer.reader();
    feed.append(feed.random.below(10) + 1);
    const Selection selection = feed.random_selection();
    const bool from_end = feed.random.below(2) == 0;
    const std::size_t skipped = from_end ? feed.records.size() : 0;
    TopicReader reader(from, selection);
    StartPosition start;
    if (from_end) start.kind = StartPosition::Kind::end;
    ASSERT_TRUE(reader.start(start).ok());
    std::vector<Delivered> got;
    for (int round = 0; round < 15; ++round) {
      feed.append(feed.random.below(4));
      ASSERT_TRUE(drain(reader, got));
    }
    std::vector<Seen> expected;
    for (const Seen& seen : feed.expected(selection, StartPosition{})) {
      if (std::find(feed.records.begin() + static_cast<std::ptrdiff_t>(skipped), feed.records.end(), seen) !=
          feed.records.end()) {
        expected.push_back(seen);
      }
    }
    EXPECT_TRUE(by_stream(seen_of(got)) == by_stream(expected));
    if (selection.ordered) {
      EXPECT_TRUE(seen_of(got) == expected);
    }
  }
}

TEST(TopicReader, ATokenBeforeTheFirstRecordKeepsTheStart) {
  RandomFeed feed(7);
  feed.append(40);
  const feed::FeedReader from = feed.producer.reader();
  for (const bool ordered : {true, false}) {
    Selection selection;
    selection.ordered = ordered;
    StartPosition start;
    start.kind = StartPosition::Kind::offset;
    start.number = 3;
    TopicReader reader(from, selection);
    ASSERT_TRUE(reader.start(start).ok());
    StartPosition resumed;
    resumed.cursor = decode_cursor(encode_cursor(reader.cursor())).value();
    expect_reads(from, selection, resumed, feed.expected(selection, start));
  }
}

TEST(TopicReader, AnEmptyFeedIsReadAtOnce) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  const feed::FeedReader from = producer.reader();
  TopicReader reader(from, Selection{});
  ASSERT_TRUE(reader.start(StartPosition{}).ok());
  EXPECT_FALSE(reader.next().value().has_value());
  EXPECT_TRUE(reader.has_read_to(0).value());
  EXPECT_FALSE(reader.has_read_to(1).value());
}

}  // namespace
}  // namespace shoal::topic
