// What buffering adds to the contract of stores: what waits for what, and what a full or failing disk means.
#include "store/buffered_store.h"

#include "base/log_sink.h"
#include "store/forwarding_store.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace shoal::store {
namespace {

using std::chrono::milliseconds;

/// A real store whose writes are counted, and refused when the test wants it.
class WatchedStore final : public ForwardingStore {
 public:
  /// What the test sees and says, also when the store is gone.
  struct Watch {
    std::atomic<std::size_t> writes = 0;
    std::atomic<std::size_t> refused = 0;
    std::atomic<std::size_t> durable = 0;  ///< writes
    std::atomic<Sync> last = Sync::no;
    std::atomic<bool> refuses = false;
    std::atomic<Code> refuse = Code::io;
    std::atomic<bool> unwritable = false;
    /// A write waits while the test holds this.
    std::mutex gate;
    std::atomic<std::size_t> begun = 0;  ///< writes that came to the gate
  };

  WatchedStore(std::unique_ptr<KvStore> store, std::shared_ptr<Watch> watch)
      : ForwardingStore(std::move(store)), watch_(std::move(watch)) {}

  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    ++watch_->begun;
    const std::lock_guard passed(watch_->gate);
    if (watch_->refuses) {
      ++watch_->refused;
      return Error{watch_->refuse.load(), "refused"};
    }
    ++watch_->writes;
    watch_->last = sync;
    return ForwardingStore::write(batch, sync);
  }
  [[nodiscard]] Result<void> make_durable() override {
    watch_->durable = watch_->writes.load();
    return ForwardingStore::make_durable();
  }
  [[nodiscard]] Result<void> check_writable() const override {
    return watch_->unwritable ? Result<void>(Error{Code::closed, "unwritable"}) : ForwardingStore::check_writable();
  }
  [[nodiscard]] std::uint64_t waiting_bytes() const override { return 7; }

 private:
  std::shared_ptr<Watch> watch_;
};

class BufferedStoreTest : public ::testing::Test {
 protected:
  void open(const BufferedStore::Limits& limits) {
    auto real = open_rocks_store("buffered", Backing::memory, log_);
    ASSERT_TRUE(real.ok()) << real.error().message;
    watch_ = std::make_shared<WatchedStore::Watch>();
    auto watched = std::make_unique<WatchedStore>(std::move(*real), watch_);
    inner_ = watched.get();
    store_ = std::make_unique<BufferedStore>(std::move(watched), limits);
  }
  /// Writers flush; no time counts.
  void open() { open({1000, 2000, milliseconds(0), 0}); }

  static Bytes key(int number, std::uint8_t feed = 1) {
    return Bytes{0, 0, 0, feed, static_cast<std::uint8_t>(number)};
  }
  static WriteBatch row(int number, std::size_t size = 1, Column column = Column::headers, std::uint8_t feed = 1) {
    WriteBatch batch;
    batch.put(column, key(number, feed), Bytes(size, static_cast<std::uint8_t>(number)));
    return batch;
  }
  [[nodiscard]] bool has(int number) { return *store_->contains(Column::headers, key(number)); }
  void refuse(Code code) {
    watch_->refuse = code;
    watch_->refuses = true;
  }
  /// Waits until the store's thread has done something.
  template <typename Done>
  static bool soon(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  base::NullLogSink log_;
  std::shared_ptr<WatchedStore::Watch> watch_;
  std::unique_ptr<KvStore> store_;
  WatchedStore* inner_ = nullptr;
};

TEST_F(BufferedStoreTest, BatchesWaitAndAreWrittenAsOne) {
  open();
  for (const int number : {1, 2, 3}) ASSERT_TRUE(store_->write(row(number), Sync::deferred).ok());
  EXPECT_EQ(watch_->writes, 0U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  EXPECT_EQ(**store_->get(Column::headers, key(2)), Bytes(1, 2));
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(watch_->writes, 1U);
  EXPECT_EQ(watch_->durable, 1U);
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(watch_->writes, 1U);
}

TEST_F(BufferedStoreTest, AStraightWriteComesAfterWhatWaitsForItsFeed) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  WriteBatch erase;
  erase.erase(Column::headers, key(1));
  ASSERT_TRUE(store_->write(erase, Sync::yes).ok());
  EXPECT_EQ(watch_->writes, 2U);
  EXPECT_EQ(watch_->last, Sync::yes);
  EXPECT_FALSE(has(1));
}

TEST_F(BufferedStoreTest, AStraightWriteOfAnotherFeedDoesNotWait) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(1, 1, Column::meta, 2), Sync::no).ok());
  EXPECT_EQ(watch_->writes, 1U);
  EXPECT_EQ(watch_->last, Sync::no);
  EXPECT_EQ(inner_->get(Column::headers, key(1)).value(), std::nullopt);
}

