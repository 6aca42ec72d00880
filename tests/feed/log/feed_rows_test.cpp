#include "feed/log/feed_rows.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <vector>

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

TEST(FeedRows, ALostNumberIsFoundByTheHeadBesideTheBlocks) {
  const auto calls = std::make_shared<testing::RecordingStore::Calls>();
  testing::RecordingStore blocks("blocks", calls);
  std::vector<std::unique_ptr<testing::Producer>> owners;
  for (std::uint8_t seed = 1; seed <= 3; ++seed) {
    owners.push_back(std::make_unique<testing::Producer>(std::filesystem::path(), seed));
    ASSERT_TRUE(owners.back()->open().ok());
    ASSERT_TRUE(owners.back()->writer->commit({testing::batch_of(testing::stream("t"), {1})}).ok());
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::head_key(store::FeedNumber{seed}),
              encode_checkpoint(*owners.back()->writer->head()));
    ASSERT_TRUE(blocks.write(batch, store::Sync::no).ok());
  }
  testing::RecordingStore heads("heads", calls);  // its log was lost with all numbers
  const FeedStores stores{&heads, &blocks};
  EXPECT_EQ(open_feed_rows(stores, owners[1]->id())->number, store::FeedNumber{2});
  EXPECT_EQ(open_feed_rows(stores, FeedId{testing::test_key(9).public_key()})->number, store::FeedNumber{4})
      << "a new feed gets none that has rows";
  EXPECT_EQ(open_feed_rows(stores, owners[2]->id())->number, store::FeedNumber{3});
  EXPECT_EQ(open_feed_rows(stores, owners[0]->id())->number, store::FeedNumber{1});
  EXPECT_EQ(open_feed_rows(stores, FeedId{testing::test_key(8).public_key()})->number, store::FeedNumber{5});
  EXPECT_EQ(open_feed_rows(stores, owners[1]->id())->number, store::FeedNumber{2});
}

/// Two feeds with a row in each column of both stores.
class FeedRowsOfTwo : public ::testing::Test {
 protected:
  static constexpr std::array kColumns = {store::Column::headers, store::Column::payloads, store::Column::tree,
                                          store::Column::topics,  store::Column::offsets,  store::Column::times,
                                          store::Column::meta};

  void SetUp() override {
    for (const std::uint8_t seed : {std::uint8_t{1}, std::uint8_t{2}}) {
      const FeedRows rows = open_feed_rows({&heads_, &blocks_}, id(seed)).value();
      for (const store::Column column : kColumns) {
        put(heads_, column, store::feed_range(rows.number).begin);
        put(blocks_, column, store::feed_range(rows.number).begin);
      }
      put(heads_, store::Column::meta, store::cursor_key(rows.id, "reader"));
      put(heads_, store::Column::meta, store::group_offset_key(rows.id, "group", testing::stream("t")));
      rows_.push_back(rows);
    }
    calls_->clear();
  }
  static FeedId id(std::uint8_t seed) { return FeedId{testing::test_key(seed).public_key()}; }
  static void put(store::KvStore& store, store::Column column, const Bytes& key) {
    store::WriteBatch batch;
    batch.put(column, key, Bytes{1});
    ASSERT_TRUE(store.write(batch, store::Sync::no).ok());
  }
  /// Rows of the feed in its columns, without its number.
  [[nodiscard]] int count(const FeedRows& rows) const {
    int found = 0;
    for (const store::KvStore* store :
         {static_cast<const store::KvStore*>(&heads_), static_cast<const store::KvStore*>(&blocks_)}) {
      for (const store::Column column : kColumns) {
        found += store->contains(column, store::feed_range(rows.number).begin).value() ? 1 : 0;
      }
    }
    for (const Bytes& key :
         {store::cursor_key(rows.id, "reader"), store::group_offset_key(rows.id, "group", testing::stream("t"))}) {
      found += heads_.contains(store::Column::meta, key).value() ? 1 : 0;
    }
    return found;
  }

