#include "replication/replicator.h"

#include "replication/announcer.h"
#include "replication/fetch_coordinator.h"
#include "replication/message_dispatch.h"
#include "replication/peer_monitor.h"
#include "replication/peers/duplicate_peer.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kTick = std::chrono::milliseconds(100);

}  // namespace

/// Creates the classes of one replicator, tells each what the others changed, and runs their deadlines. Decides nothing
/// about blocks, heads or topics itself.
struct Replicator::Impl {
  Impl(ReplicatorContext context, ReplicatorOptions options);

  PeerId add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox);
  void on_message(PeerId id, Message message);
  void remove_peer(PeerId id);
  void close(std::string_view reason);
  /// Our head moved, or was signed again.
  void announce_head();
  /// Starts the timer of the deadlines; it runs while peers are connected or a request is open.
  void arm();

  ReplicatorCore core;
  BudgetBook budgets;
  CoreTreePeers tree_peers;
  HeadExchange heads;
  FetchCoordinator fetches;
  WantServer wants;
  Announcer announcer;
  RequestServer requests;
  ReceiptExchange receipts;
  DuplicatePeers duplicates;
  PeerMonitor monitor;
  MessageDispatch messages;

 private:
  FetchCoordinator::Hooks fetch_hooks();
  void on_accepted();
  void on_new_blocks();
  /// A peer that was blamed meanwhile loses its wants at once, so that other peers are asked without waiting for
  /// remove_peer().
  void end_if_gone(PeerId id);
  /// Ends the wants that we sent to the peer, and those that it sent to us.
  void end_wants(PeerId id);
  void tick();

  std::uint64_t last_peer_ = 0;
  bool blocks_notified_ = false;
  bool armed_ = false;
};

Replicator::Impl::Impl(ReplicatorContext context, ReplicatorOptions options)
    : core(std::move(context), options),
      tree_peers(core),
      heads(
          core, [this] { on_accepted(); }, [this] { return fetches.expects_push(); }),
      fetches(core, heads, tree_peers, fetch_hooks()),
      wants(core, tree_peers),
      announcer(core, tree_peers, heads),
      requests(core),
      receipts(
          core, [this] { return heads.forked(); },
          [this](PeerId id, Peer& peer, const std::string& what) { heads.dispute(id, peer, what); }),
      duplicates(core, [this](PeerId id) { end_if_gone(id); }),
      monitor(core),
      messages(core, heads, fetches, wants, requests, receipts, monitor) {}

FetchCoordinator::Hooks Replicator::Impl::fetch_hooks() {
  return {[this] { on_new_blocks(); }, [this] { announcer.send_have(); }};
}

PeerId Replicator::Impl::add_peer(const PeerAddress& address, const PublicKey& node_key,
                                  std::shared_ptr<Outbox> outbox) {
  const PeerId id{++last_peer_};
  auto peer = std::make_unique<Peer>();
  peer->view.id = id;
  peer->view.address = address;
  peer->view.node_key = node_key;
  peer->outbox = std::move(outbox);
  peer->budgets = budgets.of(node_key, core.now());
  peer->last_heard = peer->joined = peer->view.since = core.now();
  peer->credit = PeerCredit(core.options().credit_bytes, core.credit_pool());
  Peer& added = *core.peers().emplace(id, std::move(peer)).first->second;
  duplicates.on_added(added);
  if (!added.gone) heads.on_peer_added(added);
  if (!added.gone) receipts.on_peer_added(added);
  if (!added.gone) monitor.check(added);
  core.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  arm();
  return id;
}

void Replicator::Impl::remove_peer(PeerId id) {
  const auto found = core.peers().find(id);
  if (found == core.peers().end()) return;
  found->second->gone = true;
  end_wants(id);
  core.peers().erase(found);
  heads.forget(id);
  messages.forget(id);
  fetches.forget(id);
  core.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  fetches.plan_soon();
}

void Replicator::Impl::close(std::string_view reason) {
  fetches.stop_following();
  for (const auto& [id, peer] : core.peers()) {
    if (peer->gone) continue;
    peer->gone = true;
    peer->outbox->close(reason);
  }
}

void Replicator::Impl::end_wants(PeerId id) {
  fetches.end_wants(id);
  wants.forget(id);
  requests.forget(id);
  receipts.forget(id);
}

void Replicator::Impl::on_message(PeerId id, Message message) {
  Peer* peer = core.find(id);
  if (peer == nullptr) return;
  peer->view.bytes_in += message.wire_size;
  peer->in_rate.add(message.wire_size, core.now());
  peer->last_heard = core.now();
  // RequestServer spends the budget of the requests that it answers when it answers them.
  if (RequestServer::answers(message.body) || peer->budgets->messages.spend(message.body, core.now())) {
    messages.dispatch(id, *peer, message);
  } else {
    core.flood(*peer, std::string("floods with ") + message_name(message.body));
  }
  end_if_gone(id);
}