TEST_F(BufferedStoreTest, ErasingARangeComesAfterWhatWaits) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  WriteBatch erase;
  erase.erase_range(Column::headers, key(0), key(9));
  ASSERT_TRUE(store_->write(erase, Sync::deferred).ok());
  EXPECT_EQ(watch_->writes, 2U);
  EXPECT_FALSE(has(1));
}

TEST_F(BufferedStoreTest, AnEraseThatWaitsHidesWhatIsStored) {
  open();
  for (const int number : {1, 2}) ASSERT_TRUE(store_->write(row(number), Sync::no).ok());
  WriteBatch erase;
  erase.erase(Column::headers, key(1));
  ASSERT_TRUE(store_->write(erase, Sync::deferred).ok());
  EXPECT_TRUE(*inner_->contains(Column::headers, key(1)));
  EXPECT_FALSE(has(1));
  EXPECT_EQ(*store_->get(Column::headers, key(1)), std::nullopt);
  EXPECT_EQ((*store_->first_at(Column::headers, key(0)))->key, key(2));
  const auto at = store_->iterate(Column::headers);
  at->seek({});
  EXPECT_EQ(Bytes(at->key().begin(), at->key().end()), key(2));
}

TEST_F(BufferedStoreTest, IteratorsDoNotEmptyTheBuffer) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  const auto at = store_->iterate(Column::headers);
  at->seek({});
  EXPECT_TRUE(at->valid());
  EXPECT_EQ(watch_->writes, 0U);
}

TEST_F(BufferedStoreTest, PayloadsAndRowsHaveEachTheirBound) {
  open();
  ASSERT_TRUE(store_->write(row(1, 990, Column::payloads), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(2, 1900), Sync::deferred).ok());
  EXPECT_EQ(watch_->writes, 0U);
  EXPECT_GE(store_->waiting_bytes(), 2890U + 7U);  // the inner store's too
  ASSERT_TRUE(store_->write(row(3, 10, Column::payloads), Sync::deferred).ok());
  EXPECT_EQ(watch_->writes, 1U);
  EXPECT_EQ(store_->waiting_bytes(), 7U);
  ASSERT_TRUE(store_->write(row(4, 2000 - 6), Sync::deferred).ok());  // and the key's five bytes
  EXPECT_EQ(watch_->writes, 1U);
  ASSERT_TRUE(store_->write(row(4, 2000 - 6 - 5), Sync::deferred).ok());
  EXPECT_EQ(watch_->writes, 2U);
  ASSERT_TRUE(store_->write(row(5, 2000 - 5), Sync::deferred).ok()) << "exactly as much";
  EXPECT_EQ(watch_->writes, 3U);
}

TEST_F(BufferedStoreTest, RowsWhoseFlushFailedLieBelowNewerOnes) {
  open({1000, 2000, std::chrono::hours(1), 0});
  refuse(Code::no_space);
  for (const int number : {1, 2}) ASSERT_TRUE(store_->write(row(number), Sync::deferred).ok());
  EXPECT_EQ(store_->make_durable().error().code, Code::no_space);
  const std::uint64_t waiting = store_->waiting_bytes();
  EXPECT_GE(waiting, 7U + 12U) << "what could not be written waits";
  // What was on its way when the disk became full.
  ASSERT_TRUE(store_->write(row(2, 5), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(3), Sync::deferred).ok());
  EXPECT_EQ(store_->waiting_bytes(), waiting + 5 + 5 + 6);
  const auto at = store_->iterate(Column::headers);
  std::vector<std::size_t> sizes;
  for (at->seek({}); at->valid(); at->next()) sizes.push_back(at->value().size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 5, 1}));
  EXPECT_EQ((*store_->first_at(Column::headers, key(0)))->key, key(1));
  EXPECT_EQ((*store_->first_at(Column::headers, key(2)))->value.size(), 5U);
  EXPECT_EQ((*store_->first_at(Column::headers, key(3)))->key, key(3));
  watch_->refuses = false;
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(watch_->writes, 1U) << "both in one batch";
  EXPECT_EQ((*inner_->get(Column::headers, key(2)))->size(), 5U);
  EXPECT_TRUE(*inner_->contains(Column::headers, key(1)));
  EXPECT_EQ(store_->waiting_bytes(), 7U);
}

