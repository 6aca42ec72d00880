#include "node/bundles/bundle_store.h"

#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

#include <algorithm>

namespace shoal::node {
namespace {

using store::Column;

/// Heads of runs that stay parsed: readers of several topics go back and forth a little.
constexpr std::size_t kRecentRuns = 8;

class RowIterator final : public store::KvIterator {
 public:
  explicit RowIterator(const std::map<Bytes, Bytes>& rows) : rows_(&rows), at_(rows.end()) {}
  void seek(ByteView key) override { at_ = rows_->lower_bound(Bytes(key.begin(), key.end())); }
  void seek_for_prev(ByteView key) override {
    at_ = rows_->upper_bound(Bytes(key.begin(), key.end()));
    prev();
  }
  void next() override { ++at_; }
  void prev() override { at_ = at_ == rows_->begin() ? rows_->end() : std::prev(at_); }
  [[nodiscard]] bool valid() const override { return at_ != rows_->end(); }
  [[nodiscard]] ByteView key() const override { return at_->first; }
  [[nodiscard]] ByteView value() const override { return at_->second; }
  [[nodiscard]] Result<void> status() const override { return {}; }

 private:
  const std::map<Bytes, Bytes>* rows_;
  std::map<Bytes, Bytes>::const_iterator at_;
};

}  // namespace

/// Headers by block, forwards.
class BundleStore::HeaderIterator final : public store::KvIterator {
 public:
  explicit HeaderIterator(const BundleStore& store) : store_(store) {}
  void seek(ByteView key) override {
    prefix_ = Bytes(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(4, key.size())));
    base::WireReader in(key.size() > 4 ? key.subspan(4) : ByteView{});
    const std::uint64_t block = in.u64();
    go_to(in.ok() ? block : 0);
  }
  void seek_for_prev(ByteView /*key*/) override { fail(); }
  void next() override { go_to(block_ + 1); }
  void prev() override { fail(); }
  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] ByteView key() const override { return key_; }
  [[nodiscard]] ByteView value() const override { return value_; }
  [[nodiscard]] Result<void> status() const override { return status_; }

 private:
  void fail() {
    valid_ = false;
    status_ = Error{Code::unsupported, "headers of a bundle are read forwards"};
  }
  void go_to(std::uint64_t block) {
    valid_ = false;
    const auto next = store_.next_block(block);
    if (!next.ok()) status_ = next.error();
    if (!next.ok() || !*next) return;
    block_ = **next;
    const auto found = store_.find(block_);
    if (!found.ok()) status_ = found.error();
    if (!found.ok() || !*found) return;
    const ByteView header = (*found)->run->run.blocks[(*found)->position].header;
    value_.assign(header.begin(), header.end());
    base::WireWriter key(12);
    key.bytes(prefix_);
    key.u64(block_);
    key_ = std::move(key).take();
    valid_ = true;
  }

  const BundleStore& store_;
  Bytes prefix_;
  std::uint64_t block_ = 0;
  Bytes key_;
  Bytes value_;
  bool valid_ = false;
  Result<void> status_;
};

void BundleStore::add_run(std::size_t file, const feed::FramePlace& frame, BlockIndex first, BlockIndex last) {
  runs_.push_back({first.value(), last.value(), file, frame});
}

Result<BundleStore::LoadedRun> BundleStore::load_run(std::size_t file, const feed::FramePlace& frame) const {
  const Error bad{Code::unverified, "bundle: malformed run"};
  SHOAL_TRY(const Bytes prefix, files_[file].read(frame.offset, feed::kRunPrefixSize));
  const std::uint32_t size = base::WireReader(prefix).u32();
  if (frame.size < feed::kRunPrefixSize || size > frame.size - feed::kRunPrefixSize) return bad;
  LoadedRun loaded;
  SHOAL_TRY(loaded.head, files_[file].read(frame.offset + feed::kRunPrefixSize, size));
  SHOAL_TRY(loaded.run, feed::decode_run_head(loaded.head));
  std::uint64_t at = frame.offset + feed::kRunPrefixSize + size;
  for (const feed::RunBlock& block : loaded.run.blocks) {
    loaded.payloads.push_back(at);
    at += block.payload_size;
  }
  if (at != frame.offset + frame.size) return bad;
  return loaded;
}

Result<std::shared_ptr<const BundleStore::LoadedRun>> BundleStore::cached(std::size_t run) const {
  const std::lock_guard lock(mutex_);
  const auto known =
      std::find_if(recent_.begin(), recent_.end(), [run](const auto& item) { return item.first == run; });
  if (known != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, known);
    return recent_.front().second;
  }
  SHOAL_TRY(LoadedRun loaded, load_run(runs_[run].file, runs_[run].frame));
  recent_.emplace_front(run, std::make_shared<const LoadedRun>(std::move(loaded)));
  if (recent_.size() > kRecentRuns) recent_.pop_back();
  return recent_.front().second;
}

