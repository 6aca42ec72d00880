#include "node/feeds/received_receipts.h"

namespace shoal::node {

bool ReceivedReceipts::put(const feed::Receipt& receipt) {
  if (replace(receipt)) return true;
  const bool named = is_named_ && is_named_(receipt.node_key);
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxMirrors && !make_room(named)) return false;
  kept_[receipt.node_key] = Kept{receipt, ++heard_, named};
  changed_.insert(receipt.node_key);
  return true;
}

bool ReceivedReceipts::replace(const feed::Receipt& receipt) {
  const std::lock_guard lock(mutex_);
  const auto known = kept_.find(receipt.node_key);
  if (known == kept_.end()) return false;
  known->second.receipt = receipt;
  known->second.heard = ++heard_;
  changed_.insert(receipt.node_key);
  return true;
}

bool ReceivedReceipts::make_room(bool named) {
  auto oldest = kept_.end();
  for (auto one = kept_.begin(); one != kept_.end(); ++one) {
    if (one->second.named && !named) continue;
    const bool before = oldest == kept_.end() || one->second.named < oldest->second.named ||
                        (one->second.named == oldest->second.named && one->second.heard < oldest->second.heard);
    if (before) oldest = one;
  }
  if (oldest == kept_.end()) return false;
  changed_.insert(oldest->first);
  kept_.erase(oldest);
  return true;
}

std::vector<feed::Receipt> ReceivedReceipts::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<feed::Receipt> receipts;
  receipts.reserve(kept_.size());
  for (const auto& [key, one] : kept_) receipts.push_back(one.receipt);
  return receipts;
}

ReceivedReceipts::Changes ReceivedReceipts::take_changes() {
  const std::lock_guard lock(mutex_);
  Changes changes;
  for (const PublicKey& key : changed_) {
    const auto one = kept_.find(key);
    if (one == kept_.end()) {
      changes.dropped.push_back(key);
    } else {
      changes.kept.push_back(one->second.receipt);
    }
  }
  changed_.clear();
  return changes;
}

}  // namespace shoal::node
