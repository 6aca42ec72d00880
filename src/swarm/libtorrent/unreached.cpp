#include "swarm/libtorrent/unreached.h"

#include <algorithm>

namespace shoal::swarm {

void Unreached::failed(const lt::tcp::endpoint& endpoint) {
  if (failures_.size() >= kMost && !failures_.contains(endpoint)) {
    failures_.erase(std::max_element(failures_.begin(), failures_.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  ++failures_[endpoint];
}

}  // namespace shoal::swarm
