#include "swarm/libtorrent/own_endpoints.h"

namespace shoal::swarm {
namespace {

constexpr std::chrono::minutes kForget{10};
/// A machine has few addresses; a peer that sends our own nonce back could add more.
constexpr std::size_t kMost = 32;

}  // namespace

void OwnEndpoints::learn(const lt::tcp::endpoint& endpoint, Clock::time_point now) {
  std::erase_if(until_, [now](const auto& known) { return known.second <= now; });
  if (until_.size() < kMost || until_.contains(endpoint)) until_[endpoint] = now + kForget;
}

bool OwnEndpoints::has(const lt::tcp::endpoint& endpoint, Clock::time_point now) const {
  const auto known = until_.find(endpoint);
  return known != until_.end() && known->second > now;
}

}  // namespace shoal::swarm