TEST_F(BufferedStoreTest, AStraightWriteWaitsForRowsWhoseFlushFailed) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  refuse(Code::no_space);
  EXPECT_FALSE(store_->make_durable().ok());
  EXPECT_EQ(watch_->refused, 1U);
  EXPECT_EQ(store_->write(row(2), Sync::no).error().code, Code::no_space);
  EXPECT_EQ(watch_->refused, 2U);
  watch_->refuses = false;
  ASSERT_TRUE(store_->write(row(1, 1, Column::meta, 2), Sync::no).ok());
  EXPECT_EQ(watch_->writes, 1U) << "another feed does not wait";
  EXPECT_FALSE(*inner_->contains(Column::headers, key(1)));
  ASSERT_TRUE(store_->write(row(1, 9), Sync::no).ok());
  EXPECT_EQ(watch_->writes, 3U);
  EXPECT_EQ((*store_->get(Column::headers, key(1)))->size(), 9U);
}

TEST_F(BufferedStoreTest, WhatWaitsIsWrittenBeforeARangeIsDroppedOrCompacted) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  ASSERT_TRUE(store_->compact(Column::headers, key(0), key(9)).ok());
  EXPECT_EQ(watch_->writes, 1U);
  ASSERT_TRUE(store_->write(row(2), Sync::deferred).ok());
  ASSERT_TRUE(store_->drop_range(Column::headers, key(0), key(9)).ok());
  EXPECT_EQ(watch_->writes, 2U);
  EXPECT_FALSE(has(1) || has(2));
  ASSERT_TRUE(store_->write(row(3), Sync::deferred).ok());
  refuse(Code::no_space);
  EXPECT_EQ(store_->drop_range(Column::headers, key(0), key(9)).error().code, Code::no_space);
  EXPECT_EQ(store_->compact(Column::headers, key(0), key(9)).error().code, Code::no_space);
  EXPECT_TRUE(has(3));
}

TEST_F(BufferedStoreTest, WhatTheStoreBelowSaysOfWritingCounts) {
  open();
  EXPECT_TRUE(store_->check_writable().ok());
  watch_->unwritable = true;
  EXPECT_EQ(store_->check_writable().error().code, Code::closed);
}

// What is written and what comes meanwhile are each bounded: then writers wait for the thread.
TEST_F(BufferedStoreTest, AWriterWaitsForAThreadThatIsBehind) {
  open({1000, 2000, std::chrono::hours(1), 0});
  std::unique_lock gate(watch_->gate);
  ASSERT_TRUE(store_->write(row(1, 3000), Sync::deferred).ok());
  ASSERT_TRUE(soon([&] { return watch_->begun == 1U; }));
  EXPECT_TRUE(has(1)) << "while it is written";
  EXPECT_GE(store_->waiting_bytes(), 3000U);
  ASSERT_TRUE(store_->write(row(2, 1000), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(3, 3000), Sync::deferred).ok()) << "there is room until this one is there";
  auto last = std::async(std::launch::async, [&] { return store_->write(row(4), Sync::deferred).ok(); });
  EXPECT_EQ(last.wait_for(milliseconds(50)), std::future_status::timeout);
  gate.unlock();
  EXPECT_TRUE(last.get());
  EXPECT_TRUE(soon([&] { return watch_->writes == 2U; }));
  ASSERT_TRUE(store_->make_durable().ok());
  for (const int number : {1, 2, 3, 4}) EXPECT_TRUE(*inner_->contains(Column::headers, key(number))) << number;
}

