#pragma once

#include "node/api/keeping_api.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"

#include <memory>
#include <optional>
#include <string>

namespace shoal::node {

/// What the node in this process keeps. The arguments outlive it.
class LocalKeeping final : public KeepingApi {
 public:
  LocalKeeping(FeedTable& table, RetentionThread& retention) : table_(table), retention_(retention) {}

  [[nodiscard]] Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                          const MirrorOptions& options) override;
  [[nodiscard]] Result<void> remove(const FeedReference& feed) override { return table_.remove(feed); }
  [[nodiscard]] Result<std::optional<StoredCursor>> stored_cursor(const FeedReference& feed,
                                                                  const std::string& name) override;
  [[nodiscard]] Result<void> store_cursor(const FeedReference& feed, const std::string& name,
                                          const StoredCursor& cursor) override;
  [[nodiscard]] Result<AuditReport> verify(const FeedReference& feed, const Progress& progress) override;
  [[nodiscard]] Result<BundleSummary> export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                    const ByteSink& sink, const Progress& progress) override;
  [[nodiscard]] Result<BundleSummary> import_bundle(const ByteSource& source, const Progress& progress) override;

 private:
  FeedTable& table_;
  RetentionThread& retention_;
};

}  // namespace shoal::node
