// What deferring adds to the contract of stores: what waits for what, and what a failing disk means.
#include "store/deferring_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace shoal::store {
namespace {

/// A store of one kind of rows in memory that counts its writes and may refuse them.
class PlainStore final : public KvStore {
 public:
  [[nodiscard]] Result<std::optional<Bytes>> get(Column, ByteView key) const override {
    const std::lock_guard lock(mutex_);
    const auto row = rows_.find(Bytes(key.begin(), key.end()));
    return row == rows_.end() ? std::optional<Bytes>{} : std::optional(row->second);
  }
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    return get(column, key)->has_value();
  }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column) const override { return nullptr; }
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    if (refuse) return Error{Code::no_space, "full"};
    const std::lock_guard lock(mutex_);
    ++*writes;
    last = sync;
    for (const WriteBatch::Operation& each : batch.operations()) {
      if (each.kind == WriteBatch::Kind::put) rows_[each.key] = each.value;
      if (each.kind == WriteBatch::Kind::erase) rows_.erase(each.key);
    }
    return {};
  }
  [[nodiscard]] Result<void> make_durable() override {
    durable = rows_.size();
    return {};
  }
  [[nodiscard]] Result<void> drop_range(Column, ByteView, ByteView) override { return {}; }
  [[nodiscard]] Result<void> compact(Column, ByteView, ByteView) override { return {}; }

  std::shared_ptr<std::size_t> writes = std::make_shared<std::size_t>(0);
  std::size_t durable = 0;
  Sync last = Sync::no;
  bool refuse = false;

 private:
  mutable std::mutex mutex_;
  std::map<Bytes, Bytes> rows_;
};

class DeferringStoreTest : public ::testing::Test {
 protected:
  static Bytes key(int number) { return Bytes{static_cast<std::uint8_t>(number)}; }
  static WriteBatch row(int number, std::size_t size = 1) {
    WriteBatch batch;
    batch.put(Column::headers, key(number), Bytes(size, static_cast<std::uint8_t>(number)));
    return batch;
  }
  [[nodiscard]] bool has(int number) { return *store_->contains(Column::headers, key(number)); }

  PlainStore* inner_ = new PlainStore;
  std::unique_ptr<KvStore> store_ = std::make_unique<DeferringStore>(std::unique_ptr<KvStore>(inner_));
};

TEST_F(DeferringStoreTest, SmallBatchesWaitAndAreAppliedAsOne) {
  for (const int number : {1, 2, 3}) ASSERT_TRUE(store_->write(row(number), Sync::deferred).ok());
  EXPECT_EQ(*inner_->writes, 0U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ASSERT_TRUE(store_->settle().ok());
  EXPECT_EQ(*inner_->writes, 1U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ASSERT_TRUE(store_->settle().ok());
  EXPECT_EQ(*inner_->writes, 1U);
}

TEST_F(DeferringStoreTest, WhatIsNotDeferredComesAfterWhatIs) {
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  WriteBatch erase;
  erase.erase(Column::headers, key(1));
  ASSERT_TRUE(store_->write(erase, Sync::yes).ok());
  EXPECT_EQ(*inner_->writes, 2U);
  EXPECT_EQ(inner_->last, Sync::yes);
  EXPECT_FALSE(has(1));
}

TEST_F(DeferringStoreTest, ADeferredEraseHidesWhatIsStored) {
  ASSERT_TRUE(store_->write(row(1), Sync::no).ok());
  WriteBatch erase;
  erase.erase(Column::headers, key(1));
  ASSERT_TRUE(store_->write(erase, Sync::deferred).ok());
  EXPECT_TRUE(*inner_->contains(Column::headers, key(1)));
  EXPECT_FALSE(has(1));
  EXPECT_EQ(*store_->get(Column::headers, key(1)), std::nullopt);
}

TEST_F(DeferringStoreTest, DurableMeansTheDeferredToo) {
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(inner_->durable, 1U);
}

TEST_F(DeferringStoreTest, MemoryIsBounded) {
  ASSERT_TRUE(store_->write(row(1, DeferringStore::kMaxBatch + 1), Sync::deferred).ok());
  EXPECT_EQ(*inner_->writes, 1U);
  const std::size_t size = DeferringStore::kMaxBatch / 2;
  for (std::size_t sum = 0; sum <= DeferringStore::kMaxWaiting; sum += size) {
    ASSERT_TRUE(store_->write(row(2, size), Sync::deferred).ok());
  }
  EXPECT_EQ(*inner_->writes, 2U);
}

TEST_F(DeferringStoreTest, AfterAFailureNothingIsTakenAndNothingDeferredIsLostToReaders) {
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  inner_->refuse = true;
  EXPECT_EQ(store_->settle().error().code, Code::no_space);
  inner_->refuse = false;
  EXPECT_TRUE(has(1));
  EXPECT_EQ(store_->write(row(2), Sync::deferred).error().code, Code::no_space);
  EXPECT_EQ(store_->write(row(2), Sync::no).error().code, Code::no_space);
  EXPECT_EQ(store_->make_durable().error().code, Code::no_space);
  EXPECT_EQ(store_->iterate(Column::headers)->status().error().code, Code::no_space);
  EXPECT_FALSE(has(2));
  EXPECT_EQ(*inner_->writes, 0U);
}

TEST_F(DeferringStoreTest, ItsEndAppliesWhatWaits) {
  const std::shared_ptr<const std::size_t> writes = inner_->writes;
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  store_.reset();
  EXPECT_EQ(*writes, 1U);
}

TEST_F(DeferringStoreTest, AReaderNeverSeesAnOlderValueThanBefore) {
  std::atomic<bool> done = false;
  std::atomic<bool> wrong = false;
  std::thread reader([&] {
    std::size_t seen = 0;
    while (!done) {
      const auto value = store_->get(Column::headers, key(7));
      const std::size_t now = *value ? (*value)->size() : 0;
      if (now < seen) wrong = true;
      seen = now;
    }
  });
  for (std::size_t size = 1; size < 3000; ++size) {
    ASSERT_TRUE(store_->write(row(7, size), Sync::deferred).ok());
    if (size % 3 != 0) continue;
    ASSERT_TRUE(store_->settle().ok());
  }
  done = true;
  reader.join();
  EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace shoal::store
