#include "feed/read/prune_order.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"

#include <algorithm>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::stream;
using Blocks = std::vector<std::uint64_t>;

constexpr std::int64_t kBegin = 1'700'000'000'000;

/// A feed whose block i is appended at kBegin + 1000 * i.
class PruneOrder : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(producer_.open().ok()); }
  void publish(const std::string& topic, std::size_t value_size = 16) {
    set_clock();
    ASSERT_TRUE(producer_.writer->commit({batch_of(stream(topic), {1}, value_size)}).ok());
  }
  void publish_manifest() {
    set_clock();
    ASSERT_TRUE(producer_.writer->commit_manifest({.title = "t"}).ok());
  }
  void set_clock() {
    const Checkpoint* head = producer_.writer->head();
    producer_.clock.now = time_of(head == nullptr ? 0 : head->tree_size);
  }
  static UnixMs time_of(std::uint64_t block) { return UnixMs{kBegin + 1000 * static_cast<std::int64_t>(block)}; }
  void prune(const Blocks& blocks) {
    std::vector<BlockIndex> indices;
    for (const std::uint64_t block : blocks) indices.push_back(BlockIndex{block});
    ASSERT_TRUE(producer_.log->prune(indices).ok());
  }
  Blocks find(const ExpiredPayloads::Cutoff& cutoff, std::size_t limit = 100) {
    return found_in(producer_.reader(), cutoff, limit);
  }
  Blocks found_in(const FeedReader& reader, const ExpiredPayloads::Cutoff& cutoff, std::size_t limit = 100) {
    Blocks out;
    const auto found = expired_.find(reader, cutoff, limit);
    EXPECT_TRUE(found.ok());
    for (const BlockIndex block : *found) out.push_back(block.value());
    return out;
  }
  /// Everything appended before that block's time is expired.
  static ExpiredPayloads::Cutoff before(std::uint64_t block) {
    return [block](const TopicPartition&) { return std::optional(time_of(block)); };
  }

  Producer producer_;
  ExpiredPayloads expired_;
};

TEST_F(PruneOrder, TheOldestHeldPayloadComesFirstAndManifestsNever) {
  publish_manifest();
  publish("a", 100);
  publish("b", 200);
  publish_manifest();
  publish("a", 300);
  publish("a", 400);
  prune({2});
  const FeedReader reader = producer_.reader();
  OldestPayloads oldest(reader);
  for (const std::uint64_t block : {1U, 4U, 5U}) {
    for (int time = 0; time < 2; ++time) {
      const auto next = oldest.peek().value();
      ASSERT_TRUE(next.has_value()) << block;
      EXPECT_EQ(next->block, BlockIndex{block});
      EXPECT_EQ(next->append_time, time_of(block));
      EXPECT_EQ(next->bytes, producer_.log->header(BlockIndex{block})->payload_size);
    }
    oldest.pop();
  }
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(oldest.peek().value(), std::nullopt);
    oldest.pop();
  }
}

TEST_F(PruneOrder, AFeedWithoutPayloadsHasNoOldest) {
  const FeedReader reader = producer_.reader();
  OldestPayloads none(reader);
  EXPECT_EQ(none.peek().value(), std::nullopt);
  publish_manifest();
  OldestPayloads manifest(reader);
  EXPECT_EQ(manifest.peek().value(), std::nullopt);
}

TEST_F(PruneOrder, ADamagedHeaderIsAnError) {
  for (int i = 0; i < 3; ++i) publish("a");
  store::WriteBatch wreck;
  wreck.put(store::Column::headers, store::block_key(producer_.log->number(), BlockIndex{0}), Bytes{1});
  ASSERT_TRUE(producer_.store->write(wreck, store::Sync::no).ok());
  const FeedReader reader = producer_.reader();
  OldestPayloads oldest(reader);
  EXPECT_EQ(oldest.peek().error().code, Code::corrupt);
  EXPECT_EQ(expired_.find(reader, before(9), 10).error().code, Code::corrupt);
}

TEST_F(PruneOrder, WhatIsOlderThanTheCutoffIsExpired) {
  for (int i = 0; i < 6; ++i) publish(i % 2 == 0 ? "a" : "b");
  EXPECT_EQ(find(before(0)), Blocks{});
  EXPECT_EQ(find(before(3)), (Blocks{0, 1, 2})) << "what was appended at the cutoff stays";
  prune({0, 1, 2});
  EXPECT_EQ(find(before(3)), Blocks{});
  EXPECT_EQ(find(before(5)), (Blocks{3, 4}));
}

TEST_F(PruneOrder, EachTopicHasItsCutoff) {
  for (int i = 0; i < 6; ++i) publish(i % 2 == 0 ? "a" : "b");
  const auto only_b = [](const TopicPartition& of) {
    return of.topic == "b" ? std::optional(time_of(100)) : std::nullopt;
  };
  EXPECT_EQ(find(only_b), (Blocks{1, 3, 5}));
}

