#pragma once

#include "base/random.h"
#include "replication/live/tree_peers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shoal::replication {

/// Admission control for children: the peers that this node pushes the live tail to (docs/PROTOCOL.md, "Few children").
/// A small out-degree for each node spreads the upload over the swarm, as in BitTorrent's unchoking (BEP 3): each
/// record leaves the owner's line about twice, whatever the number of readers. A peer beyond the number is sent *busy*
/// and finds another parent. Exceptions are made for a peer whose parent failed (Urgency::missed) and for one that
/// knows no other node (Urgency::alone).
///
/// Without the limit all readers that know the owner hang on it, and its line carries the whole swarm; without the
/// exceptions a reader that only the owner can serve gets nothing. Confined to its caller.
class LiveChildren {
 public:
  struct Limits {
    bool owner = false;     ///< of the feed
    std::size_t likes = 0;  ///< children that are admitted without a special reason
    static Limits of_owner() { return {true, 2}; }
    static Limits of_mirror() { return {false, 6}; }
  };
  struct Child {
    PeerId peer{0};
    std::uint64_t want = 0;  ///< the caller's id of its live want
    Urgency urgency = Urgency::normal;
  };
  LiveChildren(const TreePeers& peers, Limits limits) : peers_(peers), limits_(limits) {}

  /// Whether to serve one more live want. `own`: tree size of our head.
  [[nodiscard]] bool admits(PeerId id, Urgency urgency, std::uint64_t own) const;
  /// The peer's live wants that are served now; replaces what was set before.
  void set(PeerId id, const std::vector<Child>& wants);

  /// To be called at least once a second: a child to end with *busy* when exceptions made them too many. It is chosen
  /// at random among all children and finds another parent; so a child that passes nothing on does not keep its place
  /// for ever.
  [[nodiscard]] std::optional<Child> shed(base::MonoTime now, base::Random& random);

 private:
  /// The children that count against the limit: no suspects, and only with `alone_too` those that have no other parent.
  [[nodiscard]] std::vector<Child> counted(bool alone_too) const;
  /// A peer that is neither a child nor `but` announced our newest head: the children pass records on.
  [[nodiscard]] bool passed_on(PeerId but, std::uint64_t own) const;

  const TreePeers& peers_;
  Limits limits_;
  std::vector<Child> children_;
  base::MonoTime last_shed_{0};
};

}  // namespace shoal::replication
