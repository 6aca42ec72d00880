#include "replication/live/live_children.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Children beyond Limits::likes that are admitted with Urgency::missed, by a mirror and by an owner; shed() ends them.
constexpr std::size_t kExtraMissed = 2;
constexpr std::size_t kOwnExtraMissed = 1;
constexpr base::MonoTime kShedEvery = std::chrono::seconds(5);
/// Bound on all children, those with Urgency::alone included.
constexpr std::size_t kMaxLive = 64;
/// Of one peer: its want and the one that replaces it. With more of them one peer would hold every place.
constexpr std::ptrdiff_t kMaxOfOne = 2;

}  // namespace

void LiveChildren::set(PeerId id, const std::vector<Child>& wants) {
  std::erase_if(children_, [&](const Child& child) { return child.peer == id; });
  children_.insert(children_.end(), wants.begin(), wants.end());
}

std::vector<LiveChildren::Child> LiveChildren::counted(bool alone_too) const {
  std::vector<Child> out;
  for (const Child& child : children_) {
    const std::optional<TreePeer> peer = peers_.find(child.peer);
    if (peer && !peer->suspect && (alone_too || child.urgency != Urgency::alone)) out.push_back(child);
  }
  return out;
}

bool LiveChildren::passed_on(PeerId but, std::uint64_t own) const {
  bool passed = false;
  peers_.each([&](const TreePeer& peer) {
    passed = passed || (peer.id != but && !peer.child && own > 0 && peer.announced >= own);
  });
  return passed;
}

bool LiveChildren::admits(PeerId id, Urgency urgency, std::uint64_t own) const {
  const auto is_its = [&](const Child& child) { return child.peer == id; };
  if (std::ranges::count_if(children_, is_its) >= kMaxOfOne) return false;
  if (urgency == Urgency::alone) return counted(true).size() < kMaxLive;
  const std::vector<Child> live = counted(false);
  // A peer that replaces its own want needs no second place.
  const bool has = std::any_of(live.begin(), live.end(), is_its);
  if (has || live.size() < limits_.likes) return true;
  if (urgency != Urgency::missed) return false;
  const std::size_t extra = !limits_.owner ? kExtraMissed : passed_on(id, own) ? 0 : kOwnExtraMissed;
  return live.size() < limits_.likes + extra;
}

std::optional<LiveChildren::Child> LiveChildren::shed(base::MonoTime now, base::Random& random) {
  if (now - last_shed_ < kShedEvery) return std::nullopt;
  last_shed_ = now;
  const std::vector<Child> live = counted(false);
  if (live.size() <= limits_.likes) return std::nullopt;
  return live[random.below(live.size())];
}

}  // namespace shoal::replication
