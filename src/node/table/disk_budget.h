#pragma once

#include "node/table/feed_table.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::node {

/// Keeps a data directory within the smallest budget that one of its mirrors asks for (MirrorOptions::max_bytes),
/// measured as `du` measures the whole directory. Near the budget the oldest payloads of all mirrored feeds are
/// dropped, and their disk is given back. Confined to the retention thread.
class DiskBudget {
 public:
  DiskBudget(FeedTable& table, base::LogSink& log) : table_(&table), log_(&log) {}

  /// Measures, and drops what is too much. Returns after which time to call it again.
  [[nodiscard]] std::chrono::milliseconds keep();

 private:
  /// Drops payloads of at least `bytes`, oldest append time first. Returns how many payloads that were.
  [[nodiscard]] Result<std::uint64_t> drop(std::uint64_t bytes);
  [[nodiscard]] Result<void> keep_within(const Storage& storage, std::uint64_t budget);
  /// Gives the mirrors' feeds what they may store until the next call, `bytes` together.
  void give_allowances(std::uint64_t bytes);
  static void limit_scratch(const Storage& storage, std::uint64_t bytes);
  /// Reports a budget that cannot be kept to the log and to the mirrors; nullopt: it can again.
  void report(std::uint64_t budget, const std::optional<Error>& problem);
  /// Feeds whose payloads may be dropped.
  [[nodiscard]] std::vector<std::shared_ptr<FeedHost>> hosts() const;

  FeedTable* table_;
  base::LogSink* log_;
  bool reported_ = false;  ///< a problem that still exists
};

}  // namespace shoal::node
