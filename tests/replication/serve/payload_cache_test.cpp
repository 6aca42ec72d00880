#include "replication/serve/payload_cache.h"

#include "feed/feed_world.h"
#include "store/forwarding_store.h"

namespace shoal::replication {
namespace {

/// Counts payloads that are read, and flips a bit of what is read on demand.
class WatchedStore final : public store::ForwardingStore {
 public:
  explicit WatchedStore(std::unique_ptr<store::KvStore> inner) : ForwardingStore(std::move(inner)) {}
  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    auto row = ForwardingStore::get(column, key);
    if (column != store::Column::payloads) return row;
    ++reads;
    if (rotten && row && *row) (**row).front() ^= 1U;
    return row;
  }
  mutable int reads = 0;
  bool rotten = false;
};

/// A feed of three blocks of several pieces.
class PayloadCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = std::make_unique<WatchedStore>(*store::open_rocks_store("own", store::Backing::memory, producer_.sink));
    store_ = made.get();
    producer_.store = std::move(made);
    ASSERT_TRUE(producer_.open().ok());
    for (std::int64_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {i}, 200'000)}).ok());
    }
    reader_.emplace(producer_.reader());
    store_->reads = 0;
  }
  Result<Bytes> read(std::uint64_t block, std::uint32_t number) {
    Piece piece;
    piece.block = BlockIndex{block};
    piece.piece = number;
    const auto done = cache_.read(*reader_, piece, turn_);
    if (!done) return done.error();
    return *done ? Result<Bytes>(std::move(piece.bytes)) : Result<Bytes>(Error{Code::timed_out, "later", ""});
  }

  feed::testing::Producer producer_;
  WatchedStore* store_ = nullptr;
  std::optional<feed::FeedReader> reader_;
  PayloadCache cache_;
  ReadTurn turn_;
};

TEST_F(PayloadCacheTest, PayloadsStayWhileTheirPiecesAreRead) {
  for (std::uint32_t number = 0; number < 2; ++number) {
    for (std::uint64_t block = 0; block < 3; ++block) EXPECT_TRUE(read(block, number).ok());
  }
  EXPECT_EQ(store_->reads, 3);
  cache_.clear();
  EXPECT_TRUE(read(0, 0).ok());
  EXPECT_EQ(store_->reads, 4);
}

TEST_F(PayloadCacheTest, ADamagedPayloadIsCorruptAndForgotten) {
  store_->rotten = true;
  const auto got = read(1, 0);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Code::corrupt);
  store_->rotten = false;
  const auto again = read(1, 0);
  ASSERT_TRUE(again.ok()) << "the damaged bytes are not served from memory";
  const Bytes whole = *reader_->payload(BlockIndex{1});
  EXPECT_EQ(*again, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(again->size())));
}

TEST_F(PayloadCacheTest, APayloadIsPaidForByThePiecesThatAreTaken) {
  ReadBudget budget;
  turn_ = ReadTurn(budget, base::MonoTime{0});
  EXPECT_TRUE(budget.left(base::MonoTime{0}));
  budget.spend((512U << 20) - 100'000);
  ASSERT_TRUE(read(0, 0).ok());
  EXPECT_FALSE(budget.left(base::MonoTime{0})) << "the whole payload was read for one piece";
  for (std::uint32_t number = 1; number < 4; ++number) ASSERT_TRUE(read(0, number).ok());
  budget.spend(99'999);
  EXPECT_TRUE(budget.left(base::MonoTime{0})) << "all of it was sent";
  budget.spend(1);
  EXPECT_FALSE(read(1, 0).ok()) << "nothing is left to read it for";
  EXPECT_EQ(store_->reads, 1);
  turn_ = ReadTurn(budget, base::MonoTime{std::chrono::seconds(1)});
  EXPECT_TRUE(read(1, 0).ok());
}

/// 64 MiB of payloads and one more.
class FullPayloadCache : public PayloadCacheTest {
 protected:
  void SetUp() override {
    PayloadCacheTest::SetUp();
    for (std::int64_t i = 3; i < 12; ++i) {
      ASSERT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {i}, kSize)}).ok());
    }
    for (std::uint64_t block = 3; block < 11; ++block) ASSERT_TRUE(read(block, 0).ok());
    store_->reads = 0;
  }
  void at(base::MonoTime now) { turn_ = ReadTurn(budget_, now); }
  static constexpr std::size_t kSize = 8'300'000;
  ReadBudget budget_;
};

TEST_F(FullPayloadCache, WhatIsBeingTakenIsNotPushedOut) {
  at(std::chrono::milliseconds(200));
  EXPECT_FALSE(read(11, 0).ok());
  EXPECT_EQ(store_->reads, 0);
  for (std::uint64_t block = 3; block < 11; ++block) EXPECT_TRUE(read(block, 1).ok());
  EXPECT_EQ(store_->reads, 0) << "each is still here";
}

TEST_F(FullPayloadCache, WhatWasTakenToItsEndGoes) {
  at(std::chrono::milliseconds(200));
  EXPECT_TRUE(read(7, 126).ok());
  EXPECT_TRUE(read(11, 0).ok());
  EXPECT_TRUE(read(3, 1).ok());
  EXPECT_EQ(store_->reads, 1);
}

TEST_F(FullPayloadCache, WhatNobodyTakesForAWhileGoes) {
  at(PayloadCache::kQuiet - std::chrono::milliseconds(1));
  for (std::uint64_t block = 4; block < 11; ++block) EXPECT_TRUE(read(block, 1).ok());
  EXPECT_FALSE(read(11, 0).ok());
  at(PayloadCache::kQuiet);
  EXPECT_TRUE(read(11, 0).ok());
  EXPECT_TRUE(read(4, 2).ok());
  EXPECT_EQ(store_->reads, 1) << "block 3 went";
}

TEST_F(FullPayloadCache, APayloadHasNoMoreThanItsTurn) {
  for (int i = 1; i < 10; ++i) {
    at(std::chrono::milliseconds(100 * i));
    for (std::uint64_t block = 3; block < 11; ++block) EXPECT_TRUE(read(block, static_cast<std::uint32_t>(i)).ok());
    EXPECT_FALSE(read(11, 0).ok());
  }
  at(PayloadCache::kTurn);
  EXPECT_TRUE(read(11, 0).ok());
}

}  // namespace
}  // namespace shoal::replication
