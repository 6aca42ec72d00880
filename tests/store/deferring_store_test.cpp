// What deferring adds to the contract of stores: what waits for what, and what a failing disk means.
#include "store/deferring_store.h"

#include "base/log_sink.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace shoal::store {
namespace {

/// A real store whose writes are counted, and refused when the test wants it.
class WatchedStore final : public KvStore {
 public:
  explicit WatchedStore(std::unique_ptr<KvStore> store) : store_(std::move(store)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override {
    return store_->get(column, key);
  }
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    return store_->contains(column, key);
  }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override { return store_->iterate(column); }
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    if (refuse) return Error{Code::no_space, "full"};
    ++*writes;
    last = sync;
    return store_->write(batch, sync);
  }
  [[nodiscard]] Result<void> make_durable() override {
    durable = *writes;
    return store_->make_durable();
  }
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    return store_->drop_range(column, begin, end);
  }
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    return store_->compact(column, begin, end);
  }

  std::shared_ptr<std::size_t> writes = std::make_shared<std::size_t>(0);
  std::size_t durable = 0;  ///< writes
  Sync last = Sync::no;
  bool refuse = false;

 private:
  std::unique_ptr<KvStore> store_;
};

class DeferringStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto real = open_rocks_store(dir_ / "store", Backing::memory, log_);
    ASSERT_TRUE(real.ok()) << real.error().message;
    auto watched = std::make_unique<WatchedStore>(std::move(*real));
    inner_ = watched.get();
    store_ = std::make_unique<DeferringStore>(std::move(watched));
  }

  static Bytes key(int number) { return Bytes{static_cast<std::uint8_t>(number)}; }
  static WriteBatch row(int number, std::size_t size = 1) {
    WriteBatch batch;
    batch.put(Column::headers, key(number), Bytes(size, static_cast<std::uint8_t>(number)));
    return batch;
  }
  [[nodiscard]] bool has(int number) { return *store_->contains(Column::headers, key(number)); }

  testing::TempDir dir_;
  base::NullLogSink log_;
  std::unique_ptr<KvStore> store_;
  WatchedStore* inner_ = nullptr;
};

TEST_F(DeferringStoreTest, SmallBatchesWaitAndAreAppliedAsOne) {
  for (const int number : {1, 2, 3}) ASSERT_TRUE(store_->write(row(number), Sync::deferred).ok());
  EXPECT_EQ(*inner_->writes, 0U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ASSERT_TRUE(store_->apply_deferred().ok());
  EXPECT_EQ(*inner_->writes, 1U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ASSERT_TRUE(store_->apply_deferred().ok());
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
  EXPECT_EQ(store_->apply_deferred().error().code, Code::no_space);
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
    ASSERT_TRUE(store_->apply_deferred().ok());
  }
  done = true;
  reader.join();
  EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace shoal::store
