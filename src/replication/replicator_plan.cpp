#include "replication/heads/have_report.h"
#include "replication/replicator_parts.h"

#include <algorithm>

// What the parts do by themselves: planning after changes, and deadlines.
namespace shoal::replication {
namespace {

constexpr base::MonoTime kTick = std::chrono::milliseconds(100);
/// An honest peer says its head, or that it has none, with its first message.
constexpr base::MonoTime kFirstHead = std::chrono::seconds(15);

/// The last run of a complete holder grows with its heads; nothing else changed.
bool follows_from_heads(const Have& before, const Have& now) {
  if (!before.complete || !now.complete || before.ranges.size() != now.ranges.size()) return false;
  Have grown = before;
  if (!now.ranges.empty()) grown.ranges.back().end = now.ranges.back().end;
  return grown == now;
}

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
  if (!follow_) return;
  if (!heads.forked()) live.plan();
  all.plan();
  streams.plan();
  if (!heads.forked()) check_synced();
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
    const bool implied = follows_from_heads(last_have_, have);
    if (!peer->gone && !implied) core.send(*peer, have);
  }
  last_have_ = std::move(have);
}

void Replicator::Impl::on_pruned() {
  held_changed_ = true;
  plan_soon();
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
    if (peer->gone) continue;
    requests.pump(id, *peer);
    tick_peer(*peer);
  }
  duplicates.tick();
  heads.forked() ? live.stop() : live.tick();
  wants.tick();
  announce_due();
  plan_soon();
}

void Replicator::Impl::tick_peer(Peer& peer) {
  const base::MonoTime now = core.now();
  const base::MonoTime trip = std::chrono::microseconds(peer.view.round_trip_us);
  const FailureDetector::Verdict verdict =
      failure_detector_.assess({peer.last_heard, peer.ping_sent, peer.ping_nonce != 0, trip}, now);
  if (verdict.dead) {
    peer.gone = true;
    return peer.outbox->close("silent for too long");
  }
  if (!peer.first_head_came && now - peer.joined > kFirstHead) {
    peer.gone = true;
    return peer.outbox->close("it does not say its head");
  }
  if (peer.view.blocks_in != peer.given_blocks) {
    peer.given_blocks = peer.view.blocks_in;
    peer.outbox->note_given(peer.given_blocks);
  }
  if (peer.suspect != verdict.suspect) core.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  peer.suspect = peer.view.suspect = verdict.suspect;
  if (verdict.ping && peer.first_head_came) core.ping(peer);
}

void Replicator::Impl::announce_head() {
  const std::optional<feed::Checkpoint> head = core.reader().head();
  if (!head) return;
  const bool grew = announcer.on_head(head->tree_size, core.now());
  if (grew) failure_detector_.on_growth(core.now());
  // One that was signed again with a newer time goes to all but those who have it.
  for (const auto& [id, peer] : core.peers()) {
    const bool same_size = peer->told_head && peer->told_head->tree_size == head->tree_size;
    if (!peer->gone && same_size && peer->told_head != head && peer->view.head != head) heads.announce(*peer);
  }
  announce_due();
}

void Replicator::Impl::announce_due() {
  for (const PeerId id : announcer.due(core.now())) {
    if (Peer* peer = core.find(id)) heads.announce(*peer);
  }
}

}  // namespace shoal::replication
