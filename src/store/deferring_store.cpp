#include "store/deferring_store.h"

#include "base/try.h"

#include <algorithm>

// A commit of an own feed is durable in the journal before its rows reach the store, so readers and peers need not wait
// for the store. The rows wait here in memory, are seen by look-ups at once, and are applied as one batch later. Three
// rules keep it from showing anything but one state: a row leaves the memory only after the inner store has it; what
// needs the order of rows (iterators, range erasures, other writes) first applies all that waits; and after a failure
// nothing more is written, since rows that come later may stand on those that were lost.
namespace shoal::store {
namespace {

/// What an iterator is that must not show a store without its newest rows.
class FailedIterator final : public KvIterator {
 public:
  explicit FailedIterator(Error error) : error_(std::move(error)) {}
  void seek(ByteView) override {}
  void seek_for_prev(ByteView) override {}
  void next() override {}
  void prev() override {}
  [[nodiscard]] bool valid() const override { return false; }
  [[nodiscard]] ByteView key() const override { return {}; }
  [[nodiscard]] ByteView value() const override { return {}; }
  [[nodiscard]] Result<void> status() const override { return error_; }

 private:
  Error error_;
};

/// nullopt for a batch that erases ranges: which rows those are only the inner store knows.
std::optional<std::size_t> bytes_of(const WriteBatch& batch) {
  std::size_t bytes = 0;
  for (const WriteBatch::Operation& each : batch.operations()) {
    if (each.kind == WriteBatch::Kind::erase_range) return std::nullopt;
    bytes += each.key.size() + each.value.size();
  }
  return bytes;
}

}  // namespace

bool DeferringStore::ByKey::operator()(ByteView a, ByteView b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

DeferringStore::~DeferringStore() {
  // An error is on the inner store's log; the rows of own feeds are in the journal too.
  [[maybe_unused]] const auto applied = apply();
}

Result<std::optional<Bytes>> DeferringStore::get(Column column, ByteView key) const {
  if (auto row = deferred(column, key)) return std::move(*row);
  return inner_->get(column, key);
}

Result<bool> DeferringStore::contains(Column column, ByteView key) const {
  if (const auto row = deferred(column, key)) return row->has_value();
  return inner_->contains(column, key);
}

std::unique_ptr<KvIterator> DeferringStore::iterate(Column column) const {
  if (const auto applied = apply(); !applied) return std::make_unique<FailedIterator>(applied.error());
  return inner_->iterate(column);
}

Result<void> DeferringStore::write(const WriteBatch& batch, Sync sync) {
  const auto bytes = bytes_of(batch);
  if (sync != Sync::deferred || !bytes || *bytes > kMaxBatch) {
    SHOAL_CHECK(apply());
    return inner_->write(batch, sync == Sync::yes ? Sync::yes : Sync::no);
  }
  SHOAL_CHECK(failure());
  bool full = false;
  {
    const std::unique_lock lock(mutex_);
    defer(batch, *bytes);
    full = bytes_ > kMaxWaiting;
  }
  return full ? apply() : Result<void>{};
}

void DeferringStore::defer(const WriteBatch& batch, std::size_t bytes) {
  ++batches_;
  for (const WriteBatch::Operation& each : batch.operations()) {
    Row& row = rows_[static_cast<std::size_t>(each.column)][each.key];
    row = {each.kind == WriteBatch::Kind::put ? std::optional(each.value) : std::nullopt, batches_};
  }
  bytes_ += bytes;
  count_rows();
}

void DeferringStore::count_rows() const {
  std::size_t count = 0;
  for (const Rows& rows : rows_) count += rows.size();
  row_count_ = count;
}

std::optional<std::optional<Bytes>> DeferringStore::deferred(Column column, ByteView key) const {
  if (row_count_ == 0) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const Rows& rows = rows_[static_cast<std::size_t>(column)];
  const auto row = rows.find(key);
  if (row == rows.end()) return std::nullopt;
  return row->second.value;
}

Result<void> DeferringStore::failure() const {
  const std::shared_lock lock(mutex_);
  return failure_ ? Result<void>(*failure_) : Result<void>{};
}

Result<void> DeferringStore::apply() const {
  const std::lock_guard one(applying_);
  SHOAL_CHECK(failure());
  if (row_count_ == 0) return {};
  WriteBatch batch;
  std::uint64_t newest = 0;
  {
    const std::unique_lock lock(mutex_);
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      for (const auto& [key, row] : rows_[i]) {
        row.value ? batch.put(static_cast<Column>(i), key, *row.value) : batch.erase(static_cast<Column>(i), key);
      }
    }
    bytes_ = 0;
    newest = batches_;
  }
  const auto written = inner_->write(batch, Sync::no);
  const std::unique_lock lock(mutex_);
  if (!written) {
    failure_ = written.error();
    return written.error();
  }
  // Only now: a reader that finds a row here no more finds it below.
  for (Rows& rows : rows_) std::erase_if(rows, [newest](const auto& row) { return row.second.batch <= newest; });
  count_rows();
  return {};
}

Result<void> DeferringStore::make_durable() {
  SHOAL_CHECK(apply());
  return inner_->make_durable();
}

Result<void> DeferringStore::drop_range(Column column, ByteView begin, ByteView end) {
  SHOAL_CHECK(apply());
  return inner_->drop_range(column, begin, end);
}

Result<void> DeferringStore::compact(Column column, ByteView begin, ByteView end) {
  SHOAL_CHECK(apply());
  return inner_->compact(column, begin, end);
}

Result<void> DeferringStore::reclaim(Column column, ByteView begin, ByteView end) {
  SHOAL_CHECK(apply());
  return inner_->reclaim(column, begin, end);
}

}  // namespace shoal::store
