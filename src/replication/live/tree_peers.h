#pragma once

#include "base/clock.h"
#include "replication/peers/follow.h"
#include "replication/peers/peer_view.h"
#include "replication/wire/message.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

/// What the decisions about the broadcast tree share (docs/PROTOCOL.md, "The live tail"). LiveParent decides which peer
/// pushes the live tail to us, LiveChildren to which peers we push it, AnnouncementPolicy to which peers our head is
/// announced. They know a peer by the facts below and nothing of messages, proofs or stores. So the replicator can use
/// them, and a simulation of a hundred thousand nodes too.
namespace shoal::replication {

/// The facts about a connected peer that these decisions use.
struct TreePeer {
  PeerId id{0};
  base::MonoTime round_trip{-1};  ///< negative: not measured yet
  std::uint64_t announced = 0;    ///< tree size of its newest head
  std::uint64_t notified = 0;     ///< tree size of our head that it knows from us, by announcement or push
  bool askable = true;            ///< false: its history is not ours, or that is not proven yet
  bool child = false;             ///< we push to it
  bool complete = false;          ///< it says that it holds everything
  bool gave = false;              ///< it has given blocks before
  bool slow = false;              ///< it stalled a short time ago
  bool suspect = false;           ///< of the failure detector
};

/// The peers that are connected now. Implemented by the part that owns them.
class TreePeers {
 public:
  virtual ~TreePeers() = default;
  /// Every peer, in the order of their ids.
  virtual void each(const std::function<void(const TreePeer&)>& visit) const = 0;
  [[nodiscard]] virtual std::optional<TreePeer> find(PeerId id) const = 0;
};

/// An action that LiveParent decided on.
struct TreeAction {
  enum class Kind : std::uint8_t {
    ask,     ///< send the peer a live want from our head on; report a failure by LiveParent::on_ended()
    cancel,  ///< cancel the live want at the peer
    pull,    ///< fetch the peer's head and blocks by requests
  };
  Kind kind = Kind::ask;
  PeerId peer{0};
  Urgency urgency = Urgency::normal;  ///< of ask
};

}  // namespace shoal::replication
