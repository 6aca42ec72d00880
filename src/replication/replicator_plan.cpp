#include "replication/have_report.h"
#include "replication/replicator_parts.h"

#include <algorithm>
#include <tuple>

// What the parts do by themselves: planning after changes, and deadlines.
namespace shoal::replication {
namespace {

constexpr base::MonoTime kTick = std::chrono::milliseconds(100);
constexpr base::MonoTime kPingEvery = std::chrono::seconds(15);
constexpr base::MonoTime kSilence = std::chrono::seconds(60);

}  // namespace

void Replicator::Impl::plan_soon() {
  if (std::exchange(plan_pending_, true)) return;
  core.later([this] {
    plan_pending_ = false;
    plan();
  });
}

void Replicator::Impl::plan() {
  topics.resume();
  offsets.resume();
  if (!follow_ || heads.forked()) return;
  plan_live();
  all.plan();
  streams.plan();
  check_synced();
}

void Replicator::Impl::plan_live() {
  const std::optional<feed::Checkpoint> ours = core.reader().head();
  if (!follow_->live || !ours || fetcher.live() != nullptr || !core.mirror()->knows_edge(ours->tree_size)) return;
  const base::MonoTime now = core.now();
  std::optional<PeerId> best;
  std::tuple<bool, bool, std::int64_t> best_rank;
  for (const auto& [id, peer] : core.peers()) {
    if (peer->gone || peer->head_size() < ours->tree_size || peer->slow_until > now) continue;
    const std::tuple rank{!peer->have.complete, peer->view.round_trip_us < 0, peer->view.round_trip_us};
    if (best && rank >= best_rank) continue;
    best = id;
    best_rank = rank;
  }
  if (!best) return;
  FetchWant::Ask ask;
  ask.peer = *best;
  ask.purpose = Purpose::live;
  ask.proof = *ours;
  ask.base = ask.begin = ours->tree_size;
  ask.window = core.options().credit_bytes / 4;
  ask.streams = follow_->everything ? std::vector<TopicPartition>{} : streams.wanted();
  (void)fetcher.ask(std::move(ask));
}

void Replicator::Impl::check_synced() {
  const std::optional<feed::Checkpoint> ours = core.reader().head();
  const std::optional<std::uint64_t> newest = heads.newest_announced();
  if (!ours || !newest || told_synced_ == ours) return;
  const bool reached = ours->tree_size >= *newest || (!follow_->live && ours->tree_size >= follow_->until);
  const bool complete = follow_->everything ? all.complete(*ours) : streams.complete(*ours);
  if (!reached || !complete) return;
  told_synced_ = ours;
  core.tell([head = *ours](ReplicatorEvents& events) { events.on_synced(head); });
}

void Replicator::Impl::report_held() {
  Have have = report_have(core.reader(), core.options().serve);
  if (have == last_have_) return;
  for (const auto& [id, peer] : core.peers()) {
    // A complete holder's runs follow from its heads.
    const bool implied = have.complete && last_have_.complete;
    if (!peer->gone && !implied) core.send(*peer, have);
  }
  last_have_ = std::move(have);
}

void Replicator::Impl::arm() {
  if (armed_) return;
  armed_ = true;
  core.after(kTick, [this] {
    armed_ = false;
    tick();
    const bool idle = core.peers().empty() && !topics.busy() && !offsets.busy() && !heads.asking();
    if (!idle) arm();
  });
}

void Replicator::Impl::tick() {
  heads.tick();
  topics.tick();
  offsets.tick();
  fetcher.tick();
  if (std::exchange(held_changed_, false)) report_held();
  for (const auto& [id, peer] : core.peers()) {
    if (!peer->gone) tick_peer(*peer);
  }
  const FetchWant* live = fetcher.live();
  const std::optional<feed::Checkpoint> ours = core.reader().head();
  // Others brought a newer head, and the live want's peer has it too but pushes nothing: another peer takes over.
  if (live != nullptr && ours && live->ask().proof.tree_size < ours->tree_size &&
      core.now() - live->progress() > kLivePause) {
    if (Peer* peer = core.find(live->ask().peer)) peer->slow_until = core.now() + kLivePause;
    fetcher.cancel(live->id());
  }
  plan_soon();
}

void Replicator::Impl::tick_peer(Peer& peer) {
  const base::MonoTime now = core.now();
  if (now - peer.last_heard > kSilence) {
    peer.gone = true;
    return peer.outbox->close("silent for too long");
  }
  const bool first = peer.ping_sent.count() == 0;
  if (peer.ping_nonce == 0 && peer.greeted && (first || now - peer.ping_sent > kPingEvery)) {
    peer.ping_nonce = core.fresh_id();
    peer.ping_sent = now;
    core.send(peer, Ping{peer.ping_nonce});
  }
}

}  // namespace shoal::replication
