#pragma once

#include "node/table/feed_table.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::node {

/// Keeps a data directory within the smallest budget that a mirror of it asks for (MirrorOptions::max_bytes): what du
/// says of the directory, everything included. When it comes near, the oldest payloads of all other people's feeds go,
/// whichever they are of, and their disk is given back. Confined to the retention thread.
class DiskBudget {
 public:
  DiskBudget(FeedTable& table, base::LogSink& log) : table_(&table), log_(&log) {}

  /// Looks, and drops what is too much; gives when to look again.
  [[nodiscard]] std::chrono::milliseconds keep();

 private:
  /// Drops payloads of at least `bytes`, oldest append time first; gives how many there were.
  [[nodiscard]] Result<std::uint64_t> drop(std::uint64_t bytes);
  [[nodiscard]] Result<void> keep_within(const Storage& storage, std::uint64_t budget);
  void tell(std::uint64_t budget, const std::optional<Error>& problem);
  /// Feeds whose payloads may go.
  [[nodiscard]] std::vector<std::shared_ptr<FeedHost>> hosts() const;

  FeedTable* table_;
  base::LogSink* log_;
  bool told_ = false;
};

}  // namespace shoal::node