Result<std::optional<BundleStore::Found>> BundleStore::find(std::uint64_t block) const {
  const auto place =
      std::partition_point(runs_.begin(), runs_.end(), [block](const RunPlace& run) { return run.last < block; });
  if (place == runs_.end() || place->first > block) return std::optional<Found>{};
  SHOAL_TRY(auto run, cached(static_cast<std::size_t>(place - runs_.begin())));
  const auto& blocks = run->run.blocks;
  const auto found = std::partition_point(blocks.begin(), blocks.end(),
                                          [block](const feed::RunBlock& have) { return have.index.value() < block; });
  if (found == blocks.end() || found->index.value() != block) return std::optional<Found>{};
  const auto position = static_cast<std::size_t>(found - blocks.begin());
  return std::optional<Found>{Found{std::move(run), place->file, position}};
}

Result<std::optional<std::uint64_t>> BundleStore::next_block(std::uint64_t block) const {
  const auto place =
      std::partition_point(runs_.begin(), runs_.end(), [block](const RunPlace& run) { return run.last < block; });
  if (place == runs_.end()) return std::optional<std::uint64_t>{};
  if (place->first >= block) return std::optional<std::uint64_t>{place->first};
  SHOAL_TRY(const auto run, cached(static_cast<std::size_t>(place - runs_.begin())));
  for (const feed::RunBlock& have : run->run.blocks) {
    if (have.index.value() >= block) return std::optional<std::uint64_t>{have.index.value()};
  }
  return std::optional<std::uint64_t>{};
}

Result<std::optional<Bytes>> BundleStore::get(Column column, ByteView key) const {
  if (column == Column::headers || column == Column::payloads) {
    SHOAL_TRY(const auto found, find(store::block_of_key(key).value()));
    if (!found) return std::optional<Bytes>{};
    const feed::RunBlock& block = found->run->run.blocks[found->position];
    if (column == Column::headers) return std::optional<Bytes>{Bytes(block.header.begin(), block.header.end())};
    if (block.mark != feed::PayloadMark::here) return std::optional<Bytes>{};
    SHOAL_TRY(Bytes payload, files_[found->file].read(found->run->payloads[found->position], block.payload_size));
    return std::optional<Bytes>{std::move(payload)};
  }
  if (column == Column::offsets || column == Column::times) {
    const auto rows = iterate(column);
    rows->seek(key);
    if (!rows->valid() || !std::ranges::equal(rows->key(), key)) return std::optional<Bytes>{};
    return std::optional<Bytes>{Bytes(rows->value().begin(), rows->value().end())};
  }
  const auto found = rows(column).find(Bytes(key.begin(), key.end()));
  return found == rows(column).end() ? std::optional<Bytes>{} : std::optional<Bytes>{found->second};
}

Result<bool> BundleStore::contains(Column column, ByteView key) const {
  SHOAL_TRY(const auto row, get(column, key));
  return row.has_value();
}

std::unique_ptr<store::KvIterator> BundleStore::iterate(Column column) const {
  if (column == Column::headers || column == Column::payloads) return std::make_unique<HeaderIterator>(*this);
  if (column == Column::offsets) return offsets_.iterate();
  if (column == Column::times) return times_.iterate();
  return std::make_unique<RowIterator>(rows(column));
}

Result<void> BundleStore::apply(const store::WriteBatch::Operation& operation) {
  using Kind = store::WriteBatch::Kind;
  // Headers and payloads are in the files already, and nothing else of a block ever goes.
  if (operation.column == Column::headers || operation.column == Column::payloads) return {};
  const bool index = operation.column == Column::offsets || operation.column == Column::times;
  if (operation.kind == Kind::put && index) {
    const bool put = operation.column == Column::offsets ? offsets_.put(operation.key, operation.value)
                                                         : times_.put(operation.key, operation.value);
    if (put) return {};
  } else if (operation.kind == Kind::put) {
    rows(operation.column).insert_or_assign(operation.key, operation.value);
    return {};
  } else if (operation.kind == Kind::erase && !index) {
    rows(operation.column).erase(operation.key);
    return {};
  }
  return Error{Code::unsupported, "a change that a bundle in place does not take"};
}

Result<void> BundleStore::write(const store::WriteBatch& batch, store::Sync /*sync*/) {
  if (frozen_) return Error{Code::unsupported, "a bundle is only read"};
  for (const auto& operation : batch.operations()) SHOAL_CHECK(apply(operation));
  return {};
}

Result<void> BundleStore::drop_range(Column column, ByteView /*begin*/, ByteView /*end*/) {
  if (!frozen_ && column == Column::payloads) return {};  // what was pruned is marked so; the file stays as it is
  return Error{Code::unsupported, "a bundle is only read"};
}

}  // namespace shoal::node
