#include "replication/have_report.h"
#include "replication/replicator_parts.h"

#include <algorithm>

// What the parts do by themselves: planning after changes, and deadlines.
namespace shoal::replication {
namespace {

constexpr base::MonoTime kTick = std::chrono::milliseconds(100);
constexpr base::MonoTime kPingEvery = std::chrono::seconds(15);
/// A pong that stays away for so long, and eight round trips, makes a suspect.
constexpr base::MonoTime kAnswer = std::chrono::seconds(2);
constexpr base::MonoTime kQuiet = std::chrono::seconds(3);
constexpr base::MonoTime kSilence = std::chrono::seconds(60);
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
  if (!heads.forked()) tail.plan();
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
  heads.forked() ? tail.stop() : tail.tick();
  wants.tick();
  plan_soon();
}

void Replicator::Impl::tick_peer(Peer& peer) {
  const base::MonoTime now = core.now();
  const base::MonoTime silent = now - peer.last_heard;
  if (silent > kSilence) {
    peer.gone = true;
    return peer.outbox->close("silent for too long");
  }
  if (!peer.greeted && now - peer.joined > kFirstHead) {
    peer.gone = true;
    return peer.outbox->close("it does not say its head");
  }
  if (peer.view.blocks_in != peer.given_blocks) {
    peer.given_blocks = peer.view.blocks_in;
    peer.outbox->note_given(peer.given_blocks);
  }
  const base::MonoTime trip = std::chrono::microseconds(std::max<std::int64_t>(peer.view.round_trip_us, 0));
  peer.suspect = peer.ping_nonce != 0 && silent > kAnswer + 8 * trip && now - peer.ping_sent > kAnswer + 8 * trip;
  peer.view.suspect = peer.suspect;
  if (peer.suspect) last_suspect_ = now;
  if (peer.ping_nonce != 0 || !peer.greeted) return;
  const bool first = peer.ping_sent.count() == 0;
  // Deaths come in numbers: where one falls silent, others that said nothing for a while are asked too.
  const bool look = silent > kQuiet && now - last_suspect_ < kQuiet;
  if (first || look || now - peer.ping_sent > kPingEvery) core.ping(peer);
}

}  // namespace shoal::replication
