#include "node/feeds/received_receipts.h"

#include "base/log_sink.h"
#include "crypto/keys.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::node {
namespace {

class ReceivedReceiptsTest : public ::testing::Test {
 protected:
  ReceivedReceiptsTest() : store_(*store::open_rocks_store("receipts", store::Backing::memory, sink_)) {
    crypto::init();
    reopen();
  }
  void reopen() {
    ReceivedReceipts::Parts parts;
    parts.store = store_.get();
    parts.feed = store::FeedNumber(3);
    parts.is_named = [this](const PublicKey& key) { return std::count(named_.begin(), named_.end(), key) > 0; };
    auto opened = ReceivedReceipts::open(std::move(parts));
    ASSERT_TRUE(opened.ok());
    receipts_ = std::move(*opened);
  }
  static feed::Receipt receipt(std::uint8_t seed, std::uint64_t tree_size = 1) {
    feed::Receipt out;
    out.tree_size = tree_size;
    feed::sign_receipt(out, crypto::KeyPair::from_seed(Bytes(32, seed)).value());
    return out;
  }
  [[nodiscard]] bool has(const PublicKey& key) const {
    const auto all = receipts_->all();
    return std::any_of(all.begin(), all.end(), [&](const feed::Receipt& one) { return one.node_key == key; });
  }

  base::NullLogSink sink_;
  std::unique_ptr<store::KvStore> store_;
  std::vector<PublicKey> named_;
  std::unique_ptr<ReceivedReceipts> receipts_;
};

TEST_F(ReceivedReceiptsTest, KeepsTheNewestOfEachMirrorOverARestart) {
  EXPECT_TRUE(receipts_->put(receipt(1, 5)));
  EXPECT_TRUE(receipts_->put(receipt(2, 6)));
  EXPECT_TRUE(receipts_->put(receipt(1, 7)));
  const auto before = receipts_->all();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_TRUE(receipts_->save().ok());
  reopen();
  EXPECT_EQ(receipts_->all(), before);
}

TEST_F(ReceivedReceiptsTest, NodeKeysWithoutEndTakeBoundedRoom) {
  for (int seed = 1; seed <= 200; ++seed) EXPECT_TRUE(receipts_->put(receipt(static_cast<std::uint8_t>(seed))));
  EXPECT_EQ(receipts_->all().size(), ReceivedReceipts::kMaxMirrors);
  EXPECT_TRUE(has(receipt(200).node_key));
  EXPECT_FALSE(has(receipt(1).node_key));
  ASSERT_TRUE(receipts_->save().ok());
  reopen();
  EXPECT_EQ(receipts_->all().size(), ReceivedReceipts::kMaxMirrors);
}

TEST_F(ReceivedReceiptsTest, WhoIsHeardOfStays) {
  EXPECT_TRUE(receipts_->put(receipt(1)));
  for (int seed = 2; seed <= 200; ++seed) {
    EXPECT_TRUE(receipts_->put(receipt(static_cast<std::uint8_t>(seed))));
    EXPECT_TRUE(receipts_->put(receipt(1)));
  }
  EXPECT_TRUE(has(receipt(1).node_key));
}

TEST_F(ReceivedReceiptsTest, StrangersNeverPushOutANamedMirror) {
  named_ = {receipt(1).node_key, receipt(150).node_key};
  for (int seed = 1; seed <= 200; ++seed) EXPECT_TRUE(receipts_->put(receipt(static_cast<std::uint8_t>(seed))));
  EXPECT_TRUE(has(receipt(1).node_key));
  EXPECT_TRUE(has(receipt(150).node_key));
  EXPECT_EQ(receipts_->all().size(), ReceivedReceipts::kMaxMirrors);
}

TEST_F(ReceivedReceiptsTest, ADamagedRowIsNamed) {
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::receipt_key(store::FeedNumber(3), receipt(1).node_key), Bytes(10, 1));
  ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
  ReceivedReceipts::Parts parts;
  parts.store = store_.get();
  parts.feed = store::FeedNumber(3);
  const auto opened = ReceivedReceipts::open(std::move(parts));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::node
