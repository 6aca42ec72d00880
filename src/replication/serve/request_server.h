#pragma once

#include "replication/peers/replicator_core.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace shoal::replication {

/// Answers the small questions of peers: growth, topic state, look-ups, pings. Questions wait, a fixed number of them,
/// while the peer does not read its answers or asked for more than its budget of the moment.
class RequestServer {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr std::size_t kQueueLimit = std::size_t{256} << 10;

  explicit RequestServer(ReplicatorCore& core) : core_(core) {}

  /// The message is such a question.
  [[nodiscard]] static bool answers(const Body& body);
  /// One of Growth, TopicStateRequest, Lookup, Ping.
  void on_request(PeerId id, Peer& peer, Body request);
  void pump(PeerId id, Peer& peer);
  void forget(PeerId id) { waiting_.erase(id); }

 private:
  [[nodiscard]] Body answer(const Body& request);
  [[nodiscard]] Body answer_growth(const Growth& growth) const;
  [[nodiscard]] Body answer_lookup(const Lookup& lookup) const;
  [[nodiscard]] Body answer_topics(const TopicStateRequest& request);
  [[nodiscard]] TopicStateReply read_entries(const feed::Checkpoint& head, std::uint32_t first,
                                             std::uint32_t count) const;
  [[nodiscard]] std::optional<std::uint32_t> position_of(const std::string& topic);

  ReplicatorCore& core_;
  std::map<PeerId, std::deque<Body>> waiting_;
  std::map<std::string, std::uint32_t> positions_;  ///< of each topic's first partition; they never change
  std::size_t indexed_ = 0;                         ///< known entries that positions_ has seen
};

}  // namespace shoal::replication
