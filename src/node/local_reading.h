#pragma once

#include "base/clock.h"
#include "base/log_sink.h"
#include "node/api/reading_api.h"
#include "node/directory/trusted_mirrors.h"
#include "node/network/discovery.h"
#include "node/table/feed_table.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node {

/// What the node in this process lets read. The arguments outlive it.
class LocalReading final : public ReadingApi {
 public:
  /// `discovery` is null for a node without a network.
  LocalReading(FeedTable& table, const TrustedMirrors& mirrors, std::shared_ptr<Discovery> discovery,
               const base::Clock& clock, base::LogSink& log)
      : table_(table), mirrors_(mirrors), discovery_(std::move(discovery)), clock_(clock), log_(log) {}

  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) override { return table_.resolve(feed); }
  [[nodiscard]] Result<std::vector<FeedSummary>> feeds() override;
  [[nodiscard]] Result<std::optional<Manifest>> manifest(const FeedId& feed) override;
  [[nodiscard]] Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                   const SubscribeOptions& options) override;
  [[nodiscard]] Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                    const Wait& wait) override;
  [[nodiscard]] Result<FetchedBatches> fetch(const FeedReference& feed, const FetchRequest& request) override;
  [[nodiscard]] Result<std::vector<StreamEnds>> ends(const FeedReference& feed,
                                                     const std::vector<TopicPartition>& streams) override;
  [[nodiscard]] Result<std::optional<TimedOffset>> offset_of_time(const FeedReference& feed,
                                                                  const TopicPartition& stream, UnixMs time) override;
  [[nodiscard]] Result<std::shared_ptr<WatchApi>> watch(const FeedReference& feed) override;
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait) override;
  [[nodiscard]] Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) override;
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                    const Wait& wait) override;

 private:
  [[nodiscard]] std::vector<MirrorInfo> mirror_infos(FeedHost& host) const;

  FeedTable& table_;
  const TrustedMirrors& mirrors_;
  const std::shared_ptr<Discovery> discovery_;
  const base::Clock& clock_;
  base::LogSink& log_;
};

}  // namespace shoal::node
