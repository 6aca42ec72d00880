#include "feed/log/damage_drop.h"

#include "feed/feed_world.h"
#include "feed/read/feed_audit.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::deliver;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::span;
using testing::stream;

constexpr std::uint64_t kBlocks = 6;
constexpr BlockIndex kRotten{3};

/// A mirror of six blocks of two records each in one partition.
class DamageDropTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    for (std::int64_t i = 0; i < std::int64_t{kBlocks}; ++i) {
      ASSERT_TRUE(producer_.writer->commit({batch_of(stream("a"), {2 * i, 2 * i + 1})}).ok());
    }
    ASSERT_TRUE(follower_.open().ok());
    ASSERT_TRUE(replicate(producer_.reader(), follower_).ok());
    follower_.log->on_damage([this](BlockIndex block) { seen_.push_back(block); });
  }
  void rot(store::Column column) {
    const Bytes key = store::block_key(follower_.log->number(), kRotten);
    Bytes row = follower_.blocks->get(column, key).value().value();
    row[row.size() / 2] ^= 1;
    store::WriteBatch batch;
    batch.put(column, key, row);
    ASSERT_TRUE(follower_.blocks->write(batch, store::Sync::no).ok());
  }
  [[nodiscard]] TopicView view() const { return follower_.reader().topic(stream("a")).value().value(); }
  [[nodiscard]] bool held() const { return follower_.reader().has_payload(kRotten).value(); }
  Result<AcceptResult> fetch_again() {
    const auto reader = producer_.reader();
    return deliver(reader, reader.head().value(), 0, {kRotten.value()}).to(*follower_.mirror);
  }
  void reopen() {
    follower_.close();
    ASSERT_TRUE(follower_.open().ok());
  }

  Producer producer_;
  Follower follower_{producer_.id()};
  std::vector<BlockIndex> seen_;
};

TEST_F(DamageDropTest, ARottenPayloadIsSeenNamedAndDropped) {
  rot(store::Column::payloads);
  const std::uint64_t bytes = view().bytes;
  const auto read = follower_.reader().payload(kRotten);
  ASSERT_EQ(read.error().code, Code::corrupt);
  EXPECT_NE(read.error().message.find("block 3 (topic a, partition 0, offsets 6 to 7)"), std::string::npos)
      << read.error().message;
  EXPECT_EQ(seen_, std::vector{kRotten});
  EXPECT_TRUE(held()) << "reading changes nothing";
  ASSERT_TRUE(follower_.log->drop_damaged(kRotten).value());
  EXPECT_FALSE(held());
  EXPECT_EQ(follower_.reader().payload(kRotten).error().code, Code::not_found);
  EXPECT_EQ(follower_.reader().block_prefix(), kRotten.value()) << "what a receipt may say";
  EXPECT_EQ(view().high_watermark, Offset{6});
  EXPECT_LT(view().bytes, bytes);
  EXPECT_FALSE(follower_.log->drop_damaged(kRotten).value()) << "it is gone already";
}

TEST_F(DamageDropTest, ItStaysDroppedAndComesBack) {
  rot(store::Column::payloads);
  const std::uint64_t bytes = view().bytes;
  ASSERT_TRUE(follower_.log->drop_damaged(kRotten).value());
  reopen();
  EXPECT_FALSE(held());
  EXPECT_EQ(view().high_watermark, Offset{6});
  const auto again = fetch_again();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->new_payloads, 1U);
  EXPECT_EQ(view().high_watermark, Offset{12}) << "over the blocks behind it";
  EXPECT_EQ(view().bytes, bytes);
  EXPECT_TRUE(audit(follower_.reader(), {})->complete());
}

TEST_F(DamageDropTest, ARottenHeaderIsWrittenAgain) {
  const Bytes key = store::block_key(follower_.log->number(), kRotten);
  store::WriteBatch batch;
  batch.put(store::Column::headers, key, Bytes(5, 0xff));
  ASSERT_TRUE(follower_.blocks->write(batch, store::Sync::no).ok());
  EXPECT_EQ(follower_.reader().header(kRotten).error().code, Code::corrupt);
  EXPECT_EQ(seen_, std::vector{kRotten});
  const auto places = [&] {
    return follower_.log->inspect([](const LogState& state) {
      std::vector<std::optional<std::uint32_t>> out;
      for (const PartitionState& partition : state.partitions) out.push_back(partition.position);
      return out;
    });
  };
  const auto before = places();
  ASSERT_TRUE(follower_.log->drop_damaged(kRotten).value());
  EXPECT_EQ(places(), before) << "it is not known whose block it was";
  ASSERT_TRUE(fetch_again().ok());
  EXPECT_TRUE(held());
  EXPECT_TRUE(audit(follower_.reader(), {})->complete());
  reopen();
  EXPECT_TRUE(audit(follower_.reader(), {})->complete());
}

