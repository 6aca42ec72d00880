#include "store/fail_stop.h"

#include "journal_samples.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>

namespace shoal::store {
namespace {

using testing::CrashDisk;
using testing::feed_number;
using testing::sample;
using testing::sample_head;

/// A store whose writes fail in one way.
class FailingStore final : public KvStore {
 public:
  explicit FailingStore(Error error) : error_(std::move(error)) {}
  [[nodiscard]] Result<std::optional<Bytes>> get(Column, ByteView) const override { return error_; }
  [[nodiscard]] Result<bool> contains(Column, ByteView) const override { return error_; }
  [[nodiscard]] Result<std::optional<KvRow>> first_at(Column, ByteView) const override { return error_; }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column) const override { return nullptr; }
  [[nodiscard]] Result<void> write(const WriteBatch&, Sync) override { return error_; }
  [[nodiscard]] Result<void> make_durable() override { return error_; }
  [[nodiscard]] Result<void> check_writable() const override { return error_; }
  [[nodiscard]] Result<void> drop_range(Column, ByteView, ByteView) override { return error_; }
  [[nodiscard]] Result<void> compact(Column, ByteView, ByteView) override { return error_; }
  [[nodiscard]] Result<void> reclaim(Column, ByteView, ByteView, const LiveRows&) override { return error_; }
  [[nodiscard]] std::uint64_t waiting_bytes() const override { return 7; }

 private:
  Error error_;
};

/// How often a store that fails so is told of, for each of the calls; each passes the error on.
int told(Code code) {
  int count = 0;
  const auto store = watched(std::make_unique<FailingStore>(Error{code, "a failure", ""}),
                             [&](const Error& error) { count += error.message == "a failure" ? 1 : 100; });
  const Bytes key{1};
  EXPECT_FALSE(store->get(Column::meta, key).ok());
  EXPECT_FALSE(store->contains(Column::meta, key).ok());
  EXPECT_FALSE(store->first_at(Column::meta, key).ok());
  EXPECT_EQ(store->waiting_bytes(), 7U);
  EXPECT_EQ(store->iterate(Column::meta), nullptr);
  EXPECT_EQ(count, 0) << "reading tells nothing";
  int calls = 0;
  for (const Result<void>& result : {store->write({}, Sync::no), store->make_durable(), store->check_writable(),
                                     store->drop_range(Column::meta, key, key), store->compact(Column::meta, key, key),
                                     store->reclaim(Column::meta, key, key, {})}) {
    EXPECT_EQ(result.error().code, code) << calls++;
  }
  return count;
}

TEST(FailStop, AFailedWriteOrSyncOfTheStoreIsTold) {
  EXPECT_EQ(told(Code::io), 6);
  EXPECT_EQ(told(Code::limit_exceeded), 6) << "no descriptor for a table";
}

TEST(FailStop, AFullDiskAndDamageOfTheStoreAreNot) {
  EXPECT_EQ(told(Code::no_space), 0);
  EXPECT_EQ(told(Code::corrupt), 0);
}

TEST(FailStop, AStoreThatWorksIsPassedOn) {
  base::NullLogSink sink;
  auto opened = open_rocks_store("memory", Backing::memory, sink);
  ASSERT_TRUE(opened.ok());
  const auto store = watched(*std::move(opened), [](const Error& error) { ADD_FAILURE() << error.message; });
  WriteBatch batch;
  batch.put(Column::meta, {0xff}, Bytes{2});
  ASSERT_TRUE(store->write(batch, Sync::yes).ok());
  ASSERT_TRUE(store->make_durable().ok());
  EXPECT_EQ(store->get(Column::meta, Bytes{0xff}).value(), Bytes{2});
  EXPECT_EQ(store->first_at(Column::meta, Bytes{0xfe}).value()->value, Bytes{2});
}

TEST(FailStop, AFailedCommitOfTheJournalIsToldOnce) {
  for (const int at : {0, 1, 2}) {
    const auto disk = std::make_shared<CrashDisk>();
    int count = 0;
    const auto journal = watched(testing::must_open(disk), [&](const Error& error) {
      EXPECT_EQ(error.code, Code::io);
      ++count;
    });
    ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
    EXPECT_FALSE(journal->commit(feed_number(1), sample_head(1), sample(1, Journal::kMaxGroupSize + 1)).ok());
    EXPECT_EQ(count, 0) << "too large is no failure of the disk";
    EXPECT_EQ(testing::head_of(*journal, feed_number(1)), sample_head(1));
    EXPECT_EQ(journal->feeds(), std::vector{feed_number(1)});
    disk->fail_after = at;
    EXPECT_FALSE(journal->commit(feed_number(1), sample_head(2), sample(2, 9)).ok());
    EXPECT_EQ(count, 1);
    EXPECT_FALSE(journal->commit(feed_number(1), sample_head(2), sample(2, 9)).ok());
    EXPECT_EQ(count, 1);
  }
}

TEST(FailStop, AJournalThatWorksIsPassedOn) {
  const auto journal = watched(testing::must_open(std::make_shared<CrashDisk>()),
                               [](const Error& error) { ADD_FAILURE() << error.message; });
  const std::size_t all = journal->free_space();
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
  EXPECT_LT(journal->free_space(), all);
  EXPECT_EQ(testing::groups_of(*journal, feed_number(1)), std::vector<Bytes>{sample(1, 9)});
  journal->release();
  EXPECT_EQ(journal->free_space(), all);
  ASSERT_TRUE(journal->forget(feed_number(1)).ok());
  EXPECT_TRUE(journal->feeds().empty());
}

TEST(FailStop, AFailedForgettingIsTold) {
  const auto disk = std::make_shared<CrashDisk>();
  int count = 0;
  const auto journal = watched(testing::must_open(disk), [&](const Error&) { ++count; });
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
  disk->fail_after = 0;
  EXPECT_FALSE(journal->forget(feed_number(1)).ok());
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace shoal::store
