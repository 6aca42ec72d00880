#include "attach/client/remote_node.h"

#include "attach/client/line_stream.h"
#include "base/try.h"
#include "doors/text/info_json.h"
#include "doors/text/node_facts_json.h"
#include "doors/text/query.h"
#include "doors/text/remote_paths.h"
#include "doors/text/report_json.h"
#include "node/api/deadline.h"

namespace shoal::attach {

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
    if (!line.ok()) return;  // The next call returns the reason.
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

void RemoteNode::serve_all() { std::ignore = reading_.feeds(); }

}  // namespace shoal::attach
