#pragma once

#include "attach/client/node_client.h"
#include "node/api/keeping_api.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::attach {

/// What the node of another process keeps.
class RemoteKeeping final : public node::KeepingApi {
 public:
  explicit RemoteKeeping(std::shared_ptr<NodeClient> client) : client_(std::move(client)) {}

  [[nodiscard]] Result<std::shared_ptr<node::MirrorApi>> mirror(const node::FeedReference& feed,
                                                                const MirrorOptions& options) override;
  [[nodiscard]] Result<void> remove(const node::FeedReference& feed) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored_cursor(const node::FeedReference& feed,
                                                                  const std::string& name) override;
  [[nodiscard]] Result<void> store_cursor(const node::FeedReference& feed, const std::string& name,
                                          const StoredCursor& cursor) override;
  [[nodiscard]] Result<void> replace_cursor(const node::FeedReference& feed, const std::string& name,
                                            const std::string& expected, const StoredCursor& cursor) override;
  [[nodiscard]] Result<std::vector<node::NamedCursor>> list_cursors(const node::FeedReference& feed) override;
  [[nodiscard]] Result<void> erase_cursor(const node::FeedReference& feed, const std::string& name) override;
  [[nodiscard]] Result<void> store_group_offsets(const node::FeedReference& feed, const std::string& group,
                                                 const std::vector<node::GroupOffset>& offsets) override;
  [[nodiscard]] Result<std::vector<node::GroupOffset>> group_offsets(const node::FeedReference& feed,
                                                                     const std::string& group) override;
  [[nodiscard]] Result<std::vector<std::string>> groups(const node::FeedReference& feed) override;
  [[nodiscard]] Result<void> erase_group(const node::FeedReference& feed, const std::string& group) override;
  [[nodiscard]] Result<node::AuditReport> verify(const node::FeedReference& feed,
                                                 const node::Progress& progress) override;
  [[nodiscard]] Result<node::BundleSummary> export_bundle(const node::FeedReference& feed,
                                                          const node::ExportOptions& options,
                                                          const node::ByteSink& sink,
                                                          const node::Progress& progress) override;
  [[nodiscard]] Result<node::BundleSummary> import_bundle(const node::ByteSource& source,
                                                          const node::Progress& progress) override;

 private:
  const std::shared_ptr<NodeClient> client_;
};

}  // namespace shoal::attach
