#pragma once

#include "base/random.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace shoal::simulation {

/// Which others a host connects to: a bounded active view of connections and a bounded passive view of addresses that
/// it heard of, as in HyParView (Leitão, Pereira, Rodrigues, DSN 2007). A connection whose peer gives no sign of life
/// counts as missing, so that others are dialled before it is given up. Models what libtorrent does with the addresses
/// that DHT, LSD and PEX bring, and what a node looks for beside them when peers are suspect.
class PeerSampling {
 public:
  using Node = std::uint32_t;
  struct Options {
    std::size_t wanted = 8;    ///< connections that it dials for
    std::size_t most = 24;     ///< connections, those that others dialled included
    std::size_t passive = 16;  ///< addresses kept
    std::size_t dials = 4;     ///< at a time; in need twice as many
  };
  explicit PeerSampling(const Options& options) : options_(options) {}

  /// Heard of an address; a random older one makes room.
  void learned(Node node, base::Random& random) {
    if (std::find(passive_.begin(), passive_.end(), node) != passive_.end()) return;
    if (passive_.size() < options_.passive) {
      passive_.push_back(node);
    } else {
      passive_[random.below(passive_.size())] = node;
    }
  }
  /// Nobody was there, or it is connected now.
  void drop(Node node) { std::erase(passive_, node); }
  [[nodiscard]] bool accepts(std::size_t connections) const { return connections < options_.most; }
  /// How many to dial now.
  [[nodiscard]] std::size_t missing(std::size_t connections, std::size_t suspects, std::size_t dialling) const {
    const std::size_t good = connections - std::min(suspects, connections);
    const bool need = 2 * good < options_.wanted;
    const std::size_t room = (need ? 2 : 1) * options_.dials;
    if (good + dialling >= options_.wanted || dialling >= room) return 0;
    return std::min(options_.wanted - good - dialling, room - dialling);
  }
  /// An address out of the passive view, which loses it; nullopt when there is none.
  std::optional<Node> take(base::Random& random) {
    if (passive_.empty()) return std::nullopt;
    const std::size_t at = random.below(passive_.size());
    const Node node = passive_[at];
    passive_[at] = passive_.back();
    passive_.pop_back();
    return node;
  }
  [[nodiscard]] const std::vector<Node>& passive() const { return passive_; }

 private:
  Options options_;
  std::vector<Node> passive_;
};

}  // namespace shoal::simulation
