#include "replication/announcer.h"

#include "replication/heads/have_report.h"

#include <optional>
#include <utility>

namespace shoal::replication {
namespace {

/// The last run of a complete holder grows with its heads, and nothing else changed.
bool follows_from_heads(const Have& before, const Have& now) {
  if (!before.complete || !now.complete || before.ranges.size() != now.ranges.size()) return false;
  Have grown = before;
  if (!now.ranges.empty()) grown.ranges.back().end = now.ranges.back().end;
  return grown == now;
}

}  // namespace

bool Announcer::announce_head() {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (!head) return false;
  const bool grew = policy_.on_head(head->tree_size, core_.now());
  // A heartbeat (same size, newer time) goes at once to every peer that knows the size and not this signature.
  for (const auto& [id, peer] : core_.peers()) {
    const bool same_size = peer->notified_head && peer->notified_head->tree_size == head->tree_size;
    if (!peer->gone && same_size && peer->notified_head != head && peer->view.head != head) heads_.announce(*peer);
  }
  send_due_heads();
  return grew;
}

void Announcer::send_due_heads() {
  for (const PeerId id : policy_.due(core_.now())) {
    if (Peer* peer = core_.find(id)) heads_.announce(*peer);
  }
}

void Announcer::send_changed_have() {
  if (std::exchange(held_changed_, false)) send_have();
}

void Announcer::send_have() {
  Have have = report_have(core_.reader(), core_.options().serve);
  if (have == last_have_) return;
  const bool implied = follows_from_heads(last_have_, have);
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone && !implied) core_.send(*peer, have);
  }
  last_have_ = std::move(have);
}

}  // namespace shoal::replication
