#include "replication/session/ban_list.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr unsigned kMaxDoublings = 8;

}  // namespace

BanList::Node& BanList::node(const PublicKey& key, base::MonoTime now) {
  const auto found = nodes_.find(key);
  if (found != nodes_.end() && found->second.forget > now) return found->second;
  if (found != nodes_.end()) return found->second = Node{};
  if (nodes_.size() >= kMaxNodes) {
    std::erase_if(nodes_, [&](const auto& item) { return item.second.forget <= now; });
  }
  if (nodes_.size() >= kMaxNodes) {
    nodes_.erase(std::min_element(nodes_.begin(), nodes_.end(),
                                  [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  return nodes_[key];
}

void BanList::ban(Node& node, base::MonoTime now) {
  const unsigned doublings = std::min<unsigned>(node.offences, kMaxDoublings);
  node.offences = static_cast<std::uint8_t>(std::min(node.offences + 1, 255));
  node.floods = 0;
  node.until = now + std::min(kLongestBan, kFirstBan * (1U << doublings));
  node.forget = node.until + kMemory;
}

void BanList::lied(const PublicKey& key, base::MonoTime now) { ban(node(key, now), now); }

void BanList::flooded(const PublicKey& key, base::MonoTime now) {
  Node& seen = node(key, now);
  const double faded = std::chrono::duration<double>(now - seen.flood_time) / kFloodMemory;
  seen.floods = std::max(0.0, seen.floods - faded) + 1;
  seen.flood_time = now;
  // One less: the decay between the floods of one series must not save the peer from the ban.
  if (seen.floods > kFloodsToBan - 1) return ban(seen, now);
  seen.forget = std::max(seen.forget, now + kFloodMemory * kFloodsToBan);
}

bool BanList::refuses(const PublicKey& key, base::MonoTime now) const {
  const auto found = nodes_.find(key);
  return found != nodes_.end() && found->second.until > now;
}

std::vector<BanList::Saved> BanList::save(base::MonoTime now) const {
  std::vector<Saved> out;
  for (const auto& [key, node] : nodes_) {
    if (node.until > now) out.push_back({key, node.until - now, node.offences});
  }
  std::stable_sort(out.begin(), out.end(), [](const Saved& a, const Saved& b) { return a.left > b.left; });
  if (out.size() > kMaxSaved) out.resize(kMaxSaved);
  return out;
}

void BanList::load(const std::vector<Saved>& saved, base::MonoTime now) {
  for (const Saved& row : saved) {
    Node& loaded = node(row.node, now);
    loaded.until = now + std::min(row.left, kLongestBan);
    loaded.forget = loaded.until + kMemory;
    loaded.offences = row.offences;
  }
}

}  // namespace shoal::replication
