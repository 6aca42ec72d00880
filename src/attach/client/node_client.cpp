#include "attach/client/node_client.h"

#include "base/try.h"
#include "doors/http/unix_socket.h"
#include "doors/text/error_json.h"

#include <poll.h>

#include <algorithm>

namespace shoal::attach {
namespace {

/// Longest time that a node needs for a request that waits for nothing, including a key with a passphrase.
constexpr std::chrono::seconds kAnswerTimeout{60};
/// Time for the way there and back, beyond the wait that the caller asked for.
constexpr std::chrono::seconds kSlack{10};
constexpr std::chrono::seconds kConnectTimeout{5};
constexpr std::size_t kMaxIdle = 4;

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

/// An idle connection is readable only when the other end has closed it.
bool stands(const doors::HttpConnection& connection) {
  pollfd asked{connection.descriptor(), POLLIN, 0};
  return ::poll(&asked, 1, 0) == 0;
}

Result<std::string> whole_body(doors::HttpConnection& connection, const doors::Until& until) {
  std::string text;
  for (;;) {
    SHOAL_TRY(const bool more, connection.read_body(text, until));
    if (!more) return text;
  }
}

Error answered_error(const std::string& text, unsigned status) {
  const Error unknown{Code::unsupported, "the node answered with HTTP status " + std::to_string(status),
                      "it may be of another version: stop it, then try again"};
  auto json = doors::JsonReader::parse(text);
  if (!json.ok()) return unknown;
  Error error;
  const auto read = doors::read_error(json->object("error"), error);
  return read.ok() && json->finish().ok() ? error : unknown;
}

}  // namespace

doors::Until answer_time() { return {doors::Until::Clock::now() + kAnswerTimeout, {}}; }
doors::Until answer_time(const Wait& wait) { return {node::deadline_of(wait) + kSlack, wait.stop}; }

Result<NodeClient::Connection> NodeClient::connect(const doors::Until& until) {
  auto left = std::chrono::milliseconds(kConnectTimeout);
  if (until.deadline) {
    left = std::min(left, std::chrono::ceil<std::chrono::milliseconds>(*until.deadline - doors::Until::Clock::now()));
  }
  auto socket = doors::connect_unix(socket_, {left, until.stop});
  if (!socket.ok()) {
    // Nobody listens any more: the node has ended.
    if (socket.error().code != Code::unavailable) return std::move(socket).error();
    return doors::connection_lost();
  }
  auto made = std::make_shared<doors::HttpConnection>(std::move(*socket));
  const std::lock_guard lock(mutex_);
  if (closed_) return closed_error();
  std::erase_if(all_, [](const auto& known) { return known.expired(); });
  all_.push_back(made);
  return made;
}

Result<NodeClient::Connection> NodeClient::take(const doors::Until& until) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_error();
    while (!idle_.empty()) {
      Connection kept = std::move(idle_.back());
      idle_.pop_back();
      if (stands(*kept)) return kept;
    }
  }
  return connect(until);
}

void NodeClient::keep(Connection connection) {
  const std::lock_guard lock(mutex_);
  if (!closed_ && connection->reusable() && idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
}

Result<std::string> NodeClient::ask_text(const doors::HttpRequest& request, const doors::Until& until) {
  SHOAL_TRY(auto connection, take(until));
  const auto sent = connection->send(request, until);
  if (!sent.ok() && sent.error().code != Code::closed) return sent.error();
  // A node that refuses a request may answer before it has read all of it.
  SHOAL_TRY(const unsigned status, connection->status(until));
  SHOAL_TRY(std::string text, whole_body(*connection, until));
  keep(std::move(connection));
  if (status >= 300) return answered_error(text, status);
  return text;
}

Result<doors::JsonReader> NodeClient::ask(const doors::HttpRequest& request, const doors::Until& until) {
  SHOAL_TRY(const std::string text, ask_text(request, until));
  return doors::JsonReader::parse(text);
}

Result<void> NodeClient::expect_success(doors::HttpConnection& connection, const doors::Until& until) {
  SHOAL_TRY(const unsigned status, connection.status(until));
  if (status < 300) return {};
  SHOAL_TRY(const std::string text, whole_body(connection, until));
  return answered_error(text, status);
}

Result<NodeClient::Connection> NodeClient::stream(const doors::HttpRequest& request, const doors::Until& until) {
  SHOAL_TRY(auto connection, take(until));
  const auto sent = connection->send(request, until);
  if (!sent.ok() && sent.error().code != Code::closed) return sent.error();
  if (!request.streamed) SHOAL_CHECK(expect_success(*connection, until));
  return connection;
}

void NodeClient::close() {
  std::vector<std::weak_ptr<doors::HttpConnection>> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all.swap(all_);
    idle_.clear();
  }
  for (const auto& known : all) {
    if (const auto connection = known.lock()) connection->end();
  }
}

bool NodeClient::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void NodeClient::rest() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

}  // namespace shoal::attach
