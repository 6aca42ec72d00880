#include "attach/following/following_reading.h"

#include "attach/following/following_subscription.h"
#include "base/try.h"

namespace shoal::attach {

Result<node::FeedReference> FollowingReading::resolve(std::string_view feed) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().resolve(feed); });
}

Result<std::vector<FeedSummary>> FollowingReading::feeds() {
  return access_->ask([](node::NodeApi& api) { return api.reading().feeds(); });
}

Result<std::optional<node::Manifest>> FollowingReading::manifest(const FeedId& feed) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().manifest(feed); });
}

Result<std::shared_ptr<node::SubscriptionApi>> FollowingReading::subscribe(const node::FeedReference& feed,
                                                                           const SubscribeOptions& options) {
  const auto asked = access_->get();
  // A node of this process never ends before its subscriptions.
  if (!asked->attached()) return asked->api().reading().subscribe(feed, options);
  SHOAL_TRY(auto made, FollowingSubscription::open(access_, feed, options));
  return std::shared_ptr<node::SubscriptionApi>(std::move(made));
}

Result<Records> FollowingReading::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                      const Wait& wait) {
  return access_->ask(wait.stop, [&](node::NodeApi& api) { return api.reading().get(request, peer_hints, wait); });
}

Result<node::FetchedBatches> FollowingReading::fetch(const node::FeedReference& feed,
                                                     const node::FetchRequest& request) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().fetch(feed, request); });
}

Result<std::vector<node::StreamEnds>> FollowingReading::ends(const node::FeedReference& feed,
                                                             const std::vector<TopicPartition>& streams) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().ends(feed, streams); });
}

Result<std::optional<node::TimedOffset>> FollowingReading::offset_of_time(const node::FeedReference& feed,
                                                                          const TopicPartition& stream, UnixMs time) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().offset_of_time(feed, stream, time); });
}

Result<std::shared_ptr<node::WatchApi>> FollowingReading::watch(const node::FeedReference& feed) {
  return access_->ask([&](node::NodeApi& api) { return api.reading().watch(feed); });
}

Result<std::string> FollowingReading::prove(const GetRequest& request, const Wait& wait) {
  return access_->ask(wait.stop, [&](node::NodeApi& api) { return api.reading().prove(request, wait); });
}

Result<FeedInfo> FollowingReading::info(const node::FeedReference& feed, const Wait& wait) {
  return access_->ask(wait.stop, [&](node::NodeApi& api) { return api.reading().info(feed, wait); });
}

Result<std::vector<PeerInfo>> FollowingReading::peers(const std::optional<node::FeedReference>& feed,
                                                      const Wait& wait) {
  return access_->ask(wait.stop, [&](node::NodeApi& api) { return api.reading().peers(feed, wait); });
}

}  // namespace shoal::attach
