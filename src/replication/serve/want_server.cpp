#include "replication/serve/want_server.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace shoal::replication {
namespace {

LiveChildren::Limits limits(const ReplicatorCore& core) {
  LiveChildren::Limits out =
      core.mirror() == nullptr ? LiveChildren::Limits::of_owner() : LiveChildren::Limits::of_mirror();
  out.likes = core.options().live_children.value_or(out.likes);
  return out;
}

/// Readers of version 1.0 do not know of busy peers.
EndReason refusal(Urgency urgency) { return urgency == Urgency::unstated ? EndReason::not_held : EndReason::busy; }

}  // namespace

WantServer::WantServer(ReplicatorCore& core, const TreePeers& peers)
    : core_(core), children_(peers, limits(core)), pacer_(core) {}

void WantServer::on_want(PeerId id, Peer& peer, const Want& want) {
  if (Result<void> sane = ServedWant::check(want); !sane) return core_.blame(peer, sane.error().message);
  Served& served = wants_[id];
  Wants& wants = served.wants;
  const bool known = std::any_of(wants.begin(), wants.end(), [&](const auto& one) { return one->id() == want.want; });
  if (known) return core_.blame(peer, "a want was named twice");
  // No lie: a reader of an older version asks for many blocks at once. Nothing is kept of it.
  if (wants.size() >= kMaxWantsPerPeer) return core_.send(peer, WantEnd{want.want, refusal(want.urgency)});
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  const bool in_reach = want.live || (head && want.tree_size <= head->tree_size);
  if (!core_.options().serve || !in_reach) return core_.send(peer, WantEnd{want.want, EndReason::not_held});
  if (want.live && !children_.admits(id, want.urgency, head ? head->tree_size : 0)) {
    return core_.send(peer, WantEnd{want.want, refusal(want.urgency)});
  }
  if (!pacer_.admits(id, want, uploads(id))) return core_.send(peer, WantEnd{want.want, EndReason::busy});
  wants.push_back(std::make_unique<ServedWant>(core_.reader(), want));
  wants.back()->set_paced(pacer_.concerns(want));
  if (!count_memory(peer, served)) {
    wants.pop_back();
    return core_.send(peer, WantEnd{want.want, refusal(want.urgency)});
  }
  update_live(id);
  pump(id);
}

void WantServer::on_credit(PeerId id, const Credit& credit) {
  Wants& wants = wants_[id].wants;
  // An unknown want is no lie: it may have ended while the credit was in transit.
  for (const auto& want : wants) {
    if (want->id() != credit.want) continue;
    want->add_credit(credit.bytes);
    if (credit.compact) want->make_compact();
  }
  pump(id);
}

void WantServer::on_cancel(PeerId id, const Cancel& cancel) {
  Served& served = wants_[id];
  std::erase_if(served.wants, [&](const auto& want) { return want->id() == cancel.want; });
  if (Peer* peer = core_.find(id)) std::ignore = count_memory(*peer, served);
  update_live(id);
}

std::size_t WantServer::uploads(PeerId but) const {
  return static_cast<std::size_t>(std::count_if(wants_.begin(), wants_.end(), [&](const auto& item) {
    const auto peer = core_.peers().find(item.first);
    if (item.first == but || peer == core_.peers().end() || peer->second->suspect) return false;
    const Wants& wants = item.second.wants;
    return std::any_of(wants.begin(), wants.end(), [](const auto& want) { return want->paced(); });
  }));
}

void WantServer::update_live(PeerId id) {
  std::vector<LiveChildren::Child> live;
  for (const auto& want : wants_[id].wants) {
    if (want->live()) live.push_back({id, want->id(), want->urgency()});
  }
  children_.set(id, live);
  if (Peer* peer = core_.find(id)) peer->has_live_want = !live.empty();
}

void WantServer::forget(PeerId id) {
  if (const auto found = wants_.find(id); found != wants_.end()) {
    // The peer may be gone for the core already, but not yet its record.
    const auto peer = core_.peers().find(id);
    if (peer != core_.peers().end()) peer->second->outbox->drop(found->second.kept);
    wants_.erase(found);
  }
  const bool used = std::any_of(wants_.begin(), wants_.end(), [](const auto& item) {
    const Wants& wants = item.second.wants;
    return std::any_of(wants.begin(), wants.end(), [](const auto& want) { return want->in_pieces(); });
  });
  if (!used) payloads_.clear();
  children_.set(id, {});
}

