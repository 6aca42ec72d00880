#include "replication/live/live_parent.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace shoal::replication {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Time that a push may come after an announcement of the same head: two round trips, within these bounds.
constexpr base::MonoTime kMinGrace = milliseconds(50);
constexpr base::MonoTime kMaxGrace = milliseconds(500);
/// Round trip of a peer before its first pong.
constexpr base::MonoTime kUnknownTrip = milliseconds(100);
/// A parent that was behind our own head for this long is replaced.
constexpr base::MonoTime kOvertaken = seconds(1);
/// Time for which a peer is not asked again: after it failed; after its first *busy*, doubling up to the maximum; and
/// after the last request with Urgency::alone.
constexpr base::MonoTime kFailedPause = seconds(10);
constexpr base::MonoTime kBusyPause = seconds(2);
constexpr base::MonoTime kMaxBusyPause = seconds(60);
constexpr base::MonoTime kAlonePause = seconds(3);
/// Shortest time between two changes to a better parent, and between two tries to leave one that was asked with
/// Urgency::alone. A better one announces by this many seconds sooner, in at least this many samples.
constexpr base::MonoTime kBetterEvery = seconds(3);
constexpr base::MonoTime kAloneEvery = seconds(15);
constexpr double kBetterBy = 0.03;
constexpr unsigned kBetterSamples = 4;
constexpr double kSmoothing = 0.3;

base::MonoTime round_trip(const TreePeer& peer) { return peer.round_trip.count() < 0 ? kUnknownTrip : peer.round_trip; }

base::MonoTime grace(const TreePeer& peer) {
  return std::clamp(base::MonoTime(2 * round_trip(peer)), kMinGrace, kMaxGrace);
}

