#pragma once

#include "base/clock.h"
#include "base/token_bucket.h"
#include "replication/peers/message_budget.h"
#include "replication/peers/read_budget.h"

#include <shoal/types.h>

#include <cstddef>
#include <map>
#include <memory>

namespace shoal::replication {

/// Work of one kind that all peers of a feed may cause together, beside what each may. A peer's own share is always
/// there for it, so no peer, and no number of them, takes the last of it from another one. Pure state.
class FairBudget {
 public:
  explicit FairBudget(base::TokenBucket::Rate all) : all_(all) {}

  /// `share` is the peer's own.
  [[nodiscard]] bool take(base::TokenBucket& share, base::MonoTime now) {
    return share.take(1, now) || all_.take(1, now);
  }

 private:
  base::TokenBucket all_;
};

/// What one peer may make us do for a feed.
struct PeerBudgets {
  MessageBudget messages;
  ReadBudget reads;
  base::TokenBucket head_share{{1, 4}};     ///< of heads that are verified
  base::TokenBucket growth_share{{5, 20}};  ///< of growth that is proven
};

/// The budgets of the peers of one feed, by node key: a peer that leaves and comes back finds them as it left them, in
/// the same session or another one. Otherwise to close and open the feed would fill them again.
class BudgetBook {
 public:
  /// Of peers that left.
  static constexpr std::size_t kMaxKept = 1024;

  /// Of a peer that comes now. A zero key names nobody: its budgets are its own.
  [[nodiscard]] std::shared_ptr<PeerBudgets> of(const PublicKey& node, base::MonoTime now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<PeerBudgets> budgets;
    base::MonoTime came{0};
  };
  /// Forgets the peer that left and came first.
  void trim();

  std::map<PublicKey, Entry> entries_;
};

}  // namespace shoal::replication
