#include "simulation/faulty_store.h"

#include "base/try.h"

namespace shoal::simulation {

Result<void> FaultyStore::refuse() {
  refused_ = true;
  return check_writable();
}

Result<void> FaultyStore::check_writable() const {
  if (!failing_) return {};
  return Error{*failing_, *failing_ == Code::no_space ? "the disk is full" : "the disk fails"};
}

void FaultyStore::remember(store::Column column, const Bytes& key) {
  Result<std::optional<Bytes>> before = inner_.get(column, key);
  undo_.push_back({column, key, before ? std::move(*before) : std::nullopt});
}

void FaultyStore::remember_range(store::Column column, const Bytes& begin, const Bytes& end) {
  const auto at = inner_.iterate(column);
  for (at->seek(begin); at->valid(); at->next()) {
    const Bytes key(at->key().begin(), at->key().end());
    if (!(key < end)) return;
    remember(column, key);
  }
}

Result<void> FaultyStore::write(const store::WriteBatch& batch, store::Sync sync) {
  if (failing_) return refuse();
  for (const store::WriteBatch::Operation& one : batch.operations()) {
    if (one.kind == store::WriteBatch::Kind::erase_range) {
      remember_range(one.column, one.key, one.value);
    } else {
      remember(one.column, one.key);
    }
  }
  SHOAL_CHECK(inner_.write(batch, sync));
  return sync == store::Sync::yes ? make_durable() : Result<void>{};
}

Result<void> FaultyStore::make_durable() {
  if (failing_) return refuse();
  undo_.clear();
  return {};
}

Result<void> FaultyStore::drop_range(store::Column column, ByteView begin, ByteView end) {
  if (failing_) return refuse();
  remember_range(column, Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end()));
  return inner_.drop_range(column, begin, end);
}

void FaultyStore::restart() {
  for (auto one = undo_.rbegin(); one != undo_.rend(); ++one) {
    store::WriteBatch back;
    if (one->before) {
      back.put(one->column, one->key, std::move(*one->before));
    } else {
      back.erase(one->column, one->key);
    }
    (void)inner_.write(back, store::Sync::no);
  }
  undo_.clear();
  failing_.reset();
  refused_ = false;
}

}  // namespace shoal::simulation
