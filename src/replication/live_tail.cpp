#include "replication/live_tail.h"

#include <algorithm>
#include <tuple>

namespace shoal::replication {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What an announcement may be ahead of the push: a few round trips, within these bounds.
constexpr base::MonoTime kMinGrace = milliseconds(50);
constexpr base::MonoTime kMaxGrace = milliseconds(500);
/// Round trip of a peer before its first pong.
constexpr base::MonoTime kUnknownTrip = milliseconds(100);
/// A parent that stays behind our own head for so long is none.
constexpr base::MonoTime kOvertaken = seconds(1);
constexpr base::MonoTime kFailedPause = seconds(10);
constexpr base::MonoTime kBusyPause = seconds(2);
constexpr base::MonoTime kMaxBusyPause = seconds(60);
constexpr base::MonoTime kAlonePause = seconds(3);
/// A better parent is looked for so often at most, and only one that is clearly better.
constexpr base::MonoTime kBetterEvery = seconds(3);
constexpr base::MonoTime kAloneEvery = seconds(15);
constexpr double kBetterBy = 0.03;
constexpr unsigned kBetterSamples = 4;
constexpr double kSmoothing = 0.3;

base::MonoTime round_trip(const Peer& peer) {
  const base::MonoTime measured = std::chrono::microseconds(peer.view.round_trip_us);
  return peer.view.round_trip_us < 0 ? kUnknownTrip : measured;
}

double in_seconds(base::MonoTime time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void LiveTail::stop() {
  active_ = false;
  missing_ = false;
  fetcher_.cancel_all(Purpose::live);
}

bool LiveTail::expects_push() const {
  const FetchWant* parent = want(parent_);
  const FetchWant* trial = want(trial_);
  return (parent != nullptr && overtaken_.count() == 0) || (trial != nullptr && core_.now() < trial_due_);
}

bool LiveTail::serves_us(PeerId id) const {
  const FetchWant* parent = want(parent_);
  const FetchWant* trial = want(trial_);
  return (parent != nullptr && parent->ask().peer == id) || (trial != nullptr && trial->ask().peer == id);
}

std::optional<PeerId> LiveTail::choose(bool ahead, bool paused_too) const {
  const base::MonoTime now = core_.now();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  std::optional<PeerId> best;
  std::tuple<bool, bool, bool, bool, base::MonoTime> best_rank;
  for (const auto& [id, peer] : core_.peers()) {
    const std::uint64_t size = peer->head_size();
    if (peer->gone || !ours || size < ours->tree_size || (ahead && size == ours->tree_size)) continue;
    const auto known = standings_.find(id);
    if (!paused_too && known != standings_.end() && known->second.paused_until > now) continue;
    if (serves_us(id) || (ahead && tried_.count(id) > 0) || !core_.may_ask(*peer)) continue;
    if (peer->slow_until > now && !paused_too) continue;
    // One that gets its blocks from us would only close a circle, unless it has what we lack.
    const bool child = peer->has_live_want && size <= ours->tree_size;
    // One that has given something before is no pretender.
    const bool stranger = peer->view.blocks_in == 0;
    const std::tuple rank{child, peer->suspect, !peer->have.complete, stranger, round_trip(*peer)};
    if (best && rank >= best_rank) continue;
    best = id;
    best_rank = rank;
  }
  return best;
}

std::uint64_t LiveTail::ask(PeerId id, Urgency urgency) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || !core_.mirror()->knows_edge(ours->tree_size)) return 0;
  FetchWant::Ask ask;
  ask.peer = id;
  ask.purpose = Purpose::live;
  ask.proof = *ours;
  ask.base = ask.begin = ours->tree_size;
  ask.window = core_.options().credit_bytes / 4;
  ask.streams = hooks_.streams();
  ask.urgency = urgency;
  if (ask.streams.empty()) ask.push_limit = kPushLimit;
  return fetcher_.ask(std::move(ask));
}

