#include "replication/head_exchange.h"

#include "replication/have_report.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// How long a head that a push should bring may stay away before growth is asked for.
constexpr base::MonoTime kPushGrace = std::chrono::milliseconds(500);
/// An unanswered question keeps others from being asked the same for so long.
constexpr base::MonoTime kPatience = std::chrono::seconds(1);
constexpr base::MonoTime kGrowthTimeout = std::chrono::seconds(5);
constexpr std::size_t kMaxStale = 256;

}  // namespace

void HeadExchange::greet(Peer& peer) {
  if (const std::optional<Bytes> proof = core_.reader().fork_proof()) {
    forked_ = true;
    if (proof->size() <= feed::kMaxForkProofSize) core_.send(peer, Fork{*proof});
  }
  announce(peer);
  core_.send(peer, report_have(core_.reader(), core_.options().serve));
}

void HeadExchange::announce(Peer& peer) {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (!head) return core_.send(peer, NoHead{});
  peer.told_head = head;
  core_.send(peer, Head{*head});
}

void HeadExchange::announce_all() {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (!head) return;
  for (const auto& [id, peer] : core_.peers()) {
    // Who pushed it to us has it; it is told with the next tick that we have it too.
    if (!peer->gone && peer->told_head != head && peer->pushed_head != head) announce(*peer);
  }
}

void HeadExchange::announce_late() {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone && head && peer->told_head != head && peer->pushed_head == head) announce(*peer);
  }
}

bool HeadExchange::check_signature(Peer& peer, const feed::Checkpoint& head) {
  // Our own head, which a peer echoes, was verified when it was taken.
  if (last_verified_ == head || core_.reader().head() == head) return true;
  if (Result<void> good = feed::verify_checkpoint(core_.reader().id(), head); !good) {
    core_.blame(peer, "a head that the feed's key did not sign: " + good.error().message);
    return false;
  }
  last_verified_ = head;
  return true;
}

void HeadExchange::on_head(PeerId id, Peer& peer, const feed::Checkpoint& head) {
  if (!check_signature(peer, head)) return;
  const bool back = peer.view.head && peer.view.head->epoch == head.epoch && head.tree_size < peer.view.head->tree_size;
  if (back) return core_.blame(peer, "its head went back");
  if (peer.view.head != head) peer.lacking.clear();
  peer.view.head = head;
  answered(id);
  consider(id, peer);
}

void HeadExchange::on_no_head(PeerId id, Peer& peer) {
  if (peer.view.head) return core_.blame(peer, "its head went back to none");
  answered(id);
}

void HeadExchange::consider(PeerId id, Peer& peer) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const feed::Checkpoint head = *peer.view.head;
  if (forked_) return;
  if (!ours) {
    if (core_.mirror() != nullptr) request_growth(id, peer);
    return;
  }
  if (head.epoch != ours->epoch) {
    return core_.log(base::LogLevel::warning, "a peer is at another epoch of the feed");
  }
  if (head.tree_size <= ours->tree_size) return compare_shorter(peer, head, *ours);
  if (core_.mirror() == nullptr) {
    return core_.log(base::LogLevel::warning, "a peer has a longer head of our own feed");
  }
  if (may_wait_() && !waiting_.contains(id)) {
    waiting_[id] = core_.now();
    return;
  }
  if (!may_wait_()) request_growth(id, peer);
}

void HeadExchange::compare_shorter(Peer& peer, const feed::Checkpoint& head, const feed::Checkpoint& ours) {
  if (head == ours) return;
  const Result<std::optional<feed::ForkProof>> fork =
      feed::find_fork(core_.reader().id(), head, ours, core_.reader().tree());
  // Without the tree at the shorter size nothing can be said; a peer that holds it will.
  if (!fork) return;
  if (*fork) {
    (void)try_fork_proof(peer, **fork);
    return;
  }
  if (core_.mirror() == nullptr || head.tree_size != ours.tree_size || head.time <= ours.time) return;
  Result<feed::AcceptResult> result = core_.mirror()->accept(head, head.tree_size, {}, {});
  if (!result) return core_.refused(peer, result.error(), "a heartbeat does not prove");
  if (result->head_advanced) accepted(head);
}

void HeadExchange::request_growth(PeerId id, Peer& peer) {
  if (growths_.contains(id)) return;
  waiting_.erase(id);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  PendingGrowth pending;
  pending.request = core_.fresh_id();
  if (ours) pending.from = *ours;
  pending.to = *peer.view.head;
  pending.sent = core_.now();
  core_.send(peer, Growth{pending.request, pending.from.tree_size, pending.to.tree_size});
  growths_[id] = pending;
}

