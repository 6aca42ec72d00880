#pragma once

#include "simulation/map_store.h"

namespace shoal::simulation {

/// A disk that can fail: writes that are refused from a moment on, as after a background error of the real store, or
/// while it is full, and a crash that takes along what was not made durable, all of it, over all columns.
class FaultyStore final : public store::KvStore {
 public:
  explicit FaultyStore(std::shared_ptr<SharedValues> values) : inner_(std::move(values)) {}

  /// Every write fails with Code::io until the next restart.
  void fail() { failing_ = Code::io; }
  /// Every write fails with Code::no_space until make_room().
  void fill() { failing_ = Code::no_space; }
  void make_room() { failing_.reset(); }
  [[nodiscard]] bool refused_a_write() const { return refused_; }
  /// The host went down and comes back: what was not durable is gone, and writing works again.
  void restart();

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    return inner_.get(column, key);
  }
  [[nodiscard]] Result<bool> contains(store::Column column, ByteView key) const override {
    return inner_.contains(column, key);
  }
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column column) const override {
    return inner_.iterate(column);
  }
  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override;
  [[nodiscard]] Result<void> make_durable() override;
  [[nodiscard]] Result<void> check_writable() const override;
  [[nodiscard]] Result<void> drop_range(store::Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> compact(store::Column, ByteView, ByteView) override { return {}; }

 private:
  struct Undo {
    store::Column column;
    Bytes key;
    std::optional<Bytes> before;
  };
  void remember(store::Column column, const Bytes& key);
  void remember_range(store::Column column, const Bytes& begin, const Bytes& end);
  [[nodiscard]] Result<void> refuse();

  MapStore inner_;
  std::vector<Undo> undo_;       ///< since the last durable moment, oldest first
  std::optional<Code> failing_;  ///< how every write fails
  bool refused_ = false;
};

}  // namespace shoal::simulation
