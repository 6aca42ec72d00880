#include "node/network/peer_hub.h"

#include "node/directory/ban_store.h"
#include "replication/session/session.h"

namespace shoal::node {
namespace {

/// Time between two warnings of a wrong key at the same address, which is dialled far more often.
constexpr base::MonoTime kWrongKeyAgain = std::chrono::minutes(10);
constexpr std::size_t kMaxWrongKeys = 256;
/// Bound on the hosts of another protocol version that are remembered as logged.
constexpr std::size_t kMaxHosts = 256;

/// Passes the transport's events from the network thread to the session's strand, in order. Counts the bytes that wait
/// there, and disconnects a peer that exceeds its bound.
class StrandHandler final : public replication::PeerTransportHandler {
 public:
  using Starter = std::function<std::shared_ptr<replication::SessionPeer>()>;

  struct Context {
    std::shared_ptr<base::Executor> strand;
    std::shared_ptr<replication::PeerTransport> transport;
    std::shared_ptr<replication::PeerMemory::Account> memory;
    std::function<void()> relieve;
  };
  StrandHandler(Context parts, Starter start)
      : state_(std::make_shared<State>()),
        transport_(std::move(parts.transport)),
        memory_(std::move(parts.memory)),
        relieve_(std::move(parts.relieve)) {
    state_->strand = std::move(parts.strand);
    state_->strand->post([state = state_, start = std::move(start)] { state->session = start(); });
  }