void LiveTail::plan() {
  // From a head that is about to move a push would bring what is asked for anyway.
  if (!active_ || want(parent_) != nullptr || want(trial_) != nullptr || hooks_.growing()) return;
  const base::MonoTime now = core_.now();
  if (const auto id = choose(false, false)) {
    parent_urgency_ = missing_ ? Urgency::missed : Urgency::normal;
    parent_ = ask(*id, parent_urgency_);
    overtaken_ = base::MonoTime{0};
    last_change_ = now;
    return;
  }
  // All refused, or there is only this one: it is asked to make an exception.
  if (now - last_change_ < kAlonePause && last_change_.count() != 0 && parent_urgency_ == Urgency::alone) return;
  if (const auto id = choose(false, true)) {
    parent_urgency_ = Urgency::alone;
    parent_ = ask(*id, parent_urgency_);
    overtaken_ = base::MonoTime{0};
    last_change_ = now;
  }
}

base::MonoTime LiveTail::grace(const Peer& peer) const {
  return std::clamp(base::MonoTime(2 * round_trip(peer)), kMinGrace, kMaxGrace);
}

void LiveTail::on_head(PeerId id, const Peer& peer) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!active_ || !ours) return;
  const base::MonoTime now = core_.now();
  Standing& standing = standings_[id];
  if (peer.head_size() == ours->tree_size && head_came_.count() != 0) sample(standing, -in_seconds(now - head_came_));
  if (peer.head_size() <= ours->tree_size) return;
  standing.announced = peer.head_size();
  standing.announced_at = now;
  if (std::exchange(missing_, true)) return;
  tried_.clear();
  look_at(now + grace(peer));
}

void LiveTail::sample(Standing& standing, double lead) {
  standing.lead += (lead - standing.lead) * (standing.samples == 0 ? 1 : kSmoothing);
  ++standing.samples;
}

void LiveTail::look_at(base::MonoTime due) {
  check_due_ = due;
  if (std::exchange(check_armed_, true)) return;
  core_.after(due - core_.now(), [this] { check_missing(); });
}

void LiveTail::check_missing() {
  check_armed_ = false;
  if (!active_ || !missing_) return;
  const base::MonoTime now = core_.now();
  if (now < check_due_) return look_at(check_due_);
  const FetchWant* parent = want(parent_);
  const FetchWant* trial = want(trial_);
  const bool in_the_middle = parent != nullptr && parent->unfinished_run() && now - parent->progress() < kMaxGrace;
  if (trial != nullptr) {
    // It did not bring it either.
    pause(trial->ask().peer, kFailedPause);
    fetcher_.cancel(trial_);
  }
  if (!in_the_middle) repair();
  look_at(std::max(check_due_, now + kMinGrace));
}

/// Takes somebody who announced what is missing for a parent; who is paused as one can still be asked for the blocks.
void LiveTail::repair() {
  std::optional<PeerId> id = choose(true, false);
  const bool push = id.has_value();
  if (!id) id = choose(true, true);
  if (!id) return tried_.clear();
  tried_.insert(*id);
  check_due_ = core_.now() + 2 * grace(*core_.find(*id));
  if (!push) return hooks_.pull(*id);
  trial_urgency_ = Urgency::missed;
  trial_ = ask(*id, trial_urgency_);
  trial_due_ = check_due_;
}

void LiveTail::on_run(const FetchWant& from, const Data& run) {
  if (!run.with_head || !from.live()) return;
  const base::MonoTime now = core_.now();
  for (auto& [id, standing] : standings_) {
    if (standing.announced == run.head.tree_size) sample(standing, in_seconds(now - standing.announced_at));
  }
  standings_[from.ask().peer].refusals = 0;
  if (from.id() == trial_) promote_trial();
  if (from.id() == parent_) overtaken_ = base::MonoTime{0};
}

