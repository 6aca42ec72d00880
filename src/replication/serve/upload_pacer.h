#pragma once

#include "replication/peers/replicator_core.h"

#include <cstddef>
#include <cstdint>
#include <map>

namespace shoal::replication {

/// Whether to serve a large block of the feed's end to one more peer now (docs/PROTOCOL.md, "Large blocks"). An owner
/// gives each about once and leaves the rest to those who have it; others give to a few peers at a time, so that the
/// first is through soon and helps. Wants of history, of small blocks and of 1.0 nodes are none of its business.
class UploadPacer {
 public:
  explicit UploadPacer(const ReplicatorCore& core) : core_(core) {}

  /// `serving`: other peers that are being given large blocks of the end. Remembers whom an owner gave to.
  [[nodiscard]] bool admits(PeerId id, const Want& want, std::size_t serving);
  /// The want begins with a large block of the feed's end.
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
