#include "node/feeds/received_receipts.h"

#include "crypto/keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::node {
namespace {

feed::Receipt receipt(std::uint8_t seed, std::uint64_t tree_size = 1) {
  feed::Receipt out;
  out.tree_size = tree_size;
  feed::sign_receipt(out, crypto::KeyPair::from_seed(Bytes(32, seed)).value());
  return out;
}

class ReceivedReceiptsTest : public ::testing::Test {
 protected:
  ReceivedReceiptsTest() { crypto::init(); }
  [[nodiscard]] bool has(const PublicKey& key) const {
    const auto all = receipts_.all();
    return std::any_of(all.begin(), all.end(), [&](const feed::Receipt& one) { return one.node_key == key; });
  }
  void put_many(int from, int to) {
    for (int seed = from; seed <= to; ++seed) {
      EXPECT_TRUE(receipts_.put(receipt(static_cast<std::uint8_t>(seed))));
    }
  }

  std::vector<PublicKey> named_;
  ReceivedReceipts receipts_{
      [this](const PublicKey& key) { return std::count(named_.begin(), named_.end(), key) > 0; }};
};

TEST_F(ReceivedReceiptsTest, KeepsTheNewestOfEachMirror) {
  EXPECT_TRUE(receipts_.put(receipt(1, 5)));
  EXPECT_TRUE(receipts_.put(receipt(2, 6)));
  EXPECT_TRUE(receipts_.put(receipt(1, 7)));
  const auto all = receipts_.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_LT(all[0].node_key, all[1].node_key);
  EXPECT_EQ(all[0].tree_size + all[1].tree_size, 13U);
}

TEST_F(ReceivedReceiptsTest, NodeKeysWithoutEndTakeBoundedRoom) {
  put_many(1, 200);
  EXPECT_EQ(receipts_.all().size(), ReceivedReceipts::kMaxMirrors);
  EXPECT_TRUE(has(receipt(200).node_key));
  EXPECT_FALSE(has(receipt(1).node_key));
}

TEST_F(ReceivedReceiptsTest, TheFirstMirrorsBelowTheBoundAllStay) {
  put_many(1, ReceivedReceipts::kMaxMirrors);
  EXPECT_TRUE(has(receipt(1).node_key));
  put_many(65, 65);
  EXPECT_FALSE(has(receipt(1).node_key));
  EXPECT_TRUE(has(receipt(2).node_key));
}

TEST_F(ReceivedReceiptsTest, AMirrorThatGivesNewReceiptsStays) {
  EXPECT_TRUE(receipts_.put(receipt(1)));
  for (int seed = 2; seed <= 200; ++seed) {
    EXPECT_TRUE(receipts_.put(receipt(static_cast<std::uint8_t>(seed))));
    EXPECT_TRUE(receipts_.put(receipt(1)));
  }
  EXPECT_TRUE(has(receipt(1).node_key));
}

TEST_F(ReceivedReceiptsTest, StrangersNeverPushOutANamedMirror) {
  named_ = {receipt(1).node_key, receipt(150).node_key};
  put_many(1, 200);
  EXPECT_TRUE(has(receipt(1).node_key));
  EXPECT_TRUE(has(receipt(150).node_key));
  EXPECT_EQ(receipts_.all().size(), ReceivedReceipts::kMaxMirrors);
}

TEST_F(ReceivedReceiptsTest, ANamedMirrorReplacesAStrangerBeforeAnotherNamedOne) {
  named_ = {receipt(1).node_key, receipt(100).node_key};
  put_many(1, ReceivedReceipts::kMaxMirrors);
  put_many(100, 100);
  EXPECT_TRUE(has(receipt(1).node_key));
  EXPECT_FALSE(has(receipt(2).node_key));
}

TEST_F(ReceivedReceiptsTest, AmongNamedMirrorsAloneStrangersFindNoRoom) {
  for (int seed = 1; seed <= 65; ++seed) named_.push_back(receipt(static_cast<std::uint8_t>(seed)).node_key);
  put_many(1, ReceivedReceipts::kMaxMirrors);
  EXPECT_FALSE(receipts_.put(receipt(100)));
  EXPECT_FALSE(has(receipt(100).node_key));
  // Another named one replaces the one whose receipt is the oldest.
  put_many(65, 65);
  EXPECT_FALSE(has(receipt(1).node_key));
  EXPECT_TRUE(has(receipt(65).node_key));
}

TEST_F(ReceivedReceiptsTest, ChangesAreGivenOnce) {
  put_many(1, ReceivedReceipts::kMaxMirrors);
  EXPECT_EQ(receipts_.take_changes().kept.size(), ReceivedReceipts::kMaxMirrors);
  EXPECT_TRUE(receipts_.take_changes().kept.empty());
  EXPECT_TRUE(receipts_.put(receipt(2, 9)));
  auto changes = receipts_.take_changes();
  ASSERT_EQ(changes.kept.size(), 1U);
  EXPECT_EQ(changes.kept[0], receipt(2, 9));
  EXPECT_TRUE(changes.dropped.empty());
  put_many(100, 100);
  changes = receipts_.take_changes();
  ASSERT_EQ(changes.kept.size(), 1U);
  EXPECT_EQ(changes.kept[0], receipt(100));
  EXPECT_EQ(changes.dropped, std::vector<PublicKey>{receipt(1).node_key});
}

TEST(ReceivedReceipts, WithoutNamesEveryMirrorIsAStranger) {
  crypto::init();
  ReceivedReceipts receipts;
  for (int seed = 1; seed <= 65; ++seed) EXPECT_TRUE(receipts.put(receipt(static_cast<std::uint8_t>(seed))));
  EXPECT_EQ(receipts.all().size(), ReceivedReceipts::kMaxMirrors);
}

}  // namespace
}  // namespace shoal::node