double in_seconds(base::MonoTime time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void LiveParent::stop() {
  cancel(parent_);
  cancel(trial_);
  active_ = false;
  missing_ = false;
}

void LiveParent::cancel(std::optional<Source>& source) {
  if (source) actions_.push_back({TreeAction::Kind::cancel, source->peer, source->urgency});
  source.reset();
}

bool LiveParent::expects_push(base::MonoTime now) const {
  return (parent_ && overtaken_.count() == 0) || (trial_ && now < trial_due_);
}

std::size_t LiveParent::place_of(PeerId id) const {
  const auto at = std::lower_bound(standings_.begin(), standings_.end(), id,
                                   [](const Standing& known, PeerId wanted) { return known.peer < wanted; });
  return static_cast<std::size_t>(at - standings_.begin());
}

LiveParent::Standing& LiveParent::standing(PeerId id) {
  const std::size_t place = place_of(id);
  if (place == standings_.size() || standings_[place].peer != id) {
    standings_.insert(standings_.begin() + static_cast<std::ptrdiff_t>(place), Standing{.peer = id});
  }
  return standings_[place];
}

bool LiveParent::paused(PeerId id, base::MonoTime now) const {
  const std::size_t place = place_of(id);
  return place < standings_.size() && standings_[place].peer == id && standings_[place].paused_until > now;
}

void LiveParent::forget(PeerId id) {
  std::erase_if(standings_, [id](const Standing& known) { return known.peer == id; });
}

bool LiveParent::serves_us(PeerId id) const {
  return (parent_ && parent_->peer == id) || (trial_ && trial_->peer == id);
}

bool LiveParent::anybody_ahead() const {
  bool any = false;
  peers_.each([&](const TreePeer& peer) { any = any || peer.announced > own_; });
  return any;
}

std::optional<PeerId> LiveParent::choose(bool ahead, bool paused_too, base::MonoTime now) const {
  std::optional<PeerId> best;
  std::tuple<bool, bool, bool, bool, base::MonoTime> best_rank;
  peers_.each([&](const TreePeer& peer) {
    if (!own_ || peer.announced < *own_ || (ahead && peer.announced == *own_)) return;
    if (!paused_too && paused(peer.id, now)) return;
    if (!peer.askable || serves_us(peer.id) || (ahead && tried_.count(peer.id) > 0)) return;
    if (peer.slow && !paused_too) return;
    // A child of ours as parent makes a cycle, unless it has what we lack.
    const bool child = peer.child && peer.announced <= *own_;
    // Prefer a peer that gave blocks before: announcements alone prove nothing.
    const std::tuple rank{child, peer.suspect, !peer.complete, !peer.gave, round_trip(peer)};
    if (best && rank >= best_rank) return;
    best = peer.id;
    best_rank = rank;
  });
  return best;
}

LiveParent::Source LiveParent::ask(PeerId id, Urgency urgency, base::MonoTime now) {
  actions_.push_back({TreeAction::Kind::ask, id, urgency});
  return {id, urgency, *own_, now, true};
}

void LiveParent::take_parent(PeerId id, Urgency urgency, base::MonoTime now) {
  parent_ = ask(id, urgency, now);
  last_urgency_ = urgency;
  overtaken_ = base::MonoTime{0};
  last_change_ = now;
}

void LiveParent::plan(base::MonoTime now) {
  if (!active_ || parent_ || trial_) return;
  if (const auto id = choose(false, false, now)) {
    return take_parent(*id, missing_ ? Urgency::missed : Urgency::normal, now);
  }
  // All peers refused, or there is only this one: ask it for an exception.
  if (now - last_change_ < kAlonePause && last_change_.count() != 0 && last_urgency_ == Urgency::alone) return;
  if (const auto id = choose(false, true, now)) take_parent(*id, Urgency::alone, now);
}

void LiveParent::on_announced(PeerId id, base::MonoTime now) {
  const std::optional<TreePeer> peer = peers_.find(id);
  if (!active_ || !own_ || !peer) return;
  Standing& known = standing(id);
  if (peer->announced == *own_ && head_came_.count() != 0) sample(known, -in_seconds(now - head_came_));
  if (peer->announced <= *own_) return;
  known.announced = peer->announced;
  known.announced_at = now;
  if (std::exchange(missing_, true)) return;
  tried_.clear();
  check_due_ = now + grace(*peer);
}

void LiveParent::sample(Standing& standing, double lead) {
  standing.lead += (lead - standing.lead) * (standing.samples == 0 ? 1 : kSmoothing);
  ++standing.samples;
}

void LiveParent::check(base::MonoTime now) {
  if (!active_ || !missing_ || now < check_due_) return;
  const bool receiving = parent_ && !parent_->whole && now - parent_->progress < kMaxGrace;
  if (trial_) {
    // The trial did not bring the missing head either.
    pause(trial_->peer, now + kFailedPause);
    cancel(trial_);
  }
  if (!receiving) repair(now);
  check_due_ = std::max(check_due_, now + kMinGrace);
}

/// A peer that is paused as a parent can still be asked for the blocks.
void LiveParent::repair(base::MonoTime now) {
  std::optional<PeerId> id = choose(true, false, now);
  const bool push = id.has_value();
  if (!id) id = choose(true, true, now);
  if (!id) return tried_.clear();
  tried_.insert(*id);
  check_due_ = now + 2 * grace(*peers_.find(*id));
  if (!push) return actions_.push_back({TreeAction::Kind::pull, *id, Urgency::missed});
  trial_ = ask(*id, Urgency::missed, now);
  trial_due_ = check_due_;
}

void LiveParent::on_pushed(PeerId from, std::uint64_t size, bool whole, base::MonoTime now) {
  bool fresh = false;
  for (std::optional<Source>* source : {&parent_, &trial_}) {
    if (!*source || (*source)->peer != from) continue;
    fresh = (*source)->size < size;
    (*source)->size = size;
  }
  on_progress(from, whole, now);
  if (!fresh) return;
  for (Standing& known : standings_) {
    if (known.announced == size) sample(known, in_seconds(now - known.announced_at));
  }
  standing(from).refusals = 0;
  if (trial_ && trial_->peer == from) promote_trial(now);
  if (parent_ && parent_->peer == from) overtaken_ = base::MonoTime{0};
}

/// The trial brought what the parent did not, or admitted us: it becomes the parent.
void LiveParent::promote_trial(base::MonoTime now) {
  std::optional<Source> former = std::exchange(parent_, std::exchange(trial_, std::nullopt));
  last_urgency_ = parent_->urgency;
  overtaken_ = base::MonoTime{0};
  last_change_ = now;
  for (Standing& known : standings_) known.samples = 0;
  if (former && last_urgency_ == Urgency::missed) pause(former->peer, now + kFailedPause);
  cancel(former);
}

void LiveParent::on_progress(PeerId from, bool whole, base::MonoTime at) {
  for (std::optional<Source>* source : {&parent_, &trial_}) {
    if (!*source || (*source)->peer != from) continue;
    (*source)->progress = at;
    (*source)->whole = whole;
  }
}

void LiveParent::on_own_head(std::uint64_t size, base::MonoTime now) {
  head_came_ = now;
  own_ = size;
  if (!active_) return;
  missing_ = anybody_ahead();
  tried_.clear();
  const bool behind = parent_ && parent_->size < size;
  if (!behind) {
    overtaken_ = base::MonoTime{0};
  } else if (overtaken_.count() == 0) {
    overtaken_ = now;
  }
}

void LiveParent::pause(PeerId id, base::MonoTime until) {
  Standing& known = standing(id);
  known.paused_until = std::max(known.paused_until, until);
}

void LiveParent::on_ended(PeerId id, std::optional<EndReason> reason, base::MonoTime now) {
  if (reason == EndReason::not_held) pause(id, now + kBusyPause);
  if (reason == EndReason::busy) {
    const unsigned times = std::min(standing(id).refusals++, 6U);
    const base::MonoTime wait = std::min(kMaxBusyPause, kBusyPause * (1 << times));
    // Jitter: peers that were refused together must not come back together.
    pause(id, now + wait + wait * static_cast<std::int64_t>(random_.below(100)) / 100);
  }
  const bool was_ours = serves_us(id);
  if (parent_ && parent_->peer == id) parent_.reset();
  if (trial_ && trial_->peer == id) trial_.reset();
  // The tree may still bring what is missing: wait before the next request.
  const std::optional<TreePeer> still = peers_.find(id);
  if (was_ours && missing_ && reason == EndReason::busy && still) check_due_ = now + grace(*still);
}

void LiveParent::tick(base::MonoTime now) {
  if (!active_) return;
  if (parent_ && overtaken_.count() != 0 && now - std::max(overtaken_, parent_->progress) > kOvertaken) {
    pause(parent_->peer, now + kFailedPause);
    cancel(parent_);
  }
  // The protocol has no message for an admitted want: no refusal within two round trips means yes.
  if (trial_ && trial_->urgency == Urgency::normal && now > trial_due_) promote_trial(now);
  try_better(now);
}

void LiveParent::try_better(base::MonoTime now) {
  if (!parent_ || trial_ || missing_) return;
  std::optional<PeerId> better;
  if (last_urgency_ == Urgency::alone) {
    if (now - last_change_ > kAloneEvery) better = choose(false, false, now);
  } else if (now - last_change_ > kBetterEvery) {
    double best = kBetterBy;
    for (const Standing& known : standings_) {
      const bool sampled = known.samples >= kBetterSamples && known.lead > best;
      if (!sampled || known.paused_until > now || parent_->peer == known.peer) continue;
      const std::optional<TreePeer> peer = peers_.find(known.peer);
      if (!peer || peer->suspect) continue;
      best = known.lead;
      better = known.peer;
    }
  }
  if (!better) return;
  last_change_ = now;
  trial_ = ask(*better, Urgency::normal, now);
  trial_due_ = now + 2 * round_trip(*peers_.find(*better)) + kMinGrace;
}

}  // namespace shoal::replication