  void on_message(ByteView message) override {
    if (refused_) return;
    using Verdict = replication::PeerMemory::Verdict;
    const Verdict verdict = memory_->charge(message.size());
    if (verdict == Verdict::all_over) relieve_();
    if (verdict == Verdict::peer_over) {
      refused_ = true;
      return transport_->close("sends more than may wait");
    }
    state_->strand->post([state = state_, memory = memory_, bytes = Bytes(message.begin(), message.end())] {
      if (state->session) state->session->on_message(bytes);
      memory->release(bytes.size());
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
  std::shared_ptr<replication::PeerTransport> transport_;
  std::shared_ptr<replication::PeerMemory::Account> memory_;
  std::function<void()> relieve_;
  bool refused_ = false;  // network thread
};

}  // namespace

/// Accepts the connections that the swarm makes for one feed.
class FeedAcceptor final : public replication::PeerAcceptor {
 public:
  FeedAcceptor(std::shared_ptr<PeerHub> hub, crypto::Digest key) : hub_(std::move(hub)), key_(key) {}

  std::shared_ptr<replication::PeerTransportHandler> on_connected(
      std::shared_ptr<replication::PeerTransport> transport) override {
    auto strand = hub_->pool_->make_strand();
    auto memory = hub_->open_account(transport);
    auto start = [hub = hub_, key = key_, transport, strand, memory]() -> std::shared_ptr<replication::SessionPeer> {
      const auto feed = hub->find(key);
      if (!feed) {
        transport->close("the feed is not served any more");
        return nullptr;
      }
      return replication::SessionPeer::start(hub->session_parts(strand, memory), transport, *feed);
    };
    StrandHandler::Context parts{strand, transport, memory, [hub = hub_] { hub->relieve_memory(); }};
    return std::make_shared<StrandHandler>(std::move(parts), std::move(start));
  }

 private:
  std::shared_ptr<PeerHub> hub_;
  crypto::Digest key_;
};

PeerHub::PeerHub(crypto::KeyPair node_key, WorkerPool& pool, const base::Clock& clock, base::LogSink& log)
    : node_key_(std::move(node_key)),
      pool_(&pool),
      clock_(&clock),
      log_(&log),
      memory_(std::make_shared<replication::PeerMemory>()) {}

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
  bans_.lied(node, clock_->mono_now());
}

void PeerHub::note_flood(const PublicKey& node) {
  const std::lock_guard lock(mutex_);
  bans_.flooded(node, clock_->mono_now());
}

void PeerHub::load_bans(const store::KvStore& own) {
  const auto bans = node::load_bans(own);
  if (!bans) {
    return log_->log(base::LogLevel::warning, "node", bans.error().message + "; nobody is banned any more");
  }
  const std::lock_guard lock(mutex_);
  bans_.load(*bans, clock_->mono_now());
}

void PeerHub::save_bans(store::KvStore& own) const {
  std::vector<replication::BanList::Saved> bans;
  {
    const std::lock_guard lock(mutex_);
    bans = bans_.save(clock_->mono_now());
  }
  if (const auto saved = node::save_bans(own, bans); !saved) {
    log_->log(base::LogLevel::warning, "node", "a restart forgets who is banned: " + saved.error().message);
  }
}

std::shared_ptr<replication::PeerMemory::Account> PeerHub::open_account(
    const std::shared_ptr<replication::PeerTransport>& transport) {
  auto account = std::make_shared<replication::PeerMemory::Account>(memory_);
  const std::lock_guard lock(mutex_);
  std::erase_if(accounts_, [](const PeerAccount& peer) { return peer.account.expired(); });
  accounts_.push_back({account, transport});
  return account;
}

void PeerHub::relieve_memory() {
  std::vector<std::shared_ptr<replication::PeerMemory::Account>> accounts;
  std::vector<std::weak_ptr<replication::PeerTransport>> transports;
  {
    const std::lock_guard lock(mutex_);
    for (const PeerAccount& peer : accounts_) {
      auto account = peer.account.lock();
      if (!account) continue;
      accounts.push_back(std::move(account));
      transports.push_back(peer.transport);
    }
  }
  const auto worst = replication::PeerMemory::worst(accounts);
  if (!worst) return;
  if (const auto transport = transports[*worst].lock()) transport->close("all peers together hold too much memory");
}

void PeerHub::warn_wrong_key(const replication::PeerAddress& address, const PublicKey& found) {
  const base::MonoTime now = clock_->mono_now();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(wrong_key_warned_, [&](const auto& warned) { return now - warned.second > kWrongKeyAgain; });
    if (wrong_key_warned_.size() >= kMaxWrongKeys || !wrong_key_warned_.try_emplace(address.dial_at, now).second)
      return;
  }
  log_->log(base::LogLevel::warning, "swarm",
            "the node at " + address.dial_at + " has key " + found.hex() + ", not " + address.pinned->hex() +
                " as --peer says: not connected");
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
  return bans_.refuses(node, clock_->mono_now());
}

void PeerHub::tell_other_version(const replication::PeerAddress& peer, const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    if (other_versions_.size() >= kMaxHosts) other_versions_.clear();
    // Without the port: each incoming connection of a host has another one.
    if (!other_versions_.insert(peer.host_port.substr(0, peer.host_port.rfind(':'))).second) return;
  }
  log_->log(base::LogLevel::warning, "replication", "peer at " + peer.host_port + ": " + what);
}

replication::SessionPeer::Context PeerHub::session_parts(const std::shared_ptr<base::Executor>& strand,
                                                         std::shared_ptr<replication::PeerMemory::Account> memory) {
  replication::SessionPeer::Context parts;
  parts.node_key = &node_key_;
  parts.executor = strand.get();
  parts.keep = strand;
  parts.clock = clock_;
  parts.log = log_;
  parts.wrap_outbox = wrap_outbox_;
  parts.memory = std::move(memory);
  parts.on_wrong_key = [hub = shared_from_this()](const replication::PeerAddress& address, const PublicKey& found) {
    hub->warn_wrong_key(address, found);
  };
  parts.find_feed = [hub = shared_from_this()](const crypto::Digest& key) { return hub->find(key); };
  parts.on_other_version = [hub = shared_from_this()](const replication::PeerAddress& peer, const std::string& what) {
    hub->tell_other_version(peer, what);
  };
  parts.refuses = [hub = shared_from_this()](const PublicKey& node) { return hub->refuses(node); };
  return parts;
}

}  // namespace shoal::node
