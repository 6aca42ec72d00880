#include "attach/following/following_node.h"

#include "attach/following/following_mirror.h"
#include "attach/following/following_subscription.h"
#include "base/try.h"
#include "doors/http/http_connection.h"
#include "node/api/deadline.h"

#include <utility>

namespace shoal::attach {
namespace {

/// How long a holder that is starting or ending is waited for.
constexpr std::chrono::seconds kEnterTimeout{10};
/// A call is not asked of more nodes than this, one after the other.
constexpr int kMaxMoves = 5;

}  // namespace

Result<std::shared_ptr<SharedNode>> open_node(NodeOptions options, const std::stop_token& stop) {
  SHOAL_TRY(auto node, FollowingNode::open(std::move(options), stop));
  return std::shared_ptr<SharedNode>(std::move(node));
}

Result<std::shared_ptr<FollowingNode>> FollowingNode::open(NodeOptions options, const std::stop_token& stop) {
  SHOAL_TRY(auto home, Residence::enter(options, {kEnterTimeout, stop}));
  return std::shared_ptr<FollowingNode>(new FollowingNode(std::move(options), std::move(home)));
}

FollowingNode::~FollowingNode() { close(); }

FollowingNode::Home FollowingNode::home() const {
  const std::lock_guard lock(mutex_);
  return home_;
}

void FollowingNode::close() {
  Home home;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    home = home_;
  }
  home->close();
}

bool FollowingNode::lost(const Home& home, const Error& error) const {
  if (!home->attached() || error.code != Code::closed) return false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
  }
  // What a node that goes on says is closed, stays closed: a feed that was removed.
  return doors::is_connection_lost(error) || !home->answers();
}

Result<FollowingNode::Home> FollowingNode::after(const Home& home, const Wait& wait) {
  const std::lock_guard moving(moving_);
  const auto now = std::chrono::steady_clock::now();
  auto patience = now + kEnterTimeout;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Code::closed, "the node is closed", ""};
    if (home_ != home) return home_;
  }
  // It may have ended one connection only, of a reader that did not read.
  if (home->answers()) return home;
  {
    const std::lock_guard lock(mutex_);
    if (!lost_since_) lost_since_ = now;
    patience = *lost_since_ + kEnterTimeout;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience - now);
  auto entered = Residence::enter(options_, {std::min(node::limited(wait.timeout), node::limited(left)), wait.stop});
  if (!entered.ok()) {
    const bool patient = std::chrono::steady_clock::now() < patience;
    if (entered.error().code != Code::in_use || !patient) return std::move(entered).error();
    return Error{Code::timed_out, entered.error().message, entered.error().hint};
  }
  settle_in(*entered);
  home->close();
  return *entered;
}

void FollowingNode::settle_in(const Home& home) {
  std::function<void()> moved;
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    home_ = home;
    lost_since_.reset();
    for (const auto& callback : on_blamed_) home->api().on_peer_blamed(callback);
    moved = on_moved_;
    closed = closed_;
  }
  if (closed) return home->close();
  if (serves_all_) home->api().serve_all();
  if (moved) moved();
}

void FollowingNode::on_moved(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_moved_ = std::move(callback);
}

void FollowingNode::look() {
  const Home present = home();
  if (!present->attached()) return;
  // What is found out here is told by on_moved(); what is not, by the next look.
  if (!present->answers()) std::ignore = after(present, Wait{});
  home()->rest();
}

template <typename Call>
auto FollowingNode::ask(const std::stop_token& stop, const Call& call)
    -> decltype(call(std::declval<node::NodeApi&>())) {
  for (int move = 0;; ++move) {
    const Home asked = home();
    auto answer = call(asked->api());
    if (answer.ok() || move == kMaxMoves || !lost(asked, answer.error())) return answer;
    SHOAL_CHECK(after(asked, {kEnterTimeout, stop}));
  }
}

Result<node::FeedReference> FollowingNode::resolve(std::string_view feed) {
  return ask([&](node::NodeApi& api) { return api.resolve(feed); });
}

Result<node::OpenedFeed> FollowingNode::open_feed(const std::string& name, const FeedOptions& options) {
  return ask([&](node::NodeApi& api) { return api.open_feed(name, options); });
}

