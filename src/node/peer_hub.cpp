#include "node/peer_hub.h"

#include "replication/session.h"

namespace shoal::node {
namespace {

constexpr base::MonoTime kBanTime = std::chrono::minutes(10);

/// Takes what the transport brings from the network thread to the session's strand, in order.
class StrandHandler final : public replication::PeerTransportHandler {
 public:
  using Starter = std::function<std::shared_ptr<replication::SessionPeer>()>;

  StrandHandler(std::shared_ptr<base::Executor> strand, Starter start) : state_(std::make_shared<State>()) {
    state_->strand = std::move(strand);
    state_->strand->post([state = state_, start = std::move(start)] { state->session = start(); });
  }

  void on_message(ByteView message) override {
    state_->strand->post([state = state_, bytes = Bytes(message.begin(), message.end())] {
      if (state->session) state->session->on_message(bytes);
    });
  }
  void on_writable() override {
    state_->strand->post([state = state_] {
      if (state->session) state->session->on_writable();
    });
  }
  void on_closed(std::string_view reason) override {
    state_->strand->post([state = state_, why = std::string(reason)] {
      if (state->session) state->session->on_closed(why);
      state->session.reset();
    });
  }

 private:
  struct State {
    std::shared_ptr<base::Executor> strand;
    std::shared_ptr<replication::SessionPeer> session;  // on the strand
  };
  std::shared_ptr<State> state_;
};

}  // namespace

/// Accepts the connections of one feed's swarm.
class FeedAcceptor final : public replication::PeerAcceptor {
 public:
  FeedAcceptor(std::shared_ptr<PeerHub> hub, crypto::Digest key) : hub_(std::move(hub)), key_(key) {}

  std::shared_ptr<replication::PeerTransportHandler> on_connected(
      std::shared_ptr<replication::PeerTransport> transport) override {
    auto strand = hub_->pool_->make_strand();
    auto start = [hub = hub_, key = key_, transport, strand]() -> std::shared_ptr<replication::SessionPeer> {
      const auto feed = hub->find(key);
      if (!feed) {
        transport->close("the feed is not served any more");
        return nullptr;
      }
      return replication::SessionPeer::start(hub->session_parts(strand), transport, *feed);
    };
    return std::make_shared<StrandHandler>(strand, std::move(start));
  }

 private:
  std::shared_ptr<PeerHub> hub_;
  crypto::Digest key_;
};

PeerHub::PeerHub(crypto::KeyPair node_key, WorkerPool& pool, const base::Clock& clock, base::LogSink& log)
    : node_key_(std::move(node_key)), pool_(&pool), clock_(&clock), log_(&log) {}

void PeerHub::serve(FeedHost& host) {
  const std::lock_guard lock(mutex_);
  feeds_[replication::discovery_key(host.id())] = &host;
}

std::shared_ptr<replication::PeerAcceptor> PeerHub::acceptor(const FeedId& feed) {
  return std::make_shared<FeedAcceptor>(shared_from_this(), replication::discovery_key(feed));
}

void PeerHub::forget(const FeedId& feed) {
  const std::lock_guard lock(mutex_);
  feeds_.erase(replication::discovery_key(feed));
}

void PeerHub::ban(const PublicKey& node) {
  const std::lock_guard lock(mutex_);
  const base::MonoTime now = clock_->mono_now();
  std::erase_if(banned_until_, [&](const auto& entry) { return entry.second <= now; });
  banned_until_[node] = now + kBanTime;
}

void PeerHub::close() {
  const std::lock_guard lock(mutex_);
  feeds_.clear();
}

std::optional<replication::SessionPeer::Feed> PeerHub::find(const crypto::Digest& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = feeds_.find(key);
  if (found == feeds_.end()) return std::nullopt;
  FeedHost& host = *found->second;
  return replication::SessionPeer::Feed{host.id(), &host.replicator(), &host.strand()};
}

bool PeerHub::refuses(const PublicKey& node) const {
  if (node == node_key_.public_key()) return true;
  const std::lock_guard lock(mutex_);
  const auto banned = banned_until_.find(node);
  return banned != banned_until_.end() && banned->second > clock_->mono_now();
}

replication::SessionPeer::Parts PeerHub::session_parts(const std::shared_ptr<base::Executor>& strand) {
  replication::SessionPeer::Parts parts;
  parts.node_key = &node_key_;
  parts.executor = strand.get();
  parts.keep = strand;
  parts.clock = clock_;
  parts.log = log_;
  parts.wrap_outbox = wrap_outbox_;
  parts.find_feed = [hub = shared_from_this()](const crypto::Digest& key) { return hub->find(key); };
  parts.refuses = [hub = shared_from_this()](const PublicKey& node) { return hub->refuses(node); };
  return parts;
}

}  // namespace shoal::node
