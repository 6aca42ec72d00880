#pragma once

#include "store/kv_store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace shoal::store {

/// Passes every call on to another store, which it owns. A base for stores that change a few of the calls.
class ForwardingStore : public KvStore {
 public:
  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override {
    return inner_->get(column, key);
  }
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override {
    return inner_->contains(column, key);
  }
  [[nodiscard]] Result<std::optional<KvRow>> first_at(Column column, ByteView key) const override {
    return inner_->first_at(column, key);
  }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override { return inner_->iterate(column); }
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override { return inner_->write(batch, sync); }
  [[nodiscard]] Result<void> make_durable() override { return inner_->make_durable(); }
  [[nodiscard]] Result<void> check_writable() const override { return inner_->check_writable(); }
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override {
    return inner_->drop_range(column, begin, end);
  }
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override {
    return inner_->compact(column, begin, end);
  }
  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) override {
    return inner_->reclaim(column, begin, end, live);
  }
  void limit_scratch(std::uint64_t bytes) override { inner_->limit_scratch(bytes); }
  [[nodiscard]] std::uint64_t waiting_bytes() const override { return inner_->waiting_bytes(); }

 protected:
  explicit ForwardingStore(std::unique_ptr<KvStore> inner) : inner_(std::move(inner)) {}

 private:
  std::unique_ptr<KvStore> inner_;
};

}  // namespace shoal::store
