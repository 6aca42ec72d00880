#pragma once

#include "store/kv_store.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>

namespace shoal::store {

/// Takes small batches that are Sync::deferred into memory, so that the writer can pass them on first and have
/// them applied afterwards, several as one. All else waits for them: a batch with Sync::no or yes, an iterator, a
/// flush. When applying fails every later write fails too, and what was deferred stays readable.
class DeferringStore final : public KvStore {
 public:
  /// Larger batches are applied at once, and so is everything when more than the second waits (bytes).
  static constexpr std::size_t kMaxBatch = std::size_t{64} << 10;
  static constexpr std::size_t kMaxWaiting = std::size_t{1} << 20;

  explicit DeferringStore(std::unique_ptr<KvStore> inner) : inner_(std::move(inner)) {}
  ~DeferringStore() override;

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override;
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override;
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override;
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override;
  [[nodiscard]] Result<void> apply_deferred() override { return apply(); }
  [[nodiscard]] Result<void> make_durable() override;
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] ValueFiles value_files(Column column) const override { return inner_->value_files(column); }

 private:
  struct Row {
    std::optional<Bytes> value;  ///< nullopt: erased
    std::uint64_t batch = 0;     ///< the newest that has it
  };
  struct ByKey {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const;
  };
  using Rows = std::map<Bytes, Row, ByKey>;

  [[nodiscard]] Result<void> apply() const;
  [[nodiscard]] Result<void> failure() const;
  /// The deferred state of a row; nullopt when the inner store has its newest.
  [[nodiscard]] std::optional<std::optional<Bytes>> deferred(Column column, ByteView key) const;
  void defer(const WriteBatch& batch, std::size_t bytes);
  void count_rows() const;

  std::unique_ptr<KvStore> inner_;
  mutable std::mutex applying_;                  // one at a time, in order; taken before the other
  mutable std::shared_mutex mutex_;              // of what follows
  mutable std::array<Rows, kColumnCount> rows_;  // waiting, or being applied
  mutable std::size_t bytes_ = 0;                // deferred since the last apply()
  std::uint64_t batches_ = 0;
  mutable std::optional<Error> failure_;
  mutable std::atomic<std::size_t> row_count_ = 0;  // of rows_; spares readers the lock
};

}  // namespace shoal::store
