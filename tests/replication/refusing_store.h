#pragma once

#include "store/forwarding_store.h"

#include <memory>
#include <optional>
#include <utility>

namespace shoal::replication::testing {

/// A store whose writes fail while `error` is set, as those of a full disk do.
class RefusingStore final : public store::ForwardingStore {
 public:
  explicit RefusingStore(std::unique_ptr<store::KvStore> inner) : ForwardingStore(std::move(inner)) {}

  std::optional<Error> error;
  bool knows = true;  ///< check_writable() tells the error; else only writes do
  mutable int refused = 0;

  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override {
    if (error) ++refused;
    return error ? Result<void>(*error) : ForwardingStore::write(batch, sync);
  }
  [[nodiscard]] Result<void> make_durable() override {
    return error ? Result<void>(*error) : ForwardingStore::make_durable();
  }
  [[nodiscard]] Result<void> check_writable() const override {
    return error && knows ? Result<void>(*error) : Result<void>{};
  }
};

}  // namespace shoal::replication::testing
