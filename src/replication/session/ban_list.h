#pragma once

#include "base/clock.h"

#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace shoal::replication {

/// Node keys that are refused for a limited time. A lie comes in an authenticated session, so only the holder of the
/// node key can have sent it: one bans at once, and for twice as long each time. A flood can be an accident (a line
/// that stood still delivers everything at once), so only repeated ones ban. Both expire. Memory is bounded by
/// kMaxNodes. Without it a liar reconnects at once, and each of its lies costs the proofs that show it. Pure state;
/// the caller passes the time. Confined to its caller.
class BanList {
 public:
  static constexpr base::MonoTime kFirstBan = std::chrono::minutes(10);
  static constexpr base::MonoTime kLongestBan = std::chrono::hours(24);
  /// Time after the end of the last ban until the node's offences are forgotten.
  static constexpr base::MonoTime kMemory = std::chrono::hours(24);
  static constexpr unsigned kFloodsToBan = 3;
  /// Time after which one flood offence expires.
  static constexpr base::MonoTime kFloodMemory = std::chrono::minutes(10);
  static constexpr std::size_t kMaxNodes = 1024;

  /// The node sent what the feed's owner did not sign: bans it.
  void lied(const PublicKey& node, base::MonoTime now);
  /// The node sent more than any peer may: bans it when this repeats.
  void flooded(const PublicKey& node, base::MonoTime now);
  [[nodiscard]] bool refuses(const PublicKey& node, base::MonoTime now) const;
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  /// What survives a restart. `left` is the rest of the ban, so that a change of the wall clock does not matter.
  struct Saved {
    PublicKey node;
    base::MonoTime left{0};
    std::uint8_t offences = 0;
    bool operator==(const Saved&) const = default;
  };
  static constexpr std::size_t kMaxSaved = 256;
  /// The bans in force, the longest first, at most kMaxSaved.
  [[nodiscard]] std::vector<Saved> save(base::MonoTime now) const;
  void load(const std::vector<Saved>& saved, base::MonoTime now);

 private:
  struct Node {
    base::MonoTime until{0};   ///< refused until then
    base::MonoTime forget{0};  ///< the entry may be dropped after this
    std::uint8_t offences = 0;
    double floods = 0;  ///< as of flood_time, decaying
    base::MonoTime flood_time{0};
  };
  [[nodiscard]] Node& node(const PublicKey& key, base::MonoTime now);
  static void ban(Node& node, base::MonoTime now);

  std::map<PublicKey, Node> nodes_;
};

}  // namespace shoal::replication
