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
/// Longest sleep of the swarm's thread.
constexpr base::MonoTime kLongestSleep = 1s;
/// Interval of requests for the DHT's size: short until there is an answer.
constexpr base::MonoTime kDhtQuestionInterval = 1s;
constexpr base::MonoTime kDhtJoinedInterval = 10s;
constexpr base::MonoTime kTransportChoiceInterval = 500ms;
/// Feeds with fewer peers than this try to reach nodes behind NATs. At most this many feeds are examined at a time.
constexpr int kFewPeers = 3;
constexpr std::size_t kFeedsLookedAt = 64;

std::string fresh_nonce() {
  // Random bytes: there is no other source of randomness on this floor than a fresh key.
  const PublicKey key = crypto::KeyPair::generate().public_key();
  return {key.bytes.begin(), key.bytes.begin() + 16};
}

}  // namespace

LibtorrentSwarm::LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log)
    : log_(&log),
      options_(options),
      session_(std::make_unique<lt::session>(session_parameters(options))),
      loop_(std::make_shared<NetworkLoop>(session_->get_context())),
      gate_(std::make_shared<ConnectionGate>(connection_limits(options))),
      questions_(*session_),
      schedule_(options.private_network ? AnnounceSchedule::kPace : AnnounceSchedule::kPublicPace),
      transport_(*session_, loop_),
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
  session_->set_alert_notify([this] { wake(); });
  thread_ = std::thread([this] { run(); });
}

LibtorrentSwarm::~LibtorrentSwarm() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  session_->set_alert_notify([] {});
  loop_->end();
  // Waits for the network thread, on which connections end and call back into this object.
  session_.reset();
}

Result<void> LibtorrentSwarm::wait_listening() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kListenTimeout,
                 [&] { return !watch_.listening().empty() || watch_.failures() >= options_.listen.size(); });
  started_listening_ = true;
  const std::string& failure = watch_.failure();
  if (!watch_.listening().empty()) {
    if (!failure.empty()) log_->log(base::LogLevel::warning, "swarm", "cannot listen on " + failure);
    return {};
  }
  if (failure.empty()) {
    // Listening on all addresses, and the machine has none. libtorrent retries when its addresses change.
    log_->log(base::LogLevel::warning, "swarm", "this machine has no network now: it is used as soon as it is there");
    return {};
  }
  return Error{Code::io, "cannot listen on " + failure,
               watch_.failed_in_use()
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
    ++lonely_;
  }
  const auto connections = std::make_shared<FeedConnections>();
  connections->loop = loop_;
  connections->gate = gate_;
  connections->number = number;
  connections->acceptor = std::move(acceptor);
  connections->addresses = addresses_;
  connections->own_endpoints = own_endpoints_;
  connections->reported_addresses = reported_addresses_;
  connections->counts = counts_;
  connections->nonce = fresh_nonce();
  connections->on_peers_changed = [this, discovery_key, number](int peers) {
    note_peers(discovery_key, number, peers);
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
    if (!current) return;
    if (found->second.peers == 0) --lonely_;
    joined_.erase(found);
  } else if (current) {
    found->second.torrent = std::move(torrent);
    found->second.connections = connections;
    schedule_.add(discovery_key, clock_.mono_now());
    if (found->second.peers > 0) schedule_.found_peer(discovery_key, clock_.mono_now());
    woken_ = true;
    wake_.notify_all();
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
    if (found->second.peers == 0) --lonely_;
    joined_.erase(found);
    schedule_.remove(discovery_key);
    book_.remove(discovery_key);
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
  if (!joined_.contains(discovery_key)) return;
  for (const auto& endpoint : endpoints) {
    book_.add(discovery_key, endpoint_text(endpoint), DialBook::Source::named, clock_.mono_now());
  }
  woken_ = true;
  wake_.notify_all();
  const auto connections = joined_[discovery_key].connections;
  if (!pinned || !connections) return;
  // Posted before the dial, on the same queue: the pin is set before the connection is made.
  loop_->post([connections, endpoints, key = *pinned] {
    for (const auto& endpoint : endpoints) connections->pinned[endpoint] = key;
  });
}

