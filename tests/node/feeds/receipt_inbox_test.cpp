#include "node/feeds/receipt_inbox.h"

#include "crypto/keys.h"
#include "simulation/faulty_store.h"
#include "simulation/swarm_world.h"
#include "store/rocks_kv_store.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

constexpr store::FeedNumber kFeed{3};

feed::Receipt receipt(std::uint8_t seed, std::uint64_t tree_size = 1) {
  feed::Receipt out;
  out.tree_size = tree_size;
  feed::sign_receipt(out, crypto::KeyPair::from_seed(Bytes(32, seed)).value());
  return out;
}

class ReceiptInboxTest : public ::testing::Test {
 protected:
  ReceiptInboxTest() : store_(*store::open_rocks_store("receipts", store::Backing::memory, store_log_)) {
    crypto::init();
    inbox_ = open();
  }
  [[nodiscard]] ReceiptInbox::Context context() {
    ReceiptInbox::Context context;
    context.store = store_.get();
    context.feed = kFeed;
    context.strand = &strand_;
    context.log = &log_;
    context.is_named = [this](const PublicKey& key) { return std::count(named_.begin(), named_.end(), key) > 0; };
    return context;
  }
  std::shared_ptr<ReceiptInbox> open() { return *ReceiptInbox::open(context()); }
  /// What a node that starts now finds.
  std::vector<feed::Receipt> stored() { return open()->all(); }

  simulation::VirtualTime time_;
  simulation::VirtualExecutor strand_{time_};
  base::NullLogSink store_log_;
  simulation::LogLines log_;
  std::unique_ptr<store::KvStore> store_;
  std::vector<PublicKey> named_;
  std::shared_ptr<ReceiptInbox> inbox_;
};

TEST_F(ReceiptInboxTest, KeepsTheNewestOfEachMirrorOverARestart) {
  inbox_->take(receipt(1, 5));
  inbox_->take(receipt(2, 6));
  inbox_->take(receipt(1, 7));
  const auto before = inbox_->all();
  ASSERT_EQ(before.size(), 2U);
  inbox_->save();
  EXPECT_EQ(stored(), before);
}

TEST_F(ReceiptInboxTest, WhatCameWithinASecondIsWrittenTogether) {
  inbox_->take(receipt(1));
  time_.run_for(500ms);
  inbox_->take(receipt(2));
  EXPECT_EQ(time_.waiting(), 1U);
  time_.run_for(499ms);
  EXPECT_TRUE(stored().empty());
  time_.run_for(1ms);
  EXPECT_EQ(stored().size(), 2U);
  // And so on.
  inbox_->take(receipt(3));
  time_.run_for(1s);
  EXPECT_EQ(stored().size(), 3U);
}

TEST_F(ReceiptInboxTest, NodeKeysWithoutEndTakeBoundedRoomOnDisk) {
  for (int seed = 1; seed <= 200; ++seed) {
    inbox_->take(receipt(static_cast<std::uint8_t>(seed)));
    if (seed % 50 == 0) inbox_->save();
  }
  EXPECT_EQ(stored().size(), ReceivedReceipts::kMaxMirrors);
  EXPECT_EQ(stored(), inbox_->all());
}

TEST_F(ReceiptInboxTest, RowsBeyondTheBoundAreNotRead) {
  for (int seed = 1; seed <= 200; ++seed) {
    const auto one = receipt(static_cast<std::uint8_t>(seed));
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::receipt_key(kFeed, one.node_key), feed::encode_receipt(one));
    ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
  }
  EXPECT_EQ(stored().size(), ReceivedReceipts::kMaxMirrors);
}

TEST_F(ReceiptInboxTest, NamesAreKnownToTheReceiptsThatWereStored) {
  inbox_->take(receipt(1));
  inbox_->save();
  named_ = {receipt(1).node_key};
  const auto later = open();
  for (int seed = 2; seed <= 200; ++seed) later->take(receipt(static_cast<std::uint8_t>(seed)));
  const auto all = later->all();
  EXPECT_EQ(std::count(all.begin(), all.end(), receipt(1)), 1);
}

TEST_F(ReceiptInboxTest, TellsWhoeverAsked) {
  int told = 0;
  inbox_->on_receipt([&] {
    ++told;
    EXPECT_FALSE(inbox_->all().empty());
  });
  inbox_->take(receipt(1));
  inbox_->take(receipt(1));
  EXPECT_EQ(told, 2);
  inbox_->on_receipt({});
  inbox_->take(receipt(1));
  EXPECT_EQ(told, 2);
}

TEST_F(ReceiptInboxTest, TheRowsOfARemovedFeedDoNotComeBack) {
  inbox_->take(receipt(1));
  inbox_->stop_saving();
  time_.run_for(5s);
  inbox_->save();
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(inbox_->all().size(), 1U);
}

TEST_F(ReceiptInboxTest, WithoutAStoreTheyAreInMemoryOnly) {
  ReceiptInbox::Context no_store = context();
  no_store.store = nullptr;
  const auto memory = *ReceiptInbox::open(std::move(no_store));
  memory->take(receipt(1));
  EXPECT_EQ(memory->all().size(), 1U);
  EXPECT_EQ(time_.waiting(), 0U);
  memory->save();
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(ReceiptInboxTest, MayEndBeforeItSaves) {
  inbox_->take(receipt(1));
  inbox_.reset();
  time_.run_for(5s);
  EXPECT_TRUE(stored().empty());
}

TEST_F(ReceiptInboxTest, ADamagedRowIsNamed) {
  const auto expect_corrupt = [this] {
    const auto opened = ReceiptInbox::open(context());
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::corrupt);
  };
  const auto put = [this](const Bytes& row) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::receipt_key(kFeed, receipt(1).node_key), row);
    ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
  };
  put(Bytes(10, 1));
  expect_corrupt();
  // A sound receipt in another mirror's row.
  put(feed::encode_receipt(receipt(2)));
  expect_corrupt();
}

}  // namespace
}  // namespace shoal::node