/// The trial brought what the parent did not, or was let in: it is the parent now.
void LiveTail::promote_trial() {
  const std::uint64_t former = std::exchange(parent_, std::exchange(trial_, 0));
  parent_urgency_ = trial_urgency_;
  overtaken_ = base::MonoTime{0};
  last_change_ = core_.now();
  for (auto& [id, standing] : standings_) standing.samples = 0;
  if (const FetchWant* old = want(former)) {
    if (trial_urgency_ == Urgency::missed) pause(old->ask().peer, kFailedPause);
    fetcher_.cancel(former);
  }
}

void LiveTail::on_accepted() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const base::MonoTime now = core_.now();
  head_came_ = now;
  if (!active_ || !ours) return;
  missing_ = std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    return !item.second->gone && item.second->head_size() > ours->tree_size;
  });
  tried_.clear();
  const FetchWant* parent = want(parent_);
  const bool behind = parent != nullptr && parent->ask().proof.tree_size < ours->tree_size;
  if (!behind) {
    overtaken_ = base::MonoTime{0};
  } else if (overtaken_.count() == 0) {
    overtaken_ = now;
  }
}

void LiveTail::pause(PeerId id, base::MonoTime time) {
  Standing& standing = standings_[id];
  standing.paused_until = std::max(standing.paused_until, core_.now() + time);
}

void LiveTail::on_end(const FetchWant& ended, std::optional<EndReason> reason) {
  const PeerId peer = ended.ask().peer;
  if (reason == EndReason::not_held) pause(peer, kBusyPause);
  if (reason == EndReason::busy) {
    const unsigned times = std::min(standings_[peer].refusals++, 6U);
    const base::MonoTime wait = std::min(kMaxBusyPause, kBusyPause * (1 << times));
    // Not all that were refused together come back together.
    pause(peer, wait + wait * static_cast<std::int64_t>(core_.fresh_id() % 100) / 100);
  }
  const bool was_ours = ended.id() == parent_ || ended.id() == trial_;
  if (ended.id() == parent_) parent_ = 0;
  if (ended.id() == trial_) trial_ = 0;
  // What it announced is there to be had, if not as a push.
  const Peer* still = core_.find(peer);
  if (!was_ours || !missing_ || reason != EndReason::busy || still == nullptr) return;
  // The tree may be bringing it all the same; if not, and nobody else has it, it is asked for.
  check_due_ = core_.now() + grace(*still);
}

void LiveTail::tick() {
  if (!active_) return;
  const base::MonoTime now = core_.now();
  if (const FetchWant* parent = want(parent_); parent != nullptr && overtaken_.count() != 0) {
    if (now - std::max(overtaken_, parent->progress()) > kOvertaken) {
      pause(parent->ask().peer, kFailedPause);
      fetcher_.cancel(parent_);
    }
  }
  // Nobody answers a want that is let in: silence for a few round trips is a yes.
  if (want(trial_) != nullptr && trial_urgency_ == Urgency::normal && now > trial_due_) promote_trial();
  try_better();
}

void LiveTail::try_better() {
  const base::MonoTime now = core_.now();
  if (want(parent_) == nullptr || want(trial_) != nullptr || missing_) return;
  std::optional<PeerId> better;
  if (parent_urgency_ == Urgency::alone) {
    if (now - last_change_ > kAloneEvery) better = choose(false, false);
  } else if (now - last_change_ > kBetterEvery) {
    double best = kBetterBy;
    for (const auto& [id, standing] : standings_) {
      const Peer* peer = core_.find(id);
      const bool usable = peer != nullptr && !peer->suspect && standing.paused_until <= now &&
                          standing.samples >= kBetterSamples && want(parent_)->ask().peer != id;
      if (!usable || standing.lead <= best) continue;
      best = standing.lead;
      better = id;
    }
  }
  if (!better) return;
  last_change_ = now;
  trial_urgency_ = Urgency::normal;
  trial_ = ask(*better, trial_urgency_);
  trial_due_ = now + 2 * round_trip(*core_.find(*better)) + kMinGrace;
}

}  // namespace shoal::replication
