#pragma once

#include "store/kv_store.h"

#include <map>
#include <memory>

/// A store in a map, for swarms of a thousand nodes in one process: RocksDB would take megabytes for each of them.
namespace shoal::simulation {

/// Large values of equal bytes are kept once, however many nodes hold them.
class SharedValues {
 public:
  using Value = std::shared_ptr<const Bytes>;
  Value keep(Bytes bytes);

 private:
  static constexpr std::size_t kSharedFrom = 256;
  std::multimap<std::uint64_t, std::weak_ptr<const Bytes>> known_;
};

/// Rows in memory. Unlike the contract's, its iterators see writes that come after them; confined to one thread.
class MapStore final : public store::KvStore {
 public:
  using Row = std::map<Bytes, SharedValues::Value>;

  explicit MapStore(std::shared_ptr<SharedValues> values) : values_(std::move(values)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override;
  [[nodiscard]] Result<bool> contains(store::Column column, ByteView key) const override;
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column column) const override;
  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override;
  [[nodiscard]] Result<void> make_durable() override { return {}; }
  [[nodiscard]] Result<void> drop_range(store::Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> compact(store::Column, ByteView, ByteView) override { return {}; }

 private:
  [[nodiscard]] Row& row(store::Column column) { return rows_[static_cast<std::size_t>(column)]; }
  [[nodiscard]] const Row& row(store::Column column) const { return rows_[static_cast<std::size_t>(column)]; }
  void erase_range(Row& row, const Bytes& begin, const Bytes& end);

  std::shared_ptr<SharedValues> values_;
  Row rows_[store::kColumnCount];
};

}  // namespace shoal::simulation
