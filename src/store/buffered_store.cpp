#include "store/buffered_store.h"

#include "base/try.h"
#include "base/wire.h"
#include "store/overlay_iterator.h"

#include <algorithm>
#include <utility>

// Idea: the write buffer of a log-structured store (O'Neil et al., "The log-structured merge-tree", 1996), kept above
// RocksDB's own. A commit of an own feed is durable in the journal before its rows are stored, and blocks of a mirror
// can be fetched again; so neither needs a log of its payloads, and payloads that come together can be written as one
// table.
//
// Four rules keep readers from seeing anything but one state:
//   - a row leaves the memory only after the store below has it, and readers look into the memory first;
//   - what is written straight to the store is written after all that waits for the same feeds;
//   - one flush at a time, oldest rows first, each as one batch: a crash keeps a prefix of what was written;
//   - rows whose flush failed stay, below newer ones; the next flush takes both.
// Without the last one a full disk would lose rows that were acknowledged to peers.
//
// Payloads of a bulk transfer come a little out of order. Tables of what came so far would overlap, and RocksDB would
// merge them, which writes every payload again. So short runs of payloads wait for their neighbours, while their other
// rows are written; a row says which ones they are, for the start after a crash.
namespace shoal::store {

BufferedStore::BufferedStore(std::unique_ptr<KvStore> inner, const Limits& limits)
    : inner_(std::move(inner)), limits_(limits) {
  if (limits_.age.count() > 0) thread_ = std::thread([this] { run(); });
}

BufferedStore::~BufferedStore() {
  {
    const std::unique_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  // An error is on the inner store's log; rows of own feeds are in the journal too.
  [[maybe_unused]] const auto flushed = flush();
}

BufferedStore::Buffered BufferedStore::buffered(Column column, ByteView key) const {
  if (!anything_) return {};
  const std::shared_lock lock(mutex_);
  const BufferedValue* found = active_.find(column, key);
  if (found == nullptr && flushed_) found = flushed_->find(column, key);
  if (found == nullptr) return {};
  return *found ? Buffered{Where::value, **found} : Buffered{Where::erased, {}};
}

Result<std::optional<Bytes>> BufferedStore::get(Column column, ByteView key) const {
  const Buffered row = buffered(column, key);
  if (row.where == Where::unknown) return inner_->get(column, key);
  if (row.where == Where::erased) return std::optional<Bytes>{};
  return std::optional<Bytes>{row.value};
}

Result<bool> BufferedStore::contains(Column column, ByteView key) const {
  const Buffered row = buffered(column, key);
  if (row.where == Where::unknown) return inner_->contains(column, key);
  return row.where == Where::value;
}

Result<std::optional<KvRow>> BufferedStore::first_at(Column column, ByteView key) const {
  Bytes from(key.begin(), key.end());
  while (true) {
    std::optional<Bytes> nearest;
    BufferedValue value;
    if (anything_) {
      const std::shared_lock lock(mutex_);
      const auto look = [&](const WriteBuffer& buffer) {
        const auto found = buffer.rows(column).lower_bound(from);
        if (found == buffer.rows(column).end() || (nearest && !KeyOrder{}(found->first, *nearest))) return;
        nearest = found->first;
        value = found->second;
      };
      look(active_);
      if (flushed_) look(*flushed_);
    }
    // After the memory: a row that has just left it is found here.
    SHOAL_TRY(auto below, inner_->first_at(column, from));
    if (!nearest || (below && KeyOrder{}(below->key, *nearest))) return below;
    if (value) return std::optional<KvRow>{{*std::move(nearest), *value}};
    from = *std::move(nearest);  // erased: on to the next key there can be
    from.push_back(0);
  }
}

std::unique_ptr<KvIterator> BufferedStore::iterate(Column column) const {
  const std::shared_lock lock(mutex_);
  BufferedRows rows = active_.rows(column);
  if (flushed_) rows.insert(flushed_->rows(column).begin(), flushed_->rows(column).end());
  return overlay(std::move(rows), inner_->iterate(column));
}

Result<void> BufferedStore::check_writable() const {
  const std::shared_lock lock(mutex_);
  return failure_ ? Result<void>(*failure_) : inner_->check_writable();
}

Result<void> BufferedStore::write(const WriteBatch& batch, Sync sync) {
  if (sync != Sync::deferred || erases_ranges(batch)) return write_through(batch, sync);
  return defer(batch);
}

Result<void> BufferedStore::write_through(const WriteBatch& batch, Sync sync) {
  bool waits = false;
  {
    const std::shared_lock lock(mutex_);
    waits = active_.shares_feed(batch) || (flushed_ && flushed_->shares_feed(batch));
  }
  if (waits) SHOAL_CHECK(flush());
  return inner_->write(batch, sync == Sync::yes ? Sync::yes : Sync::no);
}

Result<void> BufferedStore::defer(const WriteBatch& batch) {
  const bool own_thread = thread_.joinable();
  if (!own_thread && !limits_.keeps && !check_writable().ok()) SHOAL_CHECK(flush());  // nobody else tries again
  std::unique_lock lock(mutex_);
  // The thread is behind: what it writes is bounded by twice the limits.
  if (own_thread) changed_.wait(lock, [&] { return failure_ || !flushed_ || !is_full(); });
  // On a full disk only what was on its way when it became full comes here: writers ask check_writable() first.
  if (failure_ && (failure_->code != Code::no_space || !own_thread)) return *failure_;
  if (active_.empty()) oldest_ = std::chrono::steady_clock::now();
  active_.add(batch);
  anything_ = true;
  const bool full = is_full();
  const bool first = own_thread && !full && !flushed_;
  lock.unlock();
  if (!full) {
    if (first) changed_.notify_all();
    return {};
  }
  if (!own_thread) return flush();
  changed_.notify_all();
  return {};
}

bool BufferedStore::is_full() const {
  return active_.payload_bytes() >= limits_.payloads || active_.bytes() - active_.payload_bytes() >= limits_.rows;
}

std::set<FeedNumber> BufferedStore::note_waiting(WriteBatch& batch, const PayloadRuns& waiting) const {
  std::set<FeedNumber> noted;
  for (const auto& [feed, runs] : waiting) {
    base::WireWriter row(runs.size() * 16);
    for (const auto& [first, end] : runs) {
      row.u64(first);
      row.u64(end);
    }
    batch.put(Column::meta, unwritten_payloads_key(feed), std::move(row).take());
    noted.insert(feed);
  }
  for (const FeedNumber feed : noted_) {
    if (!noted.contains(feed)) batch.erase(Column::meta, unwritten_payloads_key(feed));
  }
  return noted;
}

Result<void> BufferedStore::flush(Extent extent) {
  const std::lock_guard one(flushing_);
  std::shared_ptr<const WriteBuffer> rows;
  PayloadRuns waiting;
  {
    const std::unique_lock lock(mutex_);
    if (failure_ && failure_->code != Code::no_space) return *failure_;
    if (limits_.keeps) return active_.empty() ? Result<void>{} : inner_->check_writable();
    if (flushed_ && !active_.empty()) active_.add_below(*flushed_);
    if (!active_.empty()) {
      WriteBuffer taken = std::exchange(active_, {});
      // The oldest of them have waited for their age already.
      if (extent == Extent::runs) active_ = taken.take_short_runs(limits_.run, limits_.payloads / 2);
      waiting = active_.payload_runs();
      oldest_ = std::chrono::steady_clock::now();
      flushed_ = std::make_shared<const WriteBuffer>(std::move(taken));
    }
    if (!flushed_) return {};
    rows = flushed_;
  }
  WriteBatch batch = rows->as_batch();
  std::set<FeedNumber> noted = note_waiting(batch, waiting);
  auto written = inner_->write(batch, Sync::no);
  if (written) noted_.clear();
  noted_.merge(noted);
  {
    const std::unique_lock lock(mutex_);
    failure_ = written ? std::nullopt : std::optional(written.error());
    if (written) {
      flushed_.reset();
      anything_ = !active_.empty();
    }
  }
  changed_.notify_all();
  return written;
}

void BufferedStore::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (failure_) {
      if (failure_->code != Code::no_space) return;
      changed_.wait_for(lock, kRetry, [&] { return stopping_; });
    } else if (active_.empty()) {
      changed_.wait(lock, [&] { return stopping_ || !active_.empty(); });
      continue;
    } else if (!is_full()) {
      changed_.wait_until(lock, oldest_ + limits_.age, [&] { return stopping_ || failure_ || is_full(); });
    }
    if (stopping_) return;
    const bool by_age = !is_full();
    lock.unlock();
    // Kept for those who write next; nobody waits for it here.
    [[maybe_unused]] const auto flushed = flush(by_age || limits_.run == 0 ? Extent::all : Extent::runs);
    lock.lock();
  }
}

Result<void> BufferedStore::make_durable() {
  SHOAL_CHECK(flush());
  return inner_->make_durable();
}

Result<void> BufferedStore::drop_range(Column column, ByteView begin, ByteView end) {
  SHOAL_CHECK(flush());
  return inner_->drop_range(column, begin, end);
}

Result<void> BufferedStore::compact(Column column, ByteView begin, ByteView end) {
  SHOAL_CHECK(flush());
  return inner_->compact(column, begin, end);
}

Result<void> BufferedStore::reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) {
  return inner_->reclaim(column, begin, end, live);
}

std::uint64_t BufferedStore::waiting_bytes() const {
  const std::uint64_t below = inner_->waiting_bytes();
  const std::shared_lock lock(mutex_);
  return below + active_.bytes() + (flushed_ ? flushed_->bytes() : 0);
}

}  // namespace shoal::store
