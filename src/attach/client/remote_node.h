#pragma once

#include "attach/client/node_client.h"
#include "node/api/node_api.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace shoal::attach {

/// The node of another process, over its socket (docs/API.md). Errors come across as they are; after that process
/// ended, or after close(): Code::closed.
class RemoteNode final : public node::NodeApi {
 public:
  /// `passphrase` is asked when the node needs it for a sealed key. Code::unsupported for a node of another API, whose
  /// version is named; Code::closed when nobody listens at `socket`; Code::timed_out.
  [[nodiscard]] static Result<std::shared_ptr<RemoteNode>> attach(const std::filesystem::path& socket,
                                                                  std::function<Result<std::string>()> passphrase,
                                                                  const Wait& wait);
  ~RemoteNode() override;

  /// The process that was attached to is there and answers within the time.
  [[nodiscard]] bool answers(const Wait& wait);
  /// Keeps no connection that nobody uses.
  void rest() { client_->rest(); }

  [[nodiscard]] Result<node::FeedReference> resolve(std::string_view feed) override;

  [[nodiscard]] Result<node::OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const feed::Manifest& manifest) override;
  [[nodiscard]] Result<std::optional<feed::Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<node::ProducerApi>> open_producer(const std::string& name,
                                                                         const ProducerOptions& options) override;

  [[nodiscard]] Result<std::shared_ptr<node::SubscriptionApi>> subscribe(const node::FeedReference& feed,
                                                                         const SubscribeOptions& options) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored_cursor(const node::FeedReference& feed,
                                                                  const std::string& name) override;
  [[nodiscard]] Result<void> store_cursor(const node::FeedReference& feed, const std::string& name,
                                          const StoredCursor& cursor) override;
  [[nodiscard]] Result<std::shared_ptr<node::MirrorApi>> mirror(const node::FeedReference& feed,
                                                                const MirrorOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;

  [[nodiscard]] Result<void> remove(const node::FeedReference& feed) override;
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait) override;

  /// As they were when the node was attached to.
  [[nodiscard]] Result<node::NodeFacts> facts() override { return facts_; }
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<FeedInfo> info(const node::FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<node::FeedReference>& feed,
                                                    const Wait& wait) override;
  [[nodiscard]] Result<node::DoctorReport> doctor(const std::optional<node::FeedReference>& feed,
                                                  const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  [[nodiscard]] std::string listening() const override { return facts_.listening; }

  [[nodiscard]] Result<feed::AuditReport> verify(const node::FeedReference& feed,
                                                 const node::Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> export_bundle(const node::FeedReference& feed,
                                                          const node::ExportOptions& options,
                                                          const node::ByteSink& sink,
                                                          const node::Progress& progress) override;
  [[nodiscard]] Result<feed::BundleSummary> import_bundle(const node::ByteSource& source,
                                                          const node::Progress& progress) override;

  void serve_all() override;
  void close() override;

 private:
  RemoteNode(std::shared_ptr<NodeClient> client, std::function<Result<std::string>()> passphrase)
      : client_(std::move(client)), passphrase_(std::move(passphrase)) {}

  void watch_events();

  std::shared_ptr<NodeClient> client_;
  std::function<Result<std::string>()> passphrase_;
  node::NodeFacts facts_;

  std::mutex mutex_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
  std::thread events_;
};

}  // namespace shoal::attach
