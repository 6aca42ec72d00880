#pragma once

#include "store/kv_store.h"

#include <memory>
#include <optional>
#include <utility>

namespace shoal::replication::testing {

/// A store whose writes fail while `error` is set, as those of a full disk do.
class RefusingStore final : public store::KvStore {
 public:
  explicit RefusingStore(std::unique_ptr<store::KvStore> inner) : inner_(std::move(inner)) {}

  std::optional<Error> error;
  bool knows = true;  ///< check_writable() tells the error; else only writes do
  mutable int refused = 0;

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    return inner_->get(column, key);
  }
  [[nodiscard]] Result<bool> contains(store::Column column, ByteView key) const override {
    return inner_->contains(column, key);
  }
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column column) const override {
    return inner_->iterate(column);
  }
  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override {
    if (error) ++refused;
    return error ? Result<void>(*error) : inner_->write(batch, sync);
  }
  [[nodiscard]] Result<void> make_durable() override { return error ? Result<void>(*error) : inner_->make_durable(); }
  [[nodiscard]] Result<void> check_writable() const override {
    return error && knows ? Result<void>(*error) : Result<void>{};
  }
  [[nodiscard]] Result<void> drop_range(store::Column column, ByteView begin, ByteView end) override {
    return inner_->drop_range(column, begin, end);
  }
  [[nodiscard]] Result<void> compact(store::Column column, ByteView begin, ByteView end) override {
    return inner_->compact(column, begin, end);
  }

 private:
  std::unique_ptr<store::KvStore> inner_;
};

}  // namespace shoal::replication::testing
