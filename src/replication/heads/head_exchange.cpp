#include "replication/heads/head_exchange.h"

#include "feed/write/signed_elsewhere.h"
#include "replication/heads/have_report.h"

#include <algorithm>
#include <string>
#include <utility>

namespace shoal::replication {
namespace {

/// A head that a push should bring is requested after this time.
constexpr base::MonoTime kPushGrace = std::chrono::milliseconds(500);
/// For this time after a question no other peer is asked the same.
constexpr base::MonoTime kPatience = std::chrono::seconds(1);
constexpr base::MonoTime kGrowthTimeout = std::chrono::seconds(5);

}  // namespace

void HeadExchange::on_peer_added(Peer& peer) {
  if (const std::optional<Bytes> proof = core_.reader().fork_proof()) {
    forked_ = true;
    core_.send(peer, Fork{*proof});
  }
  announce(peer);
  core_.send(peer, report_have(core_.reader(), core_.options().serve));
}

void HeadExchange::announce(Peer& peer) {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (!head) return core_.send(peer, NoHead{});
  peer.notified_head = head;
  core_.send(peer, Head{*head});
}

bool HeadExchange::check_signature(Peer& peer, const feed::Checkpoint& head) {
  // Our own head was verified when it was accepted.
  if (last_verified_ == head || core_.reader().head() == head) return true;
  if (Result<void> good = feed::verify_checkpoint(core_.reader().id(), head); !good) {
    core_.blame(peer, "a head that the feed's key did not sign: " + good.error().message);
    return false;
  }
  last_verified_ = head;
  return true;
}

bool HeadExchange::is_known(const feed::Checkpoint& head) const {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  return head == ours || (last_verified_ == head && (!ours || head.tree_size > ours->tree_size));
}

void HeadExchange::on_head(PeerId id, Peer& peer, const feed::Checkpoint& head) {
  if (!check_signature(peer, head)) return;
  if (peer.goes_back(head)) return core_.blame(peer, "its head went back");
  if (peer.view.head != head) peer.lacking.clear();
  if (!peer.first_head_came) peer.view.first_head = head;
  peer.view.head = head;
  questions_.answered(id);
  consider(id, peer);
}

void HeadExchange::on_no_head(PeerId id, Peer& peer) {
  if (peer.view.head) return core_.blame(peer, "its head went back to none");
  questions_.answered(id);
}

void HeadExchange::consider(PeerId id, Peer& peer) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const feed::Checkpoint head = *peer.view.head;
  if (forked()) return place(id, peer);
  if (core_.reader().contradicted()) return;
  if (core_.mirror() == nullptr && feed::goes_beyond(head, ours)) note_elsewhere(head);
  if (!comparable(head)) return;
  if (!ours) {
    if (core_.mirror() != nullptr) request_growth(id, peer);
    return;
  }
  if (head.tree_size <= ours->tree_size) return compare_shorter(peer, head, *ours);
  if (core_.mirror() == nullptr) return request_growth(id, peer);  // it may be another history
  if (may_wait_() && !waiting_.contains(id)) {
    waiting_[id] = core_.now();
    return;
  }
  if (!may_wait_()) request_growth(id, peer);
}

bool HeadExchange::comparable(const feed::Checkpoint& head) {
  if (head.epoch == core_.epoch()) return true;
  if (!std::exchange(other_epoch_, true)) {
    core_.log(base::LogLevel::warning, "a peer has a head of epoch " + std::to_string(head.epoch.value()) +
                                           " of the feed: no proof is known of what that epoch continues");
  }
  return false;
}

void HeadExchange::note_elsewhere(const feed::Checkpoint& head) {
  if (!feed::goes_beyond(head, elsewhere_)) return;
  elsewhere_ = head;
  core_.tell([head](ReplicatorEvents& events) { events.on_signed_elsewhere(head); });
}

void HeadExchange::place(PeerId id, Peer& peer) {
  peer.fork_side = ForkSide::unknown;
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const std::optional<feed::Checkpoint> head = peer.view.head;
  if (!ours || !head || head->epoch != ours->epoch) return;
  if (head->tree_size > ours->tree_size) return request_growth(id, peer);
  const auto fork = feed::find_fork(core_.reader().id(), *head, *ours, core_.reader().tree());
  if (fork) peer.fork_side = *fork ? ForkSide::other : ForkSide::same;
}

void HeadExchange::dispute(PeerId id, Peer& peer, const std::string& what) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (core_.reader().contradicted() || (peer.view.head && !comparable(*peer.view.head))) return;
  // A peer with the other history cannot prove blocks of ours: that is no lie.
  if (forked() && peer.fork_side != ForkSide::same) return;
  if (forked() || !ours || peer.head_size() <= ours->tree_size) return core_.blame(peer, what);
  peer.disputed = true;
  const auto pending = growths_.find(id);
  if (pending == growths_.end()) return request_growth(id, peer, what);
  pending->second.blame_reason = what;
}

