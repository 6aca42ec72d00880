#include "attach/client/remote_node.h"

#include "attach/client/line_stream.h"
#include "attach/client/remote_mirror.h"
#include "attach/client/remote_producer.h"
#include "attach/client/remote_subscription.h"
#include "base/bytes.h"
#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/info_json.h"
#include "doors/text/node_facts_json.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/record_line.h"
#include "doors/text/remote_paths.h"
#include "doors/text/report_json.h"

namespace shoal::attach {
namespace {

constexpr const char* kJson = "application/json";

}  // namespace

Result<std::shared_ptr<RemoteNode>> RemoteNode::attach(const std::filesystem::path& socket,
                                                       std::function<Result<std::string>()> passphrase,
                                                       const Wait& wait) {
  std::shared_ptr<RemoteNode> made(new RemoteNode(std::make_shared<NodeClient>(socket), std::move(passphrase)));
  SHOAL_TRY(const auto answer, made->client_->ask({.target = "/v1/node"}, doors::Until::wait(wait)));
  SHOAL_TRY(made->facts_, doors::read_node_facts(answer));
  return made;
}

RemoteNode::~RemoteNode() { close(); }

void RemoteNode::close() {
  client_->close();
  std::thread events;
  {
    const std::lock_guard lock(mutex_);
    on_blamed_.clear();
    events.swap(events_);
  }
  if (events.joinable()) events.join();
}

bool RemoteNode::answers(const Wait& wait) {
  const auto answer = client_->ask({.target = "/v1/node"}, doors::Until::wait(wait));
  if (!answer.ok()) return false;
  const auto facts = doors::read_node_facts(*answer);
  return facts.ok() && facts->pid == facts_.pid;
}

Result<node::FeedReference> RemoteNode::resolve(std::string_view feed) {
  doors::QueryWriter query;
  query.add("feed", feed);
  SHOAL_TRY(const auto answer, client_->ask({.target = "/v1/resolve" + query.text()}, answer_time()));
  return doors::read_reference(answer);
}

Result<node::OpenedFeed> RemoteNode::open_feed(const std::string& name, const FeedOptions& options) {
  FeedOptions sent = options;
  // A new key is sealed under it.
  if (options.create && !sent.passphrase && passphrase_) {
    SHOAL_TRY(sent.passphrase, passphrase_());
  }
  for (;;) {
    doors::HttpRequest request{"POST", "/v1/own/" + doors::percent_encode(name), kJson};
    base::JsonWriter json(request.body);
    doors::write_feed_options(sent, json);
    const auto answer = client_->ask(request, answer_time());
    std::fill(request.body.begin(), request.body.end(), '\0');
    if (answer.ok()) return doors::read_opened_feed(*answer);
    if (answer.error().code != Code::bad_key || sent.passphrase || !passphrase_) return answer.error();
    // The key is sealed, and this end knows whom to ask.
    SHOAL_TRY(sent.passphrase, passphrase_());
  }
}

Result<void> RemoteNode::publish_manifest(const std::string& name, const feed::Manifest& manifest) {
  doors::HttpRequest request{"PUT", "/v1/own/" + doors::percent_encode(name) + "/manifest", kJson,
                             feed::encode_manifest(manifest)};
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<std::optional<feed::Manifest>> RemoteNode::manifest(const FeedId& feed) {
  SHOAL_TRY(auto answer, client_->ask({.target = doors::feed_path(feed) + "/manifest"}, answer_time()));
  if (answer.is_null("manifest")) return std::optional<feed::Manifest>{};
  const std::string text = answer.object("manifest").dump();
  SHOAL_TRY(auto manifest, feed::decode_manifest(base::as_bytes(text)));
  return std::optional(std::move(manifest));
}

Result<std::shared_ptr<node::ProducerApi>> RemoteNode::open_producer(const std::string& name,
                                                                     const ProducerOptions& options) {
  SHOAL_TRY(auto made, RemoteProducer::open(client_, name, options));
  return std::shared_ptr<node::ProducerApi>(std::move(made));
}

Result<std::shared_ptr<node::SubscriptionApi>> RemoteNode::subscribe(const node::FeedReference& feed,
                                                                     const SubscribeOptions& options) {
  SHOAL_TRY(auto made, RemoteSubscription::open(client_, feed, options));
  return std::shared_ptr<node::SubscriptionApi>(std::move(made));
}

Result<std::optional<StoredCursor>> RemoteNode::stored_cursor(const node::FeedReference& feed,
                                                              const std::string& name) {
  SHOAL_TRY(auto answer, client_->ask({.target = doors::cursor_path(feed.feed, name)}, answer_time()));
  if (answer.is_null("cursor")) return std::optional<StoredCursor>{};
  SHOAL_TRY(auto cursor, doors::read_stored_cursor(answer.object("cursor")));
  return std::optional(std::move(cursor));
}

Result<void> RemoteNode::store_cursor(const node::FeedReference& feed, const std::string& name,
                                      const StoredCursor& cursor) {
  if (name.empty()) return Error{Code::invalid_argument, "a cursor needs a name", ""};
  doors::HttpRequest request{"PUT", doors::cursor_path(feed.feed, name), kJson};
  base::JsonWriter json(request.body);
  doors::write_stored_cursor(cursor, json);
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<std::shared_ptr<node::MirrorApi>> RemoteNode::mirror(const node::FeedReference& feed,
                                                            const MirrorOptions& options) {
  SHOAL_TRY(auto made, RemoteMirror::open(client_, doors::feed_path(feed), options));
  return std::shared_ptr<node::MirrorApi>(std::move(made));
}

Result<Records> RemoteNode::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                const Wait& wait) {
  doors::QueryWriter query;
  query.add("first", request.first.value());
  if (request.last) query.add("last", request.last->value());
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  const std::string target = doors::feed_path({.feed = request.feed, .peer_hints = peer_hints}) + "/topics/" +
                             doors::percent_encode(request.topic) + "/" + std::to_string(request.partition.value()) +
                             "/records" + query.text();
  const doors::Until until = answer_time(wait);
  SHOAL_TRY(auto connection, client_->stream({.target = target}, until));
  LineStream lines(std::move(connection));
  auto records = std::make_shared<std::vector<doors::RecordLine>>();
  for (;;) {
    SHOAL_TRY(auto line, lines.next(until));
    if (line.kind == "end") break;
    SHOAL_TRY(auto record, doors::read_record(line.object()));
    records->push_back(std::move(record));
  }
  std::vector<RecordView> views;
  views.reserve(records->size());
  for (const doors::RecordLine& record : *records) views.push_back(record.view());
  return Records(std::move(views), std::move(records));
}

Result<void> RemoteNode::remove(const node::FeedReference& feed) {
  SHOAL_CHECK(client_->ask({"DELETE", doors::feed_path(feed)}, answer_time()));
  return {};
}

Result<std::string> RemoteNode::prove(const GetRequest& request, const Wait& wait) {
  doors::QueryWriter query;
  query.add("topic", request.topic).add("partition", std::int64_t{request.partition.value()});
  query.add("offset", request.first.value()).add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  return client_->ask_text({.target = doors::feed_path(request.feed) + "/proof" + query.text()}, answer_time(wait));
}

Result<std::vector<FeedSummary>> RemoteNode::feeds() {
  SHOAL_TRY(auto answer, client_->ask({.target = "/v1/feeds"}, answer_time()));
  return doors::read_feeds(answer.objects("feeds"));
}

Result<FeedInfo> RemoteNode::info(const node::FeedReference& feed, const Wait& wait) {
  doors::QueryWriter query;
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  SHOAL_TRY(const auto answer, client_->ask({.target = doors::feed_path(feed) + query.text()}, answer_time(wait)));
  return doors::read_feed_info(answer);
}

Result<std::vector<PeerInfo>> RemoteNode::peers(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  doors::QueryWriter query;
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  const std::string path = feed ? doors::feed_path(*feed) + "/peers" : "/v1/peers";
  SHOAL_TRY(auto answer, client_->ask({.target = path + query.text()}, answer_time(wait)));
  return doors::read_peers(answer.objects("peers"));
}

Result<node::DoctorReport> RemoteNode::doctor(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  doors::QueryWriter query;
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  const std::string path = feed ? doors::feed_path(*feed) + "/doctor" : "/v1/doctor";
  SHOAL_TRY(auto answer, client_->ask({.target = path + query.text()}, answer_time(wait)));
  return doors::read_doctor_report(answer);
}

void RemoteNode::on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) {
  const std::lock_guard lock(mutex_);
  if (client_->closed()) return;
  on_blamed_.push_back(std::move(callback));
  if (!events_.joinable()) events_ = std::thread([this] { watch_events(); });
}

void RemoteNode::watch_events() {
  auto connection = client_->stream({.target = "/v1/events"}, answer_time());
  if (!connection.ok()) return;
  LineStream lines(std::move(*connection));
  for (;;) {
    auto line = lines.next(doors::Until::never());
    if (!line.ok()) return;  // Whoever asks something next hears why.
    if (line->kind != "blamed") continue;
    doors::JsonReader blamed = line->object();
    const auto peer = doors::read_peer_info(blamed.object("peer"));
    const std::string what = blamed.text("what");
    if (!peer.ok()) continue;
    decltype(on_blamed_) callbacks;
    {
      const std::lock_guard lock(mutex_);
      callbacks = on_blamed_;
    }
    for (const auto& callback : callbacks) callback(*peer, what);
  }
}

void RemoteNode::serve_all() { std::ignore = feeds(); }

}  // namespace shoal::attach
