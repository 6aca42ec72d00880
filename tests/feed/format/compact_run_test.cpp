#include "feed/format/compact_run.h"

#include "feed/feed_world.h"

#include <limits>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::stream;

/// Growth as it is pushed; owns the payloads.
struct Growth {
  UnixMs time{0};
  crypto::Signature signature;
  std::vector<CompactHeader> headers;
  std::vector<Bytes> payloads;

  [[nodiscard]] CompactRun run() const {
    CompactRun out{time, signature, {}};
    for (std::size_t i = 0; i < headers.size(); ++i) out.blocks.push_back({headers[i], payloads[i]});
    return out;
  }
};

class CompactRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer.open().ok());
    ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.title = "x", .topics = {{"many", 3, "", ""}}}).ok());
    commit({batch_of(stream("a"), {1}), batch_of(stream("b"), {7, 2, 5}), batch_of(stream("many", 1), {3})});
    ASSERT_TRUE(follower.open().ok());
    ASSERT_TRUE(replicate(producer.reader(), follower).ok());
    producer.clock.now = producer.clock.now + 70'000;
  }
  void commit(std::vector<PendingBatch> group) {
    const auto done = producer.writer->commit(std::move(group));
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  /// What the producer has beyond the follower.
  [[nodiscard]] Growth growth() const {
    const FeedReader from = producer.reader();
    const Checkpoint head = from.head().value();
    Growth out{head.time, head.signature, {}, {}};
    for (std::uint64_t i = follower.reader().head()->tree_size; i < head.tree_size; ++i) {
      const BlockHeader header = from.header(BlockIndex{i}).value();
      out.headers.push_back(compact_header(header, from.topic_position(header.stream).value(), head.time).value());
      out.payloads.push_back(from.payload(BlockIndex{i}).value());
    }
    return out;
  }
  void expect_refused(const Growth& bad, const std::string& what) {
    const Checkpoint before = follower.reader().head().value();
    const auto result = follower.mirror->accept_compact(bad.run());
    ASSERT_FALSE(result.ok()) << what;
    EXPECT_EQ(result.error().code, Code::unverified) << what << ": " << result.error().message;
    EXPECT_EQ(follower.reader().head(), before) << what;
    EXPECT_EQ(follower.reader().header_prefix(), before.tree_size) << what;
  }

  Producer producer;
  Follower follower{producer.id()};
};

TEST_F(CompactRunTest, GivesHeadersHeadAndTopicStateBack) {
  for (int round = 0; round < 5; ++round) {
    commit({batch_of(stream("b"), {100 + round, 90, 110}), batch_of(stream("many", 1), {4}),
            batch_of(stream("b"), {-1 + round})});
    const auto taken = follower.mirror->accept_compact(growth().run());
    ASSERT_TRUE(taken.ok()) << taken.error().message;
    const Checkpoint head = producer.reader().head().value();
    EXPECT_EQ(taken->head, head);
    EXPECT_EQ(follower.reader().head(), head);
    ASSERT_EQ(taken->headers.size(), 3U);
    for (std::uint64_t i = head.tree_size - 3; i < head.tree_size; ++i) {
      EXPECT_EQ(follower.reader().header_bytes(BlockIndex{i}).value(),
                producer.reader().header_bytes(BlockIndex{i}).value());
      EXPECT_EQ(follower.reader().payload(BlockIndex{i}).value(), producer.reader().payload(BlockIndex{i}).value());
    }
  }
  EXPECT_TRUE(follower.mirror->complete_at(producer.reader().head()->tree_size));
}

