#include "replication/live/announcement_policy.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Heads that come within this time are kept as one.
constexpr base::MonoTime kApart = std::chrono::milliseconds(50);
/// If after this long only our direct children announced a record, announce it to a few other peers, which take it.
constexpr base::MonoTime kNotPassedOn = std::chrono::milliseconds(400);
constexpr std::size_t kHelpers = 2;

}  // namespace

bool AnnouncementPolicy::on_head(std::uint64_t size, base::MonoTime now) {
  if (!growths_.empty() && growths_.back().size >= size) return false;
  if (growths_.size() > 1 && now - growths_.back().at < kApart) {
    growths_.back().size = size;
  } else {
    growths_.push_back({size, now});
  }
  while (growths_.size() > 1 && growths_[1].at <= now - kAnyway) growths_.erase(growths_.begin());
  return true;
}

std::uint64_t AnnouncementPolicy::size_at(base::MonoTime then) const {
  std::uint64_t size = 0;
  for (const Growth& growth : growths_) {
    if (growth.at <= then) size = growth.size;
  }
  return size;
}

std::vector<PeerId> AnnouncementPolicy::due(base::MonoTime now) {
  if (growths_.empty()) return {};
  const std::uint64_t own = growths_.back().size;
  const std::uint64_t due_size = size_at(now - kLazily);
  const std::uint64_t overdue = size_at(now - kAnyway);
  std::vector<PeerId> out;
  peers_.each([&](const TreePeer& peer) {
    if (peer.notified >= own || peer.suspect) return;
    // Such a peer is behind, has our head already, or heard nothing for kAnyway: no second request comes of it.
    const bool harmless = peer.announced < due_size || peer.announced >= own || peer.notified < overdue;
    if ((peer.notified < due_size && (!owner_ || harmless)) || (!owner_ && peer.announced < own))
      out.push_back(peer.id);
  });
  if (!owner_) return out;
  for (const PeerId id : helpers(now)) {
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  }
  return out;
}

std::vector<PeerId> AnnouncementPolicy::helpers(base::MonoTime now) {
  const std::uint64_t own = growths_.back().size;
  bool pushed = false;
  std::uint64_t known = 0;
  std::vector<TreePeer> idle;
  peers_.each([&](const TreePeer& peer) {
    pushed = pushed || (peer.child && !peer.suspect);
    if (peer.child) return;
    known = std::max(known, peer.announced);
    if (!peer.suspect && peer.notified < own) idle.push_back(peer);
  });
  // Without children no peer can pass the record on: no reason to wait.
  const base::MonoTime patience = pushed ? kNotPassedOn : base::MonoTime{0};
  if (idle.empty() || now - last_help_ < patience || known >= size_at(now - patience)) return {};
  last_help_ = now;
  const std::size_t count = std::min(kHelpers, idle.size());
  std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(count), idle.end(),
                    [](const TreePeer& a, const TreePeer& b) { return a.round_trip < b.round_trip; });
  std::vector<PeerId> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(idle[i].id);
  return out;
}

}  // namespace shoal::replication
