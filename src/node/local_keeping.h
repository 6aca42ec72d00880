#pragma once

#include "base/clock.h"
#include "node/api/keeping_api.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// What the node in this process keeps. The arguments outlive it.
class LocalKeeping final : public KeepingApi {
 public:
  LocalKeeping(FeedTable& table, RetentionThread& retention, const base::Clock& clock)
      : table_(table), retention_(retention), clock_(clock) {}

  [[nodiscard]] Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                          const MirrorOptions& options) override;
  [[nodiscard]] Result<void> remove(const FeedReference& feed) override { return table_.remove(feed); }
  [[nodiscard]] Result<std::optional<StoredCursor>> stored_cursor(const FeedReference& feed,
                                                                  const std::string& name) override;
  [[nodiscard]] Result<void> store_cursor(const FeedReference& feed, const std::string& name,
                                          const StoredCursor& cursor) override;
  [[nodiscard]] Result<void> replace_cursor(const FeedReference& feed, const std::string& name,
                                            const std::string& expected, const StoredCursor& cursor) override;
  [[nodiscard]] Result<std::vector<NamedCursor>> list_cursors(const FeedReference& feed) override;
  [[nodiscard]] Result<void> erase_cursor(const FeedReference& feed, const std::string& name) override;
  [[nodiscard]] Result<void> store_group_offsets(const FeedReference& feed, const std::string& group,
                                                 const std::vector<GroupOffset>& offsets) override;
  [[nodiscard]] Result<std::vector<GroupOffset>> group_offsets(const FeedReference& feed,
                                                               const std::string& group) override;
  [[nodiscard]] Result<std::vector<std::string>> groups(const FeedReference& feed) override;
  [[nodiscard]] Result<void> erase_group(const FeedReference& feed, const std::string& group) override;
  [[nodiscard]] Result<AuditReport> verify(const FeedReference& feed, const Progress& progress) override;
  [[nodiscard]] Result<BundleSummary> export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                    const ByteSink& sink, const Progress& progress) override;
  [[nodiscard]] Result<BundleSummary> import_bundle(const ByteSource& source, const Progress& progress) override;

 private:
  FeedTable& table_;
  RetentionThread& retention_;
  const base::Clock& clock_;
};

}  // namespace shoal::node
