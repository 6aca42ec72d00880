#pragma once

#include "base/clock.h"
#include "node/api/audit_report.h"
#include "node/api/bundle_transfer.h"
#include "node/api/reading_api.h"
#include "node/bundles/bundle_loader.h"
#include "node/feeds/feed_host.h"
#include "node/runtime/log_adapter.h"
#include "node/runtime/worker_pool.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node {

/// Files of bundles as a node that only reads: no data directory, no network, no disk but the files. What is delivered
/// was verified against the signed head. The destructor ends it: then subscriptions answer Code::closed.
class BundleNode final : public ReadingApi {
 public:
  /// The errors of load_bundles(). `log` as in NodeOptions.
  [[nodiscard]] static Result<std::shared_ptr<BundleNode>> open(
      const std::vector<std::filesystem::path>& files, std::function<void(LogLevel, std::string_view)> log = {});
  ~BundleNode() override;

  /// The one feed of the bundles.
  [[nodiscard]] FeedReference feed() const;
  [[nodiscard]] const std::vector<feed::BundleFacts>& bundles() const { return loaded_.bundles; }

  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) override;
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<std::optional<Manifest>> manifest(const FeedId& feed) override;
  /// Without topics or times of its own it reads what the bundles select. Durable cursors are refused.
  [[nodiscard]] Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                   const SubscribeOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;
  [[nodiscard]] Result<FetchedBatches> fetch(const FeedReference& feed, const FetchRequest& request) override;
  [[nodiscard]] Result<std::vector<StreamEnds>> ends(const FeedReference& feed,
                                                     const std::vector<TopicPartition>& streams) override;
  [[nodiscard]] Result<std::optional<TimedOffset>> offset_of_time(const FeedReference& feed,
                                                                  const TopicPartition& stream, UnixMs time) override;
  /// Nothing ever changes but that the node ends.
  [[nodiscard]] Result<std::shared_ptr<WatchApi>> watch(const FeedReference& feed) override;
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait) override;
  [[nodiscard]] Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                    const Wait& wait) override;
  /// Hashes the bundles again. See KeepingApi::verify().
  [[nodiscard]] Result<AuditReport> verify(const Progress& progress);

 private:
  explicit BundleNode(std::function<void(LogLevel, std::string_view)> log) : log_(std::move(log)), pool_(1) {}

  LogAdapter log_;
  LoadedBundles loaded_;
  base::SystemClock clock_;
  WorkerPool pool_;
  std::shared_ptr<FeedHost> host_;
};

}  // namespace shoal::node
