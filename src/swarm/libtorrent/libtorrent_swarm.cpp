#include "swarm/libtorrent/libtorrent_swarm.h"

#include "base/try.h"
#include "crypto/keys.h"
#include "swarm/libtorrent/endpoints.h"
#include "swarm/libtorrent/session_settings.h"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/extensions/ut_pex.hpp>
#include <libtorrent/session_stats.hpp>
#include <libtorrent/torrent_flags.hpp>

#include <algorithm>
#include <chrono>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;

constexpr auto kListenTimeout = 5s;
/// How often alerts are read when none wakes us; also the pace at which due announcements are looked for.
constexpr auto kAlertInterval = 10ms;
/// How often addresses are dialled again, for feeds that have no peer and for those that have one.
constexpr base::MonoTime kRedialInterval = 2s;
constexpr base::MonoTime kSettledRedialInterval = 30s;
constexpr base::MonoTime kDhtQuestionInterval = 1s;
/// Of each span of the first length, the last stretch of the second dials by uTP, when some feed has no peer.
constexpr base::MonoTime kUtpPeriod = 30s;
constexpr base::MonoTime kUtpStretch = 10s;

lt::sha1_hash info_hash(const crypto::Digest& discovery_key) {
  return lt::sha1_hash(reinterpret_cast<const char*>(discovery_key.bytes.data()));
}

std::string fresh_nonce() {
  // A fresh public key is a random number as good as any.
  const PublicKey key = crypto::KeyPair::generate().public_key();
  return {key.bytes.begin(), key.bytes.begin() + 16};
}

}  // namespace

LibtorrentSwarm::LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log)
    : log_(&log),
      listen_count_(options.listen.size()),
      session_(std::make_unique<lt::session>(session_parameters(options))),
      loop_(std::make_shared<NetworkLoop>(session_->get_context())),
      gate_(std::make_shared<ConnectionGate>(connection_limits(options))),
      dht_watch_(options.dht ? options.bootstrap : std::vector<std::string>{}, clock_.mono_now()) {
  session_->add_extension(&lt::create_ut_pex_plugin);
  session_->add_extension(std::shared_ptr<lt::plugin>(addresses_));
  if (options.up_limit > 0 || options.down_limit > 0) {
    // libtorrent exempts local peers from limits unless they are in the global class.
    lt::ip_filter everyone;
    const auto global_class = std::uint32_t{1} << static_cast<std::uint32_t>(lt::session::global_peer_class_id);
    everyone.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), global_class);
    everyone.add_rule(lt::make_address("::"), lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                      global_class);
    session_->set_peer_class_filter(everyone);
  }
  started_ = clock_.mono_now();
  thread_ = std::thread([this] { run(); });
}

LibtorrentSwarm::~LibtorrentSwarm() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  loop_->end();
  // Waits for the network thread; connections end on the way and call back into this object.
  session_.reset();
}

Result<void> LibtorrentSwarm::wait_listening() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kListenTimeout, [&] { return !listening_.empty() || listen_failures_.size() >= listen_count_; });
  started_listening_ = true;
  if (!listening_.empty()) {
    if (!listen_failure_.empty()) log_->log(base::LogLevel::warning, "swarm", "cannot listen on " + listen_failure_);
    return {};
  }
  if (listen_failure_.empty()) {
    // All addresses, and there is none. libtorrent looks again whenever the machine's addresses change.
    log_->log(base::LogLevel::warning, "swarm", "this machine has no network now: it is used as soon as it is there");
    return {};
  }
  return Error{Code::io, "cannot listen on " + listen_failure_,
               listen_in_use_
                   ? "another program has this port: choose another --listen HOST:PORT; port 0 takes any free one"
                   : "choose another --listen HOST:PORT; 0.0.0.0 takes all addresses of this machine"};
}