void HeadExchange::resolve_dispute(PeerId id, Peer& peer, const PendingGrowth& pending) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const bool moved = ours && ours->tree_size != pending.from.tree_size;
  peer.disputed = false;
  if (peer.gone || frozen()) return;
  if (!moved || peer.head_size() <= ours->tree_size) return core_.blame(peer, pending.blame_reason);
  peer.disputed = true;
  request_growth(id, peer, pending.blame_reason);
}

void HeadExchange::compare_shorter(Peer& peer, const feed::Checkpoint& head, const feed::Checkpoint& ours) {
  if (head == ours) return;
  const Result<std::optional<feed::ForkProof>> fork =
      feed::find_fork(core_.reader().id(), head, ours, core_.reader().tree());
  // Without the tree at the shorter size the heads cannot be compared; a peer that holds it finds the fork.
  if (!fork) return;
  if (*fork) {
    (void)try_fork_proof(peer, **fork);
    return;
  }
  if (core_.mirror() == nullptr || head.tree_size != ours.tree_size || head.time <= ours.time) return;
  if (core_.store_closed()) return;
  Result<feed::AcceptResult> result = core_.mirror()->accept(head, head.tree_size, {}, {});
  if (!result) return core_.refused(peer, result.error(), "a heartbeat does not prove");
  if (result->head_advanced) accepted(head);
}

void HeadExchange::request_growth(PeerId id, Peer& peer, std::string blame_reason) {
  if (growths_.contains(id) || core_.reader().contradicted()) return;
  // A head that cannot be stored is asked for once it can be (tick()); a peer that is in dispute, in any case.
  if (blame_reason.empty() && core_.store_closed()) return;
  waiting_.erase(id);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  PendingGrowth pending;
  pending.request = core_.fresh_id();
  if (ours) pending.from = *ours;
  pending.to = *peer.view.head;
  pending.sent = core_.now();
  pending.blame_reason = std::move(blame_reason);
  core_.send(peer, Growth{pending.request, pending.from.tree_size, pending.to.tree_size});
  growths_[id] = pending;
}

void HeadExchange::on_growth_reply(PeerId id, Peer& peer, const GrowthReply& reply) {
  const auto found = growths_.find(id);
  if (found == growths_.end() || found->second.request != reply.request) {
    const bool late = peer.given_up.growths.contains(reply.request);
    return late ? void() : core_.blame(peer, "a growth reply to no question");
  }
  const PendingGrowth pending = found->second;
  growths_.erase(found);
  if (reply.from != pending.from.tree_size || reply.to != pending.to.tree_size) {
    return core_.blame(peer, "a growth reply to another question");
  }
  if (reply.held) {
    take_growth(peer, pending, reply);
  } else if (!reply.edge.empty() || !reply.cover.empty()) {
    return core_.blame(peer, "a growth reply that contradicts itself");
  }
  if (!pending.blame_reason.empty()) return resolve_dispute(id, peer, pending);
  // Our head or the peer's may have moved meanwhile.
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const bool behind = !ours || ours->tree_size < peer.head_size();
  const bool moved = (ours ? ours->tree_size : 0) != pending.from.tree_size || peer.head_size() != pending.to.tree_size;
  if (peer.gone || !behind || !moved) return;
  // Posted: a live want that is planned before brings the rest without another question.
  core_.later([this, id] {
    Peer* still = core_.find(id);
    if (still != nullptr && still->view.head) consider(id, *still);
  });
}

void HeadExchange::take_growth(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply) {
  feed::FeedMirror* mirror = core_.mirror();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if ((ours ? ours->tree_size : 0) != pending.from.tree_size) return;
  if (ours) {
    if (!check_edge(peer, pending, reply, *ours) || mirror == nullptr) return;
    if (!mirror->knows_edge(reply.from)) {
      Result<feed::AcceptResult> learned = mirror->accept(*ours, 0, {}, reply.edge);
      if (!learned) return core_.refused(peer, learned.error(), "the edge at our head does not prove");
    }
    if (forked()) return;
  } else if (!reply.edge.empty()) {
    return core_.blame(peer, "a growth reply with a malformed edge");
  }
  Result<feed::AcceptResult> result = mirror->accept(pending.to, reply.from, {}, reply.cover);
  if (!result && result.error().code == Code::fork) return fork_found();
  if (!result) return core_.refused(peer, result.error(), "the growth of the tree does not prove");
  if (result->head_advanced) accepted(pending.to);
}

/// An edge that does not give our root shows a fork or a lie.
bool HeadExchange::check_edge(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply,
                              const feed::Checkpoint& ours) {
  const Result<merkle::RightEdge> edge = merkle::RightEdge::from_hashes(reply.from, reply.edge);
  if (!edge) {
    core_.blame(peer, "a growth reply with a malformed edge");
    return false;
  }
  const bool same = edge->root() == ours.root;
  if (forked()) {
    peer.fork_side = same ? ForkSide::same : ForkSide::other;
  } else if (!same) {
    const feed::ForkProof proof{core_.reader().id(), ours, pending.to, reply.edge, reply.cover};
    if (!try_fork_proof(peer, proof)) core_.blame(peer, "a growth reply that does not start from our head");
  }
  return same;
}