TEST_F(DamageDropTest, TheAuditNamesAndReportsEachRottenBlock) {
  rot(store::Column::payloads);
  const auto report = audit(follower_.reader(), {}).value();
  ASSERT_EQ(report.damage.size(), 1U);
  EXPECT_TRUE(report.damage[0].starts_with("block 3 (topic a, partition 0, offsets 6 to 7)")) << report.damage[0];
  EXPECT_EQ(seen_, std::vector{kRotten});
}

TEST_F(DamageDropTest, OnlyTheBlockThatIsHeldGoes) {
  EXPECT_FALSE(follower_.log->drop_damaged(BlockIndex{kBlocks}).value()) << "never held";
  EXPECT_TRUE(follower_.log->drop_damaged(BlockIndex{0}).value());
  EXPECT_EQ(follower_.reader().held_payload_count(), kBlocks - 1);
  EXPECT_EQ(view().high_watermark, Offset{0});
}

TEST_F(DamageDropTest, ADropThatCannotBeWrittenChangesNothing) {
  auto blocks = std::make_unique<testing::RecordingStore>("blocks", std::make_shared<testing::RecordingStore::Calls>());
  testing::RecordingStore& store = *blocks;
  Follower follower(producer_.id());
  follower.blocks = std::move(blocks);
  ASSERT_TRUE(follower.open().ok());
  ASSERT_TRUE(replicate(producer_.reader(), follower).ok());
  const auto changes = [&] {
    return follower.log->inspect([](const LogState& state) { return state.payload_changes; });
  };
  const std::uint64_t before = changes();
  store.fail_after(0);
  EXPECT_EQ(follower.log->drop_damaged(kRotten).error().code, Code::io);
  EXPECT_EQ(follower.reader().held_payload_count(), kBlocks);
  EXPECT_EQ(follower.reader().topic(stream("a")).value()->high_watermark, Offset{12});
  EXPECT_EQ(changes(), before);
  store.fail_after(-1);
  ASSERT_TRUE(follower.log->drop_damaged(kRotten).value());
  EXPECT_EQ(changes(), before + 1);
}

TEST_F(DamageDropTest, WhatSharesItsRowStaysHeld) {
  for (const std::uint64_t block : {3U, 0U, 5U}) {
    ASSERT_TRUE(follower_.log->drop_damaged(BlockIndex{block}).value());
    reopen();
  }
  EXPECT_EQ(follower_.reader().held_payloads(),
            (std::vector<BlockRange>{{BlockIndex{1}, BlockIndex{3}}, {BlockIndex{4}, BlockIndex{5}}}));
}

TEST(DamageDrop, WhatSharesItsRowStaysHeldInEveryRow) {
  testing::RecordingStore store("blocks", std::make_shared<testing::RecordingStore::Calls>());
  const FeedRows rows{{&store, &store}, FeedId{}, store::FeedNumber{3}};
  LogState state;
  for (const std::uint64_t chunk : {0U, 1U, 2U}) state.payloads.add(chunk * kHaveChunk, chunk * kHaveChunk + 5);
  state.payloads.add(2 * kHaveChunk - 1);
  RangeSet left = state.payloads;
  store::WriteBatch batch;
  put_have_range(batch, rows.number, HaveSet::payloads, state.payloads, 0, state.payloads.bound());
  ASSERT_TRUE(store.write(batch, store::Sync::no).ok());
  SharedLogState shared(std::move(state));
  const StoredBlocks blocks(rows, shared);
  ASSERT_TRUE(drop_damaged_block(blocks, shared, BlockIndex{kHaveChunk + 2}).value());
  left.remove(kHaveChunk + 2, kHaveChunk + 3);
  EXPECT_EQ(shared.unlocked().payloads.runs(), left.runs());
  EXPECT_EQ(load_have_set(store, rows.number, HaveSet::payloads)->runs(), left.runs());
}

}  // namespace
}  // namespace shoal::feed
