#pragma once

#include "replication/peers/replicator_core.h"

#include <cstddef>
#include <cstdint>
#include <map>

namespace shoal::replication {

/// Whether to send a large new block to one more peer now (docs/PROTOCOL.md, "Large blocks"). A publisher sends each
/// such block about once, and refers other peers to the ones that have it; mirrors send to a few peers at a time, so
/// that the first one is finished soon and can help. Sending to all at once would finish all of them as late as the
/// last. Wants of older blocks, of small blocks and of 1.0 nodes are always admitted.
class UploadPacer {
 public:
  explicit UploadPacer(const ReplicatorCore& core) : core_(core) {}

  /// `serving`: other peers that are being sent large new blocks. A publisher's admission is remembered.
  [[nodiscard]] bool admits(PeerId id, const Want& want, std::size_t serving);
  /// The want begins with a large block near the feed's end.
  [[nodiscard]] bool concerns(const Want& want) const;

 private:
  struct Given {
    PeerId peer;
    base::MonoTime when{0};
  };
  [[nodiscard]] bool others_have(PeerId id, std::uint64_t block) const;

  const ReplicatorCore& core_;
  std::map<std::uint64_t, Given> given_;
};

}  // namespace shoal::replication
