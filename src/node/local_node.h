#pragma once

#include "base/clock.h"
#include "node/api/node_api.h"
#include "node/local_keeping.h"
#include "node/local_owning.h"
#include "node/local_reading.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"
#include "node/table/scrub.h"

#include <functional>
#include <future>
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
  /// `wrap_outbox` wraps what feeds send to sessions: for tests that need a lying node.
  [[nodiscard]] static Result<std::shared_ptr<LocalNode>> open(NodeOptions options,
                                                               PeerHub::WrapOutbox wrap_outbox = {});
  ~LocalNode() override;

  [[nodiscard]] ReadingApi& reading() override { return *reading_; }
  [[nodiscard]] OwningApi& owning() override { return *owning_; }
  [[nodiscard]] KeepingApi& keeping() override { return *keeping_; }

  [[nodiscard]] Result<NodeFacts> facts() override;
  [[nodiscard]] std::string listening() const override;
  [[nodiscard]] Result<DoctorReport> doctor(const std::optional<FeedReference>& feed, const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  void serve_all() override;
  void close() override;

 private:
  explicit LocalNode(NodeOptions options);
  [[nodiscard]] Result<void> start(PeerHub::WrapOutbox wrap_outbox);
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
  std::unique_ptr<ScrubThread> scrub_;  ///< once serve_all() was called
  std::future<void> storage_released_;  ///< ready once no call holds the directory's files
  std::unique_ptr<LocalReading> reading_;
  std::unique_ptr<LocalOwning> owning_;
  std::unique_ptr<LocalKeeping> keeping_;

  std::stop_source closing_;  ///< ends calls that wait for the network
  std::shared_mutex
      swarm_in_use_;  ///< shared by calls that use swarm_: close() waits for them before it ends the network

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unique_ptr<swarm::Swarm> swarm_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
};

}  // namespace shoal::node