TEST_F(CompactRunTest, RejectsEveryFlippedBit) {
  commit({batch_of(stream("a"), {9}), batch_of(stream("b"), {8, 20})});
  const Growth good = growth();
  const auto flipped = [](auto value, unsigned bit) {
    return static_cast<decltype(value)>(value ^ decltype(value){1} << bit);
  };
  for (unsigned bit = 0; bit < 64; ++bit) {
    Growth bad = good;
    bad.time = UnixMs{flipped(good.time.value(), bit)};
    expect_refused(bad, "time " + std::to_string(bit));
  }
  for (unsigned bit = 0; bit < 512; ++bit) {
    Growth bad = good;
    bad.signature.bytes[bit / 8] = flipped(bad.signature.bytes[bit / 8], bit % 8);
    expect_refused(bad, "signature " + std::to_string(bit));
  }
  for (std::size_t i = 0; i < good.headers.size(); ++i) {
    for (const auto field : {&CompactHeader::topic, &CompactHeader::age_ms, &CompactHeader::span_ms}) {
      for (unsigned bit = 0; bit < 32; ++bit) {
        Growth bad = good;
        bad.headers[i].*field = flipped(bad.headers[i].*field, bit);
        expect_refused(bad, "header " + std::to_string(bit));
      }
    }
    for (unsigned bit = 0; bit < good.payloads[i].size() * 8; ++bit) {
      Growth bad = good;
      bad.payloads[i][bit / 8] = flipped(bad.payloads[i][bit / 8], bit % 8);
      expect_refused(bad, "payload " + std::to_string(bit));
    }
  }
  EXPECT_TRUE(follower.mirror->accept_compact(good.run()).ok());
}

TEST_F(CompactRunTest, RejectsBlocksLeftOutMovedOrTwice) {
  commit({batch_of(stream("a"), {9}), batch_of(stream("b"), {8, 20})});
  const Growth good = growth();
  Growth bad = good;
  std::swap(bad.headers[0], bad.headers[1]);
  std::swap(bad.payloads[0], bad.payloads[1]);
  expect_refused(bad, "moved");
  bad = good;
  bad.headers.pop_back();
  bad.payloads.pop_back();
  expect_refused(bad, "left out");
  bad = good;
  bad.headers.push_back(bad.headers[0]);
  bad.payloads.push_back(bad.payloads[0]);
  expect_refused(bad, "twice");
  bad.headers.clear();
  bad.payloads.clear();
  expect_refused(bad, "nothing");
  ASSERT_TRUE(follower.mirror->accept_compact(good.run()).ok());
  expect_refused(good, "again");
}

TEST_F(CompactRunTest, WhatAReaderCannotComputeIsNotCompact) {
  const FeedReader reader = producer.reader();
  const UnixMs time = reader.head()->time;
  const BlockHeader manifest = reader.header(BlockIndex{0}).value();
  const BlockHeader first = reader.header(BlockIndex{1}).value();
  EXPECT_FALSE(compact_header(manifest, 0, time));
  EXPECT_FALSE(compact_header(first, 1, time)) << "the first of its partition";
  BlockHeader second = first;
  second.previous = BlockIndex{1};
  second.base_offset = Offset{1};
  EXPECT_TRUE(compact_header(second, 1, time));
  EXPECT_FALSE(compact_header(second, 1, second.append_time - 1)) << "appended after its head";
  EXPECT_FALSE(compact_header(second, 1, second.append_time + (std::int64_t{1} << 32)));
  second.smallest_time = UnixMs{std::numeric_limits<std::int64_t>::min()};
  EXPECT_FALSE(compact_header(second, 1, time)) << "times that no writer of ours gives";
  second.smallest_time = second.largest_time;
  second.extension = Bytes{1};
  EXPECT_FALSE(compact_header(second, 1, time)) << "of a later version";
}

TEST_F(CompactRunTest, NeedsTheWholeTopicState) {
  commit({batch_of(stream("a"), {9})});
  const std::uint64_t size = follower.reader().head()->tree_size;
  EXPECT_TRUE(follower.mirror->complete_at(size));
  EXPECT_FALSE(follower.mirror->complete_at(size + 1));
  Follower ahead{producer.id()};  // a head on its signature alone
  ASSERT_TRUE(ahead.open().ok());
  ASSERT_TRUE(ahead.mirror->accept(producer.reader().head().value(), 0, {}, {}).ok());
  EXPECT_FALSE(ahead.mirror->complete_at(size + 1));
}

}  // namespace
}  // namespace shoal::feed
