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
    const auto done = cache_.read(*reader_, piece);
    return done ? Result<Bytes>(std::move(piece.bytes)) : Result<Bytes>(done.error());
  }

  feed::testing::Producer producer_;
  WatchedStore* store_ = nullptr;
  std::optional<feed::FeedReader> reader_;
  PayloadCache cache_;
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

}  // namespace
}  // namespace shoal::replication
