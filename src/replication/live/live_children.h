#pragma once

#include "base/random.h"
#include "replication/live/tree_peers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shoal::replication {

/// Whom this node pushes the live tail to: few, so that the owner's line does not carry the whole swarm and no node
/// carries more than it likes; exceptions for those whom others failed (docs/PROTOCOL.md, "Few children").
class LiveChildren {
 public:
  struct Limits {
    bool owner = false;     ///< of the feed: its line is the one that the whole swarm hangs on
    std::size_t likes = 0;  ///< served without being asked twice
    static Limits of_owner() { return {true, 2}; }
    static Limits of_mirror() { return {false, 6}; }
  };
  struct Child {
    PeerId peer{0};
    std::uint64_t want = 0;  ///< the caller's name for it
    Urgency urgency = Urgency::normal;
  };
  LiveChildren(const TreePeers& peers, Limits limits) : peers_(peers), limits_(limits) {}

  /// Whether to serve one more live want. `own`: tree size of our head.
  [[nodiscard]] bool admits(PeerId id, Urgency urgency, std::uint64_t own) const;
  /// Replaces what is known of the peer's live wants that are served.
  void set(PeerId id, const std::vector<Child>& wants);

  /// Several times a second or at least once: one to end with *busy*. Those who were let in beyond the number because
  /// something failed, or any other: whom it hits asks elsewhere. So a child that passes nothing on does not keep its
  /// place for ever.
  [[nodiscard]] std::optional<Child> shed(base::MonoTime now, base::Random& random);

 private:
  /// Those that count: not readers whom nobody else serves, nor peers that seem to be dead.
  [[nodiscard]] std::vector<Child> counted(bool alone_too) const;
  /// Somebody but this peer and those we push to announced our newest head: the children do their work.
  [[nodiscard]] bool passed_on(PeerId but, std::uint64_t own) const;

  const TreePeers& peers_;
  Limits limits_;
  std::vector<Child> children_;
  base::MonoTime last_shed_{0};
};

}  // namespace shoal::replication