Result<void> FollowingNode::publish_manifest(const std::string& name, const feed::Manifest& manifest) {
  // Not twice: the first one may have been signed.
  return home()->api().publish_manifest(name, manifest);
}

Result<std::optional<feed::Manifest>> FollowingNode::manifest(const FeedId& feed) {
  return ask([&](node::NodeApi& api) { return api.manifest(feed); });
}

Result<std::shared_ptr<node::ProducerApi>> FollowingNode::open_producer(const std::string& name,
                                                                        const ProducerOptions& options) {
  return ask([&](node::NodeApi& api) { return api.open_producer(name, options); });
}

Result<std::shared_ptr<node::SubscriptionApi>> FollowingNode::subscribe(const node::FeedReference& feed,
                                                                        const SubscribeOptions& options) {
  const Home asked = home();
  // A node of this process ends with it.
  if (!asked->attached()) return asked->api().subscribe(feed, options);
  SHOAL_TRY(auto made, FollowingSubscription::open(shared_from_this(), feed, options));
  return std::shared_ptr<node::SubscriptionApi>(std::move(made));
}

Result<std::optional<StoredCursor>> FollowingNode::stored_cursor(const node::FeedReference& feed,
                                                                 const std::string& name) {
  return ask([&](node::NodeApi& api) { return api.stored_cursor(feed, name); });
}

Result<void> FollowingNode::store_cursor(const node::FeedReference& feed, const std::string& name,
                                         const StoredCursor& cursor) {
  return ask([&](node::NodeApi& api) { return api.store_cursor(feed, name, cursor); });
}

Result<std::shared_ptr<node::MirrorApi>> FollowingNode::mirror(const node::FeedReference& feed,
                                                               const MirrorOptions& options) {
  const Home asked = home();
  if (!asked->attached()) return asked->api().mirror(feed, options);
  SHOAL_TRY(auto made, FollowingMirror::open(shared_from_this(), feed, options));
  return std::shared_ptr<node::MirrorApi>(std::move(made));
}

Result<Records> FollowingNode::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                   const Wait& wait) {
  return ask(wait.stop, [&](node::NodeApi& api) { return api.get(request, peer_hints, wait); });
}

Result<void> FollowingNode::remove(const node::FeedReference& feed) {
  return ask([&](node::NodeApi& api) { return api.remove(feed); });
}

Result<std::string> FollowingNode::prove(const GetRequest& request, const Wait& wait) {
  return ask(wait.stop, [&](node::NodeApi& api) { return api.prove(request, wait); });
}

Result<node::NodeFacts> FollowingNode::facts() {
  return ask([](node::NodeApi& api) { return api.facts(); });
}

Result<std::vector<FeedSummary>> FollowingNode::feeds() {
  return ask([](node::NodeApi& api) { return api.feeds(); });
}

Result<FeedInfo> FollowingNode::info(const node::FeedReference& feed, const Wait& wait) {
  return ask(wait.stop, [&](node::NodeApi& api) { return api.info(feed, wait); });
}

Result<std::vector<PeerInfo>> FollowingNode::peers(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  return ask(wait.stop, [&](node::NodeApi& api) { return api.peers(feed, wait); });
}

Result<node::DoctorReport> FollowingNode::doctor(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  return ask(wait.stop, [&](node::NodeApi& api) { return api.doctor(feed, wait); });
}

void FollowingNode::on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) {
  const std::lock_guard lock(mutex_);
  on_blamed_.push_back(callback);
  home_->api().on_peer_blamed(std::move(callback));
}

Result<feed::AuditReport> FollowingNode::verify(const node::FeedReference& feed, const node::Progress& progress) {
  return ask([&](node::NodeApi& api) { return api.verify(feed, progress); });
}

Result<feed::BundleSummary> FollowingNode::export_bundle(const node::FeedReference& feed,
                                                         const node::ExportOptions& options, const node::ByteSink& sink,
                                                         const node::Progress& progress) {
  // The sink has taken bytes already.
  return home()->api().export_bundle(feed, options, sink, progress);
}

Result<feed::BundleSummary> FollowingNode::import_bundle(const node::ByteSource& source,
                                                         const node::Progress& progress) {
  return home()->api().import_bundle(source, progress);
}

void FollowingNode::serve_all() {
  serves_all_ = true;
  home()->api().serve_all();
}

}  // namespace shoal::attach