TEST_F(PruneOrder, NoMoreThanTheLimitIsGivenAndTheRestNextTime) {
  for (int i = 0; i < 7; ++i) publish(i % 2 == 0 ? "a" : "b");
  Blocks all;
  for (const std::size_t size : {3U, 3U, 1U, 0U}) {
    const Blocks some = find(before(100), 3);
    EXPECT_EQ(some.size(), size);
    EXPECT_TRUE(std::is_sorted(some.begin(), some.end()));
    prune(some);
    all.insert(all.end(), some.begin(), some.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, testing::span(0, 7));
}

TEST_F(PruneOrder, ABlockThatComesLaterIsLookedAt) {
  publish("a");
  EXPECT_EQ(find(before(100)), Blocks{0});
  prune({0});
  EXPECT_EQ(find(before(100)), Blocks{});
  publish("a");
  publish("b");
  EXPECT_EQ(find(before(100)), (Blocks{1, 2}));
}

TEST_F(PruneOrder, AWalkThatBeginsAnewBeginsAtTheLogStart) {
  for (int i = 0; i < 5; ++i) publish("a");
  publish("b");
  prune({0, 1, 5});
  ExpiredPayloads fresh;
  std::swap(expired_, fresh);
  EXPECT_EQ(find(before(2)), Blocks{});
  EXPECT_EQ(find(before(100)), (Blocks{2, 3, 4}));
}

TEST_F(PruneOrder, ResetLooksAtEverythingAgain) {
  for (int i = 0; i < 3; ++i) publish("a");
  EXPECT_EQ(find(before(2)), (Blocks{0, 1}));
  EXPECT_EQ(find(before(2)), Blocks{}) << "it was given once";
  expired_.reset();
  EXPECT_EQ(find(before(2)), (Blocks{0, 1}));
}

TEST_F(PruneOrder, APartitionThatIsWhollyPrunedBeginsBehindItsLastBlock) {
  for (int i = 0; i < 3; ++i) publish("a");
  prune({0, 1, 2});
  EXPECT_EQ(find(before(100)), Blocks{});
  publish("a");
  EXPECT_EQ(find(before(100)), Blocks{3});
}

TEST_F(PruneOrder, WhatWasFetchedAgainExpiresOnceMore) {
  for (int i = 0; i < 6; ++i) publish(i == 4 ? "b" : "a");
  Follower mirror(producer_.id());
  ASSERT_TRUE(mirror.open().ok());
  ASSERT_TRUE(replicate(producer_.reader(), mirror).ok());
  ASSERT_TRUE(mirror.log->prune_before(BlockIndex{6}).ok());
  for (const std::uint64_t block : {1U, 2U, 4U}) {
    const Bytes payload = producer_.reader().payload(BlockIndex{block}).value();
    ASSERT_TRUE(mirror.mirror->add_payload(BlockIndex{block}, payload).ok());
  }
  EXPECT_EQ(found_in(mirror.reader(), before(2)), Blocks{1});
  EXPECT_EQ(found_in(mirror.reader(), before(100)), (Blocks{1, 2, 4}));
  EXPECT_EQ(found_in(mirror.reader(), before(100), 2), (Blocks{1, 2}));
  const auto only_b = [](const TopicPartition& of) {
    return of.topic == "b" ? std::optional(time_of(100)) : std::nullopt;
  };
  EXPECT_EQ(found_in(mirror.reader(), only_b), Blocks{4});
}

TEST_F(PruneOrder, APayloadThatNeverCameExpiresToo) {
  for (int i = 0; i < 4; ++i) publish("a");
  Follower mirror(producer_.id());
  ASSERT_TRUE(mirror.open().ok());
  const Checkpoint head = *producer_.reader().head();
  ASSERT_TRUE(testing::deliver(producer_.reader(), head, 0, testing::span(0, 4), false).to(*mirror.mirror).ok());
  EXPECT_EQ(found_in(mirror.reader(), before(2)), (Blocks{0, 1}));
}

TEST_F(PruneOrder, TheOldestHeldPayloadMayBeBehindPrunedOnes) {
  for (int i = 0; i < 3; ++i) publish("a");
  prune({0, 1});
  const FeedReader reader = producer_.reader();
  OldestPayloads oldest(reader);
  EXPECT_EQ(oldest.peek().value()->block, BlockIndex{2});
}

TEST_F(PruneOrder, ABlockBehindTheLogStartIsGivenOnce) {
  for (int i = 0; i < 4; ++i) publish("a");
  prune({0});
  EXPECT_EQ(find(before(3)), (Blocks{1, 2}));
  EXPECT_EQ(find(before(3)), Blocks{});
}

}  // namespace
}  // namespace shoal::feed
