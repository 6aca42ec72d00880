#pragma once

#include "feed/bundle/bundle_file.h"
#include "node/bundles/flat_rows.h"
#include "store/kv_store.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::node {

/// The rows of one feed, as a feed log has them, over files of bundles: headers and payloads are read at their places,
/// index rows are in memory, some 100 bytes a block. What is read here is as good as the files: feed logs and readers
/// check it. Filled from one thread; from freeze() on it refuses changes, and is thread-safe.
class BundleStore final : public store::KvStore {
 public:
  explicit BundleStore(std::vector<feed::BundleFile> files) : files_(std::move(files)) {}

  [[nodiscard]] const std::vector<feed::BundleFile>& files() const { return files_; }
  /// A run at its place; its blocks follow those of all runs before.
  void add_run(std::size_t file, const feed::FramePlace& frame, BlockIndex first, BlockIndex last);
  void freeze() { frozen_ = true; }

  /// The run's head as it stands in the file. `head` keeps the bytes that the blocks of `run` point into.
  struct LoadedRun {
    Bytes head;
    feed::RunHead run;
    std::vector<std::uint64_t> payloads;  ///< where each block's payload lies
  };
  [[nodiscard]] Result<LoadedRun> load_run(std::size_t file, const feed::FramePlace& frame) const;

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override;
  [[nodiscard]] Result<bool> contains(store::Column column, ByteView key) const override;
  /// Headers and payloads can only be walked forwards.
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column column) const override;
  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override;
  [[nodiscard]] Result<void> make_durable() override { return {}; }
  [[nodiscard]] Result<void> drop_range(store::Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> compact(store::Column, ByteView, ByteView) override { return {}; }

 private:
  class HeaderIterator;
  using Rows = std::map<Bytes, Bytes>;

  struct RunPlace {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::size_t file = 0;
    feed::FramePlace frame;
  };
  struct Found {
    std::shared_ptr<const LoadedRun> run;
    std::size_t file = 0;
    std::size_t position = 0;  ///< of the block in the run
  };

  [[nodiscard]] Result<std::optional<Found>> find(std::uint64_t block) const;
  [[nodiscard]] Result<std::shared_ptr<const LoadedRun>> cached(std::size_t run) const;
  /// The first block >= `block` that is there.
  [[nodiscard]] Result<std::optional<std::uint64_t>> next_block(std::uint64_t block) const;
  [[nodiscard]] Rows& rows(store::Column column) { return rows_[static_cast<std::size_t>(column)]; }
  [[nodiscard]] const Rows& rows(store::Column column) const { return rows_[static_cast<std::size_t>(column)]; }
  [[nodiscard]] Result<void> apply(const store::WriteBatch::Operation& operation);

  std::vector<feed::BundleFile> files_;
  std::vector<RunPlace> runs_;
  std::array<Rows, store::kColumnCount> rows_;  // of meta, tree and topics
  FlatRows<12> offsets_;
  FlatRows<24> times_;
  std::atomic<bool> frozen_ = false;

  mutable std::mutex mutex_;
  mutable std::list<std::pair<std::size_t, std::shared_ptr<const LoadedRun>>> recent_;  // newest first
};

}  // namespace shoal::node
