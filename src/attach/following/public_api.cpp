#include "attach/following/open_node.h"
#include "base/try.h"
#include "doors/text/info_json.h"

#include <shoal/shoal.h>

/// The public handles: each call is one of node/api.
namespace shoal {

Producer::Producer(std::shared_ptr<node::ProducerApi> api) : api_(std::move(api)) {}
void Producer::on_acked(std::function<void(const AckRun&)> callback) { api_->on_acked(std::move(callback)); }
Result<Position> Producer::send(const ProducerRecord& record, const Wait& wait) { return api_->send(record, wait); }
Result<Position> Producer::try_send(const ProducerRecord& record) { return api_->send(record, Wait{}); }
Result<void> Producer::flush(const Wait& wait) { return api_->flush(wait); }

Subscription::Subscription(std::shared_ptr<node::SubscriptionApi> api) : api_(std::move(api)) {}
Result<Poll> Subscription::poll(const PollOptions& options) { return api_->poll(options); }
Result<Poll> Subscription::try_poll(PollOptions options) {
  options.wait = {};
  return api_->poll(options);
}
Result<int> Subscription::descriptor() { return api_->descriptor(); }
Result<void> Subscription::set_topics(std::vector<std::string> topics) { return api_->set_topics(std::move(topics)); }
std::string Subscription::cursor_after(const RecordView& record) const { return api_->cursor_after(record); }
Result<void> Subscription::commit(const std::string& token, const std::string& note) {
  return api_->commit(token, note);
}
Result<std::optional<StoredCursor>> Subscription::stored() const { return api_->stored(); }
HeadReport Subscription::head_report() const { return api_->head_report(); }
std::optional<std::chrono::milliseconds> Subscription::head_age() const { return api_->head_age(); }

Mirror::Mirror(std::shared_ptr<node::MirrorApi> api) : api_(std::move(api)) {}
Result<std::uint64_t> Mirror::wait_synced(const Wait& wait) { return api_->wait_synced(wait); }

Feed::Feed(std::shared_ptr<node::NodeApi> api, std::string name, FeedId id)
    : api_(std::move(api)), name_(std::move(name)), id_(id) {}
Result<Producer> Feed::producer(const ProducerOptions& options) {
  SHOAL_TRY(auto made, api_->owning().open_producer(name_, options));
  return Producer(std::move(made));
}

Node::Node(std::shared_ptr<node::NodeApi> api) : api_(std::move(api)) {}
Node::~Node() { close(); }
Node& Node::operator=(Node&& other) noexcept {
  close();
  api_ = std::move(other.api_);
  return *this;
}
Result<Node> Node::open(NodeOptions options) {
  SHOAL_TRY(auto api, attach::open_node(std::move(options)));
  return Node(std::move(api));
}
Result<Feed> Node::open_feed(const std::string& name, const FeedOptions& options) {
  SHOAL_TRY(const auto opened, api_->owning().open_feed(name, options));
  return Feed(api_, name, opened.feed);
}
Result<Subscription> Node::subscribe(const FeedId& feed, const SubscribeOptions& options) {
  SHOAL_TRY(const auto reference, api_->reading().resolve(feed.hex()));
  SHOAL_TRY(auto made, api_->reading().subscribe(reference, options));
  return Subscription(std::move(made));
}
Result<Mirror> Node::mirror(const FeedId& feed, const MirrorOptions& options) {
  SHOAL_TRY(const auto reference, api_->reading().resolve(feed.hex()));
  SHOAL_TRY(auto made, api_->keeping().mirror(reference, options));
  return Mirror(std::move(made));
}
Result<Records> Node::get(const GetRequest& request, const Wait& wait) {
  return api_->reading().get(request, {}, wait);
}
Result<FeedInfo> Node::info(const FeedId& feed) {
  SHOAL_TRY(const auto reference, api_->reading().resolve(feed.hex()));
  return api_->reading().info(reference, Wait{});
}
Result<std::vector<PeerInfo>> Node::peers(const FeedId& feed) {
  SHOAL_TRY(const auto reference, api_->reading().resolve(feed.hex()));
  return api_->reading().peers(reference, Wait{});
}
Result<void> Node::remove(const FeedId& feed) {
  SHOAL_TRY(const auto reference, api_->reading().resolve(feed.hex()));
  return api_->keeping().remove(reference);
}
Result<std::string> Node::prove(const GetRequest& request, const Wait& wait) {
  return api_->reading().prove(request, wait);
}
std::string Node::listening() const { return api_->listening(); }
void Node::close() {
  if (api_) api_->close();
}

std::string to_json(const FeedInfo& info) {
  std::string text;
  base::JsonWriter json(text);
  doors::write_feed_info(info, json);
  return text;
}
std::string to_json(const std::vector<PeerInfo>& peers) {
  std::string text;
  base::JsonWriter json(text);
  doors::write_peers(peers, json);
  return text;
}

}  // namespace shoal
