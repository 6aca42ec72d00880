#include "node/reading/cursor_store.h"

#include "base/log_sink.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

class CursorStoreTest : public ::testing::Test {
 protected:
  base::NullLogSink sink_;
  std::unique_ptr<store::KvStore> store_ = *store::open_rocks_store("cursors", store::Backing::memory, sink_);
  CursorStore cursors_{*store_};
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
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::cursor_key(feed_, "a"), row);
    ASSERT_TRUE(store_->write(batch, store::Sync::no).ok());
    const auto got = cursors_.get(feed_, "a");
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, Code::corrupt);
    EXPECT_NE(got.error().message.find("'a'"), std::string::npos);
  }
}

}  // namespace
}  // namespace shoal::node
