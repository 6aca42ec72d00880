#include "simulation/map_store.h"

#include "simulation/trace.h"

namespace shoal::simulation {
namespace {

Bytes copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

/// Writes between two steps do no harm but erasing the very row it stands on.
class MapIterator final : public store::KvIterator {
 public:
  explicit MapIterator(const MapStore::Row& row) : row_(row), at_(row.end()) {}
  void seek(ByteView key) override { at_ = row_.lower_bound(copy(key)); }
  void seek_for_prev(ByteView key) override {
    at_ = row_.upper_bound(copy(key));
    at_ = at_ == row_.begin() ? row_.end() : std::prev(at_);
  }
  void next() override { ++at_; }
  void prev() override { at_ = at_ == row_.begin() ? row_.end() : std::prev(at_); }
  [[nodiscard]] bool valid() const override { return at_ != row_.end(); }
  [[nodiscard]] ByteView key() const override { return at_->first; }
  [[nodiscard]] ByteView value() const override { return *at_->second; }
  [[nodiscard]] Result<void> status() const override { return {}; }

 private:
  const MapStore::Row& row_;
  MapStore::Row::const_iterator at_;
};

}  // namespace

SharedValues::Value SharedValues::keep(Bytes bytes) {
  if (bytes.size() < kSharedFrom) return std::make_shared<const Bytes>(std::move(bytes));
  const std::uint64_t hash = hash_bytes(bytes);
  const auto [begin, end] = known_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (Value value = at->second.lock(); value && *value == bytes) return value;
  }
  Value value = std::make_shared<const Bytes>(std::move(bytes));
  known_.emplace(hash, value);
  return value;
}

Result<std::optional<Bytes>> MapStore::get(store::Column column, ByteView key) const {
  const auto found = row(column).find(copy(key));
  if (found == row(column).end()) return std::optional<Bytes>();
  return std::optional<Bytes>(*found->second);
}

Result<bool> MapStore::contains(store::Column column, ByteView key) const { return row(column).count(copy(key)) > 0; }

std::unique_ptr<store::KvIterator> MapStore::iterate(store::Column column) const {
  return std::make_unique<MapIterator>(row(column));
}

void MapStore::erase_range(Row& row, const Bytes& begin, const Bytes& end) {
  if (begin < end) row.erase(row.lower_bound(begin), row.lower_bound(end));
}

Result<void> MapStore::write(const store::WriteBatch& batch, store::Sync) {
  for (const store::WriteBatch::Operation& one : batch.operations()) {
    Row& to = row(one.column);
    switch (one.kind) {
      case store::WriteBatch::Kind::put: to[one.key] = values_->keep(one.value); break;
      case store::WriteBatch::Kind::erase: to.erase(one.key); break;
      case store::WriteBatch::Kind::erase_range: erase_range(to, one.key, one.value); break;
    }
  }
  return {};
}

Result<void> MapStore::drop_range(store::Column column, ByteView begin, ByteView end) {
  erase_range(row(column), copy(begin), copy(end));
  return {};
}

}  // namespace shoal::simulation