void LibtorrentSwarm::join(const crypto::Digest& discovery_key, std::shared_ptr<replication::PeerAcceptor> acceptor) {
  leave(discovery_key);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++joins_;
    joined_[discovery_key].number = number;
  }
  const auto connections = std::make_shared<FeedConnections>();
  connections->loop = loop_;
  connections->gate = gate_;
  connections->number = number;
  connections->acceptor = std::move(acceptor);
  connections->addresses = addresses_;
  connections->nonce = fresh_nonce();
  connections->on_any_peer_changed = [this, discovery_key, number](bool any) {
    note_peers(discovery_key, number, any);
  };

  lt::add_torrent_params parameters;
  parameters.info_hashes.v1 = info_hash(discovery_key);
  parameters.save_path = "/nonexistent";
  parameters.flags = lt::torrent_flags::apply_ip_filter;
  parameters.extensions.emplace_back(
      [connections](const lt::torrent_handle&, lt::client_data_t) { return make_feed_extension(connections); });
  lt::error_code error;
  lt::torrent_handle torrent = session_->add_torrent(std::move(parameters), error);
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  const bool current = found != joined_.end() && found->second.number == number;
  if (error) {
    log_->log(base::LogLevel::error, "swarm", "cannot join a feed: " + error.message());
    if (current) joined_.erase(found);
  } else if (current) {
    found->second.torrent = std::move(torrent);
    found->second.connections = connections;
    schedule_.add(discovery_key, clock_.mono_now());
    if (found->second.has_peer) schedule_.found_peer(discovery_key, clock_.mono_now());
  } else {
    remove(torrent);
  }
}

void LibtorrentSwarm::leave(const crypto::Digest& discovery_key) {
  lt::torrent_handle torrent;
  {
    const std::lock_guard lock(mutex_);
    const auto found = joined_.find(discovery_key);
    if (found == joined_.end()) return;
    torrent = found->second.torrent;
    joined_.erase(found);
    schedule_.remove(discovery_key);
  }
  remove(torrent);
}

void LibtorrentSwarm::remove(const lt::torrent_handle& torrent) {
  try {
    if (torrent.is_valid()) session_->remove_torrent(torrent);
  } catch (const std::exception& error) {
    log_->log(base::LogLevel::warning, "swarm", std::string("cannot leave a feed: ") + error.what());
  }
}

void LibtorrentSwarm::dial(const crypto::Digest& discovery_key, std::string_view host_port,
                           const std::optional<PublicKey>& pinned) {
  const auto endpoints = resolve_endpoint(host_port);
  if (endpoints.empty()) {
    log_->log(base::LogLevel::warning, "swarm", "cannot resolve " + std::string(host_port));
  }
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  if (found == joined_.end()) return;
  found->second.dialled.insert(endpoints.begin(), endpoints.end());
  found->second.next_dial = clock_.mono_now();
  if (!pinned || !found->second.connections) return;
  // Before libtorrent hears of the address: it is dialled from the same queue.
  loop_->post([connections = found->second.connections, endpoints, key = *pinned] {
    for (const auto& endpoint : endpoints) connections->pinned[endpoint] = key;
  });
}

void LibtorrentSwarm::note_offence(std::string_view host_port) {
  const auto endpoint = parse_endpoint(host_port);
  if (!endpoint) return;
  loop_->post([gate = gate_, address = endpoint->address()] { gate->note_offence(address); });
}

std::string LibtorrentSwarm::listening() const {
  const std::lock_guard lock(mutex_);
  return listening_;
}

void LibtorrentSwarm::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, kAlertInterval, [&] { return stopping_; })) return;
    }
    handle_alerts();
    announce_due();
    dial_due();
    ask_dht_size();
    choose_transport();
  }
}

void LibtorrentSwarm::handle_alerts() {
  std::vector<lt::alert*> alerts;
  session_->pop_alerts(&alerts);
  for (const lt::alert* alert : alerts) {
    if (const auto* dht = lt::alert_cast<lt::dht_stats_alert>(alert)) {
      std::size_t& size = dht_sizes_[dht->local_endpoint];
      size = 0;
      for (const lt::dht_routing_bucket& bucket : dht->routing_table)
        size += static_cast<std::size_t>(bucket.num_nodes);
      std::size_t sum = 0;
      for (const auto& [local, count] : dht_sizes_) sum += count;
      dht_nodes_ = sum;
    } else if (const auto* stats = lt::alert_cast<lt::session_stats_alert>(alert)) {
      static const int kHeard = lt::find_metric_idx("dht.dht_messages_in");
      const auto news = dht_watch_.look(clock_.mono_now(), stats->counters()[kHeard]);
      if (news) log_->log(base::LogLevel::warning, "swarm", *news);
    } else if (lt::alert_cast<lt::dht_bootstrap_alert>(alert) != nullptr ||
               lt::alert_cast<lt::external_ip_alert>(alert) != nullptr) {
      const std::lock_guard lock(mutex_);
      schedule_.restart(clock_.mono_now());
    } else {
      handle_listening(*alert);
    }
  }
}

