#pragma once

#include "base/clock.h"
#include "swarm/connection_policy.h"

#include <cstdint>
#include <utility>

#include <libtorrent/address.hpp>

#include <functional>
#include <map>

namespace shoal::swarm {

/// Applies ConnectionPolicy to libtorrent's connections: ends the evicted one. Network thread only.
class ConnectionGate {
 public:
  using Id = ConnectionPolicy::Id;
  explicit ConnectionGate(ConnectionPolicy::Limits limits) : policy_(limits) {}

  /// 0: the connection is refused. `end` must end the connection outside of its own callbacks.
  [[nodiscard]] Id admit(std::uint64_t feed, const lt::address& from, bool outgoing, std::function<void()> end);
  void note_standing(Id id, const PublicKey& node_key, std::uint64_t given_blocks);
  void remove(Id id);
  void note_offence(const lt::address& from);

 private:
  base::SystemClock clock_;
  ConnectionPolicy policy_;
  std::map<Id, std::function<void()>> ends_;
};

}  // namespace shoal::swarm
