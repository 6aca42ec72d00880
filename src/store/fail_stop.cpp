#include "store/fail_stop.h"

#include <utility>

namespace shoal::store {
namespace {

class WatchedStore final : public KvStore {
 public:
  WatchedStore(std::unique_ptr<KvStore> store, DiskFailure failed)
      : store_(std::move(store)), failed_(std::move(failed)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override {
    return store_->get(column, key);
  }
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    return store_->contains(column, key);
  }
  [[nodiscard]] Result<std::optional<KvRow>> first_at(Column column, ByteView key) const override {
    return store_->first_at(column, key);
  }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override { return store_->iterate(column); }
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    return checked(store_->write(batch, sync));
  }
  [[nodiscard]] Result<void> make_durable() override { return checked(store_->make_durable()); }
  [[nodiscard]] Result<void> check_writable() const override { return checked(store_->check_writable()); }
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    return checked(store_->drop_range(column, begin, end));
  }
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    return checked(store_->compact(column, begin, end));
  }
  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) override {
    return checked(store_->reclaim(column, begin, end, live));
  }
  [[nodiscard]] std::uint64_t waiting_bytes() const override { return store_->waiting_bytes(); }

 private:
  [[nodiscard]] Result<void> checked(Result<void> result) const {
    const bool ends = !result && (result.error().code == Code::io || result.error().code == Code::limit_exceeded);
    if (ends) failed_(result.error());
    return result;
  }

  std::unique_ptr<KvStore> store_;
  DiskFailure failed_;
};

class WatchedJournal final : public Journal {
 public:
  WatchedJournal(std::unique_ptr<Journal> journal, DiskFailure failed)
      : journal_(std::move(journal)), failed_(std::move(failed)) {}

  [[nodiscard]] std::size_t free_space() const override { return journal_->free_space(); }
  [[nodiscard]] Result<void> commit(const FeedId& feed, ByteView head, ByteView group) override {
    return checked(journal_->commit(feed, head, group));
  }
  void release() override { journal_->release(); }
  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    return journal_->last_head(feed);
  }
  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override { return journal_->groups(feed); }
  [[nodiscard]] std::vector<FeedId> feeds() const override { return journal_->feeds(); }
  [[nodiscard]] Result<void> forget(const FeedId& feed) override { return checked(journal_->forget(feed)); }

 private:
  [[nodiscard]] Result<void> checked(Result<void> result) const {
    if (!result && (result.error().code == Code::io || result.error().code == Code::no_space)) failed_(result.error());
    return result;
  }

  std::unique_ptr<Journal> journal_;
  DiskFailure failed_;
};

}  // namespace

std::unique_ptr<KvStore> watched(std::unique_ptr<KvStore> store, DiskFailure failed) {
  return std::make_unique<WatchedStore>(std::move(store), std::move(failed));
}

std::unique_ptr<Journal> watched(std::unique_ptr<Journal> journal, DiskFailure failed) {
  return std::make_unique<WatchedJournal>(std::move(journal), std::move(failed));
}

}  // namespace shoal::store