void LibtorrentSwarm::handle_listening(const lt::alert& alert) {
  const std::lock_guard lock(mutex_);
  if (const auto* listens = lt::alert_cast<lt::listen_succeeded_alert>(&alert)) {
    if (listens->socket_type != lt::socket_type_t::tcp) return;
    if (listening_.empty()) listening_ = endpoint_text(listens->address, listens->port);
  } else if (const auto* refused = lt::alert_cast<lt::listen_failed_alert>(&alert)) {
    listen_failures_.insert({refused->address, static_cast<std::uint16_t>(refused->port)});
    listen_failure_ = endpoint_text(refused->address, refused->port) + ": " + refused->error.message();
    listen_in_use_ = refused->error == boost::asio::error::address_in_use;
    // At the start the failure of all is an error of its own.
    if (started_listening_) log_->log(base::LogLevel::warning, "swarm", "cannot listen on " + listen_failure_);
  } else {
    return;
  }
  wake_.notify_all();
}

void LibtorrentSwarm::announce_due() {
  lt::torrent_handle torrent;
  {
    const std::lock_guard lock(mutex_);
    const auto due = schedule_.next(clock_.mono_now());
    if (!due) return;
    torrent = joined_[*due].torrent;
  }
  if (!torrent.is_valid()) return;
  torrent.force_dht_announce();
}

void LibtorrentSwarm::dial_due() {
  std::vector<std::pair<lt::torrent_handle, lt::tcp::endpoint>> due;
  {
    const std::lock_guard lock(mutex_);
    const base::MonoTime now = clock_.mono_now();
    for (auto& [key, joined] : joined_) {
      if (joined.dialled.empty() || joined.next_dial > now) continue;
      joined.next_dial = now + (joined.has_peer ? kSettledRedialInterval : kRedialInterval);
      for (const auto& endpoint : joined.dialled) due.emplace_back(joined.torrent, endpoint);
    }
  }
  for (const auto& [torrent, endpoint] : due) {
    // Named as a tracker's word the address is tried again in spite of earlier failures; without the uTP flag by TCP.
    if (torrent.is_valid()) torrent.connect_peer(endpoint, lt::peer_info::tracker, lt::pex_encryption);
  }
}

void LibtorrentSwarm::ask_dht_size() {
  const base::MonoTime now = clock_.mono_now();
  if (now < next_dht_question_) return;
  next_dht_question_ = now + kDhtQuestionInterval;
  session_->post_dht_stats();
  // Nodes that are entry points are in no routing table; what they answer is counted.
  if (dht_watch_.watching()) session_->post_session_stats();
}

void LibtorrentSwarm::choose_transport() {
  bool lonely = false;
  {
    const std::lock_guard lock(mutex_);
    lonely = std::any_of(joined_.begin(), joined_.end(), [](const auto& entry) { return !entry.second.has_peer; });
  }
  const base::MonoTime phase = (clock_.mono_now() - started_) % kUtpPeriod;
  const bool utp = lonely && phase >= kUtpPeriod - kUtpStretch;
  if (utp == dials_by_utp_) return;
  dials_by_utp_ = utp;
  lt::settings_pack change;
  change.set_bool(lt::settings_pack::enable_outgoing_utp, utp);
  session_->apply_settings(std::move(change));
}

void LibtorrentSwarm::note_peers(const crypto::Digest& discovery_key, std::uint64_t number, bool any) {
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  if (found == joined_.end() || found->second.number != number) return;
  const base::MonoTime now = clock_.mono_now();
  found->second.has_peer = any;
  if (any) {
    schedule_.found_peer(discovery_key, now);
  } else {
    found->second.next_dial = now;
    schedule_.lost_peers(discovery_key, now);
  }
}

Result<std::unique_ptr<Swarm>> start_swarm(const SwarmOptions& options, base::LogSink& log) {
  if (options.listen.empty())
    return Error{Code::invalid_argument, "no address to listen on", "pass --listen HOST:PORT"};
  for (const std::string& address : options.listen) {
    if (!parse_endpoint(address)) {
      return Error{Code::invalid_argument, "cannot listen on '" + address + "'",
                   "give a literal address and a port, 127.0.0.1:7001 or [::1]:7001; port 0 takes any free one"};
    }
  }
  try {
    auto swarm = std::make_unique<LibtorrentSwarm>(options, log);
    SHOAL_CHECK(swarm->wait_listening());
    return std::unique_ptr<Swarm>(std::move(swarm));
  } catch (const std::exception& error) {
    return Error{Code::io, std::string("cannot start the network: ") + error.what(), ""};
  }
}

}  // namespace shoal::swarm
