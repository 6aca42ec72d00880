#pragma once

#include "base/clock.h"
#include "node/api/node_api.h"
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
#include <vector>

namespace shoal::node {

/// Files of bundles as a node that only reads: no data directory, no network, no disk but the files. What is delivered
/// was verified against the signed head. What would change something is Code::unsupported.
class BundleNode final : public NodeApi {
 public:
  /// The errors of load_bundles(). `log` as in NodeOptions.
  [[nodiscard]] static Result<std::shared_ptr<BundleNode>> open(
      const std::vector<std::filesystem::path>& files, std::function<void(LogLevel, std::string_view)> log = {});
  ~BundleNode() override;

  /// The one feed of the bundles.
  [[nodiscard]] FeedReference feed() const;
  [[nodiscard]] const std::vector<feed::BundleFacts>& bundles() const { return loaded_.bundles; }

  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) override;
  [[nodiscard]] Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const feed::Manifest& manifest) override;
  [[nodiscard]] Result<std::optional<feed::Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                   const ProducerOptions& options) override;
  /// Without topics or times of its own it reads what the bundles select. Durable cursors are refused.
  [[nodiscard]] Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                   const SubscribeOptions& options) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored_cursor(const FeedReference& feed,
                                                                  const std::string& name) override;
  [[nodiscard]] Result<void> store_cursor(const FeedReference& feed, const std::string& name,
                                          const StoredCursor& cursor) override;
  [[nodiscard]] Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                          const MirrorOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;
  [[nodiscard]] Result<void> remove(const FeedReference& feed) override;
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait) override;
  [[nodiscard]] Result<NodeFacts> facts() override;
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                    const Wait& wait) override;
  [[nodiscard]] Result<DoctorReport> doctor(const std::optional<FeedReference>& feed, const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> /*callback*/) override {}
  [[nodiscard]] std::string listening() const override { return ""; }
  [[nodiscard]] Result<feed::AuditReport> verify(const FeedReference& feed, const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                          const ByteSink& sink, const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> import_bundle(const ByteSource& source, const Progress& progress) override;
  void serve_all() override {}
  void close() override;

 private:
  explicit BundleNode(std::function<void(LogLevel, std::string_view)> log) : log_(std::move(log)), pool_(1) {}

  LogAdapter log_;
  LoadedBundles loaded_;
  base::SystemClock clock_;
  WorkerPool pool_;
  std::shared_ptr<FeedHost> host_;
};

}  // namespace shoal::node