TEST_F(BufferedStoreTest, AFailureEndsTheWaitingForTheThread) {
  open({1000, 2000, std::chrono::hours(1), 0});
  std::unique_lock gate(watch_->gate);
  ASSERT_TRUE(store_->write(row(1, 3000), Sync::deferred).ok());
  ASSERT_TRUE(soon([&] { return watch_->begun == 1U; }));
  ASSERT_TRUE(store_->write(row(2, 3000), Sync::deferred).ok());
  auto last = std::async(std::launch::async, [&] { return store_->write(row(3), Sync::deferred); });
  refuse(Code::io);
  gate.unlock();
  EXPECT_EQ(last.get().error().code, Code::io);
  EXPECT_EQ(store_->write(row(4), Sync::deferred).error().code, Code::io);
  EXPECT_TRUE(has(1) && has(2));
}

TEST_F(BufferedStoreTest, AFullDiskRefusesUntilThereIsRoomAndLosesNothing) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  refuse(Code::no_space);
  EXPECT_EQ(store_->make_durable().error().code, Code::no_space);
  EXPECT_EQ(store_->check_writable().error().code, Code::no_space);
  EXPECT_EQ(store_->write(row(2), Sync::deferred).error().code, Code::no_space);
  EXPECT_TRUE(has(1));
  EXPECT_FALSE(has(2));
  watch_->refuses = false;
  ASSERT_TRUE(store_->write(row(1, 5), Sync::deferred).ok());
  EXPECT_TRUE(store_->check_writable().ok());
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_EQ(**inner_->get(Column::headers, key(1)), Bytes(5, 1));
}

TEST_F(BufferedStoreTest, AnyOtherFailureStays) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  refuse(Code::io);
  EXPECT_EQ(store_->make_durable().error().code, Code::io);
  watch_->refuses = false;
  EXPECT_EQ(store_->write(row(2), Sync::deferred).error().code, Code::io);
  EXPECT_EQ(store_->write(row(2), Sync::no).error().code, Code::io);
  EXPECT_EQ(store_->make_durable().error().code, Code::io);
  EXPECT_EQ(watch_->writes, 0U);
  EXPECT_TRUE(has(1));
}

TEST_F(BufferedStoreTest, ItsEndWritesWhatWaits) {
  open();
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  store_.reset();
  EXPECT_EQ(watch_->writes, 1U);
}

TEST_F(BufferedStoreTest, TheThreadWritesWhatIsOld) {
  open({1000, 2000, milliseconds(20), 0});
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  EXPECT_TRUE(soon([&] { return watch_->writes == 1U; }));
}

TEST_F(BufferedStoreTest, TheThreadWritesWhatIsMuch) {
  open({1000, 2000, std::chrono::hours(1), 0});
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(2, 3000), Sync::deferred).ok());
  EXPECT_TRUE(soon([&] { return watch_->writes == 1U; }));
}

// Rounds with a pause, in which the thread begins to wait: nothing but a notice wakes it then.
TEST_F(BufferedStoreTest, TheThreadIsToldOfTheFirstRowAndOfTooMany) {
  open({1000, 2000, milliseconds(1), 0});
  for (std::size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
    ASSERT_TRUE(soon([&] { return watch_->writes == round; }));
    std::this_thread::sleep_for(milliseconds(5));
  }
  open({1000, 2000, std::chrono::hours(1), 0});
  for (std::size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
    std::this_thread::sleep_for(milliseconds(5));
    ASSERT_TRUE(store_->write(row(2, 3000), Sync::deferred).ok());
    ASSERT_TRUE(soon([&] { return watch_->writes == round; }));
  }
}

TEST_F(BufferedStoreTest, TheThreadTriesAgainWhenTheDiskWasFull) {
  open({1000, 2000, milliseconds(1), 0});
  refuse(Code::no_space);
  ASSERT_TRUE(store_->write(row(1), Sync::deferred).ok());
  EXPECT_TRUE(soon([&] { return !store_->check_writable().ok(); }));
  EXPECT_LE(watch_->refused, 2U) << "not without a pause";
  EXPECT_TRUE(has(1));
  watch_->refuses = false;
  EXPECT_TRUE(soon([&] { return store_->check_writable().ok(); }));
  EXPECT_EQ(watch_->writes, 1U);
  EXPECT_TRUE(*inner_->contains(Column::headers, key(1)));
}

