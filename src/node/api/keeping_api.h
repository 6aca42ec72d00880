#pragma once

#include "node/api/audit_report.h"
#include "node/api/batch_api.h"
#include "node/api/bundle_transfer.h"
#include "node/api/feed_reference.h"
#include "node/api/mirror_api.h"

#include <shoal/node.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// The right to decide what the directory keeps: mirrors, removal, positions of readers, bundles, verification.
/// Thread-safe. Lives as long as its node; after close() its calls answer Code::closed.
class KeepingApi {
 public:
  virtual ~KeepingApi() = default;

  /// Keeps and serves a verified copy for good. Code::invalid_argument for an own feed.
  [[nodiscard]] virtual Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                                  const MirrorOptions& options) = 0;
  /// Forgets the feed: want, rows, disk. An own feed's key stays. Code::in_use while it has a producer.
  [[nodiscard]] virtual Result<void> remove(const FeedReference& feed) = 0;

  /// The durable position `name` of this feed's readers, without a subscription.
  [[nodiscard]] virtual Result<std::optional<StoredCursor>> stored_cursor(const FeedReference& feed,
                                                                          const std::string& name) = 0;
  /// Code::invalid_argument for an empty name, and for a malformed token.
  [[nodiscard]] virtual Result<void> store_cursor(const FeedReference& feed, const std::string& name,
                                                  const StoredCursor& cursor) = 0;
  /// The same, when the present token is `expected` (empty: when there is none); else Code::already_exists, and nothing
  /// is stored.
  [[nodiscard]] virtual Result<void> replace_cursor(const FeedReference& feed, const std::string& name,
                                                    const std::string& expected, const StoredCursor& cursor) = 0;
  /// All of the feed, by name.
  [[nodiscard]] virtual Result<std::vector<NamedCursor>> list_cursors(const FeedReference& feed) = 0;
  /// Code::not_found when there is none.
  [[nodiscard]] virtual Result<void> erase_cursor(const FeedReference& feed, const std::string& name) = 0;

  // Consumer groups. Their offsets are this directory's, and durable when the call returns.
  /// Stores all or none; their time is now. Code::invalid_argument for an empty or too long name of a group (255
  /// bytes), an illegal topic, a negative partition or offset; Code::limit_exceeded above GroupOffset::kMaxMetadata.
  [[nodiscard]] virtual Result<void> store_group_offsets(const FeedReference& feed, const std::string& group,
                                                         const std::vector<GroupOffset>& offsets) = 0;
  /// By partition; empty for a group that is not known.
  [[nodiscard]] virtual Result<std::vector<GroupOffset>> group_offsets(const FeedReference& feed,
                                                                       const std::string& group) = 0;
  /// Groups that have offsets.
  [[nodiscard]] virtual Result<std::vector<std::string>> groups(const FeedReference& feed) = 0;
  /// Code::not_found for a group that is not known.
  [[nodiscard]] virtual Result<void> erase_group(const FeedReference& feed, const std::string& group) = 0;

  /// Hashes everything that is held again.
  [[nodiscard]] virtual Result<AuditReport> verify(const FeedReference& feed, const Progress& progress) = 0;
  [[nodiscard]] virtual Result<BundleSummary> export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                            const ByteSink& sink, const Progress& progress) = 0;
  [[nodiscard]] virtual Result<BundleSummary> import_bundle(const ByteSource& source, const Progress& progress) = 0;
};

}  // namespace shoal::node
