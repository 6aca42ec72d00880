#pragma once

#include "replication/peers/replicator_core.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace shoal::replication {

/// Answers requests of peers for growth, topic state, look-ups and pings.
///
/// A request waits while the peer does not read its answers or has spent its budget (MessageBudget, a token bucket),
/// one for growth also while all peers together spent theirs (FairBudget). At most kMaxWaiting wait; a peer that sends
/// more is disconnected as a flood, not blamed as a liar. Without the queue every request would be answered at once,
/// and answers that a peer does not read would fill memory.
class RequestServer {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr std::size_t kQueueLimit = std::size_t{256} << 10;
  /// Growth that is proven to all peers.
  static constexpr base::TokenBucket::Rate kAllGrowth{300, 3'000};

  explicit RequestServer(ReplicatorCore& core) : core_(core) {}

  /// Whether the message is such a request.
  [[nodiscard]] static bool answers(const Body& body);
  /// One of Growth, TopicStateRequest, Lookup, Ping.
  void on_request(PeerId id, Peer& peer, Body request);
  /// Answers waiting requests as far as queue and budget allow.
  void pump(PeerId id, Peer& peer);
  void forget(PeerId id) { waiting_.erase(id); }

 private:
  struct Request {
    Body body;
    bool paid = false;  ///< from the peer's own budget
  };
  /// The budgets allow to answer it now.
  [[nodiscard]] bool may_answer(Peer& peer, Request& request);
  [[nodiscard]] Body answer(const Body& request);
  [[nodiscard]] Body answer_growth(const Growth& growth) const;
  [[nodiscard]] Body answer_lookup(const Lookup& lookup) const;
  [[nodiscard]] Body answer_topics(const TopicStateRequest& request);
  [[nodiscard]] TopicStateReply read_entries(const feed::Checkpoint& head, std::uint32_t first,
                                             std::uint32_t count) const;
  [[nodiscard]] std::optional<std::uint32_t> position_of(const std::string& topic);

  ReplicatorCore& core_;
  std::map<PeerId, std::deque<Request>> waiting_;
  FairBudget all_growth_{kAllGrowth};
  std::map<std::string, std::uint32_t> positions_;  ///< of each topic's first partition; they never change
  std::size_t indexed_ = 0;                         ///< number of known entries when positions_ was filled
};

}  // namespace shoal::replication
