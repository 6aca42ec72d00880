#include "replication/want_server.h"

#include <algorithm>

namespace shoal::replication {

void WantServer::on_want(PeerId id, Peer& peer, const Want& want) {
  if (Result<void> sane = ServedWant::check(want); !sane) return core_.blame(peer, sane.error().message);
  Wants& wants = wants_[id];
  const bool known = std::any_of(wants.begin(), wants.end(), [&](const auto& one) { return one->id() == want.want; });
  if (known) return core_.blame(peer, "a want was named twice");
  if (wants.size() >= kMaxWantsPerPeer) return core_.blame(peer, "more wants than allowed");
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  const bool in_reach = want.live || (head && want.tree_size <= head->tree_size);
  if (!core_.options().serve || !in_reach) return core_.send(peer, WantEnd{want.want, EndReason::not_held});
  wants.push_back(std::make_unique<ServedWant>(core_.reader(), want));
  pump(id);
}

void WantServer::on_credit(PeerId id, Peer& peer, const Credit& credit) {
  Wants& wants = wants_[id];
  // Credit for a want that ended meanwhile is on its way now and then; the name alone proves nothing.
  for (const auto& want : wants) {
    if (want->id() == credit.want) want->add_credit(credit.bytes);
  }
  if (!peer.gone) pump(id);
}

void WantServer::on_cancel(PeerId id, const Cancel& cancel) {
  std::erase_if(wants_[id], [&](const auto& want) { return want->id() == cancel.want; });
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
