#include "replication/peers/peer_budgets.h"

#include <algorithm>

namespace shoal::replication {

std::shared_ptr<PeerBudgets> BudgetBook::of(const PublicKey& node, base::MonoTime now) {
  if (node == PublicKey{}) return std::make_shared<PeerBudgets>();
  Entry& entry = entries_[node];
  if (!entry.budgets) entry.budgets = std::make_shared<PeerBudgets>();
  entry.came = now;
  std::shared_ptr<PeerBudgets> out = entry.budgets;
  trim();
  return out;
}

void BudgetBook::trim() {
  if (entries_.size() <= kMaxKept) return;
  auto first = entries_.end();
  std::size_t left = 0;
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.budgets.use_count() > 1) continue;
    ++left;
    if (first == entries_.end() || at->second.came < first->second.came) first = at;
  }
  if (left > kMaxKept) entries_.erase(first);
}

}  // namespace shoal::replication