void LibtorrentSwarm::note_offence(std::string_view host_port) {
  const auto endpoint = parse_endpoint(host_port);
  if (!endpoint) return;
  loop_->post([gate = gate_, address = endpoint->address()] { gate->note_offence(address); });
}

void LibtorrentSwarm::recall(const crypto::Digest& discovery_key, const std::vector<std::string>& host_ports) {
  const std::lock_guard lock(mutex_);
  if (!joined_.contains(discovery_key)) return;
  for (const std::string& address : host_ports) {
    if (parse_endpoint(address)) book_.add(discovery_key, address, DialBook::Source::remembered, clock_.mono_now());
  }
  woken_ = true;
  wake_.notify_all();
}

void LibtorrentSwarm::need_peers(const crypto::Digest& discovery_key) {
  const std::lock_guard lock(mutex_);
  const base::MonoTime now = clock_.mono_now();
  schedule_.need_peers(discovery_key, now);
  book_.need_peers(discovery_key, now);
  woken_ = true;
  wake_.notify_all();
}

std::string LibtorrentSwarm::listening() const {
  const std::lock_guard lock(mutex_);
  return watch_.listening();
}

std::size_t LibtorrentSwarm::dht_nodes() const {
  const std::lock_guard lock(mutex_);
  return watch_.dht_nodes();
}

NetworkStatus LibtorrentSwarm::status() const {
  NetworkStatus status;
  status.private_network = options_.private_network;
  status.dht = options_.dht;
  status.entry_points = options_.bootstrap;
  if (status.entry_points.empty() && !options_.private_network) {
    status.entry_points = {session_->get_settings().get_str(lt::settings_pack::dht_bootstrap_nodes)};
  }
  status.connections_in = counts_->connections_in;
  status.self_connections = counts_->self_connections;
  status.peers_in = counts_->peers_in;
  status.peers_out = counts_->peers_out;
  const std::lock_guard lock(mutex_);
  watch_.describe(status);
  if (const auto reported = reported_addresses_->most_reported(); reported && !options_.private_network) {
    const std::string text = reported->to_string();
    if (std::find(status.external.begin(), status.external.end(), text) == status.external.end()) {
      status.external.push_back(text);
    }
  }
  status.feeds = joined_.size();
  status.announced_feeds = schedule_.announced();
  status.lonely_feeds = lonely_;
  return status;
}

void LibtorrentSwarm::run() {
  while (sleep()) {
    try {
      handle_alerts();
      announce_due();
      dial_due();
      ask_dht_size();
      choose_transport();
    } catch (const std::exception& error) {
      // The torrent of a feed that was left at this moment; all other work is due again.
      log_->log(base::LogLevel::debug, "swarm", error.what());
    }
  }
}

bool LibtorrentSwarm::sleep() {
  std::unique_lock lock(mutex_);
  const base::MonoTime now = clock_.mono_now();
  base::MonoTime pause = kLongestSleep;
  for (const auto& due : {schedule_.wake_at(), book_.wake_at()}) {
    if (due) pause = std::min(pause, *due - now);
  }
  if (pause > base::MonoTime(0)) wake_.wait_for(lock, pause, [&] { return woken_ || stopping_; });
  woken_ = false;
  return !stopping_;
}