void HeadExchange::on_growth_reply(PeerId id, Peer& peer, const GrowthReply& reply) {
  const auto found = growths_.find(id);
  if (found == growths_.end() || found->second.request != reply.request) {
    const bool late = std::find(stale_.begin(), stale_.end(), reply.request) != stale_.end();
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
  // Our head or the peer's may have moved meanwhile.
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const bool behind = !ours || ours->tree_size < peer.head_size();
  const bool moved = (ours ? ours->tree_size : 0) != pending.from.tree_size || peer.head_size() != pending.to.tree_size;
  if (peer.gone || !behind || !moved) return;
  // Later: a live want that is asked for meanwhile brings the rest without another question.
  core_.later([this, id] {
    Peer* still = core_.find(id);
    if (still != nullptr && still->view.head) consider(id, *still);
  });
}

void HeadExchange::take_growth(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply) {
  feed::FeedMirror& mirror = *core_.mirror();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if ((ours ? ours->tree_size : 0) != pending.from.tree_size) return;
  if (ours) {
    // The edge at our own size: known, or learned from the reply; one that does not fit our root shows a fork or a lie.
    Result<merkle::RightEdge> edge = merkle::RightEdge::from_hashes(reply.from, reply.edge);
    if (!edge) return core_.blame(peer, "a growth reply with a malformed edge");
    if (edge->root() != ours->root) {
      feed::ForkProof proof{core_.reader().id(), *ours, pending.to, reply.edge, reply.cover};
      if (!try_fork_proof(peer, proof)) core_.blame(peer, "a growth reply that does not start from our head");
      return;
    }
    if (!mirror.knows_edge(reply.from)) {
      Result<feed::AcceptResult> learned = mirror.accept(*ours, 0, {}, reply.edge);
      if (!learned) return core_.refused(peer, learned.error(), "the edge at our head does not prove");
    }
  } else if (!reply.edge.empty()) {
    return core_.blame(peer, "a growth reply with a malformed edge");
  }
  Result<feed::AcceptResult> result = mirror.accept(pending.to, reply.from, {}, reply.cover);
  if (!result && result.error().code == Code::fork) return fork_found();
  if (!result) return core_.refused(peer, result.error(), "the growth of the tree does not prove");
  if (result->head_advanced) accepted(pending.to);
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
  fork_found();
  const Fork message{feed::encode_fork_proof(proof)};
  for (const auto& [id, other] : core_.peers()) core_.send(*other, message);
  return true;
}

void HeadExchange::fork_found() {
  if (std::exchange(forked_, true)) return;
  core_.log(base::LogLevel::error, "the owner of the feed signed two histories; the proof is kept");
  core_.tell([](ReplicatorEvents& events) { events.on_fork(); });
}

void HeadExchange::on_fork(Peer& peer, const Fork& fork) {
  Result<feed::ForkProof> proof = feed::decode_fork_proof(fork.proof);
  if (!proof || proof->feed != core_.reader().id()) return core_.blame(peer, "a fork proof that is none");
  if (forked_) {
    if (!feed::verify_fork_proof(*proof)) core_.blame(peer, "a fork proof that does not prove");
    return;
  }
  if (!try_fork_proof(peer, *proof)) core_.blame(peer, "a fork proof that does not prove");
}

void HeadExchange::forget(PeerId id) {
  growths_.erase(id);
  waiting_.erase(id);
  settle_questions();
}

void HeadExchange::tick() {
  announce_late();
  const base::MonoTime now = core_.now();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || !peer->view.head || forked_ || core_.mirror() == nullptr) continue;
    const auto growth = growths_.find(id);
    if (growth != growths_.end() && now - growth->second.sent > kGrowthTimeout) {
      stale_.push_back(growth->second.request);
      if (stale_.size() > kMaxStale) stale_.pop_front();
      growths_.erase(growth);
    }
    if (ours && ours->tree_size >= peer->head_size()) {
      waiting_.erase(id);
      continue;
    }
    // A push that stays away, an answer that never came, or a refusal that may be over by now.
    const auto since = waiting_.try_emplace(id, now).first;
    if (now - since->second > kPushGrace && !asked_for(peer->head_size())) request_growth(id, *peer);
  }
  settle_questions();
}

void HeadExchange::pull(PeerId id) {
  Peer* peer = core_.find(id);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (peer == nullptr || forked_ || core_.mirror() == nullptr) return;
  if (peer->head_size() > (ours ? ours->tree_size : 0)) request_growth(id, *peer);
}

bool HeadExchange::growing() const { return asked_for(0); }

/// Somebody was asked for as much a moment ago.
bool HeadExchange::asked_for(std::uint64_t size) const {
  return std::any_of(growths_.begin(), growths_.end(), [&](const auto& item) {
    return item.second.to.tree_size >= size && core_.now() - item.second.sent < kPatience;
  });
}

void HeadExchange::ask(base::MonoTime settle, base::MonoTime timeout, std::function<void(bool)> done) {
  Question question;
  question.settle = settle;
  question.deadline = core_.now() + timeout;
  question.last_answer = core_.now();
  question.done = std::move(done);
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->greeted) core_.send(*peer, AskHead{});
  }
  questions_.push_back(std::move(question));
}

void HeadExchange::answered(PeerId id) {
  for (Question& question : questions_) {
    question.answered[id] = true;
    question.last_answer = core_.now();
  }
}

void HeadExchange::settle_questions() {
  const base::MonoTime now = core_.now();
  for (std::size_t i = 0; i < questions_.size();) {
    Question& question = questions_[i];
    bool all = true;
    bool any = false;
    // Peers that know no head either leave the question open: one that does may be on its way.
    bool head_known = core_.reader().head().has_value();
    for (const auto& [id, peer] : core_.peers()) {
      if (peer->gone) continue;
      const bool has = question.answered.contains(id);
      any = any || has;
      all = all && has;
      head_known = head_known || peer->view.head.has_value();
    }
    any = any && head_known;
    const bool settled = all && any && caught_up() && now - question.last_answer >= question.settle;
    if (!settled && now < question.deadline) {
      ++i;
      continue;
    }
    core_.later([done = std::move(question.done), any] { done(any); });
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

bool HeadExchange::caught_up() const {
  if (forked_ || core_.mirror() == nullptr) return true;
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  return std::all_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    if (peer.gone || !peer.view.head || (ours && peer.view.head->epoch != ours->epoch)) return true;
    return peer.head_size() <= (ours ? ours->tree_size : 0);
  });
}

std::optional<std::uint64_t> HeadExchange::newest_announced() const {
  std::optional<std::uint64_t> newest;
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || !peer->view.answered) continue;
    newest = std::max(newest.value_or(0), peer->head_size());
  }
  return newest;
}

}  // namespace shoal::replication