void HeadExchange::accepted(const feed::Checkpoint& head) {
  core_.tell([head](ReplicatorEvents& events) { events.on_head(head); });
  on_accepted_();
}

bool HeadExchange::try_fork_proof(Peer& peer, const feed::ForkProof& proof) {
  if (!feed::verify_fork_proof(proof)) return false;
  if (core_.mirror() != nullptr) {
    Result<void> stored = core_.mirror()->add_fork_proof(proof);
    if (!stored) core_.refused(peer, stored.error(), "cannot keep the proof of a fork");
  }
  spread_fork(proof);
  return true;
}

void HeadExchange::fork_found() {
  const std::optional<Bytes> stored = core_.reader().fork_proof();
  const auto proof = stored ? feed::decode_fork_proof(*stored) : Result<feed::ForkProof>(Error{Code::not_found, ""});
  if (proof) spread_fork(*proof);
}

void HeadExchange::spread_fork(const feed::ForkProof& proof) {
  if (std::exchange(forked_, true)) return;
  core_.log(base::LogLevel::error, "the owner of the feed signed two histories; the proof is kept");
  core_.tell([proof](ReplicatorEvents& events) { events.on_fork(proof); });
  const Fork message{feed::encode_fork_proof(proof)};
  for (const auto& [id, peer] : core_.peers()) {
    core_.send(*peer, message);
    if (!peer->gone) place(id, *peer);
  }
}

void HeadExchange::on_fork(Peer& peer, const Fork& fork) {
  Result<feed::ForkProof> proof = feed::decode_fork_proof(fork.proof);
  if (!proof || proof->feed != core_.reader().id()) return core_.blame(peer, "a fork proof that is none");
  if (forked()) {
    if (core_.reader().fork_proof() == fork.proof) return;  // ours: nothing to verify
    if (!feed::verify_fork_proof(*proof)) core_.blame(peer, "a fork proof that does not prove");
    return;
  }
  if (!try_fork_proof(peer, *proof)) core_.blame(peer, "a fork proof that does not prove");
}

void HeadExchange::forget(PeerId id) {
  growths_.erase(id);
  waiting_.erase(id);
  questions_.finish_due(caught_up());
}

void HeadExchange::expire_growth(PeerId id, Peer& peer) {
  const auto growth = growths_.find(id);
  if (growth == growths_.end() || core_.now() - growth->second.sent <= kGrowthTimeout) return;
  peer.given_up.growths.add(growth->second.request);
  const std::string blame_reason = growth->second.blame_reason;
  growths_.erase(growth);
  if (!blame_reason.empty() && !core_.reader().contradicted()) core_.blame(peer, blame_reason);
}

void HeadExchange::tick() {
  const base::MonoTime now = core_.now();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || !peer->view.head) continue;
    expire_growth(id, *peer);
    if (peer->gone || frozen() || core_.mirror() == nullptr || !comparable(*peer->view.head)) continue;
    if (ours && ours->tree_size >= peer->head_size()) {
      waiting_.erase(id);
      continue;
    }
    // The push is late, the answer was lost, or the peer lacked the nodes and may have them now.
    const auto since = waiting_.try_emplace(id, now).first;
    if (now - since->second > kPushGrace && !asked_for(peer->head_size())) request_growth(id, *peer);
  }
  questions_.finish_due(caught_up());
}

void HeadExchange::pull(PeerId id) {
  Peer* peer = core_.find(id);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (peer == nullptr || frozen() || core_.mirror() == nullptr) return;
  if (!peer->view.head || !comparable(*peer->view.head)) return;
  if (peer->head_size() > (ours ? ours->tree_size : 0)) request_growth(id, *peer);
}

bool HeadExchange::growing() const { return asked_for(0); }

bool HeadExchange::asked_for(std::uint64_t size) const {
  return std::any_of(growths_.begin(), growths_.end(), [&](const auto& item) {
    return item.second.to.tree_size >= size && core_.now() - item.second.sent < kPatience;
  });
}

bool HeadExchange::caught_up() const {
  if (frozen() || core_.mirror() == nullptr) return true;
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  return std::all_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    if (peer.gone || !peer.view.head || peer.view.head->epoch != core_.epoch()) return true;
    return peer.head_size() <= (ours ? ours->tree_size : 0);
  });
}

std::optional<std::uint64_t> HeadExchange::newest_announced() const {
  std::optional<std::uint64_t> newest;
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || !peer->view.answered) continue;
    const bool other = peer->view.head && peer->view.head->epoch != core_.epoch();
    newest = std::max(newest.value_or(0), other ? 0 : peer->head_size());
  }
  return newest;
}

}  // namespace shoal::replication
