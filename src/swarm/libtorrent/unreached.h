#pragma once

#include <libtorrent/socket.hpp>

#include <cstddef>
#include <map>

namespace shoal::swarm {

/// Where dialling for one feed failed, and how often in a row: dead addresses, and nodes behind translators. A bounded
/// number; those that failed most often give way. Network thread only.
class Unreached {
 public:
  static constexpr std::size_t kMost = 16;

  void failed(const lt::tcp::endpoint& endpoint);
  void reached(const lt::tcp::endpoint& endpoint) { failures_.erase(endpoint); }
  /// Failures in a row by address.
  [[nodiscard]] const std::map<lt::tcp::endpoint, int>& failures() const { return failures_; }

 private:
  std::map<lt::tcp::endpoint, int> failures_;
};

}  // namespace shoal::swarm
