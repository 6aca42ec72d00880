#include "store/fail_stop.h"

#include "store/forwarding_store.h"

#include <utility>

namespace shoal::store {
namespace {

class WatchedStore final : public ForwardingStore {
 public:
  WatchedStore(std::unique_ptr<KvStore> store, DiskFailure failed)
      : ForwardingStore(std::move(store)), failed_(std::move(failed)) {}

  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    return checked(ForwardingStore::write(batch, sync));
  }
  [[nodiscard]] Result<void> make_durable() override { return checked(ForwardingStore::make_durable()); }
  [[nodiscard]] Result<void> check_writable() const override { return checked(ForwardingStore::check_writable()); }
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    return checked(ForwardingStore::drop_range(column, begin, end));
  }
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    return checked(ForwardingStore::compact(column, begin, end));
  }
  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) override {
    return checked(ForwardingStore::reclaim(column, begin, end, live));
  }

 private:
  [[nodiscard]] Result<void> checked(Result<void> result) const {
    const bool ends = !result && (result.error().code == Code::io || result.error().code == Code::limit_exceeded);
    if (ends) failed_(result.error());
    return result;
  }

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
