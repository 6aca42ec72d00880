#pragma once

#include "base/clock.h"
#include "node/commit_thread.h"
#include "node/data_directory.h"
#include "node/key_store.h"
#include "node/node_api.h"
#include "node/own_feed.h"
#include "node/peer_hub.h"
#include "node/subscription.h"
#include "node/worker_pool.h"
#include "store/journal.h"
#include "store/kv_store.h"
#include "swarm/swarm.h"

#include <map>
#include <memory>
#include <mutex>

namespace shoal::node {

/// The node in this process: joins directory, stores, keys, feeds, commit thread, worker pool and swarm, and starts and
/// stops them in order.
class LocalNode final : public NodeApi, public std::enable_shared_from_this<LocalNode> {
 public:
  [[nodiscard]] static Result<std::shared_ptr<LocalNode>> open(NodeOptions options);
  ~LocalNode() override;

  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) override;
  [[nodiscard]] Result<KeyInfo> generate_key(const std::string& name) override;
  [[nodiscard]] Result<std::vector<KeyInfo>> keys() override;
  [[nodiscard]] Result<void> export_secret_key(const std::string& name, const std::filesystem::path& file) override;
  [[nodiscard]] Result<KeyInfo> import_key(const std::string& name, const std::filesystem::path& file) override;

  [[nodiscard]] Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const feed::Manifest& manifest) override;
  [[nodiscard]] Result<std::optional<feed::Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                   const ProducerOptions& options) override;

  [[nodiscard]] Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                   const SubscribeOptions& options) override;
  [[nodiscard]] Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                          const MirrorOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;

  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                    const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  [[nodiscard]] std::string listening() const override;

  [[nodiscard]] Result<feed::AuditReport> verify(const FeedReference& feed, const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> export_bundle(const FeedReference& feed, const std::filesystem::path& file,
                                                          const Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> import_bundle(const std::filesystem::path& file,
                                                          const Progress& progress) override;
  void serve_all() override;
  void close() override;

 private:
  /// Everything a volatile feed has for itself.
  struct VolatileFeed {
    std::unique_ptr<store::KvStore> store;
    std::unique_ptr<store::Journal> journal;
    std::optional<crypto::KeyPair> key;
  };

  explicit LocalNode(NodeOptions options);
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> start_network();
  [[nodiscard]] Result<FeedHost*> host(const FeedReference& feed);
  [[nodiscard]] Result<FeedHost*> open_host(const FeedReference& feed, feed::FeedStores stores);
  [[nodiscard]] Result<std::shared_ptr<OwnFeed>> own_feed(const std::string& name);
  [[nodiscard]] Result<OpenedFeed> open_volatile(const std::string& name);
  [[nodiscard]] Result<BlockIndex> locate(FeedHost& host, const TopicPartition& stream, Offset offset,
                                          const Wait& wait);
  [[nodiscard]] Result<void> check_open() const;

  NodeOptions options_;
  base::SystemClock clock_;
  std::unique_ptr<base::LogSink> log_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<store::KvStore> own_store_;
  std::unique_ptr<store::KvStore> mirror_store_;
  std::unique_ptr<store::Journal> journal_;
  std::optional<crypto::KeyPair> node_key_;
  std::unique_ptr<WorkerPool> pool_;
  std::shared_ptr<PeerHub> hub_;
  std::unique_ptr<swarm::Swarm> swarm_;
  std::unique_ptr<CommitThread> commit_thread_;

  mutable std::recursive_mutex mutex_;
  bool closed_ = false;
  std::map<std::string, VolatileFeed> volatile_feeds_;
  std::map<FeedId, std::unique_ptr<FeedHost>> hosts_;
  std::map<std::string, std::shared_ptr<OwnFeed>> own_feeds_;
  std::mutex blame_mutex_;
  std::function<void(const PeerInfo&, std::string_view)> on_blamed_;
};

}  // namespace shoal::node
