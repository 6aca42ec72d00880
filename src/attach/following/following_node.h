#pragma once

#include "attach/following/open_node.h"
#include "attach/following/residence.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::attach {

/// The node behind the newest way into a directory (see open_node()). Thread-safe.
class FollowingNode final : public SharedNode, public std::enable_shared_from_this<FollowingNode> {
 public:
  using Home = std::shared_ptr<Residence>;

  [[nodiscard]] static Result<std::shared_ptr<FollowingNode>> open(NodeOptions options, const std::stop_token& stop);
  ~FollowingNode() override;

  [[nodiscard]] Home home() const;
  /// Whether `error`, which came from `home`, means that there is another way in to look for.
  [[nodiscard]] bool lost(const Home& home, const Error& error) const;
  /// The way in after `home`. Code::timed_out when none was found yet and looking longer may help, Code::in_use when
  /// that has taken too long.
  [[nodiscard]] Result<Home> after(const Home& home, const Wait& wait);

  [[nodiscard]] bool attached() const override { return home()->attached(); }
  [[nodiscard]] std::size_t clients() const override { return home()->clients(); }
  bool wait_for_clients(const std::stop_token& stop) const override { return home()->wait_for_clients(stop); }
  void on_moved(std::function<void()> callback) override;
  void look() override;

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
  [[nodiscard]] Result<node::NodeFacts> facts() override;
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<FeedInfo> info(const node::FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<node::FeedReference>& feed,
                                                    const Wait& wait) override;
  [[nodiscard]] Result<node::DoctorReport> doctor(const std::optional<node::FeedReference>& feed,
                                                  const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  [[nodiscard]] std::string listening() const override { return home()->api().listening(); }
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
  FollowingNode(NodeOptions options, Home home) : options_(std::move(options)), home_(std::move(home)) {}

  /// What `call` says of the present node; again with the next one when this one ended meanwhile. For what may be
  /// asked twice.
  template <typename Call>
  auto ask(const std::stop_token& stop, const Call& call) -> decltype(call(std::declval<node::NodeApi&>()));
  template <typename Call>
  auto ask(const Call& call) {
    return ask({}, call);
  }
  void settle_in(const Home& home);

  const NodeOptions options_;
  std::mutex moving_;  ///< held while a way in is looked for
  mutable std::mutex mutex_;
  Home home_;
  bool closed_ = false;
  std::atomic<bool> serves_all_ = false;
  std::optional<std::chrono::steady_clock::time_point> lost_since_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
  std::function<void()> on_moved_;
};

}  // namespace shoal::attach
