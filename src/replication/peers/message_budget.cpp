#include "replication/peers/message_budget.h"

namespace shoal::replication {
namespace {

using Rate = base::TokenBucket::Rate;
using Limit = MessageBudget::Limit;

/// Topic-state entries for one token: each has to be proven and encoded.
constexpr double kEntriesPerToken = 16;
/// A look-up by time is a binary search in the feed's blocks, one by offset a single read.
constexpr double kTokensByTime = 32;
/// Ranges of a Have message for one token.
constexpr double kRangesPerToken = 64;

/// Bursts are sized for honest peers behind a line that stalled: their messages of that time arrive at once.
struct LimitOf {
  using Answer = std::optional<Limit>;

  Answer operator()(const Ping&) const { return Limit{Rate{20, 200}, 1}; }
  Answer operator()(const AskHead&) const { return Limit{Rate{200, 2'000}, 1}; }
  Answer operator()(const Growth&) const { return Limit{Rate{500, 5'000}, 1}; }
  Answer operator()(const TopicStateRequest& ask) const {
    const double entries = std::min<double>(ask.count, kMaxTopicEntries);
    return Limit{Rate{500, 8'000}, 1 + entries / kEntriesPerToken};
  }
  Answer operator()(const Lookup& ask) const {
    return Limit{Rate{5'000, 10'000}, ask.by == LookupBy::time ? kTokensByTime : 1};
  }
  // Each makes us verify a signature, a fork proof two.
  Answer operator()(const Head&) const { return Limit{Rate{500, 10'000}, 1}; }
  Answer operator()(const Fork&) const { return Limit{Rate{2, 20}, 1}; }
  Answer operator()(const ReceiptMessage&) const { return Limit{Rate{50, 500}, 1}; }
  Answer operator()(const NoHead&) const { return Limit{Rate{200, 2'000}, 1}; }
  Answer operator()(const Have& have) const {
    return Limit{Rate{2'000, 20'000}, 1 + static_cast<double>(have.ranges.size()) / kRangesPerToken};
  }
  Answer operator()(const Want&) const { return Limit{Rate{5'000, 10'000}, 1}; }
  Answer operator()(const Credit&) const { return Limit{Rate{20'000, 40'000}, 1}; }
  Answer operator()(const Cancel&) const { return Limit{Rate{10'000, 20'000}, 1}; }
  template <class Other>
  Answer operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<Limit> MessageBudget::limit_of(const Body& body) { return std::visit(LimitOf{}, body); }

bool MessageBudget::spend(const Body& body, base::MonoTime now) {
  const std::optional<Limit> limit = limit_of(body);
  if (!limit) return true;
  return buckets_.try_emplace(body.index(), limit->rate).first->second.take(limit->cost, now);
}

}  // namespace shoal::replication
