#include "simulation/gossip/gossip_node.h"

#include <algorithm>

namespace shoal::simulation::gossip {
namespace {

using replication::EndReason;
using replication::PeerId;
using replication::TreeAction;
using replication::TreePeer;
using replication::Urgency;

constexpr base::MonoTime kTick = std::chrono::seconds(1);
/// The owner's, as in the replicator.
constexpr base::MonoTime kOwnerTick = std::chrono::milliseconds(100);
/// As HeadExchange: how long a push may stay away, and an answer.
constexpr base::MonoTime kPushGrace = std::chrono::milliseconds(500);
constexpr base::MonoTime kPatience = std::chrono::seconds(1);
constexpr base::MonoTime kNobodyThere = std::chrono::seconds(3);
/// Handshakes of transport and session.
constexpr int kHandshakeTrips = 5;

/// Bytes of a real message of this kind, its session's tag included (docs/PROTOCOL.md, "Messages").
std::size_t wire_size(Kind kind) {
  constexpr std::size_t kTag = 16;
  switch (kind) {
    case Kind::announce: return 5 + 153 + kTag;
    case Kind::want: return 5 + 8 * 5 + 4 + 8 + 1 + 2 + 5 + kTag;
    case Kind::busy: return 5 + 9 + kTag;
    case Kind::cancel:
    case Kind::ping:
    case Kind::pong: return 5 + 8 + kTag;
    case Kind::pull: return 2 * (5 + 24 + kTag) + 700;  // growth, its reply, a want
    default: return 0;
  }
}

}  // namespace

GossipNode::GossipNode(GossipWorld& world, Node index, bool owner)
    : world_(world), index_(index), owner_(owner), sampling_(world.sampling) {}

void GossipNode::start() {
  up_ = true;
  ++life_;
  started_ = now();
  live_since_.reset();
  first_live_.reset();
  using Limits = replication::LiveChildren::Limits;
  children_ = std::make_unique<replication::LiveChildren>(*this, owner_ ? Limits::of_owner() : Limits::of_mirror());
  announcement_policy_ = std::make_unique<replication::AnnouncementPolicy>(*this, owner_);
  detector_ = {};
  if (!owner_) {
    parent_ = std::make_unique<replication::LiveParent>(*this, world_.wire.random());
    parent_->start(held_ == 0 ? std::nullopt : std::optional<std::uint64_t>(held_));
  }
  if (held_ > 0) (void)announcement_policy_->on_head(held_, now());
  look_for_peers();
  if (life_ == 1) world_.announced.push_back(index_);
  later(Kind::tick,
        owner_ ? kOwnerTick : base::MonoTime(static_cast<std::int64_t>(world_.wire.random().below(1'000'000'000))));
}

void GossipNode::die() {
  up_ = false;
  check_armed_ = false;
  dialling_ = 0;
  pull_due_ = base::MonoTime{0};
  links_ = {};
  linked_ = {};
  parent_.reset();
  children_.reset();
  announcement_policy_.reset();
}

void GossipNode::each(const std::function<void(const TreePeer&)>& visit) const {
  for (const Link& one : links_) visit(one.facts);
}

std::optional<TreePeer> GossipNode::find(PeerId id) const {
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const Link& one) { return one.facts.id == id; });
  return found == links_.end() ? std::nullopt : std::optional(found->facts);
}

GossipNode::Link* GossipNode::link(Node node) {
  const auto found = std::find(linked_.begin(), linked_.end(), node);
  return found == linked_.end() ? nullptr : &links_[static_cast<std::size_t>(found - linked_.begin())];
}

GossipNode::Link* GossipNode::link(PeerId id) {
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const Link& one) { return one.facts.id == id; });
  return found == links_.end() ? nullptr : &*found;
}

void GossipNode::send(Link& to, Kind kind, std::uint32_t value, std::uint8_t urgency) {
  world_.meter.control(wire_size(kind));
  Event event;
  event.kind = kind;
  event.from = index_;
  event.to = to.node;
  event.value = value;
  event.urgency = urgency;
  event.hops = static_cast<std::uint8_t>(hops_ + 1);
  world_.wire.send(event, to.latency, to.last_arrival);
}

void GossipNode::later(Kind kind, base::MonoTime delay, Node about) {
  Event event;
  event.kind = kind;
  event.to = index_;
  event.from = about;
  event.life = life_;
  world_.wire.post(event, now() + delay);
}

void GossipNode::on_event(const Event& event) {
  const bool own = event.kind >= Kind::tick;
  if (!up_ || (own && event.life != life_)) return;
  if (event.kind == Kind::tick) return tick();
  if (event.kind == Kind::dialled) return on_dialled(event.from);
  if (event.kind == Kind::check) {
    check_armed_ = false;
    if (parent_) parent_->check(now());
    return act();
  }
  Link* from = link(event.from);
  if (from == nullptr) return event.kind == Kind::close ? void() : refuse(event.from);
  from->life.last_heard = now();
  switch (event.kind) {
    case Kind::announce: on_announce(*from, event.value); break;
    case Kind::push: on_push(*from, event); break;
    case Kind::want: on_want(*from, event); break;
    case Kind::busy:
      if (parent_) parent_->on_ended(from->facts.id, EndReason::busy, now());
      if (parent_) parent_->plan(now());
      break;
    case Kind::cancel:
      from->live_want = false;
      note_child(*from);
      break;
    case Kind::ping: send(*from, Kind::pong); break;
    case Kind::pong:
      from->life.owes_pong = from->facts.suspect = false;
      from->facts.round_trip = from->life.round_trip = now() - from->life.ping_sent;
      break;
    case Kind::pull:
      if (held_ <= event.value) break;
      world_.meter.sent(owner_, false, event.value, held_);
      send(*from, Kind::blocks, held_);
      break;
    case Kind::blocks:
      pull_due_ = base::MonoTime{0};
      from->facts.gave = true;
      take(event.value, event.hops);
      break;
    case Kind::close: close(event.from); break;
    default: break;
  }
  act();
}

/// It takes us for connected: we were started again since.
void GossipNode::refuse(Node stranger) {
  Event event;
  event.kind = Kind::close;
  event.from = index_;
  event.to = stranger;
  world_.wire.post(event, now() + world_.wire.latency(index_, stranger));
}

void GossipNode::open(Node other) {
  Link fresh;
  fresh.node = other;
  fresh.facts.id = PeerId{++last_peer_};
  fresh.facts.complete = true;
  fresh.latency = world_.wire.latency(index_, other);
  fresh.life.last_heard = now();
  links_.push_back(fresh);
  linked_.push_back(other);
  Link& link = links_.back();
  link.facts.notified = held_;
  if (held_ > 0) send(link, Kind::announce, held_);
  link.life.ping_sent = now();
  link.life.owes_pong = true;
  send(link, Kind::ping);
}

void GossipNode::close(Node other) {
  Link* gone = link(other);
  if (gone == nullptr) return;
  const PeerId id = gone->facts.id;
  const std::ptrdiff_t place = gone - links_.data();
  links_.erase(links_.begin() + place);
  linked_.erase(linked_.begin() + place);
  children_->set(id, {});
  if (!parent_) return;
  parent_->on_ended(id, std::nullopt, now());
  parent_->forget(id);
  parent_->plan(now());
}

void GossipNode::on_announce(Link& from, std::uint32_t size) {
  from.facts.announced = std::max<std::uint64_t>(from.facts.announced, size);
  if (!parent_) return;
  if (size > held_ && from.ahead_since.count() == 0) from.ahead_since = now();
  parent_->on_announced(from.facts.id, now());
  if (size > held_ && !parent_->expects_push(now())) pull(from);
}

void GossipNode::pull(Link& from) {
  if (owner_ || pull_due_ > now() || from.facts.announced <= held_) return;
  pull_due_ = now() + kPatience;
  send(from, Kind::pull, held_);
}

void GossipNode::on_want(Link& from, const Event& event) {
  if (!children_->admits(from.facts.id, static_cast<Urgency>(event.urgency), held_)) return send(from, Kind::busy);
  from.live_want = true;
  from.pushed = event.value;
  children_->set(from.facts.id, {{from.facts.id, 1, static_cast<Urgency>(event.urgency)}});
  from.facts.child = true;
  push_to(from);
}

void GossipNode::note_child(Link& peer) {
  peer.facts.child = peer.live_want;
  if (!peer.live_want) children_->set(peer.facts.id, {});
}

void GossipNode::push_to(Link& child) {
  if (!child.live_want || child.pushed >= held_) return;
  if (world_.at(child.node).up()) world_.meter.sent(owner_, true, child.pushed, held_);
  child.pushed = held_;
  child.facts.notified = held_;
  send(child, Kind::push, held_);
}

void GossipNode::on_push(Link& from, const Event& event) {
  from.facts.announced = std::max<std::uint64_t>(from.facts.announced, event.value);
  from.facts.gave = true;
  if (!parent_) return;
  parent_->on_pushed(from.facts.id, event.value, true, now());
  take(event.value, event.hops);
}

void GossipNode::take(std::uint32_t size, std::uint8_t hops) {
  if (size <= held_) return;
  hops_ = hops;
  for (; held_ < size; ++held_) {
    const base::MonoTime published = world_.meter.published_at(held_);
    if (!first_live_ && published >= started_) first_live_ = now() - started_;
    world_.meter.delivered(held_, live_since_ && *live_since_ <= published, hops, now());
  }
  moved();
}

void GossipNode::publish(std::uint32_t size) {
  held_ = size;
  moved();
}

void GossipNode::moved() {
  if (parent_) parent_->on_own_head(held_, now());
  for (Link& one : links_) {
    if (one.facts.announced <= held_) one.ahead_since = base::MonoTime{0};
    push_to(one);
  }
  if (announcement_policy_->on_head(held_, now())) detector_.on_growth(now());
  announce_due();
  if (parent_) parent_->plan(now());
  bool synced = true;
  for (const Link& one : links_) synced = synced && one.facts.announced <= held_;
  if (synced && !live_since_) live_since_ = now();
}

void GossipNode::announce_due() {
  for (const PeerId id : announcement_policy_->due(now())) {
    Link& one = *link(id);
    one.facts.notified = held_;
    send(one, Kind::announce, held_);
  }
}

void GossipNode::act() {
  if (!parent_) return;
  for (const TreeAction& action : parent_->take_actions()) {
    Link* to = link(action.peer);
    if (to == nullptr) {
      if (action.kind == TreeAction::Kind::ask) parent_->on_ended(action.peer, std::nullopt, now());
      continue;
    }
    switch (action.kind) {
      case TreeAction::Kind::ask: send(*to, Kind::want, held_, static_cast<std::uint8_t>(action.urgency)); break;
      case TreeAction::Kind::cancel: send(*to, Kind::cancel); break;
      case TreeAction::Kind::pull: pull(*to); break;
    }
  }
  const std::optional<base::MonoTime> due = parent_->check_due();
  if (!due || std::exchange(check_armed_, true)) return;
  later(Kind::check, std::max(base::MonoTime{0}, *due - now()));
}

void GossipNode::tick() {
  look_at_peers();
  announce_due();
  if (const auto shed = children_->shed(now(), world_.wire.random())) {
    if (Link* child = link(shed->peer)) {
      child->live_want = false;
      note_child(*child);
      send(*child, Kind::busy);
    }
  }
  if (parent_) {
    parent_->tick(now());
    parent_->plan(now());
    for (Link& one : links_) {
      if (one.ahead_since.count() != 0 && now() - one.ahead_since > kPushGrace) pull(one);
    }
    act();
  }
  look_for_peers();
  later(Kind::tick, owner_ ? kOwnerTick : kTick);
}

void GossipNode::look_at_peers() {
  std::vector<Node> dead;
  for (Link& one : links_) {
    const replication::FailureDetector::Verdict verdict = detector_.assess(one.life, now());
    one.facts.suspect = verdict.suspect;
    if (verdict.dead) dead.push_back(one.node);
    if (!verdict.ping) continue;
    one.life.ping_sent = now();
    one.life.owes_pong = true;
    send(one, Kind::ping);
  }
  for (const Node node : dead) close(node);
}

void GossipNode::look_for_peers() {
  base::Random& random = world_.wire.random();
  const auto suspects = static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(), [](const Link& one) { return one.facts.suspect; }));
  std::size_t more = sampling_.missing(links_.size(), suspects, dialling_);
  if (more == 0) return;
  // What PEX brings: peers of a peer; else what the locator tells.
  if (!links_.empty()) {
    GossipNode& neighbour = world_.at(links_[random.below(links_.size())].node);
    for (const Link& one : neighbour.links_) sampling_.learned(one.node, random);
  }
  for (std::size_t i = 0; i < more && !world_.announced.empty(); ++i) {
    sampling_.learned(world_.announced[random.below(world_.announced.size())], random);
  }
  for (; more > 0; --more) {
    const std::optional<Node> other = sampling_.take(random);
    if (!other) return;
    if (*other == index_ || link(*other) != nullptr) continue;
    connect(*other);
  }
}

void GossipNode::connect(Node other) {
  ++dialling_;
  const bool nobody = static_cast<double>(world_.wire.random().below(1000)) < world_.stale * 1000;
  const bool there = !nobody && world_.at(other).up();
  later(Kind::dialled, there ? kHandshakeTrips * world_.wire.latency(index_, other) : kNobodyThere, other);
}

void GossipNode::on_dialled(Node other) {
  if (dialling_ > 0) --dialling_;
  GossipNode& there = world_.at(other);
  if (!there.up() || link(other) != nullptr || !there.sampling_.accepts(there.links_.size())) return;
  there.close(index_);  // of a former life of ours
  open(other);
  there.open(index_);
}

}  // namespace shoal::simulation::gossip