void LibtorrentSwarm::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void LibtorrentSwarm::handle_alerts() {
  std::vector<lt::alert*> alerts;
  session_->pop_alerts(&alerts);
  for (const lt::alert* alert : alerts) {
    questions_.note(*alert);
    if (const auto* stats = lt::alert_cast<lt::session_stats_alert>(alert)) {
      static const int kHeard = lt::find_metric_idx("dht.dht_messages_in");
      const auto silent = dht_watch_.look(clock_.mono_now(), stats->counters()[kHeard]);
      if (silent) log_->log(base::LogLevel::warning, "swarm", *silent);
      continue;
    }
    const std::lock_guard lock(mutex_);
    NetworkWatch::News news = watch_.note(*alert);
    const bool refused = lt::alert_cast<lt::listen_failed_alert>(alert) != nullptr;
    // A machine without a network at the start has one now.
    if (news == NetworkWatch::News::listening && started_listening_ && !refused) {
      news = NetworkWatch::News::reachability;
    }
    if (news == NetworkWatch::News::listening) {
      // Before that, wait_listening() reports the failure.
      if (refused && started_listening_) {
        log_->log(base::LogLevel::warning, "swarm", "cannot listen on " + watch_.failure());
      }
      wake_.notify_all();
    } else if (news == NetworkWatch::News::reachability) {
      schedule_.restart(clock_.mono_now());
      book_.restart(clock_.mono_now());
    }
  }
}

void LibtorrentSwarm::announce_due() {
  lt::torrent_handle torrent;
  {
    const std::lock_guard lock(mutex_);
    const auto due = schedule_.next(clock_.mono_now());
    if (!due) return;
    torrent = joined_[*due].torrent;
  }
  if (torrent.is_valid() && options_.dht) torrent.force_dht_announce();
}

void LibtorrentSwarm::dial_due() {
  std::vector<lt::tcp::endpoint> due;
  lt::torrent_handle torrent;
  {
    const std::lock_guard lock(mutex_);
    const auto dial = book_.next(clock_.mono_now());
    if (!dial) return;
    torrent = joined_[dial->feed].torrent;
    for (const std::string& address : dial->addresses) {
      if (const auto endpoint = parse_endpoint(address)) due.push_back(*endpoint);
    }
  }
  if (!torrent.is_valid()) return;
  // The source `tracker` makes libtorrent try an address again after failures; without the uTP flag it dials by TCP.
  for (const auto& endpoint : due) torrent.connect_peer(endpoint, lt::peer_info::tracker, lt::pex_encryption);
}

void LibtorrentSwarm::ask_dht_size() {
  const base::MonoTime now = clock_.mono_now();
  if (!options_.dht || now < next_dht_question_) return;
  next_dht_question_ = now + (dht_nodes() == 0 ? kDhtQuestionInterval : kDhtJoinedInterval);
  session_->post_dht_stats();
  // Entry points are in no routing table: the count of DHT messages shows whether they answer.
  if (dht_watch_.watching()) session_->post_session_stats();
}

void LibtorrentSwarm::choose_transport() {
  const base::MonoTime now = clock_.mono_now();
  if (now < next_transport_choice_) return;
  next_transport_choice_ = now + kTransportChoiceInterval;
  bool lonely = false;
  {
    const std::lock_guard lock(mutex_);
    lonely = lonely_ > 0;
  }
  transport_.turn(clock_.wall_now(), now, lonely, [this] { return feeds_with_few_peers(); });
}

std::vector<TransportSwitch::Feed> LibtorrentSwarm::feeds_with_few_peers() const {
  std::vector<TransportSwitch::Feed> few;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, joined] : joined_) {
    if (joined.connections && joined.peers < kFewPeers)
      few.push_back({joined.torrent, joined.connections, joined.peers == 0});
    if (few.size() >= kFeedsLookedAt) break;
  }
  return few;
}

void LibtorrentSwarm::note_peers(const crypto::Digest& discovery_key, std::uint64_t number, int peers) {
  const std::lock_guard lock(mutex_);
  const auto found = joined_.find(discovery_key);
  if (found == joined_.end() || found->second.number != number) return;
  const int before = std::exchange(found->second.peers, peers);
  if ((before > 0) == (peers > 0)) return;
  const base::MonoTime now = clock_.mono_now();
  if (peers > 0) {
    --lonely_;
    schedule_.found_peer(discovery_key, now);
    book_.found_peer(discovery_key, now);
  } else {
    ++lonely_;
    schedule_.lost_peers(discovery_key, now);
    book_.lost_peers(discovery_key, now);
    woken_ = true;
    wake_.notify_all();
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