void Replicator::Impl::end_if_gone(PeerId id) {
  const auto found = core.peers().find(id);
  if (found == core.peers().end() || !found->second->gone) return;
  end_wants(id);
  fetches.plan_soon();
}

void Replicator::Impl::on_accepted() {
  fetches.on_accepted();
  wants.pump_all();
  announce_head();
  receipts.on_accepted();
  announcer.held_changed();
  fetches.plan_soon();
}

void Replicator::Impl::on_new_blocks() {
  announcer.held_changed();
  // Passed on at once, before our own flush.
  wants.pump_all();
  fetches.plan_soon();
  if (std::exchange(blocks_notified_, true)) return;
  core.later([this] { blocks_notified_ = false; });
  core.tell([](ReplicatorEvents& events) { events.on_blocks(); });
}

void Replicator::Impl::announce_head() {
  if (announcer.announce_head()) monitor.on_growth();
}

void Replicator::Impl::arm() {
  if (armed_) return;
  armed_ = true;
  core.after(kTick, [this] {
    armed_ = false;
    tick();
    const bool idle = core.peers().empty() && !fetches.busy() && !heads.asking();
    if (!idle) arm();
  });
}

void Replicator::Impl::tick() {
  messages.tick();
  heads.tick();
  fetches.tick_requests();
  announcer.send_changed_have();
  for (const auto& [id, peer] : core.peers()) {
    if (peer->gone) continue;
    requests.pump(id, *peer);
    monitor.check(*peer);
  }
  duplicates.tick();
  fetches.tick_live();
  wants.tick();
  announcer.send_due_heads();
  fetches.plan_soon();
}

Replicator::Replicator(ReplicatorContext context, ReplicatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(context), options)) {}
Replicator::~Replicator() = default;

bool Replicator::has_room() const { return impl_->core.peers().size() < kMaxPeers; }

PeerId Replicator::add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox) {
  return impl_->add_peer(address, node_key, std::move(outbox));
}

void Replicator::on_message(PeerId id, Message message) { impl_->on_message(id, std::move(message)); }

void Replicator::on_writable(PeerId id) {
  Peer* peer = impl_->core.find(id);
  if (peer == nullptr) return;
  impl_->requests.pump(id, *peer);
  impl_->wants.pump(id);
}

void Replicator::on_violation(PeerId id, std::string_view what) {
  if (Peer* peer = impl_->core.find(id)) impl_->core.blame(*peer, what);
}

void Replicator::on_flood(PeerId id, std::string_view what) {
  if (Peer* peer = impl_->core.find(id)) impl_->core.flood(*peer, what);
}

void Replicator::remove_peer(PeerId id) { impl_->remove_peer(id); }

std::vector<PeerView> Replicator::peers() const {
  std::vector<PeerView> out;
  for (const auto& [id, peer] : impl_->core.peers()) {
    if (!peer->gone) out.push_back(peer->view_at(impl_->core.now()));
  }
  return out;
}

void Replicator::close(std::string_view reason) { impl_->close(reason); }

void Replicator::follow(Follow follow) { impl_->fetches.follow(std::move(follow)); }

void Replicator::stop_following() { impl_->fetches.stop_following(); }
void Replicator::set_order(FetchOrder order) { impl_->fetches.set_order(order); }

void Replicator::ask_receipts(ReceiptDemand demand) { impl_->receipts.set_demand(demand); }

void Replicator::give_receipt(const feed::Receipt& receipt) { impl_->receipts.give(receipt); }

void Replicator::on_lost(BlockIndex block) {
  impl_->announcer.held_changed();
  impl_->fetches.on_lost(block);
  impl_->arm();
}

void Replicator::on_pruned() {
  impl_->announcer.held_changed();
  impl_->fetches.plan_soon();
}

void Replicator::on_committed() {
  impl_->wants.pump_all();
  impl_->announce_head();
  impl_->announcer.send_have();
}

FetchId Replicator::fetch_offset(const TopicPartition& stream, Offset offset, base::MonoTime timeout,
                                 std::function<void(Result<BlockIndex>)> done) {
  const FetchId id = impl_->fetches.offsets().start(stream, offset, timeout, std::move(done));
  impl_->arm();
  return id;
}

void Replicator::ask_heads(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done) {
  impl_->heads.ask(quiet, timeout, std::move(done));
  impl_->arm();
}

void Replicator::fetch_topics(std::vector<std::string> topics, base::MonoTime timeout,
                              std::function<void(Result<void>)> done) {
  impl_->fetches.fetch_topics(std::move(topics), timeout, std::move(done));
  if (impl_->fetches.busy()) impl_->arm();
}

void Replicator::cancel(FetchId fetch) { impl_->fetches.offsets().cancel(fetch); }

}  // namespace shoal::replication
