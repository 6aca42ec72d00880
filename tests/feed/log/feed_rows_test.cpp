#include "feed/log/feed_rows.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

TEST(FeedRows, NumbersAreSyncedAndNeverGivenTwice) {
  const auto calls = std::make_shared<testing::RecordingStore::Calls>();
  testing::RecordingStore store("own", calls);
  const FeedStores stores{&store, &store};
  const auto feed = [](std::uint8_t seed) { return FeedId{testing::test_key(seed).public_key()}; };
  EXPECT_EQ(open_feed_rows(stores, feed(1))->number, store::FeedNumber{1});
  EXPECT_EQ(*calls, (testing::RecordingStore::Calls{"own write yes"}));
  EXPECT_EQ(open_feed_rows(stores, feed(2))->number, store::FeedNumber{2});
  EXPECT_EQ(open_feed_rows(stores, feed(1))->number, store::FeedNumber{1});
  EXPECT_EQ(calls->size(), 2U);
  ASSERT_TRUE(remove_feed_rows(stores, feed(2)).ok());
  EXPECT_EQ(calls->back(), "own write yes");
  EXPECT_EQ(open_feed_rows(stores, feed(2))->number, store::FeedNumber{3});
  for (const Bytes& bad : {Bytes{1}, Bytes{0, 0, 0, 0}, Bytes{0, 0, 0, 1, 0}}) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::next_feed_number_key(), bad);
    batch.put(store::Column::meta, store::feed_number_key(feed(1)), bad);
    ASSERT_TRUE(store.write(batch, store::Sync::no).ok());
    EXPECT_EQ(open_feed_rows(stores, feed(1)).error().code, Code::corrupt);
    EXPECT_EQ(open_feed_rows(stores, feed(4)).error().code, Code::corrupt);
  }
}

}  // namespace
}  // namespace shoal::feed
