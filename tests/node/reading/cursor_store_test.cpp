#include "node/reading/cursor_store.h"

#include "feed/recording_store.h"
#include "store/keyspace.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

class CursorStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string token(const std::string& name) const {
    const auto cursor = *cursors_.get(feed_, name);
    return cursor ? cursor->token : "none";
  }
  /// A row that no cursor was written as.
  void damage(const std::string& name, const Bytes& row) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::cursor_key(feed_, name), row);
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }

  using Calls = feed::testing::RecordingStore::Calls;
  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  feed::testing::RecordingStore store_{"cursors", calls_};
  CursorStore cursors_{store_};
  FeedId feed_;
};

TEST_F(CursorStoreTest, KeepsTokenAndNoteOfEachName) {
  EXPECT_FALSE(cursors_.get(feed_, "a")->has_value());
  ASSERT_TRUE(cursors_.put(feed_, "a", {"token a", "note a"}).ok());
  ASSERT_TRUE(cursors_.put(feed_, "b", {"token b", ""}).ok());
  const auto first = *cursors_.get(feed_, "a");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->token, "token a");
  EXPECT_EQ(first->note, "note a");
  EXPECT_EQ((*cursors_.get(feed_, "b"))->token, "token b");
  EXPECT_EQ((*cursors_.get(feed_, "b"))->note, "");
}

TEST_F(CursorStoreTest, CursorsOfAnotherFeedAreOthers) {
  FeedId other;
  other.key.bytes[0] = 1;
  ASSERT_TRUE(cursors_.put(feed_, "a", {"token", ""}).ok());
  EXPECT_FALSE(cursors_.get(other, "a")->has_value());
}

TEST_F(CursorStoreTest, ADamagedRowIsNamed) {
  for (const Bytes& row : {Bytes{0, 0}, Bytes(9, 0)}) {
    damage("a", row);
    const auto got = cursors_.get(feed_, "a");
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, Code::corrupt);
    EXPECT_NE(got.error().message.find("'a'"), std::string::npos);
    EXPECT_FALSE(cursors_.put_if(feed_, "a", "", {"token", ""}).ok());
    const auto listed = cursors_.list(feed_);
    ASSERT_FALSE(listed.ok());
    EXPECT_EQ(listed.error().code, Code::corrupt);
  }
}

TEST_F(CursorStoreTest, EachChangeIsOnTheDiskWhenTheCallReturns) {
  ASSERT_TRUE(cursors_.put(feed_, "a", {"1", ""}).ok());
  ASSERT_TRUE(cursors_.put_if(feed_, "a", "1", {"2", ""}).ok());
  ASSERT_TRUE(cursors_.erase(feed_, "a").ok());
  EXPECT_EQ(*calls_, Calls(3, "cursors write yes"));
}

TEST_F(CursorStoreTest, ADiskThatRefusesIsTold) {
  ASSERT_TRUE(cursors_.put(feed_, "a", {"1", ""}).ok());
  store_.fail_after(0);
  EXPECT_EQ(cursors_.put(feed_, "a", {"2", ""}).error().code, Code::io);
  EXPECT_EQ(cursors_.put_if(feed_, "a", "1", {"2", ""}).error().code, Code::io);
  EXPECT_EQ(cursors_.erase(feed_, "a").error().code, Code::io);
  EXPECT_EQ(token("a"), "1");
}

TEST_F(CursorStoreTest, PutIfStoresOnlyOverTheExpectedToken) {
  ASSERT_TRUE(cursors_.put_if(feed_, "a", "", {"1", "note"}).ok());
  EXPECT_EQ(token("a"), "1");
  EXPECT_EQ((*cursors_.get(feed_, "a"))->note, "note");
  ASSERT_TRUE(cursors_.put_if(feed_, "a", "1", {"2", ""}).ok());
  EXPECT_EQ(token("a"), "2");
  const auto refused = cursors_.put_if(feed_, "a", "1", {"3", ""});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::already_exists);
  EXPECT_EQ(refused.error().hint, "it is at 2");
  EXPECT_EQ(cursors_.put_if(feed_, "a", "", {"3", ""}).error().hint, "it is at 2");
  EXPECT_EQ(token("a"), "2");
  EXPECT_EQ(cursors_.put_if(feed_, "b", "1", {"3", ""}).error().hint, "it has none");
  EXPECT_EQ(token("b"), "none");
}

TEST_F(CursorStoreTest, AnErasedCursorIsGone) {
  ASSERT_TRUE(cursors_.put(feed_, "a", {"1", ""}).ok());
  ASSERT_TRUE(cursors_.put(feed_, "b", {"2", ""}).ok());
  ASSERT_TRUE(cursors_.erase(feed_, "a").ok());
  EXPECT_EQ(token("a"), "none");
  EXPECT_EQ(token("b"), "2");
  const auto again = cursors_.erase(feed_, "a");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::not_found);
}

TEST_F(CursorStoreTest, TheCursorsOfAFeedAreListedByName) {
  EXPECT_TRUE(cursors_.list(feed_)->empty());
  FeedId before;
  FeedId other;
  feed_.key.bytes[0] = 1;
  other.key.bytes[0] = 2;
  for (const FeedId& feed : {before, other}) ASSERT_TRUE(cursors_.put(feed, "x", {"0", ""}).ok());
  ASSERT_TRUE(cursors_.put(feed_, "b", {"2", ""}).ok());
  ASSERT_TRUE(cursors_.put(feed_, "a", {"1", "note"}).ok());
  const auto listed = *cursors_.list(feed_);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].name, "a");
  EXPECT_EQ(listed[0].cursor.token, "1");
  EXPECT_EQ(listed[0].cursor.note, "note");
  EXPECT_EQ(listed[1].name, "b");
}

}  // namespace
}  // namespace shoal::node
