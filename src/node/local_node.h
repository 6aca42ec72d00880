#pragma once

#include "base/clock.h"
#include "node/api/node_api.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::node {

/// The node in this process: joins files, keys, feeds, commit thread, worker pool and swarm, and starts and stops them
/// in order. Handles keep the object; close() gives everything it holds back.
class LocalNode final : public NodeApi, public std::enable_shared_from_this<LocalNode> {
 public:
  /// `wrap_outbox` is put between feeds and sessions: for tests that need a node that lies.
  [[nodiscard]] static Result<std::shared_ptr<LocalNode>> open(NodeOptions options,
                                                               PeerHub::WrapOutbox wrap_outbox = {});
  ~LocalNode() override;

  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) override;

  [[nodiscard]] Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const feed::Manifest& manifest) override;
  [[nodiscard]] Result<std::optional<feed::Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                   const ProducerOptions& options) override;

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
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  [[nodiscard]] std::string listening() const override;

  [[nodiscard]] Result<feed::AuditReport> verify(const FeedReference& feed, const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                          const ByteSink& sink, const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> import_bundle(const ByteSource& source, const Progress& progress) override;
  void serve_all() override;
  void close() override;

 private:
  explicit LocalNode(NodeOptions options);
  [[nodiscard]] Result<void> start(PeerHub::WrapOutbox wrap_outbox);
  /// The feed is there; now its retention, when `options` have one.
  [[nodiscard]] std::vector<MirrorInfo> mirror_infos(FeedHost& host) const;
  /// Whom the acknowledgements need; Code::not_found for a name that stands for no mirror.
  [[nodiscard]] Result<MirrorQuorum> quorum_of(const Acks& acks) const;
  [[nodiscard]] Result<OpenedFeed> settle_retention(const OpenedFeed& feed, const std::string& name,
                                                    const FeedOptions& options);
  [[nodiscard]] Result<void> start_network(const DataDirectory& directory);
  void tell_blamed(const PeerInfo& peer, std::string_view what);

  NodeOptions options_;
  base::SystemClock clock_;
  std::unique_ptr<base::LogSink> log_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<TrustedMirrors> mirrors_;
  std::unique_ptr<WorkerPool> pool_;
  std::shared_ptr<PeerHub> hub_;
  std::shared_ptr<Discovery> discovery_;  ///< null: offline
  std::unique_ptr<CommitThread> commit_thread_;
  std::unique_ptr<FeedTable> table_;
  std::unique_ptr<RetentionThread> retention_;

  std::stop_source closing_;        ///< ends long questions
  std::shared_mutex swarm_in_use_;  ///< shared by long questions: close() waits for them before the network ends

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unique_ptr<swarm::Swarm> swarm_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
};

}  // namespace shoal::node