TEST_F(BufferedStoreTest, PayloadsWithoutNeighboursWaitAndAreNoted) {
  open({1000, 2000, std::chrono::hours(1), 300});
  const auto block = [](std::uint64_t index) {
    WriteBatch batch;
    batch.put(Column::payloads, block_key(FeedNumber{1}, BlockIndex{index}), Bytes(100, 1));
    batch.put(Column::headers, block_key(FeedNumber{1}, BlockIndex{index}), Bytes(10, 1));
    return batch;
  };
  const auto written = [&](Column column, std::uint64_t index) {
    return *inner_->contains(column, block_key(FeedNumber{1}, BlockIndex{index}));
  };
  for (const std::uint64_t index : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 9U, 10U}) {
    ASSERT_TRUE(store_->write(block(index), Sync::deferred).ok());
  }
  ASSERT_TRUE(soon([&] { return watch_->writes == 1U; }));
  ASSERT_TRUE(soon([&] { return written(Column::headers, 10); }));
  EXPECT_TRUE(written(Column::payloads, 7));
  EXPECT_FALSE(written(Column::payloads, 9) || written(Column::payloads, 10));
  EXPECT_TRUE(*store_->contains(Column::payloads, block_key(FeedNumber{1}, BlockIndex{9})));
  const auto noted = [&] { return *inner_->get(Column::meta, unwritten_payloads_key(FeedNumber{1})); };
  EXPECT_EQ(noted(), (Bytes{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 11}));
  ASSERT_TRUE(store_->make_durable().ok());
  EXPECT_TRUE(written(Column::payloads, 9) && written(Column::payloads, 10));
  EXPECT_EQ(noted(), std::nullopt);
}

TEST_F(BufferedStoreTest, AReaderNeverSeesAnOlderValueThanBefore) {
  open({500, 500, milliseconds(1), 0});
  std::atomic<bool> done = false;
  std::atomic<bool> wrong = false;
  std::vector<std::thread> readers;
  for (int way = 0; way < 3; ++way) {
    readers.emplace_back([&, way] {
      std::size_t seen = 0;
      while (!done) {
        std::size_t now = 0;
        if (way == 0) {
          const auto value = store_->get(Column::headers, key(7));
          now = *value ? (*value)->size() : 0;
        } else if (way == 1) {
          const auto first = store_->first_at(Column::headers, key(6));
          now = *first ? (*first)->value.size() : 0;
        } else {
          const auto at = store_->iterate(Column::headers);
          at->seek(key(6));
          now = at->valid() ? at->value().size() : 0;
        }
        if (now < seen) wrong = true;
        seen = now;
      }
    });
  }
  for (std::size_t size = 1; size < 3000; ++size) {
    ASSERT_TRUE(store_->write(row(7, size), Sync::deferred).ok());
    if (size % 300 != 0) continue;
    ASSERT_TRUE(store_->make_durable().ok());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(wrong);
}

TEST_F(BufferedStoreTest, OverAStoreForReadingOnlyWhatIsDeferredIsReadAndNothingIsWritten) {
  open(BufferedStore::kReadOnly);
  ASSERT_TRUE(store_->write(row(1), Sync::no).ok());
  watch_->unwritable = true;
  refuse(Code::closed);
  EXPECT_TRUE(store_->make_durable().ok()) << "nothing waits";
  ASSERT_TRUE(store_->write(row(2, 5U << 20, Column::payloads), Sync::deferred).ok());
  ASSERT_TRUE(store_->write(row(2), Sync::deferred).ok());
  // Each of these would have to write what waits.
  EXPECT_EQ(store_->write(row(3), Sync::no).error().code, Code::closed);
  EXPECT_EQ(store_->make_durable().error().code, Code::closed);
  EXPECT_EQ(store_->check_writable().error().code, Code::closed);
  ASSERT_TRUE(store_->write(row(4), Sync::deferred).ok()) << "what was refused stops no other feed";
  EXPECT_TRUE(has(1));
  EXPECT_TRUE(has(2));
  EXPECT_FALSE(has(3));
  EXPECT_TRUE(has(4));
  EXPECT_EQ(watch_->writes, 1U);
}

}  // namespace
}  // namespace shoal::store
