#include "swarm/libtorrent/libtorrent_swarm.h"

#include "base/try.h"
#include "swarm/libtorrent/session_settings.h"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/extensions/ut_pex.hpp>
#include <libtorrent/torrent_flags.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <charconv>
#include <chrono>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;

constexpr auto kListenTimeout = 5s;
/// How often alerts are read when none wakes us; also the pace at which due announcements are looked for.
constexpr auto kAlertInterval = 20ms;
constexpr base::MonoTime kRedialInterval = 2s;

lt::sha1_hash info_hash(const crypto::Digest& discovery_key) {
  return lt::sha1_hash(reinterpret_cast<const char*>(discovery_key.bytes.data()));
}

std::string endpoint_text(const lt::address& address, int port) {
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(port);
}

/// Names are resolved too; this may block for as long as the resolver does.
std::vector<lt::tcp::endpoint> resolve(std::string_view host_port) {
  const std::size_t colon = host_port.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string host(host_port.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver(context);
  boost::system::error_code error;
  std::vector<lt::tcp::endpoint> endpoints;
  for (const auto& entry : resolver.resolve(host, std::string(host_port.substr(colon + 1)), error)) {
    endpoints.push_back(entry.endpoint());
  }
  return endpoints;
}

}  // namespace

LibtorrentSwarm::LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log)
    : log_(&log),
      session_(session_parameters(options)),
      loop_(std::make_shared<NetworkLoop>(session_.get_context())) {
  session_.add_extension(&lt::create_ut_pex_plugin);
  if (options.up_limit > 0 || options.down_limit > 0) {
    // libtorrent exempts local peers from limits unless they are in the global class.
    lt::ip_filter everyone;
    const auto global_class = std::uint32_t{1} << static_cast<std::uint32_t>(lt::session::global_peer_class_id);
    everyone.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), global_class);
    everyone.add_rule(lt::make_address("::"), lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), global_class);
    session_.set_peer_class_filter(everyone);
  }
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
  // The session's own destructor waits for the network thread; connections end on the way.
}

Result<void> LibtorrentSwarm::wait_listening() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kListenTimeout, [&] { return !listening_.empty() || !listen_failure_.empty(); });
  if (!listening_.empty()) return {};
  const std::string why = listen_failure_.empty() ? "no answer from the network" : listen_failure_;
  return Error{listen_in_use_ ? Code::in_use : Code::io, "cannot listen: " + why,
               "choose another --listen HOST:PORT; port 0 takes any free one"};
}

void LibtorrentSwarm::join(const crypto::Digest& discovery_key, std::shared_ptr<replication::PeerAcceptor> acceptor) {
  leave(discovery_key);
  auto connections = std::make_shared<FeedConnections>();
  connections->loop = loop_;
  connections->acceptor = std::move(acceptor);
  connections->on_any_peer_changed = [this, discovery_key](bool any) { note_peers(discovery_key, any); };

  lt::add_torrent_params parameters;
  parameters.info_hashes.v1 = info_hash(discovery_key);
  parameters.save_path = "/nonexistent";
  parameters.flags = lt::torrent_flags::apply_ip_filter;
  parameters.extensions.emplace_back(
      [connections](const lt::torrent_handle&, lt::client_data_t) { return make_feed_extension(connections); });
  lt::error_code error;
  lt::torrent_handle torrent = session_.add_torrent(std::move(parameters), error);
  if (error) {
    log_->log(base::LogLevel::error, "swarm", "cannot join a feed: " + error.message());
    return;
  }
  const std::lock_guard lock(mutex_);
  joined_[discovery_key].torrent = std::move(torrent);
  schedule_.add(discovery_key, clock_.mono_now());
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
  session_.remove_torrent(torrent);
}

void LibtorrentSwarm::dial(const crypto::Digest& discovery_key, std::string_view host_port) {
  const auto endpoints = resolve(host_port);
  if (endpoints.empty()) {
    log_->log(base::LogLevel::warning, "swarm", "cannot resolve " + std::string(host_port));
  }
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  if (found == joined_.end()) return;
  found->second.dialled.insert(endpoints.begin(), endpoints.end());
  found->second.next_dial = clock_.mono_now();
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
  }
}

void LibtorrentSwarm::handle_alerts() {
  std::vector<lt::alert*> alerts;
  session_.pop_alerts(&alerts);
  for (const lt::alert* alert : alerts) {
    if (const auto* listens = lt::alert_cast<lt::listen_succeeded_alert>(alert)) {
      if (listens->socket_type != lt::socket_type_t::tcp) continue;
      const std::lock_guard lock(mutex_);
      if (listening_.empty()) listening_ = endpoint_text(listens->address, listens->port);
      wake_.notify_all();
    } else if (const auto* refused = lt::alert_cast<lt::listen_failed_alert>(alert)) {
      const std::lock_guard lock(mutex_);
      listen_failure_ = endpoint_text(refused->address, refused->port) + ": " + refused->error.message();
      listen_in_use_ = refused->error == boost::asio::error::address_in_use;
      log_->log(base::LogLevel::warning, "swarm", "cannot listen on " + listen_failure_);
      wake_.notify_all();
    } else if (lt::alert_cast<lt::dht_bootstrap_alert>(alert) != nullptr ||
               lt::alert_cast<lt::external_ip_alert>(alert) != nullptr) {
      const std::lock_guard lock(mutex_);
      schedule_.restart(clock_.mono_now());
    }
  }
}

void LibtorrentSwarm::announce_due() {
  lt::torrent_handle torrent;
  {
    const std::lock_guard lock(mutex_);
    const auto due = schedule_.next(clock_.mono_now());
    if (!due) return;
    torrent = joined_.at(*due).torrent;
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
      if (joined.dialled.empty() || joined.has_peer || joined.next_dial > now) continue;
      joined.next_dial = now + kRedialInterval;
      for (const auto& endpoint : joined.dialled) due.emplace_back(joined.torrent, endpoint);
    }
  }
  for (const auto& [torrent, endpoint] : due) {
    if (torrent.is_valid()) torrent.connect_peer(endpoint);
  }
}

void LibtorrentSwarm::note_peers(const crypto::Digest& discovery_key, bool any) {
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  if (found == joined_.end()) return;
  found->second.has_peer = any;
  if (any) {
    schedule_.found_peer(discovery_key, clock_.mono_now());
  } else {
    schedule_.lost_peers(discovery_key, clock_.mono_now());
  }
}

Result<std::unique_ptr<Swarm>> start_swarm(const SwarmOptions& options, base::LogSink& log) {
  if (options.listen.empty()) return Error{Code::invalid_argument, "no address to listen on", "pass --listen HOST:PORT"};
  try {
    auto swarm = std::make_unique<LibtorrentSwarm>(options, log);
    SHOAL_CHECK(swarm->wait_listening());
    return std::unique_ptr<Swarm>(std::move(swarm));
  } catch (const std::exception& error) {
    return Error{Code::io, std::string("cannot start the network: ") + error.what(), ""};
  }
}

}  // namespace shoal::swarm
