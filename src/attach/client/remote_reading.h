#pragma once

#include "attach/client/node_client.h"
#include "node/api/reading_api.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::attach {

/// Reads through the node of another process.
class RemoteReading final : public node::ReadingApi {
 public:
  explicit RemoteReading(std::shared_ptr<NodeClient> client) : client_(std::move(client)) {}

  [[nodiscard]] Result<node::FeedReference> resolve(std::string_view feed) override;
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<std::optional<node::Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<node::SubscriptionApi>> subscribe(const node::FeedReference& feed,
                                                                         const SubscribeOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;
  [[nodiscard]] Result<node::FetchedBatches> fetch(const node::FeedReference& feed,
                                                   const node::FetchRequest& request) override;
  [[nodiscard]] Result<std::vector<node::StreamEnds>> ends(const node::FeedReference& feed,
                                                           const std::vector<TopicPartition>& streams) override;
  [[nodiscard]] Result<std::optional<node::TimedOffset>> offset_of_time(const node::FeedReference& feed,
                                                                        const TopicPartition& stream,
                                                                        UnixMs time) override;
  [[nodiscard]] Result<std::shared_ptr<node::WatchApi>> watch(const node::FeedReference& feed) override;
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait) override;
  [[nodiscard]] Result<FeedInfo> info(const node::FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<node::FeedReference>& feed,
                                                    const Wait& wait) override;

 private:
  const std::shared_ptr<NodeClient> client_;
};

}  // namespace shoal::attach
