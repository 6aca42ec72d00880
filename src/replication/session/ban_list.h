#pragma once

#include "base/clock.h"

#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace shoal::replication {

/// Node keys that are turned away for a while. A lie, which only the holder of the key can have told, bans at once, and
/// longer each time; a flood, which a line that stood still can fake once, bans when it repeats. Both are forgotten.
/// Bounded. Pure state on times it is told.
class BanList {
 public:
  static constexpr base::MonoTime kFirstBan = std::chrono::minutes(10);
  static constexpr base::MonoTime kLongestBan = std::chrono::hours(24);
  /// So long after its last ban ended an offender is as good as new.
  static constexpr base::MonoTime kMemory = std::chrono::hours(24);
  static constexpr unsigned kFloodsToBan = 3;
  /// One flood is forgotten in so long.
  static constexpr base::MonoTime kFloodMemory = std::chrono::minutes(10);
  static constexpr std::size_t kMaxNodes = 1024;

  void lied(const PublicKey& node, base::MonoTime now);
  void flooded(const PublicKey& node, base::MonoTime now);
  [[nodiscard]] bool refuses(const PublicKey& node, base::MonoTime now) const;
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  /// What a restart keeps. Times are what is left of them, so that no clock of the wall decides anything.
  struct Saved {
    PublicKey node;
    base::MonoTime left{0};
    std::uint8_t offences = 0;
    bool operator==(const Saved&) const = default;
  };
  static constexpr std::size_t kMaxSaved = 256;
  /// Those in force, the longest first, at most kMaxSaved.
  [[nodiscard]] std::vector<Saved> save(base::MonoTime now) const;
  void load(const std::vector<Saved>& saved, base::MonoTime now);

 private:
  struct Node {
    base::MonoTime until{0};   ///< turned away until then
    base::MonoTime forget{0};  ///< the row is of no use after this
    std::uint8_t offences = 0;
    double floods = 0;  ///< as of flood_time, decaying
    base::MonoTime flood_time{0};
  };
  [[nodiscard]] Node& node(const PublicKey& key, base::MonoTime now);
  static void ban(Node& node, base::MonoTime now);

  std::map<PublicKey, Node> nodes_;
};

}  // namespace shoal::replication
