#include "replication/want_server.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Live wants served without being asked twice: of mirrored feeds, and of own ones, whose owner's line is the one that
/// the whole swarm hangs on.
constexpr std::size_t kChildren = 6;
constexpr std::size_t kOwnChildren = 2;
/// So many more for readers whom others failed; they are shed again.
constexpr std::size_t kExtraMissed = 2;
constexpr std::size_t kOwnExtraMissed = 1;
constexpr base::MonoTime kShedEvery = std::chrono::seconds(5);
/// Readers that have nobody else are served up to this number.
constexpr std::size_t kMaxLive = 64;

}  // namespace

void WantServer::on_want(PeerId id, Peer& peer, const Want& want) {
  if (Result<void> sane = ServedWant::check(want); !sane) return core_.blame(peer, sane.error().message);
  Wants& wants = wants_[id];
  const bool known = std::any_of(wants.begin(), wants.end(), [&](const auto& one) { return one->id() == want.want; });
  if (known) return core_.blame(peer, "a want was named twice");
  if (wants.size() >= kMaxWantsPerPeer) return core_.blame(peer, "more wants than allowed");
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  const bool in_reach = want.live || (head && want.tree_size <= head->tree_size);
  if (!core_.options().serve || !in_reach) return core_.send(peer, WantEnd{want.want, EndReason::not_held});
  if (want.live && !room_for(id, want)) {
    const bool old = want.urgency == Urgency::unstated;
    return core_.send(peer, WantEnd{want.want, old ? EndReason::not_held : EndReason::busy});
  }
  if (!pacer_.admits(id, want, uploads(id))) return core_.send(peer, WantEnd{want.want, EndReason::busy});
  wants.push_back(std::make_unique<ServedWant>(core_.reader(), want));
  wants.back()->set_paced(pacer_.concerns(want));
  note_live(id);
  pump(id);
}

void WantServer::on_credit(PeerId id, Peer& peer, const Credit& credit) {
  Wants& wants = wants_[id];
  // Credit for a want that ended meanwhile is on its way now and then; the name alone proves nothing.
  for (const auto& want : wants) {
    if (want->id() != credit.want) continue;
    want->add_credit(credit.bytes);
    if (credit.compact) want->make_compact();
  }
  if (!peer.gone) pump(id);
}

void WantServer::on_cancel(PeerId id, const Cancel& cancel) {
  std::erase_if(wants_[id], [&](const auto& want) { return want->id() == cancel.want; });
  note_live(id);
}

std::size_t WantServer::uploads(PeerId but) const {
  return static_cast<std::size_t>(std::count_if(wants_.begin(), wants_.end(), [&](const auto& item) {
    const auto peer = core_.peers().find(item.first);
    if (item.first == but || peer == core_.peers().end() || peer->second->suspect) return false;
    return std::any_of(item.second.begin(), item.second.end(), [](const auto& want) { return want->paced(); });
  }));
}

std::size_t WantServer::children() const {
  return core_.options().live_children.value_or(core_.mirror() == nullptr ? kOwnChildren : kChildren);
}

std::vector<std::pair<PeerId, std::uint64_t>> WantServer::live_wants(bool alone_too) const {
  std::vector<std::pair<PeerId, std::uint64_t>> out;
  for (const auto& [id, wants] : wants_) {
    const auto peer = core_.peers().find(id);
    if (peer == core_.peers().end() || peer->second->gone || peer->second->suspect) continue;
    for (const auto& want : wants) {
      if (want->live() && (alone_too || want->urgency() != Urgency::alone)) out.emplace_back(id, want->id());
    }
  }
  return out;
}

/// Somebody but this peer and those we push to announced our newest head: the children do their work.
bool WantServer::passed_on(PeerId but) const {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != but && !peer.gone && !peer.has_live_want && ours && peer.head_size() >= ours->tree_size;
  });
}

bool WantServer::room_for(PeerId id, const Want& want) const {
  if (want.urgency == Urgency::alone) return live_wants(true).size() < kMaxLive;
  const auto live = live_wants(false);
  const std::size_t extra = core_.mirror() != nullptr ? kExtraMissed : passed_on(id) ? 0 : kOwnExtraMissed;
  // A peer that replaces its own want takes no more than it has.
  const bool has = std::any_of(live.begin(), live.end(), [&](const auto& one) { return one.first == id; });
  return has || live.size() < children() + (want.urgency == Urgency::missed ? extra : 0);
}

void WantServer::note_live(PeerId id) {
  Peer* peer = core_.find(id);
  if (peer == nullptr) return;
  const Wants& wants = wants_[id];
  peer->has_live_want = std::any_of(wants.begin(), wants.end(), [](const auto& one) { return one->live(); });
}

/// Those who were let in beyond the number because something failed, or any other: whom it hits asks elsewhere. So a
/// child that passes nothing on does not keep its place for ever.
void WantServer::tick() {
  if (core_.now() - last_shed_ < kShedEvery) return;
  last_shed_ = core_.now();
  const auto live = live_wants(false);
  if (live.size() <= children()) return;
  const auto& picked = live[core_.fresh_id() % live.size()];
  const PeerId id = picked.first;
  const std::uint64_t name = picked.second;
  Wants& wants = wants_[id];
  const auto found = std::find_if(wants.begin(), wants.end(), [&](const auto& one) { return one->id() == name; });
  if ((*found)->urgency() == Urgency::unstated || (*found)->in_the_middle()) return;
  core_.send(*core_.find(id), WantEnd{name, EndReason::busy});
  wants.erase(found);
  note_live(id);
}

void WantServer::pump_all() {
  for (const auto& [id, peer] : core_.peers()) pump(id);
}

void WantServer::pump(PeerId id) {
  const auto found = wants_.find(id);
  Peer* peer = core_.find(id);
  if (found == wants_.end() || peer == nullptr) return;
  Wants& wants = found->second;
  bool progress = true;
  while (progress && !peer->gone) {
    progress = false;
    // Live wants until they wait, then one message of each other want in turn.
    for (std::size_t i = 0; i < wants.size(); ++i) {
      const std::size_t before = wants.size();
      while (peer->outbox->queued() < kQueueLimit && send_next(*peer, wants, i)) {
        progress = true;
        if (wants.size() < before || !wants[i]->live()) break;
      }
      if (wants.size() < before) --i;
    }
    if (peer->outbox->queued() >= kQueueLimit) break;
  }
}

bool WantServer::send_next(Peer& peer, Wants& wants, std::size_t index) {
  ServedWant& want = *wants[index];
  Result<ServedWant::Step> step = want.next(payloads_);
  if (!step) {
    core_.log(base::LogLevel::error, "cannot serve a want: " + step.error().message);
    step = ServedWant::Step(WantEnd{want.id(), EndReason::not_held});
  }
  if (std::holds_alternative<ServedWant::Wait>(*step)) return false;
  if (auto* data = std::get_if<Data>(&*step)) {
    if (data->with_head) peer.told_head = data->head;
    core_.send(peer, std::move(*data), !want.live());
  } else if (auto* push = std::get_if<Push>(&*step)) {
    peer.told_head = want.sent_head();
    core_.send(peer, std::move(*push));
  } else if (auto* piece = std::get_if<Piece>(&*step)) {
    core_.send(peer, std::move(*piece), !want.live());
  } else {
    // Bulk too: it must not pass the data that it ends.
    core_.send(peer, std::get<WantEnd>(*step), !want.live());
    wants.erase(wants.begin() + static_cast<std::ptrdiff_t>(index));
  }
  return true;
}

}  // namespace shoal::replication
