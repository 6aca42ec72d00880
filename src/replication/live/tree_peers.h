#pragma once

#include "base/clock.h"
#include "replication/peers/follow.h"
#include "replication/peers/peer_view.h"
#include "replication/wire/message.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

/// What the live tail's decisions share (docs/PROTOCOL.md, "The live tail"). LiveParent, LiveChildren and HeadAnnouncer
/// decide whom to take the tail from, whom to give it to and whom to tell of it. They know peers by what stands here
/// and nothing of messages, proofs or stores: the replicator uses them, and so does a simulation of a hundred thousand
/// nodes.
namespace shoal::replication {

/// A connected peer, as far as the live tail goes.
struct TreePeer {
  PeerId id{0};
  base::MonoTime round_trip{-1};  ///< negative: not measured yet
  std::uint64_t announced = 0;    ///< tree size of its newest head
  std::uint64_t told = 0;         ///< tree size of ours that it was told, by announcement or push
  bool askable = true;            ///< false: its history is not ours, or it has to prove first that it is
  bool child = false;             ///< we push to it
  bool complete = false;          ///< it says that it holds everything
  bool gave = false;              ///< it has given blocks before
  bool slow = false;              ///< it stalled a moment ago
  bool suspect = false;           ///< it owes a sign of life
};

/// The peers that are connected now, by the part that keeps them.
class TreePeers {
 public:
  virtual ~TreePeers() = default;
  /// Every peer, in the order of their ids.
  virtual void each(const std::function<void(const TreePeer&)>& visit) const = 0;
  [[nodiscard]] virtual std::optional<TreePeer> find(PeerId id) const = 0;
};

/// What LiveParent wants done.
struct TreeAction {
  enum class Kind : std::uint8_t {
    ask,     ///< send the peer a live want from our head on; when that cannot be, say so by LiveParent::on_ended
    cancel,  ///< end the live want at the peer
    pull,    ///< get the peer's head and blocks by asking
  };
  Kind kind = Kind::ask;
  PeerId peer{0};
  Urgency urgency = Urgency::normal;  ///< of ask
};

}  // namespace shoal::replication