  std::shared_ptr<testing::RecordingStore::Calls> calls_ = std::make_shared<testing::RecordingStore::Calls>();
  testing::RecordingStore heads_{"heads", calls_};
  testing::RecordingStore blocks_{"blocks", calls_};
  std::vector<FeedRows> rows_;
};

TEST_F(FeedRowsOfTwo, RemovingOneLeavesTheOther) {
  ASSERT_EQ(count(rows_[0]), 16);
  ASSERT_TRUE(remove_feed_rows({&heads_, &blocks_}, rows_[0].id).ok());
  EXPECT_EQ(count(rows_[0]), 0);
  EXPECT_EQ(count(rows_[1]), 16);
  EXPECT_EQ(list_feeds(heads_).value(), std::vector<FeedId>{rows_[1].id});
  EXPECT_EQ(remove_feed_rows({&heads_, &blocks_}, rows_[0].id).error().code, Code::not_found);
  // The number goes last, synced: a crash before leaves a feed that can be removed again.
  EXPECT_EQ(calls_->back(), "heads write yes");
  EXPECT_EQ(std::count(calls_->begin(), calls_->end(), "blocks drop"), 6);
  EXPECT_EQ(std::count(calls_->begin(), calls_->end(), "heads drop"), 6);
}

TEST_F(FeedRowsOfTwo, OneStoreIsClearedOnce) {
  ASSERT_TRUE(remove_feed_rows({&heads_, &heads_}, rows_[0].id).ok());
  EXPECT_EQ(std::count(calls_->begin(), calls_->end(), "heads drop"), 6);
  EXPECT_EQ(count(rows_[0]), 7) << "those of the other store";
}

TEST_F(FeedRowsOfTwo, AFailedRemovalKeepsTheNumber) {
  for (int failing = 0; failing < 2; ++failing) {
    heads_.fail_after(failing);
    EXPECT_EQ(remove_feed_rows({&heads_, &blocks_}, rows_[0].id).error().code, Code::io);
    heads_.fail_after(-1);
    EXPECT_EQ(list_feeds(heads_)->size(), 2U);
  }
  blocks_.fail_after(0);
  EXPECT_EQ(remove_feed_rows({&heads_, &blocks_}, rows_[1].id).error().code, Code::io);
  EXPECT_TRUE(heads_.contains(store::Column::meta, store::feed_range(rows_[1].number).begin).value());
}

TEST_F(FeedRowsOfTwo, ANumberThatIsNotWrittenIsNotGiven) {
  heads_.fail_after(0);
  EXPECT_EQ(open_feed_rows({&heads_, &blocks_}, id(3)).error().code, Code::io);
  heads_.fail_after(-1);
  EXPECT_EQ(open_feed_rows({&heads_, &blocks_}, id(3))->number, store::FeedNumber{3});
  EXPECT_EQ(list_feeds(heads_)->size(), 3U);
}

TEST_F(FeedRowsOfTwo, APropertyIsWrittenReadAndErased) {
  const FeedRows& rows = rows_[0];
  EXPECT_EQ(rows.property("x").value(), std::nullopt);
  ASSERT_TRUE(rows.set_property("x", Bytes{7}).ok());
  EXPECT_EQ(rows.property("x").value(), Bytes{7});
  EXPECT_EQ(rows_[1].property("x").value(), std::nullopt);
  ASSERT_TRUE(rows.set_property("x", std::nullopt).ok());
  EXPECT_EQ(rows.property("x").value(), std::nullopt);
  EXPECT_EQ(*calls_, (testing::RecordingStore::Calls{"heads write no", "heads write no"}));
}

TEST_F(FeedRowsOfTwo, AListThatCannotBeReadIsNotAShorterOne) {
  heads_.refuse_iteration(store::Column::meta, Error{Code::io, "gone"});
  EXPECT_EQ(list_feeds(heads_).error().code, Code::io);
}

}  // namespace
}  // namespace shoal::feed
