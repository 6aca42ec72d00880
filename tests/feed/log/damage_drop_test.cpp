#include "feed/log/damage_drop.h"

#include "feed/feed_world.h"
#include "feed/read/feed_audit.h"

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
  ASSERT_TRUE(follower_.log->drop_damaged(kRotten).value());
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

}  // namespace
}  // namespace shoal::feed