void WantServer::tick() {
  std::vector<PeerId> later;
  for (const auto& [id, served] : wants_) {
    if (served.later) later.push_back(id);
  }
  for (const PeerId id : later) pump(id);
  const std::optional<LiveChildren::Child> shed = children_.shed(core_.now(), core_.random());
  Peer* peer = shed ? core_.find(shed->peer) : nullptr;
  if (peer == nullptr) return;
  Served& served = wants_[shed->peer];
  Wants& wants = served.wants;
  const auto found = std::find_if(wants.begin(), wants.end(), [&](const auto& one) { return one->id() == shed->want; });
  if (found == wants.end() || (*found)->urgency() == Urgency::unstated || (*found)->in_the_middle()) return;
  core_.send(*peer, WantEnd{shed->want, EndReason::busy});
  wants.erase(found);
  std::ignore = count_memory(*peer, served);
  update_live(shed->peer);
}

void WantServer::pump_all() {
  for (const auto& [id, peer] : core_.peers()) pump(id);
}

void WantServer::pump(PeerId id) {
  const auto found = wants_.find(id);
  Peer* peer = core_.find(id);
  if (found == wants_.end() || peer == nullptr) return;
  Served& served = found->second;
  Wants& wants = served.wants;
  ReadTurn turn(peer->budgets->reads, core_.now());
  served.later = false;
  bool progress = true;
  while (progress && !peer->gone) {
    progress = false;
    // Live wants until they wait, then one message of each other want in turn.
    for (std::size_t i = 0; i < wants.size(); ++i) {
      const std::size_t before = wants.size();
      while (peer->outbox->queued() < kQueueLimit && send_next(*peer, served, i, turn)) {
        progress = true;
        if (wants.size() < before || !wants[i]->live()) break;
      }
      if (wants.size() < before) --i;
    }
  }
  if (!served.later || !turn.over() || std::exchange(served.posted, true)) return;
  core_.later([this, id] {
    if (const auto still = wants_.find(id); still != wants_.end()) still->second.posted = false;
    pump(id);
  });
}

bool WantServer::count_memory(Peer& peer, Served& served) {
  std::size_t bytes = 0;
  for (const auto& want : served.wants) bytes += want->memory();
  if (bytes > served.kept && !peer.outbox->keep(bytes - served.kept)) return false;
  if (bytes < served.kept) peer.outbox->drop(served.kept - bytes);
  served.kept = bytes;
  return true;
}

bool WantServer::waits_for_another(const Wants& wants, std::size_t index) {
  const auto takes_pieces = [](const auto& want) { return !want->live() && want->in_pieces() && !want->starved(); };
  const auto self = wants.begin() + static_cast<std::ptrdiff_t>(index);
  return takes_pieces(*self) && std::any_of(wants.begin(), self, takes_pieces);
}

bool WantServer::send_next(Peer& peer, Served& served, std::size_t index, ReadTurn& turn) {
  Wants& wants = served.wants;
  if (waits_for_another(wants, index)) return false;
  ServedWant& want = *wants[index];
  Result<ServedWant::Step> step = want.next(payloads_, turn);
  if (!step) {
    core_.log(base::LogLevel::error, "cannot serve a want: " + step.error().message);
    step = ServedWant::Step(WantEnd{want.id(), EndReason::not_held});
  }
  if (!count_memory(peer, served)) {
    // Not blamed: a reader cannot know how many partitions its topics have.
    step = ServedWant::Step(WantEnd{want.id(), refusal(want.urgency())});
  }
  if (const auto* wait = std::get_if<ServedWant::Wait>(&*step)) {
    served.later = served.later || wait->later;
    return false;
  }
  if (auto* data = std::get_if<Data>(&*step)) {
    if (data->with_head) peer.notified_head = data->head;
    core_.send(peer, std::move(*data), !want.live());
  } else if (auto* push = std::get_if<Push>(&*step)) {
    peer.notified_head = want.sent_head();
    core_.send(peer, std::move(*push));
  } else if (auto* piece = std::get_if<Piece>(&*step)) {
    core_.send(peer, std::move(*piece), !want.live());
  } else {
    // Bulk like the data: it must not overtake it.
    core_.send(peer, std::get<WantEnd>(*step), !want.live());
    wants.erase(wants.begin() + static_cast<std::ptrdiff_t>(index));
    std::ignore = count_memory(peer, served);
    update_live(peer.view.id);
  }
  return true;
}

}  // namespace shoal::replication
